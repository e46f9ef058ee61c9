"""The part of the SARIF log that a baseline and waivers make.

Source: OASIS SARIF 2.1.0 (3.27.23 suppressions, 3.27.24 baselineState, 3.35 suppression).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from efface.report.beside import baseline_texts, ignored_texts, misses, state_texts
from efface.report.plain import short
from efface.report.texts import text, word
from efface.report.wording import join

if TYPE_CHECKING:
    from efface.model import Text
    from efface.report.marks import Gone
    from efface.report.view import RunView

__all__ = ["absent", "gone_name", "gone_rule", "marks", "said_beside"]

_JSON = dict[str, Any]
_FINGERPRINT = "efface/baseline/v1"


def marks(view: RunView, finding_id: str) -> _JSON:
    """Return what a result of a finding has beside its verdict."""
    found: _JSON = {}
    if view.baseline is not None:
        found["baselineState"] = "unchanged" if finding_id in view.baseline.known else "new"
    number = view.waived.get(finding_id)
    if number is not None:
        waiver = view.waivers[number].waiver
        found["suppressions"] = [
            {
                "kind": "external",
                "status": "accepted",
                "justification": state_texts(view, finding_id)[-1].get(view.lang),
                "properties": {
                    "match": short(waiver.match),
                    "approver": short(waiver.approver),
                    "from": waiver.starts_on.isoformat(),
                    "until": waiver.ends_on.isoformat(),
                },
            }
        ]
    return found


def gone_rule(gone: Gone) -> str:
    """Return the rule that a result about a lost finding names: that of a finding without a verdict."""
    return f"efface/{gone.characteristic}/{gone.form}"


def gone_name(gone: Gone) -> Text:
    """Return characteristic and form in words."""
    return join(word("characteristic", gone.characteristic), word("form", gone.form))


def absent(view: RunView) -> list[_JSON]:
    """Return a result for each finding of the baseline that was not found; its place is not known any more."""
    return [_absent(gone, view.lang) for gone in view.baseline.gone] if view.baseline else []


def _absent(gone: Gone, lang: str) -> _JSON:
    key = "gone" if gone.is_told else "gone_untold"
    return {
        "ruleId": gone_rule(gone),
        # Nothing is said of a place that was not looked at: a person has to (3.27.9).
        "kind": "pass" if gone.is_told else "review",
        "level": "none",
        "message": {"text": text(f"sentence.{key}", lang, what=gone_name(gone).get(lang))},
        "fingerprints": {_FINGERPRINT: gone.key},
        "baselineState": "absent" if gone.is_told else "unchanged",
        "properties": {
            "form": gone.form,
            "characteristic": gone.characteristic,
            "detector": gone.detector,
        },
    }


def said_beside(view: RunView) -> _JSON:
    """Return properties of the run that say what else a reader of the results has to know."""
    said = [each.get(view.lang) for each in (*baseline_texts(view), *ignored_texts(view.ignored))]
    missed = {miss.rate.detector: miss.missed for miss in misses(view)}
    return {
        **({"notes": said} if said else {}),
        **({"expectedMisses": missed} if missed else {}),
    }
