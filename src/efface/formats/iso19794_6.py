"""Iris image records: ISO/IEC 19794-6:2005 and :2011.

Source: ISO/IEC 19794-6:2005, 6; ISO/IEC 19794-6:2011, 7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.errors import FormatError
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
    from collections.abc import Iterator

    from efface.formats.cursor import Cursor
    from efface.formats.record import Record

__all__ = ["SIGNATURES", "find", "parse", "read"]

_ISO_2005, _ISO_2011 = "ISO/IEC 19794-6:2005", "ISO/IEC 19794-6:2011"
_PATTERN = magic(b"IIR")
_HEADER_2005_BYTES = 45
_MAX_EYES = 2


def find(data: Data, *, limit: int = MAX_RECORDS) -> Iterator[Record]:
    """Yield the iris image records in the data, at any offset."""
    return scan(data, SIGNATURES, limit=limit)


def parse(data: bytes) -> Structure:
    """Walk the record at the beginning of the data; each view tells where its picture lies.

    Raises:
        FormatError: The data does not begin with a whole record of one of the two editions.
    """
    if not _PATTERN.match(data):
        raise FormatError("an iris image record begins with IIR and a version")
    return walk_strictly(data, 0, _walks(data, 0))


def read(content: bytes, start: int) -> tuple[Record, ...]:
    """Return the record at `start`, walked or known by its header."""
    return read_record(content, start, "iris", _walks(content, start), _header)


def _walks(content: bytes, start: int) -> tuple[Walk, ...]:
    return {b"010": (_iso_2005,), b"020": (_iso_2011,)}.get(content[start + 4 : start + 7], ())


def _header(cursor: Cursor) -> Structure:
    content, start = cursor.data, cursor.position
    if content[start + 4 : start + 7] == b"020":
        declared, count, _ = _header_2011(cursor)
        if not 49 <= cursor.u32() < declared:
            raise FormatError("the first representation is longer than the record")
        return Structure(_ISO_2011, declared, cursor.position, "image", (), count)
    declared, eyes, *_ = _header_2005(cursor)
    return Structure(_ISO_2005, declared, cursor.position, "image", (), eyes)


def _header_2005(cursor: Cursor) -> tuple[int, int, int, int]:
    """Return declared length, number of eyes, width and height."""
    cursor.skip(8)
    declared = cursor.u32()
    cursor.skip(2)
    eyes, header_bytes = cursor.u8(), cursor.u16()
    if header_bytes != _HEADER_2005_BYTES or not 1 <= eyes <= _MAX_EYES or declared < header_bytes:
        raise FormatError("the header of an iris record of 2005 takes 45 bytes and tells one or two eyes")
    cursor.skip(6)
    width, height = cursor.u16(), cursor.u16()
    cursor.skip(18)
    return declared, eyes, width, height


def _iso_2005(cursor: Cursor) -> Structure:
    start = cursor.position
    declared, eyes, width, height = _header_2005(cursor)
    views: list[View] = []
    for _ in range(eyes):
        eye, images = cursor.u8(), cursor.u16()
        check_count(images, "images of one eye")
        for _ in range(images):
            cursor.skip(2)
            quality = cursor.u8()
            cursor.skip(4)
            size = cursor.u32()
            offset = cursor.position
            cursor.skip(size)
            encoding = image_encoding(cursor.data[offset : offset + 8])
            score = quality if quality <= 100 else None
            views.append(View(offset, size, eye, score, width, height, encoding=encoding))
    end = check_end(cursor, start, declared)
    return Structure(_ISO_2005, declared, end, "image", tuple(views), len(views))


def _header_2011(cursor: Cursor) -> tuple[int, int, bool]:
    cursor.skip(8)
    declared, count, certified = cursor.u32(), check_count(cursor.u16(), "representations"), cursor.u8()
    eyes = cursor.u8()
    if certified > 1 or eyes > _MAX_EYES:
        raise FormatError("the certification flag or the number of eyes is impossible")
    return declared, count, bool(certified)


def _iso_2011(cursor: Cursor) -> Structure:
    start = cursor.position
    declared, count, certified = _header_2011(cursor)
    views = []
    for begin, length in representation_lengths(cursor, count, 49):
        quality = skip_2011_capture(cursor, certified=certified)
        cursor.skip(2)
        eye = cursor.u8()
        cursor.skip(3)
        width, height = cursor.u16(), cursor.u16()
        cursor.skip(1 + 6 + 12)
        size = cursor.u32()
        offset = cursor.position
        cursor.skip(size)
        encoding = image_encoding(cursor.data[offset : offset + 8])
        views.append(View(offset, size, eye, quality, width, height, encoding=encoding))
        check_end(cursor, begin, length)
    end = check_end(cursor, start, declared)
    return Structure(_ISO_2011, declared, end, "image", tuple(views), count)


SIGNATURES = (Signature(b"R\x00", (2,), _PATTERN, read),)
