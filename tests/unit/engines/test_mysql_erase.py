"""Emptying tables of a real MariaDB: keys of several columns, lost connections, what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from efface.engines.database import Login, Session
from efface.engines.keyed_fragments import KeyedFragments
from efface.engines.mysql_erase import MysqlEraser
from efface.errors import RemovalError
from efface.model import Cleaning
from efface.testing.servers import Server, mariadb, mariadb_missing, require
from efface.testing.stores import face_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = b"k" * 32
VECTORS = face_vectors(20)
MANY = 450  # more than two batches


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    require(mariadb_missing())
    with mariadb() as running:
        running.execute("", "CREATE DATABASE shop")
        yield running


def nothing(_column: str, _value: bytes | str) -> None:
    """Nothing of any value is to stay."""


def eraser_of(
    server: Server, table: str, *columns: str, step: Callable[[str], None] = lambda _: None
) -> MysqlEraser:
    login = Login("mysql", "127.0.0.1", server.port, "shop", server.user, server.password)
    return MysqlEraser(login, Session(), ("shop", table), list(columns), step)


def ask(server: Server, query: str) -> list[Any]:
    connection = server.connect("shop")
    try:
        cursor = connection.cursor()
        cursor.execute(query)
        return [list(row) for row in cursor.fetchall()]
    finally:
        connection.close()


def fill(server: Server, table: str, count: int = MANY) -> None:
    connection = server.connect("shop")
    rows = [
        (at % 7, at, json.dumps(VECTORS[at % 20].tolist()), VECTORS[at % 20].tobytes()) for at in range(count)
    ]
    connection.cursor().executemany(
        f"INSERT INTO {table} (a, b, face, feature) VALUES (%s, %s, %s, %s)", rows
    )
    connection.close()


def test_a_key_of_several_columns_leads_through_the_whole_table(server: Server) -> None:
    """No row is left out between two batches, and the sum is the one that was expected."""
    server.execute(
        "shop",
        "CREATE TABLE wide (a int, b int, face longtext, feature blob NOT NULL, note varchar(9) DEFAULT 'stays',"
        " twice int AS (b * 2) STORED, PRIMARY KEY (a, b))",
    )
    fill(server, "wide")
    eraser = eraser_of(server, "wide", "face", "feature")
    fragments = KeyedFragments()
    before = eraser.survey(nothing, KEY, fragments)
    assert (before.rows, before.due) == (MANY, 2 * MANY)
    eraser.flush()
    assert fragments.found_in(eraser.files()) > 0
    assert eraser.empty(nothing, KEY) == 2 * MANY
    after = eraser.survey(nothing, KEY)
    assert (after.before, after.due) == (before.after, 0)
    assert ask(
        server, "SELECT COUNT(face), SUM(LENGTH(feature)), COUNT(DISTINCT note), SUM(twice) FROM wide"
    ) == [[0, 0, 1, MANY * (MANY - 1)]]
    assert eraser.clean() == {Cleaning.REWRITE, Cleaning.CHECKPOINT}
    assert fragments.found_in(eraser.files()) == 0
    eraser.close()


def test_a_lost_connection_repeats_the_batch_as_a_whole(server: Server) -> None:
    """It is cut before its commit, taken back by the server, and done again."""
    server.execute("shop", "CREATE TABLE cut (a int, b int, face longtext, feature blob, PRIMARY KEY (a, b))")
    fill(server, "cut")
    cuts: list[int] = []

    def step(word: str) -> None:
        if word == "commit" and not cuts:
            cuts.append(1)
            found = ask(server, "SELECT ID FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID()")
            for (number,) in found:
                server.execute("shop", f"KILL {number}")

    eraser = eraser_of(server, "cut", "face", "feature", step=step)
    expected = eraser.survey(nothing, KEY).after
    eraser.empty(nothing, KEY)
    assert cuts
    assert eraser.survey(nothing, KEY).before == expected
    eraser.close()


REFUSED = {
    "no primary key": ("CREATE TABLE {t} (face longtext)", "no primary key"),
    "no transactions": (
        "CREATE TABLE {t} (id int PRIMARY KEY, face longtext) ENGINE=MyISAM",
        "no transactions",
    ),
    "a history": (
        "CREATE TABLE {t} (id int PRIMARY KEY, face longtext) WITH SYSTEM VERSIONING",
        "earlier version",
    ),
    "a column of the key": ("CREATE TABLE {t} (face varchar(200) PRIMARY KEY)", "part of the key"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_table_that_cannot_be_emptied_is_refused(server: Server, case: str) -> None:
    """With the reason, in the outlook."""
    statement, words = REFUSED[case]
    name = f"r{list(REFUSED).index(case)}"
    server.execute("shop", statement.format(t=name))
    eraser = eraser_of(server, name, "face")
    assert words in eraser.outlook().refusal
    eraser.close()


@pytest.mark.parametrize(
    ("column", "words"), [("nose", "no such column"), ("number", "one by one"), ("made", "computed")]
)
def test_a_column_that_cannot_be_emptied_is_refused(server: Server, column: str, words: str) -> None:
    """Before anything is read."""
    server.execute(
        "shop",
        "CREATE TABLE IF NOT EXISTS odd (id int PRIMARY KEY, number int, face text,"
        " made text AS (CONCAT(face, 'x')) STORED)",
    )
    with pytest.raises(RemovalError, match=words):
        eraser_of(server, "odd", column)


def test_files_of_another_server_are_not_searched(server: Server) -> None:
    """A file that bears another number of its tablespace is another table's."""
    from efface.engines.mysql_erase import _is_space

    server.execute("shop", "CREATE TABLE here (id int PRIMARY KEY, face longtext)")
    eraser = eraser_of(server, "here", "face")
    eraser.flush()
    (path,) = eraser.files()
    assert not _is_space(path, 0)
    eraser.close()
