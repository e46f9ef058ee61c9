"""A user who stops a scan keeps what was done, and the same command goes on."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any


def done_units(run: Path) -> int:
    """Return how many units a run file says are done, or 0 while there is none."""
    try:
        with closing(sqlite3.connect(f"file:{run}?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM unit WHERE configuration IS NOT NULL").fetchone()[0])
    except sqlite3.Error:
        return 0


def test_a_scan_that_is_stopped_goes_on(tmp_path: Path, efface: Any) -> None:
    """Ctrl-C ends with its own exit code and a sentence; what was done is not done again."""
    tree, run = tmp_path / "tree", tmp_path / "run.sqlite"
    tree.mkdir()
    for number in range(4_000):
        (tree / f"{number:04}.txt").write_text(f"nothing of interest {number}\n" * 400)
    command = [sys.executable, "-m", "efface", "scan", str(tree), "--run", str(run), "--jobs", "1", "--quiet"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wal = Path(f"{run}-wal")
    while process.poll() is None and not (wal.exists() and wal.stat().st_size > 1_300_000):
        time.sleep(0.02)  # until the listing, and something more, is on disk
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode in (130, 0), said
    if process.returncode == 130:
        assert "stopped" in said
        assert "Traceback" not in said
        report = efface("report", run, "--lang", "en", expect=0)
        assert "not complete" in report.stdout
    before = done_units(run)
    efface("scan", tree, "--run", run, "--quiet", expect=0)
    assert before <= done_units(run) == 4_000
