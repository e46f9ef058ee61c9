"""A run as the reports show it."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING

from efface import __version__
from efface.errors import UsageError
from efface.model import Mode, PackReference
from efface.report.texts import text
from efface.report.view import Coverage, Network, RunView
from efface.rules.readings import readings_of
from efface.runs.decommissioning import cleared, confirmed
from efface.runs.devices import authorisations
from efface.runs.groups import groups
from efface.runs.judging import packs_of_run
from efface.runs.marks import marks_of
from efface.runs.record import detectors, networks

if TYPE_CHECKING:
    from efface.runs.store import Store

__all__ = ["view_of"]


def view_of(store: Store, lang: str, *, on: date | None = None) -> RunView:
    """Return everything that a report shows of a run.

    Args:
        store: The run.
        lang: "zh" or "en".
        on: The day on which a waiver is in force or not; by default today.

    Raises:
        UsageError: Nothing was scanned into the run yet.
    """
    if not store.meta("started_at", ""):
        raise UsageError(
            "nothing was scanned into this run yet", to_do="Run `efface scan TARGET --run FILE`."
        )
    totals = store.totals()
    verdicts = tuple(store.verdicts())
    findings, gaps = tuple(store.findings()), tuple(store.gaps())
    today = on or date.today()  # noqa: DTZ011 - the day of a waiver is local
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
        findings=findings,
        gaps=gaps,
        samplings=tuple(store.samplings()),
        verdicts=verdicts,
        rules=tuple(rule for pack in packs_of_run(store) for rule in pack.rules) if verdicts else (),
        readings=readings_of(verdicts) if any(verdict.readings for verdict in verdicts) else (),
        removals=tuple(store.removals()),
        case_title=store.meta("case_title", ""),
        as_of=date.fromisoformat(as_of) if as_of else None,
        groups=groups(findings),
        look=store.meta("look", "data"),
        confirmed=confirmed(store),
        cleared=cleared(store),
        notes=tuple(
            text("sentence.authorised", lang, **{**each, "devices": ", ".join(each["devices"])})
            for each in authorisations(store)
        ),
        lang=lang,
        **marks_of(store, findings, gaps, verdicts, today),
    )
