"""A run as the reports show it."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING

from efface import __version__
from efface.errors import UsageError
from efface.model import Mode, PackReference
from efface.report.view import Coverage, Network, RunView
from efface.runs.record import detectors, networks

if TYPE_CHECKING:
    from efface.model import Rule
    from efface.runs.store import Store

__all__ = ["view_of"]


def view_of(store: Store, lang: str) -> RunView:
    """Return everything that a report shows of a run.

    Raises:
        UsageError: Nothing was scanned into the run yet.
    """
    if not store.meta("started_at", ""):
        raise UsageError(
            "nothing was scanned into this run yet", to_do="Run `efface scan TARGET --run FILE`."
        )
    totals = store.totals()
    verdicts = tuple(store.verdicts())
    finished, as_of = store.meta("finished_at", ""), store.meta("as_of", "")
    return RunView(
        run_id=store.run_id,
        tool_version=__version__,
        started_at=datetime.fromisoformat(store.meta("started_at")),
        finished_at=datetime.fromisoformat(finished) if finished else None,
        mode=Mode(store.meta("mode")),
        targets=tuple(json.loads(store.meta("targets"))),
        coverage=Coverage(
            totals["seen"], totals["scanned"], totals["gaps"], totals["bytes"], int(store.meta("reused", "0"))
        ),
        detectors=tuple(detectors()),
        packs=tuple(
            PackReference(pack["id"], pack["digest"]) for pack in json.loads(store.meta("packs", "[]"))
        ),
        networks=tuple(Network(network["name"], network["digest"]) for network in networks()),
        findings=tuple(store.findings()),
        gaps=tuple(store.gaps()),
        samplings=tuple(store.samplings()),
        verdicts=verdicts,
        rules=_rules() if verdicts else (),
        removals=tuple(store.removals()),
        case_title=store.meta("case_title", ""),
        as_of=date.fromisoformat(as_of) if as_of else None,
        lang=lang,
    )


def _rules() -> tuple[Rule, ...]:
    from efface.rules.pack import builtin_packs  # noqa: PLC0415 - Cedar is loaded only to show rules

    return tuple(rule for pack in builtin_packs() for rule in pack.rules)
