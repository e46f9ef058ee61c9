"""Face features of ArcSoft: two header numbers, then 256 single-precision values.

The usual header is 2004.0 and 20.0. It is searched for at any offset; other versions of the header only
count when the data as a whole has the size of a feature. A longer form of 2,056 bytes is reported in use
but was not seen.

Not demanded: a unit norm. The public sample has 1.05.

Source: one public sample decoded; six further public files with the same beginning.
"""

from __future__ import annotations

import math
import re
import struct
from typing import TYPE_CHECKING

from efface.errors import FormatError
from efface.formats.record import Record
from efface.formats.scan import MAX_RECORDS, Data, Signature, scan

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FEATURE_BYTES", "SIGNATURES", "find"]

HEADER_BYTES = 8
FEATURE_BYTES = HEADER_BYTES + 4 * 256
_LONG_FEATURE_BYTES = 2 * HEADER_BYTES + 4 * 510
_USUAL_HEADER = struct.pack("<2f", 2004.0, 20.0)
_USUAL = re.compile(re.escape(_USUAL_HEADER))
_ANY_HEADER = re.compile(rb"\x00[\x00-\xff]{2}[\x44-\x46]\x00[\x00-\xff]{2}[\x3f-\x42]")
_MAX_VALUE = 8.0
_MAX_ZEROS = 64


def find(data: Data, *, limit: int = MAX_RECORDS) -> Iterator[Record]:
    """Yield ArcSoft face features in the data; unusual headers only when the data is one feature."""
    return scan(data, SIGNATURES, limit=limit)


def _check_values(values: tuple[float, ...]) -> None:
    if not all(math.isfinite(value) and abs(value) <= _MAX_VALUE for value in values):
        raise FormatError("the values after the header are no feature")
    tiny = sum(0.0 < abs(value) < 1e-20 for value in values)
    negative = sum(value < 0.0 for value in values)
    if tiny or values.count(0.0) > _MAX_ZEROS or not 0.2 <= negative / len(values) <= 0.8:
        raise FormatError("the values after the header are not spread as a feature's are")


def _read_usual(content: bytes, start: int) -> tuple[Record, ...]:
    if len(content) - start < FEATURE_BYTES:
        raise FormatError("a feature takes 1,032 bytes")
    _check_values(struct.unpack_from("<256f", content, start + HEADER_BYTES))
    notes = (("dimension", "256"), ("header", "2004 20"))
    return (Record("ArcSoft face feature", start, FEATURE_BYTES, "face", "template", 1, 1.0, notes),)


def _read_whole(content: bytes, start: int) -> tuple[Record, ...]:
    if start or len(content) not in {FEATURE_BYTES, _LONG_FEATURE_BYTES} or content.startswith(_USUAL_HEADER):
        raise FormatError("an unusual header only counts when the data has the size of one feature")
    first, second = struct.unpack_from("<2f", content)
    if not (first == int(first) and 1000 <= first <= 9999 and second == int(second) and 0 < second < 100):
        raise FormatError("the header's two numbers are impossible")
    values = struct.unpack_from(f"<{(len(content) - HEADER_BYTES) // 4}f", content, HEADER_BYTES)
    _check_values(values)
    notes = (("dimension", str(len(values))), ("header", f"{int(first)} {int(second)}"))
    exactness = 0.7 if len(content) == FEATURE_BYTES else 0.5
    return (Record("ArcSoft face feature", 0, len(content), "face", "template", 1, exactness, notes),)


SIGNATURES = (
    Signature(b"\x80\xfa", (1,), _USUAL, _read_usual),
    Signature(b"", (), _ANY_HEADER, _read_whole),
)
