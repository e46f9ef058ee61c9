"""The sections of the page about what stands beside the findings: groups, waivers, samples, what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.report.beside import (
    baseline_texts,
    group_text,
    ignored_texts,
    misses,
    partial,
    passed_over_texts,
    returned_texts,
    sampling_chance,
    sign_text,
    waiver_period,
)
from efface.report.html_sections import heading
from efface.report.markup import Html, bilingual, element, fragment, said, table, term
from efface.report.plain import place_text, short
from efface.report.wording import size_text, what_place

if TYPE_CHECKING:
    from efface.report.view import RunView

__all__ = [
    "MAX_ROWS",
    "baseline_part",
    "group_list",
    "ignored_list",
    "miss_list",
    "returned_part",
    "sampling_list",
    "waiver_list",
]

MAX_ROWS = 500
"""Most groups, samples or patterns that the page lists; what is left out is counted."""


def _left_out(count: int) -> Html:
    left = count - MAX_ROWS
    return element("p", said("sentence.more", left=left), class_="warning") if left > 0 else Html()


def group_list(view: RunView) -> Html:
    """Return the findings as things: this folder is a gallery, this table holds templates."""
    if not view.groups:
        return Html()
    rows = (
        (
            element("bdi", bilingual(what_place(group.place))),
            element("strong", bilingual(group_text(group))),
            group.system,
            f"{group.findings:,}",
            bilingual(sign_text(group)) if group.signs else "",
        )
        for group in view.groups[:MAX_ROWS]
    )
    heads = ("place", "what", "system", "total_findings", "signs")
    return element("section", heading("groups"), _left_out(len(view.groups)), table(heads, rows))


def baseline_part(view: RunView) -> Html:
    """Return what the comparison with a baseline comes to."""
    sentences = (element("p", bilingual(sentence)) for sentence in baseline_texts(view))
    return element("section", heading("baseline"), *sentences) if view.baseline else Html()


def returned_part(view: RunView) -> Html:
    """Return what of a certificate's removals is back, and what cannot be told."""
    if view.returned is None:
        return Html()
    files = view.returned.files
    rows = ((element("bdi", place_text(place)),) for place in files[:MAX_ROWS])
    warning = "warning" if view.returned.is_alarm or not view.returned.is_told else False
    return element(
        "section",
        heading("returned"),
        *(element("p", bilingual(sentence), class_=warning) for sentence in returned_texts(view)),
        _left_out(len(files)),
        table(("place",), rows) if files else "",
    )


def waiver_list(view: RunView) -> Html:
    """Return every waiver with where it stands, expired ones included."""
    if not view.waivers:
        return Html()
    rows = (
        (
            element("code", short(use.waiver.match)),
            short(use.waiver.reason),
            short(use.waiver.approver),
            bilingual(waiver_period(use)),
            element("strong", term("waiver_state", use.state), class_=f"w-{use.state}"),
            f"{use.findings:,}",
        )
        for use in view.waivers
    )
    heads = ("match", "reason", "approver", "period", "state", "total_findings")
    return element(
        "section",
        heading("waivers"),
        table(heads, rows),
        element("p", said("sentence.waivers"), class_="small"),
    )


def ignored_list(view: RunView) -> Html:
    """Return which patterns of which files left out how much."""
    if not view.ignored and not view.passed_over:
        return Html()
    sentences = [*ignored_texts(view.ignored), *passed_over_texts(view)]
    rows = [
        (
            element("bdi", short(ignored.file)),
            element("code", f"{ignored.line}: {short(ignored.pattern)}"),
            f"{ignored.files:,}",
            size_text(ignored.size_bytes),
        )
        for ignored in view.ignored[:MAX_ROWS]
    ]
    return element(
        "section",
        heading("ignored"),
        *(element("p", bilingual(sentence), class_="warning") for sentence in sentences),
        _left_out(len(view.ignored)),
        table(("ignore_file", "pattern", "files", "size"), rows) if rows else "",
    )


def sampling_list(view: RunView) -> Html:
    """Return what was looked at in part only, and what that leaves possible."""
    samplings = partial(view.samplings)
    if not samplings:
        return Html()
    rows = (
        (
            element("bdi", bilingual(what_place(sampling.locator))),
            term("sampling_unit", sampling.unit),
            f"{sampling.looked_at:,}",
            said("sentence.share_unknown") if sampling.total is None else f"{sampling.total:,}",
            bilingual(sampling_chance(sampling)),
        )
        for sampling in samplings[:MAX_ROWS]
    )
    listed = table(("place", "what", "looked_at", "total", "miss_chance"), rows)
    note = element("p", said("sentence.samplings"))
    return element("section", heading("samplings"), note, _left_out(len(samplings)), listed)


def miss_list(view: RunView) -> Html:
    """Return about how much each detector with a measured recall missed."""
    found = misses(view)
    if not found:
        return Html()
    rows = (
        (
            fragment(element("code", miss.rate.detector), " ", term("mode", miss.rate.mode)),
            f"{miss.found:,}",
            f"{miss.rate.recall:.3f}",
            element("strong", f"{miss.missed:,}"),
            bilingual(miss.rate.measured_on),
            element("code", miss.rate.command),
        )
        for miss in found
    )
    heads = ("detector", "found", "recall", "missed", "measured_on", "command")
    note = element("p", said("sentence.misses"), class_="small")
    return element("section", heading("misses"), table(heads, rows), note)
