"""What is decided at a door, and what is told of it: an answer that can be sent and kept, without the payload."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from efface.model import Finding, Gap, Locator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from efface.guard.law import Basis
    from efface.guard.places import Place

__all__ = ["Answer", "Decision", "Door", "strictest"]

_MAX_PLACES = 20
_MAX_TEXT = 400


class Door(StrEnum):
    """What happens to a payload."""

    ALLOW = "allow"
    REFUSE = "refuse"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class Decision:
    """The guard's answer.

    Attributes:
        door: What happens.
        reason: One sentence for a person, without content of the payload.
        rules: Rules that refuse it, when a case is given.
        findings: What was found.
        gaps: What could not be looked at.
        places: Where what refuses it or holds it back stands, with the rules for each place.
        warnings: What passes and is worth telling: check digits that fail, dates that are none.
        basis: The legal basis of the rules, in zh and en, with what cures it.
        digest: HMAC-SHA256 of the payload under a key that only this guard knows: whoever lacks the key
            cannot even confirm a guess. Empty where no key was given.
        fault: Why the guard itself failed to decide ("crashed"), or "".
    """

    door: Door
    reason: str
    rules: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    places: tuple[Place, ...] = ()
    warnings: tuple[Place, ...] = ()
    basis: tuple[Basis, ...] = ()
    digest: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision in words and numbers.

    Attributes:
        door: What happens.
        reason: One sentence, without content of the payload.
        rules: Rules that refuse it.
        places: Where, at most 20: the payload's name, then JSONPath, XPath, cell or part; names of fields stand in it.
        findings: How many findings there are.
        gaps: How many parts could not be looked at.
        fault: Why it could not be decided at all ("timeout", "crashed", "overloaded" ...), or "".
    """

    door: Door
    reason: str
    rules: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    findings: int = 0
    gaps: int = 0
    fault: str = ""

    @classmethod
    def of(cls, decision: Decision, name: str) -> Answer:
        """Return what is told of a decision about a payload of a name."""
        whole = Locator("payload", (name,)).uri
        locators = [finding.locator for finding in decision.findings] + [gap.locator for gap in decision.gaps]
        found = [(name + each.uri.removeprefix(whole))[:_MAX_TEXT] for each in locators]
        told = [_named(name, place.where)[:_MAX_TEXT] for place in decision.places]
        return cls(
            decision.door,
            decision.reason[:_MAX_TEXT],
            decision.rules,
            tuple(dict.fromkeys(told or found))[:_MAX_PLACES],
            len(decision.findings),
            len(decision.gaps),
            decision.fault,
        )

    @classmethod
    def undecided(cls, fault: str, detail: str = "") -> Answer:
        """Return the refusal of what could not be decided."""
        return cls(Door.REFUSE, f"it could not be decided ({detail or fault})", fault=fault)

    def message(self) -> dict[str, Any]:
        """Return the answer as values of JSON."""
        return asdict(self)

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> Answer:
        """Return the answer that `message` gave.

        Raises:
            KeyError, TypeError, ValueError: It is none.
        """
        texts = {name: tuple(map(str, message[name])) for name in ("rules", "places")}
        return cls(**{**message, "door": Door(message["door"]), **texts})


def _named(name: str, where: str) -> str:
    return name + where.removeprefix("the payload") if where.startswith("the payload") else f"{name}!/{where}"


_STRENGTH = (Door.ALLOW, Door.QUARANTINE, Door.REFUSE)


def strictest(answers: Iterable[Answer]) -> Answer:
    """Return the strictest of some answers, with what all of them found; none at all is a refusal."""
    every = list(answers)
    if not every:
        return Answer.undecided("crashed", "nothing was looked at")
    worst = max(every, key=lambda each: _STRENGTH.index(each.door))
    return Answer(
        worst.door,
        worst.reason,
        tuple(sorted({rule for each in every for rule in each.rules})),
        tuple(place for each in every for place in each.places)[:_MAX_PLACES],
        sum(each.findings for each in every),
        sum(each.gaps for each in every),
        worst.fault,
    )
