"""Put decisions on record together: whoever waits for one shares the disk's flush with all who came meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from efface.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from efface.evidence.decisions import DecisionLedger

__all__ = ["Recorder"]

_MOST_AT_ONCE = 1_000


class Recorder:
    """The only writer of a ledger of decisions; `run` has to be running.

    Args:
        ledger: Where to.
    """

    def __init__(self, ledger: DecisionLedger) -> None:
        self._ledger = ledger
        self._queue: asyncio.Queue[tuple[Mapping[str, Any], asyncio.Future[None]]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.is_sound = True

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run())

    async def record(self, decision: Mapping[str, Any]) -> None:
        """Return when a decision is on the disk.

        Raises:
            AccessError, EvidenceError: It is not.
        """
        if self._task is None or self._task.done():
            raise AccessError("nobody writes the ledger")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((decision, done))
        await done

    async def close(self) -> None:
        """Write what is waiting, and close the ledger."""
        if self._task is not None:
            await self._queue.join()
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.to_thread(self._ledger.close)

    async def _run(self) -> None:
        while True:
            batch = [await self._queue.get()]
            while len(batch) < _MOST_AT_ONCE and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            error: Exception | None = None
            try:
                await asyncio.to_thread(self._ledger.append, [decision for decision, _ in batch])
            except Exception as failed:  # noqa: BLE001 - told to each who waits, who refuses
                error = failed
            self.is_sound = error is None
            for _, done in batch:
                self._queue.task_done()
                if done.cancelled():
                    continue
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)
