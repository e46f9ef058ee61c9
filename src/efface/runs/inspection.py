"""Set up a walk that looks for systems: what is looked for, how long, and in which order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from efface.engines import patterns
from efface.errors import UsageError
from efface.examine import SYSTEMS
from efface.model import Limits, Locator, Mode
from efface.runs.scan import ScanOptions
from efface.sources.likelihood import likelihood

if TYPE_CHECKING:
    from efface.model import Unit
    from efface.runs.ignore import Ignore

__all__ = ["inspection"]


def inspection(
    targets: tuple[str, ...],
    mode: Mode,
    *,
    jobs: int = 0,
    seconds: float | None = None,
    ignore: Ignore | None = None,
) -> ScanOptions:
    """Return the options of a scan that looks for systems.

    Args:
        targets: What the user named.
        mode: How hard to look; `FAST` is a triage.
        jobs: How many processes; 0 for one per core.
        seconds: Longest time, or None for as long as it takes.
        ignore: What to leave out, and to count.

    Raises:
        UsageError: What looks for patterns in content is not installed.
    """
    if not patterns.is_available():
        raise UsageError("inspecting needs YARA-X", to_do="Install efface[inspect].")
    limits = Limits() if seconds is None else replace(Limits(), run_seconds=seconds)
    rank = _last_first if mode is Mode.FAST else None
    return ScanOptions(targets, mode, jobs, limits, ignore, look=SYSTEMS, rank=rank)


def _last_first(unit: Unit) -> float:
    return -likelihood(Locator.parse(unit.uri).path[0])
