"""A real PostgreSQL with pgvector: types, draws, ranges, partitions, refusals, broken connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from efface.engines import postgres, postgres_catalog
from efface.engines.database import Rows, Session
from efface.engines.postgres import PostgresReader
from efface.engines.postgres_session import PostgresSession
from efface.errors import AccessError, LimitExceededError
from efface.model import Block, Column, Gap, GapReason, Limits, Mode, Part, Sampling
from efface.sources.database import Database, close_all
from efface.sources.database_url import parse_address
from efface.testing.servers import Server, postgres_missing, postgresql, require
from efface.testing.stores import face_vectors

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = "ab" * 40
VECTOR = [round(value, 6) for value in face_vectors(1, 64)[0].tolist()]
NUMBERS = ",".join(map(str, VECTOR))

TYPES = {
    "text": ("text", f"'{LONG}'", [LONG]),
    "a long varchar": ("varchar(300)", f"'{LONG}'", [LONG]),
    "bytea": ("bytea", f"'{LONG}'", [LONG.encode()]),
    "a domain over bytea": ("photo", f"'{LONG}'", [LONG.encode()]),
    "a domain over a domain": ("portrait", f"'{LONG}'", [LONG.encode()]),
    "json": ("json", f"""'{{"a":"{LONG}"}}'""", [f'{{"a":"{LONG}"}}']),
    "jsonb": ("jsonb", f"""'{{"a":"{LONG}"}}'""", [f'{{"a": "{LONG}"}}']),
    "hstore": ("hstore", f"'a=>{LONG}'", [f'{{"a": "{LONG}"}}']),
    "a composite": ("person", f"ROW('{LONG}', 1)", [f'{{"name":"{LONG}","age":1}}']),
    "an array of text": ("text[]", f"ARRAY['{LONG}','short','{LONG}']", [LONG, LONG]),
    "an array of bytea": ("bytea[]", f"ARRAY['{LONG}'::bytea]", [LONG.encode()]),
    "an array of composites": (
        "person[]",
        f"ARRAY[ROW('{LONG}',1)::person]",
        [f'[{{"name":"{LONG}","age":1}}]'],
    ),
    "vectors in two dimensions": (
        "float8[]",
        f"ARRAY[[{NUMBERS}],[{NUMBERS}]]",
        [f"[[{NUMBERS}],[{NUMBERS}]]"],
    ),
    "an array of small integers": ("int2[]", f"ARRAY[{','.join(['7'] * 64)}]", [f"[{','.join(['7'] * 64)}]"]),
    "a cube": ("cube", f"cube(ARRAY[{NUMBERS}])", None),
    "a short text": ("text", "'short'", []),
    "a digest": ("text", f"'{'0f' * 16}'", []),
}

BLOCKS = {
    "float4[]": ("float4[]", f"ARRAY[{NUMBERS}]", "<f4"),
    "float8[]": ("float8[]", f"ARRAY[{NUMBERS}]", "<f8"),
    "numeric[]": ("numeric[]", f"ARRAY[{NUMBERS}]", "<f8"),
    "a domain over float8[]": ("embedding", f"ARRAY[{NUMBERS}]", "<f8"),
    "a vector of pgvector": ("vector", f"'[{NUMBERS}]'", ">f4"),
    "half a vector": ("halfvec", f"'[{NUMBERS}]'", ">f4"),
    "a sparse vector": ("sparsevec", f"'[{NUMBERS}]'::vector::sparsevec", ">f4"),
}

SKIPPED = (
    *("bool", "int8", "float8", "numeric", "date", "timestamptz", "interval", "uuid", "inet", "varchar(36)"),
    *("char(32)", "mood", "int4range", "tsvector", "bit(8)", "mood[]", "uuid[]", "oid", "money"),
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server with the extensions and types of the tables."""
    require(postgres_missing())
    with postgresql(log_statement="all") as running:
        running.execute(
            "postgres",
            *(f"CREATE EXTENSION {name}" for name in ("vector", "hstore", "cube", "file_fdw")),
            "CREATE TYPE person AS (name text, age int)",
            "CREATE TYPE mood AS ENUM ('calm')",
            "CREATE DOMAIN photo AS bytea",
            "CREATE DOMAIN portrait AS photo",
            "CREATE DOMAIN embedding AS float8[]",
            "CREATE ROLE reader LOGIN PASSWORD 'reader'",
        )
        yield running
    close_all()


@pytest.fixture(autouse=True)
def _environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    yield
    close_all()
    server.execute("postgres", "DROP SCHEMA IF EXISTS t CASCADE")


def make(server: Server, *statements: str) -> None:
    """Run statements in a schema of the test's own."""
    server.execute("postgres", "CREATE SCHEMA IF NOT EXISTS t", *statements)


def parts(server: Server, mode: Mode = Mode.STANDARD, limits: Limits | None = None) -> dict[str, Any]:
    """Return what lies at every place: cells and blocks of columns, content of parts, gaps, samplings."""
    found: dict[str, Any] = {}
    limits = limits or Limits()
    for unit in Database().units_in(server.target("postgres"), mode, limits):
        if isinstance(unit, Gap):
            found[unit.locator.fragment or ""] = unit
            continue
        for part in Database().open(unit, limits).parts():
            if isinstance(part, Column):
                cells, blocks = found.setdefault(str(part.locator.fragment), ([], []))
                cells.extend(part.cells())
                blocks.extend(part.blocks() if part.blocks else ())
            elif isinstance(part, Part):
                found[part.locator.path[1]] = part.payload
            else:
                found[f"{type(part).__name__} {part.locator.fragment or part.locator.path[1]}"] = part
    return found


def reader(server: Server, **bounds: Any) -> PostgresReader:
    """Return a session of the administrator's, of which nothing but the session itself keeps it from writing."""
    from dataclasses import replace

    login = replace(
        parse_address(server.target("postgres")).login, user=server.user, password=server.password
    )
    return PostgresReader(login, Session(**bounds))


def numbers(block: Block) -> Any:
    return np.frombuffer(block.data, block.dtype).reshape(-1, block.dimension)


@pytest.mark.parametrize("case", TYPES)
def test_a_type_that_can_hold_something_is_read(server: Server, case: str) -> None:
    """Values come as text or bytes; what is too short to hold anything stays in the database."""
    kind, value, expected = TYPES[case]
    make(server, f"CREATE TABLE t.x (v {kind})", f"INSERT INTO t.x VALUES ({value}), (NULL)")
    cells, blocks = parts(server)["/t.x/v"]
    assert not blocks
    if expected is None:
        assert cells[0].count(",") == 63
    else:
        assert cells == expected


@pytest.mark.parametrize("case", BLOCKS)
def test_vectors_come_in_blocks(server: Server, case: str) -> None:
    """Numbers arrive as they are stored, rows of one dimension together, nulls left out."""
    kind, value, dtype = BLOCKS[case]
    make(server, f"CREATE TABLE t.x (v {kind})", f"INSERT INTO t.x SELECT {value} FROM generate_series(1, 3)")
    make(server, "INSERT INTO t.x VALUES (NULL)")
    cells, blocks = parts(server)["/t.x/v"]
    assert not cells
    assert [(block.dimension, block.dtype) for block in blocks] == [(64, dtype)]
    assert np.allclose(numbers(blocks[0]), [VECTOR] * 3, atol=1e-3)


def test_values_of_the_other_fields_lie_beside_a_column(server: Server) -> None:
    """Who judges vectors may look at what stands beside them in the same rows, and the reading goes on after it."""
    make(
        server,
        f"CREATE TABLE t.p AS SELECT n, repeat('{LONG}', n)::bytea AS pic, ARRAY[{NUMBERS}]::float4[] AS v"
        " FROM generate_series(1, 30) AS n",
    )
    unit = next(each for each in Database().units(server.target("postgres")) if not isinstance(each, Gap))
    columns = [each for each in Database().open(unit, Limits()).parts() if isinstance(each, Column)]
    (vectors,) = (each for each in columns if each.blocks is not None)
    assert vectors.beside is not None
    beside = list(vectors.beside())
    assert len(beside) == 16
    assert all(isinstance(value, bytes) and value.startswith(LONG.encode()) for value in beside)
    assert vectors.blocks is not None
    assert sum(len(numbers(block)) for block in vectors.blocks()) == 30


def test_dimensions_are_told_apart(server: Server) -> None:
    """A column of several networks gives a block for each dimension."""
    make(
        server,
        "CREATE TABLE t.x (v vector, a float4[])",
        "INSERT INTO t.x VALUES ('[1,2]', '{1,2}'), ('[3]', '{3}'), ('[4,5]', '{4,5}'), (NULL, '{}')",
        "INSERT INTO t.x VALUES ('[6,7]', '{6,NULL}')",
    )
    found = parts(server)
    assert [numbers(block).tolist() for block in found["/t.x/v"][1]] == [[[3]], [[1, 2], [4, 5], [6, 7]]]
    single, double = (numbers(block) for block in found["/t.x/a"][1])
    assert single.tolist() == [[3]]
    assert np.isnan(double[2][1])
    assert double[:2].tolist() == [[1, 2], [4, 5]]


def test_a_type_too_small_is_not_read_and_says_why(server: Server) -> None:
    """Numbers, dates, short texts and the like: a reason for each, and no column."""
    columns = ", ".join(f"c{number} {kind}" for number, kind in enumerate(SKIPPED))
    make(server, f"CREATE TABLE t.x ({columns})", "INSERT INTO t.x DEFAULT VALUES")
    assert parts(server) == {}
    session = reader(server)
    assert all(field.skipped for field in session.fields("t", "x"))
    session.close()


def test_every_schema_partition_and_materialised_view_is_read_and_data_counts_once(server: Server) -> None:
    """Partitions are read under their table's name; a plain view, which holds nothing, is not read."""
    make(
        server,
        'CREATE TABLE t."p/x.y" (k int, v text) PARTITION BY LIST (k)',
        'CREATE TABLE t.p1 PARTITION OF t."p/x.y" FOR VALUES IN (1)',
        'CREATE TABLE t.p2 PARTITION OF t."p/x.y" FOR VALUES IN (2) PARTITION BY LIST (v)',
        "CREATE TABLE t.p3 PARTITION OF t.p2 DEFAULT",
        f"""INSERT INTO t."p/x.y" VALUES (1, '{LONG}'), (2, '{LONG}')""",
        "CREATE TABLE t.parent (v text)",
        "CREATE TABLE t.child () INHERITS (t.parent)",
        f"INSERT INTO t.parent VALUES ('{LONG}')",
        f"INSERT INTO t.child VALUES ('{LONG}')",
        "CREATE VIEW t.plain AS SELECT * FROM t.parent",
        "CREATE MATERIALIZED VIEW t.kept AS SELECT * FROM t.parent",
        "CREATE TABLE t.empty (v text)",
    )
    for mode in (Mode.STANDARD, Mode.THOROUGH):
        found = {place: len(cells) for place, (cells, _) in parts(server, mode).items()}
        assert found == {
            "/t.p~1x~2y/v": 2, "/t.parent/v": 1, "/t.child/v": 1, "/t.kept/v": 2, "/t.empty/v": 0,
        }  # fmt: skip


def test_a_draw_is_random_of_its_size_and_says_the_total(server: Server) -> None:
    """Ten draws of 20 rows out of 2,000 in two partitions do not give the same rows."""
    make(
        server,
        "CREATE TABLE t.x (k int, v text) PARTITION BY LIST (k)",
        "CREATE TABLE t.x0 PARTITION OF t.x FOR VALUES IN (0)",
        "CREATE TABLE t.x1 PARTITION OF t.x FOR VALUES IN (1)",
        f"INSERT INTO t.x SELECT i % 2, i || '{LONG}' FROM generate_series(1, 2000) i",
    )
    limits, seen = Limits(cells=20), set()
    for _ in range(10):
        (unit,) = Database().units_in(server.target("postgres"), Mode.STANDARD, limits)
        (column,) = Database().open(unit, limits).parts()
        cells = list(column.cells())
        assert list(column.cells()) == cells
        assert len(set(cells)) == len(cells) == column.drawn
        assert column.drawn <= 20
        assert column.rows == 2000
        seen |= set(cells)
    assert len(seen) > 60


def test_a_large_table_is_drawn_by_pages_first(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the number of rows is an estimate, and the draw stays within its size."""
    make(
        server,
        "CREATE TABLE t.x (v text)",
        f"INSERT INTO t.x SELECT i || '{LONG}' FROM generate_series(1, 20000) i",
    )
    monkeypatch.setattr(postgres, "_WHOLE_DRAW_BYTES", 1 << 20)
    session = reader(server)
    draw = session.choose("t", "x", Rows(drawn=100))
    assert draw.total is not None
    assert draw.drawn is not None
    assert 10_000 < draw.total < 40_000
    assert 20 < draw.drawn <= 100
    session.close()


def test_ranges_cover_every_row_once(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a thorough scan the ranges of a table touch, do not overlap, and the last has no end."""
    make(
        server,
        "CREATE TABLE t.x (v text)",
        f"INSERT INTO t.x SELECT i || '{LONG}' FROM generate_series(1, 3000) i",
    )
    monkeypatch.setattr(postgres_catalog, "_RANGE_BYTES", 64 << 10)
    monkeypatch.setattr(postgres, "_CHUNK_BYTES", 4 << 10)
    units = [
        str(unit.uri) for unit in Database().units_in(server.target("postgres"), Mode.THOROUGH, Limits())
    ]
    assert len(units) > 4
    assert units[-1].endswith(",")
    cells, _ = parts(server, Mode.THOROUGH)["/t.x/v"]
    assert len(cells) == len(set(cells)) == 3000


def test_large_objects_are_parts_read_in_pieces(server: Server) -> None:
    """Each is an artefact of its own, sought and read without fetching the whole."""
    data = bytes(range(256)) * 9_000
    server.execute("postgres", f"SELECT lo_from_bytea(77001, '\\x{data.hex()}')")
    payload = parts(server)["pg_largeobject/77001"]
    assert payload.size_bytes == len(data)
    assert payload.head(10) == data[:10]
    assert payload.read() == data
    with payload.open() as stream:
        assert stream.seek(-5, 2) == len(data) - 5
        assert stream.read() == data[-5:]
    tight = parts(server, limits=Limits(artefact_bytes=100))["pg_largeobject/77001"]
    with pytest.raises(LimitExceededError):
        tight.read()
    drawn = parts(server, limits=Limits(cells=1))
    server.execute("postgres", "SELECT lo_unlink(77001)")
    assert "Sampling pg_largeobject" not in drawn


def test_a_foreign_table_is_read_from_its_start_and_claims_no_chance(server: Server) -> None:
    """Nothing can be drawn from what lies elsewhere; one that does not answer is a gap."""
    make(
        server,
        "CREATE SERVER IF NOT EXISTS files FOREIGN DATA WRAPPER file_fdw",
        f"CREATE FOREIGN TABLE t.far (v text) SERVER files OPTIONS (program 'yes {LONG} | head -50')",
        "CREATE FOREIGN TABLE t.gone (v text) SERVER files OPTIONS (filename '/nonexistent')",
    )
    found = parts(server, limits=Limits(cells=20))
    assert len(found["/t.far/v"][0]) == 20
    sampling = found["Sampling /t.far/v"]
    assert isinstance(sampling, Sampling)
    assert not sampling.is_random
    assert isinstance(found["Gap /t.gone/v"], Gap)
    assert len(parts(server, Mode.THOROUGH)["/t.far/v"][0]) == 50


def test_a_value_larger_than_a_run_reads_is_a_gap_and_the_others_are_read(server: Server) -> None:
    """It is not fetched at all."""
    make(
        server, "CREATE TABLE t.x (v bytea)", f"INSERT INTO t.x VALUES ('{LONG}'), (repeat('x', 500)::bytea)"
    )
    found = parts(server, limits=Limits(artefact_bytes=200))
    assert found["/t.x/v"][0] == [LONG.encode()]
    assert found["Gap /t.x/v"].reason is GapReason.OVER_LIMIT


def test_what_is_denied_is_a_gap_and_the_rest_goes_on(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table, a schema, a column; a partition is read through its table where only that is granted."""
    make(
        server,
        "CREATE TABLE t.closed (v text)",
        "CREATE TABLE t.half (open text, closed text)",
        "CREATE TABLE t.whole (k int, v text) PARTITION BY LIST (k)",
        "CREATE TABLE t.leaf PARTITION OF t.whole DEFAULT",
        f"INSERT INTO t.whole SELECT i, i || '{LONG}' FROM generate_series(1, 400) i",
        f"INSERT INTO t.half VALUES ('{LONG}', '{LONG}')",
        "GRANT USAGE ON SCHEMA t TO reader",
        "GRANT SELECT ON t.whole TO reader",
        "GRANT SELECT (open) ON t.half TO reader",
    )
    monkeypatch.setenv("PGUSER", "reader")
    monkeypatch.setenv("PGPASSWORD", "reader")
    found = parts(server, Mode.THOROUGH)
    assert "permission denied" in found["/t.closed"].detail
    assert "permission denied" in found["Gap /t.half/closed"].detail
    assert len(found["/t.whole/v"][0]) == 400
    drawn = parts(server, limits=Limits(cells=20))
    assert 0 < len(drawn["/t.whole/v"][0]) <= 20


def test_a_grant_changes_the_stamp(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a table that was denied is looked at once it is not."""
    make(
        server,
        "CREATE TABLE t.x (v text)",
        "GRANT USAGE ON SCHEMA t TO reader",
        "GRANT SELECT ON t.x TO reader",
    )
    monkeypatch.setenv("PGUSER", "reader")
    monkeypatch.setenv("PGPASSWORD", "reader")
    (before,) = Database().units(server.target("postgres"))
    server.execute("postgres", "REVOKE SELECT ON t.x FROM reader", "GRANT SELECT (v) ON t.x TO reader")
    server.execute("postgres", "ALTER TABLE t.x ADD face_feature text")
    (after,) = Database().units(server.target("postgres"))
    assert before.stamp != after.stamp


def test_the_session_cannot_write(server: Server) -> None:
    """Neither by a statement nor by a function of a user."""
    make(
        server,
        "CREATE TABLE t.x (v text)",
        "CREATE FUNCTION t.writes() RETURNS text LANGUAGE sql VOLATILE AS"
        " $$ INSERT INTO t.x VALUES ('written') RETURNING v $$",
    )
    session = reader(server)
    for statement in ("SELECT t.writes()", "INSERT INTO t.x VALUES ('geheim')", "SELECT setval('t.s', 1)"):
        with pytest.raises(AccessError) as caught:
            session._session.rows(statement)
        assert "geheim" not in str(caught.value)
    session.close()
    connection = server.connect("postgres")
    cursor = connection.cursor()
    cursor.execute("SELECT count(*) FROM t.x")
    assert list(cursor.fetchone()) == [0]
    connection.close()


def test_a_statement_that_takes_too_long_is_a_gap_of_time(server: Server) -> None:
    """What was seen until then counts, and the next column is read."""
    make(
        server,
        "CREATE TABLE t.x (slow text, quick text)",
        f"INSERT INTO t.x VALUES ('{LONG}', '{LONG}')",
        "CREATE FUNCTION t.sleeps(text) RETURNS bool LANGUAGE sql AS"
        " $$ SELECT pg_catalog.pg_sleep(9) IS NOT NULL $$",
    )
    session = reader(server, statement_seconds=0.2)
    with pytest.raises(LimitExceededError, match="57014"):
        session._session.rows("SELECT t.sleeps('x')")
    assert session._session.rows("SELECT 1 AS one") == [{"one": 1}]
    session.close()


def test_a_locked_table_is_a_gap_of_time_and_the_rest_goes_on(server: Server) -> None:
    """Somebody alters a table for long: the scan does not wait for it for ever, nor stand in the way."""
    make(
        server,
        "CREATE TABLE t.busy (v text)",
        "CREATE TABLE t.x (v text)",
        f"INSERT INTO t.x VALUES ('{LONG}')",
    )
    holder = server.connect("postgres")
    holder.autocommit = False
    holder.cursor().execute("LOCK TABLE t.busy IN ACCESS EXCLUSIVE MODE")
    found = parts(server, limits=Limits(artefact_seconds=1.0))
    holder.rollback()
    holder.close()
    assert {gap.reason for gap in found.values() if isinstance(gap, Gap)} == {GapReason.TIMEOUT}
    assert found["/t.x/v"][0] == [LONG]


def test_a_connection_that_is_cut_is_made_again(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The statement is repeated, and no row is missed or comes twice."""
    make(
        server,
        "CREATE TABLE t.x (v text)",
        f"INSERT INTO t.x SELECT i || '{LONG}' FROM generate_series(1, 3000) i",
    )
    monkeypatch.setattr(postgres, "_CHUNK_BYTES", 64 << 10)
    (unit,) = Database().units_in(server.target("postgres"), Mode.THOROUGH, Limits())
    (column,) = Database().open(unit, Limits()).parts()
    cells = []
    for number, cell in enumerate(column.cells()):
        cells.append(cell)
        if number == 1000:
            kill(server)
    assert len(cells) == len(set(cells)) == 3000


def test_a_server_that_cuts_every_connection_is_given_up(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After one more try the column is a gap, and the next thing that is asked for gets a new connection."""
    make(server, "CREATE TABLE t.x (v text)", f"INSERT INTO t.x VALUES ('{LONG}')")
    (unit,) = Database().units(server.target("postgres"))
    monkeypatch.setattr("efface.engines.postgres_session._BACK_OFF_S", 0.0)
    plain = PostgresSession._open

    def cut(self: PostgresSession) -> Any:
        connection = plain(self)
        if is_cut:
            kill(server)
        return connection

    monkeypatch.setattr(PostgresSession, "_open", cut)
    is_cut, told = False, []
    for part in Database().open(unit, Limits()).parts():
        is_cut = True
        told += [part] if isinstance(part, Gap) else list(part.cells())
        is_cut = False
    assert ["lost" in gap.detail for gap in told] == [True]
    assert parts(server)["/t.x/v"][0] == [LONG]


def kill(server: Server) -> None:
    """End the scan's own sessions on the server, and wait until they have ended."""
    query = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'efface'"
    server.execute("postgres", query)


def test_a_stamp_stays_while_nothing_changes_and_goes_with_any_change(server: Server) -> None:
    """Rows, columns, rewritten files; a vacuum or an analysis is no change."""
    make(server, "CREATE TABLE t.x (v text)", f"INSERT INTO t.x VALUES ('{LONG}')")

    def stamp() -> str:
        (unit,) = Database().units(server.target("postgres"))
        assert not isinstance(unit, Gap)
        return unit.stamp

    seen = [stamp()]
    server.execute("postgres", "ANALYZE t.x")
    server.execute("postgres", "VACUUM t.x")
    assert stamp() == seen[0]
    for change in (
        "UPDATE t.x SET v = v",
        "ALTER TABLE t.x RENAME v TO face",
        "TRUNCATE t.x",
        "DELETE FROM t.x",
    ):
        server.execute("postgres", change)
        seen.append(stamp())
        server.execute("postgres", f"INSERT INTO t.x VALUES ('{LONG}')")
    assert len(set(seen)) == len(seen)


def test_without_counters_a_stamp_never_comes_again(server: Server) -> None:
    """Where the server does not count changes, every scan looks again."""
    make(server, "CREATE TABLE t.x (v text)")
    server.execute("postgres", "ALTER DATABASE postgres SET track_counts = off")
    stamps = {unit.stamp for _ in range(2) for unit in Database().units(server.target("postgres"))}
    server.execute("postgres", "ALTER DATABASE postgres RESET track_counts")
    assert len(stamps) == 2


def test_damaged_text_does_not_stop_the_reading(server: Server) -> None:
    """In a database without an encoding a text may be anything."""
    server.execute(
        "postgres", "DROP DATABASE IF EXISTS raw", "CREATE DATABASE raw ENCODING SQL_ASCII TEMPLATE template0"
    )
    server.execute("raw", "CREATE TABLE x (v text)")
    server.execute("raw", f"INSERT INTO x VALUES (convert_from('\\xfffe'::bytea || '{LONG}', 'SQL_ASCII'))")
    (unit,) = Database().units(server.target("raw"))
    assert not isinstance(unit, Gap)
    (column,) = Database().open(unit, Limits()).parts()
    assert isinstance(column, Column)
    assert next(column.cells()) == "\udcff\udcfe" + LONG


def test_a_unit_of_another_place_cannot_be_opened(server: Server) -> None:
    """Only what was named as a target can be got into."""
    from efface.model import Unit

    unit = Unit("postgresql://elsewhere:5432/x#/t.x", 0, "", "database")
    with pytest.raises(AccessError):
        Database().open(unit, Limits())
