"""What all rules together say of some facts, and what they would say under another reading or on another day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from efface.model.verdict import FiredRule, OtherDay, OtherReading, Question, RuleChange, Verdict
from efface.model.vocabulary import VerdictKind
from efface.rules.asking import GRAVE, kind_of, open_questions
from efface.rules.deadlines import due
from efface.rules.explain import explain, explain_hold
from efface.rules.norm import apply
from efface.rules.taxonomy import Entity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from efface.model.case import Hold
    from efface.rules.facts import Facts
    from efface.rules.norm import Norm, Outcome
    from efface.rules.pack import Pack

__all__ = ["CASE_HOLD", "Law", "Opinion"]

CASE_HOLD = "case.hold"
"""Stands among the fired rules for a hold of the case file."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """A verdict without its subject."""

    kind: VerdictKind
    fired: tuple[FiredRule, ...] = ()
    because: tuple[str, ...] = ()
    missing: tuple[Question, ...] = ()
    remedy: str = ""
    readings: tuple[OtherReading, ...] = ()
    today: OtherDay | None = None

    def on(self, subject: str, as_of: date) -> Verdict:
        """Return it as the verdict on a subject."""
        return Verdict(
            subject,
            self.kind,
            self.fired,
            self.because,
            self.missing,
            self.remedy,
            as_of,
            self.readings,
            self.today,
        )

    def held(self, hold: Hold) -> Opinion:
        """Return it under a hold of the case, which beats everything; what the rules say is still told."""
        reason = f"hold = {hold.reason}"
        fired = FiredRule(CASE_HOLD, VerdictKind.HOLD, (reason,), (), explain_hold(hold))
        return replace(
            self,
            kind=VerdictKind.HOLD,
            fired=(fired, *self.fired),
            because=(reason, *self.because),
            missing=(),
            remedy="keep",
            readings=tuple(replace(other, kind=VerdictKind.HOLD) for other in self.readings),
            today=None if self.today is None else replace(self.today, kind=VerdictKind.HOLD),
        )


class Law:
    """The rules of several packs, in the order of their names, so that the order of packs says nothing.

    Args:
        packs: The law to apply.

    Attributes:
        norms: All rules.
        reads: The facts that any of them reads.
    """

    def __init__(self, packs: Iterable[Pack]) -> None:
        norms = (norm for pack in packs for norm in pack.norms)
        self.norms: tuple[Norm, ...] = tuple(sorted(norms, key=lambda norm: norm.rule.id))
        self.reads: frozenset[str] = frozenset().union(*(norm.reads for norm in self.norms))
        self._disputed = sorted(frozenset().union(*(norm.readings for norm in self.norms)))

    def opinion(self, facts: Facts, as_of: date, today: tuple[Facts, date] | None = None) -> Opinion:
        """Return what the rules say of some facts.

        Args:
            facts: What is known.
            as_of: The day whose law is applied.
            today: The facts if the same were done today, and today, where that is to stand beside.
        """
        outcomes = [apply(norm, facts) for norm in self.norms]
        firing = sorted(
            (outcome for outcome in outcomes if outcome.kind is not VerdictKind.OUT_OF_SCOPE),
            key=lambda outcome: outcome.kind.strength,
        )
        used = dict.fromkeys(name for outcome in firing or outcomes for name in outcome.because)
        kind = kind_of(outcomes)
        return Opinion(
            kind=kind,
            fired=tuple(_fired(outcome, facts, as_of) for outcome in firing),
            because=tuple(facts.shown(name) for name in used),
            missing=open_questions(outcomes, facts),
            remedy=firing[0].norm.rule.remedy if kind in GRAVE else "",
            readings=tuple(self._other_readings(outcomes, facts)),
            today=None if today is None else self._other_day(outcomes, _then(facts, as_of), *today),
        )

    def _other_readings(self, outcomes: Sequence[Outcome], facts: Facts) -> Iterable[OtherReading]:
        taken = facts.values.get("readings", frozenset())
        if not isinstance(taken, frozenset):
            return
        for name in self._disputed:
            reading = Entity("Reading", name)
            other = replace(facts, values={**facts.values, "readings": taken ^ {reading}})
            there = [
                apply(outcome.norm, other) if name in outcome.norm.readings else outcome
                for outcome in outcomes
            ]
            changes = _changes(outcomes, there)
            if changes:
                yield OtherReading(name, reading in taken, kind_of(there), changes)

    def _other_day(self, outcomes: Sequence[Outcome], then: date, facts: Facts, day: date) -> OtherDay:
        there = [apply(norm, facts) for norm in self.norms]
        return OtherDay(then, day, kind_of(there), _changes(outcomes, there))


def _then(facts: Facts, as_of: date) -> date:
    last = facts.values.get("conduct_until")
    return last if isinstance(last, date) else as_of


def _changes(here: Sequence[Outcome], there: Sequence[Outcome]) -> tuple[RuleChange, ...]:
    return tuple(
        RuleChange(one.norm.rule.id, one.kind, other.kind)
        for one, other in zip(here, there, strict=True)
        if one.kind is not other.kind
    )


def _fired(outcome: Outcome, facts: Facts, as_of: date) -> FiredRule:
    because = tuple(facts.shown(name) for name in outcome.because)
    end = None if outcome.met else due(outcome.norm.rule.deadline, facts, as_of)
    text = explain(outcome, facts, end)
    return FiredRule(outcome.norm.rule.id, outcome.kind, because, outcome.missing, text, end)
