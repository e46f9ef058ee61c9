"""How fast the vectors of a PostgreSQL table are read and tested, beside a plain bulk read of the same column.

    python bench/tables.py [ROWS [KIND]]

Starts a PostgreSQL of its own with one table for each way to store 512 numbers (pgvector, float4[], float8[]).
"plain" fetches the column with ADBC in one statement and looks at nothing. "efface" is a thorough reading of the
same table in one process: ranges, blocks, tests of every vector, the opinion. Each in a process of its own, so
that the peak of memory is its own; the best of three. Rows beyond 100,000 repeat the first ones.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from efface.testing.servers import postgresql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.testing.servers import Server

DIMENSION = 512
KINDS = {"pgvector": "vector(512)", "float4[]": "float4[]", "float8[]": "float8[]"}
REPEATS = 3
DIFFERENT = 100_000


def fill(server: Server, rows: int, kinds: Sequence[str]) -> None:
    """Make one table for each kind, with random unit vectors."""
    connection = server.connect("postgres")
    cursor = connection.cursor()
    cursor.execute("CREATE EXTENSION vector")
    for number, kind in enumerate(KINDS.values()):
        cursor.execute(f"CREATE TABLE t{number} (id bigserial, face_embedding {kind})")
        cursor.execute(f"ALTER TABLE t{number} ALTER face_embedding SET STORAGE EXTERNAL")
    generator = np.random.default_rng(7)
    # Numbers are sent once as text; the other kinds are cast from them in the server.
    different = min(rows, DIFFERENT)
    for start in range(0, different, 2_000):
        vectors = generator.standard_normal((min(2_000, different - start), DIMENSION), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        lines = "\n".join("[" + ",".join(map(repr, row)) + "]" for row in vectors.tolist())
        cursor.execute("COPY t0 (face_embedding) FROM STDIN", stream=io.BytesIO(lines.encode()))
    while different < rows:
        more = min(different, rows - different)
        again = f"SELECT face_embedding FROM t0 ORDER BY id LIMIT {more}"  # noqa: S608 - a number
        cursor.execute("INSERT INTO t0 (face_embedding) " + again)
        different += more
    for number, kind in enumerate(KINDS):
        if number and kind in kinds:
            cast = f"face_embedding::float4[]::{KINDS[kind]}"
            cursor.execute(f"INSERT INTO t{number} (face_embedding) SELECT {cast} FROM t0 ORDER BY id")  # noqa: S608 - constants
    for number in range(len(KINDS)):
        cursor.execute(f"VACUUM ANALYZE t{number}")
    connection.close()


def plain(target: str, number: int) -> int:
    """Fetch a column and count its rows."""
    from adbc_driver_postgresql import dbapi

    place = target.partition("://")[2]
    rows = 0
    with dbapi.connect(f"postgresql://{place}", autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT face_embedding FROM t{number}")  # noqa: S608 - a number
        for batch in cursor.fetch_record_batch():
            rows += batch.num_rows
    return rows


def tested(target: str, number: int) -> int:
    """Read and test a table as a worker of a thorough scan does; return the references found."""
    from efface.examine import Examiner
    from efface.model import Finding, Gap, Limits, Mode
    from efface.sources.database import Database

    source, limits = Database(), Limits()
    examiner, references = Examiner(Mode.THOROUGH, limits), 0
    for unit in source.units_in(target, Mode.THOROUGH, limits):
        if isinstance(unit, Gap):
            sys.exit(unit.detail)
        if f".t{number}" in unit.uri:
            for result in examiner.examine(source.open(unit, limits)):
                if isinstance(result, Gap):
                    sys.exit(result.detail)
                references += result.references if isinstance(result, Finding) else 0
    return references


def measure(what: str, target: str, number: int) -> None:
    """Measure in this process, and print seconds, rows and the peak of memory as JSON."""
    work = {"plain": plain, "efface": tested}[what]
    if what == "efface":  # what a worker loads once
        from efface.examine import Examiner
        from efface.model import Limits, Mode

        Examiner(Mode.THOROUGH, Limits())
    else:
        import adbc_driver_postgresql.dbapi  # noqa: F401
        import pyarrow as pa  # noqa: F401
    start = time.perf_counter()
    rows = work(target, number)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "rows": rows, "peak_mib": peak_mib()}))


def peak_mib() -> float:
    """Return the most memory that this process had; what it inherited before it began does not count."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def main(rows: int, kinds: Sequence[str]) -> None:
    """Start the server, measure, and print a table."""
    with postgresql(shared_buffers="256MB", max_wal_size="4GB") as server:
        fill(server, rows, kinds)
        environment = os.environ | server.environment
        print(f"{rows:,} rows of {DIMENSION} numbers, best of {REPEATS}, {os.cpu_count()} cores")
        heads = ("plain s", "efface s", "rate", "vectors/s", "plain MiB", "efface MiB")
        print(f"{'column':<10}" + "".join(f"{head:>12}" for head in heads))
        for number, kind in enumerate(KINDS):
            if kind not in kinds:
                continue
            best = {}
            for what in ("plain", "efface"):
                command = [sys.executable, __file__, what, server.target("postgres"), str(number)]
                runs = [
                    json.loads(
                        subprocess.run(command, env=environment, check=True, capture_output=True).stdout
                    )
                    for _ in range(REPEATS)
                ]
                best[what] = min(runs, key=lambda run: run["seconds"])
                if best[what]["rows"] != rows:
                    sys.exit(f"{what} saw {best[what]['rows']} rows")
            one, other = best["plain"], best["efface"]
            print(
                f"{kind:<10}{one['seconds']:>12.2f}{other['seconds']:>12.2f}"
                f"{one['seconds'] / other['seconds']:>12.2f}{rows / other['seconds']:>12,.0f}"
                f"{one['peak_mib']:>12.0f}{other['peak_mib']:>12.0f}"
            )


if __name__ == "__main__":
    if len(sys.argv) == 4:
        measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, sys.argv[2:] or list(KINDS))
