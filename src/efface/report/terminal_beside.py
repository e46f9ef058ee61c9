"""Render for a terminal what stands beside the findings: groups, baseline, waivers, samples, what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Group as Lines
from rich.table import Table
from rich.text import Text as Line

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
from efface.report.marks import WaiverState
from efface.report.plain import place_text, short
from efface.report.texts import text, word
from efface.report.wording import what_place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from efface.report.view import RunView

__all__ = ["beside", "groups_table"]

_MOST_GROUPS = 20
_MOST_SAMPLES = 20
_STATES = {WaiverState.IN_FORCE: "cyan", WaiverState.EXPIRED: "bold yellow", WaiverState.NOT_YET: "dim"}


def _table(lang: str, title: str, *heads: str) -> Table:
    shown = Line(text(f"heading.{title}", lang), style="bold")
    grid = Table(title=shown, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for head in heads:
        grid.add_column(Line(text(f"label.{head}", lang)), overflow="fold")
    return grid


def _add(grid: Table, cells: Iterable[str]) -> None:
    grid.add_row(*(Line(cell) for cell in cells))


def _left_out(left: int, lang: str) -> list[Line]:
    return [Line(text("sentence.more", lang, left=left), style="yellow")] if left > 0 else []


def groups_table(view: RunView, limit: int = _MOST_GROUPS) -> Lines:
    """Return the findings as things, those of the most people first, with the number left out."""
    if not view.groups:
        return Lines()
    grid = _table(view.lang, "groups", "place", "what", "system", "number", "signs")
    for group in view.groups[:limit]:
        place, said, signs = what_place(group.place), group_text(group), sign_text(group)
        cells = (place.get(view.lang), said.get(view.lang), group.system)
        _add(grid, (*cells, str(group.findings), signs.get(view.lang)))
    return Lines(grid, *_left_out(len(view.groups) - limit, view.lang))


def beside(view: RunView) -> Lines:
    """Return samples, waivers, what came back, was left out or missed, and the baseline, each where there is any."""
    parts: list[RenderableType] = [*_samplings(view), *_waivers(view), *_returned(view)]
    parts += [Line(said.get(view.lang), style="yellow") for said in ignored_texts(view.ignored)]
    parts += [Line(said.get(view.lang), style="yellow") for said in passed_over_texts(view)]
    parts += _misses(view)
    parts += [Line(said.get(view.lang), style="cyan") for said in baseline_texts(view)]
    return Lines(*parts)


def _returned(view: RunView) -> list[RenderableType]:
    if view.returned is None:
        return []
    style = "bold red" if view.returned.is_alarm else "yellow"
    said = [Line(sentence.get(view.lang), style=style) for sentence in returned_texts(view)]
    files = view.returned.files
    if not files:
        return [*said]
    grid = _table(view.lang, "returned", "place")
    for place in files[:_MOST_GROUPS]:
        _add(grid, (place_text(place),))
    return [grid, *_left_out(len(files) - _MOST_GROUPS, view.lang), *said]


def _waivers(view: RunView) -> list[RenderableType]:
    if not view.waivers:
        return []
    grid = _table(view.lang, "waivers", "match", "reason", "approver", "period", "state", "number")
    for use in view.waivers:
        state = Line(word("waiver_state", use.state).get(view.lang), style=_STATES[use.state])
        waiver = use.waiver
        words = [short(each) for each in (waiver.match, waiver.reason, waiver.approver)]
        period = waiver_period(use).get(view.lang)
        grid.add_row(*(Line(cell) for cell in (*words, period)), state, Line(str(use.findings)))
    return [grid, Line(text("sentence.waivers", view.lang), style="dim")]


def _samplings(view: RunView) -> list[RenderableType]:
    samplings = partial(view.samplings)
    if not samplings:
        return []
    heads = ("place", "what", "looked_at", "total", "miss_chance")
    grid = _table(view.lang, "samplings", *heads)
    for sampling in samplings[:_MOST_SAMPLES]:
        unknown = text("sentence.share_unknown", view.lang)
        total = unknown if sampling.total is None else f"{sampling.total:,}"
        unit = word("sampling_unit", sampling.unit).get(view.lang)
        chance = sampling_chance(sampling).get(view.lang)
        place = what_place(sampling.locator).get(view.lang)
        _add(grid, (place, unit, f"{sampling.looked_at:,}", total, chance))
    return [
        grid,
        *_left_out(len(samplings) - _MOST_SAMPLES, view.lang),
        Line(text("sentence.samplings", view.lang), style="yellow"),
    ]


def _misses(view: RunView) -> list[RenderableType]:
    said = [
        text(
            "sentence.miss",
            view.lang,
            detector=miss.rate.detector,
            found=f"{miss.found:,}",
            recall=f"{miss.rate.recall:.3f}",
            missed=f"{miss.missed:,}",
        )
        for miss in misses(view)
    ]
    lines: list[RenderableType] = [Line(sentence, style="yellow") for sentence in said]
    return [*lines, Line(text("sentence.misses", view.lang), style="dim")] if lines else []
