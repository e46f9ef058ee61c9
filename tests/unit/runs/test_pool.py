"""Worker processes: a crash or a hang costs one artefact, not the run."""

from __future__ import annotations

import itertools
import os
import selectors
import signal
import socket
import sys
from collections import deque
from typing import TYPE_CHECKING, Any

import pytest

from efface.errors import EffaceError
from efface.model import GapReason, Limits, Mode
from efface.runs.pool import Done, Lost, Pool
from efface.runs.scan import _task
from efface.sources.filesystem import Filesystem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("obedient")


def tasks_for(folder: Path, *contents: str) -> list[dict[str, Any]]:
    """Write one file for each content and return the tasks to look at them, in order."""
    for number, content in enumerate(contents):
        (folder / f"{number:03}.txt").write_text(f"{content} {number}")
    return [_task(unit, {}) for unit in Filesystem().units(str(folder))]  # type: ignore[arg-type]


def pool(jobs: int = 1, **limits: Any) -> Pool:
    return Pool(jobs, Mode.FAST, Limits(**limits))


def ready(workers: Pool) -> Pool:
    """Wait until every worker has loaded everything."""
    while not all(each.ready for each in workers._workers):
        list(workers._listen(deque()))
    return workers


def keys(outcomes: list[Done | Lost]) -> list[str]:
    return sorted(outcome.task["key"] for outcome in outcomes)


def test_every_task_is_done_once(tmp_path: Path) -> None:
    """Seventy tasks over two processes come back seventy, each with its result."""
    tasks = tasks_for(tmp_path, *(["MARK", "plain"] * 35))
    with pool(2) as workers:
        outcomes = list(workers.run(tasks))
    assert keys(outcomes) == [task["key"] for task in tasks]
    assert sum(len(each.result["findings"]) for each in outcomes if isinstance(each, Done)) == 35


def test_nothing_to_do_ends_at_once() -> None:
    """No task, no outcome."""
    with pool() as workers:
        assert list(workers.run([])) == []


def test_a_crash_costs_the_task_that_crashed(tmp_path: Path) -> None:
    """The process that dies takes one task with it, and names the part; the tasks behind it are done."""
    tasks = tasks_for(tmp_path, "MARK", "CRASH", "MARK", "MARK")
    with pool() as workers:
        outcomes = list(workers.run(tasks))
    (lost,) = [each for each in outcomes if isinstance(each, Lost)]
    assert (lost.task, lost.at, lost.reason) == (tasks[1], tasks[1]["key"], GapReason.CRASHED)
    assert keys(outcomes) == [task["key"] for task in tasks]


def test_a_hang_costs_the_task_that_hangs(tmp_path: Path) -> None:
    """A part that is looked at for longer than artefact_seconds ends its process, and is named."""
    tasks = tasks_for(tmp_path, "MARK", "HANG", "MARK")
    with pool(artefact_seconds=0.5) as workers:
        outcomes = list(workers.run(tasks))
    (lost,) = [each for each in outcomes if isinstance(each, Lost)]
    assert (lost.task, lost.at, lost.reason) == (tasks[1], tasks[1]["key"], GapReason.TIMEOUT)
    assert keys(outcomes) == [task["key"] for task in tasks]


def test_a_process_that_is_frozen_from_outside_is_replaced(tmp_path: Path) -> None:
    """A stopped process falls silent: another one does its tasks."""
    tasks = tasks_for(tmp_path, "MARK", "MARK", "MARK")
    with pool(artefact_seconds=0.5) as workers:
        frozen = ready(workers)._workers[0].process
        os.kill(frozen.pid, signal.SIGSTOP)
        outcomes = list(workers.run(tasks))
        assert frozen.returncode == -signal.SIGKILL
    assert [each.reason for each in outcomes if isinstance(each, Lost)] == [GapReason.TIMEOUT]
    assert keys(outcomes) == [task["key"] for task in tasks]


def test_a_process_that_is_killed_from_outside_is_replaced(tmp_path: Path) -> None:
    """A process that died while it had nothing to do never loses more than one task."""
    tasks = tasks_for(tmp_path, "MARK", "MARK", "MARK")
    with pool(2) as workers:
        dead = ready(workers)._workers[0].process
        dead.kill()
        dead.wait()
        outcomes = list(workers.run(tasks))
    assert len([each for each in outcomes if isinstance(each, Lost)]) <= 1
    assert keys(outcomes) == [task["key"] for task in tasks]


def test_a_task_that_cannot_be_done_at_all_is_lost_and_its_process_lives_on(tmp_path: Path) -> None:
    """A fault outside the examination is one lost task; the process goes on with the next."""
    good, other = tasks_for(tmp_path, "MARK", "MARK")
    broken = {**good, "unit": {"type": "Nonsense"}}
    with pool() as workers:
        outcomes = list(workers.run([broken, other]))
        process = workers._workers[0].process
        assert process.poll() is None
    assert [type(each) for each in outcomes] == [Lost, Done]


def test_processes_that_cannot_begin_stop_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A broken installation is an error that says so, not a run in which everything is a gap."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(EffaceError, match="end before they begin"), pool() as workers:
        list(workers.run(tasks_for(tmp_path, "MARK")))


def test_a_slow_start_is_not_a_hang(tmp_path: Path) -> None:
    """However short artefact_seconds is, a process has time to load what it needs."""
    (task,) = tasks_for(tmp_path, "MARK")
    with pool(artefact_seconds=0.05) as workers:
        (outcome,) = workers.run([task])
    assert isinstance(outcome, Done)


def test_leaving_ends_every_process(tmp_path: Path) -> None:
    """Also when the caller breaks off in the middle."""
    with pool(2) as workers:
        processes = [each.process for each in workers._workers]
        for _ in workers.run(tasks_for(tmp_path, "MARK", "HANG", "HANG")):
            break
    assert all(process.returncode is not None for process in processes)


def test_tasks_are_taken_as_they_are_needed(tmp_path: Path) -> None:
    """A run of a million units holds a few of them in memory."""
    (task,) = tasks_for(tmp_path, "plain")
    taken = 0

    def endless() -> Iterator[dict[str, Any]]:
        nonlocal taken
        for number in itertools.count():
            taken += 1
            yield {**task, "key": str(number)}

    with pool() as workers:
        next(iter(workers.run(endless())))
    assert taken <= 64


def test_long_names_block_nobody(tmp_path: Path) -> None:
    """Tasks and answers that are longer than what a pipe holds do not make both sides wait for each other."""
    (task,) = tasks_for(tmp_path, "MARK")
    long = [{**task, "key": f"{number}", "skip": {"x" * 40_000: "crashed"}} for number in range(96)]
    with pool() as workers:
        outcomes = list(workers.run(long))
    assert keys(outcomes) == keys([Done(each, {}) for each in long])


NONSENSE = {
    "no JSON": b"}{\n",
    "a line without an end": b"x" * 100_000,
    "JSON that is no message": b'"at"\n',
    "an answer to nothing": b'{"unasked": 1}\n',
}


@pytest.mark.parametrize("case", NONSENSE)
def test_a_process_that_talks_nonsense_is_replaced(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decoder that was taken over cannot stop the run: one task is lost, the others are done."""
    monkeypatch.setattr("efface.runs.pool._MESSAGE_BYTES", 50_000)
    tasks = tasks_for(tmp_path, "MARK", "MARK", "MARK")
    with pool() as workers:
        ours, theirs = socket.socketpair()
        talker = ready(workers)._workers[0]
        workers._listening.unregister(talker.pipe)
        talker.pipe.close()
        talker.pipe = ours
        workers._listening.register(ours, selectors.EVENT_READ, ours.fileno())
        with theirs:
            theirs.sendall(NONSENSE[case])
            outcomes = list(workers.run(tasks))
        assert workers._workers[0] is not talker
    assert [each.reason for each in outcomes if isinstance(each, Lost)] == [GapReason.CRASHED]
    assert keys(outcomes) == [task["key"] for task in tasks]


SIZES = {
    "many small tasks go together": ([1] * 100, 32),
    "a large task goes alone": ([2_000_000, 1, 1], 1),
    "a batch ends with the task that fills it": ([600_000, 600_000, 1], 2),
    "nothing is left": ([], 0),
}


@pytest.mark.parametrize("case", SIZES)
def test_how_many_tasks_a_process_is_given_at_once(case: str) -> None:
    """Small tasks share a message; a large one does not hold others up."""
    sizes, expected = SIZES[case]
    assert len(Pool._batch(iter([{"size_bytes": size} for size in sizes]), deque())) == expected


def test_tasks_of_a_lost_process_come_before_new_ones() -> None:
    """What a dead process had not begun is given out first."""
    again = deque([{"key": "old"}])
    assert [task["key"] for task in Pool._batch(iter([{"key": "new"}]), again)] == ["old", "new"]
