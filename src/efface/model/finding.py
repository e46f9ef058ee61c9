"""What was found, where, how sure and why."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from efface.model.vocabulary import BIOMETRIC, Level

if TYPE_CHECKING:
    from efface.model.locator import Locator
    from efface.model.vocabulary import Characteristic, Form

__all__ = ["Clue", "Finding"]

_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Clue:
    """One reason for a decision.

    Attributes:
        name: What was looked at, in snake_case with its unit ("eyes_px", "norm_mean").
        value: What was seen, as text. Names of columns, standards and counts may stand here; pixels,
            vectors, names of persons, identity numbers and digests of them may not.
        weight: How much it moved the decision, -1 (against) to 1 (for); 0 informs only.
    """

    name: str
    value: str
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What, where, how sure, why. Never the content, a crop, an embedding or a plain hash of them.

    Two findings are the same finding when form, characteristic, locator and the detector's name are
    the same: not its version, the confidence, a line or a frame number. `id` is made of just these.

    Attributes:
        detector: `name@version` of the detector.
        form: What kind of data it is.
        characteristic: Which characteristic it comes from.
        locator: Where it is, with the region.
        confidence: Calibrated probability, 0 to 1, that it is what form and characteristic say.
        references: Upper bound of how many data subjects it concerns.
        level: How closely it is tied to a person; None where that cannot be said, as for features of
            an unknown characteristic.
        clues: Why.
    """

    detector: str
    form: Form
    characteristic: Characteristic
    locator: Locator
    confidence: float
    references: int = 1
    level: Level | None = Level.VISIBLE
    clues: tuple[Clue, ...] = ()
    id: str = field(init=False)

    def __post_init__(self) -> None:
        if not 0.0 <= self.confidence <= 1.0:
            message = f"confidence: expected 0 to 1, got {self.confidence}"
            raise ValueError(message)
        name = self.detector.partition("@")[0]
        identity = f"{self.form}\0{self.characteristic}\0{self.locator.uri}\0{name}"
        digest = hashlib.sha256(identity.encode()).hexdigest()
        object.__setattr__(self, "id", digest[: 2 * _ID_BYTES])

    @property
    def is_biometric(self) -> bool:
        """Return False where the characteristic is unknown: a question for a person, not a finding of law."""
        return self.characteristic in BIOMETRIC
