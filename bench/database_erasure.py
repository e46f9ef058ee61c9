"""How many bytes of removed values are left in the files of PostgreSQL and SQLite: UPDATE, DELETE, efface.

    python bench/database_erasure.py [--rows 1000]

The same synthetic gallery (512 numbers of float32 in a binary column, nobody's) is made anew for each way. Every 16
bytes of every removed value are searched for at any offset of the files; what is found counts 16 bytes. Beside each
value stands a large text that stays, as tables have, so that pages do not become empty. The counts are of the
table's own files (with large values, indexes and the planner's samples), and of the server's log beside them, which
no removal cleans. SQLite runs as its authors ship it, with `secure_delete` off. Servers are started for the purpose
and are gone afterwards; checkpoints come first, so that nothing is only in memory.
"""

from __future__ import annotations

import argparse
import os
import random
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
    from efface.testing.servers import Server

_PIECE = 16
_WAYS = {
    "UPDATE ... = NULL": "UPDATE gallery SET face_feature = NULL",
    "UPDATE, then VACUUM": "UPDATE gallery SET face_feature = NULL; VACUUM gallery",
    "DELETE of every other row": "DELETE FROM gallery WHERE id % 2 = 1",
    "efface remove --apply": "",
}


def main() -> None:
    """Print a table of ways and bytes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000)
    values = [vector.tobytes() for vector in face_vectors(parser.parse_args().rows)]
    print(f"{len(values)} values of {len(values[0])} bytes\n")
    print(f"{'':38}{'removed':>12}{'in the files':>14}{'share':>8}{'in the log':>12}")
    for name, statement in _WAYS.items():
        with postgresql() as server:
            in_files, in_log = _postgres(server, values, statement)
        _show(f"PostgreSQL, {name}", _removed(values, statement), in_files, f"{in_log:,}")
    for name, statement in _WAYS.items():
        in_files = _sqlite(values, statement.replace("VACUUM gallery", "VACUUM"))
        _show(f"SQLite, {name}", _removed(values, statement), in_files, "-")


def _show(name: str, removed: list[bytes], in_files: int, in_log: str) -> None:
    total = sum(map(len, removed))
    print(f"{name:38}{total:>12,}{in_files:>14,}{in_files / total:>8.1%}{in_log:>12}", flush=True)


def _removed(values: list[bytes], statement: str) -> list[bytes]:
    """Return the values that a way takes away: of the rows with odd numbers, or all."""
    return values[::2] if "% 2" in statement else values


def _pieces(values: list[bytes]) -> KeyedFragments:
    pieces = KeyedFragments(per_value=None, most=None)
    for value in values:
        pieces.add(value)
    return pieces


def _rows(values: list[bytes]) -> list[tuple[str, bytes]]:
    """Return the rows: a text of 4,000 letters that does not compress well and is nothing, and a value."""
    dice = random.Random(11)
    letters = "abcdefghijklmnop qrstuvwxyz .,"
    return [("".join(dice.choices(letters, k=4_000)), value) for value in values]


def _postgres(server: Server, values: list[bytes], statement: str) -> tuple[int, int]:
    table = "CREATE TABLE gallery (id serial PRIMARY KEY, note text, face_feature bytea)"
    server.execute("postgres", table, "CHECKPOINT")
    connection = server.connect("postgres")
    connection.cursor().executemany("INSERT INTO gallery (note, face_feature) VALUES (%s, %s)", _rows(values))
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
        pieces = _pieces(_removed(values, statement))
        in_files = pieces.found_in(eraser.files()) * _PIECE
        return in_files, pieces.found_in(sorted((folder / "pg_wal").glob("0*"))) * _PIECE
    finally:
        eraser.close()


def _sqlite(values: list[bytes], statement: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "gallery.db")
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("PRAGMA secure_delete = OFF").fetchall()
            database.execute("CREATE TABLE gallery (id INTEGER PRIMARY KEY, note TEXT, face_feature BLOB)")
            database.execute("BEGIN")
            database.executemany("INSERT INTO gallery (note, face_feature) VALUES (?, ?)", _rows(values))
            database.execute("COMMIT")
            for each in filter(None, statement.split("; ")):
                database.execute(each)
        if not statement:
            _efface(str(path), {})
        return _pieces(_removed(values, statement)).found_in(sorted(Path(folder).iterdir())) * _PIECE


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
                check=False,
                capture_output=True,
                text=True,
                env=os.environ | environment,
            )
            if done.returncode not in {0, 1}:
                raise SystemExit(done.stdout + done.stderr)


if __name__ == "__main__":
    main()
