"""WSQ, the wavelet coding of fingerprint pictures: by definition every valid file is a fingerprint.

Source: FBI IAFIS-IC-0110 (WSQ Gray-scale Fingerprint Image Compression Specification), version 3.1, annex A.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.errors import FormatError
from efface.formats.cursor import Cursor
from efface.formats.record import Record
from efface.formats.scan import MAX_RECORDS, Data, Signature, scan

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SIGNATURES", "WsqImage", "find", "parse", "read"]

_END, _FRAME, _BLOCK = b"\xff\xa1", 0xFFA2, 0xFFA3
_SEGMENTS = frozenset(range(0xFFA2, 0xFFA9))
_MAX_SEGMENTS = 64
_MAX_SIDE_PX = 8_192
_MAX_CODED_BYTES = 16 << 20
_PATTERN = re.compile(rb"\xff\xa0\xff[\xa2\xa4-\xa8]")


@dataclass(frozen=True, slots=True)
class WsqImage:
    """Size of a WSQ picture.

    Attributes:
        width, height: Pixels.
        size_bytes: From the start to the end-of-image marker, or to the end of the data when it is cut.
        complete: Whether the end-of-image marker is there.
    """

    width: int
    height: int
    size_bytes: int
    complete: bool


def find(data: Data, *, limit: int = MAX_RECORDS) -> Iterator[Record]:
    """Yield the WSQ pictures in the data, at any offset."""
    return scan(data, SIGNATURES, limit=limit)


def parse(data: bytes) -> WsqImage:
    """Return the size of the WSQ picture at the beginning of the data.

    Raises:
        FormatError: No frame header and no block of coefficients follow the start marker.
    """
    return _parse(data, 0)


def _parse(content: bytes, start: int) -> WsqImage:
    if not _PATTERN.match(content, start):
        raise FormatError("a WSQ picture begins with its start marker and a table or frame")
    cursor = Cursor(content, start + 2)
    width = height = 0
    for _ in range(_MAX_SEGMENTS):
        marker, length = cursor.u16(), cursor.u16()
        if marker not in _SEGMENTS or length < 2:
            raise FormatError("a segment of WSQ has an unknown marker or an impossible length")
        body = cursor.take(length - 2)
        if marker == _FRAME:
            width, height = _frame(body)
        if marker == _BLOCK:
            break
    else:
        raise FormatError(f"more than {_MAX_SEGMENTS} segments before the first block")
    if not width:
        raise FormatError("no frame header before the first block")
    end = content.find(
        _END, cursor.position, cursor.position + min(width * height + (1 << 16), _MAX_CODED_BYTES)
    )
    complete = end >= 0
    return WsqImage(width, height, (end + 2 if complete else cursor.position) - start, complete)


def _frame(body: bytes) -> tuple[int, int]:
    frame = Cursor(body, 2)
    height, width = frame.u16(), frame.u16()
    if not (1 <= width <= _MAX_SIDE_PX and 1 <= height <= _MAX_SIDE_PX):
        raise FormatError("the frame header tells an impossible size")
    return width, height


def read(content: bytes, start: int) -> tuple[Record, ...]:
    """Return the picture at `start`; without its end marker the size is that of its tables only."""
    image = _parse(content, start)
    notes = [("width_px", str(image.width)), ("height_px", str(image.height))]
    if not image.complete:
        notes += [("cut_short", "yes"), ("length", "unknown")]
    exactness = 1.0 if image.complete else 0.8
    return (Record("WSQ", start, image.size_bytes, "fingerprint", "image", 1, exactness, tuple(notes)),)


SIGNATURES = (Signature(b"\xa0\xff", (1,), _PATTERN, read),)
