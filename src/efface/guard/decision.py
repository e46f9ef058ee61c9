"""Decide for one payload whether it may pass, with the same eyes and the same law as a scan."""

from __future__ import annotations

import secrets
from dataclasses import replace
from hmac import digest as keyed_digest
from itertools import chain
from time import monotonic
from typing import TYPE_CHECKING

from efface.examine import Examiner
from efface.guard import named
from efface.guard.answer import Decision, Door
from efface.guard.assembled import ASSEMBLED, assembled, with_inner
from efface.guard.law import Bench
from efface.guard.places import part_place
from efface.guard.plain import plain_record
from efface.guard.schema import is_heading
from efface.guard.submission import as_message, read
from efface.guard.weighing import Weighing
from efface.model import (
    Collection,
    Column,
    Finding,
    Gap,
    GapReason,
    Limits,
    Locator,
    Mode,
    Part,
    Sampling,
    Surroundings,
)
from efface.rules.pack import builtin_packs
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from efface.examine.examiner import Result
    from efface.guard.schema import Schema
    from efface.guard.submission import Piece
    from efface.model import Case
    from efface.rules.pack import Pack

__all__ = ["DOOR_LIMITS", "Decision", "Door", "Guard"]

DOOR_LIMITS = Limits(
    artefact_bytes=64 * 1024 * 1024,
    unpacked_bytes=256 * 1024 * 1024,
    entries=2_000,
    frames=200,
    cells=20_000,
    artefact_seconds=30.0,
)


class _LateError(BaseException):
    """The time is up. No Exception: the examiner makes gaps of those and goes on."""


class Guard:
    """Answers for one payload after another; not to be shared between threads.

    Without a case every biometric finding is refused, which is a policy and not law. With a case, what
    the rules prohibit is refused with the rules' names, what they leave open is quarantined, and the rest
    passes. What cannot be looked at is quarantined, and so is what a declared form does not know. Anything
    unexpected is a refusal.

    Nothing is read or written but the payload; what ships with efface (networks, rules, forms) is read once.

    Args:
        case: The facts under which payloads are judged, or None.
        as_of: The day whose law is applied; needed with a case.
        packs: The law; by default what ships with efface.
        mode: How hard to look.
        limits: Budgets of one payload. `artefact_seconds` is looked at between parts and where detectors tell
            that they go on: one that hangs in foreign code is not stopped by it, so whoever serves many runs
            the guard in a process that can be ended.
        schema: The form that payloads claim to be, unless `decide` is told of another.
        key: 32 bytes for the digests; by default random ones that nobody learns.
    """

    def __init__(  # noqa: PLR0913 - each is one thing that decides
        self,
        case: Case | None = None,
        as_of: date | None = None,
        *,
        packs: Sequence[Pack] | None = None,
        mode: Mode = Mode.STANDARD,
        limits: Limits = DOOR_LIMITS,
        schema: Schema | None = None,
        key: bytes | None = None,
    ) -> None:
        if case is not None and as_of is None:
            message = "as_of: a case is judged as of a day"
            raise ValueError(message)
        law = builtin_packs() if packs is None else packs
        self._bench = None if case is None or as_of is None else Bench(case, as_of, law)
        self._limits = limits
        self._schema = schema
        self._key = key or secrets.token_bytes(32)
        self._until = 0.0
        self._examiner = Examiner(mode, limits, at=self._in_time)

    @property
    def most_bytes(self) -> int:
        """How large a payload may be; one that is larger is quarantined unread, so that no more need be read."""
        return self._limits.artefact_bytes

    def decide(self, data: bytes, name: str = "payload", *, schema: Schema | None = None) -> Decision:
        """Return whether a payload may pass; never raises.

        Args:
            data: The payload.
            name: Its name, which tells kinds of text apart.
            schema: The form that it claims to be.
        """
        try:
            if len(data) > self._limits.artefact_bytes:
                return Decision(Door.QUARANTINE, f"more than artefact_bytes = {self._limits.artefact_bytes}")
            form = schema or self._schema
            digest = keyed_digest(self._key, data, "sha256").hex()
            if self._is_plain(data, form):
                return Decision(Door.ALLOW, "nothing found", digest=digest)
            return replace(self._decide(data, name, form), digest=digest)
        except _LateError:
            return Decision(
                Door.QUARANTINE, f"took more than artefact_seconds = {self._limits.artefact_seconds}"
            )
        except Exception as error:  # noqa: BLE001 - the guard's decision: a crash becomes a refusal
            return Decision(Door.REFUSE, f"it could not be decided ({type(error).__name__})", fault="crashed")

    def _in_time(self, _uri: str = "") -> None:
        if monotonic() > self._until:
            raise _LateError

    def _is_plain(self, data: bytes, form: Schema | None) -> bool:
        """Return whether it is a record in which nothing can hide and of which nothing is to be told."""
        record = plain_record(data)
        if record is None or any(map(named.category, record)):
            return False
        return form is None or form.fits(record)

    def _decide(self, data: bytes, name: str, form: Schema | None) -> Decision:
        self._until = monotonic() + self._limits.artefact_seconds
        message = as_message(data)
        if message is not None:
            data, name = message, f"{name}.eml"
        pieces = list(read(data, name, self._limits, is_heading(form)))
        results = list(self._examined(data, name, pieces))
        findings = tuple(result for result in results if isinstance(result, Finding))
        gaps = tuple(_gap_of(result) for result in results if isinstance(result, Gap | Sampling))
        faults = tuple(_gap_of_piece(name, piece) for piece in pieces if piece.fault)
        return Weighing(self._bench, form, pieces).on(findings, (*gaps, *faults))

    def _examined(self, data: bytes, name: str, pieces: list[Piece]) -> Iterator[Result]:
        whole = Part(Locator("payload", (name,)), BytesPayload(data), Surroundings((name,)))
        spread = Collection(Locator(ASSEMBLED, (name,)), lambda: self._assembled(name, pieces))
        for result in chain(self._examiner.examine(whole), self._examiner.examine(spread)):
            self._in_time()
            yield result

    def _assembled(self, name: str, pieces: list[Piece]) -> Iterator[Column]:
        for piece in pieces:
            for place, value in assembled(list(with_inner((*(piece.entries or ()), *piece.loose)))):
                self._in_time()
                where = Locator(ASSEMBLED, (name,), part_place(piece.path, place))
                yield Column(where, Surroundings(), _once(value))


def _gap_of(result: Gap | Sampling) -> Gap:
    """At the door, what was looked at only in part was not looked at."""
    if isinstance(result, Gap):
        return result
    detail = f"only {result.looked_at} of its {result.unit} were looked at"
    return Gap(result.locator, "detect", GapReason.OVER_LIMIT, detail)


def _gap_of_piece(name: str, piece: Piece) -> Gap:
    return Gap(Locator("payload", (name, *piece.path)), "open", GapReason.UNREADABLE, piece.fault)


def _once(value: bytes | str) -> Callable[[], Iterator[bytes | str]]:
    return lambda: iter((value,))
