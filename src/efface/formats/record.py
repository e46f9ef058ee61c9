"""One biometric record that was found in bytes, told without any of its content."""

from __future__ import annotations

from dataclasses import dataclass

from efface.errors import FormatError

__all__ = ["KINDS", "MODALITIES", "Record"]

KINDS = ("image", "template", "features", "container")
MODALITIES = (
    "ear",
    "face",
    "fingerprint",
    "gait",
    "gene",
    "hand",
    "iris",
    "other",
    "palm",
    "retina",
    "vein",
    "voice",
)


@dataclass(frozen=True, slots=True)
class Record:
    """Where a record lies, which standard it follows, and how much of its structure was checked.

    Attributes:
        standard: The standard or the vendor's name for the record, with its year or version.
        offset: First byte of the record in the data searched.
        size_bytes: Bytes from `offset` that belong to the record; a lower bound when the notes say
            `length: unknown`.
        modality: One of MODALITIES.
        kind: One of KINDS: an image, a template, features, or a container of several or other records.
        count: How many views, representations or images it holds.
        exactness: 1.0 when the whole structure was walked and agrees with itself; 0.5 when only the
            header is sound (a cut or damaged record); less for a test that other data could pass.
        notes: Structural facts as (name, value); never content.

    Raises:
        FormatError: A value outside the sets and ranges above.

    Source: ISO/IEC 2382-37 for the words.
    """

    standard: str
    offset: int
    size_bytes: int
    modality: str
    kind: str
    count: int
    exactness: float
    notes: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.modality not in MODALITIES or self.kind not in KINDS:
            raise FormatError(f"a record cannot be a {self.kind} of modality {self.modality}")
        if self.offset < 0 or self.size_bytes < 1 or self.count < 0 or not 0.0 <= self.exactness <= 1.0:
            raise FormatError("a record has a place, a size, a count and an exactness from 0 to 1")

    @property
    def end(self) -> int:
        """Offset of the first byte after the record."""
        return self.offset + self.size_bytes
