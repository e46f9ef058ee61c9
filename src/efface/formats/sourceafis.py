"""Fingerprint templates of SourceAFIS: a CBOR map with seven keys.

Inside other data the map must begin with `version`, as the implementations write it; at offset 0 any order
counts.

Source: the persistent template of the SourceAFIS implementation in Java, version 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from efface.errors import FormatError
from efface.formats import cbor
from efface.formats.record import Record
from efface.formats.scan import MAX_RECORDS, Data, Signature, scan

__all__ = ["SIGNATURES", "SourceAfisTemplate", "find", "parse"]

_KEYS = frozenset({"version", "width", "height", "positionsX", "positionsY", "directions", "types"})
_USUAL = re.compile(rb"[\xa7-\xaf\xbf]\x67version[\x60-\x77]")
_ANY_ORDER = re.compile(
    rb"[\xa7-\xaf\xbf](?:\x65width|\x66height|\x6apositions[XY]|\x6adirections|\x65types)"
)


@dataclass(frozen=True, slots=True)
class SourceAfisTemplate:
    """What a template says about itself.

    Attributes:
        version: Version of the algorithm, as written.
        width, height: Pixels of the picture it was made from.
        minutiae: How many.
        size_bytes: Length of the map.
    """

    version: str
    width: int
    height: int
    minutiae: int
    size_bytes: int


def find(data: Data, *, limit: int = MAX_RECORDS) -> Iterator[Record]:
    """Yield SourceAFIS templates in the data."""
    return scan(data, SIGNATURES, limit=limit)


def parse(data: bytes) -> SourceAfisTemplate:
    """Return what the template at the beginning of the data says about itself.

    Raises:
        FormatError: It is no CBOR map with the seven keys, or its lists differ in length.
        LimitExceededError: It has more items than any template.
    """
    return _parse(data, 0)


def _parse(content: bytes, start: int) -> SourceAfisTemplate:
    value, end = cbor.decode(content, start)
    if not isinstance(value, Mapping) or not value.keys() >= _KEYS:
        raise FormatError("a SourceAFIS template is a map with seven keys")
    version, width, height, types = (value[key] for key in ("version", "width", "height", "types"))
    lists = [value[key] for key in ("positionsX", "positionsY", "directions")]
    if not isinstance(version, str) or not isinstance(types, str):
        raise FormatError("the version and the types of a SourceAFIS template are texts")
    if not isinstance(width, int) or not isinstance(height, int):
        raise FormatError("the sizes of a SourceAFIS template are whole numbers")
    if any(not isinstance(values, list) or len(values) != len(types) for values in lists):
        raise FormatError("the lists of a SourceAFIS template differ in length")
    if set(types) - {"B", "E"}:
        raise FormatError("a minutia is an ending or a bifurcation")
    return SourceAfisTemplate(version, width, height, len(types), end - start)


def _read(content: bytes, start: int) -> tuple[Record, ...]:
    found = _parse(content, start)
    notes = (
        ("points", str(found.minutiae)),
        ("width_px", str(found.width)),
        ("height_px", str(found.height)),
    )
    return (
        Record(
            "SourceAFIS template", start, found.size_bytes, "fingerprint", "template", 1, 1.0, notes
        ),
    )  # fmt: skip


SIGNATURES = (
    Signature(b"gv", (1,), _USUAL, _read),
    Signature(b"", (), _ANY_ORDER, _read),
)
