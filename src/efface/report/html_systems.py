"""The part of an inspection's page that shows its systems: each with all its traces, before the places one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.report.html_findings import badge
from efface.report.html_sections import heading
from efface.report.markup import Html, bilingual, element, fragment, said, table, term
from efface.report.plain import short
from efface.report.systems import clues, systems
from efface.report.wording import what_place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from efface.model import Finding
    from efface.report.systems import System
    from efface.report.view import RunView

__all__ = ["system_list"]

_MOST_PLACES = 8  # of one system


def system_list(view: RunView, listed: Collection[str]) -> Html:
    """Return a row for each system of an inspection, with references to its findings; nothing for a scan of data.

    Args:
        view: The run.
        listed: Identifiers of the findings that the page lists.
    """
    if view.look != "systems" or not view.findings:
        return Html()
    heads = ("system_name", "tells", "confidence", "traces", "verdict", "place")
    rows = (_row(system, listed) for system in systems(view))
    return element("section", heading("systems"), table(heads, rows))


def _row(system: System, listed: Collection[str]) -> Iterator[str]:
    yield element("strong", short(f"{system.name} ({system.vendor})" if system.vendor else system.name))
    yield term("tells", system.tells)
    yield f"{system.confidence:.2f}"
    yield _separated([fragment(term("trace", kind), f" {count}") for kind, count in system.kinds.items()])
    yield badge(system.findings[0], system.verdict)
    left = len(system.findings) - _MOST_PLACES
    places = [_place(finding, listed) for finding in system.findings[:_MOST_PLACES]]
    yield _separated([*places, *([said("sentence.more", left=left)] if left > 0 else [])])


def _place(finding: Finding, listed: Collection[str]) -> Html:
    place = element("bdi", bilingual(what_place(finding.locator.at(None))))
    lines = "".join(f":{lines}" for lines in clues(finding, "lines"))
    shown = fragment(place, lines)
    return element("a", shown, href=f"#finding-{finding.id}") if finding.id in listed else shown


def _separated(items: list[Html]) -> Html:
    return fragment(
        *(part for number, item in enumerate(items) for part in (element("br"), item)[not number :])
    )
