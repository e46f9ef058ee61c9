"""What the law says of a finding or of an activity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from efface.model.rule import Text
    from efface.model.vocabulary import VerdictKind

__all__ = ["ACTIVITY", "FiredRule", "Question", "Verdict"]

ACTIVITY = "activity"
"""The subject of a verdict on the activity of a case itself, rather than on one finding."""


@dataclass(frozen=True, slots=True)
class Question:
    """A fact that is unknown and would decide something.

    Attributes:
        fact: Name of the fact in the case file.
        text: The question to ask a person.
    """

    fact: str
    text: Text


@dataclass(frozen=True, slots=True)
class FiredRule:
    """One rule that has something to say, and what it says on its own.

    Attributes:
        id: The rule.
        kind: The verdict that this rule alone would give.
        because: Facts that decided it, as `name = value`.
        missing: Names of the facts that it still needs.
        explanation: Why, in words, with article and dates.
    """

    id: str
    kind: VerdictKind
    because: tuple[str, ...]
    missing: tuple[str, ...]
    explanation: Text


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the law says: the strongest kind, and every rule that fires.

    Attributes:
        subject: A finding's id, or `ACTIVITY`.
        kind: The strongest kind among the rules that fire; `out_of_scope` when none does.
        fired: All rules that fire or might, strongest first.
        because: Facts used.
        missing: Questions still open that could change the kind.
        remedy: What is due, in one word, or "".
        as_of: The day whose law was applied.
    """

    subject: str
    kind: VerdictKind
    fired: tuple[FiredRule, ...]
    because: tuple[str, ...]
    missing: tuple[Question, ...]
    remedy: str
    as_of: date
