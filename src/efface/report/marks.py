"""What stands beside the findings of a run: what was known before, waived, left out, and seen together.

Values only; the runs room works them out. None of them holds content: a known finding is a keyed digest,
and a group names a place that its findings name already.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from efface.model import Locator

__all__ = [
    "Comparison",
    "Gone",
    "Group",
    "GroupKind",
    "Ignored",
    "Resampled",
    "Returned",
    "Waiver",
    "WaiverState",
    "WaiverUse",
]


@dataclass(frozen=True, slots=True)
class Gone:
    """A finding of the baseline that this scan did not find.

    Attributes:
        key: Its keyed digest in the baseline.
        form: What kind of data it was.
        characteristic: Of which characteristic.
        detector: Name of the detector, without its version.
        is_told: Whether the scan looked where it was; False where a gap lies over the place.
    """

    key: str
    form: str
    characteristic: str
    detector: str
    is_told: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run beside a baseline.

    Attributes:
        total: Findings that the baseline holds.
        known: Identifiers of the findings that it knows; all others are new.
        gone: Its findings that were not found.
        mode: How hard the scan looked that the baseline was written from.
    """

    total: int
    known: frozenset[str]
    gone: tuple[Gone, ...]
    mode: str

    @property
    def untold(self) -> int:
        """How many were not found because their place was not looked at."""
        return sum(not gone.is_told for gone in self.gone)


@dataclass(frozen=True, slots=True)
class Returned:
    """A run beside a certificate: what it says was removed, and what of that is back.

    Attributes:
        issued_at: When the certificate was issued, as it says itself.
        is_told: Whether the run holds the key of the certificate; without it nothing here can be told.
        removed: Findings that the certificate says were removed.
        files: Files that hold, byte for byte, what a removal took away or changed, wherever they lie now.
        findings: Identifiers of what is found where it was removed, or anywhere in those files.
        elsewhere: Removed findings whose place lies in none of the targets of this scan.
        others: Findings that the certificate does not know. They may be altered or moved copies of what was
            removed: nothing in a certificate recognises anybody.
    """

    issued_at: str
    is_told: bool
    removed: int
    files: tuple[Locator, ...] = ()
    findings: frozenset[str] = frozenset()
    elsewhere: int = 0
    others: int = 0

    @property
    def is_alarm(self) -> bool:
        """Whether something came back."""
        return bool(self.files or self.findings)


@dataclass(frozen=True, slots=True)
class Resampled:
    """What a second look at some drawn places of a certificate's removals came to.

    Attributes:
        seed: What the draw was made with.
        places: Files from which something was removed: those that were drawn from.
        others: Places of removals that are no files, and were not drawn from.
        gone: How many drawn places hold nothing of what was removed.
        back: Drawn places in which something is back.
        unreachable: Drawn places that could not be looked at.
    """

    seed: str
    places: int
    others: int
    gone: int
    back: tuple[Locator, ...]
    unreachable: tuple[Locator, ...]

    @property
    def drawn(self) -> int:
        """How many places were drawn."""
        return self.gone + len(self.back) + len(self.unreachable)

    def miss_chance(self, share: float) -> float:
        """Return how likely all that was looked at would be gone though a share (0 to 1) of the places is back.

        At least one place is taken to be back. Source: drawing without replacement (hypergeometric).
        """
        looked_at = self.gone + len(self.back)
        back = max(1, math.ceil(share * self.places - 1e-9))
        left = (max(self.places - back - n, 0) / (self.places - n) for n in range(looked_at))
        return math.prod(left)


class WaiverState(StrEnum):
    """Where a waiver stands on the day of a report."""

    IN_FORCE = "in_force"
    EXPIRED = "expired"
    NOT_YET = "not_yet"


@dataclass(frozen=True, slots=True)
class Waiver:
    """Somebody's decision to live with findings for a time; it changes no verdict and removes nothing.

    Attributes:
        match: Pattern over printed URI and path, as in a case file.
        reason: Why, in the approver's words.
        approver: Who decided.
        starts_on: First day.
        ends_on: Last day.
        rule: The one rule whose breach is waived, or "" for any.
        characteristic: The one characteristic it is about, or "" for any.
    """

    match: str
    reason: str
    approver: str
    starts_on: date
    ends_on: date
    rule: str = ""
    characteristic: str = ""

    def state(self, on: date) -> WaiverState:
        """Return where it stands on a day."""
        if on < self.starts_on:
            return WaiverState.NOT_YET
        return WaiverState.EXPIRED if on > self.ends_on else WaiverState.IN_FORCE


@dataclass(frozen=True, slots=True)
class WaiverUse:
    """A waiver, where it stands, and how many findings it covers now."""

    waiver: Waiver
    state: WaiverState
    findings: int


@dataclass(frozen=True, slots=True)
class Ignored:
    """Files that a pattern kept out of a scan.

    Attributes:
        file: The file that holds the pattern, as it was named.
        line: Its line, from 1.
        pattern: The pattern as it stands there.
        files: How many files it kept out.
        size_bytes: How large they are together.
        in_target: Whether the file lies in what was scanned, so that the inspected party may have written it.
    """

    file: str
    line: int
    pattern: str
    files: int
    size_bytes: int
    in_target: bool


class GroupKind(StrEnum):
    """What findings of one place are together."""

    GALLERY = "gallery"
    """Portraits that are kept by person: a reference database made of pictures."""
    TEMPLATES = "templates"
    """Templates, one or more for each person."""
    PERSON_PICTURES = "person_pictures"
    """A table with pictures of persons beside what names them."""
    ARCHIVE = "archive"
    """Findings in one archive or other file with parts that is none of these."""


@dataclass(frozen=True, slots=True)
class Group:
    """Findings that are one thing to a person.

    Attributes:
        place: The folder, table, archive or file.
        kind: What it is.
        people: About how many data subjects, or None where nothing tells.
        findings: How many findings it holds.
        system: The software whose store it looks like, or "".
        signs: Words for why, keys of the section `sign` in the table of texts.
    """

    place: Locator
    kind: GroupKind
    people: int | None
    findings: int
    system: str = ""
    signs: tuple[str, ...] = ()
