"""Deleting rows and dropping columns and tables of a real MariaDB: what stays, what breaks, what a stop leaves."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest

from efface.engines.database import Login, Session
from efface.engines.keyed_fragments import KeyedFragments
from efface.engines.mysql_ways import mysql_eraser_by
from efface.errors import RemovalError
from efface.model import Cleaning, Way
from efface.testing.servers import Server, mariadb, mariadb_missing, require
from efface.testing.stores import face_vectors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.engines.mysql_erase import MysqlEraser

KEY = b"k" * 32
VECTORS = face_vectors(20)
MANY = 450  # more than two batches
_names = (f"w{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    require(mariadb_missing())
    with mariadb() as running:
        running.execute("", "CREATE DATABASE shop")
        yield running


def nothing(_column: str, _value: bytes | str) -> None:
    """Nothing of any value is to stay."""


def eraser_of(
    server: Server, table: str, way: Way, *, cascade: bool = False, user: str = "", password: str = ""
) -> MysqlEraser:
    login = Login("mysql", "127.0.0.1", server.port, "shop", user or server.user, password or server.password)
    return mysql_eraser_by(way)(login, Session(), ("shop", table), ["face"], lambda _: None, cascade=cascade)


def ask(server: Server, query: str) -> list[Any]:
    connection = server.connect("shop")
    try:
        cursor = connection.cursor()
        cursor.execute(query)
        return [list(row) for row in cursor.fetchall()]
    finally:
        connection.close()


def gallery(server: Server, *more: str, count: int = 20) -> str:
    """A table of people, of whom every second has a face, and some of those are marked as deleted."""
    name = next(_names)
    server.execute(
        "shop",
        f"CREATE TABLE {name} (id int PRIMARY KEY, name varchar(9), is_deleted bool, face longtext,"
        f" KEY {name}_index (face(20)))",
    )
    rows = [
        (at, f"n{at}", at % 4 == 0, json.dumps(VECTORS[at % 20].tolist()) if at % 2 == 0 else None)
        for at in range(count)
    ]
    connection = server.connect("shop")
    connection.cursor().executemany(f"INSERT INTO {name} VALUES (%s, %s, %s, %s)", rows)
    connection.close()
    server.execute("shop", *(each.format(t=name) for each in more))
    return name


def done(eraser: MysqlEraser) -> tuple[int, frozenset[Cleaning]]:
    """Survey, remove and clean as a run does; the sum that was expected must come out."""
    fragments = KeyedFragments()
    eraser.flush()
    files = eraser.files()
    expected = eraser.survey(nothing, KEY, fragments)
    assert expected.due
    assert fragments.found_in(files) > 0
    count = eraser.empty(nothing, KEY)
    after = eraser.survey(nothing, KEY)
    assert (after.before, after.due) == (expected.after, 0)
    cleaned = eraser.clean()
    assert fragments.found_in(eraser.files()) == 0
    assert eraser.empty(nothing, KEY) == 0
    return count, cleaned


def test_rows_with_what_was_found_go_and_all_others_stay(server: Server) -> None:
    """Over several batches; rows that are only marked as deleted go, too."""
    table = gallery(server, count=MANY)
    before = ask(server, f"SELECT id, name, is_deleted FROM {table} WHERE face IS NULL ORDER BY id")
    eraser = eraser_of(server, table, Way.ROW)
    assert done(eraser) == (MANY // 2, {Cleaning.REWRITE, Cleaning.CHECKPOINT})
    assert ask(server, f"SELECT id, name, is_deleted FROM {table} ORDER BY id") == before
    eraser.close()


def test_a_column_goes_with_its_index_and_the_rows_stay(server: Server) -> None:
    """The plan names the index; another session finds the column gone and nothing left to do."""
    table = gallery(server)
    before = ask(server, f"SELECT id, name, is_deleted FROM {table} ORDER BY id")
    eraser = eraser_of(server, table, Way.COLUMN)
    assert eraser.outlook().refusal == ""
    assert f"{table}_index" in eraser.outlook().notes
    expected = eraser.survey(nothing, KEY).after
    assert done(eraser)[0] == 10
    assert ask(server, f"SELECT * FROM {table} ORDER BY id") == before
    eraser.close()
    again = eraser_of(server, table, Way.COLUMN)
    survey = again.survey(nothing, KEY)
    assert (survey.before, survey.due, again.empty(nothing, KEY)) == (expected, 0, 0)
    assert again.outlook().refusal == ""
    again.close()


def test_a_table_goes_with_its_file(server: Server) -> None:
    """Another session finds it gone, and nothing left to do."""
    table = gallery(server)
    eraser = eraser_of(server, table, Way.TABLE)
    assert eraser.outlook().refusal == ""
    assert done(eraser) == (10, {Cleaning.REWRITE, Cleaning.CHECKPOINT})
    assert ask(server, f"SHOW TABLES LIKE '{table}'") == []
    eraser.close()
    again = eraser_of(server, table, Way.TABLE)
    again.flush()
    assert again.survey(nothing, KEY).rows == again.empty(nothing, KEY) == 0
    assert again.files() == []
    again.close()


def test_a_column_with_something_else_in_it_is_not_dropped(server: Server) -> None:
    """A value that is not what was found would be lost with it."""
    eraser = eraser_of(server, gallery(server), Way.COLUMN)
    with pytest.raises(RemovalError, match="not what was found"):
        eraser.survey(lambda _, value: value, KEY)
    eraser.close()


@pytest.mark.parametrize("way", [Way.COLUMN, Way.TABLE])
def test_what_somebody_writes_meanwhile_is_not_dropped(server: Server, way: Way) -> None:
    """It is read once more under the lock, and must be what it was; the lock is let go."""
    table = gallery(server)
    eraser = eraser_of(server, table, way)
    eraser.survey(nothing, KEY)
    server.execute("shop", f"UPDATE {table} SET name = 'new' WHERE id = 1")
    with pytest.raises(RemovalError, match="somebody changed it"):
        eraser.empty(nothing, KEY)
    server.execute("shop", f"UPDATE {table} SET name = 'newer' WHERE id = 1")
    assert ask(server, f"SELECT COUNT(face) FROM {table}") == [[10]]
    eraser.close()


CHILD = "CREATE TABLE {{t}}_visit (id int, face int, FOREIGN KEY (face) REFERENCES {{t}} (id) {0})"
USED = "INSERT INTO {t}_visit VALUES (1, 2)"
BREAKS = {
    "rows, a visit refers to one": (Way.ROW, (CHILD.format(""), USED), "remove those first"),
    "rows, visits would go with them": (Way.ROW, (CHILD.format("ON DELETE CASCADE"), USED), "--cascade"),
    "rows, a trigger": (
        Way.ROW,
        ("CREATE TRIGGER {t}_keep BEFORE DELETE ON {t} FOR EACH ROW SET @x = OLD.face",),
        "trigger fires on deletion",
    ),
    "a column that a view shows": (
        Way.COLUMN,
        ("CREATE VIEW {t}_view AS SELECT face FROM {t}",),
        "--cascade",
    ),
    "a column that a trigger names": (
        Way.COLUMN,
        ("CREATE TRIGGER {t}_keep BEFORE UPDATE ON {t} FOR EACH ROW SET @x = OLD.face",),
        "--cascade",
    ),
    "a column from which another is computed": (
        Way.COLUMN,
        ("ALTER TABLE {t} ADD n int AS (length(face)) STORED",),
        "computed from it",
    ),
    "a table that a view shows": (Way.TABLE, ("CREATE VIEW {t}_view AS SELECT name FROM {t}",), "--cascade"),
    "a table to which another refers": (Way.TABLE, (CHILD.format(""),), "drop those first"),
}


@pytest.mark.parametrize("case", BREAKS)
def test_what_would_break_is_refused_and_named(server: Server, case: str) -> None:
    """Nothing cascades unless the user asks."""
    way, statements, words = BREAKS[case]
    eraser = eraser_of(server, gallery(server, *statements), way)
    assert words in eraser.outlook().refusal
    eraser.close()


def test_rows_of_other_tables_go_when_the_user_asks(server: Server) -> None:
    """A key that cascades takes them, as its owner defined it."""
    table = gallery(server, CHILD.format("ON DELETE CASCADE"), USED, "INSERT INTO {t}_visit VALUES (2, 1)")
    eraser = eraser_of(server, table, Way.ROW, cascade=True)
    assert eraser.outlook().refusal == ""
    assert done(eraser)[0] == 10
    assert ask(server, f"SELECT id FROM {table}_visit") == [[2]]
    eraser.close()


def test_what_people_are_paid_by_is_named(server: Server) -> None:
    """A table of attendance that refers to it."""
    table = gallery(server, CHILD.format("").replace("_visit", "_attendance"))
    eraser = eraser_of(server, table, Way.NULL)
    assert f"{table}_attendance" in eraser.outlook().notes
    assert "1 of what uses it are named like attendance or payroll" in eraser.outlook().notes
    eraser.close()


def test_a_user_without_the_right_is_told_before_anything(server: Server) -> None:
    """Each way needs its grant."""
    table = gallery(
        server,
        "CREATE USER {t}_clerk IDENTIFIED BY 'x'",
        "GRANT SELECT, UPDATE, INSERT ON shop.{t} TO {t}_clerk",
    )
    for way, right in ((Way.ROW, "DELETE"), (Way.COLUMN, "ALTER"), (Way.TABLE, "DROP")):
        eraser = eraser_of(server, table, way, user=f"{table}_clerk", password="x")
        assert f"{right} is not granted" in eraser.outlook().refusal
        eraser.close()
    server.execute("shop", f"GRANT DELETE ON shop.{table} TO {table}_clerk")
    eraser = eraser_of(server, table, Way.ROW, user=f"{table}_clerk", password="x")
    assert eraser.outlook().refusal == ""
    eraser.close()


def test_what_stands_beside_is_counted(server: Server) -> None:
    """Keys and references count for nothing, times are told from facts."""
    table = gallery(
        server, "ALTER TABLE {t} ADD seen date, ADD boss int, ADD FOREIGN KEY (boss) REFERENCES {t} (id)"
    )
    eraser = eraser_of(server, table, Way.NULL)
    beside = eraser.outlook().beside
    assert beside is not None
    assert (beside.columns, beside.facts, beside.filled) == (3, 2, False)
    eraser.close()
