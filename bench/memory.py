"""Show that the memory of a scan does not grow with what it scans.

    python bench/memory.py [--gigabytes 5] [--vectors 1000000] [--dimension 512]

Two places are made in a temporary folder and scanned by the real command line in two processes: a tar archive of
members of a megabyte that do not compress, a hundred pictures and a gzip archive of text among them; and an SQLite
table with a vector of 32-bit numbers in each row, as `thorough` reads it. Beside each stands a place of a tenth of
the size: a scan whose memory is bounded takes about the same for both.
"""

from __future__ import annotations

import argparse
import gzip
import io
import sqlite3
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from scan import Measured, measured

_MB = 1_000_000
_ROWS = 10_000


def main() -> None:
    """Make the places, scan them, and print the table."""
    parser = argparse.ArgumentParser(description="memory of a scan of large things")
    parser.add_argument("--gigabytes", type=float, default=5.0)
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=512)
    wanted = parser.parse_args()
    print("| what | size MB | seconds | MB/s | own peak MiB | workers' peak MiB |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="efface-bench-") as folder:
        for share in (0.1, 1.0):
            path = Path(folder, "archive.tar")
            _archive(path, int(wanted.gigabytes * share * 1000))
            _show(f"archive of {wanted.gigabytes * share:g} GB, standard", path, "standard")
            path.unlink()
        for share in (0.1, 1.0):
            path = Path(folder, "vectors.sqlite")
            _table(path, int(wanted.vectors * share), wanted.dimension)
            rows = int(wanted.vectors * share)
            _show(f"table of {rows} vectors of {wanted.dimension}, thorough", path, "thorough")
            path.unlink()


def _archive(path: Path, members: int) -> None:
    numbers = np.random.default_rng(7)
    block = numbers.integers(0, 256, 2 * _MB, np.uint8).tobytes()
    picture = io.BytesIO()
    Image.fromarray(numbers.integers(0, 256, (300, 400, 3), np.uint8)).save(picture, "JPEG")
    text = gzip.compress(b"a line of a report that says nothing\n" * 100_000)
    with tarfile.open(path, "w") as archive:
        for number in range(members):
            start = int(numbers.integers(0, _MB))
            _add(archive, f"data/{number:05}.bin", block[start : start + _MB])
            if number % max(members // 100, 1) == 0:
                _add(archive, f"photos/{number:05}.jpg", picture.getvalue())
                _add(archive, f"logs/{number:05}.txt.gz", text)


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def _table(path: Path, rows: int, dimension: int) -> None:
    numbers = np.random.default_rng(7)
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE employee (id INTEGER PRIMARY KEY, face_feature BLOB)")
        for start in range(0, rows, _ROWS):
            vectors = numbers.standard_normal((min(_ROWS, rows - start), dimension), np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            connection.executemany(
                "INSERT INTO employee (face_feature) VALUES (?)", ((row.tobytes(),) for row in vectors)
            )
    connection.close()


def _show(name: str, path: Path, mode: str) -> None:
    size_mb = path.stat().st_size / _MB
    with tempfile.TemporaryDirectory(prefix="efface-bench-") as folder:
        command = [
            sys.executable,
            "-m",
            "efface",
            "scan",
            str(path),
            "--run",
            str(Path(folder, "run.sqlite")),
        ]
        took: Measured = measured([*command, "--jobs", "2", "--mode", mode, "--quiet"])
    print(
        f"| {name} | {size_mb:.0f} | {took.seconds:.1f} | {size_mb / took.seconds:.0f}"
        f" | {took.own_mib:.0f} | {took.children_mib:.0f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
