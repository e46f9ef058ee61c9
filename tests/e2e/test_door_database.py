"""The door of a database, on a real PostgreSQL: what may not go in does not, and nothing that came is left out."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from efface.engines.postgres_arrivals import Arrivals, Position
from efface.errors import UsageError
from efface.guard import Door, Guard, schema
from efface.guard.law import Bench, hint_of
from efface.guard.sql_trigger import trigger_sql
from efface.guard.watching import Told, Watched, position_of, text_of, watch
from efface.model import Case
from efface.rules.pack import builtin_packs
from efface.testing import records
from efface.testing.servers import Server, postgres_missing, postgresql, require, system_postgres

CREDIT = Case(
    "t",
    "CN-120000",
    actors=("market_credit_provider",),
    purpose_kind="social_credit",
    activities=("collect", "credit_record"),
)
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + bytes(80)
FINGER = records.finger_minutiae_record(5)
VECTOR = [round(0.001 * n, 4) for n in range(-64, 64)]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    require(postgres_missing())
    with postgresql() as running:
        running.execute("postgres", "CREATE EXTENSION vector")
        yield running


@pytest.fixture
def table(server: Server) -> Iterator[Any]:
    """A cursor at a table behind the trigger, with its hint."""
    server.execute(
        "postgres",
        'DROP TABLE IF EXISTS "Staff list"',
        'CREATE TABLE "Staff list" (id serial PRIMARY KEY, name text, raw bytea, doc jsonb, old json, reals float4[], v vector)',
    )
    hint = "CN-TJ-SC-16-2: it's \\ forbidden"
    connection = server.connect("postgres")
    cursor = connection.cursor()
    for statement in statements(trigger_sql("public.Staff list", hint)):
        cursor.execute(statement)
    yield cursor, hint
    connection.close()


def statements(sql: str) -> list[str]:
    """Split SQL at the ends of statements, the body of the function kept whole; each runs on its own."""
    lines = (line for line in sql.splitlines() if not line.startswith(("-- ", "BEGIN;", "COMMIT;")))
    head, body, tail = "\n".join(lines).split("$efface$")
    whole = head + "$efface$" + body.replace(";", "\0") + "$efface$" + tail
    return [each.replace("\0", ";") for each in whole.split(";") if each.strip()]


REFUSED = {
    "a picture in bytea": ("raw", JPEG),
    "a fingerprint record in bytea": ("raw", FINGER),
    "a picture in text": ("name", base64.b64encode(JPEG).decode()),
    "a picture in base64url": ("name", base64.urlsafe_b64encode(JPEG).decode()),
    "a fingerprint record in text": ("name", base64.b64encode(FINGER).decode()),
    "a picture in hexadecimal": ("name", JPEG.hex()),
    "a data URI": ("name", "data:image/x-new;base64," + "A" * 40),
    "a picture deep in JSON": ("doc", json.dumps({"a": [{"b": base64.b64encode(JPEG).decode()}]})),
    "a picture in json": ("old", json.dumps({"b": base64.b64encode(JPEG).decode()})),
    "a vector in JSON": ("doc", json.dumps({"e": VECTOR})),
    "a vector in text": ("name", " ".join(map(str, VECTOR))),
    "an array of floats": ("reals", VECTOR),
    "a vector of pgvector": ("v", str(VECTOR)),
}


@pytest.mark.parametrize(("column", "value"), REFUSED.values(), ids=REFUSED.keys())
def test_what_may_not_go_in_is_refused_with_the_rule(table: Any, column: str, value: Any) -> None:
    """In whatever column and coding; the error names column and rule, and quotes nothing."""
    cursor, hint = table
    with pytest.raises(Exception, match="may not take") as refused:
        cursor.execute(f'INSERT INTO "Staff list" ({column}) VALUES (%s)', (value,))
    told = refused.value.args[0]
    assert (told["C"], told["c"], told["n"]) == ("23514", column, "efface_guard")
    assert told["H"] == hint
    assert "ffd8" not in str(told)
    assert "/9j/" not in str(told)
    cursor.execute('SELECT count(*) FROM "Staff list"')
    assert cursor.fetchone()[0] == 0


PASSES = {
    "a name": ("name", "张三"),
    "words about faces": ("name", "the data:image of a face, /9j/ and ffd8ff are mentioned here at length"),
    "a digest": ("name", "d8ff" + "0a" * 30),
    "a UUID in JSON": ("doc", json.dumps({"id": "6f9619ff-8b86-d011-b42d-00c04fc964ff"})),
    "prices": ("reals", [9.5] * 20),
    "a short vector": ("v", str(VECTOR[:20])),
    "a PDF": ("raw", b"%PDF-1.7\n" + bytes(100)),
    "nothing": ("raw", None),
}


@pytest.mark.parametrize(("column", "value"), PASSES.values(), ids=PASSES.keys())
def test_what_may_go_in_goes_in(table: Any, column: str, value: Any) -> None:
    """A door that stops ordinary rows is taken out of its hinges."""
    cursor, _ = table
    cursor.execute(f'INSERT INTO "Staff list" ({column}) VALUES (%s)', (value,))
    cursor.execute('SELECT count(*) FROM "Staff list"')
    assert cursor.fetchone()[0] == 1


VECTOR_IN_XML = "<v>" + "".join(f"<n>{each}</n>" for each in VECTOR) + "</v>"
XML = {
    "a picture in an element": (f"<a><b>{base64.b64encode(JPEG).decode()}</b></a>", True),
    "a picture in CDATA": (f"<a><![CDATA[{base64.b64encode(JPEG).decode()}]]></a>", True),
    "a picture in an attribute": (f'<a b="{base64.urlsafe_b64encode(JPEG).decode()}"/>', True),
    "a picture in a comment": (f"<a><!--{JPEG.hex()}--></a>", True),
    "a picture between words": (f"words <b>{JPEG.hex()}</b> and more", True),
    "a fingerprint record on a line": (f"<a>\n  {base64.b64encode(FINGER).decode()}\n</a>", True),
    "a data URI": (f'<img src="data:image/png;base64,{"A" * 40}"/>', True),
    "a vector in an element": (f"<v>{' '.join(map(str, VECTOR))}</v>", True),
    "a vector of elements": (VECTOR_IN_XML, True),
    "a vector of elements in a space of names": (
        '<v xmlns:x="urn:x">'
        + "\n".join(f'<x:n i="{at}"> {n} </x:n>' for at, n in enumerate(VECTOR))
        + "</v>",
        True,
    ),
    "words about faces": ("<a><b>人脸</b><c>/9j/</c><d>ffd8ff</d></a>", False),
    "a table": (
        "<t>" + "".join(f"<r><b>{n}</b><c>{n * 3}.5</c></r>" for n in range(90)) + "</t>",
        False,
    ),
    "a few numbers": ("<v>" + "".join(f"<n>{n}</n>" for n in range(60)) + "</v>", False),
    "nothing": ("<a/>", False),
}


@pytest.fixture(scope="module")
def xml_server() -> Iterator[Server]:
    """The system's PostgreSQL: the tests' own is built without XML."""
    programs = system_postgres()
    require(
        "" if programs else "no PostgreSQL of the system (Debian: postgresql), as the tests' own knows no XML"
    )
    with postgresql(programs) as running:
        yield running


@pytest.fixture(params=["text", "xml"])
def page(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A cursor at a table behind the trigger, with XML in a column of text and in one of XML."""
    server: Server = request.getfixturevalue("xml_server" if request.param == "xml" else "server")
    with closing(server.connect("postgres")) as connection:
        cursor = connection.cursor()
        cursor.execute("DROP TABLE IF EXISTS pages")
        cursor.execute(
            f"CREATE TABLE pages (id serial PRIMARY KEY, page {request.param}, pages {request.param}[])"
        )
        for statement in statements(trigger_sql("pages", "h")):
            cursor.execute(statement)
        yield cursor


@pytest.mark.parametrize(("value", "is_refused"), XML.values(), ids=XML.keys())
@pytest.mark.parametrize("column", ["page", "pages"])
def test_xml_is_looked_into(page: Any, column: str, value: str, is_refused: bool) -> None:
    """Elements, attributes, sections, comments, lists of XML, and numbers that have an element each."""
    made = f"'{value}'" if column == "page" else f"ARRAY['{value}']::pg_catalog.{page_kind(page)}[]"
    if is_refused:
        with pytest.raises(Exception, match="may not take"):
            page.execute(f"INSERT INTO pages ({column}) VALUES ({made})")
    else:
        page.execute(f"INSERT INTO pages ({column}) VALUES ({made})")
    page.execute("SELECT count(*) FROM pages")
    assert page.fetchone()[0] == (not is_refused)


def page_kind(cursor: Any) -> str:
    cursor.execute(
        "SELECT atttypid::regtype::text FROM pg_attribute WHERE attrelid = 'pages'::regclass AND attname = 'page'"
    )
    return str(cursor.fetchone()[0])


def test_an_update_is_asked_about_what_it_changes(table: Any) -> None:
    """A row from before the trigger can be corrected, and gets no second picture."""
    cursor, _ = table
    cursor.execute('ALTER TABLE "Staff list" DISABLE TRIGGER zz_efface_guard')
    cursor.execute('INSERT INTO "Staff list" (name, raw) VALUES (%s, %s)', ("a", JPEG))
    cursor.execute('ALTER TABLE "Staff list" ENABLE ALWAYS TRIGGER zz_efface_guard')
    cursor.execute("""UPDATE "Staff list" SET name = 'b'""")
    with pytest.raises(Exception, match="may not take"):
        cursor.execute('UPDATE "Staff list" SET raw = %s', (JPEG + b"x",))


def test_no_other_trigger_and_no_replication_gets_past_it(table: Any) -> None:
    """It sees the row after every other trigger, and rows that come by replication."""
    cursor, _ = table
    late = f"BEGIN NEW.raw := '\\x{JPEG.hex()}'::bytea; RETURN NEW; END"
    cursor.execute(f"CREATE OR REPLACE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $a${late}$a$")
    cursor.execute('CREATE TRIGGER zzz BEFORE INSERT ON "Staff list" FOR EACH ROW EXECUTE FUNCTION late()')
    with pytest.raises(Exception, match="may not take"):
        cursor.execute("""INSERT INTO "Staff list" (name) VALUES ('a')""")
    cursor.execute('DROP TRIGGER zzz ON "Staff list"')
    cursor.execute("SET session_replication_role = replica")
    with pytest.raises(Exception, match="may not take"):
        cursor.execute('INSERT INTO "Staff list" (raw) VALUES (%s)', (JPEG,))


def test_the_trigger_of_a_partitioned_table_stands_at_each_partition(server: Server) -> None:
    """Also where a row goes into the partition itself."""
    connection = server.connect("postgres")
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE parted (n int, raw bytea) PARTITION BY RANGE (n)")
    cursor.execute("CREATE TABLE part_1 PARTITION OF parted FOR VALUES FROM (0) TO (9)")
    for statement in statements(trigger_sql("parted", "h")):
        cursor.execute(statement)
    for name in ("parted", "part_1"):
        with pytest.raises(Exception, match="may not take"):
            cursor.execute(f"INSERT INTO {name} VALUES (1, %s)", (JPEG,))
    connection.close()


@pytest.mark.parametrize("name", ["", ".", "a.", "a\nb", "x" * 70])
def test_a_table_that_cannot_be_named_gives_no_sql(name: str) -> None:
    """No half of a statement is printed."""
    with pytest.raises(UsageError):
        trigger_sql(name, "h")


@pytest.mark.parametrize("numbers", [0, 15, 251])
def test_a_count_out_of_range_gives_no_sql(numbers: int) -> None:
    """PostgreSQL would refuse the expression, and few numbers are no vector."""
    with pytest.raises(UsageError):
        trigger_sql("t", "h", numbers=numbers)


def test_names_cannot_break_out(server: Server) -> None:
    """Quotes in a name or a hint stay what they are."""
    server.execute("postgres", 'CREATE TABLE "a""; DROP TABLE x; --" (n text)')
    sql = trigger_sql('a"; DROP TABLE x; --', "'; DROP TABLE x; --")
    assert '"a""; DROP TABLE x; --"' in sql
    assert "E'''; DROP TABLE x; --'" in sql


def test_the_hint_names_rules_and_articles() -> None:
    """In zh and en, from the packs; a case under which nothing is refused makes no trigger."""
    hint = hint_of(Bench(CREDIT, date(2026, 1, 1), builtin_packs()))
    assert "CN-TJ" in hint
    assert "天津市社会信用条例" in hint
    with pytest.raises(UsageError):
        hint_of(Bench(Case("t", "GB"), date(2026, 1, 1), builtin_packs()))
    assert "no case" in hint_of(None)


def test_the_command_prints_it(efface: Any, tmp_path: Path) -> None:
    """What is printed is what `psql` takes."""
    done = efface("guard", "sql", "--table", "crm.staff", expect=0)
    assert 'ON "crm"."staff"' in done.stdout
    assert "no case was given" in done.stdout
    assert efface("guard", "sql", "--table", "a.b", "--numbers", "3").returncode == 2


# -- the watcher -----------------------------------------------------------------------------------------


@pytest.fixture
def watched(server: Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty table, and a look at it from a position."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    server.execute(
        "postgres",
        "DROP TABLE IF EXISTS arrivals",
        "CREATE TABLE arrivals (id serial PRIMARY KEY, r text, face bytea) WITH (autovacuum_enabled = off)",
    )
    guard = Guard()

    def look(since: Position | None) -> tuple[Watched, list[Told]]:
        told: list[Told] = []
        return watch(server.target("postgres"), since, guard, told.append, only=["public.arrivals"]), told

    return look


def insert(cursor: Any, text: str = "a", face: bytes | None = None) -> None:
    cursor.execute("INSERT INTO arrivals (r, face) VALUES (%s, %s)", (text, face))


def test_what_came_is_told_once(server: Server, watched: Any) -> None:
    """The first look sees all, the next ones what came since; a quiet table costs no word."""
    with closing(server.connect("postgres")) as connection:
        cursor = connection.cursor()
        insert(cursor)
        insert(cursor, "b", FINGER)
        first, told = watched(None)
        assert (first.rows, first.refused) == (2, 1)
        assert told[0].place == "/public.arrivals;ctid=(0,2)"
        assert "face" in told[0].places[0]
        assert FINGER.hex()[:24] not in repr(told)
        second, told = watched(first.position)
        assert (second.rows, told) == (0, [])
        insert(cursor, "c", FINGER)
        cursor.execute("UPDATE arrivals SET r = 'z' WHERE r = 'a'")
        third, told = watched(second.position)
        assert (third.rows, len(told)) == (2, 1)


@pytest.mark.parametrize("savepoint", [False, True], ids=["whole", "savepoint"])
def test_a_transaction_that_ends_late_is_not_skipped(server: Server, watched: Any, savepoint: bool) -> None:
    """Its numbers are older than those of rows that were seen long ago, also those of its parts."""
    with closing(server.connect("postgres")) as slow, closing(server.connect("postgres")) as quick:
        late, other = slow.cursor(), quick.cursor()
        late.execute("BEGIN")
        insert(late, "begun")
        insert(other, "before")
        if savepoint:
            late.execute("SAVEPOINT s")
        insert(late, "late", FINGER)
        if savepoint:
            late.execute("RELEASE s")
        insert(other, "between")
        first, told = watched(None)
        assert (first.rows, told) == (2, [])
        for _ in range(3):
            insert(other, "after")
        second, told = watched(first.position)
        assert told == []
        late.execute("COMMIT")
        third, told = watched(second.position)
        assert [each.door for each in told] == ["refuse"]
        fourth, told = watched(third.position)
        assert (fourth.rows, told) == (0, [])


def test_every_row_of_many_writers_is_seen(server: Server, watched: Any) -> None:
    """Transactions that begin and end in any order: the looks together see each row, whatever was between them."""
    drawn = random.Random(5)
    connections = [server.connect("postgres") for _ in range(6)]
    open_ones: set[int] = set()
    written, position = 0, None
    places: set[str] = set()
    for step in range(120):
        number = drawn.randrange(len(connections))
        cursor = connections[number].cursor()
        if number not in open_ones:
            cursor.execute("BEGIN")
            open_ones.add(number)
        insert(cursor, f"row {step}", FINGER)
        written += 1
        if drawn.random() < 0.4:
            cursor.execute("COMMIT")
            open_ones.discard(number)
        if step % 20 == 19:
            looked, told = watched(position)
            position = looked.position
            places.update(each.place for each in told)
    for number in open_ones:
        connections[number].cursor().execute("COMMIT")
    _, told = watched(position)
    places.update(each.place for each in told)
    assert len(places) == written
    for connection in connections:
        connection.close()


def test_a_position_that_says_nothing_here_means_everything(server: Server, watched: Any) -> None:
    """Of another cluster, of the future, or too old for 32 bits: all rows are looked at again."""
    with closing(server.connect("postgres")) as connection:
        insert(connection.cursor())
    at = watched(None)[0].position
    for other in (Position(at.at, "1"), Position(at.at + 9_999, at.system), Position(0, at.system)):
        assert watched(other)[0].rows == 1
    assert Arrivals.start(None, Position(1, "s"), Position(1 << 33, "s")) == 0  # type: ignore[arg-type]


def test_what_cannot_be_read_moves_no_position(
    server: Server, watched: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table whose rows a policy hides from the user: told, and looked at again when it can be read."""
    server.execute(
        "postgres",
        "DROP ROLE IF EXISTS watcher",
        "CREATE ROLE watcher LOGIN PASSWORD 'only-for-a-test'",
        "GRANT SELECT ON arrivals TO watcher",
        "ALTER TABLE arrivals ENABLE ROW LEVEL SECURITY",
    )
    monkeypatch.setenv("PGUSER", "watcher")
    monkeypatch.setenv("PGPASSWORD", "only-for-a-test")
    looked, told = watched(None)
    assert (looked.unread, looked.position) == (1, None)
    assert told[0].door is Door.QUARANTINE
    server.execute("postgres", "DROP OWNED BY watcher", "DROP ROLE watcher")


def test_rows_of_a_table_are_held_to_its_form(server: Server, watched: Any) -> None:
    """A column that the form does not have waits, and so does each row that fills it."""
    server.execute("postgres", "ALTER TABLE arrivals RENAME COLUMN r TO cf_sy")
    with closing(server.connect("postgres")) as connection:
        connection.cursor().execute("INSERT INTO arrivals (cf_sy) VALUES ('a')")
        connection.cursor().execute("INSERT INTO arrivals (cf_sy, face) VALUES ('b', 'x')")
    told: list[Told] = []
    guard = Guard(schema=schema("cn-penalty"))
    looked = watch(server.target("postgres"), None, guard, told.append, only=["public.arrivals"])
    assert (looked.rows, looked.held, looked.refused) == (2, 2, 0)
    assert all("$['face']" in each.places for each in told)


def test_the_file_of_a_position_is_of_one_database_and_its_tables(server: Server) -> None:
    """Another one's would skip rows, and so would one of another form."""
    target, at = server.target("postgres"), Position(7, "s")
    text = text_of(at, target, ["public.a"])
    assert position_of(text, target, ["public.a"]) == at
    for other, only in ((target, ()), (server.target("crm"), ["public.a"])):
        with pytest.raises(UsageError):
            position_of(text, other, only)
    under = text_of(at, target, ["public.a"], "cn-penalty")
    assert position_of(under, target, ["public.a"], "cn-penalty") == at
    for kept, form in ((under, ""), (under, "cn-licence"), (text, "cn-penalty")):
        with pytest.raises(UsageError):
            position_of(kept, target, ["public.a"], form)
    for broken in ("", "{}", "[]", text.replace("watch/v1", "watch/v9"), text.replace("7", '"x"')):
        with pytest.raises(UsageError):
            position_of(broken, target, ["public.a"])


def test_the_command_goes_on_where_it_ended(
    server: Server, watched: Any, efface: Any, tmp_path: Path
) -> None:
    """1 for a row that may not be there, then 0; usage errors are 2 and write no file."""
    with closing(server.connect("postgres")) as connection:
        insert(connection.cursor(), "b", FINGER)
    arguments = ("guard", "watch", server.target("postgres"), "--since-file", tmp_path / "p")
    assert efface(*arguments, "--table", "public.nothing").returncode == 2
    assert not (tmp_path / "p").exists()
    done = efface(*arguments, "--table", "public.arrivals", expect=1)
    assert "refuse\t/public.arrivals;ctid=(0,1)" in done.stdout
    assert server.password not in done.stdout + done.stderr
    assert efface(*arguments, "--table", "public.arrivals", expect=0).stdout == ""
    assert efface(*arguments).returncode == 2
    assert efface("guard", "watch", "mysql://127.0.0.1/x", "--since-file", tmp_path / "q").returncode == 2
