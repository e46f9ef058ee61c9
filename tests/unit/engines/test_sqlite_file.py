"""Emptying columns of SQLite databases, wherever a copy of a value may hide."""

from __future__ import annotations

import hashlib
import os
import random
import sqlite3
from contextlib import closing

import pytest

from efface.engines.residue import Fragments, residue
from efface.engines.sqlite_file import columns, erase, erase_bytes, settled, whole
from efface.errors import LimitExceededError, RemovalError, ResidueError
from efface.model import Limits

LIMITS = Limits()
RNG = random.Random(20)
VALUES = [RNG.randbytes(512) for _ in range(40)]
TABLE = "CREATE TABLE face (name TEXT, vector BLOB, note TEXT)"


def made(path, *statements, rows=VALUES, pragmas=()):
    """Make a database of names and vectors; the statements run before the rows are put in."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(TABLE)
        for statement in statements:
            connection.execute(statement)
        connection.executemany(
            "INSERT INTO face (name, vector, note) VALUES (?, ?, ?)",
            [(f"person {number}", value, f"note {number}") for number, value in enumerate(rows)],
        )
    return path


def inner(value: bytes) -> bytes:
    return value[100:140]


def left(data: bytes, values=VALUES) -> int:
    return sum(inner(value) in data for value in values)


def query(path, text):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(text).fetchall()


def test_a_column_is_empty_and_everything_else_as_it_was(tmp_path):
    """The column is NULL in every row; names, notes, row numbers and the original file are as before."""
    source = made(tmp_path / "a.db", "CREATE INDEX by_name ON face (name)")
    before = hashlib.sha256(source.read_bytes()).digest()
    report = erase(source, tmp_path / "b.db", {"face": ["vector"]}, LIMITS)
    assert report.cells == {"face": 40}
    assert report.rows == {"face": 40}
    assert report.fragments == 80
    assert query(tmp_path / "b.db", "SELECT count(*) FROM face WHERE vector IS NOT NULL") == [(0,)]
    rest = "SELECT rowid, name, note FROM face"
    assert query(tmp_path / "b.db", rest) == query(source, rest)
    assert left((tmp_path / "b.db").read_bytes()) == 0
    assert hashlib.sha256(source.read_bytes()).digest() == before
    assert sorted(os.listdir(tmp_path)) == ["a.db", "b.db"]


SLOTS = {
    "an index over the column": ("CREATE INDEX i ON face (vector)",),
    "an index over an expression": ("CREATE INDEX i ON face (hex(vector))",),
    "a partial index": ("CREATE INDEX i ON face (vector) WHERE name IS NOT NULL",),
    "a unique index": ("CREATE UNIQUE INDEX i ON face (vector)",),
    "a generated column": ("ALTER TABLE face ADD COLUMN copy TEXT AS (hex(vector)) VIRTUAL",),
    "a trigger that keeps an audit log": (
        "CREATE TABLE log (old BLOB)",
        "CREATE TRIGGER t AFTER UPDATE ON face BEGIN INSERT INTO log VALUES (old.vector); END",
    ),
    "a trigger that forbids changes": (
        "CREATE TRIGGER t BEFORE UPDATE ON face BEGIN SELECT raise(ABORT, 'no'); END",
    ),
}


@pytest.mark.parametrize("slot", SLOTS)
def test_no_copy_is_left_in(tmp_path, slot):
    """Indexes and computed columns follow; triggers do not fire, and are there again afterwards."""
    source = made(tmp_path / "a.db", *SLOTS[slot])
    assert left(source.read_bytes()) == 40
    erase(source, tmp_path / "b.db", {"face": ["vector"]}, LIMITS)
    data = (tmp_path / "b.db").read_bytes()
    assert left(data) == 0
    assert not any(inner(value).hex().upper().encode() in data for value in VALUES)
    schema = "SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2"
    assert query(tmp_path / "b.db", schema) == query(source, schema)
    assert query(tmp_path / "b.db", "PRAGMA integrity_check") == [("ok",)]


def test_no_copy_is_left_in_free_pages(tmp_path):
    """Rows that were deleted or overwritten before are not in the new file either."""
    old = [RNG.randbytes(512) for _ in range(40)]
    source = made(tmp_path / "a.db", rows=old + VALUES, pragmas=("secure_delete = OFF",))
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("DELETE FROM face WHERE rowid <= 40")
        connection.commit()
    assert left(source.read_bytes(), old) > 0
    erase(source, tmp_path / "b.db", {"face": ["vector"]}, LIMITS)
    assert left((tmp_path / "b.db").read_bytes(), old + VALUES) == 0
    assert query(tmp_path / "b.db", "SELECT min(rowid), max(rowid) FROM face") == [(41, 80)]


def test_no_copy_is_left_in_the_log(tmp_path):
    """What is only in the write-ahead log is taken in and emptied; the original and its log stay as they are."""
    source = made(tmp_path / "a.db", rows=VALUES[:20], pragmas=("journal_mode = WAL",))
    writer = sqlite3.connect(source)
    writer.execute("PRAGMA wal_autocheckpoint = 0")
    writer.executemany("INSERT INTO face VALUES ('late', ?, 'n')", [(value,) for value in VALUES[20:]])
    writer.commit()
    log = tmp_path / "a.db-wal"
    before = source.read_bytes(), log.read_bytes()
    assert left(before[1]) >= 20
    report = erase(source, tmp_path / "b.db", {"face": ["vector"]}, LIMITS)
    assert (source.read_bytes(), log.read_bytes()) == before
    writer.close()
    assert report.cells == {"face": 40}
    data = (tmp_path / "b.db").read_bytes()
    assert left(data) == 0
    assert data[18:20] == b"\x02\x02", "the new file is to be opened with a log again"
    assert query(tmp_path / "b.db", "PRAGMA journal_mode") == [("wal",)]
    assert query(tmp_path / "b.db", "SELECT count(*) FROM face") == [(40,)]
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".efface")]


def test_a_private_copy_is_for_its_owner_alone_and_goes(tmp_path, monkeypatch):
    """With a log a reader works on a copy in a folder of its own, beside nothing, that is removed at the end."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    with closing(sqlite3.connect(made(tmp_path / "a.db", pragmas=("journal_mode = WAL",)))) as writer:
        writer.execute("UPDATE face SET note = 'in the log'")
        writer.commit()
        with settled(tmp_path / "a.db") as path:
            assert path.parent.parent == tmp_path / "temporary"
            assert path.parent.stat().st_mode & 0o777 == 0o700
            assert query(path, "SELECT DISTINCT note FROM face") == [("in the log",)]
        data = whole(tmp_path / "a.db", LIMITS)
        assert b"in the log" in data
        assert data[18:20] == b"\x02\x02"
    assert os.listdir(tmp_path / "temporary") == []


def test_without_a_log_there_is_no_copy(tmp_path):
    """A database with nothing pending is read where it is."""
    source = made(tmp_path / "a.db")
    with settled(source) as path:
        assert path == source
    assert whole(source, LIMITS) == source.read_bytes()


def test_a_change_that_was_broken_off_is_taken_back(tmp_path):
    """With a journal of a change that did not end, a reader sees the rows from before it."""
    source = made(tmp_path / "a.db")
    with closing(sqlite3.connect(source, isolation_level=None)) as writer:
        writer.execute("PRAGMA cache_size = 1")
        writer.execute("BEGIN")
        writer.execute("UPDATE face SET note = 'never committed'")
        writer.execute("UPDATE face SET vector = zeroblob(5000)")
        for ending in ("", "-journal"):
            (tmp_path / f"b.db{ending}").write_bytes((tmp_path / f"a.db{ending}").read_bytes())
    with settled(tmp_path / "b.db") as path:
        assert query(path, "SELECT count(*) FROM face WHERE note LIKE 'note %'") == [(40,)]
    assert left(whole(tmp_path / "b.db", LIMITS)) == 40


WHOLE_REFUSALS = {
    "a file that is gone": (None, LIMITS, RemovalError),
    "a log that makes it too large": (b"x" * 9000, Limits(artefact_bytes=40_000), LimitExceededError),
}


@pytest.mark.parametrize("case", WHOLE_REFUSALS)
def test_what_cannot_be_read_whole_is_refused(tmp_path, case):
    """A database that is gone or, with its log, larger than the limit is refused."""
    log, limits, error = WHOLE_REFUSALS[case]
    if log:
        source = made(tmp_path / "a.db")
        assert source.stat().st_size < limits.artefact_bytes
        (tmp_path / "a.db-wal").write_bytes(log)
    with pytest.raises(error):
        whole(tmp_path / "a.db", limits)


def test_a_copy_in_another_table_is_told(tmp_path):
    """A second table that holds the same vectors is not passed over: the removal fails and says so."""
    source = made(tmp_path / "a.db")
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("CREATE TABLE backup AS SELECT rowid AS number, vector AS data FROM face")
        connection.commit()
    with pytest.raises(ResidueError, match="another column"):
        erase(source, tmp_path / "b.db", {"face": ["vector"]}, LIMITS)
    assert not (tmp_path / "b.db").exists()
    erase(source, tmp_path / "b.db", {"face": ["vector"], "backup": ["data"]}, LIMITS)
    assert left((tmp_path / "b.db").read_bytes()) == 0


def test_statistics_of_the_planner_are_forgotten(tmp_path):
    """Samples of values that ANALYZE keeps are deleted for the table."""
    source = made(tmp_path / "a.db", "CREATE INDEX i ON face (vector)")
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.execute("ANALYZE")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "INSERT INTO sqlite_schema SELECT 'table', 'sqlite_stat4', 'sqlite_stat4', rootpage,"
            " 'CREATE TABLE sqlite_stat4(tbl,idx,stat)' FROM sqlite_schema WHERE name = 'sqlite_stat1'"
        )
        connection.execute("DELETE FROM sqlite_schema WHERE name = 'sqlite_stat1'")
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.execute("INSERT INTO sqlite_stat4 VALUES ('face', 'i', ?)", (VALUES[0],))
    erase(source, tmp_path / "b.db", {"face": ["vector"]}, LIMITS)
    assert left((tmp_path / "b.db").read_bytes()) == 0


NOT_NULL = {
    "a binary column": ("BLOB NOT NULL", VALUES, b""),
    "a text column": ("TEXT NOT NULL", [value.hex() for value in VALUES], ""),
    "a checked column": ("BLOB CHECK (vector IS NOT NULL)", VALUES, b""),
}


@pytest.mark.parametrize("case", NOT_NULL)
def test_a_column_that_must_hold_something_holds_an_empty_value(tmp_path, case):
    """Where NULL is forbidden, a cell becomes an empty value of its own type."""
    kind, values, expected = NOT_NULL[case]
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        connection.execute(f"CREATE TABLE face (id INTEGER PRIMARY KEY AUTOINCREMENT, vector {kind})")
        connection.executemany("INSERT INTO face (vector) VALUES (?)", [(value,) for value in values])
        connection.commit()
    erase(tmp_path / "a.db", tmp_path / "b.db", {"face": ["vector"]}, LIMITS)
    assert query(tmp_path / "b.db", "SELECT DISTINCT vector FROM face") == [(expected,)]
    assert query(tmp_path / "b.db", "SELECT * FROM sqlite_sequence") == [("face", 40)]


SETTINGS = {
    "small pages": ("page_size = 512",),
    "large pages": ("page_size = 65536",),
    "UTF-16": ("encoding = 'UTF-16le'",),
    "UTF-16, big end first": ("encoding = 'UTF-16be'",),
    "incremental vacuum": ("auto_vacuum = INCREMENTAL",),
    "version and application": ("user_version = 7", "application_id = 99"),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_settings_of_the_file_stay(tmp_path, case):
    """Page size, encoding, vacuum mode, user version and application stay; texts are found in any encoding."""
    source = made(tmp_path / "a.db", rows=[value.hex() for value in VALUES], pragmas=SETTINGS[case])
    report = erase(source, tmp_path / "b.db", {"face": ["vector"]}, LIMITS)
    assert report.fragments > 70
    for name in ("page_size", "encoding", "auto_vacuum", "user_version", "application_id", "journal_mode"):
        assert query(tmp_path / "b.db", f"PRAGMA {name}") == query(source, f"PRAGMA {name}")


def test_names_that_need_quotes_are_no_danger(tmp_path):
    """Tables and columns with quotes, dots and slashes in their names are found and emptied."""
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        connection.execute('CREATE TABLE "a ""b"". c/d" ("x ""; --" BLOB, y)')
        connection.execute('INSERT INTO "a ""b"". c/d" VALUES (?, 1)', (VALUES[0],))
        connection.commit()
    erase(tmp_path / "a.db", tmp_path / "b.db", {'a "b". c/d': ['x "; --']}, LIMITS)
    assert query(tmp_path / "b.db", 'SELECT * FROM "a ""b"". c/d"') == [(None, 1)]


def test_a_second_application_changes_nothing(tmp_path):
    """What is empty stays as it is, byte by byte."""
    data = made(tmp_path / "a.db").read_bytes()
    once, first = erase_bytes(data, {"face": ["vector"]}, LIMITS)
    twice, second = erase_bytes(once, {"face": ["vector"]}, LIMITS)
    assert (first.cells, second.cells) == ({"face": 40}, {"face": 0})
    assert twice == once


def test_damaged_text_comes_back_as_it_was(tmp_path):
    """Text that is no valid UTF-8 in another column is not changed."""
    with closing(sqlite3.connect(made(tmp_path / "a.db"))) as connection:
        connection.execute("UPDATE face SET note = CAST(x'ff80fe' AS TEXT)")
        connection.commit()
    erase(tmp_path / "a.db", tmp_path / "b.db", {"face": ["vector"]}, LIMITS)
    assert query(tmp_path / "b.db", "SELECT DISTINCT hex(note) FROM face") == [("FF80FE",)]


def even(_table, _column, value):
    """Keep every second value, and half of every text."""
    if isinstance(value, str):
        return value[:10]
    return value if VALUES.index(value) % 2 else None


def test_values_that_are_to_stay_are_the_same(tmp_path):
    """Only the values of which nothing is to stay go; a text may lose a part of itself."""
    source = made(tmp_path / "a.db", "CREATE INDEX i ON face (vector, note)")
    report = erase(source, tmp_path / "b.db", {"face": ["vector"]}, LIMITS, even)
    assert report.cells == {"face": 20}
    expected = [(None,) if number % 2 == 0 else (value,) for number, value in enumerate(VALUES)]
    assert query(tmp_path / "b.db", "SELECT vector FROM face ORDER BY rowid") == expected
    hexed = made(tmp_path / "c.db", rows=[value.hex() for value in VALUES])
    erase(hexed, tmp_path / "d.db", {"face": ["vector"]}, LIMITS, even)
    expected = [(value.hex()[:10],) for value in VALUES]
    assert query(tmp_path / "d.db", "SELECT vector FROM face ORDER BY rowid") == expected


def test_a_copy_that_stays_in_the_same_column_is_told(tmp_path):
    """A value that is kept and holds a removed one is not passed over."""
    source = made(tmp_path / "a.db", rows=[VALUES[0], VALUES[0] + b"!"])
    with pytest.raises(ResidueError):
        erase(
            source,
            tmp_path / "b.db",
            {"face": ["vector"]},
            LIMITS,
            lambda *a: a[2] if a[2][-1:] == b"!" else None,
        )


def test_damaged_text_is_not_rewritten(tmp_path):
    """A text that is no valid UTF-8 can go or stay, and cannot lose a part."""
    source = made(tmp_path / "a.db", rows=["x" * 30])
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("UPDATE face SET vector = CAST(x'78ff80fe787878787878787878' AS TEXT)")
        connection.commit()
    with pytest.raises(RemovalError, match="damaged"):
        erase(source, tmp_path / "b.db", {"face": ["vector"]}, LIMITS, even)
    erase(source, tmp_path / "b.db", {"face": ["vector"]}, LIMITS, lambda *a: a[2])
    assert query(tmp_path / "b.db", "SELECT hex(vector) FROM face") == [("78FF80FE787878787878787878",)]


REFUSALS = {
    "a table that is not there": ((), {"faces": ["vector"]}, "no ordinary table"),
    "a column that is not there": ((), {"face": ["vectors"]}, "no column"),
    "no column at all": ((), {}, "no column"),
    "a computed column": (
        ("ALTER TABLE face ADD COLUMN copy TEXT AS (hex(vector)) VIRTUAL",),
        {"face": ["copy"]},
        "computed",
    ),
    "a full-text table": (
        ("CREATE VIRTUAL TABLE words USING fts5 (a)",),
        {"words": ["a"]},
        "no ordinary table",
    ),
    "a shadow table": (
        ("CREATE VIRTUAL TABLE words USING fts5 (a)",),
        {"words_content": ["c0"]},
        "virtual table",
    ),
    "a table that a full-text index reads": (
        ("CREATE VIRTUAL TABLE words USING fts5 (note, content='face')",),
        {"face": ["note"]},
        "full-text",
    ),
    "a column that must differ in each row": (
        ("CREATE TABLE k (v BLOB NOT NULL UNIQUE)", "INSERT INTO k VALUES (x'01'), (x'02')"),
        {"k": ["v"]},
        "neither NULL nor empty",
    ),
    "a column that is the key": (
        ("CREATE TABLE k (v BLOB PRIMARY KEY, w) WITHOUT ROWID", "INSERT INTO k VALUES (x'01',1), (x'02',2)"),
        {"k": ["v"]},
        "neither NULL nor empty",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_emptied_is_refused(tmp_path, case):
    """What cannot be emptied without breaking something is refused; no new file, the old one as it was."""
    statements, cells, message = REFUSALS[case]
    source = made(tmp_path / "a.db", *statements)
    before = source.read_bytes()
    with pytest.raises(RemovalError, match=message):
        erase(source, tmp_path / "b.db", cells, LIMITS)
    assert source.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.db"]


def test_references_of_other_tables_are_not_broken(tmp_path):
    """A column that other rows refer to is refused."""
    source = made(
        tmp_path / "a.db",
        "CREATE UNIQUE INDEX i ON face (name)",
        "CREATE TABLE visit (who TEXT REFERENCES face (name))",
        "INSERT INTO visit VALUES ('person 1')",
    )
    with pytest.raises(RemovalError, match="refer"):
        erase(source, tmp_path / "b.db", {"face": ["name"]}, LIMITS)


def test_bytes_that_are_no_database_are_refused(tmp_path):
    """Bytes that are no database, or a damaged one, are refused without a word of their content."""
    data = made(tmp_path / "a.db").read_bytes()
    damaged = data[:4096] + bytes(RNG.randbytes(4096)) + data[8192:]
    for bad in (b"", b"hello", b"SQLite format 3\0", data[:5000], damaged):
        with pytest.raises(RemovalError) as caught:
            erase_bytes(bad, {"face": ["vector"]}, LIMITS)
        assert "person" not in str(caught.value)


def test_a_result_is_never_written_over_a_file(tmp_path):
    """An output path that exists is refused."""
    source = made(tmp_path / "a.db")
    (tmp_path / "b.db").write_bytes(b"mine")
    with pytest.raises(RemovalError):
        erase(source, tmp_path / "b.db", {"face": ["vector"]}, LIMITS)
    assert (tmp_path / "b.db").read_bytes() == b"mine"


def test_limits_name_themselves(tmp_path):
    """A database beyond the limit is refused with the name of the limit."""
    source = made(tmp_path / "a.db")
    with pytest.raises(LimitExceededError, match="artefact_bytes"):
        erase(source, tmp_path / "b.db", {"face": ["vector"]}, Limits(artefact_bytes=4096))
    with pytest.raises(LimitExceededError, match="artefact_bytes"):
        erase_bytes(source.read_bytes(), {"face": ["vector"]}, Limits(artefact_bytes=4096))


def test_columns_are_listed(tmp_path):
    """The tables of a database and their stored columns can be asked for."""
    data = made(tmp_path / "a.db").read_bytes()
    assert columns(data) == {"face": ("name", "vector", "note")}


def test_real_stores_are_emptied(tmp_path, shared_data):
    """Databases as digiKam and Nextcloud write them lose their vectors and nothing else."""
    folder = shared_data / "stores" / "generated"
    for name, cells in {
        "recognition.db": {"FaceMatrices": ["embedding"]},
        "nextcloud.db": {
            "oc_facerecog_faces": ["descriptor"],
            "oc_recognize_face_detections": ["face_vector"],
        },
    }.items():
        report = erase(folder / name, tmp_path / name, cells, LIMITS)
        assert all(count > 0 for count in report.cells.values())
        assert report.fragments > 0


def test_fragments_are_found_at_any_offset():
    """The search finds a fragment wherever it starts, and tells nothing of what it is."""
    fragments = Fragments()
    fragments.add(VALUES[0])
    assert len(fragments) == 2
    assert VALUES[0][170:175].hex() not in repr(fragments)
    for offset in range(17):
        assert residue(bytes(offset) + VALUES[0] + bytes(30), fragments) == 2
    assert residue(VALUES[1] * 10, fragments) == 0
    assert residue(b"", fragments) == 0


def test_short_values_are_searched_for_as_a_whole():
    """A binary value of 16 to 47 bytes is one fragment, and its start alone is no copy of it."""
    for size in (16, 31, 47):
        fragments = Fragments()
        fragments.add(VALUES[0][:size])
        fragments.add(VALUES[0][: size - 1] + b"?")
        assert len(fragments) == 2
        for offset in range(9):
            assert residue(bytes(offset) + VALUES[0][:size] + bytes(30), fragments) == 1
        assert residue(bytes(3) + VALUES[0][: size - 1], fragments) == 0
    fragments = Fragments()
    fragments.add(VALUES[0][:15])
    fragments.add(bytes(30))
    assert len(fragments) == 0


def test_ordinary_values_have_no_fragments():
    """Names, digests, words and padding may stand elsewhere with every right."""
    fragments = Fragments()
    for text in (
        "a name",
        "d41d8cd98f00b204e9800998ecf8427e",
        "a long sentence of plain words " * 9,
        "0" * 99,
    ):
        fragments.add_text(text.encode())
    fragments.add(bytes(4000))
    assert len(fragments) == 0
    fragments.add_text(str([number / 7 for number in range(40)]).encode())
    assert len(fragments) > 0
