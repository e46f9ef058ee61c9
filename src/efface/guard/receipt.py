"""What a sender gets for a submission: the answer, the places and the law, and nothing of the content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from efface.model import printable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from efface.guard.answer import Decision
    from efface.guard.places import Place

__all__ = ["SCHEMA", "receipt"]

SCHEMA = "efface/guard-receipt/v1"


def receipt(decision: Decision, name: str, decided_at: datetime) -> dict[str, Any]:
    """Return the receipt of one decision as plain values for JSON.

    Args:
        decision: The decision.
        name: Name of the submission.
        decided_at: When, aware UTC.

    Names of records and fields stand in it, values do not. The digest is keyed: see `Decision.digest`.
    """
    return {
        "schema": SCHEMA,
        "submission": printable(name),
        "decided_at": decided_at.isoformat(timespec="seconds"),
        "door": str(decision.door),
        "reason": decision.reason,
        "digest": f"hmac-sha256:{decision.digest}" if decision.digest else None,
        "places": list(_places(decision.places)),
        "legal_basis": [
            {
                "rule": basis.rule,
                "zh": basis.citation.zh,
                "en": basis.citation.en,
                "quote": basis.quote or None,
                "remedy": {"zh": basis.remedy.zh, "en": basis.remedy.en},
            }
            for basis in decision.basis
        ],
        "warnings": list(_places(decision.warnings)),
    }


def _places(places: Iterable[Place]) -> Iterable[dict[str, Any]]:
    for place in places:
        yield {
            "place": place.where,
            "record": place.record or None,
            "record_id": place.record_id or None,
            "what": place.why,
            "rules": list(place.rules),
        }
