"""What a visit takes from a run file: reports, ledger and baseline, never the file, which holds the run's key.

The baseline is what a second visit compares with: keyed digests of places under a salt of its own.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from efface import registry
from efface.errors import UsageError
from efface.evidence import canonical, shapes
from efface.report.plain import target_text
from efface.runs.baseline import tightened
from efface.runs.marks import roots_of_run
from efface.runs.view import view_of
from efface.visits.entries import MAX_TARGETS

if TYPE_CHECKING:
    from efface.report.view import RunView
    from efface.runs.store import Store

__all__ = ["BASELINE", "JSON", "LEDGER", "fields_of", "reports_of"]

JSON, HTML, LEDGER, BASELINE = "run.json", "run.html", "ledger.jsonl", "baseline.json"
"""Ends of the names of the four files, after the number of their line."""


def reports_of(store: Store, view: RunView) -> dict[str, bytes]:
    """Return the four files of a run, by the ends of their names.

    Raises:
        UsageError: The scan is not finished.
        EvidenceError: The run's ledger does not hold.
    """
    store.ledger.verify()
    return {
        JSON: _written(registry.load("report", "json")(view)),
        HTML: _written(registry.load("report", "html")(view)),
        LEDGER: b"".join(canonical.dumps(entry) + b"\n" for entry in store.ledger.read()),
        BASELINE: _written(tightened(view, roots_of_run(store), None).text()),
    }


def fields_of(store: Store, lang: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return what the log says of a run, all but its files, and those files.

    Raises:
        UsageError: Nothing was scanned to its end, or too many targets.
        EvidenceError: The run's ledger does not hold.
    """
    view = view_of(store, lang)
    if view.finished_at is None:
        raise UsageError("the scan is not finished", to_do="Run the same `efface scan` again; it goes on.")
    if len(view.targets) > MAX_TARGETS:
        raise UsageError(f"a run of more than {MAX_TARGETS} targets cannot be added to a visit")
    fields = {
        "kind": "run",
        "run": view.run_id,
        "tool_version": view.tool_version,
        "mode": view.mode,
        "started_at": shapes.printed(view.started_at),
        "finished_at": shapes.printed(view.finished_at),
        "targets": [target_text(target) for target in view.targets],
        "seen": view.coverage.seen,
        "scanned": view.coverage.scanned,
        "gaps": view.coverage.gaps,
        "found": _found(view),
        "verdicts_by": dict(Counter(verdict.kind.value for verdict in view.verdicts)),
    }
    return fields, reports_of(store, view)


def _found(view: RunView) -> list[dict[str, Any]]:
    counts: Counter[tuple[str, str]] = Counter()
    subjects: Counter[tuple[str, str]] = Counter()
    for finding in view.findings:
        kind = finding.characteristic.value, finding.form.value
        counts[kind] += 1
        subjects[kind] += finding.references
    return [
        {"characteristic": kind[0], "form": kind[1], "findings": count, "references": subjects[kind]}
        for kind, count in sorted(counts.items())
    ]


def _written(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
