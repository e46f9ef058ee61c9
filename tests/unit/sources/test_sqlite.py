"""SQLite files: every column that holds values, read without a trace."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from efface.errors import FormatError
from efface.model import Column, Gap, Limits, Locator, Part, Surroundings
from efface.sources.payloads import BytesPayload, FilePayload
from efface.sources.sqlite import Sqlite

TYPE = "application/vnd.sqlite3"
PHOTO = b"\xff\xd8" + bytes(20)
NOTE, LATE = "a note of some length", "a late note of some length"


def make(path: Path, *, wal: bool = False) -> Path:
    with closing(sqlite3.connect(path)) as db:
        if wal:
            db.execute("PRAGMA journal_mode = WAL")
        db.executescript(
            'CREATE TABLE "odd ""name"(id INTEGER PRIMARY KEY, photo BLOB, note TEXT, n REAL);'
            "CREATE TABLE empty(x BLOB); CREATE VIEW v AS SELECT 1;"
        )
        db.execute('INSERT INTO "odd ""name" VALUES (1, ?, ?, 1.5)', (PHOTO, NOTE))
        db.commit()
    return path


def columns(path: Path, limits: Limits | None = None) -> list[Column | Gap | Part]:
    part = Part(Locator.of_file(path), FilePayload(str(path), 1 << 30), Surroundings((path.name,)))
    return list(_taken(part, limits or Limits()))


def _taken(part: Part, limits: Limits) -> list[Column | Gap | Part]:
    # Cells are read while the database is open, as the examiner does.
    taken: list[Column | Gap | Part] = []
    for each in Sqlite().parts(part, TYPE, limits):
        if isinstance(each, Column):
            cells = list(each.cells())
            kept = replace(each, cells=lambda cells=cells: iter(cells))  # type: ignore[misc]
            taken.append(kept)
        else:
            taken.append(each)
    return taken


def values(found: list[Column | Gap | Part]) -> dict[str | None, list[bytes | str]]:
    return {each.locator.fragment: list(each.cells()) for each in found if isinstance(each, Column)}


def test_every_column_with_rows_is_a_column(tmp_path: Path) -> None:
    """Text and bytes come as they are, numbers and empty tables give no values."""
    found = values(columns(make(tmp_path / "a.db")))
    assert found['/main.odd "name/photo'] == [PHOTO]
    assert found['/main.odd "name/note'] == [NOTE]
    assert found['/main.odd "name/n'] == []
    assert not any("empty" in str(place) for place in found)


def test_values_too_short_to_hold_anything_are_left_out(tmp_path: Path) -> None:
    """Names and numbers never leave the database."""
    with closing(sqlite3.connect(tmp_path / "a.db")) as db, db:
        db.execute("CREATE TABLE t(name TEXT)")
        db.executemany("INSERT INTO t VALUES (?)", [("short",), ("x" * 16,)])
    assert values(columns(tmp_path / "a.db"))["/main.t/name"] == ["x" * 16]


def test_of_more_rows_than_the_limit_some_are_drawn_at_random(tmp_path: Path) -> None:
    """As many as the limit says, each once, other ones each time; the column says how many of how many."""
    with closing(sqlite3.connect(tmp_path / "a.db")) as db, db:
        db.execute("CREATE TABLE t(name TEXT)")
        db.executemany("INSERT INTO t VALUES (?)", [(f"{number:020}",) for number in range(2000)])
    seen = set()
    for _ in range(5):
        (column,) = columns(tmp_path / "a.db", Limits(cells=600))
        assert isinstance(column, Column)
        cells = list(column.cells())
        assert len(set(cells)) == len(cells) == column.drawn == 600
        assert column.rows == 2000
        seen |= set(cells)
    assert len(seen) > 1000


KEYLESS = {
    "rows without numbers": "CREATE TABLE t(name TEXT PRIMARY KEY) WITHOUT ROWID",
    "a column with the name of the number": "CREATE TABLE t(name TEXT, rowid TEXT)",
}


@pytest.mark.parametrize("case", KEYLESS)
def test_what_cannot_be_drawn_is_noticed_as_more_than_the_limit(tmp_path: Path, case: str) -> None:
    """One more value than is tested comes out, so that the rest is a gap and not a silence."""
    with closing(sqlite3.connect(tmp_path / "a.db")) as db, db:
        db.execute(KEYLESS[case])
        db.executemany("INSERT INTO t(name) VALUES (?)", [("x" * 20 + str(number),) for number in range(9)])
    column = columns(tmp_path / "a.db", Limits(cells=5))[0]
    assert isinstance(column, Column)
    assert column.drawn is None
    assert len(list(column.cells())) == 6


def test_the_names_beside_a_column_are_its_surroundings(tmp_path: Path) -> None:
    """Field, table and file name a column from the inside out; the other fields stand beside it."""
    column = next(each for each in columns(make(tmp_path / "a.db")) if isinstance(each, Column))
    assert column.surroundings.names == ("id", 'odd "name', "a.db")
    assert column.surroundings.siblings == ("photo", "note", "n")


def test_what_lies_in_the_log_is_read(tmp_path: Path) -> None:
    """Rows that a program wrote but did not yet move into the file are found."""
    path = make(tmp_path / "live.db", wal=True)
    with closing(sqlite3.connect(path)) as writer:
        writer.execute('INSERT INTO "odd ""name" VALUES (2, ?, ?, 0)', (PHOTO, LATE))
        writer.commit()
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{path}{suffix}", f"{tmp_path / 'copy.db'}{suffix}")
        assert LATE in values(columns(tmp_path / "copy.db"))['/main.odd "name/note']


@pytest.mark.parametrize("wal", [False, True])
def test_reading_leaves_no_trace(tmp_path: Path, wal: bool) -> None:
    """No byte changes and no file appears beside the database."""
    path = make(tmp_path / "a.db", wal=wal)
    before = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}
    columns(path)
    assert {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)} == before


def test_a_database_in_memory_is_read(tmp_path: Path) -> None:
    """A database inside an archive is opened without touching the disk, one in log mode too."""
    data = make(tmp_path / "a.db", wal=True).read_bytes()
    part = Part(Locator("file", ("/x.zip", "a.db")), BytesPayload(data), Surroundings(("a.db",)))
    assert NOTE in values(_taken(part, Limits()))['/main.odd "name/note']


def test_a_truncated_database_is_refused(tmp_path: Path) -> None:
    """Half a database is a format error or gaps, never an empty result."""
    path = make(tmp_path / "a.db")
    path.write_bytes(path.read_bytes()[:5_000])
    try:
        found = columns(path)
    except FormatError:
        return
    assert any(isinstance(each, Gap) for each in found)


def test_bytes_that_only_begin_like_a_database_are_refused(tmp_path: Path) -> None:
    """The magic alone makes no database."""
    (tmp_path / "a.db").write_bytes(b"SQLite format 3\0" + os.urandom(5_000))
    with pytest.raises(FormatError):
        columns(tmp_path / "a.db")


def test_a_table_named_nearly_as_an_internal_one_is_read(tmp_path: Path) -> None:
    """Only names that SQLite keeps for itself are left out, not those that merely begin alike."""
    with closing(sqlite3.connect(tmp_path / "a.db")) as db:
        db.executescript("CREATE TABLE sqlite3faces(x TEXT); CREATE TABLE SQLitefaces(x TEXT);")
        db.execute("INSERT INTO sqlite3faces VALUES (?)", (NOTE,))
        db.execute("INSERT INTO SQLitefaces VALUES (?)", (NOTE,))
        db.commit()
    found = values(columns(tmp_path / "a.db"))
    assert found == {"/main.SQLitefaces/x": [NOTE], "/main.sqlite3faces/x": [NOTE]}


def test_a_text_is_as_long_as_its_bytes(tmp_path: Path) -> None:
    """A NUL at the beginning of a text does not make it too short to be looked at."""
    with closing(sqlite3.connect(tmp_path / "a.db")) as db:
        db.execute("CREATE TABLE t(x TEXT)")
        db.execute("INSERT INTO t VALUES (?)", ("\0" + NOTE,))
        db.commit()
    assert values(columns(tmp_path / "a.db")) == {"/main.t/x": ["\0" + NOTE]}


def test_a_table_named_in_another_encoding_is_a_gap(tmp_path: Path) -> None:
    """A name that cannot be said in a statement hides nothing: it is a gap, and names what is in the way."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE xxxx(photo BLOB, note TEXT)")
        db.execute("INSERT INTO xxxx VALUES (?, ?)", (PHOTO, NOTE))
        db.commit()
    path.write_bytes(path.read_bytes().replace(b"xxxx", "人员".encode("gbk")))
    (gap,) = columns(path)
    assert isinstance(gap, Gap)
    assert "the table's name is no text in UTF-8" in gap.detail


def test_a_column_named_in_another_encoding_is_a_gap_and_the_others_are_read(tmp_path: Path) -> None:
    """One column that cannot be named does not hide its neighbours."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE t(yyyy BLOB, note TEXT)")
        db.execute("INSERT INTO t VALUES (?, ?)", (PHOTO, NOTE))
        db.commit()
    path.write_bytes(path.read_bytes().replace(b"yyyy", "照片".encode("gbk")))
    found = columns(path)
    assert [type(each) for each in found] == [Gap, Column]
    assert values(found) == {"/main.t/note": [NOTE]}


def shown(path: Path) -> dict[str | None, list[str]]:
    """Return which views each column says that it is shown in."""
    return {
        each.locator.fragment: [clue.value for clue in each.clues if clue.name == "shown_in"]
        for each in columns(path)
        if isinstance(each, Column)
    }


def test_a_column_says_which_views_show_it_and_no_view_is_run(tmp_path: Path) -> None:
    """Through other views too, whatever the query looks like; a view that never ends ends nothing."""
    with closing(sqlite3.connect(tmp_path / "a.db")) as db:
        db.executescript(
            "CREATE TABLE T(face BLOB, note TEXT); CREATE TABLE other(x TEXT);"
            "INSERT INTO T VALUES (x'00', 'n'); INSERT INTO other VALUES ('x');"
            'CREATE VIEW "it""s" AS SELECT upper(FACE) AS f FROM t;'
            'CREATE VIEW over AS SELECT f FROM "it""s" WHERE f IN (SELECT x FROM other);'
            "CREATE VIEW endless AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n FROM c) SELECT max(n) FROM c;"
        )
    assert shown(tmp_path / "a.db") == {
        "/main.T/face": ['it"s, over'], "/main.T/note": [], "/main.other/x": ["over"],
    }  # fmt: skip


BROKEN_VIEWS = {
    "of a table that is missing": ["CREATE VIEW v AS SELECT face FROM gone"],
    "of a function that is missing": ["CREATE VIEW v AS SELECT faces_of(face) FROM t"],
    "of itself": ["CREATE VIEW v AS SELECT face FROM w", "CREATE VIEW w AS SELECT face FROM v"],
    "of more than SQLite takes": [
        "CREATE VIEW v0 AS SELECT face FROM t",
        *(f"CREATE VIEW v{n} AS SELECT a.face FROM v{n - 1} a, v{n - 1} b" for n in range(1, 18)),
    ],
}


@pytest.mark.parametrize("case", BROKEN_VIEWS)
def test_a_view_that_cannot_be_compiled_hides_nothing(tmp_path: Path, case: str) -> None:
    """It shows nothing, stores nothing, and the tables are read."""
    with closing(sqlite3.connect(tmp_path / "a.db")) as db:
        db.execute("CREATE TABLE t(face TEXT)")
        db.execute("INSERT INTO t VALUES (?)", (NOTE,))
        for statement in BROKEN_VIEWS[case]:
            db.execute(statement)
        db.commit()
    found = columns(tmp_path / "a.db")
    assert values(found) == {"/main.t/face": [NOTE]}
