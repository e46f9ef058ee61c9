"""A supervisor of worker processes: a crash or a hang costs one artefact, not the run.

Tasks are plain dictionaries with a "key". A worker that dies or falls silent for longer than
`artefact_seconds` is replaced; its current task comes back as `Lost` with the part that it was busy
with, and the tasks it had not begun go to another worker.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any, Self

from efface.errors import EffaceError
from efface.model import GapReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from efface.model import Limits, Mode

__all__ = ["Done", "Lost", "Pool"]

_BATCH_BYTES = 1_000_000
_BATCH_TASKS = 32
_POLL_S = 0.25
_MAX_FALSE_STARTS = 3
_START_S = 60.0  # to load what a worker needs, on a slow or busy machine
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Done:
    """A finished task and its result."""

    task: dict[str, Any]
    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lost:
    """A task whose process died, hung or ran out of memory.

    Attributes:
        task: The task.
        at: URI of the part that was being looked at, or "" when not even that is known.
        reason: crashed, timeout or over-limit.
    """

    task: dict[str, Any]
    at: str
    reason: GapReason


@dataclass(slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    pipe: Connection
    ready: bool = False
    pending: deque[dict[str, Any]] = field(default_factory=deque)
    at: str = ""
    heard_at: float = 0.0


class Pool:
    """Worker processes that do tasks and give back `Done` or `Lost`, in the order they finish.

    Args:
        jobs: How many processes.
        mode: How hard the detectors look.
        limits: Budgets; `artefact_seconds` and `memory_bytes` are enforced here.
    """

    def __init__(self, jobs: int, mode: Mode, limits: Limits) -> None:
        self._mode = mode
        self._limits = limits
        self._false_starts = 0
        self._is_stopped = False
        self._workers = [self._start() for _ in range(max(1, jobs))]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def stop(self) -> None:
        """Kill what runs, from any thread; `run` ends in the middle, and whoever listens has to `close`."""
        self._is_stopped = True
        for each in list(self._workers):
            each.process.kill()

    def close(self) -> None:
        """End every process."""
        for each in self._workers:
            each.pipe.close()
            each.process.kill()
        for each in self._workers:
            each.process.wait()

    def run(self, tasks: Iterable[dict[str, Any]]) -> Iterator[Done | Lost]:
        """Do every task once; tasks are taken from the iterable only as workers become free."""
        waiting = iter(tasks)
        again: deque[dict[str, Any]] = deque()
        while not self._is_stopped:
            for each in self._workers:
                if not each.pending and (batch := self._batch(waiting, again)):
                    self._give(each, batch)
            if not any(each.pending for each in self._workers):
                return
            # A task that is lost may come back from the iterable, so its end is asked for anew each time.
            yield from self._listen(again)

    @staticmethod
    def _batch(waiting: Iterator[dict[str, Any]], again: deque[dict[str, Any]]) -> list[dict[str, Any]]:
        """Take the next tasks: many small ones together, a large one alone."""
        batch: list[dict[str, Any]] = []
        size = 0
        while len(batch) < _BATCH_TASKS and size < _BATCH_BYTES:
            task = again.popleft() if again else next(waiting, None)
            if task is None:
                break
            batch.append(task)
            size += int(task.get("size_bytes", 0))
        return batch

    def _give(self, each: _Worker, batch: list[dict[str, Any]]) -> None:
        each.pending = deque(batch)
        each.at = ""
        each.heard_at = time.monotonic()
        try:
            each.pipe.send_bytes(json.dumps({"tasks": batch}).encode())
        except OSError:
            each.heard_at = float("-inf")  # it died between two tasks; `_listen` finds out and replaces it

    def _listen(self, again: deque[dict[str, Any]]) -> Iterator[Done | Lost]:
        ready = wait([each.pipe for each in self._workers], timeout=_POLL_S)
        now = time.monotonic()
        for index, each in enumerate(self._workers):
            if each.pipe in ready:
                try:
                    message = json.loads(each.pipe.recv_bytes())
                except (EOFError, OSError):
                    yield from self._replace(index, again, GapReason.CRASHED)
                    continue
                each.heard_at = now
                yield from self._heard(each, message)
            elif each.pending and now - each.heard_at > self._patience_s(each):
                yield from self._replace(index, again, GapReason.TIMEOUT)

    def _patience_s(self, each: _Worker) -> float:
        limit_s = self._limits.artefact_seconds
        return limit_s if each.ready else max(limit_s, _START_S)

    def _heard(self, each: _Worker, message: dict[str, Any]) -> Iterator[Done | Lost]:
        if "ready" in message:
            each.ready = True
            self._false_starts = 0
            return
        if "at" in message:
            each.at = message["at"]
            return
        task = each.pending.popleft()
        if "failed" in message:
            over = message["error"] == "MemoryError"
            yield Lost(task, each.at, GapReason.OVER_LIMIT if over else GapReason.CRASHED)
        else:
            yield Done(task, message["result"])
        each.at = ""

    def _replace(self, index: int, again: deque[dict[str, Any]], reason: GapReason) -> Iterator[Lost]:
        """Put a new worker in the place of a dead or silent one; what it had not begun is done again."""
        dead = self._workers[index]
        dead.process.kill()
        dead.process.wait()
        dead.pipe.close()
        if not dead.ready:
            self._false_starts += 1
            if self._false_starts >= _MAX_FALSE_STARTS:
                raise EffaceError(
                    "worker processes end before they begin",
                    to_do="Run `efface doctor` to see what is missing.",
                )
            again.extend(dead.pending)
            dead.pending.clear()
        self._workers[index] = self._start()
        if dead.pending:
            task = dead.pending.popleft()
            again.extend(dead.pending)
            yield Lost(task, dead.at, reason)

    def _start(self) -> _Worker:
        ours, theirs = socket.socketpair()
        with theirs:
            # -P: the folder that the user stands in, which may be the one scanned, must not provide modules.
            command = [sys.executable, "-P", "-m", "efface.runs.worker", str(theirs.fileno())]
            process = subprocess.Popen(
                command,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=None if "EFFACE_DEBUG" in os.environ else subprocess.DEVNULL,  # decoders talk there
                env=os.environ | _ONE_THREAD,
            )
        pipe = Connection(ours.detach())
        first = {"mode": self._mode, "limits": asdict(self._limits)}
        with suppress(OSError):  # it has ended already; `_listen` finds out and counts a false start
            pipe.send_bytes(json.dumps(first).encode())
        return _Worker(process, pipe, heard_at=time.monotonic())
