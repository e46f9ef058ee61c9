"""The part of the page that shows findings by place, with the masked preview.

The preview shows where, never whom: the outline of the picture and flat rectangles. No pixel, no crop
and no thumbnail ever reaches this room.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from efface.model import Text
from efface.report.arrange import picture_size
from efface.report.beside import finding_state, state_texts
from efface.report.markup import Html, bilingual, element, fragment, labelled, said, term
from efface.report.otherwise import otherwise_html
from efface.report.plain import inside_text, place_text, prose, short
from efface.report.texts import both
from efface.report.wording import citation, kind_text, level_text, region_text, what

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from efface.model import Box, Clue, Finding, FiredRule, Locator, Rule, Verdict
    from efface.report.arrange import PartGroup, PlaceGroup
    from efface.report.view import RunView

__all__ = ["badge", "fired_rules", "place_number", "place_section", "preview", "rule_anchor"]

_LABEL_SHARE = 0.09  # height of a number in the preview, as a share of the picture's shorter side
_MISSING_LEVEL = "none"


def rule_anchor(identity: str) -> str:
    """Return the anchor of a rule's citation on the page."""
    return "rule-" + identity.encode("utf-8", "backslashreplace").hex()


def badge(finding: Finding | None, verdict: Verdict | None) -> Html:
    """Return the verdict as a coloured word; the word alone says it too."""
    kind = str(verdict.kind) if verdict else "unjudged"
    return element("strong", bilingual(kind_text(finding, verdict)), class_=f"badge k-{kind}")


def place_section(
    view: RunView,
    place: PlaceGroup,
    verdicts: Mapping[str, Verdict],
    rules: Mapping[str, Rule],
    numbers: Mapping[str, int],
) -> Html:
    """Return one outermost thing with its parts and findings."""
    count = element("span", str(len(place.findings)), class_="count")
    heading = element("h3", element("bdi", place_text(place.locator)), " ", count)
    parts = (_part(view, part, verdicts, rules, numbers) for part in place.parts)
    return element(
        "section",
        heading,
        *parts,
        class_="place",
        data_place=place_number(place.locator),
        data_count=len(place.findings),
        data_level=max(int(finding.level or 0) for finding in place.findings),
        data_confidence=f"{max(finding.confidence for finding in place.findings):.4f}",
    )


def place_number(place: Locator) -> str:
    """Return what stands for a place in the filter, where its name could be anything."""
    return hashlib.sha256(place.uri.encode()).hexdigest()[:16]


def _part(
    view: RunView,
    part: PartGroup,
    verdicts: Mapping[str, Verdict],
    rules: Mapping[str, Rule],
    numbers: Mapping[str, int],
) -> Html:
    inside = inside_text(part.locator)
    heading = element("h4", element("bdi", inside)) if inside else Html()
    rows = [
        _finding(view, finding, verdicts.get(finding.id), rules, numbers[finding.id])
        for finding in part.findings
    ]
    drawing = preview(part.findings, numbers)
    columns = element("div", element("div", *rows, class_="rows"), drawing, class_="part-body")
    return element("div", heading, columns, class_="part")


def _finding(
    view: RunView, finding: Finding, verdict: Verdict | None, rules: Mapping[str, Rule], number: int
) -> Html:
    level = _MISSING_LEVEL if finding.level is None else str(int(finding.level))
    region = region_text(finding.locator)
    grounds = [_short_citation(rule.id, rules) for rule in verdict.fired] if verdict else []
    facts = fragment(
        element("span", bilingual(level_text(finding))),
        element("span", said("label.confidence"), f" {finding.confidence:.2f}"),
        element("span", said("label.references"), f" {finding.references}") if finding.references > 1 else "",
        element("span", bilingual(region), class_="region") if region.zh else "",
    )
    head = element(
        "div",
        element("span", str(number), class_="number"),
        badge(finding, verdict),
        element("span", bilingual(what(finding)), class_="what"),
        *(element("span", bilingual(state), class_="state") for state in state_texts(view, finding.id)),
        class_="finding-head",
    )
    cited = element("p", labelled("rules"), _separated(grounds), class_="grounds") if grounds else Html()
    details = element("details", element("summary", said("label.why")), _why(finding, verdict, rules))
    return element(
        "article",
        head,
        element("p", facts, class_="facts"),
        cited,
        details,
        class_="finding",
        data_kind=str(verdict.kind) if verdict else "unjudged",
        data_level=level,
        data_form=str(finding.form),
        data_characteristic=str(finding.characteristic),
        data_state=finding_state(view, finding.id) or False,
        data_confidence=f"{finding.confidence:.4f}",
        id=f"finding-{finding.id}",
    )


def _separated(items: Sequence[str]) -> Html:
    return fragment(*(part for item in items for part in ("; ", item)[(item is items[0]) :]))


def _short_citation(identity: str, rules: Mapping[str, Rule]) -> Html:
    rule = rules.get(identity)
    name = bilingual(citation(rule)) if rule else fragment(short(identity))
    return element("a", name, href=f"#{rule_anchor(identity)}")


def _why(finding: Finding, verdict: Verdict | None, rules: Mapping[str, Rule]) -> Html:
    return fragment(
        fired_rules(verdict, rules) if verdict else "",
        element("p", labelled("clues"), *_clues(finding.clues), class_="small") if finding.clues else "",
        element(
            "p",
            *(said("label.detector"), " ", element("code", short(finding.detector)), " · "),
            *(said("label.finding_id"), " ", element("code", finding.id), element("br")),
            *(said("label.uri"), " ", element("code", short(finding.locator.uri))),
            class_="small",
        ),
    )


def _clues(clues: Sequence[Clue]) -> Iterator[Html]:
    for number, clue in enumerate(clues):
        weight = f" ({clue.weight:+.2f})" if clue.weight else ""
        yield fragment(
            " · " if number else "", element("code", short(clue.name)), f" {short(clue.value)}{weight}"
        )


def fired_rules(verdict: Verdict, rules: Mapping[str, Rule]) -> Html:
    """Return every rule that fired with what it says alone, the facts used and the facts missing."""
    missing = element(
        "ul", *(element("li", bilingual(_asked(q.text.zh, q.text.en))) for q in verdict.missing), class_="ask"
    )
    remedy = element("p", labelled("remedy"), term("remedy", verdict.remedy)) if verdict.remedy else ""
    return fragment(
        element("ul", *(_fired(rule, rules) for rule in verdict.fired), class_="fired"),
        fragment(element("p", labelled("missing")), missing) if verdict.missing else "",
        otherwise_html(verdict),
        remedy,
    )


def _asked(zh: str, en: str) -> Text:
    return Text(zh=prose(zh), en=prose(en))


def _fired(rule: FiredRule, rules: Mapping[str, Rule]) -> Html:
    because = element(
        "span", labelled("because"), ", ".join(short(fact) for fact in rule.because), class_="small"
    )
    return element(
        "li",
        *(
            element("strong", term("verdict", rule.kind)),
            " · ",
            _short_citation(rule.id, rules),
            element("br"),
        ),
        bilingual(_asked(rule.explanation.zh, rule.explanation.en)),
        fragment(element("br"), because) if rule.because else "",
    )


def preview(findings: Sequence[Finding], numbers: Mapping[str, int]) -> Html:
    """Return a drawing of the picture's outline with the regions as flat rectangles, or nothing.

    Not promised: a region outside the picture is cut to it, one wholly outside is not drawn.
    """
    size = picture_size(findings)
    if size is None:
        return Html()
    width, height = size
    label = max(1.0, min(width, height) * _LABEL_SHARE)
    boxes = [
        _rectangle(_clipped(box, width, height), numbers[finding.id], label)
        for finding in findings
        if (box := finding.locator.box) and box.x < width and box.y < height
    ]
    if not boxes:
        return Html()
    outline = element("rect", x=0, y=0, width=width, height=height, class_="outline")
    name = both("label.preview")
    drawing = element(
        "svg",
        outline,
        *boxes,
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_label=f"{name.zh} / {name.en}",
    )
    caption = element("figcaption", said("sentence.preview", width=width, height=height))
    return element("figure", drawing, caption, class_="preview")


def _clipped(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    return box.x, box.y, min(box.width, width - box.x), min(box.height, height - box.y)


def _rectangle(box: tuple[int, int, int, int], number: int, label: float) -> Html:
    x, y, width, height = box
    return fragment(
        element("rect", x=x, y=y, width=width, height=height, class_="box"),
        element(
            "text",
            str(number),
            x=x + width / 2,
            y=y + height / 2,
            font_size=round(label, 1),
            class_="box-number",
        ),
    )
