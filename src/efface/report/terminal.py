"""Render a run for a terminal: functions that return what `rich` prints, fitted to any width.

Every name is put in as `Text` after its hidden characters are written out, so that neither terminal
commands nor rich's own markup in a file name do anything. Colour only repeats what the words say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text as Line

from efface.model import RemovalStatus, VerdictKind, printable
from efface.report.arrange import (
    activity_verdicts,
    findings_in_order,
    gaps_in_order,
    headline,
    headline_key,
    kind_counts,
    open_questions,
    places,
    verdict_by_subject,
)
from efface.report.beside import state_texts
from efface.report.plain import inside_text, moment_text, place_text, short
from efface.report.recognised import recognised_sentences
from efface.report.taken_away import taken_away_sentences
from efface.report.texts import text, word
from efface.report.wording import (
    coverage_text,
    detail_text,
    kind_text,
    level_text,
    region_text,
    status_text,
    what,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from efface.model import Certificate, Finding, Gap, Removal, Verdict
    from efface.report.view import CheckStep, RunView

__all__ = [
    "MAX_ROWS",
    "certificate_summary",
    "check_steps",
    "coverage_line",
    "curable",
    "findings_table",
    "gaps_table",
    "orphans",
    "questions_table",
    "removal_plan",
    "scan_summary",
    "signer_table",
    "verdict_table",
]

MAX_ROWS = 200
"""Most findings or gaps that a terminal lists; what is left out is counted."""

_MAX_NAME = 240  # characters of a name inside a container
_STYLES = {
    VerdictKind.HOLD: "magenta",
    VerdictKind.PROHIBITED: "bold red",
    VerdictKind.PROHIBITED_UNLESS: "red",
    VerdictKind.NEEDS_FACTS: "yellow",
    VerdictKind.FREEZE: "yellow",
    VerdictKind.CONDITIONAL_OK: "cyan",
    VerdictKind.PERMITTED: "green",
    VerdictKind.OUT_OF_SCOPE: "dim",
}
_HEADLINES = {
    "came_back": "bold red",
    "violations": "bold red",
    "nothing": "bold green",
    "found": "bold cyan",
}
_STATUSES = {RemovalStatus.REMOVED: "green", RemovalStatus.FAILED: "bold red", RemovalStatus.HELD: "magenta"}


def scan_summary(view: RunView) -> Group:
    """Return the outcome in a sentence, the coverage, and how many verdicts there are of each kind."""
    word_ = headline(view)
    parts: list[RenderableType] = [
        Line(text(headline_key(view), view.lang), style=_HEADLINES.get(word_, "bold yellow")),
        coverage_line(view),
    ]
    counts = kind_counts(view)
    if counts:
        kinds = (
            Line(f"{word('verdict', k).get(view.lang)} {n}", style=_STYLES[k]) for k, n in counts.items()
        )
        parts.append(Line("  ").join(kinds))
    return Group(*parts)


def coverage_line(view: RunView) -> Line:
    """Return how much was met, looked at and not looked at."""
    style = "yellow" if view.coverage.gaps or view.gaps else ""
    return Line(coverage_text(view.coverage).get(view.lang), style=style)


def findings_table(view: RunView, limit: int = MAX_ROWS) -> Group:
    """Return the findings grouped by place, at most `limit` of them, with the number left out."""
    verdicts = verdict_by_subject(view)
    findings = findings_in_order(view)
    rows = {
        finding.id: _row(finding, verdicts.get(finding.id), view, view.lang) for finding in findings[:limit]
    }
    widths = [
        max((line.cell_len for line in column), default=0) for column in zip(*rows.values(), strict=True)
    ]
    parts: list[RenderableType] = []
    for place in places(findings[:limit]):
        grid = Table.grid(padding=(0, 2, 0, 0))
        for width in widths[:-1]:
            grid.add_column(min_width=width, overflow="fold")
        grid.add_column(overflow="fold")
        for finding in place.findings:
            grid.add_row(*rows[finding.id])
        parts += [Line(place_text(place.locator), style="bold"), Padding(grid, (0, 0, 1, 2))]
    return Group(*parts, *_left_out(len(findings) - limit, view.lang))


def _row(finding: Finding, verdict: Verdict | None, view: RunView, lang: str) -> tuple[Line, ...]:
    inside = short(inside_text(finding.locator), _MAX_NAME)
    state = [said.get(lang) for said in state_texts(view, finding.id)]
    return (
        _kind(finding, verdict, lang),
        Line(what(finding).get(lang)),
        Line(level_text(finding).get(lang)),
        Line(f"{finding.confidence:.2f}"),
        Line("  ".join(part for part in (inside, region_text(finding.locator).get(lang), *state) if part)),
    )


def _left_out(left: int, lang: str) -> list[Line]:
    return [Line(text("sentence.more", lang, left=left), style="yellow")] if left > 0 else []


def _table(lang: str, *heads: str, title: str) -> Table:
    grid = Table(title=Line(title, style="bold"), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for head in heads:
        grid.add_column(Line(text(f"label.{head}", lang)), overflow="fold")
    return grid


def _kind(finding: Finding | None, verdict: Verdict | None, lang: str) -> Line:
    return Line(kind_text(finding, verdict).get(lang), style=_STYLES[verdict.kind] if verdict else "dim")


def verdict_table(view: RunView) -> Table:
    """Return the verdicts as groups: on the activity, then equal verdicts on findings with their number."""
    grid = _table(
        view.lang,
        "verdict",
        "rules",
        "remedy",
        "missing",
        "number",
        title=text("heading.verdicts", view.lang),
    )
    groups: dict[tuple[VerdictKind, str, str, str], int] = {}
    for verdict in sorted(verdict_by_subject(view).values(), key=lambda verdict: verdict.kind.strength):
        row = _verdict_row(verdict, view.lang)
        groups[row] = groups.get(row, 0) + 1
    for verdict in activity_verdicts(view):
        _add_verdict(grid, _verdict_row(verdict, view.lang), text("record.activity", view.lang), view.lang)
    for row, count in groups.items():
        _add_verdict(grid, row, str(count), view.lang)
    return grid


def _verdict_row(verdict: Verdict, lang: str) -> tuple[VerdictKind, str, str, str]:
    rules = ", ".join(short(rule.id) for rule in verdict.fired)
    remedy = word("remedy", verdict.remedy).get(lang) if verdict.remedy else ""
    return verdict.kind, rules, remedy, ", ".join(short(question.fact) for question in verdict.missing)


def _add_verdict(grid: Table, row: tuple[VerdictKind, str, str, str], number: str, lang: str) -> None:
    kind, *cells = row
    name = Line(word("verdict", kind).get(lang), style=_STYLES[kind])
    grid.add_row(name, *(Line(cell) for cell in cells), Line(number))


def questions_table(view: RunView) -> Table:
    """Return the questions that are open, with the name of the fact that answers each."""
    grid = _table(view.lang, "fact", "question", "awaited_by", title=text("heading.questions", view.lang))
    for question, count in open_questions(view):
        grid.add_row(Line(short(question.fact)), Line(short(question.text.get(view.lang))), Line(str(count)))
    return grid


def gaps_table(view: RunView, limit: int = MAX_ROWS) -> Group:
    """Return what was not looked at, at most `limit` of it, with the number left out."""
    grid = _table(view.lang, "place", "stage", "reason", "detail", title=text("heading.gaps", view.lang))
    gaps = gaps_in_order(view)
    for gap in gaps[:limit]:
        cells = (
            _gap_place(gap),
            word("stage", gap.stage).get(view.lang),
            word("gap", gap.reason).get(view.lang),
        )
        grid.add_row(*(Line(cell) for cell in cells), Line(detail_text(gap.detail).get(view.lang)))
    return Group(grid, *_left_out(len(gaps) - limit, view.lang))


def _gap_place(gap: Gap) -> str:
    return " › ".join(filter(None, (place_text(gap.locator), inside_text(gap.locator))))


def removal_plan(removals: Sequence[Removal], lang: str) -> Group:
    """Return each removal with its method and status, the counts, and whether anything was changed."""
    grid = _table(lang, "place", "covers", "method", "status", "residue", title=text("heading.plan", lang))
    told: list[RenderableType] = []
    for removal in sorted(removals, key=lambda removal: removal.target.uri):
        status = Line(status_text(removal).get(lang), style=_STATUSES.get(removal.status, ""))
        if removal.actions and removal.actions[-1].startswith("erase-file@"):
            status = Line("\n").join((status, Line(text("sentence.whole_file", lang), style="bold yellow")))
        if "\n" in removal.reason:
            told += _told(removal, lang)
        elif removal.reason:
            status = Line("\n").join((status, Line(detail_text(removal.reason).get(lang), style="dim")))
        residue = text("label.not_rescanned", lang) if removal.residue is None else str(removal.residue)
        method = word("method", removal.method).get(lang)
        covers = Line(str(len(removal.finding_ids)))
        grid.add_row(Line(place_text(removal.target)), covers, Line(method), status, Line(residue))
    statuses = [removal.status for removal in removals]
    counts = text("sentence.plan_counts", lang, **{str(s): statuses.count(s) for s in RemovalStatus})
    is_plan = RemovalStatus.PLANNED in statuses and not {RemovalStatus.REMOVED, RemovalStatus.FAILED} & {
        *statuses
    }
    plan_only = [Line(text("sentence.plan_only", lang), style="bold")] if is_plan else []
    return Group(grid, *told, Line(counts), *plan_only)


def _told(removal: Removal, lang: str) -> list[RenderableType]:
    """Return what several lines say of one removal, which a column of the table has no room for."""
    lines = Group(*(Line(detail_text(line).get(lang)) for line in removal.reason.split("\n")))
    return [Line(place_text(removal.target), style="bold"), Padding(lines, (0, 0, 1, 2))]


def orphans(places: Sequence[tuple[str, str, int]], lang: str) -> Group:
    """Return pictures whose vector is gone and vectors whose picture is gone.

    Args:
        places: Of each: `picture` or `vector`, where it is, and how many.
        lang: zh or en.
    """
    counts = {"picture": 0, "vector": 0}
    for kind, _, count in places:
        counts[kind] += count
    words = text("sentence.plan_orphans", lang, pictures=counts["picture"], vectors=counts["vector"])
    lines = [Line(f"  {printable(place)}") for _, place, _ in places[:MAX_ROWS]]
    return Group(Line(words, style="yellow"), *lines)


def curable(count: int, lang: str) -> Line:
    """Return how many findings are prohibited unless a condition is met, and are not in the plan."""
    return Line(text("sentence.plan_curable", lang, count=count), style="yellow")


def certificate_summary(certificate: Certificate, lang: str) -> Group:
    """Return what a verified certificate says, and what it says was not proven."""
    counted = sorted(certificate.findings_by.items())
    statuses = (
        ", ".join(f"{word('finding_status', name).get(lang)} {count}" for name, count in counted) or "0"
    )
    issued_at = moment_text(certificate.issued_at)
    lines = [
        Line(text("sentence.certified", lang, run=certificate.run_id, at=issued_at)),
        Line(text("sentence.certified_findings", lang, counts=statuses)),
        *(
            Line(text("sentence.sealed_until", lang, count=count, day=day), style="bold yellow")
            for day, count in certificate.sealed_until.items()
        ),
    ]
    told = (*recognised_sentences(certificate), *taken_away_sentences(certificate))
    lines += [Line(each.get(lang)) for each in told]
    lines.append(Line(text("heading.not_proven", lang), style="bold"))
    lines += [Line(f"- {short(item.get(lang), 400)}") for item in certificate.not_proven]
    return Group(*lines)


def signer_table(certificate: Certificate, trusted: Mapping[str, str], lang: str) -> Table:
    """Return which of the trusted keys signed a verified certificate.

    Args:
        certificate: The certificate.
        trusted: Names of files to ids of keys.
        lang: "zh" or "en".
    """
    grid = _table(lang, "key_file", "key_id", "result", title=text("heading.signers", lang))
    for name, key_id in trusted.items():
        key, style = ("signed", "green") if key_id in certificate.key_ids else ("not_signed", "yellow")
        grid.add_row(Line(short(name)), Line(key_id), Line(text(f"signer.{key}", lang), style=style))
    return grid


def check_steps(steps: Sequence[CheckStep], lang: str, what: str = "check") -> Group:
    """Return the numbered steps of checking a certificate ("check") or a "bundle", and what they say together."""
    grid = _table(lang, "step", "result", "detail", title=text(f"heading.{what}", lang))
    for step in steps:
        name = f"({step.number}) {word('check', step.title).get(lang)}"
        grid.add_row(Line(name), _passed(step.ok, lang), Line(detail_text(step.reason).get(lang)))
    results = [step.ok for step in steps]
    key, style = ("holds", "bold green") if results and all(results) else ("open", "bold yellow")
    if False in results:
        key, style = "fails", "bold red"
    return Group(grid, Line(text(f"sentence.{what}_{key}", lang), style=style))


def _passed(passed: bool | None, lang: str) -> Line:  # noqa: FBT001 - it is the value that is shown
    key, style = {True: ("yes", "green"), False: ("no", "bold red"), None: ("unknown", "yellow")}[passed]
    return Line(text(f"passed.{key}", lang), style=style)
