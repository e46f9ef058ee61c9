"""Open a door: processes, ledger, quarantine and the keeper of them all; and close them in turn."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from efface.evidence.decisions import DecisionLedger
from efface.guard import Settings, Workers
from efface.server.keeper import Doorkeeper
from efface.server.quarantine import Quarantine
from efface.server.record import Recorder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from efface.evidence.keys import SigningKey

__all__ = ["DoorOptions", "open_door"]


@dataclass(frozen=True, slots=True)
class DoorOptions:
    """What a door is made of, whatever protocol it speaks.

    Attributes:
        settings: What is decided by.
        jobs: Processes that decide; 0 is one for each core.
        deadline_s: Longest time for one payload in its process.
        ledger: Folder of the ledger of decisions, or None to keep none.
        key: Signs the ledger's heads, or None.
        quarantine: Folder that keeps what is held, or None: the sender keeps it.
        spooled_bytes: Most bytes of payloads on their way at one time.
        program: Module that each process runs.
    """

    settings: Settings = field(default_factory=Settings)
    jobs: int = 0
    deadline_s: float = 30.0
    ledger: Path | None = None
    key: SigningKey | None = None
    quarantine: Path | None = None
    spooled_bytes: int = 2 * 1024**3
    program: str = "efface.guard.worker"


@asynccontextmanager
async def open_door(options: DoorOptions) -> AsyncIterator[Doorkeeper]:
    """Yield a keeper that decides until the block ends.

    Raises:
        EffaceError: A process does not start, or a folder cannot be used.
    """
    quarantine = None if options.quarantine is None else Quarantine(options.quarantine)
    ledger = None if options.ledger is None else DecisionLedger(options.ledger, options.key)
    async with AsyncExitStack() as stack:
        recorder = None if ledger is None else Recorder(ledger)
        if recorder is not None:
            recorder.start()
            stack.push_async_callback(recorder.close)
        workers = Workers(
            options.settings, jobs=options.jobs, deadline_s=options.deadline_s, program=options.program
        )
        stack.push_async_callback(workers.close)
        await workers.start()
        pseudonyms = None if ledger is None else ledger.pseudonyms
        yield Doorkeeper(workers, recorder, pseudonyms, quarantine, spooled_bytes=options.spooled_bytes)
