"""Fold what an inspection found into one picture: which systems, what tells of each, and where."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text as Line

from efface.model import Form
from efface.report.arrange import findings_in_order, verdict_by_subject
from efface.report.plain import inside_text, place_text, short
from efface.report.texts import text, word

if TYPE_CHECKING:
    from efface.model import Finding, Verdict
    from efface.report.view import RunView

__all__ = ["System", "address_of", "clues", "systems", "systems_table"]

_PLACES = 5  # places of one system that a terminal lists


@dataclass(slots=True)
class System:
    """One system, over all its traces.

    Attributes:
        name: As its signatures name it.
        vendor: Who makes it, or "".
        tells: What its strongest trace tells.
        recognises: Whether that is recognition.
        confidence: Of its surest trace.
        findings: Its traces, in order.
        verdict: The strongest verdict on one of them, or None.
    """

    name: str
    vendor: str = ""
    tells: str = ""
    recognises: bool = False
    confidence: float = 0.0
    findings: list[Finding] = field(default_factory=list)
    verdict: Verdict | None = None

    @property
    def kinds(self) -> dict[str, int]:
        """How many traces there are of each kind."""
        counts: dict[str, int] = {}
        for finding in self.findings:
            for kind in dict.fromkeys(value.partition("/")[0] for value in clues(finding, "signature")):
                counts[kind] = counts.get(kind, 0) + 1
        return counts


def clues(finding: Finding, name: str) -> list[str]:
    """Return the values of the clues of a name."""
    return [clue.value for clue in finding.clues if clue.name == name]


def systems(view: RunView, *, has_addresses: bool = False) -> tuple[System, ...]:
    """Return the systems of a run: those that recognise first, then by how sure they are.

    Args:
        view: The run.
        has_addresses: Whether each device is a system of its own, with its address in its name.
    """
    verdicts = verdict_by_subject(view)
    found: dict[str, System] = {}
    for finding in findings_in_order(view):
        if finding.form is not Form.SYSTEM:
            continue
        name = next(iter(clues(finding, "system")), "?")
        if has_addresses and address_of(finding):
            name = f"{name} @ {address_of(finding)}"
        system = found.setdefault(name, System(name))
        system.findings.append(finding)
        system.vendor = system.vendor or next(iter(clues(finding, "vendor")), "")
        if (finding.is_biometric, finding.confidence) >= (system.recognises, system.confidence):
            system.tells = next(iter(clues(finding, "tells")), "")
            system.recognises, system.confidence = finding.is_biometric, finding.confidence
        verdict = verdicts.get(finding.id)
        if verdict and (system.verdict is None or verdict.kind.strength < system.verdict.kind.strength):
            system.verdict = verdict
    return tuple(sorted(found.values(), key=lambda each: (not each.recognises, -each.confidence, each.name)))


def address_of(finding: Finding) -> str:
    """Return the address of the device that a finding is of, or ""."""
    place = finding.locator
    return place.path[0] if place.scheme.partition("+")[0] == "device" else ""


def systems_table(view: RunView) -> Table:
    """Return one row for each system: what it does, what tells of it, the verdict, and where."""
    grid = Table(
        title=Line(text("heading.systems", view.lang), style="bold"),
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for head in ("system_name", "tells", "confidence", "traces", "verdict", "place"):
        grid.add_column(Line(text(f"label.{head}", view.lang)), overflow="fold")
    for system in systems(view):
        kinds = ", ".join(f"{word('trace', kind).get(view.lang)} {n}" for kind, n in system.kinds.items())
        verdict = word("verdict", system.verdict.kind).get(view.lang) if system.verdict else "-"
        places = [_place(finding, view.lang) for finding in system.findings[:_PLACES]]
        more = len(system.findings) - _PLACES
        if more > 0:
            places.append(text("sentence.more", view.lang, left=more))
        grid.add_row(
            Line(short(f"{system.name} ({system.vendor})" if system.vendor else system.name)),
            Line(
                word("tells", system.tells).get(view.lang),
                style="bold red" if system.recognises else "yellow",
            ),
            Line(f"{system.confidence:.2f}"),
            *(Line(kinds), Line(verdict), Line("\n".join(places))),
        )
    return grid


def _place(finding: Finding, lang: str) -> str:
    inside = inside_text(finding.locator.at(None))
    lines = "".join(f":{lines}" for lines in clues(finding, "lines"))
    return " › ".join(filter(None, (place_text(finding.locator), inside))) + lines + _said(finding, lang)


def _said(finding: Finding, lang: str) -> str:
    """What a device said of itself: how many people it knows, and whether it is at work."""
    persons, enabled = clues(finding, "persons"), clues(finding, "switched_on")
    if not (persons and enabled):
        return ""
    values = {"persons": persons[0], "on": enabled[0]}
    words = {name: word("answer", value).get(lang) for name, value in values.items()}
    return " " + text("sentence.device", lang, **words)
