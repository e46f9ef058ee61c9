"""Progress on a terminal: how far, how fast, how long still."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from efface.runs import scan

__all__ = ["ScanProgress"]


class ScanProgress:
    """A bar over bytes, with files, findings and gaps beside it, on standard error."""

    def __init__(self) -> None:
        self._bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[size]}"),
            TextColumn("{task.fields[rate]:.0f}/s"),
            TextColumn("findings {task.fields[findings]}  gaps {task.fields[gaps]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("scan", total=None, size="", rate=0.0, findings=0, gaps=0)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, progress: scan.Progress) -> None:
        """Show how far a scan is."""
        task = self._bar.tasks[0]
        rate = progress.units / task.elapsed if task.elapsed else 0.0
        size = f"{progress.size_bytes / 1e6:.0f}/{progress.total_bytes / 1e6:.0f} MB"
        self._bar.update(
            self._task,
            completed=progress.units,
            total=progress.total_units,
            size=size,
            rate=rate,
            findings=progress.findings,
            gaps=progress.gaps,
        )
