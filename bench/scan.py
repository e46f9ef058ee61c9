"""Measure a scan of many small files by the real command line: the first time, and again.

    python bench/scan.py [--files 20000] [--jobs 2] [--mode standard] [--peer]

The tree is made from a seed in a temporary folder, so its files lie in the page cache for everybody. Times are
those of whole processes, from start to exit. `--peer` runs a plain loop beside it, in one process, that reads every
file and takes its SHA-256: no program that looks at contents can be faster on one core. Memory is sampled from
/proc ten times a second; the workers' sum counts shared pages once for each worker.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from _tree import make_tree

if TYPE_CHECKING:
    from collections import Counter

_LOOP = """
import hashlib, os, sys
count = 0
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            hashlib.sha256(file.read()).digest()
        count += 1
print(count)
"""
_SAMPLE_S = 0.1
_EXPECTED = (0, 1, 3)  # clean, findings, gaps: a scan that did its work


@dataclass(frozen=True, slots=True)
class Measured:
    """What one process, with its children, took.

    Attributes:
        seconds: From start to exit.
        own_mib: Peak resident memory of the process.
        children_mib: Peak of the sum of its children's resident memory.
    """

    seconds: float
    own_mib: float
    children_mib: float


def measured(command: list[str]) -> Measured:
    """Run a command and return what it took; stop where it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    own_kib = children_kib = 0
    while process.poll() is None:
        own_kib = max(own_kib, _kib(process.pid, "VmHWM"))
        children_kib = max(children_kib, sum(_kib(child, "VmRSS") for child in _children(process.pid)))
        try:
            process.wait(_SAMPLE_S)
        except subprocess.TimeoutExpired:
            continue
    seconds = time.perf_counter() - started
    if process.returncode not in _EXPECTED:
        sys.exit(f"exit code {process.returncode}: {' '.join(command)}")
    return Measured(seconds, own_kib / 1024, children_kib / 1024)


def _kib(pid: int, field: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{field}:")), 0)


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def main() -> None:
    """Make the tree, scan it twice, and print the table."""
    parser = argparse.ArgumentParser(description="files per second and memory of a scan")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--mode", choices=("fast", "standard", "thorough"), default="standard")
    parser.add_argument("--peer", action="store_true", help="read and hash every file in a plain loop, too")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="efface-bench-") as folder:
        tree, run = Path(folder, "tree"), str(Path(folder, "run.sqlite"))
        kinds = make_tree(tree, wanted.files)
        size_bytes = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())
        command = [sys.executable, "-m", "efface", "scan", str(tree), "--run", run]
        command += ["--jobs", str(wanted.jobs), "--mode", wanted.mode, "--quiet"]
        rows = {}
        if wanted.peer:
            rows["peer: read and SHA-256, one process"] = measured([sys.executable, "-c", _LOOP, str(tree)])
        rows["efface scan, first"] = measured(command)
        rows["efface scan, second"] = measured(command)
    _show(rows, kinds, size_bytes, f"--jobs {wanted.jobs} --mode {wanted.mode}")


def _show(rows: dict[str, Measured], kinds: Counter[str], size_bytes: int, options: str) -> None:
    files = kinds.total()
    print(
        f"{files} files, {size_bytes / 1e6:.0f} MB: "
        + ", ".join(f"{n} {kind}" for kind, n in kinds.most_common())
    )
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {options}\n")
    floor = next((row.seconds for name, row in rows.items() if name.startswith("peer")), None)
    print("| what | seconds | files/s | MB/s | time against the peer | own peak MiB | workers' peak MiB |")
    print("|---|---|---|---|---|---|---|")
    for name, row in rows.items():
        ratio = "-" if floor is None else f"{row.seconds / floor:.1f} x"
        print(
            f"| {name} | {row.seconds:.2f} | {files / row.seconds:.0f} | {size_bytes / 1e6 / row.seconds:.1f}"
            f" | {ratio} | {row.own_mib:.0f} | {row.children_mib:.0f} |"
        )


if __name__ == "__main__":
    main()
