"""What the law says of a finding or of an activity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from efface.model.rule import Text
    from efface.model.vocabulary import VerdictKind

__all__ = ["ACTIVITY", "Due", "FiredRule", "OtherDay", "OtherReading", "Question", "RuleChange", "Verdict"]

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
class Due:
    """By when what a rule demands is due.

    Attributes:
        after: Name of the fact from which the time runs.
        since: The day that the fact is.
        on: The last day, or None where it cannot be computed.
        days_left: Days from the day of the verdict to the last day, negative once it is past; None as `on`.
        unpublished: The year whose public holidays are not known, where that is why; else None.
    """

    after: str
    since: date
    on: date | None
    days_left: int | None = None
    unpublished: int | None = None


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What one rule says here and what it says under another reading or on another day."""

    id: str
    here: VerdictKind
    there: VerdictKind


@dataclass(frozen=True, slots=True)
class OtherReading:
    """What would be said if one disputed reading were taken that is not, or not taken that is.

    Attributes:
        reading: Name of the reading.
        is_taken: Whether the verdict takes it; the default is that it does not.
        kind: The verdict with the other choice.
        changes: The rules that then say something else.
    """

    reading: str
    is_taken: bool
    kind: VerdictKind
    changes: tuple[RuleChange, ...]


@dataclass(frozen=True, slots=True)
class OtherDay:
    """What the law of another day says of the same facts.

    Attributes:
        then: The last day of the conduct, for whose law the verdict itself stands.
        as_of: The other day.
        kind: The verdict on it.
        changes: The rules that then say something else.
    """

    then: date
    as_of: date
    kind: VerdictKind
    changes: tuple[RuleChange, ...]


@dataclass(frozen=True, slots=True)
class FiredRule:
    """One rule that has something to say, and what it says on its own.

    Attributes:
        id: The rule.
        kind: The verdict that this rule alone would give.
        because: Facts that decided it, as `name = value`.
        missing: Names of the facts that it still needs.
        explanation: Why, in words, with article and dates.
        due: By when, where the rule has a deadline and the day from which it runs is known.
    """

    id: str
    kind: VerdictKind
    because: tuple[str, ...]
    missing: tuple[str, ...]
    explanation: Text
    due: Due | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the law says: the strongest kind, and every rule that fires.

    Attributes:
        subject: A finding's id, or `ACTIVITY`.
        kind: The strongest kind among the rules that fire; `needs_facts` where a rule that might fire could be
            stronger; `out_of_scope` when none does.
        fired: All rules that fire or might, strongest first.
        because: Facts used.
        missing: Questions still open that could make the kind stronger, those that decide soonest first.
        remedy: What is due, in one word, or "".
        as_of: The day whose law was applied.
        readings: What the other choice of each disputed reading would say, where it says something else.
        today: What the law of today says if the same were done today, where that is another day.
    """

    subject: str
    kind: VerdictKind
    fired: tuple[FiredRule, ...]
    because: tuple[str, ...]
    missing: tuple[Question, ...]
    remedy: str
    as_of: date
    readings: tuple[OtherReading, ...] = ()
    today: OtherDay | None = None
