"""What order of entries a truthful run leaves; pure functions over the entries of a ledger.

                ready (residue 0)         done (residue 0, same content)
intent ------------------------> ready -------------------------------> removed
  |                                |
  +---------- failed --------------+-----> intact, may be tried again

Where the original is sealed for a holder of a key, this is said once between intent and ready.

In a database there is no replacement: between intent and ready it says, once, what was cleaned and what was not;
and what failed in the middle may be partly emptied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.evidence.entries import (
    IN_PLACE,
    Certified,
    Reidentified,
    RemovalApproved,
    RemovalCleaned,
    RemovalDerived,
    RemovalDone,
    RemovalFailed,
    RemovalHeld,
    RemovalIntent,
    RemovalPlanned,
    RemovalReady,
    RemovalSealed,
    Rescan,
    RunOpened,
    ScanFinished,
)
from efface.evidence.recognition import bounds, outcome
from efface.model.vocabulary import Cleaning, Method, Recognition

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from efface.evidence.entries import Entry

__all__ = ["Problem", "Removed", "order", "pairing", "removed"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why entries cannot be those of a truthful run: the number of the entry, and what is wrong."""

    seq: int
    text: str

    def __str__(self) -> str:
        return f"ledger entry {self.seq}: {self.text}"


@dataclass(frozen=True, slots=True)
class Removed:
    """A removal from its intent to its end."""

    intent: RemovalIntent
    done: RemovalDone


def order(entries: Sequence[Entry]) -> Iterator[Problem]:
    """Yield what contradicts: one run, opened once and first, scanned before all else.

    A scan may be repeated as long as nothing was removed; the last one counts. From the first removal on,
    another look at the targets is a re-scan.
    """
    run, scanned, removing = "", False, False
    for seq, entry in enumerate(entries, start=1):
        if isinstance(entry, RunOpened) != (seq == 1):
            yield Problem(seq, "a run is opened once, by its first entry")
        if isinstance(entry, RunOpened | ScanFinished | Certified):
            run = run or entry.run
            if entry.run != run:
                yield Problem(seq, "it belongs to another run")
        if isinstance(entry, ScanFinished):
            if removing:
                yield Problem(seq, "a scan is finished after a removal began")
            scanned = True
        elif seq > 1 and not scanned:
            yield Problem(seq, "it stands before the scan was finished")
        removing = removing or isinstance(entry, RemovalIntent | RemovalHeld)
    if not scanned:
        yield Problem(len(entries), "no scan was finished")
    yield from _two_persons(entries)


def _two_persons(entries: Sequence[Entry]) -> Iterator[Problem]:
    """Yield plans that their planner applied, and those without a signature after the first that has one."""
    approved: bool | None = None
    for seq, entry in enumerate(entries, start=1):
        if isinstance(entry, RemovalApproved):
            approved = True
            if entry.planner == entry.applier:
                yield Problem(seq, "who planned the removals applied them")
        elif isinstance(entry, RemovalPlanned):
            if approved is False:
                yield Problem(seq, "a plan that nobody signed, in a run of two persons")
            approved = approved and False


def pairing(entries: Sequence[Entry]) -> Iterator[Problem]:
    """Yield every removal that is not intent, ready, done with nothing left, or intent and failed.

    The last re-scan of the targets, where there is one, must find nothing of what was removed; and of no
    removal may the last word be that recognisers still know its faces.
    """
    opened: dict[str, _Open] = {}
    done: set[str] = set()
    copies: dict[str, int] = {}
    known: dict[str, bool] = {}
    residue = 0
    for seq, entry in enumerate(entries, start=1):
        if isinstance(
            entry,
            RemovalIntent
            | RemovalCleaned
            | RemovalSealed
            | RemovalReady
            | RemovalDone
            | RemovalFailed
            | RemovalHeld,
        ):
            yield from (Problem(seq, text) for text in _step(seq, entry, opened))
            done |= {entry.ref} if isinstance(entry, RemovalDone) else set()
        elif isinstance(entry, RemovalDerived):
            copies[entry.ref] = seq
        elif isinstance(entry, Rescan):
            residue = entry.residue
        elif isinstance(entry, Reidentified):
            yield from (Problem(seq, text) for text in _reidentified(entry))
            known |= dict.fromkeys(entry.removals, entry.outcome is Recognition.CONTRADICTED)
    yield from (Problem(begun.seq, "a removal began and never ended") for begun in opened.values())
    for ref in copies.keys() - done:
        yield Problem(copies[ref], "derived copies are told of what was not removed")
    if residue:
        yield Problem(len(entries), f"the last re-scan still finds {residue}")
    if any(known.values()):
        yield Problem(len(entries), f"recognisers still know the faces of {sum(known.values())} removals")


def _reidentified(entry: Reidentified) -> Iterator[str]:
    if any((row.lower_ppm, row.upper_ppm) != bounds(row.rate_ppm, row.probes) for row in entry.comparisons):
        yield "the bounds of a rate are not those of its probes"
    rates = ((row.chance_ppm, row.lower_ppm, row.upper_ppm) for row in entry.comparisons)
    if entry.outcome is not (said := outcome(rates, entry.left)):
        yield f"its rates say {said}, not {entry.outcome}"


@dataclass(slots=True)
class _Open:
    """A removal that began and has not ended: at which entry, and what was ready."""

    seq: int
    intent: RemovalIntent
    ready: RemovalReady | None = None
    cleaned: RemovalCleaned | None = None
    sealed: RemovalSealed | None = None

    @property
    def is_in_place(self) -> bool:
        return any(action.partition("@")[0] in IN_PLACE for action in self.intent.actions)


def _step(  # noqa: C901 - a table of kinds
    seq: int,
    entry: RemovalIntent
    | RemovalCleaned
    | RemovalSealed
    | RemovalReady
    | RemovalDone
    | RemovalFailed
    | RemovalHeld,
    opened: dict[str, _Open],
) -> Iterator[str]:
    begun = opened.get(entry.ref)
    match entry:
        case RemovalIntent():
            if begun:
                yield "a removal begins before the one before it ended"
            opened[entry.ref] = _Open(seq, entry)
        case RemovalCleaned():
            yield from _cleaned(entry, begun)
        case RemovalSealed():
            yield from _sealed(entry, begun)
        case RemovalReady():
            yield from _ready(entry, begun)
        case RemovalDone():
            opened.pop(entry.ref, None)
            yield from _done(entry, begun)
        case RemovalFailed():
            if opened.pop(entry.ref, None) is None:
                yield "a removal failed that never began"
        case RemovalHeld():
            if begun:
                yield "a removal is held after it began"
            if entry.rule is None and entry.hold is None:
                yield "a removal is held by neither a rule nor a hold"


def _cleaned(entry: RemovalCleaned, begun: _Open | None) -> Iterator[str]:
    if begun is None or not begun.is_in_place:
        yield "something is cleaned that is no removal in a database"
        return
    if begun.cleaned or begun.ready:
        yield "a removal is cleaned twice, or after it was ready"
    if sorted((*entry.done, *entry.not_done)) != sorted(Cleaning):
        yield "a step of cleaning is neither done nor not done, or both"
    begun.cleaned = entry


def _sealed(entry: RemovalSealed, begun: _Open | None) -> Iterator[str]:
    if begun is None or begun.is_in_place:
        yield "something is sealed that is no removal from a file"
        return
    if begun.sealed or begun.ready:
        yield "a removal is sealed twice, or after it was ready"
    if begun.intent.method in (Method.PURGE, Method.DESTROY):
        yield "what is sealed is neither purged nor destroyed"
    if entry.until < entry.at[: len(entry.until)]:
        yield "it is sealed until a day that was over"
    begun.sealed = entry


def _ready(entry: RemovalReady, begun: _Open | None) -> Iterator[str]:
    if begun is None:
        yield "a removal is ready that never began"
        return
    if begun.ready:
        yield "a removal is ready twice"
    if begun.is_in_place and not begun.cleaned:
        yield "a removal in a database does not say what was cleaned"
    if entry.residue:
        yield f"a replacement is ready in which a re-scan still finds {entry.residue}"
    if entry.after is None and begun.intent.method is Method.REDACT:
        yield "a part was to be redacted, and nothing is left"
    if entry.after == begun.intent.before:
        yield "the content is the same before and after"
    begun.ready = entry


def _done(entry: RemovalDone, begun: _Open | None) -> Iterator[str]:
    if begun is None or begun.ready is None:
        yield "a removal is done that was never ready"
    elif entry.after != begun.ready.after:
        yield "what was put in place is not what was ready"
    if entry.residue:
        yield f"a removal is done in which a re-scan still finds {entry.residue}"


def removed(entries: Sequence[Entry]) -> Iterator[Removed]:
    """Yield the removals that were done, in order of their end; `pairing` must have no problem."""
    begun: dict[str, RemovalIntent] = {}
    for entry in entries:
        if isinstance(entry, RemovalIntent):
            begun[entry.ref] = entry
        elif isinstance(entry, RemovalDone):
            yield Removed(begun[entry.ref], entry)
