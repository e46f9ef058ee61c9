"""Face image records: ISO/IEC 19794-5:2005 (and ANSI/INCITS 385-2004, the same bytes) and :2011.

A record is what its structure says, whatever its picture shows: a valid record may hold the picture of a dog.

Source: ISO/IEC 19794-5:2005, 5; ISO/IEC 19794-5:2011, 8.
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

_ISO_2005, _ISO_2011 = "ISO/IEC 19794-5:2005", "ISO/IEC 19794-5:2011"
_PATTERN = magic(b"FAC")
_LANDMARK_BYTES = 8


def find(data: Data, *, limit: int = MAX_RECORDS) -> Iterator[Record]:
    """Yield the face image records in the data, at any offset."""
    return scan(data, SIGNATURES, limit=limit)


def parse(data: bytes) -> Structure:
    """Walk the record at the beginning of the data; each view tells where its picture lies.

    Raises:
        FormatError: The data does not begin with a whole record of one of the two editions.
    """
    if not _PATTERN.match(data):
        raise FormatError("a face image record begins with FAC and a version")
    return walk_strictly(data, 0, _walks(data, 0))


def read(content: bytes, start: int) -> tuple[Record, ...]:
    """Return the record at `start`, walked or known by its header."""
    return read_record(content, start, "face", _walks(content, start), _header)


def _walks(content: bytes, start: int) -> tuple[Walk, ...]:
    return {b"010": (_iso_2005,), b"030": (_iso_2011,)}.get(content[start + 4 : start + 7], ())


def _header(cursor: Cursor) -> Structure:
    content, start = cursor.data, cursor.position
    edition_2011 = content[start + 4 : start + 7] == b"030"
    declared, count, certified = _header_fields(cursor, edition_2011=edition_2011)
    length, minimum = cursor.u32(), 19 if edition_2011 else 32
    if not minimum <= length < declared or certified > 1:
        raise FormatError("the first face block is longer than the record")
    standard = _ISO_2011 if edition_2011 else _ISO_2005
    return Structure(standard, declared, cursor.position, "image", (), count)


def _header_fields(cursor: Cursor, *, edition_2011: bool) -> tuple[int, int, int]:
    cursor.skip(8)
    declared, count = cursor.u32(), check_count(cursor.u16(), "faces")
    certified = cursor.u8() if edition_2011 else 0
    if edition_2011:
        cursor.skip(2)
    return declared, count, certified


def _iso_2005(cursor: Cursor) -> Structure:
    start = cursor.position
    declared, count, _ = _header_fields(cursor, edition_2011=False)
    views = []
    for begin, length in representation_lengths(cursor, count, 32):
        landmarks = cursor.u16()
        cursor.skip(14 + landmarks * _LANDMARK_BYTES)
        image_type, data_type = cursor.u8(), cursor.u8()
        width, height = cursor.u16(), cursor.u16()
        cursor.skip(6)
        offset = cursor.position
        size = begin + length - offset
        cursor.skip(size)
        encoding = image_encoding(cursor.data[offset : offset + 8])
        if encoding == "raw" and data_type > 1:
            raise FormatError("the picture is neither JPEG nor JPEG 2000")
        views.append(View(offset, size, image_type, None, width, height, points=landmarks, encoding=encoding))
    end = check_end(cursor, start, declared)
    return Structure(_ISO_2005, declared, end, "image", tuple(views), count)


def _iso_2011(cursor: Cursor) -> Structure:
    start = cursor.position
    declared, count, certified = _header_fields(cursor, edition_2011=True)
    if certified > 1:
        raise FormatError("the certification flag is neither 0 nor 1")
    views = []
    for begin, length in representation_lengths(cursor, count, 51):
        quality = skip_2011_capture(cursor, certified=False)
        landmarks = cursor.u16()
        cursor.skip(15 + landmarks * _LANDMARK_BYTES)
        image_type = cursor.u8()
        cursor.skip(1)
        width, height = cursor.u16(), cursor.u16()
        cursor.skip(5)
        size = cursor.u32()
        offset = cursor.position
        cursor.skip(size)
        encoding = image_encoding(cursor.data[offset : offset + 8])
        views.append(
            View(offset, size, image_type, quality, width, height, points=landmarks, encoding=encoding)
        )
        if begin + length < cursor.position:
            raise FormatError("the picture is longer than its representation")
        cursor.position = begin
        cursor.skip(length)
    end = check_end(cursor, start, declared)
    return Structure(_ISO_2011, declared, end, "image", tuple(views), count)


SIGNATURES = (Signature(b"C\x00", (2,), _PATTERN, read),)
