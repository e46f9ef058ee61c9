"""Finger minutiae records: ISO/IEC 19794-2:2005 and :2011, ANSI/INCITS 378-2004, -2009 and its amendment 1.

All of them begin with `FMR` and a version, and the version does not tell the standards apart:
` 20` (or `020`) is ISO 2005 or ANSI 2004: ANSI keeps its length in the two bytes at 8, where ISO has the
high half of four; a length that does not fit two bytes is written there by ANSI as zero and four bytes.
`030` is ISO 2011, ANSI 2009, or the ANSI draft of 2007 with a shorter header: the walk that ends where it
should decides. `035` is ANSI 2009 with amendment 1.

Not detectable by bytes: the compact card formats, which have no header at all.

Source: ISO/IEC 19794-2:2005, 7.3; ISO/IEC 19794-2:2011, 8; ANSI/INCITS 378-2004, 6.4; ANSI/INCITS 378-2009.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.errors import FormatError
from efface.formats.cursor import Cursor
from efface.formats.iso19794_family import (
    TOLERANCE_BYTES,
    Structure,
    View,
    Walk,
    check_count,
    check_end,
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

MINUTIA_BYTES = 6
MIN_RESOLUTION = 99  # pixels per centimetre: 250 dpi, ISO/IEC 19794-2:2005, 7.3.8
MAX_FINGER_POSITION = 60
_ISO_2005, _ISO_2011 = "ISO/IEC 19794-2:2005", "ISO/IEC 19794-2:2011"
_ANSI_2004, _ANSI_2009, _ANSI_AM1 = "ANSI/INCITS 378-2004", "ANSI/INCITS 378-2009", "ANSI/INCITS 378-2009/Am1"
_PATTERN = magic(b"FMR")


def find(data: Data, *, limit: int = MAX_RECORDS) -> Iterator[Record]:
    """Yield the finger minutiae records in the data, at any offset."""
    return scan(data, SIGNATURES, limit=limit)


def parse(data: bytes) -> Structure:
    """Walk the record at the beginning of the data; bytes after it are allowed.

    Raises:
        FormatError: The data does not begin with a whole record of one of the five layouts.
    """
    if not _PATTERN.match(data):
        raise FormatError("a finger minutiae record begins with FMR and a version")
    return walk_strictly(data, 0, _walks(data, 0))


def read(content: bytes, start: int) -> tuple[Record, ...]:
    """Return the record at `start`, walked or known by its header."""
    return read_record(content, start, "fingerprint", _walks(content, start), _header)


def _walks(content: bytes, start: int) -> tuple[Walk, ...]:
    version = content[start + 4 : start + 7]
    if version == b"035":
        return (_ansi_2009(_ANSI_AM1, certified=True),)
    if version == b"030":
        return _iso_2011, _ansi_2009(_ANSI_2009, certified=True), _ansi_2009(_ANSI_2009, certified=False)
    if version in {b" 20", b"020"}:
        return (_ansi_2004,) if _is_ansi_2004(content, start) else (_iso_2005,)
    return ()


def _is_ansi_2004(content: bytes, start: int) -> bool:
    cursor = Cursor(content, start + 8)
    short, low = cursor.u16(), cursor.u16()
    return short >= 26 or (short == 0 and low < 24)


def _header(cursor: Cursor) -> Structure:
    """Judge a record by its header alone: a cut record is still a record of a person."""
    content, start = cursor.data, cursor.position
    version = content[start + 4 : start + 7]
    if version in {b" 20", b"020"}:
        ansi = _is_ansi_2004(content, start)
        declared, _, count = (_ansi_2004_header if ansi else _iso_2005_header)(cursor)
        standard = _ANSI_2004 if ansi else _ISO_2005
    elif version in {b"030", b"035"}:
        standard, declared, count = _header_2009_or_2011(cursor, version)
    else:
        raise FormatError("no edition of the standard is known for this version")
    if declared < 24:
        raise FormatError("the declared length is shorter than the header")
    return Structure(standard, declared, cursor.position, "template", (), count)


def _header_2009_or_2011(cursor: Cursor, version: bytes) -> tuple[str, int, int]:
    cursor.skip(8)
    declared, count, certified = cursor.u32(), cursor.u16(), cursor.u8()
    length = cursor.u32()
    if version == b"030" and 1 <= count <= 255 and certified <= 1 and 34 <= length <= declared - 15:
        return _ISO_2011, declared, count
    cursor.position -= 11
    cursor.skip(7)
    views, reserved = cursor.u8(), cursor.u8()
    position, number = cursor.u8(), cursor.u8()
    if reserved or position > MAX_FINGER_POSITION or number > 15:
        raise FormatError("the header fits no edition of the standard")
    standard = _ANSI_AM1 if version == b"035" else _ANSI_2009
    return standard, declared, check_count(views, "views")


def _check_geometry(
    width: int, height: int, resolution_x: int, resolution_y: int
) -> tuple[int, int, int, int]:
    if not (width and height and resolution_x >= MIN_RESOLUTION and resolution_y >= MIN_RESOLUTION):
        raise FormatError("the image size or the resolution is impossible")
    return width, height, resolution_x, resolution_y


_Geometry = tuple[int, int, int, int]


def _iso_2005_header(cursor: Cursor) -> tuple[int, _Geometry, int]:
    cursor.skip(8)
    declared = cursor.u32()
    cursor.skip(2)
    return declared, *_geometry_and_count(cursor)


def _ansi_2004_header(cursor: Cursor) -> tuple[int, _Geometry, int]:
    cursor.skip(8)
    declared = cursor.u16() or cursor.u32()
    cursor.skip(6)
    return declared, *_geometry_and_count(cursor)


def _geometry_and_count(cursor: Cursor) -> tuple[_Geometry, int]:
    geometry = _check_geometry(cursor.u16(), cursor.u16(), cursor.u16(), cursor.u16())
    count, reserved = cursor.u8(), cursor.u8()
    if reserved:
        raise FormatError("the reserved byte of the header is not zero")
    return geometry, check_count(count, "views")


def _walk_with(
    header: Callable[[Cursor], tuple[int, _Geometry, int]], standard: str, cursor: Cursor
) -> Structure:
    start = cursor.position
    declared, geometry, count = header(cursor)
    views = []
    for _ in range(count):
        position = _finger_position(cursor)
        cursor.skip(1)
        quality = _quality(cursor)
        views.append(_minutiae(cursor, (cursor.u8(), MINUTIA_BYTES), position, quality, geometry))
    end = check_end(cursor, start, declared)
    return Structure(standard, declared, end, "template", tuple(views), count)


def _iso_2005(cursor: Cursor) -> Structure:
    return _walk_with(_iso_2005_header, _ISO_2005, cursor)


def _ansi_2004(cursor: Cursor) -> Structure:
    return _walk_with(_ansi_2004_header, _ANSI_2004, cursor)


def _ansi_2009(standard: str, *, certified: bool) -> Walk:
    """Return the walk of ANSI 2009; the draft of 2007 lacks the byte with the certification flag."""

    def walk(cursor: Cursor) -> Structure:
        start = cursor.position
        cursor.skip(8)
        declared = cursor.u32()
        cursor.skip(7 if certified else 6)
        count, reserved = check_count(cursor.u8(), "views"), cursor.u8()
        if reserved:
            raise FormatError("the reserved byte of the header is not zero")
        views = []
        for _ in range(count):
            position = _finger_position(cursor)
            cursor.skip(2)
            quality = _quality(cursor)
            cursor.skip(4)
            geometry = _check_geometry(cursor.u16(), cursor.u16(), cursor.u16(), cursor.u16())
            views.append(_minutiae(cursor, (cursor.u8(), MINUTIA_BYTES), position, quality, geometry))
        end = check_end(cursor, start, declared)
        return Structure(standard, declared, end, "template", tuple(views), count)

    return walk


def _iso_2011(cursor: Cursor) -> Structure:
    start = cursor.position
    cursor.skip(8)
    declared, count, certified = cursor.u32(), check_count(cursor.u16(), "representations"), cursor.u8()
    if certified > 1:
        raise FormatError("the certification flag is neither 0 nor 1")
    views = []
    for begin, length in representation_lengths(cursor, count, 34):
        quality = skip_2011_capture(cursor, certified=bool(certified))
        position = _finger_position(cursor)
        cursor.skip(1)
        resolution = cursor.u16(), cursor.u16()
        cursor.skip(1)
        geometry = _check_geometry(cursor.u16(), cursor.u16(), *resolution)
        minutia_bytes = cursor.u8() >> 4
        if minutia_bytes not in {5, 6}:
            raise FormatError(f"a minutia takes 5 or 6 bytes, not {minutia_bytes}")
        views.append(_minutiae(cursor, (cursor.u8(), minutia_bytes), position, quality, geometry))
        check_end(cursor, begin, length)
        cursor.position = begin
        cursor.skip(length)
    end = check_end(cursor, start, declared)
    return Structure(_ISO_2011, declared, end, "template", tuple(views), count)


def _finger_position(cursor: Cursor) -> int:
    position = cursor.u8()
    if position > MAX_FINGER_POSITION:
        raise FormatError(f"{position} is no finger position")
    return position


def _quality(cursor: Cursor) -> int | None:
    quality = cursor.u8()
    if 100 < quality < 254:
        raise FormatError(f"{quality} is no quality score")
    return quality if quality <= 100 else None


def _minutiae(
    cursor: Cursor, size: tuple[int, int], position: int, quality: int | None, geometry: _Geometry
) -> View:
    count, minutia_bytes = size
    offset = cursor.position
    cursor.skip(count * minutia_bytes)
    _skip_extended_data(cursor)
    return View(offset, count * minutia_bytes, position, quality, *geometry, count, "minutiae")


def _skip_extended_data(cursor: Cursor) -> None:
    """Skip the extended data, which in a published sample claims one byte more than the record has."""
    length = cursor.u16()
    if cursor.remaining < length <= cursor.remaining + TOLERANCE_BYTES:
        length = cursor.remaining
    cursor.skip(length)


SIGNATURES = (Signature(b"R\x00", (2,), _PATTERN, read),)
