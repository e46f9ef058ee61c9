"""Render a run as CSV for people with a spreadsheet; programs read the JSON.

One row a finding, a gap, and a verdict on the activity. The text starts with a byte order mark, without
which Excel reads Chinese as garbage. A cell that a spreadsheet would run as a formula starts with an
apostrophe instead.

Not promised: a spreadsheet set to another separator splits the rows elsewhere.
Source: RFC 4180; OWASP, CSV Injection (the characters that start a formula).
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from efface.report.arrange import activity_verdicts, findings_in_order, gaps_in_order, verdict_by_subject
from efface.report.beside import state_texts
from efface.report.plain import inside_text, place_text, visible
from efface.report.texts import text, word
from efface.report.wording import detail_text, kind_text, level_text, region_text

if TYPE_CHECKING:
    from efface.model import Finding, Gap, Locator, Verdict
    from efface.report.view import RunView

__all__ = ["guarded", "render"]

_COLUMNS = (
    *("record", "finding_id", "place", "inside", "region", "form", "characteristic", "level", "confidence"),
    *(
        "references",
        "verdict",
        "rules",
        "remedy",
        "missing",
        "clues",
        "detector",
        "stage",
        "reason",
        "detail",
    ),
    *("uri", "state"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def render(view: RunView) -> str:
    """Return the run as CSV with a byte order mark; write it as UTF-8 without changing its line ends."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(text(f"label.{column}", view.lang) for column in _COLUMNS)
    verdicts = verdict_by_subject(view)
    rows = [_activity(verdict, view.lang) for verdict in activity_verdicts(view)]
    rows += [
        {**_finding(f, verdicts.get(f.id), view.lang), "state": _state(view, f.id)}
        for f in findings_in_order(view)
    ]
    rows += [_gap(gap, view.lang) for gap in gaps_in_order(view)]
    for row in rows:
        writer.writerow(guarded(row.get(column, "")) for column in _COLUMNS)
    return "\ufeff" + out.getvalue()


def guarded(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula."""
    shown = visible(cell)
    return f"'{shown}" if shown.startswith(_FORMULA) or cell.startswith(_FORMULA) else shown


def _place(locator: Locator, lang: str) -> dict[str, str]:
    return {
        "place": place_text(locator),
        "inside": inside_text(locator),
        "region": region_text(locator).get(lang),
        "uri": locator.uri,
    }


def _judged(finding: Finding | None, verdict: Verdict | None, lang: str) -> dict[str, str]:
    row = {"verdict": kind_text(finding, verdict).get(lang)}
    if verdict is not None:
        row["rules"] = "; ".join(rule.id for rule in verdict.fired)
        row["remedy"] = word("remedy", verdict.remedy).get(lang) if verdict.remedy else ""
        row["missing"] = "; ".join(question.fact for question in verdict.missing)
    return row


def _activity(verdict: Verdict, lang: str) -> dict[str, str]:
    return {"record": text("record.activity", lang), **_judged(None, verdict, lang)}


def _finding(finding: Finding, verdict: Verdict | None, lang: str) -> dict[str, str]:
    return {
        "record": text("record.finding", lang),
        "finding_id": finding.id,
        **_place(finding.locator, lang),
        "form": word("form", finding.form).get(lang),
        "characteristic": word("characteristic", finding.characteristic).get(lang),
        "level": level_text(finding).get(lang),
        "confidence": f"{finding.confidence:.2f}",
        "references": str(finding.references),
        **_judged(finding, verdict, lang),
        "clues": "; ".join(f"{clue.name}={clue.value}" for clue in finding.clues),
        "detector": finding.detector,
    }


def _state(view: RunView, finding_id: str) -> str:
    return "; ".join(said.get(view.lang) for said in state_texts(view, finding_id))


def _gap(gap: Gap, lang: str) -> dict[str, str]:
    return {
        "record": text("record.gap", lang),
        **_place(gap.locator, lang),
        "stage": word("stage", gap.stage).get(lang),
        "reason": word("gap", gap.reason).get(lang),
        "detail": detail_text(gap.detail).get(lang),
    }
