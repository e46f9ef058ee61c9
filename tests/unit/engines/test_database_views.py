"""Views of real servers: listed, read only where what they show is not, and named beside what they show."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from efface.engines import database_dialects
from efface.model import Column, Gap, GapReason, Limits, Mode, Sampling
from efface.sources.database import Database, close_all
from efface.testing.servers import Server, mariadb, mariadb_missing, postgres_missing, postgresql, require

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONG = "ab" * 40


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL with a user who may read some of it."""
    require(postgres_missing())
    with postgresql() as running:
        running.execute(
            "postgres", "CREATE ROLE reader LOGIN PASSWORD 'reader'", "CREATE EXTENSION pg_stat_statements"
        )
        yield running


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture
def make(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Run statements in a schema of the test's own, which the reader may enter."""
    monkeypatch.setenv("PGUSER", "reader")
    monkeypatch.setenv("PGPASSWORD", "reader")

    def made(*statements: str) -> str:
        start = ("CREATE SCHEMA t", "GRANT USAGE ON SCHEMA t TO reader", "SET search_path = t")
        server.execute("postgres", *start, *statements)
        return server.target("postgres")

    yield made
    server.execute("postgres", "DROP SCHEMA t CASCADE")


def seen(target: str, mode: Mode = Mode.STANDARD, limits: Limits | None = None) -> dict[str, Any]:
    """Return gaps, values and clues by place, and all places that are listed."""
    limits = limits or Limits()
    found: dict[str, Any] = {"listed": []}
    for unit in Database().units_in(target, mode, limits):
        if isinstance(unit, Gap):
            found[f"gap {unit.locator.fragment}"] = unit
            continue
        found["listed"].append(unit.uri.partition("#")[2])
        for part in Database().open(unit, limits).parts():
            place = part.locator.fragment
            if isinstance(part, Column):
                found[place] = list(part.cells()), {clue.name: clue.value for clue in part.clues}
            else:
                found[f"{'gap' if isinstance(part, Gap) else 'sampling'} {place}"] = part
    return found


@pytest.mark.parametrize("mode", Mode)
def test_a_view_of_tables_that_are_read_is_listed_and_not_read(make: Any, mode: Mode) -> None:
    """Each column says in which views it is shown, also through others; a materialised view stores what it shows."""
    target = make(
        "CREATE TABLE faces (face text, note text)",
        f"INSERT INTO faces VALUES ('{LONG}', '{LONG}')",
        "CREATE VIEW v AS SELECT face FROM faces",
        "CREATE VIEW w AS SELECT v.face || '' AS f FROM v",
        "CREATE MATERIALIZED VIEW kept AS SELECT f FROM w",
        "GRANT SELECT ON ALL TABLES IN SCHEMA t TO reader",
    )
    found = seen(target, mode)
    assert {"/t.v;view", "/t.w;view"} <= set(found["listed"])
    assert found["/t.faces/face"] == ([LONG], {"shown_in": "t.kept, t.v, t.w"})
    assert found["/t.faces/note"] == ([LONG], {})
    assert found["/t.kept/f"] == ([LONG], {})
    assert not {"/t.v/face", "/t.w/f"} & found.keys()


def test_a_view_of_a_partitioned_table_or_of_one_partition_is_told(make: Any) -> None:
    """Under the table's name, as everything in partitions is."""
    target = make(
        "CREATE TABLE p (k int, face text) PARTITION BY LIST (k)",
        "CREATE TABLE p1 PARTITION OF p DEFAULT",
        f"INSERT INTO p VALUES (1, '{LONG}')",
        "CREATE VIEW whole AS SELECT face FROM p",
        "CREATE VIEW leaf AS SELECT face FROM p1",
        "GRANT SELECT ON ALL TABLES IN SCHEMA t TO reader",
    )
    assert seen(target)["/t.p/face"] == ([LONG], {"shown_in": "t.leaf, t.whole"})


ELSEWHERE = {
    "a table that is denied": "SELECT face FROM faces",
    "one through a view that is denied": "SELECT f AS face FROM inner_view",
    "a table of which a column is denied": "SELECT b AS face FROM half",
    "one that is read and one that is not": "SELECT f.face FROM faces f, open o",
    "no table": f"SELECT '{LONG}'::text AS face FROM generate_series(1, 500)",
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_a_view_of_what_is_not_read_is_read_by_its_first_rows(make: Any, case: str) -> None:
    """Its columns are marked, and nothing claims that all of it was looked at, in any mode."""
    target = make(
        "CREATE TABLE faces (face text)",
        "CREATE TABLE half (a text, b text)",
        "CREATE TABLE open (x int)",
        f"INSERT INTO faces SELECT '{LONG}' FROM generate_series(1, 500)",
        f"INSERT INTO half SELECT '{LONG}', '{LONG}' FROM generate_series(1, 500)",
        "INSERT INTO open VALUES (1)",
        "CREATE VIEW inner_view AS SELECT face AS f FROM faces",
        f"CREATE VIEW v AS {ELSEWHERE[case]}",
        "GRANT SELECT ON v, open TO reader",
        "GRANT SELECT (a) ON half TO reader",
    )
    for mode in (Mode.FAST, Mode.THOROUGH):
        found = seen(target, mode)
        cells, clues = found["/t.v/face"]
        assert cells == [LONG] * 100
        assert "view" in clues
        sampling = found["sampling /t.v/face"]
        assert isinstance(sampling, Sampling)
        assert (sampling.looked_at, sampling.total, sampling.is_random) == (100, None, False)
    if case == "one through a view that is denied":
        assert clues == {"view": "t.faces"}


RUNS = {
    "of its own": "SELECT secret() AS face",
    "over what is denied": "SELECT secret() || face AS face FROM faces",
    "in a view below": "SELECT face FROM calls",
    "in a domain": "SELECT 'x'::checked AS face",
    "in an array of a domain": "SELECT '{x}'::checked[]::text AS face",
    "in an operator": "SELECT face, face OPERATOR(t.~#) face AS x FROM faces",
    "in the security of rows": "SELECT face FROM guarded",
    "in the security of rows, of a table that is read without the rows held back": "SELECT face FROM partly",
}


@pytest.mark.parametrize("case", RUNS)
def test_a_function_of_a_user_is_never_run(make: Any, case: str) -> None:
    """It would run with the rights of the user that scans: the view is a gap instead."""
    target = make(
        "CREATE TABLE faces (face text)",
        "CREATE TABLE guarded (face text)",
        "CREATE TABLE partly (face text)",
        "ALTER TABLE guarded ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE partly ENABLE ROW LEVEL SECURITY",
        f"CREATE FUNCTION secret() RETURNS text LANGUAGE sql AS $$ SELECT '{LONG}' $$",
        "CREATE FUNCTION plus(text, text) RETURNS text LANGUAGE sql AS $$ SELECT $1 $$",
        "CREATE OPERATOR ~# (LEFTARG = text, RIGHTARG = text, FUNCTION = plus)",
        "CREATE DOMAIN checked AS text CHECK (secret() <> value)",
        "CREATE VIEW calls AS SELECT secret() AS face",
        f"CREATE VIEW v AS {RUNS[case]}",
        "GRANT SELECT ON v, partly TO reader",
    )
    found = seen(target)
    assert "runs functions" in found["gap /t.v"].detail
    assert found["gap /t.v"].reason is GapReason.UNREADABLE
    assert not [place for place in found if place.startswith("/t.v/")]


def test_a_view_that_is_denied_or_too_slow_is_a_gap_where_it_is_the_only_way(make: Any) -> None:
    """And none where what it shows is read anyway."""
    target = make(
        "CREATE TABLE closed (face text)",
        "CREATE TABLE open (face text)",
        f"INSERT INTO open VALUES ('{LONG}')",
        "CREATE VIEW denied AS SELECT face FROM closed",
        "CREATE VIEW told AS SELECT face FROM open",
        f"CREATE VIEW slow AS SELECT '{LONG}' || pg_sleep(9)::text AS face",
        "GRANT SELECT ON open, slow TO reader",
    )
    found = seen(target, limits=Limits(artefact_seconds=1.0))
    assert "permission denied" in found["gap /t.denied"].detail
    assert found["gap /t.slow/face"].reason is GapReason.TIMEOUT
    assert "gap /t.told" not in found
    assert "/t.told;view" in found["listed"]


def test_views_of_extensions_are_not_listed(make: Any) -> None:
    """They show what the software itself counts."""
    assert not [place for place in seen(make())["listed"] if "pg_stat_statements" in place]


def test_a_new_view_or_grant_changes_the_stamp(make: Any, server: Server) -> None:
    """So that what is said of a column is not old; a view that is read has no stamp that comes again."""
    target = make("CREATE TABLE a (face text)", "GRANT SELECT ON a TO reader")

    def stamps() -> dict[str, str]:
        listed = [unit for unit in Database().units(target) if not isinstance(unit, Gap)]
        for unit in listed:
            assert ("?" in unit.stamp) or Database().stamp(unit) == unit.stamp
        return {unit.uri.partition("#")[2].partition(";")[0]: unit.stamp for unit in listed}

    before = stamps()["/t.a"]
    server.execute("postgres", "CREATE VIEW t.v AS SELECT face FROM t.a", "GRANT SELECT ON t.v TO reader")
    close_all()
    between = stamps()
    assert between["/t.a"] != before
    assert between == stamps()
    server.execute("postgres", "REVOKE SELECT ON t.a FROM reader")
    close_all()
    assert stamps()["/t.v"] != between["/t.v"]
    assert stamps()["/t.v"] != stamps()["/t.v"]


def test_the_views_of_a_mariadb_are_read_by_their_first_rows_and_marked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It does not tell what a view shows, so that one may show what is denied; one that cannot be read is a gap."""
    require(mariadb_missing())
    with mariadb() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        server.execute(
            "",
            "CREATE DATABASE shop",
            "CREATE TABLE shop.faces (id int AUTO_INCREMENT PRIMARY KEY, face text)",
            "CREATE TABLE shop.gone (face text)",
            f"INSERT INTO shop.faces (face) VALUES {', '.join([f'({LONG!r})'] * 300)}",
            "CREATE VIEW shop.v AS SELECT face FROM shop.faces",
            "CREATE VIEW shop.broken AS SELECT face FROM shop.gone",
            "DROP TABLE shop.gone",
        )
        found = seen(server.target("shop"), Mode.THOROUGH)
        close_all()
    assert found["listed"] == ["/shop.faces", "/shop.broken;view", "/shop.v;view"]
    assert found["/shop.faces/face"] == ([LONG] * 300, {})
    cells, clues = found["/shop.v/face"]
    assert cells == [LONG] * 100
    assert clues == {"view": "of tables that the system does not tell"}
    assert not found["sampling /shop.v/face"].is_random
    assert any(place.startswith("gap /shop.broken") for place in found)


def test_views_through_sqlalchemy_are_read_and_marked(tmp_path: Path) -> None:
    """In any system whose dialect lists views."""
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.executescript(
            "CREATE TABLE faces (face TEXT, born DATE); CREATE VIEW v AS SELECT face, born FROM faces;"
            f"INSERT INTO faces VALUES ('{LONG}', NULL)"
        )
    found = seen(f"sqlite+pysqlite:///{tmp_path / 'x.db'}")
    assert found["listed"] == ["/main.faces;drawn=10000", "/main.v;view"]
    assert found["/main.v/face"][0] == [LONG]
    assert "view" in found["/main.v/face"][1]
    assert "/main.v/born" not in found


def test_where_mysql_tells_views_over_views_are_followed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of usage is read step by step, and a circle ends."""
    import sqlalchemy as sa

    usage = {("s", "t"): [("s", "v")], ("s", "v"): [("s", "w"), ("s", "v")], ("s", "w"): []}
    rows = " UNION ALL ".join(
        f"SELECT '{schema}' AS TABLE_SCHEMA, '{table}' AS TABLE_NAME, '{a}' AS VIEW_SCHEMA, '{b}' AS VIEW_NAME"
        for (schema, table), views in usage.items()
        for a, b in views
    )
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        assert database_dialects._mysql_shown_in(connection, "s", "t") == []  # no such table there
        query = database_dialects._USING.replace("information_schema.VIEW_TABLE_USAGE", f"({rows})")
        monkeypatch.setattr(database_dialects, "_USING", query)
        assert database_dialects._mysql_shown_in(connection, "s", "t") == ["s.v", "s.w"]
    engine.dispose()
