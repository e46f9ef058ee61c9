"""Rows, columns and tables of a database file go when the user decides: what stays, what is refused."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from efface.actions.table_ways import Ways, ways_of
from efface.engines.database_erase import Beside, Outlook
from efface.errors import UsageError
from efface.model import Case, Hold, Locator, Method, Mode, Removal, RemovalStatus
from efface.runs.plan import plan
from efface.runs.plan_tables import TablePlanner
from efface.runs.rehearse import rehearse
from efface.runs.remove import apply
from efface.runs.scan import ScanOptions, scan
from efface.runs.store import Store
from efface.testing.stores import face_vectors

TODAY = date(2026, 11, 26)
VECTORS = face_vectors(12)


def database(path: Path, *statements: str) -> Path:
    """A gallery in which every second person has a face, with a table of visits and rows marked as deleted."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "CREATE TABLE gallery (id INTEGER PRIMARY KEY, name TEXT, is_deleted INT, face_embedding TEXT)"
        )
        connection.execute("CREATE TABLE visit (id INTEGER PRIMARY KEY, who TEXT)")
        connection.execute("INSERT INTO visit VALUES (1, 'guest')")
        for at, vector in enumerate(VECTORS):
            value = json.dumps(vector.tolist()) if at % 2 == 0 else None
            connection.execute("INSERT INTO gallery VALUES (?, ?, ?, ?)", (at, f"n{at}", at % 4 == 0, value))
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return path


def removed(folder: Path, target: Path, *words: str, cascade: bool = False) -> Removal:
    """Scan once, and remove all that was found in the way of some words."""
    ways = ways_of(words, cascade=cascade)
    with Store(str(folder / "run.sqlite"), create=True) as store:
        scan(store, ScanOptions(targets=(str(target),), mode=Mode.STANDARD, jobs=1))
        done = apply(store, plan(store, None, ["all"], TODAY, ways), None, TODAY, jobs=1)
    (one,) = done
    return one


def ask(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def holds(path: Path) -> int:
    """How many pieces of the vectors are in the file."""
    data = path.read_bytes()
    return sum(json.dumps(vector.tolist())[100:140].encode() in data for vector in VECTORS)


def test_rows_with_what_was_found_go_and_all_others_stay(tmp_path: Path) -> None:
    """Those that are only marked as deleted, too; the file holds nothing of them, and a second run changes nothing."""
    target = database(tmp_path / "a.db")
    assert holds(target) == 6
    done = removed(tmp_path, target, "row")
    assert (done.status, done.actions) == (RemovalStatus.REMOVED, ("delete-rows@1",))
    assert ask(target, "SELECT id FROM gallery ORDER BY id") == [(1,), (3,), (5,), (7,), (9,), (11,)]
    assert ask(target, "SELECT * FROM visit") == [(1, "guest")]
    assert holds(target) == 0
    data = target.read_bytes()
    with Store(str(tmp_path / "run.sqlite"), create=False) as store:
        assert apply(store, plan(store, None, ["all"], TODAY, Ways()), None, TODAY, jobs=1) == ()
    assert target.read_bytes() == data


def test_a_column_goes_with_its_index(tmp_path: Path) -> None:
    """All rows and all other columns stay."""
    target = database(tmp_path / "a.db", "CREATE INDEX by_face ON gallery (face_embedding)")
    before = ask(target, "SELECT id, name, is_deleted FROM gallery ORDER BY id")
    done = removed(tmp_path, target, "column=main.gallery")
    assert done.actions == ("drop-columns@1",)
    assert ask(target, "SELECT * FROM gallery ORDER BY id") == before
    assert holds(target) == 0


def test_a_table_goes_and_the_others_stay(tmp_path: Path) -> None:
    """It is gone from the schema, and its values from the file."""
    target = database(tmp_path / "a.db")
    done = removed(tmp_path, target, "table")
    assert (done.status, done.actions) == (RemovalStatus.REMOVED, ("drop-tables@1",))
    assert ask(target, "SELECT name FROM sqlite_schema") == [("visit",)]
    assert holds(target) == 0


def test_a_rehearsal_takes_the_way_that_was_decided(tmp_path: Path) -> None:
    """The table is gone from the copy, and the original is as it was."""
    target = database(tmp_path / "a.db")
    before = target.read_bytes()
    with Store(str(tmp_path / "run.sqlite"), create=True) as store:
        scan(store, ScanOptions(targets=(str(target),), mode=Mode.STANDARD, jobs=1))
        todo = plan(store, None, ["all"], TODAY, ways_of(("table",), cascade=False))
        (one,) = rehearse(store, todo, str(tmp_path / "there"), TODAY, jobs=1).removals
    assert (one.status, one.actions) == (RemovalStatus.REMOVED, ("drop-tables@1",))
    assert ask(Path(one.target.path[0]), "SELECT name FROM sqlite_schema") == [("visit",)]
    assert target.read_bytes() == before


def test_one_table_goes_and_another_is_emptied(tmp_path: Path) -> None:
    """The same vectors in two tables, each by its own way, are searched for at the end."""
    target = database(
        tmp_path / "a.db", "CREATE TABLE face_log AS SELECT id, name, face_embedding FROM gallery"
    )
    done = removed(tmp_path, target, "table=main.face_log")
    assert done.status is RemovalStatus.REMOVED, done.reason
    assert set(done.actions) == {"drop-tables@1", "erase-cells@1"}
    assert ask(target, "SELECT count(*), count(face_embedding) FROM gallery") == [(12, 0)]
    assert holds(target) == 0


CHILD = (
    "CREATE TABLE seen (id INTEGER PRIMARY KEY, face INT REFERENCES gallery (id) ON DELETE CASCADE)",
    "INSERT INTO seen VALUES (1, 0), (2, 1)",
)
BREAKS = {
    "rows that others refer to": ("row", CHILD, "--cascade"),
    "a table that others refer to": ("table", CHILD, "--cascade"),
    "a table that a view shows": ("table", ("CREATE VIEW v AS SELECT name FROM gallery",), "view v"),
    "a column that a view shows": (
        "column",
        ("CREATE VIEW v AS SELECT face_embedding FROM gallery",),
        "view v",
    ),
    "a column with something else in it": (
        "column",
        ("UPDATE gallery SET face_embedding = 'asked not to be stored' WHERE id = 1",),
        "not what was found",
    ),
}


@pytest.mark.parametrize("case", BREAKS)
def test_what_would_break_is_refused_and_the_file_stays(tmp_path: Path, case: str) -> None:
    """Nothing cascades unless the user asks."""
    way, statements, words = BREAKS[case]
    target = database(tmp_path / "a.db", *statements)
    data = target.read_bytes()
    done = removed(tmp_path, target, way)
    assert done.status is RemovalStatus.FAILED
    assert words in done.reason
    assert target.read_bytes() == data


def test_rows_of_other_tables_go_when_the_user_asks(tmp_path: Path) -> None:
    """As the key is defined, and no others."""
    target = database(tmp_path / "a.db", *CHILD)
    assert removed(tmp_path, target, "row", cascade=True).status is RemovalStatus.REMOVED
    assert ask(target, "SELECT id FROM seen") == [(2,)]


def test_triggers_get_no_copy_and_stay(tmp_path: Path) -> None:
    """They do not fire for the removal."""
    target = database(
        tmp_path / "a.db",
        "CREATE TABLE audit (old TEXT)",
        "CREATE TRIGGER keep AFTER DELETE ON gallery BEGIN INSERT INTO audit VALUES (OLD.face_embedding); END",
    )
    assert removed(tmp_path, target, "row").status is RemovalStatus.REMOVED
    assert ask(target, "SELECT count(*) FROM audit") == [(0,)]
    assert ask(target, "SELECT name FROM sqlite_schema WHERE type = 'trigger'") == [("keep",)]


def test_the_plan_tells_what_it_proposes_and_what_would_change(tmp_path: Path) -> None:
    """A table of keys and faces is best dropped; an unknown table, and one in an archive, are refused."""
    target = database(
        tmp_path / "a.db",
        "ALTER TABLE gallery DROP COLUMN name",
        "ALTER TABLE gallery DROP COLUMN is_deleted",
    )
    with Store(str(tmp_path / "run.sqlite"), create=True) as store:
        scan(store, ScanOptions(targets=(str(target),), mode=Mode.STANDARD, jobs=1))
        (told,) = plan(store, None, ["all"], TODAY).removals
        assert "--by table=main.gallery" in told.reason
        (chosen,) = plan(store, None, ["all"], TODAY, ways_of(("proposed",))).removals
        assert "programs that name it fail" in chosen.reason
        assert chosen.actions == ("drop-tables@1",)
        with pytest.raises(UsageError, match="nothing is due"):
            plan(store, None, ["all"], TODAY, ways_of(("row=main.faces",)))


def test_a_hold_on_another_column_keeps_rows_and_tables() -> None:
    """They hold more than what was found."""
    table = Locator("postgresql", ("//127.0.0.1/crm",), "/public.gallery")
    removal = Removal(table, ("a",), (), (), Method.CLEAR, RemovalStatus.PLANNED)
    outlook = Outlook(beside=Beside(1, 1, filled=False, names=("id", "name")))
    hold = Hold("**#/public.gallery/name", "evidence")
    case = Case("t", "CN", holds=(hold,))
    assert TablePlanner(None, Ways(), case, TODAY)._is_held(outlook, removal)  # type: ignore[arg-type]
    other = Case("t", "CN", holds=(Hold("**#/public.visit/name", "evidence"),))
    assert not TablePlanner(None, Ways(), other, TODAY)._is_held(outlook, removal)  # type: ignore[arg-type]
    assert not TablePlanner(None, Ways(), None, TODAY)._is_held(outlook, removal)  # type: ignore[arg-type]
