"""The sections of the page around the findings: outcome, questions, gaps, removals, law, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.report.arrange import (
    activity_verdicts,
    findings_in_order,
    gaps_in_order,
    headline,
    headline_key,
    kind_counts,
    open_questions,
    places,
    rules_in_order,
)
from efface.report.html_findings import badge, fired_rules, rule_anchor
from efface.report.html_page import language_bar
from efface.report.markup import Html, bilingual, element, fragment, labelled, said, table, term
from efface.report.plain import inside_text, moment_text, place_text, prose, short, target_text
from efface.report.texts import table as texts
from efface.report.wording import citation, coverage_text, detail_text, period_text, status_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from efface.model import Removal, Rule, VerdictKind
    from efface.report.view import RunView

__all__ = [
    "activity",
    "gap_list",
    "heading",
    "legal_grounds",
    "limits",
    "masthead",
    "note_list",
    "outcome",
    "question_list",
    "removal_list",
    "signatures",
    "tool_list",
]


def heading(name: str) -> Html:
    """Return the heading of a section."""
    return element("h2", said(f"heading.{name}"))


def _pairs(*pairs: tuple[str, str]) -> Html:
    rows = (element("div", element("dt", said(f"label.{key}")), element("dd", value)) for key, value in pairs)
    return element("dl", *rows)


def _time(moment: datetime | None) -> str:
    return moment_text(moment).replace("T", " ").replace("Z", " UTC")


def masthead(view: RunView) -> Html:
    """Return title, switches and what identifies the run."""
    targets = fragment(*(element("div", element("bdi", target_text(target))) for target in view.targets))
    finished = _time(view.finished_at) or said("label.not_finished")
    facts = _pairs(
        ("case", short(view.case_title) or said("label.no_case")),
        ("as_of", view.as_of.isoformat() if view.as_of else said("label.none")),
        ("targets", targets),
        ("mode", term("mode", view.mode)),
        ("started", _time(view.started_at)),
        ("finished", finished),
        ("run_id", element("code", short(view.run_id))),
        ("tool", f"efface {view.tool_version}"),
    )
    title = element("h1", said("title.report"))
    subtitle = element("p", said("title.subtitle"), class_="subtitle")
    return element("header", language_bar(), title, subtitle, facts)


def outcome(view: RunView) -> Html:
    """Return the one sentence that may be said of the run, its numbers and its coverage."""
    word = headline(view)
    tiles = [
        ("total_findings", len(view.findings)),
        ("total_places", len(places(findings_in_order(view)))),
        ("total_gaps", max(len(view.gaps), view.coverage.gaps)),
        ("total_removals", len(view.removals)),
    ]
    numbers = (
        element("div", element("b", f"{count}"), said(f"label.{key}"), class_="tile") for key, count in tiles
    )
    counts = [
        (_kind_badge(kind), said(f"verdict_meaning.{kind}"), str(count))
        for kind, count in kind_counts(view).items()
    ]
    return element(
        "section",
        heading("summary"),
        element("p", said(headline_key(view)), class_=f"headline h-{word}"),
        element("div", *numbers, class_="tiles"),
        element("p", bilingual(coverage_text(view.coverage)), class_="coverage"),
        table(("verdict", "detail", "number"), counts) if counts else "",
    )


def _kind_badge(kind: VerdictKind) -> Html:
    return element("strong", term("verdict", kind), class_=f"badge k-{kind}")


def activity(view: RunView, rules: Mapping[str, Rule]) -> Html:
    """Return the verdicts on the activity itself, where there are any."""
    verdicts = activity_verdicts(view)
    if not verdicts:
        return Html()
    parts = (element("article", badge(None, v), fired_rules(v, rules), class_="finding") for v in verdicts)
    return element("section", heading("activity"), *parts)


def question_list(view: RunView) -> Html:
    """Return the facts that are missing, as questions to put to a person."""
    rows = [
        (bilingual(question.text), element("code", short(question.fact)), str(count), "")
        for question, count in open_questions(view)
    ]
    if not rows:
        return Html()
    listed = table(("question", "fact", "awaited_by", "answer"), rows, class_="questions")
    return element("section", heading("questions"), listed)


def gap_list(view: RunView) -> Html:
    """Return everything that was not looked at."""
    rows = [
        (
            element("bdi", " › ".join(filter(None, (place_text(gap.locator), inside_text(gap.locator))))),
            term("stage", gap.stage),
            element("strong", term("gap", gap.reason)),
            bilingual(detail_text(gap.detail)),
        )
        for gap in gaps_in_order(view)
    ]
    listed = table(("place", "stage", "reason", "detail"), rows) if rows else _no_gaps(view)
    return element("section", heading("gaps"), listed)


def _no_gaps(view: RunView) -> Html:
    complete = view.finished_at is not None and view.coverage.gaps == 0
    return element("p", said("label.none_gaps" if complete else "label.not_finished"))


def removal_list(view: RunView) -> Html:
    """Return what was or would be changed, where anything was planned."""
    if not view.removals:
        return Html()
    rows = (_removal(removal) for removal in sorted(view.removals, key=lambda removal: removal.target.uri))
    heads = ("place", "covers", "method", "status", "residue", "performed_at")
    return element("section", heading("removals"), table(heads, rows))


def _removal(removal: Removal) -> tuple[str, ...]:
    status = element("strong", bilingual(status_text(removal)))
    return (
        fragment(element("bdi", place_text(removal.target)), _digests(removal)),
        str(len(removal.finding_ids)),
        term("method", removal.method),
        fragment(status, element("br"), bilingual(detail_text(removal.reason))) if removal.reason else status,
        said("label.not_rescanned") if removal.residue is None else str(removal.residue),
        _time(removal.performed_at),
    )


def _digests(removal: Removal) -> Html:
    gone = removal.performed_at is not None and not removal.after
    after = said("label.gone") if gone else element("code", short(removal.after))
    before = element("div", labelled("before"), element("code", short(removal.before)), class_="small")
    return fragment(
        before if removal.before else "",
        element("div", labelled("after"), after, class_="small") if removal.after or gone else "",
    )


def legal_grounds(view: RunView) -> Html:
    """Return the full citation of every rule that a verdict names, with what is unknown of it."""
    rules = rules_in_order(view)
    if not rules:
        return Html()
    return element("section", heading("rules"), *(_rule(rule) for rule in rules))


def _rule(rule: Rule) -> Html:
    law = rule.citation
    quote = element("blockquote", prose(law.quote)) if law.quote else said("label.no_quote")
    notes = element("ul", *(element("li", bilingual(note)) for note in law.notes))
    pairs: list[tuple[str, str]] = [
        ("quote", quote),
        ("paraphrase", bilingual(law.paraphrase)),
        ("rule_mode", term("rule_mode", rule.mode)),
        ("force", term("force", law.force)),
        ("effective", bilingual(period_text(rule.effective_from, rule.effective_until))),
        ("conditions", element("code", ", ".join(rule.conditions)))
        if rule.conditions
        else ("conditions", ""),
        ("remedy", bilingual(rule.remedy_text)),
        ("consequence", bilingual(rule.consequence) if rule.consequence else ""),
        ("deadline", bilingual(rule.deadline.text) if rule.deadline else ""),
        ("sources", fragment(*(element("div", _source(source)) for source in law.sources))),
        ("read_on", law.read_on.isoformat()),
        (
            "source_confidence",
            element("span", term("confidence", law.confidence), class_=f"c-{law.confidence}"),
        ),
        ("unknowns", notes if law.notes else ""),
    ]
    identity = element("code", rule.id, class_="small")
    title = element("h3", bilingual(citation(rule)), " ", identity)
    return element(
        "article", title, _pairs(*(pair for pair in pairs if pair[1])), class_="rule", id=rule_anchor(rule.id)
    )


def _source(source: str) -> Html:
    if source.startswith(("https://", "http://")):
        return element("a", short(source), href=source, rel="noopener noreferrer")
    return fragment(short(source))


def note_list(view: RunView) -> Html:
    """Return further notes, where there are any."""
    if not view.notes:
        return Html()
    return element(
        "section", heading("notes"), element("ul", *(element("li", short(note)) for note in view.notes))
    )


def tool_list(view: RunView) -> Html:
    """Return what looked and what judged, by version and content."""
    rows: list[tuple[str, str, str]] = [
        (said("label.detector"), short(name), "") for name in sorted(view.detectors)
    ]
    rows += [
        (said("label.network"), short(n.name), short(n.digest))
        for n in sorted(view.networks, key=lambda n: n.name)
    ]
    rows += [
        (said("label.pack"), short(p.id), short(p.digest)) for p in sorted(view.packs, key=lambda p: p.id)
    ]
    shown = ((kind, element("code", name), element("code", digest)) for kind, name, digest in rows)
    return element("section", heading("tools"), table(("what", "name", "digest"), shown, class_="tools"))


def limits() -> Html:
    """Return what the report does not say."""
    keys = [key for key in texts() if key.startswith("limit.")]
    advice = element("p", said("sentence.not_advice"), class_="advice")
    return element(
        "section", heading("limits"), element("ul", *(element("li", said(key)) for key in keys)), advice
    )


def signatures() -> Html:
    """Return the lines on which people sign a printed report."""
    lines = (
        element(
            "div", element("span", said(f"label.{who}")), element("span", said("label.date")), class_="sign"
        )
        for who in ("inspector", "inspected", "witness")
    )
    return element("section", heading("signature"), *lines, class_="signatures")
