"""Render a paper as one HTML page that works alone, offline and on paper, in two languages.

Everything is escaped by `markup`; the page loads nothing and runs no script.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.report.document import Grid, Ground, Pairs, Points, Sentence
from efface.report.html_page import page
from efface.report.markup import Html, bilingual, element, fragment

if TYPE_CHECKING:
    from efface.report.document import Block, Document, Section

__all__ = ["render"]


def render(document: Document, *, drawing: str = "") -> bytes:
    """Return the page as UTF-8; a drawing, where it has one, stands after its head."""
    main = element("main", *_page(document, drawing))
    return page(document.title.get(document.lang), document.lang, main).encode()


def _page(document: Document, drawing: str) -> list[Html]:
    names = (("zh", "中文"), ("en", "English"))
    bar = element("nav", *(element("label", name, for_=f"lang-{key}") for key, name in names))
    return [
        element(
            "header",
            bar,
            element("h1", bilingual(document.title)),
            element("p", bilingual(document.subtitle), class_="subtitle"),
            _pairs(document.head),
            element("p", bilingual(document.outcome), class_=f"headline h-{document.kind}"),
        ),
        fragment(drawing),
        *(_section(section) for section in document.sections),
        element("p", bilingual(document.foot), class_="advice"),
    ]


def _section(section: Section) -> Html:
    return element(
        "section", element("h2", bilingual(section.heading)), *(_block(block) for block in section.blocks)
    )


def _block(block: Block) -> Html:
    match block:
        case Sentence(text, style):
            return element("p", bilingual(text), class_="small" if style == "soft" else style)
        case Points(items):
            return element("ul", *(element("li", bilingual(item)) for item in items))
        case Pairs():
            return _pairs(block)
        case Grid():
            return _grid(block)
        case Ground():
            return _ground(block)


def _pairs(pairs: Pairs) -> Html:
    rows = (
        element("div", element("dt", bilingual(name)), element("dd", bilingual(v))) for name, v in pairs.rows
    )
    return element("dl", *rows)


def _grid(grid: Grid) -> Html:
    head = element("tr", *(element("th", bilingual(name), scope="col") for name in grid.heads))
    body = (element("tr", *(element("td", bilingual(cell)) for cell in row)) for row in grid.rows)
    inner = element("table", element("thead", head), element("tbody", *body))
    return element("div", inner, class_="scroll")


def _ground(ground: Ground) -> Html:
    number = element("span", ground.number, class_="number") if ground.number else Html()
    tag = element("strong", bilingual(ground.tag), class_=f"badge k-{ground.kind or 'out_of_scope'}")
    title = element("span", bilingual(ground.title), class_="what")
    quote = element("blockquote", ground.quote) if ground.quote else Html()
    return element(
        "article",
        element("div", number, title, tag, class_="finding-head"),
        quote,
        _pairs(ground.body),
        class_="rule",
    )
