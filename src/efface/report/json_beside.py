"""The part of the JSON of a run that stands beside its findings; keys that were added, none that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from efface.report.beside import misses, partial
from efface.report.plain import encodable

if TYPE_CHECKING:
    from collections.abc import Callable

    from efface.model import Locator
    from efface.report.view import RunView

__all__ = ["beside"]

_JSON = dict[str, Any]
_SHARE = 0.001
_DIGITS = 6


def beside(view: RunView, place: Callable[[Locator], _JSON]) -> _JSON:
    """Return what is added to the document of a run.

    Args:
        view: The run.
        place: Writes a locator as the rest of the document does.
    """
    return {
        "groups": [
            {
                "kind": group.kind,
                "people": group.people,
                "findings": group.findings,
                "system": group.system,
                "signs": list(group.signs),
                "locator": place(group.place),
            }
            for group in view.groups
        ],
        "baseline": _baseline(view),
        "against": _returned(view, place),
        "waivers": [
            {
                "match": encodable(use.waiver.match),
                "reason": encodable(use.waiver.reason),
                "approver": encodable(use.waiver.approver),
                "from": use.waiver.starts_on.isoformat(),
                "until": use.waiver.ends_on.isoformat(),
                "rule": encodable(use.waiver.rule),
                "characteristic": use.waiver.characteristic,
                "state": use.state,
                "findings": use.findings,
            }
            for use in view.waivers
        ],
        "ignored": [
            {
                "file": encodable(ignored.file),
                "line": ignored.line,
                "pattern": encodable(ignored.pattern),
                "files": ignored.files,
                "bytes": ignored.size_bytes,
                "in_target": ignored.in_target,
            }
            for ignored in view.ignored
        ],
        "ignore_files_not_obeyed": [encodable(name) for name in view.passed_over],
        "samplings": [
            {
                "locator": place(sampling.locator),
                "unit": sampling.unit,
                "looked_at": sampling.looked_at,
                "total": sampling.total,
                "is_random": sampling.is_random,
                "miss_probability_at_1_in_1000": _rounded(sampling.miss_probability(_SHARE)),
            }
            for sampling in partial(view.samplings)
        ],
        "expected_misses": [
            {
                "detector": miss.rate.detector,
                "mode": miss.rate.mode,
                "recall": miss.rate.recall,
                "found": miss.found,
                "missed": miss.missed,
                "command": miss.rate.command,
                "measured_on": {"zh": miss.rate.measured_on.zh, "en": miss.rate.measured_on.en},
            }
            for miss in misses(view)
        ],
    }


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, _DIGITS)


def _returned(view: RunView, place: Callable[[Locator], _JSON]) -> _JSON | None:
    returned = view.returned
    if returned is None:
        return None
    return {
        "issued_at": encodable(returned.issued_at),
        "told": returned.is_told,
        "removed": returned.removed,
        "files_back": [place(locator) for locator in returned.files],
        "findings_back": sorted(returned.findings),
        "not_in_targets": returned.elsewhere,
        "not_known": returned.others,
    }


def _baseline(view: RunView) -> _JSON | None:
    baseline = view.baseline
    if baseline is None:
        return None
    return {
        "total": baseline.total,
        "known": len(baseline.known),
        "new": len(view.findings) - len(baseline.known),
        "gone": len(baseline.gone),
        "not_looked_at": baseline.untold,
        "mode": baseline.mode,
    }
