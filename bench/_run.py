"""Scan places into a run file that is thrown away, and give back what was found in each file."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from efface.model import Mode
from efface.runs.scan import ScanOptions, scan
from efface.runs.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from efface.model import Finding, Gap

__all__ = ["Looked", "data_folder", "look"]


@dataclass(slots=True)
class Looked:
    """What was found in one file, and what could not be looked at in it."""

    findings: list[Finding] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


def look(targets: Sequence[Path], mode: Mode = Mode.STANDARD, jobs: int = 0) -> dict[str, Looked]:
    """Scan files and folders; return each file's path with what was found, the empty ones too."""
    with (
        tempfile.TemporaryDirectory(prefix="efface-bench-") as folder,
        Store(os.path.join(folder, "run")) as store,
    ):
        scan(store, ScanOptions(tuple(map(str, targets)), mode, jobs))
        results = {os.path.realpath(file): Looked() for target in targets for file in _files(target)}
        for finding in store.findings():
            results.setdefault(finding.locator.path[0], Looked()).findings.append(finding)
        for gap in store.gaps():
            results.setdefault(gap.locator.path[0], Looked()).gaps.append(gap)
    return results


def _files(target: Path) -> list[Path]:
    found = sorted(target.rglob("*")) if target.is_dir() else [target]
    return [path for path in found if path.is_file() and not path.is_symlink()]


def data_folder(named: Path | None) -> Path | None:
    """Return the folder of measuring data: the one that was named, EFFACE_DATA, or none."""
    from pathlib import Path

    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = named or Path(os.environ.get("EFFACE_DATA", beside))
    return folder if folder.is_dir() else None
