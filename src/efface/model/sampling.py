"""What a scan looked at only in part, by design and not by failure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from efface.model.locator import Locator

__all__ = ["Sampling"]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How much of something a scan looked at, where its mode asks for a part of it only.

    A gap says that something could not be looked at; this says that no more was meant to be.

    Attributes:
        locator: What was looked at in part: a column, a film.
        unit: What was counted: "rows" or "frames".
        looked_at: How many were looked at.
        total: How many there are, or None when nobody knows.
        is_random: Whether each had the same chance to be looked at; only then has a miss a probability.
    """

    locator: Locator
    unit: str
    looked_at: int
    total: int | None = None
    is_random: bool = False

    def miss_probability(self, share: float) -> float | None:
        """Return how likely nothing was met though a share (0 to 1) of all holds it; None if not random.

        Drawing with replacement is assumed, which errs towards a larger probability.
        """
        return (1.0 - share) ** self.looked_at if self.is_random else None
