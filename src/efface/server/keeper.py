"""The one way through every door: look, keep, record, tell; and refuse when any of it fails.

Look: head and body go to processes of the guard. Keep: what is held for a person is kept, where a folder for it is
named. Record: the decision is in the ledger, on the disk, before anything passes. Tell: a receipt for the sender, a
line for the log, a count for the metrics.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

from efface.guard import Answer, Door
from efface.guard.answer import strictest
from efface.server.metrics import Metrics
from efface.server.receipt import Basis, Receipt
from efface.server.spool import Budget, Spool

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from efface.evidence.pseudonym import Pseudonyms
    from efface.guard import Settings, Workers
    from efface.server.quarantine import Quarantine
    from efface.server.record import Recorder

__all__ = ["Doorkeeper", "Head"]

_SPOOLED_BYTES: Final = 2 * 1024**3
_IN_LOOP_BYTES: Final = 1024 * 1024
_LOG: Final = logging.getLogger("efface.door")


class Head(Protocol):
    """What of a message is looked at beside its body; `efface.guard.http_message.Message` is that of HTTP."""

    @property
    def before(self) -> bytes:
        """Bytes without which the body cannot be read, or none."""

    @property
    def unreadable(self) -> str:
        """Why the body cannot be looked at as it is, or ""."""

    @property
    def long_texts(self) -> bytes:
        """The long texts of the head as JSON, or nothing where there is none."""


class Doorkeeper:
    """Decides on messages; shared by all connections of a door.

    Args:
        workers: The processes that decide; started.
        recorder: The ledger's writer, or None to keep no record.
        pseudonyms: Makes keyed digests of payloads, or None for none.
        quarantine: Keeps what is held, or None: the sender keeps it.
        spooled_bytes: Most bytes of payloads on their way at one time.
    """

    def __init__(
        self,
        workers: Workers,
        recorder: Recorder | None = None,
        pseudonyms: Pseudonyms | None = None,
        quarantine: Quarantine | None = None,
        *,
        spooled_bytes: int = _SPOOLED_BYTES,
    ) -> None:
        self.workers = workers
        self.metrics = Metrics()
        self._recorder, self._pseudonyms, self._quarantine = recorder, pseudonyms, quarantine
        self._budget = Budget(spooled_bytes)
        self._basis = Basis(workers.settings.packs)
        self.tag = workers.settings.tag()
        gauges = self.metrics.gauges
        gauges["efface_guard_processes"] = ("Processes that decide.", lambda: workers.ready)
        gauges["efface_guard_waiting"] = ("Payloads that wait for a process.", lambda: workers.waiting)
        gauges["efface_guard_replaced"] = (
            "Processes that died or hung and were replaced.",
            lambda: workers.replaced,
        )
        gauges["efface_guard_spooled_bytes"] = (
            "Bytes of payloads on their way.",
            lambda: self._budget.held_bytes,
        )

    @property
    def is_ready(self) -> bool:
        """Whether payloads can be decided on and put on record."""
        return self.workers.ready > 0 and (self._recorder is None or self._recorder.is_sound)

    @property
    def schema(self) -> str:
        """Id of the form that bodies are held to, or ""."""
        return self.workers.settings.schema

    def spool(self, message: Head | None = None) -> Spool:
        """Return a place for a body of a message."""
        before = b"" if message is None else message.before
        return Spool(self.workers.settings.limits.artefact_bytes, self._budget, before)

    async def reload(self, settings: Settings) -> None:
        """Decide by other settings from now on.

        Raises:
            EffaceError: They cannot be taken; the old ones stay in force.
        """
        await self.workers.reload(settings)
        self._basis, self.tag = Basis(settings.packs), settings.tag()

    async def decide(
        self,
        way: str,
        body: Spool,
        message: Head | None = None,
        name: str = "body",
        schema: str | None = None,
    ) -> Receipt:
        """Return the receipt for a message whose body is there; never raises but when it is cancelled.

        Args:
            way: A word for the door: "reqmod", "check" ...
            body: The whole body.
            message: The head, or None where there is none to look at.
            name: What the body is called.
            schema: Id of the form that the body claims to be, "" for none, None for what the settings say. The
                head is held to no form, and neither is a message that has a head and no body.
        """
        if message is not None and message.unreadable and body.size_written:
            return await self.hold(way, message.unreadable, body)
        form = self.schema if schema is None else schema
        return await self._through(way, body, self._looked_at(body, message, name, form))

    async def hold(self, way: str, reason: str, body: Spool | None = None) -> Receipt:
        """Return the receipt for what was not looked at."""
        return await self._through(way, body, _known(Answer(Door.QUARANTINE, reason, gaps=1)))

    async def fault(self, way: str, fault: str) -> Receipt:
        """Return the receipt for what could not even be received."""
        return await self._through(way, None, _known(Answer.undecided(fault)))

    async def _looked_at(self, body: Spool, message: Head | None, name: str, form: str) -> Answer:
        texts = b"" if message is None else message.long_texts
        answers = []
        if texts:
            with Spool(len(texts), self._budget) as head:
                head.write(texts)
                answers.append(await self.workers.decide(head, "head.json"))
        if body.size_written or not texts:
            is_handed_in = body.size_written > 0 or message is None
            answers.append(await self.workers.decide(body, name, form if is_handed_in else ""))
        return strictest(answers)

    async def _through(self, way: str, body: Spool | None, looking: Awaitable[Answer]) -> Receipt:
        began = time.monotonic()
        receipt = Receipt(secrets.token_hex(16), _now(), Answer.undecided("crashed"))
        size = 0 if body is None else body.size_written
        try:
            receipt = replace(receipt, answer=await looking)
            digest = "" if body is None else await self._digest(body)
            receipt = replace(receipt, digest=digest, basis=tuple(self._basis.of(receipt.answer.rules)))
            if receipt.answer.door is Door.QUARANTINE and self._quarantine is not None and body is not None:
                await asyncio.to_thread(self._quarantine.keep, receipt, body)
            if self._recorder is not None:
                await self._recorder.record(receipt.on_record(way, size))
        except Exception as error:  # noqa: BLE001 - the guard's decision: a crash becomes a refusal
            receipt = replace(receipt, answer=Answer.undecided("unrecorded", type(error).__name__))
        self._tell(way, receipt, size, time.monotonic() - began)
        return receipt

    async def _digest(self, body: Spool) -> str:
        if self._pseudonyms is None:
            return ""
        if body.size_written <= _IN_LOOP_BYTES:
            return self._pseudonyms.content(body.written())
        return await asyncio.to_thread(self._pseudonyms.content, body.written())

    def _tell(self, way: str, receipt: Receipt, size: int, seconds: float) -> None:
        answer = receipt.answer
        self.metrics.decided(way, answer.door, answer.fault, size, seconds)
        if _LOG.isEnabledFor(logging.INFO):
            said = {**receipt.on_record(way, size), "ms": round(seconds * 1000, 1), "event": "decided"}
            _LOG.info(json.dumps(said))


async def _known(answer: Answer) -> Answer:
    return answer


def _now() -> str:
    return datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
