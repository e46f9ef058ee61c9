"""Print what the report room renders: in colour on a terminal, plain and wide elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from rich.console import RenderableType

    from efface.report.view import RunView

__all__ = ["show", "show_run", "show_systems"]

_WIDE = 160


def show(*parts: RenderableType) -> None:
    """Print renderables on standard output; names never become markup, as the report room escapes them."""
    terminal = sys.stdout.isatty()
    console = Console(width=None if terminal else _WIDE, highlight=False, markup=False, emoji=False)
    for part in parts:
        console.print(part)


def show_run(view: RunView) -> None:
    """Print a run: what was found where, what was not looked at, what is still to be asked, and the outcome."""
    from efface.report import terminal, terminal_beside
    from efface.report.otherwise import otherwise_part

    if view.findings:
        show(terminal.findings_table(view), terminal_beside.groups_table(view))
    if view.gaps:
        show(terminal.gaps_table(view))
    if view.verdicts:
        show(terminal.verdict_table(view), terminal.questions_table(view), otherwise_part(view))
    if view.removals:
        show(terminal.removal_plan(view.removals, view.lang))
    show(terminal_beside.beside(view), terminal.scan_summary(view))


def show_systems(view: RunView) -> None:
    """Print an inspection: the systems with what tells of them, what was not looked at, and the outcome."""
    from efface.report import terminal
    from efface.report.systems import systems_table

    if view.findings:
        show(systems_table(view))
    if view.gaps:
        show(terminal.gaps_table(view))
    if view.verdicts:
        show(terminal.verdict_table(view), terminal.questions_table(view))
    show(terminal.scan_summary(view))
