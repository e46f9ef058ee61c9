"""What one examination gave, as plain values for the run file."""

from __future__ import annotations

from typing import Any

from efface.model import Artefact, Finding, Gap, GapReason, Locator, Sampling
from efface.runs.codec import encode

__all__ = ["Tally", "lost_result", "tried"]


class Tally:
    """Counts what an examination gives and makes it plain."""

    def __init__(self) -> None:
        self._artefacts = 0
        self._bytes = 0
        self._sha256 = ""
        self._findings: dict[str, Finding] = {}
        self._gaps: list[Gap] = []
        self._samplings: list[Sampling] = []
        self._with_gap: set[str] = set()
        self._seen: set[str] = set()

    def add(self, result: Artefact | Finding | Gap | Sampling) -> None:
        """Take in one result; the first artefact is the unit itself."""
        if isinstance(result, Artefact):
            if not self._artefacts:
                self._bytes, self._sha256 = result.size_bytes, result.sha256
            self._artefacts += 1
            self._seen.add(result.locator.uri)
        elif isinstance(result, Finding):
            self._findings[result.id] = result
        elif isinstance(result, Sampling):
            self._samplings.append(result)
        else:
            self._gaps.append(result)
            self._with_gap.add(result.locator.uri)

    def result(self) -> dict[str, Any]:
        """Return everything as plain values.

        An artefact counts as scanned when it has no gap of its own; a thing that could not even be
        opened counts as seen.
        """
        unopened = len(self._with_gap - self._seen)
        return {
            "artefacts": self._artefacts + unopened,
            "scanned": self._artefacts - len(self._with_gap & self._seen),
            "bytes": self._bytes,
            "sha256": self._sha256,
            "findings": [encode(finding) for finding in self._findings.values()],
            "gaps": [encode(gap) for gap in self._gaps],
            "samplings": [encode(sampling) for sampling in self._samplings],
        }


def lost_result(uri: str, reason: GapReason) -> dict[str, Any]:
    """Return the result of a unit that could not be looked at in any process."""
    tally = Tally()
    tally.add(Gap(Locator.parse(uri), "detect", reason, f"looking at it ended its process ({reason})"))
    return tried(tally.result(), uri)


def tried(result: dict[str, Any], uri: str | None = None) -> dict[str, Any]:
    """Return a result that the next scan tries again where a place did not answer, or not in time.

    Args:
        result: Of one unit.
        uri: The unit, where it is one thing that was read or not; what is damaged in it stays so. None for a table.
    """
    reasons = {gap["reason"] for gap in result["gaps"] if uri is None or gap["uri"] == uri}
    passing = {GapReason.TIMEOUT, GapReason.UNREADABLE}
    if uri is not None and result["sha256"]:
        passing = set()
    elif uri is not None and uri.startswith("file:"):
        passing = {GapReason.UNREADABLE}  # what takes too long on this machine will do so again
    return {**result, "again": bool(reasons & passing)}
