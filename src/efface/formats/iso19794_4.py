"""Finger image records: ISO/IEC 19794-4:2005 and :2011, ANSI/INCITS 381-2004.

The length field of the first editions has six bytes. ANSI adds a four-byte product identifier after it,
which moves every later field; Windows writes that form.

Not checked against a record of a real device: the layout of the 2011 edition.

Source: ISO/IEC 19794-4:2005, 7; ISO/IEC 19794-4:2011, 8; ANSI/INCITS 381-2004, 7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.errors import FormatError
from efface.formats.cursor import Cursor
from efface.formats.iso19794_family import (
    Structure,
    View,
    Walk,
    check_count,
    check_end,
    image_encoding,
    magic,
    read_record,
    representation_lengths,
    skip_2011_capture,
    walk_strictly,
)
from efface.formats.scan import MAX_RECORDS, Data, Signature, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from efface.formats.record import Record

__all__ = ["SIGNATURES", "find", "parse", "read"]

_ISO_2005, _ISO_2011, _ANSI_2004 = "ISO/IEC 19794-4:2005", "ISO/IEC 19794-4:2011", "ANSI/INCITS 381-2004"
_PATTERN = magic(b"FIR")
_VIEW_HEADER_BYTES = 14
_CODINGS = ("raw", "raw", "wsq", "jpeg", "jpeg-2000", "png")


def find(data: Data, *, limit: int = MAX_RECORDS) -> Iterator[Record]:
    """Yield the finger image records in the data, at any offset."""
    return scan(data, SIGNATURES, limit=limit)


def parse(data: bytes) -> Structure:
    """Walk the record at the beginning of the data; each view tells where its picture lies.

    Raises:
        FormatError: The data does not begin with a whole record of one of the three layouts.
    """
    if not _PATTERN.match(data):
        raise FormatError("a finger image record begins with FIR and a version")
    return walk_strictly(data, 0, _walks(data, 0))


def read(content: bytes, start: int) -> tuple[Record, ...]:
    """Return the record at `start`, walked or known by its header."""
    return read_record(content, start, "fingerprint", _walks(content, start), _header)


def _walks(content: bytes, start: int) -> tuple[Walk, ...]:
    if content[start + 4 : start + 7] == b"020":
        return (_iso_2011,)
    return _edition_1(_ISO_2005, 0), _edition_1(_ANSI_2004, 4)


def _header(cursor: Cursor) -> Structure:
    content, start = cursor.data, cursor.position
    if content[start + 4 : start + 7] == b"020":
        declared, count, _ = _iso_2011_header(cursor)
        return Structure(_ISO_2011, declared, cursor.position, "image", (), count)
    failure = FormatError("no edition fits")
    for standard, shift in ((_ISO_2005, 0), (_ANSI_2004, 4)):
        try:
            declared, count, *_ = _edition_1_header(Cursor(content, start), shift)
        except FormatError as error:
            failure = error
        else:
            return Structure(standard, declared, start + 32 + shift, "image", (), count)
    raise failure


def _edition_1_header(cursor: Cursor, shift: int) -> tuple[int, int, int, int, int]:
    """Return declared length, count, both resolutions and the compression code."""
    cursor.skip(8)
    declared = cursor.unsigned(6)
    cursor.skip(shift + 4)
    count, units = check_count(cursor.u8(), "views"), cursor.u8()
    cursor.skip(4)
    resolution_x, resolution_y = cursor.u16(), cursor.u16()
    depth, coding = cursor.u8(), cursor.u8()
    cursor.skip(2)
    if units not in {1, 2} or not 1 <= depth <= 16 or coding >= len(_CODINGS) or declared < 32 + shift:
        raise FormatError("the scale units, the depth or the compression is impossible")
    return declared, count, resolution_x, resolution_y, coding


def _edition_1(standard: str, shift: int) -> Callable[[Cursor], Structure]:
    def walk(cursor: Cursor) -> Structure:
        start = cursor.position
        declared, count, resolution_x, resolution_y, coding = _edition_1_header(cursor, shift)
        views = []
        for begin, length in representation_lengths(cursor, count, _VIEW_HEADER_BYTES):
            position = cursor.u8()
            cursor.skip(2)
            quality = cursor.u8()
            cursor.skip(1)
            width, height = cursor.u16(), cursor.u16()
            cursor.skip(1)
            size = length - _VIEW_HEADER_BYTES
            score = quality if quality <= 100 else None
            views.append(
                View(
                    begin + _VIEW_HEADER_BYTES, size, position, score, width, height,
                    resolution_x, resolution_y, 0, _CODINGS[coding],
                )
            )  # fmt: skip
            cursor.skip(size)
        end = check_end(cursor, start, declared)
        return Structure(standard, declared, end, "image", tuple(views), count)

    return walk


def _iso_2011_header(cursor: Cursor) -> tuple[int, int, bool]:
    cursor.skip(8)
    declared, count, certified = cursor.u32(), check_count(cursor.u16(), "representations"), cursor.u8()
    positions = cursor.u8()
    if certified > 1 or positions == 0 or declared < 16 + 41:
        raise FormatError("the header of the 2011 edition is impossible")
    return declared, count, bool(certified)


def _iso_2011(cursor: Cursor) -> Structure:
    start = cursor.position
    declared, count, certified = _iso_2011_header(cursor)
    views = []
    for begin, length in representation_lengths(cursor, count, 41):
        quality = skip_2011_capture(cursor, certified=certified)
        position = cursor.u8()
        cursor.skip(2 + 4)
        resolution_x, resolution_y = cursor.u16(), cursor.u16()
        cursor.skip(3)
        width, height = cursor.u16(), cursor.u16()
        size = cursor.u32()
        offset = cursor.position
        cursor.skip(size)
        encoding = image_encoding(cursor.data[offset : offset + 8])
        views.append(
            View(offset, size, position, quality, width, height, resolution_x, resolution_y, 0, encoding)
        )
        check_end(cursor, begin, length)
    end = check_end(cursor, start, declared)
    return Structure(_ISO_2011, declared, end, "image", tuple(views), count)


SIGNATURES = (Signature(b"R\x00", (2,), _PATTERN, read),)
