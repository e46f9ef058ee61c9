"""Give verdicts: every rule of every pack, over every finding, on a day.

What a rule may look at is the same for many findings, so findings are grouped by it: each group is judged
once, and each finding costs a look-up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from efface.model.verdict import ACTIVITY, FiredRule, Question, Verdict
from efface.model.vocabulary import VerdictKind
from efface.rules.explain import explain, explain_hold, question
from efface.rules.facts import DATA_CATEGORY, UNKNOWN_FEATURES, Facts, case_to_facts, category_of
from efface.rules.norm import apply
from efface.rules.taxonomy import Entity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from efface.model.case import Case, Hold
    from efface.model.finding import Finding
    from efface.model.vocabulary import Characteristic, Form, Level
    from efface.rules.norm import Outcome
    from efface.rules.pack import Pack

__all__ = ["CASE_HOLD", "judge", "judge_activity", "questions"]

CASE_HOLD = "case.hold"
"""Stands among the fired rules for a hold of the case file."""

_DEMANDS = (VerdictKind.HOLD, VerdictKind.PROHIBITED, VerdictKind.PROHIBITED_UNLESS)


@dataclass(frozen=True, slots=True)
class _Opinion:
    """A verdict without its subject."""

    kind: VerdictKind
    fired: tuple[FiredRule, ...] = ()
    because: tuple[str, ...] = ()
    missing: tuple[Question, ...] = ()
    remedy: str = ""

    def on(self, subject: str, as_of: date) -> Verdict:
        return Verdict(subject, self.kind, self.fired, self.because, self.missing, self.remedy, as_of)


def judge(findings: Iterable[Finding], case: Case, packs: Sequence[Pack], *, as_of: date) -> list[Verdict]:
    """Return one verdict for each finding, in their order.

    Findings outside the case's scope are `out_of_scope`. A hold of the case beats everything, even
    outside its scope; the other rules that fire are still listed. What cannot be told is `needs_facts`.

    Args:
        findings: What was found.
        case: The facts of the case, as `parse_case` returns them.
        packs: The law to apply.
        as_of: The day whose law is applied.

    Not promised: law outside the packs, and anything that the case does not state.
    """
    bench = _Bench(case, packs, as_of)
    return [bench.verdict(finding) for finding in findings]


def judge_activity(case: Case, packs: Sequence[Pack], *, as_of: date) -> Verdict:
    """Return the verdict on what the case says is done, without any finding.

    The kind of data is the fact `data_category`; without it, rules about data of a kind ask for it.
    """
    return _opinion(case_to_facts(case, as_of), packs).on(ACTIVITY, as_of)


def questions(case: Case, packs: Sequence[Pack], *, as_of: date) -> tuple[Question, ...]:
    """Return the facts that are unknown and could make the verdict on the activity stronger."""
    return judge_activity(case, packs, as_of=as_of).missing


class _Bench:
    """Judges the findings of one case, each group of equal facts once."""

    def __init__(self, case: Case, packs: Sequence[Pack], as_of: date) -> None:
        self._case, self._packs, self._as_of = case, packs, as_of
        self._facts = case_to_facts(case, as_of)
        self._opinions: dict[tuple[Form, Characteristic, Level | None, bool, Hold | None], _Opinion] = {}

    def verdict(self, finding: Finding) -> Verdict:
        case, locator = self._case, finding.locator
        inside = not case.scope or case.in_scope(locator)
        hold = case.hold_on(locator, self._as_of) if case.holds else None
        key = (finding.form, finding.characteristic, finding.level, inside, hold)
        opinion = self._opinions.get(key)
        if opinion is None:
            opinion = self._opinions[key] = self._judge(finding, hold, inside=inside)
        return opinion.on(finding.id, self._as_of)

    def _judge(self, finding: Finding, hold: Hold | None, *, inside: bool) -> _Opinion:
        if inside:
            category = category_of(finding.form, finding.characteristic, finding.level)
            opinion = _opinion(_with_data(self._facts, category), self._packs)
        else:
            opinion = _Opinion(VerdictKind.OUT_OF_SCOPE, because=("scope = outside",))
        return opinion if hold is None else _held(opinion, hold)


def _with_data(facts: Facts, category: str | None) -> Facts:
    """Return the facts of a case with a finding's kind of data; a case may say what unknown features are."""
    values = {name: value for name, value in facts.values.items() if name != DATA_CATEGORY}
    if category is not None:
        values[DATA_CATEGORY] = Entity("Category", category)
    elif UNKNOWN_FEATURES in values:
        values[DATA_CATEGORY] = values[UNKNOWN_FEATURES]
    return Facts(values, UNKNOWN_FEATURES if category is None else DATA_CATEGORY)


def _opinion(facts: Facts, packs: Sequence[Pack]) -> _Opinion:
    outcomes = [apply(norm, facts) for pack in packs for norm in pack.norms]
    firing = sorted(
        (outcome for outcome in outcomes if outcome.kind is not VerdictKind.OUT_OF_SCOPE),
        key=lambda outcome: outcome.kind.strength,
    )
    used = dict.fromkeys(name for outcome in firing or outcomes for name in outcome.because)
    because = tuple(facts.shown(name) for name in used)
    if not firing:
        return _Opinion(VerdictKind.OUT_OF_SCOPE, because=because)
    strongest = firing[0]
    return _Opinion(
        kind=strongest.kind,
        fired=tuple(_fired(outcome, facts) for outcome in firing),
        because=because,
        missing=_open_questions(firing),
        remedy=strongest.norm.rule.remedy if strongest.kind in _DEMANDS else "",
    )


def _fired(outcome: Outcome, facts: Facts) -> FiredRule:
    because = tuple(facts.shown(name) for name in outcome.because)
    return FiredRule(outcome.norm.rule.id, outcome.kind, because, outcome.missing, explain(outcome, facts))


def _open_questions(firing: Sequence[Outcome]) -> tuple[Question, ...]:
    """Return the questions of undecided rules that could be stronger than every decided one."""
    decided = [outcome.kind for outcome in firing if outcome.kind is not VerdictKind.NEEDS_FACTS]
    strongest = min((kind.strength for kind in decided), default=len(VerdictKind))
    asked = {
        fact: Question(fact, question(outcome.norm, fact))
        for outcome in firing
        if outcome.kind is VerdictKind.NEEDS_FACTS and outcome.norm.consequence.worst.strength < strongest
        for fact in outcome.missing
    }
    return tuple(asked.values())


def _held(opinion: _Opinion, hold: Hold) -> _Opinion:
    reason = f"hold = {hold.reason}"
    fired = FiredRule(CASE_HOLD, VerdictKind.HOLD, (reason,), (), explain_hold(hold))
    return replace(
        opinion,
        kind=VerdictKind.HOLD,
        fired=(fired, *opinion.fired),
        because=(reason, *opinion.because),
        missing=(),
        remedy="keep",
    )
