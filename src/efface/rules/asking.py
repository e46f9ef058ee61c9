"""Which questions are open, and which of them to ask first.

Only a rule that could still forbid, hold or freeze more than what is certain is asked about. An answer that could
at most tell apart what is allowed on conditions, permitted or out of scope is not worth a question.

A fact settles a rule where one answer to it decides what the rule says, whatever else stays unknown. The order:
first the fact that settles the most rules of the strongest consequence, counting yes and no apart, then of the
next; then the one that more rules wait for; then as the facts stand in the table of questions. For a fact that is
a word, a number or a day the two answers are that every condition on it holds and that none does.

Not promised: the shortest interview; each fact is weighed alone.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from efface.model.verdict import Question
from efface.model.vocabulary import VerdictKind
from efface.rules.explain import question
from efface.rules.facts import questions_for_facts
from efface.rules.norm import apply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.rules.facts import Facts
    from efface.rules.norm import Outcome

__all__ = ["kind_of", "open_questions"]

GRAVE = (VerdictKind.HOLD, VerdictKind.PROHIBITED, VerdictKind.PROHIBITED_UNLESS, VerdictKind.FREEZE)
"""What a rule can say that keeps someone from something, strongest first."""


def _decided(outcomes: Sequence[Outcome]) -> VerdictKind:
    kinds = (outcome.kind for outcome in outcomes if outcome.kind is not VerdictKind.NEEDS_FACTS)
    return min(kinds, key=lambda kind: kind.strength, default=VerdictKind.OUT_OF_SCOPE)


def _open(outcomes: Sequence[Outcome]) -> list[Outcome]:
    decided = _decided(outcomes).strength
    return [
        outcome
        for outcome in outcomes
        if outcome.kind is VerdictKind.NEEDS_FACTS
        and outcome.norm.consequence.worst in GRAVE
        and outcome.norm.consequence.worst.strength < decided
    ]


def kind_of(outcomes: Sequence[Outcome]) -> VerdictKind:
    """Return what rules say together: the strongest that is certain, or that facts are missing."""
    decided = _decided(outcomes)
    if decided.strength > VerdictKind.NEEDS_FACTS.strength and _open(outcomes):
        return VerdictKind.NEEDS_FACTS
    return decided


def open_questions(outcomes: Sequence[Outcome], facts: Facts) -> tuple[Question, ...]:
    """Return the questions whose answers could make the verdict stronger, those that decide soonest first.

    Args:
        outcomes: What every rule says of the facts, by the rules' names.
        facts: The facts that they were applied to.
    """
    waiting: dict[str, list[Outcome]] = {}
    for outcome in _open(outcomes):
        for fact in outcome.missing:
            waiting.setdefault(fact, []).append(outcome)
    ordered = sorted(waiting, key=lambda fact: _rank(fact, waiting[fact], facts))
    return tuple(Question(fact, question(waiting[fact][0].norm, fact)) for fact in ordered)


def _rank(fact: str, waiting: Sequence[Outcome], facts: Facts) -> tuple[int, ...]:
    settled = dict.fromkeys(GRAVE, 0)
    for answer in (True, False):
        told = replace(facts, assumed={fact: answer})
        for outcome in waiting:
            if apply(outcome.norm, told).kind is not VerdictKind.NEEDS_FACTS:
                settled[outcome.norm.consequence.worst] += 1
    return (*(-count for count in settled.values()), -len(waiting), _place(fact))


@cache
def _places() -> dict[str, int]:
    return {fact: place for place, fact in enumerate(questions_for_facts())}


def _place(fact: str) -> int:
    return _places()[fact]
