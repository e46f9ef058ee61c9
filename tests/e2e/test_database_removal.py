"""Removal from real servers, through the command line: what goes, what stays, what is refused, what a kill leaves."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from efface.testing import records
from efface.testing.servers import Server, mariadb, mariadb_missing, postgres_missing, postgresql, require
from efface.testing.stores import face_vectors

if TYPE_CHECKING:
    from collections.abc import Iterator

VECTORS = face_vectors(12)
APPLY = ("--only", "all", "--apply", "--lang", "en", "--jobs", "1")

DRIVER = """
import os, signal, sys
from datetime import date
from efface.actions.table_ways import ways_of
from efface.model import Limits, Mode
from efface.runs import erase_table, remove_tables
from efface.runs.plan import plan
from efface.runs.pool import Done
from efface.runs.remove import apply
from efface.runs.store import Store
from efface.runs.tasks import Tasks

class InProcess:
    "A pool of no processes: what kills a task kills the run."
    def __init__(self, jobs, mode, limits):
        self.tasks = Tasks(mode, limits, at=lambda uri: None)
    def __enter__(self):
        return self
    def __exit__(self, *_):
        pass
    def run(self, tasks):
        for task in tasks:
            yield Done(task, self.tasks.do(task))

seen = []
def tell(at, uri, word):
    seen.append(word)
    if seen.count(sys.argv[2]) == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

erase_table.tell = tell
remove_tables.Pool = InProcess
with Store(sys.argv[1], create=False) as store:
    ways = ways_of(sys.argv[4:])
    apply(store, plan(store, None, ["all"], date.today(), ways), None, date.today(), jobs=1)
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    require(postgres_missing())
    with postgresql() as server:
        server.execute("postgres", "CREATE EXTENSION vector SCHEMA public")
        yield server


@pytest.fixture
def shop(postgres: Server, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of its own, with a gallery that other tables refer to."""
    for name, value in postgres.environment.items():
        monkeypatch.setenv(name, value)
    name = f"t{abs(hash(request.node.name)) % 10**9}"
    postgres.execute("postgres", f"CREATE DATABASE {name}")
    postgres.execute(
        name,
        "CREATE EXTENSION vector",
        "CREATE TABLE gallery (id serial PRIMARY KEY, name text, face_embedding vector(512),"
        " face_template vector(512) NOT NULL, changed timestamptz DEFAULT '2020-01-01')",
        "CREATE TABLE visit (id serial PRIMARY KEY, face int REFERENCES gallery (id), note text)",
    )
    for number, vector in enumerate(VECTORS):
        numbers = ",".join(map(str, vector.tolist()))
        postgres.execute(
            name,
            f"INSERT INTO gallery (name, face_embedding, face_template) VALUES ('n{number}', '[{numbers}]',"
            f" '[{numbers}]')",
            f"INSERT INTO visit (face, note) VALUES ({number + 1}, 'came twice')",
        )
    yield name
    postgres.execute("postgres", f"DROP DATABASE {name} WITH (FORCE)")


def ask(server: Server, database: str, query: str) -> list[Any]:
    connection = server.connect(database)
    try:
        cursor = connection.cursor()
        cursor.execute(query)
        return [list(row) for row in cursor.fetchall()]
    finally:
        connection.close()


def scan(efface: Any, target: str, run: Path, expect: int = 1) -> None:
    efface("scan", target, "--run", run, "--quiet", "--jobs", "1", expect=expect)


def certified(efface: Any, run: Path) -> dict[str, Any]:
    """Issue a certificate, check it, and return what it says."""
    import base64

    key, path = run.with_name("key.pem"), run.with_name("certificate.json")
    efface("keys", "new", key, expect=0)
    efface("certify", run, "-o", path, "--key", key, expect=0)
    efface("check", path, "--trust", key.with_suffix(".pub"), expect=0)
    said: dict[str, Any] = json.loads(base64.b64decode(json.loads(path.read_text())["payload"]))["predicate"]
    return said


STAYS = "SELECT id, name, changed::text FROM gallery ORDER BY id"


def test_vectors_go_rows_keys_and_other_columns_stay(
    postgres: Server, shop: str, efface: Any, tmp_path: Path
) -> None:
    """Null, or zeros where the column must hold something; the files hold no fragment; a second run changes nothing."""
    run, target = tmp_path / "run.sqlite", postgres.target(shop)
    before, visits = ask(postgres, shop, STAYS), ask(postgres, shop, "SELECT * FROM visit ORDER BY id")
    scan(efface, target, run)
    plan = efface("remove", run, "--only", "all", "--lang", "en", expect=0)
    told = " ".join(plan.stdout.split())
    assert "planned 1" in told.lower()
    for words in ("must hold", "foreign keys", "cannot be", "replicas"):
        assert words in told
    assert ask(postgres, shop, "SELECT count(face_embedding)::int FROM gallery") == [[12]]
    done = efface("remove", run, *APPLY, expect=0)
    assert "removed 1" in done.stdout.lower()
    assert ask(postgres, shop, "SELECT count(face_embedding)::int FROM gallery") == [[0]]
    zeros = "SELECT count(*)::int FROM gallery WHERE face_template = array_fill(0, ARRAY[512])::vector"
    assert ask(postgres, shop, zeros) == [[12]]
    assert ask(postgres, shop, STAYS) == before
    assert ask(postgres, shop, "SELECT * FROM visit ORDER BY id") == visits
    written = ask(postgres, shop, "SELECT xmin::text, ctid::text FROM gallery ORDER BY id")
    efface("remove", run, *APPLY, expect=0)
    assert ask(postgres, shop, "SELECT xmin::text, ctid::text FROM gallery ORDER BY id") == written
    scan(efface, target, run, expect=0)
    said = certified(efface, run)
    codes = {each["code"] for each in said["not_proven"]}
    assert "databases" in codes
    assert not codes & {"not_rewritten", "files_not_searched", "not_rescanned"}
    (cleaned,) = [each for each in said["ledger"]["entries"] if each["kind"] == "removal_cleaned"]
    assert cleaned["not_done"] == []


@pytest.mark.parametrize(
    ("step", "number"),
    [("batch", 1), ("commit", 1), ("rewrite", 1), ("checkpoint", 1), ("files", 1), ("look", 1)],
)
def test_killed_at_a_step(  # noqa: PLR0917 - fixtures
    postgres: Server, shop: str, efface: Any, tmp_path: Path, step: str, number: int
) -> None:
    """The ledger tells of the intent; the next run finishes what was begun, and it can be certified."""
    run, target = tmp_path / "run.sqlite", postgres.target(shop)
    before = ask(postgres, shop, STAYS)
    scan(efface, target, run)
    killed = subprocess.run(
        [sys.executable, "-c", DRIVER, str(run), step, str(number)],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    count = ask(postgres, shop, "SELECT count(face_embedding)::int FROM gallery")
    assert count == ([[12]] if step in ("batch", "commit") else [[0]])
    key = run.with_name("early.pem")
    efface("keys", "new", key, expect=0)
    refused = efface("certify", run, "-o", run.with_name("early.json"), "--key", key, expect=4)
    assert "never ended" in refused.stderr
    efface("remove", run, *APPLY, expect=0)
    assert ask(postgres, shop, "SELECT count(face_embedding)::int FROM gallery") == [[0]]
    assert ask(postgres, shop, STAYS) == before
    scan(efface, target, run, expect=0)
    assert len(certified(efface, run)["removals"]) == 1


def test_a_table_that_changed_since_the_scan_is_refused(
    postgres: Server, shop: str, efface: Any, tmp_path: Path
) -> None:
    """One row more is another table: nothing is touched, and another scan is asked for."""
    run = tmp_path / "run.sqlite"
    scan(efface, postgres.target(shop), run)
    postgres.execute(shop, "UPDATE gallery SET name = 'x' WHERE id = 1")
    done = efface("remove", run, *APPLY, expect=4)
    assert "scan it again" in " ".join(done.stdout.split())
    assert ask(postgres, shop, "SELECT count(face_embedding)::int FROM gallery") == [[12]]


def test_a_table_that_somebody_changed_after_a_kill_is_refused(
    postgres: Server, shop: str, efface: Any, tmp_path: Path
) -> None:
    """The run goes on only with a table that nobody else touched; after another scan the rest can go."""
    run, target = tmp_path / "run.sqlite", postgres.target(shop)
    scan(efface, target, run)
    killed = subprocess.run(
        [sys.executable, "-c", DRIVER, str(run), "commit", "1"], capture_output=True, text=True, timeout=240
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    postgres.execute(shop, "UPDATE gallery SET name = 'x' WHERE id = 1")
    done = efface("remove", run, *APPLY, expect=4)
    assert "scan it again" in " ".join(done.stdout.split())
    scan(efface, target, run)
    efface("remove", run, *APPLY, expect=0)
    assert ask(postgres, shop, "SELECT count(face_embedding)::int FROM gallery") == [[0]]


def test_a_copy_that_nobody_found_makes_the_removal_fail(
    postgres: Server, shop: str, efface: Any, tmp_path: Path
) -> None:
    """A slice of one value in a column that no scan looks at: found in the files, told, never called removed."""
    run, target = tmp_path / "run.sqlite", postgres.target(shop)
    slice_ = VECTORS[3].astype("<f4").tobytes()[400:450].hex()
    postgres.execute(
        shop,
        "ALTER TABLE gallery ADD scrap bytea",
        f"UPDATE gallery SET scrap = decode('{slice_}', 'hex') WHERE id = 2",
    )
    scan(efface, target, run)
    done = efface("remove", run, *APPLY, expect=4)
    assert "1 fragments of removed values are still in" in " ".join(done.stdout.split())
    assert "removed 0" in done.stdout.lower()
    scan(efface, target, run, expect=0)
    said = certified(efface, run)
    assert [each["status"] for each in said["findings"]] == ["failed", "failed"]
    assert "partly_emptied" in {each["code"] for each in said["not_proven"]}


def test_a_table_that_cannot_be_written_anew_in_time_is_tried_again(
    postgres: Server, shop: str, efface: Any, tmp_path: Path
) -> None:
    """Another program holds a lock: the removal has failed in the middle, and the same command ends it later."""
    run, target = tmp_path / "run.sqlite", postgres.target(shop)
    scan(efface, target, run)
    holder = postgres.connect(shop)
    holder.autocommit = False
    holder.cursor().execute("SELECT count(*) FROM gallery")
    try:
        done = efface("remove", run, *APPLY, expect=4)
    finally:
        holder.rollback()
        holder.close()
    assert "locked by somebody else" in " ".join(done.stdout.split())
    assert ask(postgres, shop, "SELECT count(face_embedding)::int FROM gallery") == [[0]]
    efface("remove", run, *APPLY, expect=0)
    scan(efface, target, run, expect=0)
    said = certified(efface, run)
    assert {each["status"] for each in said["findings"]} == {"removed"}
    codes = {each["code"] for each in said["not_proven"]}
    assert "files_not_searched" in codes
    assert not codes & {"partly_emptied", "not_rewritten"}


def test_triggers_of_users_do_not_fire_and_stay(
    postgres: Server, shop: str, efface: Any, tmp_path: Path
) -> None:
    """A trigger that keeps copies of what was there gets none, is named in the plan, and fires again afterwards."""
    run = tmp_path / "run.sqlite"
    postgres.execute(
        shop,
        "CREATE TABLE audit (old text)",
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.audit VALUES"
        " (OLD.face_embedding::text); NEW.changed = now(); RETURN NEW; END $$",
        "CREATE TRIGGER keep_old BEFORE UPDATE ON gallery FOR EACH ROW EXECUTE FUNCTION keep()",
    )
    before = ask(postgres, shop, STAYS)
    scan(efface, postgres.target(shop), run)
    plan = efface("remove", run, "--only", "all", "--lang", "en", expect=0)
    assert "keep_old" in plan.stdout
    efface("remove", run, *APPLY, expect=0)
    assert ask(postgres, shop, "SELECT count(*)::int FROM audit") == [[0]]
    assert ask(postgres, shop, STAYS) == before
    postgres.execute(shop, "UPDATE gallery SET name = 'x' WHERE id = 1")
    assert ask(postgres, shop, "SELECT count(*)::int FROM audit") == [[1]]


def test_what_a_user_may_not_clean_is_named(
    postgres: Server, shop: str, efface: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the plan, in the outcome, and in the certificate as not proven."""
    run, target = tmp_path / "run.sqlite", postgres.target(shop)
    role = f"clerk_{shop}"
    postgres.execute(
        shop,
        f"CREATE ROLE {role} LOGIN PASSWORD '{postgres.password}'",
        f"GRANT SELECT, UPDATE ON gallery TO {role}",
    )
    monkeypatch.setenv("PGUSER", role)
    efface("scan", target, "--run", run, "--quiet", "--jobs", "1")
    plan = efface("remove", run, "--only", "all", "--lang", "en", expect=0)
    told = " ".join(plan.stdout.split())
    for step in ("rewrite", "statistics", "checkpoint", "files"):
        assert f"user: {step}" in told
    done = efface("remove", run, *APPLY, expect=0)
    assert "not done: rewrite" in " ".join(done.stdout.split())
    assert ask(postgres, shop, "SELECT count(face_embedding)::int FROM gallery") == [[0]]
    efface("scan", target, "--run", run, "--quiet", "--jobs", "1")
    codes = {each["code"] for each in certified(efface, run)["not_proven"]}
    assert codes >= {"databases", "not_rewritten", "files_not_searched"}
    postgres.execute(shop, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


REFUSED = {
    "only SELECT is granted": (
        ("CREATE ROLE reader LOGIN PASSWORD '{password}'", "GRANT SELECT ON gallery TO reader"),
        "UPDATE is not granted",
        "reader",
    ),
    "another table refers to the values": (
        ("ALTER TABLE gallery ADD CONSTRAINT u UNIQUE (face_template)",
         "CREATE TABLE copy (face vector(512) REFERENCES gallery (face_template))"),
        "refer to values",
        "",
    ),
    "a rule stands in the way": (
        ("CREATE RULE never AS ON UPDATE TO gallery DO INSTEAD NOTHING",),
        "rewrite rule",
        "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_done_is_in_the_plan_with_its_reason(  # noqa: PLR0917 - fixtures
    postgres: Server, shop: str, efface: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """And is never counted as done."""
    statements, words, role = REFUSED[case]
    postgres.execute(shop, *(each.format(password=postgres.password) for each in statements))
    if role:
        monkeypatch.setenv("PGUSER", role)
    run = tmp_path / "run.sqlite"
    efface("scan", postgres.target(shop), "--run", run, "--quiet", "--jobs", "1")
    plan = efface("remove", run, "--only", "all", "--lang", "en", expect=0)
    assert words in " ".join(plan.stdout.split())
    assert "unsupported 1" in plan.stdout.lower()
    efface("remove", run, *APPLY, expect=4)
    assert ask(postgres, shop, "SELECT count(face_embedding)::int FROM gallery") == [[12]]
    if role:
        postgres.execute(shop, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_a_large_object_goes_as_a_whole(postgres: Server, shop: str, efface: Any, tmp_path: Path) -> None:
    """Another one stays; the column that named it keeps its number, as the plan says."""
    run, target = tmp_path / "run.sqlite", postgres.target(shop)
    postgres.execute(shop, "DROP TABLE visit, gallery")
    record = records.finger_minutiae_record(1).hex()
    postgres.execute(
        shop,
        "CREATE TABLE document (id int, file oid)",
        f"INSERT INTO document VALUES (1, lo_from_bytea(0, decode('{record}', 'hex')))",
        "INSERT INTO document VALUES (2, lo_from_bytea(0, decode(repeat('00ff', 900), 'hex')))",
    )
    scan(efface, target, run)
    plan = efface("remove", run, "--only", "all", "--lang", "en", expect=0)
    assert "name nothing" in " ".join(plan.stdout.split())
    efface("remove", run, *APPLY, expect=0)
    kept = ask(postgres, shop, "SELECT d.id FROM document d JOIN pg_largeobject_metadata m ON m.oid = d.file")
    assert kept == [[2]]
    scan(efface, target, run, expect=0)
    assert certified(efface, run)["removals"][0]["actions"] == ["unlink-object@1"]


def test_mariadb(efface: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts and bytes go, the time of the last change stays, a trigger is a reason to refuse."""
    require(mariadb_missing())
    with mariadb() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        server.execute(
            "",
            "CREATE DATABASE shop",
            "CREATE TABLE shop.face_users (id bigint AUTO_INCREMENT PRIMARY KEY, username varchar(50),"
            " face_encoding longtext, face_feature blob NOT NULL, changed timestamp DEFAULT CURRENT_TIMESTAMP ON"
            " UPDATE CURRENT_TIMESTAMP)",
        )
        connection = server.connect("shop")
        for vector in VECTORS:
            connection.cursor().execute(
                "INSERT INTO face_users (username, face_encoding, face_feature, changed)"
                " VALUES ('w', %s, %s, '2020-01-01')",
                (json.dumps(vector.tolist()), vector.tobytes()),
            )
        connection.close()
        run, target = tmp_path / "run.sqlite", server.target("shop")
        scan(efface, target, run)
        stays = "SELECT id, username, changed FROM shop.face_users ORDER BY id"
        before = ask(server, "shop", stays)
        server.execute(
            "shop",
            "CREATE TABLE audit (old longtext)",
            "CREATE TRIGGER keep_old BEFORE UPDATE ON face_users FOR EACH ROW"
            " INSERT INTO audit VALUES (OLD.face_encoding)",
        )
        refused = efface("remove", run, "--only", "all", "--lang", "en", expect=0)
        assert "trigger" in refused.stdout
        server.execute("shop", "DROP TRIGGER keep_old", "DROP TABLE audit")
        efface("remove", run, *APPLY, expect=0)
        gone = "SELECT COUNT(face_encoding), SUM(LENGTH(face_feature)) FROM shop.face_users"
        assert ask(server, "shop", gone) == [[0, 0]]
        assert ask(server, "shop", stays) == before
        scan(efface, target, run, expect=0)
        said = certified(efface, run)
        (cleaned,) = [each for each in said["ledger"]["entries"] if each["kind"] == "removal_cleaned"]
        assert cleaned["done"] == ["rewrite", "checkpoint", "files"]
        assert cleaned["not_done"] == ["statistics"]


_COLUMNS = "SELECT count(*)::int FROM information_schema.columns WHERE table_name = 'gallery'"
LEFT = {
    "row": ("SELECT count(*)::int FROM gallery", [[0]], "delete-table-rows@1"),
    "column": (_COLUMNS, [[3]], "drop-table-columns@1"),
    "table": ("SELECT to_regclass('gallery') IS NULL", [[True]], "drop-table@1"),
}


@pytest.mark.parametrize("way", LEFT)
def test_rows_columns_or_the_table_go_when_the_user_decides(
    postgres: Server, shop: str, efface: Any, tmp_path: Path, way: str
) -> None:
    """What refers to it is a reason to refuse; after that it goes, also after a kill, and the certificate names how."""
    run, target = tmp_path / "run.sqlite", postgres.target(shop)
    scan(efface, target, run)
    decided = ("--by", f"{way}=public.gallery")
    if way != "column":
        plan = efface("remove", run, "--only", "all", *decided, "--lang", "en", expect=0)
        assert "unsupported 1" in plan.stdout.lower()
        refused = efface("remove", run, *APPLY, *decided, expect=4)
        assert ("remove those first" if way == "row" else "--cascade") in " ".join(refused.stdout.split())
        assert ask(postgres, shop, "SELECT count(face_embedding)::int FROM gallery") == [[12]]
        postgres.execute(shop, "DROP TABLE visit")
    killed = subprocess.run(
        [
            sys.executable,
            "-c",
            DRIVER,
            str(run),
            "rewrite" if way != "table" else "statistics",
            "1",
            decided[1],
        ],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    query, left, action = LEFT[way]
    assert ask(postgres, shop, query) == left
    efface("remove", run, *APPLY, *decided, expect=0)
    efface("remove", run, *APPLY, expect=0)
    scan(efface, target, run, expect=0)
    said = certified(efface, run)
    assert [each["actions"] for each in said["removals"]] == [[action]]
    assert {each["status"] for each in said["findings"]} == {"removed"}


def test_what_the_plan_proposes_is_told_and_done_when_asked(
    postgres: Server, shop: str, efface: Any, tmp_path: Path
) -> None:
    """A table of nothing but keys and vectors: by default emptied, with the word dropped; an unknown table is refused."""
    run, target = tmp_path / "run.sqlite", postgres.target(shop)
    postgres.execute(
        shop,
        "CREATE TABLE face_vectors AS SELECT id, face_embedding AS face_vector FROM gallery",
        "ALTER TABLE face_vectors ADD PRIMARY KEY (id)",
        "DROP TABLE visit, gallery",
    )
    scan(efface, target, run)
    plan = efface("remove", run, "--only", "all", "--lang", "en", expect=0)
    assert "--by table=public.face_vectors" in " ".join(plan.stdout.split())
    unknown = efface("remove", run, "--only", "all", "--by", "row=public.faces", expect=2)
    assert "public.face_vectors" in unknown.stderr
    efface("remove", run, *APPLY, "--by", "proposed", expect=0)
    assert ask(postgres, shop, "SELECT to_regclass('face_vectors') IS NULL") == [[True]]
    scan(efface, target, run, expect=0)
    assert certified(efface, run)["removals"][0]["actions"] == ["drop-table@1"]
