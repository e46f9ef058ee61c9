"""A door in a stream: a topic goes in, what may pass goes on to a clean topic, and all else to a second one.

What is held, and what could not be decided after three tries, goes to the second topic as it came, with the receipt
in a header; of what is refused only the receipt goes there. Both topics and the position in the first are written in
one transaction. If a decision cannot be put on record, or the brokers do not answer, the stream stands still and
tries again: nothing passes, and nothing is lost.

Looked at are the value, and key and headers of 24 bytes or more. Not promised: a template cut into pieces over
several records.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from efface.engines.kafka import PipeLostError, Record
from efface.errors import AccessError, EffaceError
from efface.guard import Door

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from efface.server.keeper import Doorkeeper
    from efface.server.receipt import Receipt

__all__ = ["Pipe", "Stream", "Topics"]

_TRIES: Final = 3
_WAIT_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 30.0
_SHORTEST: Final = 24
_NOT_NOW: Final = frozenset({"overloaded", "unrecorded"})
"""Faults of the door and not of a record: it waits until they are over."""
_LOG: Final = logging.getLogger("efface.door")


class Pipe(Protocol):
    """What a stream is read from and written to; `efface.engines.kafka.KafkaPipe` says what each promises."""

    def take(self, most: int, wait_s: float) -> list[Record]:
        """Return the next records."""

    def send(self, records: Iterable[Record], done: Sequence[Record]) -> None:
        """Write records, and that others are done, or neither."""

    def rewind(self, taken: Sequence[Record]) -> None:
        """Have what was taken come again."""


@dataclass(frozen=True, slots=True)
class Topics:
    """Where records go.

    Attributes:
        clean: What may pass.
        held: What a person has to look at, and receipts of what is refused.
    """

    clean: str
    held: str


@dataclass(frozen=True, slots=True)
class _Head:
    """Key and headers of a record, as the keeper looks at the head of a message."""

    record: Record

    before: bytes = b""
    unreadable: str = ""

    @property
    def long_texts(self) -> bytes:
        parts = [("key", self.record.key), *self.record.headers]
        found = [
            {_named(name): _text(value)}
            for name, value in parts
            if len(name) + len(value or b"") >= _SHORTEST
        ]
        return json.dumps(found).encode() if found else b""


class Stream:
    """Moves records from one topic to two.

    Args:
        keeper: Decides.
        pipe: The topics.
        topics: Names of those that are written.
        most: Most records of one transaction.
    """

    def __init__(self, keeper: Doorkeeper, pipe: Pipe, topics: Topics, *, most: int = 200) -> None:
        self._keeper, self._pipe, self._topics, self._most = keeper, pipe, topics, most
        self._turns = asyncio.Semaphore(
            keeper.workers.jobs
        )  # more would only wait, and be refused for waiting

    async def run(self, stop: asyncio.Event) -> None:
        """Move records until told to stop; what is being moved is moved to its end.

        Raises:
            PipeLostError: The pipe cannot go on.
        """
        pause_s = 0.0
        while not stop.is_set():
            try:
                await self.step()
                pause_s = 0.0
            except PipeLostError:
                raise
            except EffaceError as error:
                pause_s = min(_LONGEST_PAUSE_S, 2 * pause_s or 0.5)
                _LOG.info(json.dumps({"event": "the stream stands still", "detail": str(error)[:400]}))
                with_stop = asyncio.create_task(stop.wait())
                await asyncio.wait([with_stop], timeout=pause_s)
                with_stop.cancel()

    async def step(self) -> int:
        """Move what is there, up to the most of one transaction; return how many records.

        Raises:
            AccessError: Nothing was moved, and it comes again.
            PipeLostError: The pipe cannot go on.
        """
        taken = await asyncio.to_thread(self._pipe.take, self._most, _WAIT_S)
        if not taken:
            return 0
        try:
            moved = await asyncio.gather(*map(self._moved, taken))
        except BaseException:
            self._pipe.rewind(taken)
            raise
        await asyncio.to_thread(self._pipe.send, moved, taken)
        return len(taken)

    async def _moved(self, record: Record) -> Record:
        """Return what is written for a record."""
        receipt = await self._decided(record)
        if receipt.is_let_through:
            return replace(record, topic=self._topics.clean)
        told = receipt.body()
        if receipt.answer.door is Door.REFUSE and not receipt.answer.fault:
            source = f"{record.topic}/{record.partition}/{record.offset}".encode()
            headers = (("efface-door", b"refuse"), ("efface-source", source))
            return Record(self._topics.held, -1, -1, None, told, headers, record.at_ms)
        more = (("efface-door", b"quarantine"), ("efface-receipt", told))
        return replace(record, topic=self._topics.held, partition=-1, headers=(*record.headers, *more))

    async def _decided(self, record: Record) -> Receipt:
        for _ in range(_TRIES):
            async with self._turns:
                receipt = await self._once(record)
            if receipt.answer.fault in _NOT_NOW:
                raise AccessError(f"it cannot be decided now ({receipt.answer.fault})")
            if not receipt.answer.fault:
                break
        return receipt

    async def _once(self, record: Record) -> Receipt:
        try:
            with self._keeper.spool() as body:
                body.write(record.value or b"")
                return await self._keeper.decide("kafka", body, _Head(record), "value")
        except EffaceError as error:  # larger than a payload may be
            return await self._keeper.hold("kafka", str(error))
        except (MemoryError, OSError) as error:
            raise AccessError(f"it cannot be decided now ({type(error).__name__})") from None


def _named(name: str) -> str:
    return name or "header"


def _text(value: bytes | None) -> str:
    try:
        return (value or b"").decode()
    except UnicodeDecodeError:
        return base64.b64encode(value or b"").decode()
