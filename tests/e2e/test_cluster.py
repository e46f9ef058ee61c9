"""The same run on a real cluster: two workers in processes of their own, on this machine's loopback."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from efface.testing import records, stores

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

_OTHER_VERSION = """
import efface
efface.__version__ = "0.0.1"
"""


@dataclass
class Cluster:
    """A scheduler and its workers."""

    folder: Path
    scheduler: subprocess.Popen[bytes]
    address: str
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return "dask" + self.address.removeprefix("tcp")

    def start_worker(self, **environment: str) -> None:
        """Start a worker of one thread and wait until it is registered."""
        log = self.folder / f"worker-{len(self.workers)}.log"
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        self.workers.append(
            _started(("worker", self.address, *options), log, "Registered to", os.environ | environment)
        )

    def said(self) -> str:
        """Return all that scheduler and workers wrote."""
        return "".join(path.read_text() for path in self.folder.glob("*.log"))


def _started(
    command: tuple[str, ...], log: Path, word: str, environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *command],
            stdout=file,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=log.parent,
        )
    until = time.monotonic() + 60
    while word not in log.read_text():
        assert process.poll() is None, log.read_text()[-2000:]
        assert time.monotonic() < until, log.read_text()[-2000:]
        time.sleep(0.05)
    return process


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler that has no worker yet."""
    folder = tmp_path / "cluster"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    process = _started(command, folder / "scheduler.log", "Scheduler at", dict(os.environ))
    cluster = Cluster(folder, process, f"tcp://127.0.0.1:{port}")
    yield cluster
    for each in (*cluster.workers, process):
        each.kill()
        each.wait()


@pytest.fixture
def cluster(scheduler: Cluster) -> Cluster:
    """A scheduler with two workers."""
    scheduler.start_worker()
    scheduler.start_worker()
    return scheduler


def make_tree(folder: Path, texts: int = 60) -> Path:
    """Records, vectors and plain text in a few folders."""
    for number in range(texts):
        place = folder / f"{number % 4}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"note-{number:03}.txt").write_text(f"nothing of interest {number}\n" * 400)
    for number in range(8):
        (folder / f"Zhang-{number}.fmr").write_bytes(records.finger_minutiae_record(number))
    (folder / "people.json").write_text(stores.json_store(stores.face_vectors(3, 128, seed=1)))
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    return folder


def results(efface: Any, run: Path) -> dict[str, Any]:
    """Return what a run says of its findings, gaps and counts."""
    report = json.loads(efface("report", run, "--json", "-").stdout)
    return {key: report[key] for key in ("findings", "gaps", "summary") if key in report}


def scanning(tree: Path, run: Path, engine: str) -> subprocess.Popen[str]:
    command = ["scan", str(tree), "--run", str(run), "--mode", "fast", "--engine", engine, "--quiet"]
    return subprocess.Popen(
        [sys.executable, "-m", "efface", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def done_units(run: Path) -> int:
    """Return how many units a run file says are done, or 0 while there is none."""
    try:
        with closing(sqlite3.connect(f"file:{run}?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM unit WHERE configuration IS NOT NULL").fetchone()[0])
    except sqlite3.Error:
        return 0


def until(true: Callable[[], object], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 60
    while not true() and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_cluster_finds_the_same(cluster: Cluster, tmp_path: Path, efface: Any) -> None:
    """Findings, gaps and counts are those of a scan by processes of this machine, and no log names a place."""
    tree = make_tree(tmp_path / "tree")
    here, there = tmp_path / "here.sqlite", tmp_path / "there.sqlite"
    efface("scan", tree, "--run", here, "--mode", "fast", "--quiet", expect=1)
    efface("scan", tree, "--run", there, "--mode", "fast", "--engine", cluster.url, "--quiet", expect=1)
    assert results(efface, there) == results(efface, here)
    assert len(results(efface, there)["findings"]) >= 9
    said = cluster.said()
    assert "identity" in said  # the logs were read
    assert "Zhang" not in said
    assert "note-" not in said


def test_a_worker_that_is_killed_loses_nothing(cluster: Cluster, tmp_path: Path, efface: Any) -> None:
    """Its batches are done by the other one; no unit is missing, and nothing stands twice in the run file."""
    tree, run = make_tree(tmp_path / "tree", 1_000), tmp_path / "run.sqlite"
    process = scanning(tree, run, cluster.url)
    wal = Path(f"{run}-wal")
    until(lambda: wal.exists() and wal.stat().st_size > 400_000, process)
    assert process.poll() is None, process.communicate()
    cluster.workers[0].send_signal(signal.SIGKILL)
    _, said = process.communicate(timeout=100)
    assert process.returncode == 1, said
    here = tmp_path / "here.sqlite"
    efface("scan", tree, "--run", here, "--mode", "fast", "--quiet", expect=1)
    assert results(efface, run) == results(efface, here)
    assert done_units(run) == 1_010
    with closing(sqlite3.connect(run)) as db:
        kinds = [json.loads(body)["kind"] for (body,) in db.execute("SELECT entry FROM ledger ORDER BY seq")]
    assert kinds == ["run_opened", "scan_finished"]


def test_a_scan_that_is_stopped_goes_on(cluster: Cluster, tmp_path: Path, efface: Any) -> None:
    """Ctrl-C keeps what was done and takes the rest back; the same run goes on without the cluster."""
    tree, run = make_tree(tmp_path / "tree", 1_000), tmp_path / "run.sqlite"
    process = scanning(tree, run, cluster.url)
    wal = Path(f"{run}-wal")
    until(lambda: wal.exists() and wal.stat().st_size > 400_000, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "stopped" in said
    assert "Traceback" not in said
    before = done_units(run)
    assert before < 1_010
    efface("scan", tree, "--run", run, "--mode", "fast", "--quiet", expect=1)
    assert done_units(run) == 1_010


def test_a_scheduler_that_is_killed_stops_the_scan(cluster: Cluster, tmp_path: Path, efface: Any) -> None:
    """The command says that the connection is lost; the run goes on with processes of this machine."""
    tree, run = make_tree(tmp_path / "tree", 1_000), tmp_path / "run.sqlite"
    process = scanning(tree, run, cluster.url)
    wal = Path(f"{run}-wal")
    until(lambda: wal.exists() and wal.stat().st_size > 400_000, process)
    cluster.scheduler.send_signal(signal.SIGKILL)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2, said
    assert "engine is lost" in said
    efface("scan", tree, "--run", run, "--mode", "fast", "--quiet", expect=1)
    assert done_units(run) == 1_010


def test_a_worker_with_another_version_is_refused(scheduler: Cluster, tmp_path: Path, efface: Any) -> None:
    """Before anything is looked at, and in words that say which worker and which version."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "sitecustomize.py").write_text(_OTHER_VERSION)
    scheduler.start_worker()
    scheduler.start_worker(PYTHONPATH=os.pathsep.join((str(tmp_path / "other"), *sys.path[1:])))
    run = tmp_path / "run.sqlite"
    done = efface("scan", make_tree(tmp_path / "tree"), "--run", run, "--engine", scheduler.url, expect=2)
    assert "has efface 0.0.1" in done.stderr
    assert done_units(run) == 0


def test_an_engine_without_workers_is_refused(scheduler: Cluster, tmp_path: Path, efface: Any) -> None:
    """Waiting for ever would look like work."""
    tree = make_tree(tmp_path / "tree", 1)
    done = efface("scan", tree, "--run", tmp_path / "r", "--engine", scheduler.url, expect=2)
    assert "has no worker" in done.stderr


REFUSED = {
    "nobody listens there": ("dask://127.0.0.1:1", "cannot be reached"),
    "an engine that is not spoken": ("ray://127.0.0.1:10001", "is not the address of an engine"),
    "no address at all": ("fast", "is not the address of an engine"),
    "an address with a password in it": (
        "dask://me:secret@127.0.0.1:8786",
        "is not the address of an engine",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_engine_is_refused(case: str, tmp_path: Path, efface: Any) -> None:
    """With exit code 2, and the run file is as it was."""
    url, words = REFUSED[case]
    tree = make_tree(tmp_path / "tree", 1)
    done = efface("scan", tree, "--run", tmp_path / "run.sqlite", "--engine", url, expect=2)
    assert words in done.stderr
    assert "secret" not in done.stderr
    assert done_units(tmp_path / "run.sqlite") == 0
