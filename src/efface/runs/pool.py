"""A supervisor of worker processes: a crash or a hang costs one artefact, not the run.

Tasks are plain dictionaries with a "key". A worker that dies or falls silent for longer than
`artefact_seconds` is replaced; its current task comes back as `Lost` with the part that it was busy
with, and the tasks it had not begun go to another worker.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from efface.errors import EffaceError
from efface.examine.look import DATA
from efface.model import GapReason
from efface.runs.slate import Slate
from efface.sources.credentials import exported

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from efface.examine.look import Look
    from efface.model import Limits, Mode

__all__ = ["MOST_BYTES_PENDING", "Done", "Lost", "Pool"]

_BATCH_BYTES = 1_000_000
_BATCH_TASKS = 32
_LOW_TASKS = 24
"""A process with no more than so many tasks left, all small, gets the next ones before it has to wait for them."""
MOST_BYTES_PENDING = _BATCH_BYTES * 5 // 4
"""Most bytes of the tasks that one process has, but for the last one, which may be of any size."""
_POLL_S = 0.25
_GATHER_S, _GATHER_TASKS = 0.012, 12
"""While every process has more than so many tasks to do, messages are read together rather than each at once."""
_AHEAD_BYTES = 1 << 16
"""Most that is sent to a process that may be sending: what is longer could block both for ever."""
_READ_BYTES = 1 << 18
_MESSAGE_BYTES = 1 << 29
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
    pipe: socket.socket
    slate: Slate
    ready: bool = False
    unread: bytearray = field(default_factory=bytearray)
    pending: deque[dict[str, Any]] = field(default_factory=deque)
    beats: int = 0
    heard_at: float = 0.0


class Pool:
    """Worker processes that do tasks and give back `Done` or `Lost`, in the order they finish.

    Args:
        jobs: How many processes.
        mode: How hard the detectors look.
        limits: Budgets; `artefact_seconds` and `memory_bytes` are enforced here.
        look: What the workers look for.
    """

    def __init__(self, jobs: int, mode: Mode, limits: Limits, look: Look = DATA) -> None:
        self._mode = mode
        self._look = look
        self._limits = limits
        self._false_starts = 0
        self._is_stopped = False
        self._listening = selectors.DefaultSelector()
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
        self._listening.close()
        for each in self._workers:
            each.pipe.close()
            each.process.kill()
        for each in self._workers:
            each.process.wait()
            each.slate.close()

    def run(self, tasks: Iterable[dict[str, Any]]) -> Iterator[Done | Lost]:
        """Do every task once; tasks are taken from the iterable only as workers become free."""
        waiting = iter(tasks)
        again: deque[dict[str, Any]] = deque()
        while not self._is_stopped:
            for each in self._workers:
                if self._has_little_to_do(each) and (batch := self._batch(waiting, again)):
                    self._give(each, batch, again)
            if not any(each.pending for each in self._workers):
                return
            # A task that is lost may come back from the iterable, so its end is asked for anew each time.
            yield from self._listen(again)
            if all(len(each.pending) > _GATHER_TASKS for each in self._workers):
                time.sleep(_GATHER_S)

    @staticmethod
    def _has_little_to_do(each: _Worker) -> bool:
        if len(each.pending) > _LOW_TASKS:
            return False
        return sum(int(task.get("size_bytes", 0)) for task in each.pending) < _BATCH_BYTES // 4

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

    def _give(self, each: _Worker, batch: list[dict[str, Any]], again: deque[dict[str, Any]]) -> None:
        data = _line({"tasks": batch})
        if not each.pending:
            each.heard_at = time.monotonic()
        elif len(data) > _AHEAD_BYTES:
            again.extendleft(reversed(batch))
            return
        each.pending.extend(batch)
        try:
            each.pipe.sendall(data)
        except OSError:
            each.heard_at = float("-inf")  # it died between two tasks; `_listen` finds out and replaces it

    def _listen(self, again: deque[dict[str, Any]]) -> Iterator[Done | Lost]:
        ready = {key.data for key, _ in self._listening.select(_POLL_S)}
        now = time.monotonic()
        for index, each in enumerate(self._workers):
            if each.pipe.fileno() in ready:
                messages, is_alive = _received(each)
                for message in messages:
                    each.heard_at = now
                    try:
                        outcome = self._heard(each, message)
                    except (IndexError, KeyError, TypeError):
                        is_alive = False  # no message of a worker of ours
                        break
                    if outcome is not None:
                        yield outcome
                if not is_alive:
                    yield from self._replace(index, again, GapReason.CRASHED)
            elif (beats := each.slate.beats) != each.beats:
                each.beats, each.heard_at = beats, now
            elif each.pending and now - each.heard_at > self._patience_s(each):
                yield from self._replace(index, again, GapReason.TIMEOUT)

    def _patience_s(self, each: _Worker) -> float:
        limit_s = self._limits.artefact_seconds
        return limit_s if each.ready else max(limit_s, _START_S)

    def _heard(self, each: _Worker, message: dict[str, Any]) -> Done | Lost | None:
        if "ready" in message:
            each.ready = True
            self._false_starts = 0
            return None
        outcome: Done | Lost
        if "failed" in message:
            over = message["error"] == "MemoryError"
            outcome = Lost(
                each.pending[0], message["at"], GapReason.OVER_LIMIT if over else GapReason.CRASHED
            )
        else:
            outcome = Done(each.pending[0], message["result"])
        each.pending.popleft()
        return outcome

    def _replace(self, index: int, again: deque[dict[str, Any]], reason: GapReason) -> Iterator[Lost]:
        """Put a new worker in the place of a dead or silent one; what it had not begun is done again."""
        dead = self._workers[index]
        dead.process.kill()
        dead.process.wait()
        self._listening.unregister(dead.pipe)
        dead.pipe.close()
        at = dead.slate.text
        dead.slate.close()
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
            yield Lost(task, at, reason)

    def _start(self) -> _Worker:
        ours, theirs = socket.socketpair()
        slate, memory = Slate.blank()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * _AHEAD_BYTES)
        with theirs:
            # -P: the folder that the user stands in, which may be the one scanned, must not provide modules.
            command = [sys.executable, "-P", "-m", "efface.runs.worker", str(theirs.fileno()), str(memory)]
            process = subprocess.Popen(
                command,
                pass_fds=(theirs.fileno(), memory),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=None if "EFFACE_DEBUG" in os.environ else subprocess.DEVNULL,  # decoders talk there
                env=os.environ | _ONE_THREAD,
            )
        os.close(memory)
        with suppress(OSError):  # it has ended already; `_listen` finds out and counts a false start
            first = {"mode": self._mode, "limits": asdict(self._limits), "look": self._look.name}
            ours.sendall(_line({**first, "secrets": exported()}))
        self._listening.register(ours, selectors.EVENT_READ, ours.fileno())
        return _Worker(process, ours, slate, heard_at=time.monotonic())


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"


def _received(each: _Worker) -> tuple[list[dict[str, Any]], bool]:
    """Return the messages that are there, and whether the process can go on.

    One that sends what is no message, or too long a one, was taken over or is out of its mind.
    """
    try:
        data = each.pipe.recv(_READ_BYTES)
    except OSError:
        data = b""
    each.unread += data
    whole, newline, rest = each.unread.rpartition(b"\n")
    if not newline:
        return [], bool(data) and len(each.unread) < _MESSAGE_BYTES
    each.unread = rest
    try:
        messages = json.loads(b"[" + whole.replace(b"\n", b",") + b"]")
    except ValueError:
        return [], False
    return messages, bool(data)
