"""One finding for a column, however many of its cells hold something."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from efface.model import Clue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Finding, Locator

__all__ = ["Fold"]


class Fold:
    """Gathers what is found in the cells of a column into one finding per detector and kind.

    References add up, since each cell may be another person. Level, confidence and clues are those of the
    surest of the cells that are tied most closely to a person, with the number of cells that held something.
    """

    def __init__(self, place: Locator) -> None:
        self._place = place
        self._best: dict[tuple[str, str, str], Finding] = {}
        self._cells: dict[tuple[str, str, str], int] = {}
        self._references: dict[tuple[str, str, str], int] = {}

    def add_cell(self, findings: list[Finding]) -> None:
        """Take in what was found in one cell."""
        for key in {self._key(finding) for finding in findings}:
            self._cells[key] = self._cells.get(key, 0) + 1
        for finding in findings:
            key = self._key(finding)
            self._references[key] = self._references.get(key, 0) + finding.references
            best = self._best.get(key)
            if best is None or _rank(finding) > _rank(best):
                self._best[key] = finding

    def findings(self, tested: int) -> Iterator[Finding]:
        """Yield the folded findings, given how many cells were tested."""
        for key, best in sorted(self._best.items()):
            counts = (Clue("cells", str(self._cells[key])), Clue("cells_tested", str(tested)))
            yield replace(
                best, locator=self._place, references=self._references[key], clues=(*best.clues, *counts)
            )

    @staticmethod
    def _key(finding: Finding) -> tuple[str, str, str]:
        return (finding.detector, finding.form, finding.characteristic)


def _rank(finding: Finding) -> tuple[int, float]:
    """Return what makes a cell speak for its column: how closely it is tied to a person, then how sure it is."""
    return (finding.level or 0, finding.confidence)
