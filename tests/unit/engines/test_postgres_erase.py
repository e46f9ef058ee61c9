"""Emptying tables of a real PostgreSQL: what stays, what is taken back, what is found in the files."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest

from efface.engines import postgres_erase
from efface.engines.database import Login, Session
from efface.engines.keyed_fragments import KeyedFragments
from efface.engines.postgres_erase import PostgresEraser
from efface.errors import AccessError, LimitExceededError, RemovalError
from efface.model import Cleaning
from efface.testing.servers import Server, postgres_missing, postgresql, require
from efface.testing.stores import face_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = b"k" * 32
VECTORS = face_vectors(20)
NUMBERS = [",".join(map(str, vector.tolist())) for vector in VECTORS]
_names = (f"t{number}" for number in itertools.count())


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
    *columns: str,
    step: Callable[[str], None] = lambda _: None,
    session: Session | None = None,
) -> PostgresEraser:
    login = Login("postgresql", "127.0.0.1", server.port, "postgres", server.user, server.password)
    return PostgresEraser(login, session or Session(), ("public", table), list(columns), step)


def ask(server: Server, query: str) -> list[Any]:
    connection = server.connect("postgres")
    try:
        cursor = connection.cursor()
        cursor.execute(query)
        return [list(row) for row in cursor.fetchall()]
    finally:
        connection.close()


def gallery(server: Server, columns: str = "face vector(512)", value: str = "'[{}]'") -> str:
    name = next(_names)
    server.execute(
        "postgres", f"CREATE TABLE {name} (id serial PRIMARY KEY, note text DEFAULT 'stays', {columns})"
    )
    column = columns.split(maxsplit=1)[0]
    for numbers in NUMBERS:
        server.execute("postgres", f"INSERT INTO {name} ({column}) VALUES ({value.format(numbers)})")
    return name


FILLED = {
    "a vector": ("face vector(512) NOT NULL", "'[{}]'", "face = array_fill(0, ARRAY[512])::vector"),
    "half a vector": (
        "face halfvec(512) NOT NULL",
        "'[{}]'",
        "face = array_fill(0, ARRAY[512])::vector::halfvec",
    ),
    "a thin vector": ("face sparsevec(512) NOT NULL", "'[{}]'::vector::sparsevec", "face::text = '{{}}/512'"),
    "an array": ("face float8[] NOT NULL", "'{{{}}}'", "face = '{{}}'"),
    "bytes": ("face bytea NOT NULL", "convert_to('{}', 'UTF8')", "octet_length(face) = 0"),
    "a text": ("face text NOT NULL", "'{}'", "face = ''"),
    "JSON": ("face jsonb NOT NULL", "'[{}]'", "face = 'null'"),
}


@pytest.mark.parametrize("case", FILLED)
def test_a_column_that_must_hold_something_gets_the_empty_value_of_its_type(
    server: Server, case: str
) -> None:
    """The sum of the table afterwards is the one that was expected before."""
    columns, value, condition = FILLED[case]
    table = gallery(server, columns, value)
    eraser = eraser_of(server, table, "face")
    before = eraser.survey(nothing, KEY)
    assert eraser.empty(nothing, KEY) == len(VECTORS)
    after = eraser.survey(nothing, KEY)
    assert (after.before, after.due) == (before.after, 0)
    assert ask(server, f"SELECT count(*)::int FROM {table} WHERE {condition.format()}") == [[len(VECTORS)]]
    assert eraser.empty(nothing, KEY) == 0
    eraser.close()


def test_a_text_loses_only_the_part_that_goes(server: Server) -> None:
    """What stays of a value is written back with the type of its column."""
    table = gallery(server, "face jsonb", '\'{{"name": "O\'\'Neil \\\\ x", "face": [{}]}}\'')

    def rest(_column: str, value: bytes | str) -> str:
        return json.dumps({**json.loads(value), "face": []})

    eraser = eraser_of(server, table, "face")
    expected = eraser.survey(lambda c, v: rest(c, v).replace('"face": []', '"face": []'), KEY)
    assert expected.due == len(VECTORS)
    connection = ask(server, f"SELECT face->>'name' FROM {table} WHERE id = 1")
    eraser.empty(lambda c, v: server_form(rest(c, v)), KEY)
    assert ask(server, f"SELECT DISTINCT face->>'name', face->'face' FROM {table}") == [
        [connection[0][0], []]
    ]
    eraser.close()


def server_form(text: str) -> str:
    """Return a JSON text as the server prints it: shorter keys first."""
    value = json.loads(text)
    return json.dumps(
        {key: value[key] for key in sorted(value, key=lambda key: (len(key), key))}, ensure_ascii=False
    )


def test_partitions_are_emptied_one_by_one(server: Server) -> None:
    """No row moves to another partition."""
    name = next(_names)
    server.execute(
        "postgres",
        f"CREATE TABLE {name} (id int, face vector(512)) PARTITION BY RANGE (id)",
        f"CREATE TABLE {name}a PARTITION OF {name} FOR VALUES FROM (0) TO (10)",
        f"CREATE TABLE {name}b PARTITION OF {name} FOR VALUES FROM (10) TO (99)",
        *(f"INSERT INTO {name} VALUES ({at}, '[{numbers}]')" for at, numbers in enumerate(NUMBERS)),
    )
    eraser = eraser_of(server, name, "face")
    assert eraser.empty(nothing, KEY) == len(VECTORS)
    assert ask(server, f"SELECT count(*)::int, count(face)::int FROM {name}a") == [[10, 0]]
    assert ask(server, f"SELECT count(*)::int, count(face)::int FROM {name}b") == [[10, 0]]
    eraser.close()


def test_a_lost_connection_takes_the_batch_back(server: Server) -> None:
    """Nothing is repeated outside of its transaction; another session finishes."""
    table = gallery(server)

    def cut(word: str) -> None:
        if word == "commit":
            server.execute(
                "postgres",
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'efface'"
                " AND state = 'idle in transaction'",
            )

    eraser = eraser_of(server, table, "face", step=cut)
    with pytest.raises(AccessError, match="connection was lost"):
        eraser.empty(nothing, KEY)
    eraser.close()
    assert ask(server, f"SELECT count(face)::int FROM {table}") == [[len(VECTORS)]]
    again = eraser_of(server, table, "face")
    assert again.empty(nothing, KEY) == len(VECTORS)
    again.close()


def test_a_row_that_somebody_changes_meanwhile_is_read_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another program wrote in between is kept."""
    table = gallery(server)
    eraser = eraser_of(server, table, "face")
    update, done = eraser._update, []

    def late(leaf: Any, changed: Any) -> str:
        if not done:
            done.append(1)
            server.execute("postgres", f"UPDATE {table} SET note = 'new' WHERE id = 3")
        return update(leaf, changed)

    monkeypatch.setattr(eraser, "_update", late)
    assert eraser.empty(nothing, KEY) == len(VECTORS)
    assert ask(server, f"SELECT count(face)::int FROM {table}") == [[0]]
    assert ask(server, f"SELECT note FROM {table} WHERE id = 3") == [["new"]]
    eraser.close()


def test_a_batch_that_changes_another_column_is_taken_back(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were a trigger missed, its change would be seen before the commit."""
    table = gallery(server)
    server.execute(
        "postgres",
        "CREATE OR REPLACE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN NEW.note = 'meddled'; RETURN NEW; END $$",
        f"CREATE TRIGGER meddle BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION meddle()",
    )
    monkeypatch.setattr(postgres_erase, "triggers_of", lambda *_: {})
    eraser = eraser_of(server, table, "face")
    with pytest.raises(RemovalError, match="taken back"):
        eraser.empty(nothing, KEY)
    assert ask(
        server, f"SELECT count(face)::int, count(*) FILTER (WHERE note = 'stays')::int FROM {table}"
    ) == [[len(VECTORS), len(VECTORS)]]
    eraser.close()


def test_a_locked_table_is_given_up_in_time(server: Server) -> None:
    """Neither the removal nor other programs wait for ever."""
    table = gallery(server)
    eraser = eraser_of(server, table, "face", session=Session(statement_seconds=1.0))
    holder = server.connect("postgres")
    holder.autocommit = False
    holder.cursor().execute(f"SELECT * FROM {table} FOR UPDATE")
    try:
        with pytest.raises(LimitExceededError, match=r"55P03|57014"):
            eraser.empty(nothing, KEY)
    finally:
        holder.rollback()
        holder.close()
        eraser.close()
    assert ask(server, f"SELECT count(face)::int FROM {table}") == [[len(VECTORS)]]


def test_an_update_leaves_the_values_in_the_files_and_writing_anew_does_not(server: Server) -> None:
    """All pieces show before; all still after the update; none after the table is written anew."""
    table = gallery(server)
    eraser = eraser_of(server, table, "face")
    fragments = KeyedFragments()
    eraser.survey(nothing, KEY, fragments)
    eraser.flush()
    assert fragments.found_in(eraser.files()) == len(fragments) > 0
    eraser.empty(nothing, KEY)
    eraser.flush()
    assert fragments.found_in(eraser.files()) == len(fragments)
    assert eraser.clean() == {Cleaning.REWRITE, Cleaning.STATISTICS, Cleaning.CHECKPOINT}
    assert fragments.found_in(eraser.files()) == 0
    eraser.close()


def test_a_planted_leftover_is_found_in_the_files(server: Server) -> None:
    """A slice of one value in another column, too short for a scan to look at."""
    table = gallery(server)
    whole = VECTORS[7].astype("<f4").tobytes()
    server.execute(
        "postgres",
        f"ALTER TABLE {table} ADD scrap bytea",
        f"UPDATE {table} SET scrap = '\\x{whole[400:450].hex()}' WHERE id = 2",
    )
    eraser = eraser_of(server, table, "face")
    fragments = KeyedFragments()
    eraser.survey(nothing, KEY, fragments)
    eraser.empty(nothing, KEY)
    eraser.clean()
    assert fragments.found_in(eraser.files()) == 1
    eraser.close()


def test_a_table_is_not_called_rewritten_while_an_old_snapshot_keeps_its_rows(server: Server) -> None:
    """The server would carry the old rows over into the new files."""
    table = gallery(server)
    eraser = eraser_of(server, table, "face")
    looker = server.connect("postgres")
    looker.autocommit = False
    looker.cursor().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    looker.cursor().execute("SELECT 1")
    try:
        eraser.empty(nothing, KEY)
        assert Cleaning.REWRITE not in eraser.clean()
    finally:
        looker.rollback()
        looker.close()
    assert Cleaning.REWRITE in eraser.clean()
    eraser.close()


def test_files_of_another_server_are_not_searched(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of the same name on this machine proves nothing about a server elsewhere."""
    table = gallery(server)
    eraser = eraser_of(server, table, "face")
    assert eraser.files()
    monkeypatch.setattr(postgres_erase, "_is_of", lambda *_: False)
    assert eraser.files() == []
    eraser.close()


REFUSED = {
    "a column that is gone": ("face vector(512)", "nose", "no such column"),
    "a computed column": (
        "face text, other text GENERATED ALWAYS AS (face || 'x') STORED",
        "other",
        "computed",
    ),
    "an array of texts": ("face text, other text[]", "other", "one by one"),
    "a number": ("face text, other int", "other", "one by one"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_column_that_cannot_be_emptied_is_refused(server: Server, case: str) -> None:
    """With the reason, before anything is read."""
    columns, column, words = REFUSED[case]
    name = next(_names)
    server.execute("postgres", f"CREATE TABLE {name} (id int, {columns})")
    with pytest.raises(RemovalError, match=words):
        eraser_of(server, name, column)


BLOCKED = {
    "a materialised view": ("CREATE MATERIALIZED VIEW {v} AS SELECT * FROM {t}", "materialised view"),
    "a column of the key": (
        "DELETE FROM {t}; ALTER TABLE {t} DROP CONSTRAINT {t}_pkey, ADD PRIMARY KEY (face)",
        "part of the key",
    ),
}


@pytest.mark.parametrize("case", BLOCKED)
def test_a_table_that_cannot_be_emptied_is_refused(server: Server, case: str) -> None:
    """With the reason, in the outlook."""
    statement, words = BLOCKED[case]
    table = gallery(server, "face text", "'{}'")
    server.execute("postgres", *statement.format(t=table, v=f"v{table}").split("; "))
    eraser = eraser_of(server, f"v{table}" if "VIEW" in statement else table, "face")
    assert words in eraser.outlook().refusal
    eraser.close()
