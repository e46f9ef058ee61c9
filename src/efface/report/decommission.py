"""List what it takes to take systems away: what software can do, what a person, and what nobody here may touch.

It decides nothing: what is held follows from verdicts and from what a device said of itself, a system that was not
judged is said to be so, and what is done is what the run's ledger says, and who said it.

Not promised: that the list is complete for a product that hides parts of itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text as Line

from efface.model import RemovalStatus, StepOfPerson, VerdictKind
from efface.report.commands import commands_of
from efface.report.json_report import dump
from efface.report.plain import encodable, short
from efface.report.systems import address_of, clues, systems
from efface.report.texts import text, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import ClearedDevice, ConfirmedStep
    from efface.report.systems import System
    from efface.report.view import RunView

__all__ = ["SCHEMA", "Step", "Steps", "decommission", "render_json", "steps_table"]

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
_CLEARED_BY_SOFTWARE = frozenset({"device/isapi", "device/dahua"})
_BLANK = "_" * 16


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a list.

    Attributes:
        name: What it is called, "" for a remark.
        who: "person", "software" or "nobody".
        what: What is to be done, in one language.
        commands: What a person runs for it; efface runs none of them.
        state: "open", "confirmed" (a person says so), or of a device "removed", "failed" or "unknown" (it was told to
            forget whom it knows, and counted).
        confirmed: What a person says, or None.
        cleared: What the device counted, or None.
    """

    name: str
    who: str
    what: str
    commands: tuple[str, ...] = ()
    state: Literal["open", "confirmed", "removed", "failed", "unknown"] = "open"
    confirmed: ConfirmedStep | None = None
    cleared: ClearedDevice | None = None

    @property
    def is_of_person(self) -> bool:
        """Whether a person may confirm it."""
        return self.name in set(StepOfPerson)


@dataclass(frozen=True, slots=True)
class Steps:
    """The list of one system.

    Attributes:
        system: Its name; of a device with its address.
        state: "due", "confirmed" (each step of a person is confirmed, and nobody has looked again), "held" (nobody here
            may touch it), "open" (facts are missing), or "none" (no rule demands it).
        steps: What to do.
    """

    system: str
    state: Literal["due", "confirmed", "held", "open", "none"]
    steps: tuple[Step, ...]


def decommission(view: RunView) -> tuple[Steps, ...]:
    """Return the list of each system that recognises people, or that is held; each device is one by itself."""
    return tuple(
        _list(system, view)
        for system in systems(view, has_addresses=True)
        if system.recognises or any(_held(system, view.lang))
    )


def _list(system: System, view: RunView) -> Steps:
    held, verdict = tuple(_held(system, view.lang)), system.verdict
    if held:
        return Steps(system.name, "held", held)
    if verdict is None or verdict.kind.is_violation:
        steps = tuple(_done(each, system, view) for each in _steps(system, view.lang))
        is_open = any(each.state in ("open", "failed", "unknown") for each in steps if each.is_of_person)
        return Steps(system.name, "due" if is_open or verdict is None else "confirmed", steps)
    said = text("undo.not_due", view.lang, verdict=word("verdict", verdict.kind).get(view.lang))
    is_open = verdict.kind is VerdictKind.NEEDS_FACTS
    return Steps(system.name, "open" if is_open else "none", (Step("", "person", said),))


def _held(system: System, lang: str) -> Iterator[Step]:
    if any(clues(finding, "held") for finding in system.findings):
        yield Step("", "nobody", text("undo.public", lang))
    if system.verdict is not None and system.verdict.kind in _HELD:
        rules = ", ".join(rule.id for rule in system.verdict.fired) or "-"
        yield Step("", "nobody", text("undo.held", lang, rules=rules))


def _steps(system: System, lang: str) -> Iterator[Step]:
    if system.verdict is None:
        yield Step("", "person", text("undo.unjudged", lang))
    kinds = set(system.kinds)
    names = [step for step, of in _STEPS.items() if kinds & of]
    if system.tells == "cloud" or "endpoint" in kinds:
        names.append("cloud")
    if "device" in kinds:
        names += _OF_DEVICE
    counts = dict.fromkeys(value for finding in system.findings for value in clues(finding, "persons"))
    values = {"persons": ", ".join(word("answer", value).get(lang) for value in counts)}
    values["address"] = _address(system)
    signatures = {value for finding in system.findings for value in clues(finding, "signature")}
    for name in (*names, "again"):
        is_sent = name == "device_clear" and signatures & _CLEARED_BY_SOFTWARE
        who = "software" if name in _BY_SOFTWARE or is_sent else "person"
        what = text(f"undo.{'device_sent' if is_sent else name}", lang, **values)
        yield Step(name, who, what, commands_of(name, system.findings))


def _address(system: System) -> str:
    return next((address_of(each) for each in system.findings if address_of(each)), "")


def _done(step: Step, system: System, view: RunView) -> Step:
    """Return a step with what the ledger says of it: a count of the device goes before the word of a person."""
    said = [each for each in view.confirmed if (each.system, each.step) == (system.name, step.name)]
    told = [each for each in view.cleared if each.address == _address(system)]
    confirmed, cleared = said[-1] if said else None, told[-1] if told else None
    if step.name not in ("device_clear", "device_again") or cleared is None:
        return replace(step, state="confirmed", confirmed=confirmed) if confirmed else step
    if cleared.status is RemovalStatus.REMOVED:
        return replace(step, state="removed", confirmed=confirmed, cleared=cleared)
    known = cleared.status is RemovalStatus.FAILED and cleared.after is not None
    state: Literal["failed", "unknown"] = "failed" if known else "unknown"
    return replace(step, state=state, confirmed=confirmed, cleared=cleared)


def steps_table(view: RunView, lists: tuple[Steps, ...]) -> Table:
    """Return the lists as a table, with who confirmed a step and when, or room for a name and a day."""
    grid = Table(
        title=Line(text("undo.title", view.lang), style="bold"),
        title_justify="left",
        caption=Line(text("undo.note", view.lang)),
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for head in ("label.system_name", "undo.name", "undo.step", "undo.who", "undo.confirmed"):
        grid.add_column(Line(text(head, view.lang)), overflow="fold")
    for each in lists:
        for number, step in enumerate(each.steps):
            grid.add_row(
                Line("" if number else short(each.system)),
                Line(step.name),
                Line(_what(step), style="bold red" if each.state == "held" else ""),
                Line(text(f"undo.{step.who}", view.lang)),
                Line(_said(step, view.lang)),
            )
    return grid


def _what(step: Step) -> str:
    return "\n".join((step.what, *(f"$ {short(each, 200)}" for each in step.commands)))


def _said(step: Step, lang: str) -> str:
    lines = []
    if (told := step.cleared) is not None:
        after = text("answer.unknown", lang) if told.after is None else str(told.after)
        what = (
            word("finding_status", step.state).get(lang)
            if step.state != "unknown"
            else text("answer.unknown", lang)
        )
        lines.append(text("undo.counted", lang, what=what, before=told.before, after=after, at=told.at))
    if (said := step.confirmed) is not None:
        lines.append(text("undo.said", lang, by=short(said.by), at=said.at))
        lines += [short(said.note, 200)] if said.note else []
    return "\n".join(lines) or _BLANK


def render_json(view: RunView, lists: tuple[Steps, ...]) -> str:
    """Return the lists as one JSON document, schema `efface/decommission/v1`."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "run": view.run_id,
        "systems": [
            {
                "system": encodable(each.system),
                "state": each.state,
                "steps": [_plain(step) for step in each.steps],
            }
            for each in lists
        ],
    }
    return dump(document)


def _plain(step: Step) -> dict[str, Any]:
    said, told = step.confirmed, step.cleared
    return {
        "step": step.name or None,
        "who": step.who,
        "what": step.what,
        "commands": [encodable(each) for each in step.commands],
        "state": step.state,
        "confirmed_by": encodable(said.by) if said else None,
        "confirmed_at": said.at if said else None,
        "note": encodable(said.note) if said and said.note else None,
        "counted": told
        and {
            "at": told.at,
            "before": told.before,
            "after": told.after,
            "requests": list(told.requests),
            "authorisation": encodable(told.authorisation),
        },
    }
