"""Data groups 2 (face), 3 (fingers) and 4 (irises) of electronic travel documents, and their inner templates.

The tag byte alone says nothing: 75, 63 and 76 are letters of ASCII. What is looked for is the tag of the
template group, 7F61, with its count and its first template; the data group around it, when there is one, is
the record. A template without a biometric data object, as cards use it to say which fingers they
can compare, holds nothing biometric and is refused.

Source: ICAO Doc 9303, part 10, 4.7.2 to 4.7.4; ISO/IEC 7816-11:2004, annex D; ISO/IEC 19785-3, clause 10.
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

__all__ = ["SIGNATURES", "BiometricObject", "find", "parse", "read"]

_GROUPS = {0x75: ("ICAO DG2", "face"), 0x63: ("ICAO DG3", "fingerprint"), 0x76: ("ICAO DG4", "iris")}
_TEMPLATES, _TEMPLATE, _HEADER = 0x7F61, 0x7F60, 0xA1
_DATA_OBJECTS = {0x5F2E: "ISO/IEC 19794", 0x7F2E: "ISO/IEC 39794"}
_MODALITY_OF_TYPE = {
    0x02: "face",
    0x04: "voice",
    0x08: "fingerprint",
    0x10: "iris",
    0x20: "retina",
    0x40: "hand",
    0x80: "other",
    0x1000: "gait",
    0x4000: "gene",
    0x8000: "ear",
    0x20000: "palm",
    0x40000: "vein",
}  # ISO/IEC 19785-1 (CBEFF), biometric types as bits
_MAX_TEMPLATES = 64
_MAX_ELEMENTS = 64
_MAX_GROUP_DISTANCE = 6
_PATTERN = re.compile(rb"\x7f\x61(?:[\x00-\x7f]|\x81.|\x82..|\x83...)\x02\x01[\x01-\x40]\x7f\x60", re.DOTALL)
_INNER = re.compile(rb"(FMR|FIR|FAC|IIR)\x00[ 0-9]\d\d\x00")


@dataclass(frozen=True, slots=True)
class BiometricObject:
    """One biometric data object inside a template group.

    Attributes:
        modality: What the header's type says; the data group's own modality when it says nothing.
        offset: First byte of the object's value, from the start of the data parsed.
        size_bytes: Length of the value.
        family: "ISO/IEC 19794" for primitive objects, "ISO/IEC 39794" for constructed ones.
        inner: Identifier of the record that the value begins with, such as "FAC"; empty when unknown.
    """

    modality: str
    offset: int
    size_bytes: int
    family: str
    inner: str


def find(data: Data, *, limit: int = MAX_RECORDS) -> Iterator[Record]:
    """Yield the data groups and template groups in the data, at any offset."""
    return scan(data, SIGNATURES, limit=limit)


def parse(data: bytes) -> tuple[BiometricObject, ...]:
    """Return where the biometric data objects of the group at the beginning of the data lie.

    Raises:
        FormatError: The data does not begin with a data group 2, 3 or 4 or a template group, or it is cut.
    """
    cursor, modality = Cursor(data), "other"
    if data[:1] and data[0] in _GROUPS:
        modality = _GROUPS[data[0]][1]
        cursor.skip(1)
        if _length(cursor) > cursor.remaining:
            raise FormatError("the data group is longer than the data")
    return _objects(cursor, modality)


def read(content: bytes, start: int) -> tuple[Record, ...]:
    """Return the data group around the template group at `start`, or the template group itself."""
    outer, standard, modality, end = _data_group(content, start)
    cursor = Cursor(content, start)
    objects = _objects(cursor, modality)
    modalities = {found.modality for found in objects}
    notes = (
        ("holds", " ".join(sorted({found.inner or found.family for found in objects}))),
        ("object_bytes", " ".join(str(found.size_bytes) for found in objects[:10])),
    )
    chosen = modalities.pop() if len(modalities) == 1 else modality
    size = max(end, cursor.position) - outer
    return (Record(standard, outer, size, chosen, "container", len(objects), 1.0, notes),)


def _data_group(content: bytes, start: int) -> tuple[int, str, str, int]:
    """Return start, name, modality and end of the data group whose value begins at `start`, if any."""
    for distance in range(2, min(_MAX_GROUP_DISTANCE, start) + 1):
        tag = content[start - distance]
        if tag in _GROUPS:
            cursor = Cursor(content, start - distance + 1)
            try:
                length = _length(cursor)
            except FormatError:
                continue
            if cursor.position == start and length <= cursor.remaining:
                return start - distance, *_GROUPS[tag], start + length
    return start, "ISO/IEC 7816-11 template group", "other", start


def _objects(cursor: Cursor, modality: str) -> tuple[BiometricObject, ...]:
    if cursor.u16() != _TEMPLATES:
        raise FormatError("no biometric template group")
    group_end = _end(cursor)
    if cursor.u16() != 0x0201:
        raise FormatError("the template group does not say how many templates it holds")
    count = cursor.u8()
    if not 1 <= count <= _MAX_TEMPLATES:
        raise FormatError(f"a template group of {count} templates is none")
    found: list[BiometricObject] = []
    for _ in range(count):
        if cursor.u16() != _TEMPLATE:
            raise FormatError("something else lies where a biometric template should")
        found.extend(_template(cursor, _end(cursor), modality))
    if cursor.position > group_end:
        raise FormatError("the templates are longer than their group")
    if not found:
        raise FormatError("the templates hold no biometric data object")
    return tuple(found)


def _template(cursor: Cursor, end: int, modality: str) -> list[BiometricObject]:
    found = []
    for _ in range(_MAX_ELEMENTS):
        if cursor.position >= end:
            break
        tag = cursor.u8()
        if tag & 0x1F == 0x1F:
            tag = tag << 8 | cursor.u8()
        value_end = _end(cursor)
        if tag == _HEADER:
            modality = _modality(cursor.data[cursor.position : value_end]) or modality
        elif tag in _DATA_OBJECTS and value_end > cursor.position:
            inner = _INNER.match(cursor.data, cursor.position)
            name = inner[1].decode("ascii") if inner else ""
            size = value_end - cursor.position
            found.append(BiometricObject(modality, cursor.position, size, _DATA_OBJECTS[tag], name))
        cursor.skip(value_end - cursor.position)
    if cursor.position != end:
        raise FormatError("the elements of a biometric template do not fill it")
    return found


def _modality(header: bytes) -> str | None:
    cursor = Cursor(header)
    for _ in range(_MAX_ELEMENTS):
        if cursor.remaining < 2:
            return None
        tag = cursor.u8()
        value = cursor.take(_length(cursor))
        if tag == 0x81:
            return _MODALITY_OF_TYPE.get(int.from_bytes(value[:3], "big"))
    return None


def _end(cursor: Cursor) -> int:
    length = _length(cursor)
    if length > cursor.remaining:
        raise FormatError("an element is longer than the data")
    return cursor.position + length


def _length(cursor: Cursor) -> int:
    """Read a length of ISO/IEC 8825-1, 8.1.3, in its definite forms of up to three bytes."""
    first = cursor.u8()
    if first < 0x80:
        return first
    if first not in {0x81, 0x82, 0x83}:
        raise FormatError("a length in a form that no data group uses")
    return cursor.unsigned(first & 0x0F)


SIGNATURES = (Signature(b"\x7f\x61", (0,), _PATTERN, read),)
