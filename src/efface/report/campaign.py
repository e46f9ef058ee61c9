"""Many premises at a glance: a table of visits, as a paper and as CSV, with what is not known beside what is.

Not promised: that a place that is not in the table was visited, or that what is closed stays closed.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from efface.report.csv_report import guarded
from efface.report.document import Document, Grid, Pairs, Points, Section, same
from efface.report.texts import both, text, word
from efface.report.wording import detail_text, join

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from efface.model import Text
    from efface.report.inspection import Kind

__all__ = ["Campaign", "Refused", "Row", "State", "document", "render_csv"]


class State(StrEnum):
    """Where a visit stands, the most urgent first."""

    OVERDUE = "overdue"
    DUE = "due"
    OPEN = "open"
    GAPS = "gaps"
    NO_RUNS = "no_runs"
    CLOSED = "closed"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Row:
    """One visit.

    Attributes:
        file: Name of its bundle.
        visit_id: Identifier.
        premises: Where.
        sealed_at: As logs write times.
        found: What was found, by kind, over all its runs.
        violations: Verdicts that something is forbidden; None where nothing was judged.
        seen: Artefacts that were met.
        scanned: Artefacts that were looked at to the end.
        gaps: What was not looked at.
        orders: Papers with a day by which what they order is due.
        due: The last of those days.
        again: Visits that compared with this one.
        state: Where it stands.
    """

    file: str
    visit_id: str
    premises: str
    sealed_at: str
    found: tuple[Kind, ...]
    violations: int | None
    seen: int
    scanned: int
    gaps: int
    orders: int
    due: date | None
    again: int
    state: State

    @property
    def findings(self) -> int:
        """How many findings there are."""
        return sum(kind.findings for kind in self.found)


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that is no bundle which holds: its name, the step that failed, and why."""

    file: str
    step: str
    reason: str


@dataclass(frozen=True, slots=True)
class Campaign:
    """All visits of a folder.

    Attributes:
        rows: The visits, the most urgent first.
        refused: Bundles that do not check.
        superseded: Bundles of visits that were sealed again later, and are left out.
        others: Files of the folder that are not named like a bundle.
        on: The day on which something is overdue or not.
        tool_version: Version of efface.
        lang: The language that comes first.
    """

    rows: tuple[Row, ...]
    refused: tuple[Refused, ...]
    superseded: int
    others: int
    on: date
    tool_version: str
    lang: str

    def count(self, state: State) -> int:
        """Return how many visits stand so."""
        return sum(row.state is state for row in self.rows)


def document(campaign: Campaign) -> Document:
    """Return the overview as a paper."""
    overdue, kind = campaign.count(State.OVERDUE), "found"
    if campaign.refused or overdue:
        kind = "violations"
    outcome = both(
        "campaign.outcome",
        visits=len(campaign.rows),
        overdue=overdue,
        closed=campaign.count(State.CLOSED),
        refused=len(campaign.refused),
    )
    sections = (
        ("states", (_states(campaign),)),
        ("visits", (_table(campaign),) if campaign.rows else ()),
        ("coverage", (Pairs(tuple(_coverage(campaign))),)),
        ("refused", (_refused(campaign),) if campaign.refused else ()),
        ("not_told", (Points(tuple(both(f"campaign.not_{name}") for name in ("visited", "closed", "due"))),)),
    )
    return Document(
        title=both("campaign.title"),
        subtitle=both("campaign.subtitle"),
        outcome=outcome,
        kind=kind,
        head=Pairs(((both("campaign.on"), same(campaign.on)),)),
        sections=tuple(Section(both(f"campaign.{key}"), blocks) for key, blocks in sections if blocks),
        foot=both("campaign.foot", version=campaign.tool_version),
        made_on=campaign.on,
        lang=campaign.lang,
    )


def _states(campaign: Campaign) -> Pairs:
    return Pairs(tuple((word("visit_state", state), same(campaign.count(state))) for state in State))


def _table(campaign: Campaign) -> Grid:
    heads = ("premises", "sealed", "found", "gaps", "orders", "due", "again", "state")
    rows = tuple(
        (
            same(row.premises),
            same(row.sealed_at[:10]),
            join(*_kinds(row), zh="；", en="; ") if row.found else same(0),
            same(row.gaps),
            same(row.orders),
            same(row.due or ""),
            same(row.again),
            word("visit_state", row.state),
        )
        for row in campaign.rows
    )
    return Grid(tuple(both(f"campaign.{head}") for head in heads), rows, (22, 11, 24, 8, 7, 11, 7, 10))


def _kinds(row: Row) -> Iterator[Text]:
    for kind in row.found:
        yield join(
            word("characteristic", kind.characteristic), word("form", kind.form), same(f" {kind.findings}")
        )


def _coverage(campaign: Campaign) -> Iterator[tuple[Text, Text]]:
    sums: Counter[str] = Counter()
    for row in campaign.rows:
        sums.update(seen=row.seen, scanned=row.scanned, gaps=row.gaps)
    yield both("campaign.premises_count"), same(len({row.premises for row in campaign.rows}))
    for name in ("seen", "scanned", "gaps"):
        yield both(f"campaign.{name}"), same(sums[name])
    yield both("campaign.not_judged"), same(sum(row.violations is None for row in campaign.rows))
    yield both("campaign.refused"), same(len(campaign.refused))
    yield both("campaign.superseded"), same(campaign.superseded)
    yield both("campaign.others"), same(campaign.others)


def _refused(campaign: Campaign) -> Grid:
    heads = (both("inspection.file"), both("label.step"), both("label.reason"))
    rows = tuple(
        (same(each.file), word("check", each.step), detail_text(each.reason)) for each in campaign.refused
    )
    return Grid(heads, rows, (24, 38, 38))


_COLUMNS = (
    *("file", "visit", "premises", "sealed", "state", "findings", "found", "violations"),
    *("seen", "scanned", "gaps", "orders", "due", "again", "reason"),
)


def render_csv(campaign: Campaign) -> str:
    """Return the table as CSV with a byte order mark; bundles that do not check are rows, too."""
    lang, out = campaign.lang, io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(text(f"campaign.{column}", lang) for column in _COLUMNS)
    for row in campaign.rows:
        cells = {
            "file": row.file,
            "visit": row.visit_id,
            "premises": row.premises,
            "sealed": row.sealed_at,
            "state": word("visit_state", row.state).get(lang),
            "findings": row.findings,
            "found": "; ".join(kind.get(lang) for kind in _kinds(row)),
            "violations": "" if row.violations is None else row.violations,
            "seen": row.seen,
            "scanned": row.scanned,
            "gaps": row.gaps,
            "orders": row.orders,
            "due": row.due or "",
            "again": row.again,
        }
        writer.writerow(guarded(str(cells.get(column, ""))) for column in _COLUMNS)
    for each in campaign.refused:
        reason = f"{word('check', each.step).get(lang)}: {detail_text(each.reason).get(lang)}"
        cells = {"file": each.file, "state": text("visit_state.refused", lang), "reason": reason}
        writer.writerow(guarded(str(cells.get(column, ""))) for column in _COLUMNS)
    return "\ufeff" + out.getvalue()
