"""Write the reports that a command was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface import registry
from efface.cli.options import write_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from efface.report.view import RunView

__all__ = ["write_reports"]


def write_reports(view: RunView, wanted: Mapping[str, str | None]) -> bool:
    """Write each report to its file; return whether one went to standard output.

    Args:
        view: The run.
        wanted: Kind of report to the file it goes to, `-` for standard output, None for no such report.
    """
    for kind, target in wanted.items():
        if target is not None:
            write_text(target, registry.load("report", kind)(view))
    return "-" in wanted.values()
