"""Templates in a coding that nobody publishes: told by a field named for templates, and by what they are not.

Hikvision's `modelData`, encrypted features and the blobs of many vendors have no published signature. A field
whose name says "template", or a generic one in a table that does, and whose values are long binary data of
no other kind, holds them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.detectors import vocabulary
from efface.detectors.level import level_of
from efface.formats import records, sniff
from efface.formats.unwrap import unwrap
from efface.model import Clue, Finding, Form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Locator, Surroundings

__all__ = ["Opaque"]

_MIN_BYTES = 96  # hashes and tokens are shorter; the smallest template in use has some 200 bytes
_MAX_BYTES = 64 << 10
_DISTINCT = 48  # different bytes in the first 256: text and counters have fewer
_STRONG = 0.8
_SOUND = 0.5  # exactness of a record whose header alone is sound
_BY_FIELD = 0.7  # a name and a shape, no structure: some fields named so hold encrypted photos or tokens
_BY_TABLE = 0.6
_SAMPLE = 256


class Opaque:
    """Counts the values of a column that may be templates in a coding of their own."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._word, self._confidence = _named(surroundings)
        self._count = self._largest = 0

    def add(self, cell: bytes | str) -> None:
        """Look at one value."""
        if self._word is None or not _MIN_BYTES <= len(cell) <= 2 * _MAX_BYTES:
            return
        size = _opaque_bytes(cell)
        if size:
            self._count += 1
            self._largest = max(self._largest, size)

    def findings(self, detector: str, where: Locator) -> Iterator[Finding]:
        """Yield the one finding of the column, or nothing."""
        if self._word is None or not self._count:
            return
        level, why = level_of(self._surroundings, form=Form.TEMPLATE)
        clues = (
            Clue("field_name", self._word.word, self._word.weight),
            Clue("coding", "unknown", -0.4),
            Clue("values", str(self._count)),
            Clue("largest_bytes", str(self._largest)),
            *why,
        )
        yield Finding(
            detector,
            Form.TEMPLATE,
            self._word.characteristic,
            where,
            self._confidence,
            self._count,
            level,
            clues,
        )


def _named(surroundings: Surroundings) -> tuple[vocabulary.Match | None, float]:
    """Return the word that names templates: of the field, or of its table where the field is generic."""
    own = surroundings.names[:1]
    if vocabulary.best(own, "metadata"):
        return None, 0.0
    word = vocabulary.best(own, "template")
    if word and word.weight >= _STRONG:
        return word, _BY_FIELD
    if word or vocabulary.best(own, "vector"):
        return vocabulary.best(surroundings.names[1:2], "template", "mention", "store"), _BY_TABLE
    return None, 0.0


def _opaque_bytes(cell: bytes | str) -> int:
    """Return the size of the innermost binary data of a value, or 0 where it is of another kind."""
    size = 0
    for inner in unwrap(cell, limit=4 * _MAX_BYTES):
        if isinstance(cell, str) and not inner.how:
            continue
        kind = sniff.media_type(inner.data, size=len(inner.data))
        if kind.startswith("text/"):
            continue
        if kind != sniff.OCTETS or _is_record(inner.data):
            return 0
        if _MIN_BYTES <= len(inner.data) <= _MAX_BYTES and len(set(inner.data[:_SAMPLE])) >= _DISTINCT:
            size = len(inner.data)
    return size


def _is_record(data: bytes) -> bool:
    """Return whether the structure of a published record is in the data: that has its own detector."""
    return any(record.exactness >= _SOUND for record in records.find_all(data, limit=1))
