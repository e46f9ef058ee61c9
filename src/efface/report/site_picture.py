"""Draw a site as four columns of boxes and the links between them: one SVG in the page, readable on paper.

Both languages stand in it and the page's switch shows one. Colours repeat what words and lines say: a link is a thick
line where it is certain, a thin one where it is likely, and a dashed one where it is possible.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from efface.report.document_html import render as render_page
from efface.report.markup import Html, element, fragment, said
from efface.report.plain import short
from efface.report.site import Stage
from efface.report.site_paper import document, kind_of, stage_of
from efface.report.texts import both

if TYPE_CHECKING:
    from efface.model import Text
    from efface.report.site import Link, Node, Site

__all__ = ["MAX_BOXES", "picture", "render"]

MAX_BOXES = 24
"""Most boxes of one column; what is left out stands in the tables, and the drawing says how many."""

_BOX_WIDTH, _BOX_HEIGHT = 240, 52
_LEFT = 325  # from one column to the next
_DOWN = 72
_TOP = 40
_PAD = 10
_LETTERS = 33  # of half width, in a box's line of text


def render(site: Site) -> bytes:
    """Return the whole page as UTF-8."""
    return render_page(document(site), drawing=picture(site))


def picture(site: Site) -> Html:
    """Return the drawing with its caption, or nothing where there is nothing to draw."""
    if not site.nodes:
        return Html()
    places: dict[str, tuple[int, int]] = {}
    boxes, heads, most = [], [], 0
    untied = {node.id for node in site.untied}
    for column, stage in enumerate(Stage):
        nodes, left = site.at(stage)[:MAX_BOXES], len(site.at(stage)) - MAX_BOXES
        x = column * _LEFT
        heads.append(_words(stage_of(stage), x, 20, "site-head"))
        for row, node in enumerate(nodes):
            places[node.id] = (x, _TOP + row * _DOWN)
            boxes.append(_box(node, *places[node.id], is_tied=node.id not in untied))
        if left > 0:
            boxes.append(_words(both("site.more", left=left), x, _TOP + MAX_BOXES * _DOWN + 14, "site-small"))
        most = max(most, len(nodes) + (left > 0))
    shown = [
        (n, link) for n, link in enumerate(site.links, start=1) if {link.before, link.after} <= places.keys()
    ]
    into: Counter[str] = Counter()
    curves, numbers = [], []
    for number, link in shown:
        curve, label = _line(number, link, places, into[link.after])
        into[link.after] += 1
        curves.append(curve)
        numbers.append(label)
    name = both("site.picture")
    width, height = 3 * _LEFT + _BOX_WIDTH + 4, _TOP + most * _DOWN
    drawing = element(
        "svg",
        *heads,
        *curves,
        *boxes,
        *numbers,
        viewBox=f"-2 0 {width} {height}",
        role="img",
        aria_label=f"{name.zh} / {name.en}",
        class_="site",
    )
    caption = element("p", said("site.caption"), class_="small")
    return element(
        "section", element("h2", said("site.picture")), element("div", drawing, class_="scroll"), caption
    )


def _box(node: Node, x: int, y: int, *, is_tied: bool) -> Html:
    kind = "face" if node.recognises else "named" if "named" in node.kind else "other"
    people = f" · {node.people:,}" if node.people is not None else ""
    what = kind_of(node)
    lines = [
        element("text", _cut(node.name), x=x + _PAD, y=y + 21, class_="site-name"),
        _words(what, x + _PAD, y + 39, "site-small", people),
    ]
    edge = element(
        "rect",
        element("title", short(node.name)),
        x=x,
        y=y,
        width=_BOX_WIDTH,
        height=_BOX_HEIGHT,
        rx=4,
        class_=f"site-box site-{kind}" + ("" if is_tied else " site-untied"),
    )
    return element("g", edge, *lines)


def _words(text: Text, x: int, y: int, class_: str, end: str = "") -> Html:
    """Return a text in both languages at one place; the page shows one of them."""
    return fragment(
        element("text", _cut(text.zh, end), x=x, y=y, class_=f"zh {class_}"),
        element("text", _cut(text.en, end), x=x, y=y, class_=f"en {class_}"),
    )


def _cut(text: str, end: str = "") -> str:
    """Return text that fits a box, letters of double width counting twice; of a path the end is kept."""
    from_end = "/" in text
    shown, width = "", 0
    for letter in reversed(short(text)) if from_end else short(text):
        width += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if width > _LETTERS - len(end):
            return (f"…{shown[::-1]}" if from_end else f"{shown}…") + end
        shown += letter
    return (shown[::-1] if from_end else shown) + end


def _line(number: int, link: Link, places: dict[str, tuple[int, int]], rank: int) -> tuple[Html, Html]:
    """Return a curve from the right of one box to the left of another, and its number, left of those before it."""
    (x1, y1), (x2, y2) = places[link.before], places[link.after]
    x1, y1, y2 = x1 + _BOX_WIDTH, y1 + _BOX_HEIGHT // 2, y2 + _BOX_HEIGHT // 2
    half = (_LEFT - _BOX_WIDTH) // 2
    curve = element(
        "path",
        d=f"M{x1},{y1} C{x1 + half},{y1} {x2 - half},{y2} {x2},{y2}",
        class_=f"site-line site-{link.surety}",
    )
    x = x2 - 12 - 17 * (rank % 4)
    at = _height((x1, x1 + half, x2 - half, x2), (y1, y1, y2, y2), x)
    return curve, element("text", str(number), x=x, y=round(at - 4, 1), class_="site-number")


def _height(xs: tuple[int, int, int, int], ys: tuple[int, int, int, int], x: float) -> float:
    """Return how high a curve of Bézier, whose x grows all along, stands at a place."""

    def at(points: tuple[int, int, int, int], t: float) -> float:
        u = 1 - t
        return u**3 * points[0] + 3 * u * u * t * points[1] + 3 * u * t * t * points[2] + t**3 * points[3]

    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if at(xs, middle) < x else (low, middle)
    return at(ys, low)
