"""How many bytes of removed values are left in the files of PostgreSQL and SQLite: DELETE, UPDATE, efface.

    python bench/database_erasure.py [--rows 2000]

The same synthetic gallery (512 numbers of float32 in a binary column, nobody's) is made anew for each way. Every 16
bytes of every value are searched for at any offset of the files; what is found counts 16 bytes. The counts are of
the table's own files (with large values, indexes and the planner's samples), and of the server's log beside them,
which no removal cleans. Servers are started for the purpose and are gone afterwards; checkpoints come first, so that
nothing is only in memory.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from efface.engines.database import Login, Session
from efface.engines.keyed_fragments import KeyedFragments
from efface.engines.postgres_erase import PostgresEraser
from efface.testing.servers import postgresql
from efface.testing.stores import face_vectors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from efface.testing.servers import Server

_PIECE = 16
_WAYS = {
    "plain UPDATE ... = NULL": "UPDATE gallery SET face_feature = NULL",
    "plain DELETE": "DELETE FROM gallery",
    "DELETE, then VACUUM": "DELETE FROM gallery; VACUUM gallery",
    "efface remove --apply": "",
}


def main() -> None:
    """Print a table of ways and bytes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000)
    rows = parser.parse_args().rows
    values = [vector.tobytes() for vector in face_vectors(rows)]
    total = sum(map(len, values))
    print(f"{rows} values of {len(values[0])} bytes, {total:,} bytes together\n")
    print(f"{'':34}{'in the files':>14}{'share':>8}{'in the log':>14}")
    for name, statement in _WAYS.items():
        with postgresql() as server:
            in_files, in_log = _postgres(server, values, statement)
        _show(f"PostgreSQL, {name}", in_files, total, in_log)
    for name, statement in _WAYS.items():
        _show(f"SQLite, {name}", _sqlite(values, statement.replace("VACUUM gallery", "VACUUM")), total, None)


def _show(name: str, in_files: int, total: int, in_log: int | None) -> None:
    log = "-" if in_log is None else f"{in_log:,}"
    print(f"{name:34}{in_files:>14,}{in_files / total:>8.1%}{log:>14}", flush=True)


def _pieces(values: Iterable[bytes]) -> KeyedFragments:
    pieces = KeyedFragments(per_value=None, most=None)
    for value in values:
        pieces.add(value)
    return pieces


def _postgres(server: Server, values: list[bytes], statement: str) -> tuple[int, int]:
    server.execute(
        "postgres",
        "CREATE TABLE gallery (id serial PRIMARY KEY, name text, face_feature bytea)",
        "CHECKPOINT",
    )
    connection = server.connect("postgres")
    rows = [(f"n{number}", value) for number, value in enumerate(values)]
    connection.cursor().executemany("INSERT INTO gallery (name, face_feature) VALUES (%s, %s)", rows)
    connection.close()
    login = Login("postgresql", "127.0.0.1", server.port, "postgres", server.user, server.password)
    eraser = PostgresEraser(login, Session(), ("public", "gallery"), ["face_feature"], lambda _: None)
    folder = Path(eraser.files()[0]).parents[2]
    try:
        if statement:
            server.execute("postgres", *statement.split("; "))
        else:
            _efface(server.target("postgres"), server.environment)
        server.execute("postgres", "CHECKPOINT")
        pieces = _pieces(values)
        in_files = pieces.found_in(eraser.files()) * _PIECE
        return in_files, pieces.found_in(sorted((folder / "pg_wal").glob("0*"))) * _PIECE
    finally:
        eraser.close()


def _sqlite(values: list[bytes], statement: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "gallery.db")
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("CREATE TABLE gallery (id INTEGER PRIMARY KEY, name TEXT, face_feature BLOB)")
            rows = [(f"n{number}", value) for number, value in enumerate(values)]
            database.execute("BEGIN")
            database.executemany("INSERT INTO gallery (name, face_feature) VALUES (?, ?)", rows)
            database.execute("COMMIT")
            for each in filter(None, statement.split("; ")):
                database.execute(each)
        if not statement:
            _efface(str(path), {})
        return _pieces(values).found_in(sorted(Path(folder).iterdir())) * _PIECE


def _efface(target: str, environment: dict[str, str]) -> None:
    """Scan and remove through the command line, as a person does."""
    with tempfile.TemporaryDirectory() as folder:
        run = os.path.join(folder, "run.sqlite")
        for arguments in (
            ["scan", target, "--run", run, "--quiet"],
            ["remove", run, "--only", "all", "--apply", "--quiet"],
        ):
            done = subprocess.run(
                [sys.executable, "-m", "efface", *arguments],
                check=False, capture_output=True, text=True, env=os.environ | environment,
            )  # fmt: skip
            if done.returncode not in {0, 1}:
                raise SystemExit(done.stdout + done.stderr)


if __name__ == "__main__":
    main()
