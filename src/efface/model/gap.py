"""What was not looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from efface.model.locator import Locator
    from efface.model.vocabulary import GapReason

__all__ = ["Gap"]


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that was not looked at; without it a clean report would be a false statement.

    Attributes:
        locator: What was not looked at.
        stage: Where it stopped: list, open, unpack, decode, or detect.
        reason: Why, in one word.
        detail: One sentence for a person; never content of what was read.
    """

    locator: Locator
    stage: str
    reason: GapReason
    detail: str
