"""The processes behind a door: each payload goes to a free one, within a deadline, or is refused.

The event loop only passes bytes on, so it answers health checks and takes connections while detectors work.
A process that dies, hangs or answers nonsense is killed and replaced; its payload is refused, nothing else is.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from efface.errors import EffaceError
from efface.guard.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Mapping

    from efface.guard.settings import Settings

__all__ = ["Readable", "Workers"]

_START_S = 60.0  # to load what a worker needs, on a slow or busy machine
_RETRY_S = 1.0
_ANSWER_BYTES = 1 << 20
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Readable(Protocol):
    """A payload that can be read from its beginning, more than once."""

    @property
    def size(self) -> int:
        """Size in bytes."""

    def chunks(self) -> Iterator[bytes]:
        """Yield its bytes, in pieces."""


@dataclass(slots=True, eq=False)
class _Worker:
    process: subprocess.Popen[bytes]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    generation: int

    def kill(self) -> None:
        self.process.kill()
        self.writer.close()
        self.process.wait()


class Workers:
    """Processes that decide; `start` before use, `close` after it.

    Args:
        settings: What each of them decides by.
        jobs: How many processes; 0 is one for each core.
        deadline_s: Longest time for one payload in its process; after it the process is killed.
        wait_s: Longest time that a payload waits for a free process.
        waiting: Most payloads that wait at once; further ones are refused at once.
        program: The module that each process runs.
    """

    def __init__(  # noqa: PLR0913 - budgets, each by its name
        self,
        settings: Settings,
        *,
        jobs: int = 0,
        deadline_s: float = 30.0,
        wait_s: float = 30.0,
        waiting: int = 1_000,
        program: str = "efface.guard.worker",
    ) -> None:
        self.settings = settings
        self.jobs = jobs or os.cpu_count() or 1
        self.replaced = 0
        self._deadline_s, self._wait_s, self._most_waiting = deadline_s, wait_s, waiting
        self._program = program
        self._generation = 0
        self._waiting = 0
        self._all: set[_Worker] = set()
        self._free: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def start(self) -> None:
        """Start all processes and wait until each is ready.

        Raises:
            EffaceError: One ends before it begins.
        """
        for worker in await self._several(self.settings):
            self._free.put_nowait(worker)

    @property
    def ready(self) -> int:
        """How many processes can take a payload, now or when they have decided on the one they have."""
        return len(self._all)

    @property
    def waiting(self) -> int:
        """How many payloads wait for a process."""
        return self._waiting

    async def decide(self, payload: Readable, name: str, schema: str = "") -> Answer:
        """Return the answer about a payload; what goes wrong is a refusal.

        Args:
            payload: Its bytes.
            name: Its name.
            schema: Id of the form that it claims to be, or "" for none.
        """
        if self._is_closed or self._waiting >= self._most_waiting:
            return Answer.undecided("overloaded")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_s):
                worker = await self._free.get()
        except TimeoutError:
            return Answer.undecided("overloaded")
        finally:
            self._waiting -= 1
        return await self._decide(worker, payload, {"name": name, "size": payload.size, "schema": schema})

    async def _decide(self, worker: _Worker, payload: Readable, task: Mapping[str, Any]) -> Answer:
        is_sound = False
        try:
            async with asyncio.timeout(self._deadline_s):
                answer = await _asked(worker, payload, task)
            is_sound = True
        except TimeoutError:
            return Answer.undecided("timeout")
        except Exception as error:  # noqa: BLE001 - the guard's decision: a crash becomes a refusal
            return Answer.undecided("crashed", type(error).__name__)
        else:
            return answer
        finally:  # also when whoever asked has gone
            if is_sound and worker.generation == self._generation and not self._is_closed:
                self._free.put_nowait(worker)
            else:
                self._drop(worker)
                if not is_sound:
                    self.replaced += 1
                    self._later(self._replacement())

    async def reload(self, settings: Settings) -> None:
        """Decide by other settings from now on; payloads that are being decided on end under the old ones.

        Raises:
            EffaceError: The new processes do not start; the old settings stay in force.
        """
        fresh = await self._several(settings)
        self.settings = settings
        self._generation += 1
        while not self._free.empty():
            self._drop(self._free.get_nowait())
        for worker in fresh:
            worker.generation = self._generation
            self._free.put_nowait(worker)

    async def close(self) -> None:
        """End every process; what still waits is refused."""
        self._is_closed = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for worker in list(self._all):
            self._drop(worker)

    def _drop(self, worker: _Worker) -> None:
        self._all.discard(worker)
        worker.kill()

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _several(self, settings: Settings) -> list[_Worker]:
        started = await asyncio.gather(
            *(self._started(settings) for _ in range(self.jobs)), return_exceptions=True
        )
        workers = [each for each in started if isinstance(each, _Worker)]
        if len(workers) < len(started):
            for worker in workers:
                self._drop(worker)
            raise EffaceError(
                "processes of the guard end before they begin",
                to_do="Run `efface doctor` to see what is missing.",
            )
        return workers

    async def _replacement(self) -> None:
        """Put a new process in the place of a dead one, and go on trying: without one nothing is let through."""
        while not self._is_closed:
            generation = self._generation
            with suppress(EffaceError, OSError, ValueError, TimeoutError):
                worker = await self._started(self.settings)
                if generation == self._generation and not self._is_closed:
                    self._free.put_nowait(worker)
                else:  # reloaded meanwhile, with enough processes
                    self._drop(worker)
                return
            await asyncio.sleep(_RETRY_S)

    async def _started(self, settings: Settings) -> _Worker:
        ours, theirs = socket.socketpair()
        with theirs:
            # -P: the folder that the user stands in must not provide modules.
            process = subprocess.Popen(  # noqa: ASYNC220 - it returns as soon as the process exists
                [sys.executable, "-P", "-m", self._program, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=None if "EFFACE_DEBUG" in os.environ else subprocess.DEVNULL,  # decoders talk there
                env=os.environ | _ONE_THREAD,
            )
        reader, writer = await asyncio.open_connection(sock=ours, limit=_ANSWER_BYTES)
        worker = _Worker(process, reader, writer, self._generation)
        try:
            async with asyncio.timeout(_START_S):
                writer.write(_line(settings.message()))
                await writer.drain()
                _require_ready(await reader.readline())
        except BaseException:
            worker.kill()
            raise
        self._all.add(worker)
        return worker


async def _asked(worker: _Worker, payload: Readable, task: Mapping[str, Any]) -> Answer:
    worker.writer.write(_line(task))
    for chunk in payload.chunks():
        worker.writer.write(chunk)
        await worker.writer.drain()
    return Answer.from_message(json.loads(await worker.reader.readline()))


def _require_ready(line: bytes) -> None:
    if json.loads(line) != {"ready": True}:
        raise EffaceError("a process of the guard did not say that it is ready")


def _line(message: object) -> bytes:
    return json.dumps(message).encode() + b"\n"
