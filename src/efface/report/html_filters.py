"""The bar above the findings: search, filters and order; shown by the page's script alone.

Without a script the bar stays hidden and the page lists everything, the strictest verdicts first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.model import Characteristic, VerdictKind
from efface.report.html_findings import place_number
from efface.report.markup import Html, bilingual, element, said
from efface.report.plain import place_text, short
from efface.report.texts import both, word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.model import Finding, Text
    from efface.report.arrange import PlaceGroup
    from efface.report.view import RunView

__all__ = ["filters"]

_MOST_PLACES = 300
_NAME = 80  # characters of a place in the list
_ORDERS = ("verdict", "place", "level", "count", "confidence")


def filters(view: RunView, listed: Sequence[Finding], places: Sequence[PlaceGroup]) -> Html:
    """Return the bar with the choices that the findings of the page leave."""
    here = {finding.characteristic for finding in listed}
    characteristics = [str(each) for each in Characteristic if each in here]
    states = ["new", "known"] if view.baseline else []
    states += ["waived"] if view.waived else []
    count = element("span", str(len(listed)), id="shown-count")
    search = element("input", type="search", id="filter-text")
    return element(
        "div",
        element("label", said("label.filter_text"), search),
        _choice("kind", "verdict", [*(str(kind) for kind in VerdictKind), "unjudged"]),
        _choice("level", "level", ["1", "2", "3", "none"]),
        _choice("characteristic", "characteristic", characteristics),
        _choice("state", "baseline_state", states, label="state") if states else "",
        _places(places) if len(places) > 1 else "",
        _orders(),
        element("span", said("sentence.shown_of"), " ", count, f" / {len(listed)}"),
        class_="filters",
        hidden=True,
    )


def _choice(name: str, section: str, values: list[str], *, label: str = "") -> Html:
    options = [element("option", _plain(both("label.all")), value="")]
    options += [element("option", _plain(word(section, value)), value=value) for value in values]
    shown = bilingual(both(f"label.{label or section}"))
    return element("label", shown, element("select", *options, id=f"filter-{name}"))


def _places(places: Sequence[PlaceGroup]) -> Html:
    named = sorted((place_text(place.locator), place_number(place.locator)) for place in places)
    options = [element("option", _plain(both("label.all")), value="")]
    options += [element("option", short(name, _NAME), value=value) for name, value in named[:_MOST_PLACES]]
    return element("label", said("label.place"), element("select", *options, id="filter-place"))


def _orders() -> Html:
    options = (element("option", _plain(both(f"label.sort_{order}")), value=order) for order in _ORDERS)
    return element("label", said("label.sort"), element("select", *options, id="sort"))


def _plain(words: Text) -> str:
    # No markup can stand in an option, so both languages stand side by side.
    return words.zh if words.zh == words.en else f"{words.zh} / {words.en}"
