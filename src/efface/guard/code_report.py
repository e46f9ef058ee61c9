"""Write what a change adds as SARIF, and keep what is known of a code base as a baseline.

Source: OASIS SARIF 2.1.0 (3.27 result, 3.49 reportingDescriptor).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from efface import __version__
from efface.errors import UsageError
from efface.report.json_report import dump

if TYPE_CHECKING:
    from collections.abc import Iterable

    from efface.guard.code import Added

__all__ = ["baseline", "known", "sarif", "sentence"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_BASELINE = "efface/code-baseline/v1"
_KINDS = {
    "library": "adds a library of facial recognition",
    "model": "adds a model of facial recognition",
    "endpoint": "calls a service of facial recognition",
    "column": "adds a column named for biometric data",
    "data": "adds data that is refused",
    "unread": "adds what could not be decided",
}


def sentence(each: Added) -> str:
    """Return what is said of one addition."""
    return f"{_KINDS[each.kind]}: {each.what}"


def sarif(every: Iterable[Added], is_known: frozenset[tuple[str, str, str]]) -> str:
    """Return additions as one SARIF log; those that a baseline knows are "unchanged"."""
    rules = [
        {"id": f"efface/code/{kind}", "shortDescription": {"text": said}} for kind, said in _KINDS.items()
    ]
    run = {
        "tool": {"driver": {"name": "efface", "version": __version__, "rules": rules}},
        "results": [_result(each, each.identity in is_known) for each in every],
    }
    return dump({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def baseline(every: Iterable[Added]) -> str:
    """Return a baseline that knows these: readable, as all of it stands in the repository anyhow."""
    return dump({"schema": _BASELINE, "known": sorted({each.identity for each in every})})


def known(text: str) -> frozenset[tuple[str, str, str]]:
    """Return what a baseline knows.

    Raises:
        UsageError: It is none.
    """
    try:
        document = json.loads(text)
        entries = [(path, kind, what) for path, kind, what in document["known"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError("the baseline is no baseline of code") from None
    if document.get("schema") != _BASELINE or not all(
        isinstance(part, str) for each in entries for part in each
    ):
        raise UsageError("the baseline is no baseline of code")
    return frozenset(entries)


def _result(each: Added, is_known: bool) -> dict[str, Any]:  # noqa: FBT001 - one bit of one result
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(each.path.encode("utf-8", "surrogateescape"))}}
    if each.line:
        place["region"] = {"startLine": each.line}
    return {
        "ruleId": f"efface/code/{each.kind}",
        "ruleIndex": list(_KINDS).index(each.kind),
        "level": "warning" if each.is_held else "error",
        "message": {"text": sentence(each)},
        "locations": [{"physicalLocation": place}],
        "baselineState": "unchanged" if is_known else "new",
    }
