"""Deleting rows and dropping columns and tables of a real PostgreSQL: what stays, what breaks, what a stop leaves."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from efface.engines.database import Login, Session
from efface.engines.keyed_fragments import KeyedFragments
from efface.engines.postgres_ways import eraser_by
from efface.errors import RemovalError
from efface.model import Cleaning, Way
from efface.testing.servers import Server, postgres_missing, postgresql, require
from efface.testing.stores import face_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from efface.engines.postgres_erase import PostgresEraser

KEY = b"k" * 32
VECTORS = face_vectors(20)
NUMBERS = ["[" + ",".join(map(str, vector.tolist())) + "]" for vector in VECTORS]
_names = (f"w{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    require(postgres_missing())
    with postgresql() as running:
        running.execute("postgres", "CREATE EXTENSION vector")
        yield running


def nothing(_column: str, _value: bytes | str) -> None:
    """Nothing of any value is to stay."""


def eraser_of(
    server: Server,
    table: str,
    way: Way,
    *columns: str,
    cascade: bool = False,
    step: Callable[[str], None] = lambda _: None,
) -> PostgresEraser:
    login = Login("postgresql", "127.0.0.1", server.port, "postgres", server.user, server.password)
    wanted = list(columns) or ["face"]
    return eraser_by(way)(login, Session(), ("public", table), wanted, step, cascade=cascade)


def ask(server: Server, query: str) -> list[Any]:
    connection = server.connect("postgres")
    try:
        cursor = connection.cursor()
        cursor.execute(query)
        return [list(row) for row in cursor.fetchall()]
    finally:
        connection.close()


def gallery(server: Server, *more: str) -> str:
    """A table of people, of whom every second has a face, and some of those are marked as deleted."""
    name = next(_names)
    rows = (f"(DEFAULT, 'n{at}', {at} % 4 = 0, '{NUMBERS[at]}')" for at in range(0, 20, 2))
    others = (f"(DEFAULT, 'n{at}', false, NULL)" for at in range(1, 20, 2))
    server.execute(
        "postgres",
        f"CREATE TABLE {name} (id serial PRIMARY KEY, name text, is_deleted bool, face vector(512))",
        f"INSERT INTO {name} VALUES {', '.join(rows)}, {', '.join(others)}",
        *(each.format(t=name) for each in more),
    )
    return name


def done(eraser: PostgresEraser) -> tuple[int, frozenset[Cleaning]]:
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
    """Rows that are only marked as deleted go, too; no other row changes."""
    table = gallery(server)
    stays = f"SELECT id, name, is_deleted FROM {table} WHERE face IS NULL ORDER BY id"
    before = ask(server, stays)
    eraser = eraser_of(server, table, Way.ROW)
    count, cleaned = done(eraser)
    assert (count, Cleaning.REWRITE in cleaned) == (10, True)
    assert ask(server, f"SELECT id, name, is_deleted FROM {table} ORDER BY id") == before
    eraser.close()


def test_a_column_goes_with_its_index_and_the_rows_stay(server: Server) -> None:
    """The plan names the index; another session finds the column gone and nothing left to do."""
    table = gallery(server, "CREATE INDEX {t}_index ON {t} (face)")
    before = ask(server, f"SELECT id, name, is_deleted FROM {table} ORDER BY id")
    eraser = eraser_of(server, table, Way.COLUMN)
    outlook = eraser.outlook()
    assert outlook.refusal == ""
    assert f"index public.{table}_index" in " ".join(outlook.notes)
    sum_before = eraser.survey(nothing, KEY).after
    assert done(eraser)[0] == 10
    assert ask(server, f"SELECT * FROM {table} ORDER BY id") == before
    eraser.close()
    again = eraser_of(server, table, Way.COLUMN)
    assert again.outlook().refusal == ""
    survey = again.survey(nothing, KEY)
    assert (survey.before, survey.due, again.empty(nothing, KEY)) == (sum_before, 0, 0)
    again.close()


def test_a_table_goes_and_its_files_hold_nothing(server: Server) -> None:
    """Neither they nor the planner's samples; another session finds it gone and can still clean."""
    table = gallery(server, "ANALYZE {t}")
    eraser = eraser_of(server, table, Way.TABLE)
    count, cleaned = done(eraser)
    assert count == 10
    assert cleaned == {Cleaning.REWRITE, Cleaning.STATISTICS, Cleaning.CHECKPOINT}
    assert ask(server, f"SELECT to_regclass('{table}') IS NULL") == [[True]]
    eraser.close()
    again = eraser_of(server, table, Way.TABLE)
    assert again.survey(nothing, KEY).rows == again.empty(nothing, KEY) == 0
    assert Cleaning.STATISTICS in again.clean()
    again.close()


def test_a_column_with_something_else_in_it_is_not_dropped(server: Server) -> None:
    """A value that is not what was found would be lost with it."""
    table = gallery(server)
    eraser = eraser_of(server, table, Way.COLUMN, "face")
    with pytest.raises(RemovalError, match="not what was found"):
        eraser.survey(lambda _, value: value, KEY)
    eraser.close()


@pytest.mark.parametrize("way", [Way.COLUMN, Way.TABLE])
def test_what_somebody_writes_meanwhile_is_not_dropped(server: Server, way: Way) -> None:
    """It is read once more under the lock, and must be what it was."""
    table = gallery(server)
    eraser = eraser_of(server, table, way)
    eraser.survey(nothing, KEY)
    server.execute("postgres", f"UPDATE {table} SET name = 'new' WHERE id = 1")
    with pytest.raises(RemovalError, match="somebody changed it"):
        eraser.empty(nothing, KEY)
    assert ask(server, f"SELECT count(face)::int FROM {table}") == [[10]]
    eraser.close()


CHILD = "CREATE TABLE {{t}}_visit (id int, face int REFERENCES {{t}} {0})"
USED = "INSERT INTO {t}_visit VALUES (1, 1)"
BREAKS = {
    "rows, a visit refers to one": (Way.ROW, (CHILD.format(""), USED), "remove those first"),
    "rows, visits would go with them": (Way.ROW, (CHILD.format("ON DELETE CASCADE"), USED), "--cascade"),
    "rows, visits would be emptied": (Way.ROW, (CHILD.format("ON DELETE SET NULL"), USED), "--cascade"),
    "rows, a rule in the place of deletions": (
        Way.ROW,
        ("CREATE RULE r AS ON DELETE TO {t} DO INSTEAD NOTHING",),
        "rewrite rule",
    ),
    "a column that a view shows": (
        Way.COLUMN,
        ("CREATE VIEW {t}_view AS SELECT face FROM {t}",),
        "--cascade",
    ),
    "a column from which another is computed": (
        Way.COLUMN,
        ("ALTER TABLE {t} ADD n int GENERATED ALWAYS AS (vector_dims(face)) STORED",),
        "--cascade",
    ),
    "a column of the key": (
        Way.COLUMN,
        (
            "DELETE FROM {t} WHERE face IS NULL",
            "ALTER TABLE {t} DROP CONSTRAINT {t}_pkey, ADD PRIMARY KEY (face)",
        ),
        "part of the key",
    ),
    "a table that a view shows": (Way.TABLE, ("CREATE VIEW {t}_view AS SELECT name FROM {t}",), "--cascade"),
    "a table to which another refers": (Way.TABLE, (CHILD.format(""),), "--cascade"),
}


@pytest.mark.parametrize("case", BREAKS)
def test_what_would_break_is_refused_and_named(server: Server, case: str) -> None:
    """Nothing cascades unless the user asks."""
    way, statements, words = BREAKS[case]
    eraser = eraser_of(server, gallery(server, *statements), way)
    assert words in eraser.outlook().refusal
    eraser.close()


def test_keys_without_rows_behind_them_do_not_stand_in_the_way_of_rows(server: Server) -> None:
    """Only rows that refer to rows can break."""
    eraser = eraser_of(server, gallery(server, CHILD.format("")), Way.ROW)
    assert eraser.outlook().refusal == ""
    eraser.close()


def test_what_people_are_paid_by_is_named(server: Server) -> None:
    """A view of attendance that reads the column, and a function that names it."""
    table = gallery(
        server,
        "CREATE VIEW {t}_attendance AS SELECT id, face FROM {t}",
        "CREATE FUNCTION {t}_f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM face FROM {t}; RETURN 1; END $$",
    )
    for way in (Way.NULL, Way.COLUMN):
        eraser = eraser_of(server, table, way)
        told = " ".join(eraser.outlook().notes)
        assert "1 of what uses it are named like attendance or payroll" in told
        eraser.close()
    assert f"{table}_f" in told
    assert f"view public.{table}_attendance" in told


@pytest.mark.parametrize(("way", "left"), [(Way.COLUMN, 3), (Way.TABLE, 0)])
def test_what_depends_on_it_goes_when_the_user_asks(server: Server, way: Way, left: int) -> None:
    """The view and the foreign key go; the table that referred to it keeps its rows."""
    table = gallery(server, CHILD.format(""), USED, "CREATE VIEW {t}_view AS SELECT id, face FROM {t}")
    eraser = eraser_of(server, table, way, cascade=True)
    assert eraser.outlook().refusal == ""
    done(eraser)
    assert ask(server, f"SELECT to_regclass('{table}_view') IS NULL") == [[True]]
    assert ask(server, f"SELECT count(*)::int FROM {table}_visit") == [[1]]
    columns = f"SELECT count(*)::int FROM information_schema.columns WHERE table_name = '{table}'"
    assert ask(server, columns) == [[left]]
    eraser.close()


def test_rows_of_other_tables_go_when_the_user_asks(server: Server) -> None:
    """A key that cascades takes them, as its owner defined it."""
    table = gallery(server, CHILD.format("ON DELETE CASCADE"), USED, "INSERT INTO {t}_visit VALUES (2, 11)")
    eraser = eraser_of(server, table, Way.ROW, cascade=True)
    assert eraser.outlook().refusal == ""
    assert done(eraser)[0] == 10
    assert ask(server, f"SELECT id FROM {table}_visit") == [[2]]
    eraser.close()


def test_triggers_of_users_get_no_copy_of_a_deleted_row(server: Server) -> None:
    """They do not fire, and fire again afterwards."""
    table = gallery(
        server,
        "CREATE TABLE {t}_audit (old text)",
        "CREATE FUNCTION {t}_keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO {t}_audit VALUES"
        " (OLD.face::text); RETURN OLD; END $$",
        "CREATE TRIGGER keep BEFORE DELETE ON {t} FOR EACH ROW EXECUTE FUNCTION {t}_keep()",
    )
    eraser = eraser_of(server, table, Way.ROW)
    assert "keep" in eraser.outlook().notes
    done(eraser)
    assert ask(server, f"SELECT count(*)::int FROM {table}_audit") == [[0]]
    server.execute("postgres", f"DELETE FROM {table} WHERE id = 12")
    assert ask(server, f"SELECT count(*)::int FROM {table}_audit") == [[1]]
    eraser.close()


def test_a_user_without_the_right_is_told_before_anything(server: Server) -> None:
    """Deleting needs a grant, dropping needs the owner."""
    table = gallery(
        server,
        "CREATE ROLE {t}_clerk LOGIN PASSWORD 'x'",
        "GRANT SELECT, UPDATE ON {t} TO {t}_clerk",
    )
    for way, words in (
        (Way.ROW, "DELETE is not granted"),
        (Way.COLUMN, "only the owner"),
        (Way.TABLE, "only the"),
    ):
        login = Login("postgresql", "127.0.0.1", server.port, "postgres", f"{table}_clerk", "x")
        eraser = eraser_by(way)(login, Session(), ("public", table), ["face"], lambda _: None)
        assert words in eraser.outlook().refusal
        eraser.close()


def test_what_stands_beside_is_counted(server: Server) -> None:
    """Keys and references count for nothing, times are told from facts."""
    table = gallery(server, "ALTER TABLE {t} ADD seen date, ADD boss int REFERENCES {t}")
    eraser = eraser_of(server, table, Way.NULL)
    beside = eraser.outlook().beside
    assert beside is not None
    assert (beside.columns, beside.facts, beside.filled) == (3, 2, False)
    eraser.close()


@pytest.mark.parametrize("way", [Way.NULL, Way.ROW, Way.TABLE])
def test_rows_that_were_deleted_before_leave_no_dead_tuple(server: Server, way: Way) -> None:
    """What a DELETE, or an UPDATE, of long ago left in the files goes with the rest."""
    table = gallery(server, "ALTER TABLE {t} SET (autovacuum_enabled = off)")
    dead = KeyedFragments()
    for vector in (VECTORS[18], VECTORS[16]):
        dead.add(vector.astype("<f4").tobytes())
    largest = f"SELECT max(id)::int FROM {table} WHERE face IS NOT NULL"
    server.execute(
        "postgres",
        f"DELETE FROM {table} WHERE id = ({largest})",
        f"UPDATE {table} SET face = NULL WHERE id = ({largest})",
    )
    eraser = eraser_of(server, table, way)
    eraser.flush()
    assert dead.found_in(eraser.files()) > 0
    done(eraser)
    assert dead.found_in(eraser.files()) == 0
    eraser.close()
