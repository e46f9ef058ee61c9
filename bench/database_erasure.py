"""How many bytes of removed values are left in the files of PostgreSQL and SQLite: plain statements, and efface.

    python bench/database_erasure.py [--rows 1000]

The same synthetic gallery (512 numbers of float32 in a binary column, nobody's) is made anew for each way: cells are
emptied, rows deleted, the column or the table dropped. Every 16 bytes of every removed value are searched for at any
offset of the files; what is found counts 16 bytes. Beside each value stands a large text, as tables have; where rows
go, every other row has a value, so that pages do not become empty. The counts are of the files of the database (with
large values, indexes and the planner's samples), and of the server's log beside them, which no removal cleans. What a
file system keeps of a file that is gone is not looked at. SQLite runs as its authors ship it, with `secure_delete`
off. Servers are started for the purpose and are gone afterwards; checkpoints come first, so that nothing is only in
memory.
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
from typing import TYPE_CHECKING, NamedTuple

from efface.engines.keyed_fragments import KeyedFragments
from efface.testing.servers import postgresql
from efface.testing.stores import face_vectors

if TYPE_CHECKING:
    from efface.testing.servers import Server

_PIECE = 16


class Way(NamedTuple):
    """How values are removed: by statements, or by efface where there are none.

    Attributes:
        name: What the table calls it.
        statements: What is executed.
        by: What efface is to do with the table.
        every: Of how many rows one has a value.
    """

    name: str
    statements: tuple[str, ...] = ()
    by: str = "null"
    every: int = 1


_EMPTIED = "UPDATE gallery SET face_feature = NULL"
_DELETED = "DELETE FROM gallery WHERE face_feature IS NOT NULL"
_NARROWED = "ALTER TABLE gallery DROP COLUMN face_feature"
_DROPPED = "DROP TABLE gallery"
_WAYS = (
    Way("UPDATE ... = NULL", (_EMPTIED,)),
    Way("UPDATE, then VACUUM", (_EMPTIED, "VACUUM")),
    Way("efface remove --apply"),
    Way("DELETE of every other row", (_DELETED,), every=2),
    Way("DELETE, then VACUUM", (_DELETED, "VACUUM"), every=2),
    Way("efface remove --apply --by row", by="row", every=2),
    Way("DROP COLUMN", (_NARROWED,)),
    Way("DROP COLUMN, then VACUUM", (_NARROWED, "VACUUM")),
    Way("efface remove --apply --by column", by="column"),
    Way("DROP TABLE", (_DROPPED,)),
    Way("DROP TABLE, then VACUUM", (_DROPPED, "VACUUM")),
    Way("efface remove --apply --by table", by="table"),
)


def main() -> None:
    """Print a table of ways and bytes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000)
    values = [vector.tobytes() for vector in face_vectors(parser.parse_args().rows)]
    print(f"{len(values)} values of {len(values[0])} bytes\n")
    print(f"{'':46}{'removed':>12}{'in the files':>14}{'share':>8}{'in the log':>12}")
    for way in _WAYS:
        with postgresql() as server:
            in_files, in_log = _postgres(server, values[:: way.every], way)
        _show(f"PostgreSQL, {way.name}", values[:: way.every], in_files, f"{in_log:,}")
    for way in _WAYS:
        _show(f"SQLite, {way.name}", values[:: way.every], _sqlite(values[:: way.every], way), "-")


def _show(name: str, removed: list[bytes], in_files: int, in_log: str) -> None:
    total = sum(map(len, removed))
    print(f"{name:46}{total:>12,}{in_files:>14,}{in_files / total:>8.1%}{in_log:>12}", flush=True)


def _pieces(values: list[bytes]) -> KeyedFragments:
    pieces = KeyedFragments(per_value=None, most=None)
    for value in values:
        pieces.add(value)
    return pieces


def _rows(values: list[bytes], every: int) -> list[tuple[str, bytes | None]]:
    """Return rows: a text of 4,000 letters that does not compress well and is nothing, and perhaps a value."""
    dice = random.Random(11)
    letters = "abcdefghijklmnop qrstuvwxyz .,"
    spread = [each for value in values for each in (value, *[None] * (every - 1))]
    return [("".join(dice.choices(letters, k=4_000)), value) for value in spread]


def _postgres(server: Server, values: list[bytes], way: Way) -> tuple[int, int]:
    table = "CREATE TABLE gallery (id serial PRIMARY KEY, note text, face_feature bytea)"
    server.execute("postgres", table, "CHECKPOINT")
    connection = server.connect("postgres")
    cursor = connection.cursor()
    cursor.executemany("INSERT INTO gallery (note, face_feature) VALUES (%s, %s)", _rows(values, way.every))
    cursor.execute("SELECT current_setting('data_directory'), pg_relation_filepath('gallery')")
    folder, file = map(Path, cursor.fetchone())
    connection.close()
    if way.statements:
        server.execute("postgres", *way.statements)
    else:
        _efface(server.target("postgres"), server.environment, way.by)
    server.execute("postgres", "CHECKPOINT")
    pieces = _pieces(values)
    files, log = sorted((folder / file).parent.iterdir()), sorted((folder / "pg_wal").glob("0*"))
    return pieces.found_in(files) * _PIECE, pieces.found_in(log) * _PIECE


def _sqlite(values: list[bytes], way: Way) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "gallery.db")
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("PRAGMA secure_delete = OFF").fetchall()
            database.execute("CREATE TABLE gallery (id INTEGER PRIMARY KEY, note TEXT, face_feature BLOB)")
            database.execute("BEGIN")
            rows = _rows(values, way.every)
            database.executemany("INSERT INTO gallery (note, face_feature) VALUES (?, ?)", rows)
            database.execute("COMMIT")
            for each in way.statements:
                database.execute(each)
        if not way.statements:
            _efface(str(path), {}, way.by)
        return _pieces(values).found_in(sorted(Path(folder).iterdir())) * _PIECE


def _efface(target: str, environment: dict[str, str], by: str) -> None:
    """Scan and remove through the command line, as a person does."""
    with tempfile.TemporaryDirectory() as folder:
        run = os.path.join(folder, "run.sqlite")
        for arguments in (
            ["scan", target, "--run", run, "--quiet"],
            ["remove", run, "--only", "all", "--by", by, "--apply", "--quiet"],
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
