"""The supervisor of a cluster, over a cluster in this process that does what a test says."""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

import pytest

from efface.errors import AccessError, EffaceError, UsageError
from efface.examine import configuration
from efface.model import GapReason, Limits, Mode, Unit
from efface.runs import remote, remote_work
from efface.runs.pool import Done, Lost
from efface.runs.remote import Remote
from efface.runs.scan import _task
from efface.sources.filesystem import Filesystem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("obedient")


class Simulator:
    """A cluster of one thread: what is submitted is done when its end is asked for.

    `deaths` says how many batches end every worker that tries them; `tamper` changes answers on the wire.
    """

    slots = 2
    deaths = 0
    tamper: Callable[[dict[str, Any]], dict[str, Any]] | None = None

    def __init__(self, url: str) -> None:
        del url
        self.waiting: deque[tuple[int, Any, bytes]] = deque()
        self.batches: list[list[str]] = []
        self.most_open = self.number = 0
        self.carried: list[bytes] = []
        Simulator.last = self

    last: Simulator

    def everywhere(self, function: Any, argument: bytes) -> dict[str, bytes | Exception]:
        return {"tcp://one": function(argument)}

    def submit(self, function: Any, argument: bytes) -> int:
        self.number += 1
        self.waiting.append((self.number, function, argument))
        self.most_open = max(self.most_open, len(self.waiting))
        self.batches.append([task["unit"]["uri"] for task in remote_work.unpacked(argument)["tasks"]])
        self.carried.append(argument)
        return self.number

    def finished(self, timeout_s: float) -> tuple[int, bytes | None] | None:
        del timeout_s
        number, function, argument = self.waiting.popleft()
        if Simulator.deaths:
            Simulator.deaths -= 1
            return number, None
        answer = function(argument)
        if Simulator.tamper is not None:
            answer = remote_work.packed(Simulator.tamper(remote_work.unpacked(answer)))
        return number, answer

    def close(self, farewell: Any = None, argument: bytes = b"") -> None:
        self.is_closed = True
        self.waiting.clear()
        if farewell is not None:
            farewell(argument)


@pytest.fixture(autouse=True)
def _simulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(remote, "Cluster", Simulator)
    monkeypatch.setattr(Simulator, "deaths", 0)
    monkeypatch.setattr(Simulator, "tamper", None)
    yield
    assert remote_work._kept == {}, "processes were left behind"


def connected(**limits: Any) -> Remote:
    budget = Limits(**limits)
    return Remote("dask://simulated", Mode.FAST, budget, configuration(Mode.FAST, budget))


def tasks_for(folder: Path, *contents: str) -> list[dict[str, Any]]:
    """Write one file for each content and return the tasks to look at them, in order."""
    for number, content in enumerate(contents):
        (folder / f"{number:03}.txt").write_text(f"{content} {number}")
    return [_task(unit, {}) for unit in Filesystem().units(str(folder))]  # type: ignore[arg-type]


def done(tasks: list[dict[str, Any]], **limits: Any) -> list[Done | Lost]:
    with connected(**limits) as cluster:
        return list(cluster.run(tasks))


def keys(outcomes: list[Done | Lost]) -> list[str]:
    return sorted(outcome.task["key"] for outcome in outcomes)


def test_every_task_is_done_once(tmp_path: Path) -> None:
    """Seventy tasks come back seventy, each with its result and as it was given."""
    tasks = tasks_for(tmp_path, *(["MARK", "plain"] * 35))
    outcomes = done(tasks)
    assert keys(outcomes) == [task["key"] for task in tasks]
    assert sum(len(each.result["findings"]) for each in outcomes if isinstance(each, Done)) == 35
    assert all(each.task in tasks for each in outcomes)


def test_nothing_to_do_ends_at_once() -> None:
    """No task, no outcome, no batch."""
    assert done([]) == []
    assert Simulator.last.batches == []


def test_few_batches_are_in_flight(tmp_path: Path) -> None:
    """Two for each thread of the cluster: tasks are taken as they are needed."""
    done(tasks_for(tmp_path, *(["plain"] * 120)))
    assert Simulator.last.most_open == 2 * Simulator.slots


def test_batches_grow_while_they_are_quick(tmp_path: Path) -> None:
    """The overhead of a batch is shared by more and more small files."""
    done(tasks_for(tmp_path, *(["plain"] * 200)))
    sizes = [len(batch) for batch in Simulator.last.batches]
    assert max(sizes) > 2 * sizes[0]


def test_a_large_file_fills_a_batch(tmp_path: Path) -> None:
    """What is large takes long, so it does not wait behind others nor they behind it."""
    tasks = tasks_for(tmp_path, "plain", "plain", "plain")
    tasks[0]["size_bytes"] = 1 << 30
    done(tasks)
    assert [len(batch) for batch in Simulator.last.batches] == [1, 2]


def test_a_crash_costs_the_task_that_crashed(tmp_path: Path) -> None:
    """The process underneath dies, not the cluster's worker: the part is named, the rest is done."""
    tasks = tasks_for(tmp_path, "MARK", "CRASH", "MARK")
    outcomes = done(tasks)
    (lost,) = [each for each in outcomes if isinstance(each, Lost)]
    assert (lost.task, lost.at, lost.reason) == (tasks[1], tasks[1]["key"], GapReason.CRASHED)
    assert keys(outcomes) == [task["key"] for task in tasks]


def test_a_hang_costs_the_task_that_hangs(tmp_path: Path) -> None:
    """artefact_seconds holds on the cluster, too."""
    tasks = tasks_for(tmp_path, "MARK", "HANG", "MARK")
    outcomes = done(tasks, artefact_seconds=0.5)
    assert [each.reason for each in outcomes if isinstance(each, Lost)] == [GapReason.TIMEOUT]
    assert keys(outcomes) == [task["key"] for task in tasks]


def test_a_batch_that_ends_workers_is_done_one_by_one(tmp_path: Path) -> None:
    """Who of them it was shows when each is alone: the innocent are done."""
    tasks = tasks_for(tmp_path, "MARK", "MARK", "MARK")
    Simulator.deaths = 1
    outcomes = done(tasks)
    assert [len(batch) for batch in Simulator.last.batches] == [3, 1, 1, 1]
    assert keys(outcomes) == [task["key"] for task in tasks]
    assert all(isinstance(each, Done) for each in outcomes)


def test_a_task_that_ends_workers_alone_is_lost(tmp_path: Path) -> None:
    """Nobody knows what it was busy with; the run decides whether there is another try."""
    (task,) = tasks_for(tmp_path, "MARK")
    Simulator.deaths = 1
    assert done([task]) == [Lost(task, "", GapReason.CRASHED)]


def test_a_file_that_the_worker_cannot_reach_is_a_gap_and_comes_again(tmp_path: Path) -> None:
    """Its stamp is dropped, so that the next scan, from here or from elsewhere, looks again."""
    (task,) = tasks_for(tmp_path, "MARK")
    os.unlink(tmp_path / "000.txt")
    (outcome,) = done([task])
    assert isinstance(outcome, Done)
    assert [gap["reason"] for gap in outcome.result["gaps"]] == ["unreadable"]
    assert outcome.task["unit"]["stamp"] == ""
    assert task["unit"]["stamp"] != ""


def test_another_file_under_the_same_path_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker found in a file of its own says nothing about the one that was listed."""
    (task,) = tasks_for(tmp_path, "plain")
    (tmp_path / "000.txt").write_text("MARK of another machine")
    monkeypatch.setattr(remote, "seen", lambda _: [7, 7])  # as this machine sees it
    (outcome,) = done([task])
    assert isinstance(outcome, Done)
    assert [gap["reason"] for gap in outcome.result["gaps"]] == ["changed"]
    assert outcome.result["findings"] == []
    assert outcome.task["unit"]["stamp"] == ""


def test_a_file_that_changed_since_it_was_listed_is_looked_at(tmp_path: Path) -> None:
    """It is the same one for both: as without a cluster, what it holds now is told."""
    (task,) = tasks_for(tmp_path, "plain")
    (tmp_path / "000.txt").write_text("MARK and more")
    (outcome,) = done([task])
    assert isinstance(outcome, Done)
    assert len(outcome.result["findings"]) == 1
    assert outcome.task == task


def test_standard_input_is_looked_at_here(tmp_path: Path) -> None:
    """It lies in this process's memory: under its path another machine may have anything."""
    (tmp_path / "kept").write_text("MARK of this machine")
    unit = Unit("stdin:-", 20, f"{tmp_path / 'kept'}?00", "stdin")
    (tmp_path / "tree").mkdir()
    outcomes = done([_task(unit, {}), *tasks_for(tmp_path / "tree", "MARK")])
    assert [len(each.result["findings"]) for each in outcomes if isinstance(each, Done)] == [1, 1]
    assert [each.task["key"] for each in outcomes][1:] == [unit.uri]
    assert unit.uri not in Simulator.last.batches[0]


def test_a_password_stays_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is kept for a database is in no request, and its tables are not sent."""
    from efface.sources import credentials

    monkeypatch.setattr(credentials, "_vault", {"postgresql://h/d": {"password": "5ec7e7"}})
    table = _task(Unit("postgresql://h/d#/public/a", 5, "x", "database"), {})
    done([table, *tasks_for(tmp_path, "MARK")])
    assert [len(batch) for batch in Simulator.last.batches] == [1]
    assert "5ec7e7" not in str([remote_work.unpacked(each) for each in Simulator.last.carried])


def test_the_key_of_the_run_stays_here(tmp_path: Path) -> None:
    """The secret that makes pseudonyms crosses no wire; what may be known already is looked at again."""
    (task,) = tasks_for(tmp_path, "MARK")
    (outcome,) = done([{**task, "known": "ab" * 32, "secret": "5ec7e7" * 8}])
    assert "5ec7e7" not in str(remote_work.unpacked(Simulator.last.carried[0]))
    assert isinstance(outcome, Done)
    assert len(outcome.result["findings"]) == 1


def version(told: dict[str, Any]) -> dict[str, Any]:
    return {"refused": {"version": "0.0.1", "configuration": "00"}, "address": "late"}


def other_settings(told: dict[str, Any]) -> dict[str, Any]:
    return {"refused": {**remote_work._identity("fast", Limits()), "configuration": "00"}, "address": "late"}


def failed(told: dict[str, Any]) -> dict[str, Any]:
    return {"failed": "OSError", "address": "late"}


REFUSALS = {
    "a worker that came late with another version": (version, UsageError, r"worker late has efface 0\.0\.1"),
    "a worker that came late with other detectors": (other_settings, UsageError, "other detectors"),
    "a worker that cannot start its processes": (failed, EffaceError, r"cannot do its work \(OSError\)"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_the_run_stops_at(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather stop, and go on later, than have results that this installation would not give."""
    tamper, error, words = REFUSALS[case]
    monkeypatch.setattr(Simulator, "tamper", staticmethod(tamper))
    with pytest.raises(error, match=words):
        done(tasks_for(tmp_path, "MARK"))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (remote_work.packed({"version": "0.0.1", "configuration": "00"}), r"has efface 0\.0\.1"),
        (ModuleNotFoundError("efface"), r"has no efface like this one \(ModuleNotFoundError\)"),
    ],
    ids=["another version", "no efface at all"],
)
def test_a_worker_that_differs_is_refused_at_the_start(
    answer: object, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is looked at."""
    monkeypatch.setattr(Simulator, "everywhere", lambda *_: {"tcp://one": answer})
    with pytest.raises(UsageError, match=words):
        connected()


def test_a_worker_refuses_what_it_would_look_at_otherwise(tmp_path: Path) -> None:
    """Also when it came after the start: each batch says what its sender looks with."""
    with connected() as cluster:
        cluster._same["configuration"] = "00"
        with pytest.raises(UsageError, match="other detectors"):
            list(cluster.run(tasks_for(tmp_path, "MARK")))


def test_nonsense_is_answered_and_not_raised() -> None:
    """The cluster would write the arguments of a function that raises to its log."""
    assert "failed" in remote_work.unpacked(remote_work.work(b"nonsense"))


def test_leaving_ends_what_hangs(tmp_path: Path) -> None:
    """A session that is broken off leaves no process at work on the cluster."""
    tasks = tasks_for(tmp_path, "HANG")
    with connected() as cluster:
        working = threading.Thread(target=remote_work.work, args=(cluster._request(tasks),))
        working.start()
        while not remote_work._kept:
            pass
        (kept,) = remote_work._kept.values()
    working.join(timeout=10)
    assert not working.is_alive()
    assert all(each.process.poll() is not None for each in kept.pool._workers)


def test_an_error_in_the_middle_ends_the_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection breaks: the processes underneath are put away, the error goes on."""

    def broken(*_: object) -> None:
        raise AccessError("the connection to the engine is lost")

    monkeypatch.setattr(Simulator, "finished", broken)
    with pytest.raises(AccessError, match="is lost"):
        done(tasks_for(tmp_path, "MARK"))
    assert Simulator.last.is_closed
