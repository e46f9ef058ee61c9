"""What was done to take systems away: steps that a person confirms, and devices that were told to forget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from efface.model.vocabulary import RemovalStatus, StepOfPerson

__all__ = ["ClearedDevice", "ConfirmedStep"]


@dataclass(frozen=True, slots=True)
class ConfirmedStep:
    """A step of which a person says that it is done.

    Attributes:
        system: The system, as its list is called.
        step: The step.
        by: Who says so, or "?" where the run file holds another name than its ledger.
        at: When it was recorded, as the ledger writes it.
        note: What he noted, or "".
    """

    system: str
    step: StepOfPerson
    by: str
    at: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ClearedDevice:
    """A device that was told to forget whom it knows, as it counts itself.

    Attributes:
        address: Of the device.
        at: When that was written, as the ledger writes it.
        requests: Names of the requests that could be sent, the last time that any could.
        before: How many people it counted before them; whoever stands in two of its lists counts twice.
        after: How many it counted last, or None where it gave no count, or was not counted yet.
        status: `PLANNED` where a run was stopped before the outcome: nobody knows.
        authorisation: Who allowed it, or "?".
    """

    address: str
    at: str
    requests: tuple[str, ...]
    before: int
    after: int | None
    status: RemovalStatus
    authorisation: str = ""
