"""Show what a device would be told, or was told, and what it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text as Line

from efface.report.plain import short
from efface.report.texts import text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Asked", "clearance"]


class Asked(Protocol):
    """One request."""

    @property
    def line(self) -> str:
        """Method and path with query, as they go out."""

    @property
    def takes(self) -> str:
        """What goes with it: "people", "library" or "undeploy"."""

    @property
    def persons(self) -> int:
        """How many people the device counts there."""


def clearance(  # noqa: PLR0913 - what is shown
    address: str,
    state: str,
    told: Sequence[tuple[Asked, str]],
    lang: str,
    *,
    persons: int,
    after: int | None,
) -> Group:
    """Return the requests with what goes with each, and where the device stands.

    Args:
        address: Of the device.
        state: "planned", "nothing", "removed", "failed" or "unknown".
        told: The requests, each with what came back, or "".
        lang: "zh" or "en".
        persons: How many people it counted before.
        after: How many it counts now, or None where that is not known.
    """
    values = {"address": short(address), "persons": persons, "after": after}
    is_plan = state == "planned"
    last = Line(text("undo.how" if is_plan else f"undo.{state}", lang, **values), style=_style(state))
    if not told:
        return Group(last)
    grid = Table(
        title=Line(text("undo.plan_title" if is_plan else "undo.sent_title", lang, **values), style="bold"),
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for head in ("request", "takes", *(() if is_plan else ("answer",))):
        grid.add_column(Line(text(f"undo.{head}", lang)), overflow="fold")
    for each, answer in told:
        cells = [each.line, text(f"undo.{each.takes}", lang, persons=each.persons)]
        grid.add_row(*map(Line, cells), *(() if is_plan else (Line(text(f"answer.{answer}", lang)),)))
    return Group(grid, last)


def _style(state: str) -> str:
    return {"failed": "bold red", "unknown": "bold red", "planned": "bold yellow"}.get(state, "")
