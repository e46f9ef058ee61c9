"""Findings and gaps as a certificate lists them, and the root that binds each list to the ledger."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from efface.evidence import canonical, merkle

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["FindingSummary", "GapSummary", "gap_counts", "in_order", "root_of_plain", "root_of_summaries"]


@dataclass(frozen=True, slots=True)
class FindingSummary:
    """One finding without its place.

    Attributes:
        ref: Pseudonym of the finding's id.
        detector: `name@version`.
        form: A word of `model.Form`.
        characteristic: A word of `model.Characteristic`.
        level: 1 to 3, or None where it cannot be said.
        references: Upper bound of data subjects.
    """

    ref: str
    detector: str
    form: str
    characteristic: str
    level: int | None
    references: int

    def plain(self) -> dict[str, Any]:
        """Return the summary as JSON values."""
        return {
            "ref": self.ref,
            "detector": self.detector,
            "form": self.form,
            "characteristic": self.characteristic,
            "level": self.level,
            "references": self.references,
        }


@dataclass(frozen=True, slots=True)
class GapSummary:
    """One gap without its place: pseudonym of the locator, stage and reason."""

    ref: str
    stage: str
    reason: str

    def plain(self) -> dict[str, Any]:
        """Return the summary as JSON values."""
        return {"ref": self.ref, "stage": self.stage, "reason": self.reason}


def in_order(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return plain summaries in the order in which they are listed: by their canonical bytes."""
    return sorted(items, key=canonical.dumps)


def root_of_plain(items: Iterable[dict[str, Any]]) -> str:
    """Return the root, in hex, of the tree whose leaves are canonical plain summaries, sorted."""
    leaves = sorted(map(canonical.dumps, items))
    return merkle.root_of(merkle.leaf_hash(leaf) for leaf in leaves).hex()


def root_of_summaries(items: Iterable[FindingSummary | GapSummary]) -> str:
    """Return the root that an entry `scan_finished` holds for its findings or its gaps, in hex."""
    return root_of_plain(item.plain() for item in items)


def gap_counts(gaps: Iterable[GapSummary]) -> dict[str, int]:
    """Return how many gaps there are by `stage/reason`."""
    return dict(Counter(f"{gap.stage}/{gap.reason}" for gap in gaps))
