"""One norm ready to be applied: a rule and its two conditions as typed trees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from efface.model.vocabulary import RuleMode, VerdictKind
from efface.rules.kleene import Answer, compiled
from efface.rules.terms import facts_read

if TYPE_CHECKING:
    from cedarpy import pst

    from efface.model.rule import Rule, Text
    from efface.rules.facts import Facts
    from efface.rules.kleene import Condition

__all__ = ["KINDS", "Consequence", "Norm", "Outcome", "apply"]


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a norm of one kind says: in the worst case, and when its conditions are met."""

    mode: RuleMode
    worst: VerdictKind
    cured: VerdictKind | None


KINDS = {
    "prohibition": Consequence(RuleMode.FORBID, VerdictKind.PROHIBITED, None),
    "condition": Consequence(
        RuleMode.FORBID_UNLESS, VerdictKind.PROHIBITED_UNLESS, VerdictKind.CONDITIONAL_OK
    ),
    "duty": Consequence(RuleMode.REQUIRE, VerdictKind.PROHIBITED_UNLESS, VerdictKind.CONDITIONAL_OK),
    "hold": Consequence(RuleMode.HOLD, VerdictKind.HOLD, VerdictKind.OUT_OF_SCOPE),
    "freeze": Consequence(RuleMode.FREEZE, VerdictKind.FREEZE, None),
    "permission": Consequence(RuleMode.ALLOW_IF, VerdictKind.PERMITTED, None),
    "recommendation": Consequence(RuleMode.RECOMMEND, VerdictKind.CONDITIONAL_OK, VerdictKind.CONDITIONAL_OK),
}
"""The words of the annotation @kind. A prohibition has no `cured`: consent changes nothing. A recommended standard
binds nobody: not following it leaves a thing allowed, and is told."""


@dataclass(frozen=True, slots=True)
class Norm:
    """A rule with what is needed to apply and explain it.

    Attributes:
        rule: The rule as the outside sees it.
        consequence: What follows from it.
        applies: When it applies.
        unless: What satisfies it, or None.
        article: The article in words, in both languages.
        explanation: How we read it.
        questions: The pack's own wording of questions, by fact.
        readings: The disputed readings that its text turns on.
        numbers: The whole numbers that its text compares each fact with.
        reads: Names of the facts that its text reads.
        test: `applies`, ready to be evaluated.
        cure: `unless`, ready to be evaluated.
    """

    rule: Rule
    consequence: Consequence
    applies: pst.Expr
    unless: pst.Expr | None
    article: Text
    explanation: Text
    questions: dict[str, Text]
    readings: frozenset[str] = frozenset()
    numbers: tuple[tuple[str, int], ...] = ()
    reads: frozenset[str] = field(init=False, repr=False, compare=False)
    test: Condition = field(init=False, repr=False, compare=False)
    cure: Condition | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        unless = () if self.unless is None else facts_read(self.unless)
        object.__setattr__(self, "reads", frozenset((*facts_read(self.applies), *unless)))
        object.__setattr__(self, "test", compiled(self.applies))
        object.__setattr__(self, "cure", None if self.unless is None else compiled(self.unless))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one norm says of some facts; `met` where its conditions are met."""

    norm: Norm
    kind: VerdictKind
    because: tuple[str, ...]
    missing: tuple[str, ...] = ()
    met: bool = False


_NO = Answer(False)


def apply(norm: Norm, facts: Facts) -> Outcome:
    """Return what a norm says of the facts; `out_of_scope` where it does not apply."""
    applies = norm.test(facts)
    if applies.value is False:
        return Outcome(norm, VerdictKind.OUT_OF_SCOPE, applies.because)
    met = _NO if norm.cure is None else norm.cure(facts)
    because = tuple(dict.fromkeys((*applies.because, *met.because)))
    if met.value and norm.consequence.cured is not None:
        return Outcome(norm, norm.consequence.cured, because, met=True)
    if applies.value is None or met.value is None:
        missing = tuple(dict.fromkeys((*applies.missing, *met.missing)))
        return Outcome(norm, VerdictKind.NEEDS_FACTS, because, missing)
    return Outcome(norm, norm.consequence.worst, because)
