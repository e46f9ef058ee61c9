"""Render a run as one HTML file that works alone: offline, without JavaScript, on paper, in two languages.

Nothing is loaded from anywhere; `html_page` says how.

Not promised: the page lists at most `MAX_FINDINGS` findings and says so; the JSON has all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.model import VerdictKind
from efface.report.arrange import findings_in_order, places, rules_in_order, verdict_by_subject
from efface.report.html_beside import (
    baseline_part,
    group_list,
    ignored_list,
    miss_list,
    returned_part,
    sampling_list,
    waiver_list,
)
from efface.report.html_filters import filters
from efface.report.html_findings import place_section
from efface.report.html_page import page
from efface.report.html_sections import (
    activity,
    gap_list,
    heading,
    legal_grounds,
    limits,
    masthead,
    note_list,
    outcome,
    question_list,
    removal_list,
    signatures,
    tool_list,
)
from efface.report.html_systems import system_list
from efface.report.markup import Html, element, said
from efface.report.otherwise import reading_html
from efface.report.texts import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from efface.model import Finding, Verdict
    from efface.report.view import RunView

__all__ = ["MAX_FINDINGS", "render"]

MAX_FINDINGS = 3000
"""Most findings that one page lists; beyond it a browser is slow and nobody reads on."""


def render(view: RunView) -> str:
    """Return the page."""
    return page(text("title.report", view.lang), view.lang, *_page(view), script="report.js")


def _page(view: RunView) -> list[Html]:
    rules = {rule.id: rule for rule in rules_in_order(view)}
    sections = [
        masthead(view),
        outcome(view),
        returned_part(view),
        baseline_part(view),
        activity(view, rules),
        group_list(view),
        system_list(view, {finding.id for finding in _listed(view)}),
        _findings(view),
        waiver_list(view),
        question_list(view),
        reading_html(view),
        gap_list(view),
        ignored_list(view),
        sampling_list(view),
        miss_list(view),
        removal_list(view),
        legal_grounds(view),
        note_list(view),
        tool_list(view),
        limits(),
        signatures(),
    ]
    return [element("main", *sections)]


def _findings(view: RunView) -> Html:
    listed = _listed(view)
    verdicts = verdict_by_subject(view)
    rules = {rule.id: rule for rule in rules_in_order(view)}
    groups = sorted(places(listed), key=lambda place: min(_strength(f, verdicts) for f in place.findings))
    ordered = [finding for place in groups for finding in place.findings]
    told = _told(ordered, verdicts)
    numbers = {finding.id: number for number, finding in enumerate(ordered, start=1)}
    left = len(view.findings) - len(listed)
    cut = said("sentence.shown", shown=len(listed), total=len(view.findings), left=left)
    return element(
        "section",
        heading("findings"),
        element("p", cut, class_="warning") if left else "",
        filters(view, listed, groups) if listed else element("p", said("label.none_findings")),
        *(place_section(view, place, verdicts, rules, numbers, told=told) for place in groups),
        element("p", said("sentence.no_matches"), id="no-matches", hidden=True),
    )


def _told(ordered: Iterable[Finding], verdicts: Mapping[str, Verdict]) -> Mapping[str, str]:
    """Return for each finding that is judged as one before it, that one."""
    firsts: dict[tuple[object, ...], str] = {}
    told = {}
    for finding in ordered:
        verdict = verdicts.get(finding.id)
        if verdict is not None and verdict.fired:
            first = firsts.setdefault(
                (verdict.kind, verdict.fired, verdict.missing, verdict.today), finding.id
            )
            if first != finding.id:
                told[finding.id] = first
    return told


def _listed(view: RunView) -> tuple[Finding, ...]:
    findings = findings_in_order(view)
    if len(findings) <= MAX_FINDINGS:
        return findings
    verdicts = verdict_by_subject(view)
    chosen = {finding.id for finding in sorted(findings, key=lambda f: _strength(f, verdicts))[:MAX_FINDINGS]}
    return tuple(finding for finding in findings if finding.id in chosen)


def _strength(finding: Finding, verdicts: Mapping[str, Verdict]) -> int:
    verdict = verdicts.get(finding.id)
    return verdict.kind.strength if verdict else len(VerdictKind)
