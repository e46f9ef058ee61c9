"""What the sender of a payload is given: an answer with its law, in the form of RFC 9457, and never the payload."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from efface.guard import Answer, Door

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from efface.rules.pack import Pack

__all__ = ["PROBLEM_TYPE", "Basis", "Receipt"]

PROBLEM_TYPE: Final = "application/problem+json"
_STATUS: Final = {Door.ALLOW: 200, Door.REFUSE: 403, Door.QUARANTINE: 422}
_FAULT_STATUS: Final = 503
_TITLES: Final = {
    Door.ALLOW: "It may pass",
    Door.REFUSE: "Refused at the door",
    Door.QUARANTINE: "Held at the door until a person has looked",
}


class Basis:
    """The legal basis of each rule, in words."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        self._rules = {rule.id: rule.citation for pack in packs for rule in pack.rules}

    def of(self, rules: Iterable[str]) -> list[dict[str, str]]:
        """Return instrument and article of rules, in zh and en."""
        known = [(rule, self._rules[rule]) for rule in rules if rule in self._rules]
        return [
            {
                "rule": rule,
                "zh": f"{citation.instrument.zh} {citation.place.zh}",
                "en": f"{citation.instrument.en}, {citation.place.en}",
            }
            for rule, citation in known
        ]


@dataclass(frozen=True, slots=True)
class Receipt:
    """One decision as it is told.

    Attributes:
        id: 32 hex digits, drawn at random; the same stand in the ledger.
        at: When, in UTC.
        answer: What was decided.
        digest: Keyed digest of the payload: whoever lacks the ledger's secret can confirm no guess with it; or "".
        basis: Legal basis of each rule.
    """

    id: str
    at: str
    answer: Answer
    digest: str = ""
    basis: tuple[Mapping[str, str], ...] = ()

    @property
    def is_let_through(self) -> bool:
        """Whether the payload may pass."""
        return self.answer.door is Door.ALLOW

    @property
    def status(self) -> int:
        """Status of HTTP: 200, 403 refused, 422 held, 503 it could not be decided."""
        return _FAULT_STATUS if self.answer.fault else _STATUS[self.answer.door]

    def problem(self) -> dict[str, Any]:
        """Return the receipt as values of JSON, with the members of RFC 9457."""
        answer = self.answer
        return {
            "type": f"urn:efface:door:{answer.door}",
            "title": _TITLES[answer.door],
            "status": self.status,
            "detail": answer.reason,
            "instance": f"urn:efface:decision:{self.id}",
            "door": answer.door,
            "reason": answer.reason,
            "rules": list(answer.rules),
            "basis": [dict(each) for each in self.basis],
            "places": list(answer.places),
            "findings": answer.findings,
            "gaps": answer.gaps,
            "fault": answer.fault,
            "at": self.at,
            "digest": self.digest,
        }

    def body(self) -> bytes:
        """Return the receipt as JSON in UTF-8."""
        return json.dumps(self.problem(), ensure_ascii=False).encode("utf-8", "backslashreplace")

    def on_record(self, way: str, size_bytes: int) -> dict[str, Any]:
        """Return what the ledger keeps: no place, no sentence, nothing of the payload."""
        answer = self.answer
        return {
            "id": self.id,
            "at": self.at,
            "way": way,
            "door": str(answer.door),
            "fault": answer.fault,
            "rules": list(answer.rules),
            "findings": answer.findings,
            "gaps": answer.gaps,
            "bytes": size_bytes,
            "digest": self.digest,
        }
