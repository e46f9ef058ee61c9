"""What a door is told about one payload: a decision without the payload, small enough to be sent and kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from efface.guard.decision import Decision, Door
from efface.model import Locator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Answer", "strictest"]

_MAX_PLACES = 20
_MAX_TEXT = 400
_STRENGTH = (Door.ALLOW, Door.QUARANTINE, Door.REFUSE)


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision in words and numbers.

    Attributes:
        door: What happens.
        reason: One sentence, without content of the payload.
        rules: Rules that refuse it.
        places: Where in the payload, at most 20; names of fields and members stand in them.
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
        places = [(name + each.uri.removeprefix(whole))[:_MAX_TEXT] for each in locators]
        return cls(
            decision.door,
            decision.reason[:_MAX_TEXT],
            decision.rules,
            tuple(dict.fromkeys(places))[:_MAX_PLACES],
            len(decision.findings),
            len(decision.gaps),
            # A refusal for which nothing speaks is the guard's own failure to decide.
            "crashed"
            if decision.door is Door.REFUSE and not (decision.findings or decision.rules or decision.gaps)
            else "",
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
