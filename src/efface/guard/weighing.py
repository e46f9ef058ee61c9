"""Put together what was found, what the form lacks and what the law says of it: the decision at the door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.guard import named
from efface.guard.answer import Decision, Door
from efface.guard.assembled import ASSEMBLED
from efface.guard.form_check import compared, record_ids
from efface.guard.places import Place, part_place, places_of
from efface.guard.schema import NOTHING
from efface.model import Finding, Gap, VerdictKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from efface.guard.entries import Entry
    from efface.guard.law import Bench
    from efface.guard.schema import Schema
    from efface.guard.submission import Piece
    from efface.model import FiredRule, Verdict

__all__ = ["Weighing"]

_PASSES = (VerdictKind.PERMITTED, VerdictKind.CONDITIONAL_OK, VerdictKind.OUT_OF_SCOPE)


@dataclass(frozen=True, slots=True)
class _Said:
    """What is said of one thing in the payload."""

    door: Door
    what: str
    rules: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class Weighing:
    """What is weighed for one submission.

    Args:
        bench: The law and the case, or None where no case was given.
        form: The form that it claims to be, or None.
        pieces: What it was read as.
    """

    def __init__(self, bench: Bench | None, form: Schema | None, pieces: Sequence[Piece]) -> None:
        self._bench, self._form, self._pieces = bench, form, pieces
        self._ids = {
            (piece.path, record): name
            for piece in pieces
            for record, name in record_ids(piece.entries or (), form).items()
        }

    def on(self, findings: tuple[Finding, ...], gaps: tuple[Gap, ...]) -> Decision:
        """Return the decision, given what was found and what could not be looked at."""
        said = [*self._on_findings(findings), *self._on_names(), *self._on_form()]
        warnings = tuple(place for each, place in said if each.door is Door.ALLOW and each.what)
        for door in (Door.REFUSE, Door.QUARANTINE):
            share = [(each, place) for each, place in said if each.door is door]
            if share:
                return self._decision(door, share, findings, gaps, warnings)
        if gaps:
            reason = f"could not be looked at as a whole: {gaps[0].reason}"
            return Decision(Door.QUARANTINE, reason, (), findings, gaps, _of_gaps(gaps), warnings)
        reason = "nothing that the rules refuse" if findings else "nothing found"
        return Decision(Door.ALLOW, reason, (), findings, gaps, (), warnings)

    def _decision(
        self,
        door: Door,
        share: list[tuple[_Said, Place]],
        findings: tuple[Finding, ...],
        gaps: tuple[Gap, ...],
        warnings: tuple[Place, ...],
    ) -> Decision:
        rules = tuple(sorted({rule for each, _ in share for rule in each.rules}))
        what = ", ".join(dict.fromkeys(each.what for each, _ in share))
        missing = sorted({fact for each, _ in share for fact in each.missing})
        if missing:
            what = f"facts are missing: {', '.join(missing)}"
        elif door is Door.REFUSE:
            what = f"{what}: {', '.join(rules)}" if rules else f"{what}: refused by policy, no case was given"
        # What was put together names no record; where the value itself was found as well, that does.
        told = sorted((place for _, place in share), key=lambda place: not place.record)
        by_where = {(place.where, place.why): place for place in reversed(told)}
        places = tuple(dict.fromkeys(by_where[place.where, place.why] for _, place in share))
        basis = self._bench.basis(rules) if self._bench else ()
        return Decision(door, what, rules, findings, gaps, places, warnings, basis)

    def _on_findings(self, findings: tuple[Finding, ...]) -> Iterator[tuple[_Said, Place]]:
        verdicts = self._bench.findings(findings) if self._bench else [None] * len(findings)
        for finding, verdict in zip(findings, verdicts, strict=True):
            what = f"{finding.characteristic} {finding.form}"
            said = _of_verdict(verdict, what) if verdict else _policy(finding, what)
            if not finding.is_biometric and said.door is not Door.REFUSE:
                said = _Said(Door.QUARANTINE, "holds features of an unknown characteristic")
            if said.door is Door.ALLOW:
                continue
            if finding.locator.scheme == ASSEMBLED:
                yield said, Place(finding.locator.fragment or "", what, said.rules)
                continue
            for where, entry, piece in places_of(finding, self._pieces):
                if entry is None or piece is None:
                    yield said, Place(where, what, said.rules)
                else:
                    yield said, self._place(piece, entry, what, said.rules)

    def _on_names(self) -> Iterator[tuple[_Said, Place]]:
        """Yield what is said of fields that are named for what is forbidden or conditional besides."""
        for piece, entry in self._values():
            kind = named.category(entry.names[0]) if entry.names else None
            if kind is None or entry.text.strip() in NOTHING:
                continue
            what = kind.replace("_", " ")
            if self._bench is None:
                said = _Said(Door.ALLOW, f"{what}: not judged, as no case was given")
            else:
                said = _of_fired(self._bench.named(kind), what)
            if said.door is not Door.ALLOW or self._bench is None:
                yield said, self._place(piece, entry, said.what, said.rules)

    def _on_form(self) -> Iterator[tuple[_Said, Place]]:
        if self._form is None:
            return
        for piece in self._pieces:
            if piece.is_frame:
                continue
            if piece.entries is None:
                said = _Said(Door.QUARANTINE, "of a kind that the form is not handed in as")
                yield said, Place(part_place(piece.path) or "the payload", said.what)
                continue
            for name in piece.others:
                said = _Said(Door.QUARANTINE, "a part that the form does not have")
                yield said, Place(part_place((*piece.path, name)), said.what)
            found = compared(piece.entries, self._form)
            for entry, why in found.unknown:
                yield _Said(Door.QUARANTINE, "does not fit the form"), self._place(piece, entry, why)
            for entry, why in found.warnings:
                yield _Said(Door.ALLOW, why), self._place(piece, entry, why)

    def _values(self) -> Iterator[tuple[Piece, Entry]]:
        for piece in self._pieces:
            yield from ((piece, entry) for entry in piece.entries or () if entry.kind == "value")

    def _place(self, piece: Piece, entry: Entry, why: str, rules: tuple[str, ...] = ()) -> Place:
        name = self._ids.get((piece.path, entry.record), "")
        return Place(part_place(piece.path, entry.place), why, rules, entry.record, name)


def _of_verdict(verdict: Verdict, what: str) -> _Said:
    if verdict.kind.is_violation:
        return _Said(
            Door.REFUSE, what, tuple(sorted(rule.id for rule in verdict.fired if rule.kind.is_violation))
        )
    if verdict.kind in _PASSES:
        return _Said(Door.ALLOW, what)
    missing = tuple(question.fact for question in verdict.missing)
    return _Said(Door.QUARANTINE, what if missing else "held", (), missing)


def _of_fired(fired: tuple[FiredRule, ...], what: str) -> _Said:
    refusing = tuple(sorted(rule.id for rule in fired if rule.kind.is_violation))
    if refusing:
        return _Said(Door.REFUSE, what, refusing)
    open_rules = [rule for rule in fired if rule.kind not in _PASSES]
    missing = tuple(sorted({fact for rule in open_rules for fact in rule.missing}))
    return _Said(Door.QUARANTINE if open_rules else Door.ALLOW, what, (), missing)


def _policy(finding: Finding, what: str) -> _Said:
    return _Said(Door.REFUSE if finding.is_biometric else Door.QUARANTINE, what)


def _of_gaps(gaps: tuple[Gap, ...]) -> tuple[Place, ...]:
    return tuple(
        Place(part_place(gap.locator.path[1:]) or "the payload", f"{gap.reason}: {gap.detail}".rstrip(": "))
        for gap in gaps
    )
