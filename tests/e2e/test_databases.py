"""Databases on real servers, through the command line: found, gone on with, kept secret, left as they were."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from efface.testing.servers import Server, mariadb, mariadb_missing, postgres_missing, postgresql, require
from efface.testing.stores import face_vectors

if TYPE_CHECKING:
    from collections.abc import Iterator

Run = "Callable[..., subprocess.CompletedProcess[str]]"
VECTORS = face_vectors(12)


@pytest.fixture(scope="module")
def shop() -> Iterator[Server]:
    """A PostgreSQL laid out as deepface and CompreFace lay theirs out."""
    require(postgres_missing())
    with postgresql() as server:
        server.execute(
            "postgres",
            "CREATE EXTENSION vector",
            # Source: serengil/deepface docker/postgres-init/001_create_table.sql
            "CREATE TABLE embeddings (id serial PRIMARY KEY, img_name text, face bytea, face_shape int[], model_name"
            " text, detector_backend text, embedding float8[], face_hash text, embedding_hash text)",
            # Source: exadel-inc/CompreFace java/admin/src/main/resources/db/changelog
            "CREATE TABLE subject (id uuid PRIMARY KEY, api_key varchar(36), subject_name varchar(255))",
            "CREATE TABLE embedding (id serial PRIMARY KEY, subject_id uuid, embedding float8[], calculator"
            " varchar(255), img_id uuid)",
            "CREATE TABLE face_gallery (id serial PRIMARY KEY, face_embedding vector(512))",
            "CREATE VIEW enrolled AS SELECT face_embedding FROM face_gallery",
            "CREATE TABLE goods (id serial PRIMARY KEY, finger_print text, price float8[])",
        )
        for number, vector in enumerate(VECTORS):
            numbers = ",".join(map(str, vector.tolist()))
            server.execute(
                "postgres",
                "INSERT INTO embeddings (img_name, model_name, detector_backend, embedding, face_hash)"
                f" VALUES ('{number}.jpg', 'Facenet512', 'opencv', '{{{numbers}}}', md5('{number}'))",
                f"INSERT INTO embedding (embedding, calculator) VALUES ('{{{numbers}}}', 'arcface-512')",
                f"INSERT INTO face_gallery (face_embedding) VALUES ('[{numbers}]')",
                f"INSERT INTO goods (finger_print, price) VALUES (md5('{number}') || md5('x'), '{{9.5,{number}}}')",
            )
        yield server


@pytest.fixture
def _entered(shop: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in shop.environment.items():
        monkeypatch.setenv(name, value)


def found(report: Path) -> dict[str, Any]:
    """Return a report's findings by the place of their column."""
    told = json.loads(report.read_text())
    return {each["locator"]["fragment"]: each for each in told["findings"]}


@pytest.mark.usefixtures("_entered")
def test_galleries_are_found_a_second_scan_is_quick_and_nothing_is_given_away(
    shop: Server, efface: Any, tmp_path: Path
) -> None:
    """Face templates in the layouts of real software; digests and prices are none; the password is nowhere."""
    target, run, report = shop.target("postgres"), tmp_path / "run.sqlite", tmp_path / "report.json"
    contents = content_of(shop)
    done = efface("scan", target, "--run", run, "--json", report, "--jobs", "1", expect=1)
    findings = found(report)
    assert set(findings) >= {"/public.face_gallery/face_embedding"}
    assert set(findings) <= {
        "/public.face_gallery/face_embedding", "/public.embeddings/embedding", "/public.embedding/embedding",
    }  # fmt: skip
    assert findings["/public.face_gallery/face_embedding"]["references"] == len(VECTORS)
    clues = {clue["name"]: clue["value"] for clue in findings["/public.face_gallery/face_embedding"]["clues"]}
    assert clues["shown_in"] == "public.enrolled"
    html = tmp_path / "report.html"
    again = efface("scan", target, "--run", run, "--json", report, "--html", html, "--jobs", "1", expect=1)
    assert found(report).keys() == findings.keys()
    assert json.loads(report.read_text())["coverage"]["reused"] > 0
    assert content_of(shop) == contents
    told = done.stdout + done.stderr + again.stdout + again.stderr + report.read_text() + html.read_text()
    told += "".join(map(str, rows_of(run)))
    assert shop.password not in told
    removal = efface("remove", "--run", run, "--only", "all", "--lang", "en")
    assert "nothing is kept aside" in removal.stdout
    assert f"planned {len(findings)}" in removal.stdout.lower()
    assert "Traceback" not in removal.stderr
    assert content_of(shop) == contents


def content_of(server: Server) -> list[Any]:
    """Return how often rows were written, and how many there are."""
    connection = server.connect("postgres")
    cursor = connection.cursor()
    cursor.execute(
        "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables ORDER BY relname"
    )
    rows = list(cursor.fetchall())
    connection.close()
    return rows


def rows_of(run: Path) -> list[Any]:
    """Return everything in a run file."""
    with sqlite3.connect(run) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        rows = [row for name in names for row in connection.execute(f'SELECT * FROM "{name}"')]
    connection.close()
    return rows


@pytest.mark.usefixtures("_entered")
def test_a_thorough_scan_that_is_killed_goes_on_and_its_processes_show_no_password(
    shop: Server, efface: Any, tmp_path: Path
) -> None:
    """The tables that were done stay done; no command line on the machine holds the password meanwhile."""
    target, run, report = shop.target("postgres"), tmp_path / "run.sqlite", tmp_path / "report.json"
    command = [
        sys.executable,
        "-m",
        "efface",
        "scan",
        target,
        "--run",
        str(run),
        "--mode",
        "thorough",
        "--jobs",
        "1",
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until and not seen_done(run):
        assert shop.password.encode() not in b"".join(command_lines())
        time.sleep(0.05)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    efface("scan", target, "--run", run, "--mode", "thorough", "--jobs", "1", "--json", report, expect=1)
    assert found(report)["/public.face_gallery/face_embedding"]["references"] == len(VECTORS)


def seen_done(run: Path) -> bool:
    """Return whether a run has a unit that is done."""
    try:
        with closing(sqlite3.connect(f"file:{run}?mode=ro", uri=True)) as connection:
            return bool(connection.execute("SELECT 1 FROM unit WHERE configuration IS NOT NULL").fetchone())
    except sqlite3.Error:
        return False


def command_lines() -> list[bytes]:
    """Return the command lines of the processes of this machine, where it tells them."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes())
        except OSError:
            continue
    return lines


REFUSED = {
    "a password in the address": ("postgresql://x:geheim@127.0.0.1/x", "can be read by everybody"),
    "a server that is not there": ("postgresql://127.0.0.1:1/x", "no server answers"),
    "an unknown parameter": ("mysql://127.0.0.1/x?geheim=1", "unknown parameter"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_target_that_cannot_be_entered_is_refused(case: str, efface: Any, tmp_path: Path) -> None:
    """With exit code 2, before a run is touched."""
    require(postgres_missing())
    target, words = REFUSED[case]
    done = efface("scan", target, "--run", tmp_path / "run.sqlite", expect=2)
    assert words in done.stderr
    assert "x:geheim" not in done.stderr


def test_a_wrong_password_is_refused_without_repeating_it(
    shop: Server, efface: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says every way to give the right one."""
    monkeypatch.setenv("PGUSER", shop.user)
    monkeypatch.setenv("PGPASSWORD", "geheim")
    done = efface("scan", shop.target("postgres"), "--run", tmp_path / "run.sqlite", expect=2)
    assert ".pgpass" in done.stderr
    assert "geheim" not in done.stderr


def test_a_mariadb_with_text_in_gbk_is_read(
    efface: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Face vectors as JSON and as bytes, in a database whose texts are in another encoding; nothing is written."""
    require(mariadb_missing())
    with mariadb() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        server.execute(
            "",
            "CREATE DATABASE shop CHARACTER SET gbk",
            "CREATE TABLE shop.face_users (id bigint AUTO_INCREMENT PRIMARY KEY, username varchar(50),"
            " face_encoding longtext, `人脸特征` blob, note text)",
            "CREATE TABLE shop.goods (id int PRIMARY KEY, finger_print text)",
            f"INSERT INTO shop.goods VALUES (1, '{'0f' * 32}')",
        )
        connection = server.connect("shop", charset="utf8mb4")
        for vector in VECTORS:
            connection.cursor().execute(
                "INSERT INTO face_users (username, face_encoding, `人脸特征`, note) VALUES ('王', %s, %s, %s)",
                (json.dumps(vector.tolist()), vector.tobytes(), "人脸" * 40),
            )
        connection.close()
        report = tmp_path / "report.json"
        arguments = ("--run", tmp_path / "run.sqlite", "--json", report, "--jobs", "1")
        efface("scan", server.target("shop"), *arguments, expect=1)
        findings = found(report)
        assert len(findings) == 2
        assert all("face_users" in place for place in findings)
        assert json.loads(report.read_text())["gaps"] == []
        assert_read_only(server, monkeypatch)


def assert_read_only(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session of a scan cannot write, and a connection that is cut is made again."""
    import sqlalchemy as sa

    from efface.engines.database import Login, Session
    from efface.engines.database_sql import SqlReader
    from efface.errors import EffaceError, LimitExceededError

    login = Login("mysql", "127.0.0.1", server.port, "shop", server.user, server.password)
    reader = SqlReader(login, Session(statement_seconds=0.5))
    with pytest.raises(EffaceError, match="1792"):
        reader._fetch(sa.text("DELETE FROM goods"))
    with pytest.raises(LimitExceededError, match="1969"):
        reader._fetch(sa.text("SELECT COUNT(*) FROM seq_1_to_100000000 WHERE SHA2(seq, 512) = ''"))
    (row,) = reader._fetch(sa.text("SELECT CONNECTION_ID()"))
    server.execute("", f"KILL {row[0]}")
    assert reader._fetch(sa.text("SELECT COUNT(*) FROM goods")) == [(1,)]
    reader.close()
