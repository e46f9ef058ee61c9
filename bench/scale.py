"""Measure the same scan by processes of this machine and by a Dask cluster, with one worker and with two.

    python bench/scale.py [--files 10000] [--mode standard] [--workers 1 2]

The cluster is a scheduler and workers of one thread each, in processes of their own on this machine's loopback, so
the cores are the same and the difference is what the engine costs. Times are those of whole `efface scan`
processes, from start to exit; the cluster runs already. Its workers keep no process between two scans, so every
scan pays for starting them, as a local one does. The tree is made from a seed in a temporary folder.
"""

from __future__ import annotations

import argparse
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from _tree import make_tree
from scan import Measured, measured

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_S = 60.0


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[str]:
    """Run a scheduler and workers; give the address for `--engine`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    processes: list[subprocess.Popen[bytes]] = []
    try:
        scheduler = ("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
        processes.append(_started(scheduler, folder / "scheduler.log", "Scheduler at"))
        for number in range(workers):
            worker = ("worker", f"tcp://127.0.0.1:{port}", "--nthreads", "1", "--no-nanny", "--no-dashboard")
            processes.append(_started(worker, folder / f"worker-{number}.log", "Registered to"))
        yield f"dask://127.0.0.1:{port}"
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()


def _started(arguments: tuple[str, ...], log: Path, word: str) -> subprocess.Popen[bytes]:
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments], stdout=file, stderr=subprocess.STDOUT, cwd=log.parent
        )
    until = time.monotonic() + _START_S
    while word not in log.read_text():
        if process.poll() is not None or time.monotonic() > until:
            sys.exit(f"the cluster did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)
    return process


def main() -> None:
    """Make the tree, scan it each way, and print the table."""
    parser = argparse.ArgumentParser(description="throughput beyond one process, and what the engine costs")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--mode", choices=("fast", "standard", "thorough"), default="standard")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    wanted = parser.parse_args()
    rows: dict[tuple[str, int], Measured] = {}
    with tempfile.TemporaryDirectory(prefix="efface-bench-") as name:
        folder = Path(name)
        kinds = make_tree(folder / "tree", wanted.files)

        def scanned(way: str, workers: int, *options: str) -> None:
            command = [sys.executable, "-m", "efface", "scan", str(folder / "tree"), "--mode", wanted.mode]
            command += ["--run", str(folder / f"{way}-{workers}.sqlite"), "--quiet", *options]
            rows[way, workers] = measured(command)

        scanned("warm-up", 1, "--jobs", "2")  # so that neither way reads the tree from a disk
        for workers in wanted.workers:
            scanned("local", workers, "--jobs", str(workers))
            with cluster(folder, workers) as url:
                scanned("engine", workers, "--engine", url)
    print(
        f"{kinds.total()} files; Python {platform.python_version()}, {os.cpu_count()} cores, {wanted.mode}\n"
    )
    print("| workers | local, files/s | engine, files/s | the engine's overhead per 10,000 artefacts |")
    print("|---|---|---|---|")
    for workers in wanted.workers:
        here, there = rows["local", workers].seconds, rows["engine", workers].seconds
        overhead = (there - here) * 10_000 / kinds.total()
        print(f"| {workers} | {kinds.total() / here:.0f} | {kinds.total() / there:.0f} | {overhead:+.1f} s |")


if __name__ == "__main__":
    main()
