"""Have a device forget whom it knows: counted, written down, told, counted again.

    (counted) -> removal_intent, gallery_asked -> (told) -> (counted) -> gallery_counted
              -> removal_ready, removal_done: it counts nobody
              -> removal_failed: it counts some, is still at work, or nobody knows

Each arrow's left side is on disk before the right side begins. After a kill in between nobody knows what the device
did: the next call counts, writes what that says, and goes on.

Nothing is sent unless a person repeats the number that was counted, and the run's verdict on the device and on each
of its galleries is a violation that nothing holds.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from efface.engines.device_http import RefusedError
from efface.errors import EffaceError, UsageError
from efface.evidence.entries import CLEAR_DEVICE
from efface.model import Form, Locator, Method, Removal, RemovalStatus, VerdictKind
from efface.runs.bound import refuse_elsewhere
from efface.runs.devices import device_targets, let_in, note
from efface.runs.keeping import keeping
from efface.runs.outcomes import Outcomes
from efface.runs.persons import persons_of as persons_of_case
from efface.runs.plan import refuse_late
from efface.runs.record import target_ref
from efface.runs.told import keep_text
from efface.sources import device_clearing
from efface.sources.device_clearing import (
    AT_WORK,
    LOGIN_REFUSED,
    PROTOCOLS,
    Told,
    parts_of,
    persons_of,
    told_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from efface.formats.device_facts import DeviceFacts
    from efface.model import Finding
    from efface.runs.store import Store
    from efface.sources.device_clearing import Sent

__all__ = ["Clearance", "clear_device"]

_WAITS_S = (0.0, 2.0, 5.0)  # before each count afterwards
_BY_HAND = "A person clears it in the device's own menu, and records it with --done device_clear."
_UNTOUCHED = "Nothing was sent that changes the device."
_ASK_AGAIN = "Inspect the device again into this run, and judge it."


@dataclass(frozen=True, slots=True)
class Clearance:
    """Where a device stands.

    Attributes:
        address: Of the device.
        state: "planned" (nothing was sent), "nothing" (it counts nobody), or what became of it.
        told: What it would be, or was, told.
        persons: How many people it counted before; whoever stands in two of its lists counts twice.
        sent: What was sent, and what came back.
        after: How many it counted afterwards, or None where that is not known or not yet to be asked.
    """

    address: str
    state: Literal["planned", "nothing", "removed", "failed", "unknown"]
    told: tuple[Told, ...] = ()
    persons: int = 0
    sent: tuple[Sent, ...] = ()
    after: int | None = None


@dataclass(frozen=True, slots=True)
class _Device:
    """A device of the run that may be cleared: its place, how it is asked, and its galleries."""

    target: str
    place: Locator
    protocol: str
    pin: str
    galleries: tuple[Finding, ...]
    kinds: tuple[str, ...]


def _no_step(_name: str) -> None:
    return


def clear_device(  # noqa: PLR0913 - what a clear depends on
    store: Store,
    address: str,
    authorisation: str,
    user: str,
    confirmed: int | None,
    *,
    step: Callable[[str], None] = _no_step,
) -> Clearance:
    """Count whom a device knows, and have it forget them where the same number is confirmed.

    Args:
        store: A run that inspected the device, and was judged.
        address: Of the device, as for an inspection.
        authorisation: Who allowed it to be cleared, and where that is written.
        user: Name for the device; its password as in an inspection.
        confirmed: The number that was counted, or None to count and tell what would be sent.
        step: Called before and after anything is sent, for tests that end the process there.

    Raises:
        UsageError: It may not be cleared, or another number was counted; nothing was sent.
        AccessError: It does not answer.
    """
    (target,) = device_targets((address,))
    device = _device(store, target)
    let_in((target,), authorisation, user)
    note(store, (target,), authorisation)
    clearing = _Clearing(store, device, authorisation.strip(), step)
    facts, persons = clearing.counted()
    if persons is None:
        raise UsageError(
            "the device does not count everybody whom it knows, so that no number can be confirmed",
            untouched=_UNTOUCHED,
            to_do=_BY_HAND,
        )
    if persons == 0:
        return clearing.nobody()
    told = told_of(facts)
    _refuse_unjudged(device, facts)
    planned = Clearance(device.place.path[0], "planned", told, persons)
    if confirmed is None:
        return planned
    if confirmed != persons:
        raise UsageError(
            f"the device counts {persons}, and {confirmed} was confirmed",
            untouched=_UNTOUCHED,
            to_do="Look at the list without --confirm, and repeat its number.",
        )
    return clearing.cleared(planned, facts)


def _device(store: Store, target: str) -> _Device:
    """Return a device that may be cleared.

    Raises:
        UsageError: The run does not know it, did not judge it, or something holds it.
    """
    if not store.meta("finished_at", ""):
        raise UsageError(
            "the inspection is not finished", to_do="Run the same `efface inspect` again; it goes on."
        )
    refuse_elsewhere(store)
    rest = target.partition("://")[2]
    here = [each for each in store.findings() if _is_at(each.locator, rest)]
    if not here:
        raise UsageError(f"this run found no device at {rest}", to_do="Inspect it first, and judge the run.")
    _refuse_held(store, here)
    galleries = tuple(each for each in here if each.form is Form.REFERENCE_DATABASE)
    refuse_late(store, list(galleries))
    systems = [each for each in here if each.form is Form.SYSTEM and _protocol(each) in PROTOCOLS]
    if not systems:
        raise UsageError(
            "no request is known that clears such a device", untouched=_UNTOUCHED, to_do=_BY_HAND
        )
    kinds = _violations(store, [*systems, *galleries])
    pin = next((clue.value for clue in systems[0].clues if clue.name == "certificate_sha256"), "")
    place = systems[0].locator.container
    return _Device(
        target, Locator(place.scheme, place.path[:1]), _protocol(systems[0]), pin, galleries, kinds
    )


def _is_at(place: Locator, rest: str) -> bool:
    return place.scheme.partition("+")[0] == "device" and place.path[0] == rest


def _protocol(finding: Finding) -> str:
    named = (clue.value.partition("/")[2] for clue in finding.clues if clue.name == "signature")
    return next(named, "")


def _refuse_held(store: Store, here: Sequence[Finding]) -> None:
    if any(clue.name == "held" for each in here for clue in each.clues):
        raise _public()
    rules = keeping(store)
    holding = sorted({rules[each.id].id for each in here if each.id in rules})
    if holding:
        raise UsageError(
            f"the device is held: {', '.join(holding)}",
            untouched=_UNTOUCHED,
            to_do="Who may decide stands with the rule; where it does not, ask in writing first.",
        )
    if persons_of_case(store):
        raise UsageError(
            "the case asks for two persons, and a device is cleared by one",
            untouched=_UNTOUCHED,
            to_do=_BY_HAND,
        )


def _public() -> UsageError:
    return UsageError(
        "a view library of public security answers there: it is not to be touched",
        untouched=_UNTOUCHED,
        to_do="Ask the local public security organ in writing first.",
    )


def _violations(store: Store, findings: Sequence[Finding]) -> tuple[str, ...]:
    """Return the kinds of the verdicts.

    Raises:
        UsageError: One is missing, open, or no violation.
    """
    verdicts = {verdict.subject: verdict.kind for verdict in store.verdicts()}
    kinds = [verdicts.get(each.id) for each in findings]
    if None in kinds:
        raise UsageError("the device was not judged in this run", untouched=_UNTOUCHED, to_do=_ASK_AGAIN)
    if VerdictKind.NEEDS_FACTS in kinds:
        raise UsageError(
            "whether the device has to be cleared is open: facts are missing",
            untouched=_UNTOUCHED,
            to_do="State them in the case file, and judge again.",
        )
    sure = [kind for kind in kinds if kind is not None and kind.is_violation]
    if len(sure) < len(kinds):
        raise UsageError(
            "the device, or a gallery in it, was not judged a violation: nothing demands that it be cleared",
            untouched=_UNTOUCHED,
        )
    return tuple(sorted({kind.value for kind in sure}))


def _refuse_unjudged(device: _Device, facts: DeviceFacts) -> None:
    judged = {each.locator.fragment for each in device.galleries}
    if any(each.persons and f"/{each.name}" not in judged for each in facts.galleries):
        raise UsageError(
            "the device holds a gallery that this run did not see, and that was not judged",
            untouched=_UNTOUCHED,
            to_do=_ASK_AGAIN,
        )


class _Clearing:
    """One clear of one device, from the first count to the outcome."""

    def __init__(
        self, store: Store, device: _Device, authorisation: str, step: Callable[[str], None]
    ) -> None:
        self.store, self.device, self.authorisation, self.step = store, device, authorisation, step
        self.outcomes = Outcomes(store)
        self.ref = target_ref(store, device.place)
        mine = [each for each in store.ledger.read() if self.ref in (each.get("ref"), each.get("device"))]
        self.before = [each for each in mine if each.get("requests")]
        self.is_open = bool(mine) and mine[-1]["kind"] not in ("removal_done", "removal_failed")
        self.is_ready = bool(mine) and mine[-1]["kind"] == "removal_ready"
        self.is_failed = bool(mine) and mine[-1]["kind"] == "removal_failed"

    def counted(self) -> tuple[DeviceFacts, int | None]:
        """Return what the device says before anything is sent, and end what an earlier call left open.

        Raises:
            UsageError: It is public security's.
            EffaceError: It gives no answer; what was left open is written as unknown.
        """
        try:
            facts = self._facts(self.device.pin)
        except EffaceError:
            if self.is_open:
                self._end(None)
            raise
        if facts.is_public:
            raise _public()
        told_before = {name for each in self.before for name in each["requests"]}
        parts = {part for name, part in device_clearing.PARTS.items() if name.value in told_before}
        parts |= {(each.locator.fragment or "").split("/")[1] for each in self.device.galleries}
        persons = persons_of(facts, frozenset(parts))
        if self.is_open and persons != 0:
            self._end(persons)
        return facts, persons

    def nobody(self) -> Clearance:
        """Tell that the device counts nobody, and write it where it was told to forget before."""
        if self.is_failed and not self.is_open:
            self._intend((), 0, self.before[-1]["persons"])
        if not (self.is_open or self.is_failed):
            return Clearance(self.device.place.path[0], "nothing", after=0)
        self._end(0)
        return Clearance(self.device.place.path[0], "removed", persons=self.before[-1]["persons"], after=0)

    def cleared(self, planned: Clearance, facts: DeviceFacts) -> Clearance:
        """Tell the device to forget, and count again."""
        self._intend(tuple(each.clearing.value for each in planned.told), planned.persons, planned.persons)
        self.step("intent")
        sent = device_clearing.clear(self.device.target, planned.told, facts.pin)
        self.step("sent")
        after = None
        if not any(each.answer == LOGIN_REFUSED for each in sent):
            after = self._again(planned.told, facts.pin)
        done = self._end(after, is_at_work=any(each.answer == AT_WORK for each in sent))
        return replace(planned, state=_STATES[done, after is None], sent=sent, after=after)

    def _facts(self, pin: str) -> DeviceFacts:
        facts = device_clearing.count(self.device.target, self.device.protocol, pin)
        if facts is None:
            raise UsageError(
                "the device does not speak the protocol any more in which it was inspected", to_do=_ASK_AGAIN
            )
        return facts

    def _again(self, told: tuple[Told, ...], pin: str) -> int | None:
        """Return how many people the device counts now, or None; a device may need a moment."""
        persons = None
        for wait_s in _WAITS_S:
            time.sleep(wait_s)
            try:
                persons = persons_of(self._facts(pin), parts_of(told))
            except RefusedError:
                return None  # once: no account is locked
            except EffaceError:
                persons = None
            if persons == 0:
                break
        return persons

    def _removal(self) -> Removal:
        ids = tuple(sorted(each.id for each in self.device.galleries))
        return Removal(
            self.device.place,
            ids,
            self.device.kinds,
            (CLEAR_DEVICE,),
            Method.CLEAR,
            RemovalStatus.PLANNED,
        )

    def _intend(self, requests: tuple[str, ...], persons: int, before: int) -> None:
        told: dict[str, Any] = {"kind": "gallery_asked", "device": self.ref, "requests": list(requests)}
        with self.store.transaction():
            digest = keep_text(self.store, self.authorisation)
        told |= {"persons": persons, "authorisation": digest}
        self.outcomes.intend(replace(self._removal(), before=self._digest(before)), told)

    def _digest(self, persons: int) -> str:
        return self.store.pseudonyms.content([f"{persons} people".encode()])

    def _end(self, persons: int | None, *, is_at_work: bool = False) -> RemovalStatus:
        with self.store.transaction():
            count = {"kind": "gallery_counted", "device": self.ref, "persons": persons}
            self.store.ledger.append(count)
        removal = self.outcomes.by_ref(self.ref) or self._removal()
        if persons == 0:
            if not self.is_ready:
                self.outcomes.ready(removal, self._digest(0))
            return self.outcomes.done(removal, self._digest(0), None).status
        word, why = ("unknown", _NOT_KNOWN) if persons is None else ("residue", _STILL_THERE)
        if persons and is_at_work:
            word, why = "timeout", _AT_WORK
        return self.outcomes.fail(removal, word, why).status


_NOT_KNOWN = (
    "the device was told to forget whom it knows, and gives no count since: what it holds is not known"
)
_STILL_THERE = "the device still counts people"
_AT_WORK = "the device still counts people, and says that it is at work: count again later"
_STATES: dict[tuple[RemovalStatus, bool], Literal["removed", "failed", "unknown"]] = {
    (RemovalStatus.REMOVED, False): "removed",
    (RemovalStatus.FAILED, False): "failed",
    (RemovalStatus.FAILED, True): "unknown",
}
