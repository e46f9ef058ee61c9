"""What a time stamp of a third party says of a file, as values that people are shown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

__all__ = ["Stamp", "StampOutcome", "StampReport"]


class StampOutcome(StrEnum):
    """What may be said of the stamp of a certificate."""

    ABSENT = "absent"
    UNVERIFIED = "unverified"
    HOLDS = "holds"
    FAILS = "fails"


@dataclass(frozen=True, slots=True)
class Stamp:
    """A verified time stamp.

    Attributes:
        at: Aware UTC time that the authority gives.
        accuracy: How far that time may be off, as the authority says; zero where it does not say.
        authority: Distinguished name (RFC 4514) of the certificate that signed.
        policy: Object identifier of the policy under which it was given.
        serial: Number that the authority gave it.
    """

    at: datetime
    accuracy: timedelta
    authority: str
    policy: str
    serial: int

    @property
    def latest(self) -> datetime:
        """The time before which the stamped file existed."""
        return self.at + self.accuracy


@dataclass(frozen=True, slots=True)
class StampReport:
    """What became of looking at the stamp of a certificate.

    Attributes:
        outcome: What may be said.
        stamp: What it says; None unless it holds.
        reason: Why it does not hold, or empty.
    """

    outcome: StampOutcome
    stamp: Stamp | None = None
    reason: str = ""
