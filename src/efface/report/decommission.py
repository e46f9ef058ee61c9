"""List what it takes to take systems away: what software can do, what a person, and what nobody here may touch.

It decides nothing: what is held follows from verdicts and from what a device said of itself, and a system that was not
judged is said to be so.

Not promised: that the list is complete for a product that hides parts of itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text as Line

from efface.model import VerdictKind
from efface.report.json_report import dump
from efface.report.plain import encodable, short
from efface.report.systems import clues, systems
from efface.report.texts import text, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.report.systems import System
    from efface.report.view import RunView

__all__ = ["SCHEMA", "Steps", "decommission", "render_json", "steps_table"]

SCHEMA = "efface/decommission/v1"

_HELD = frozenset({VerdictKind.HOLD, VerdictKind.FREEZE})
_STEPS = {
    "package": {"pip", "npm", "maven", "nuget", "go", "apt", "composer"},
    "program": {"library", "model", "graph", "licence", "symbol", "android", "installer"},
    "service": {"service", "log"},
    "image": {"image"},
    "code": {"code", "config"},
    "gallery": {"gallery"},
}
"""The kinds of traces that each step answers."""
_OF_DEVICE = ("device_count", "device_clear", "device_again", "device_off")
_BY_SOFTWARE = frozenset({"gallery", "device_count", "device_again", "again"})


@dataclass(frozen=True, slots=True)
class Steps:
    """The list of one system.

    Attributes:
        system: Its name.
        state: "due", "held" (nobody here may touch it), "open" (facts are missing), or "none" (no rule demands it).
        steps: Pairs of who ("person", "software", "nobody") and what, in one language.
    """

    system: str
    state: Literal["due", "held", "open", "none"]
    steps: tuple[tuple[str, str], ...]


def decommission(view: RunView) -> tuple[Steps, ...]:
    """Return the list of each system that recognises people, or that is held."""
    return tuple(
        _list(system, view.lang)
        for system in systems(view)
        if system.recognises or any(_held(system, view.lang))
    )


def _list(system: System, lang: str) -> Steps:
    held, verdict = tuple(_held(system, lang)), system.verdict
    if held:
        return Steps(system.name, "held", held)
    if verdict is None or verdict.kind.is_violation:
        return Steps(system.name, "due", tuple(_steps(system, lang)))
    said = text("undo.not_due", lang, verdict=word("verdict", verdict.kind).get(lang))
    is_open = verdict.kind is VerdictKind.NEEDS_FACTS
    return Steps(system.name, "open" if is_open else "none", (("person", said),))


def _held(system: System, lang: str) -> Iterator[tuple[str, str]]:
    if any(clues(finding, "held") for finding in system.findings):
        yield "nobody", text("undo.public", lang)
    if system.verdict is not None and system.verdict.kind in _HELD:
        yield (
            "nobody",
            text("undo.held", lang, rules=", ".join(rule.id for rule in system.verdict.fired) or "-"),
        )


def _steps(system: System, lang: str) -> Iterator[tuple[str, str]]:
    if system.verdict is None:
        yield "person", text("undo.unjudged", lang)
    kinds = set(system.kinds)
    names = [step for step, of in _STEPS.items() if kinds & of]
    if system.tells == "cloud" or "endpoint" in kinds:
        names.append("cloud")
    if "device" in kinds:
        names += _OF_DEVICE
    counts = dict.fromkeys(value for finding in system.findings for value in clues(finding, "persons"))
    persons = ", ".join(word("answer", value).get(lang) for value in counts)
    for name in (*names, "again"):
        who = "software" if name in _BY_SOFTWARE else "person"
        yield who, text(f"undo.{name}", lang, persons=persons)


def steps_table(view: RunView, lists: tuple[Steps, ...]) -> Table:
    """Return the lists as a table with room for a name and a day."""
    grid = Table(
        title=Line(text("undo.title", view.lang), style="bold"),
        title_justify="left",
        caption=Line(text("undo.note", view.lang)),
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for head in ("label.system_name", "undo.step", "undo.who", "undo.confirmed"):
        grid.add_column(Line(text(head, view.lang)), overflow="fold")
    for each in lists:
        for number, (who, what) in enumerate(each.steps):
            name = "" if number else short(each.system)
            style = "bold red" if each.state == "held" else ""
            grid.add_row(
                Line(name), Line(what, style=style), Line(text(f"undo.{who}", view.lang)), Line("_" * 16)
            )
    return grid


def render_json(view: RunView, lists: tuple[Steps, ...]) -> str:
    """Return the lists as one JSON document, schema `efface/decommission/v1`."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "run": view.run_id,
        "systems": [
            {
                "system": encodable(each.system),
                "state": each.state,
                "steps": [{"who": who, "what": what, "confirmed_by": None} for who, what in each.steps],
            }
            for each in lists
        ],
    }
    return dump(document)
