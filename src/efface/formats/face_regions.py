"""Take the boxes and names of faces out of what photo programs write beside a picture.

`.picasa.ini`: of one picture the lines `faces=`. XMP: the elements and attributes of the region schemas of the
Metadata Working Group, Microsoft and Adobe's IPTC extension; all other bytes stay as they are.

Not promised: names of people in keywords, captions or lists of contacts.
Source: Metadata Working Group, Guidelines for Handling Image Metadata 2.0, 5.9 (mwg-rs); Microsoft Photo 1.2
schema (RegionInfo); IPTC Photo Metadata Standard 2024.1 (ImageRegion); Picasa 3 (`faces=rect64(...)`).
"""

from __future__ import annotations

import re
from xml.parsers import expat

from efface.errors import FormatError

__all__ = ["has_picasa_faces", "has_regions", "without_picasa_faces", "without_regions"]

_SECTION = re.compile(rb"^\[(.*?)\]\s*$")
_FACES = (b"faces=", b"facesnotmoved=")
_SCHEMAS = {
    "http://www.metadataworkinggroup.com/schemas/regions/": {"Regions"},
    "http://ns.microsoft.com/photo/1.2/": {"RegionInfo"},
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": {"ImageRegion", "PersonInImage", "PersonInImageWDetails"},
}


def has_picasa_faces(data: bytes, name: str) -> bool:
    """Return whether a `.picasa.ini` tells of faces in a picture."""
    return without_picasa_faces(data, name) != data


def without_picasa_faces(data: bytes, name: str) -> bytes:
    """Return a `.picasa.ini` without the faces of one picture; every other line stays, byte for byte."""
    inside, kept = False, []
    for line in data.splitlines(keepends=True):
        if section := _SECTION.match(line):
            inside = section[1].decode("utf-8", "surrogateescape").lower() == name.lower()
        if not (inside and line.lower().startswith(_FACES)):
            kept.append(line)
    return b"".join(kept)


def has_regions(data: bytes) -> bool:
    """Return whether an XMP document holds regions of faces.

    Raises:
        FormatError: It is no well-formed XML in UTF-8.
    """
    return bool(_spans(data))


def without_regions(data: bytes) -> bytes:
    """Return an XMP document without regions of faces.

    Raises:
        FormatError: It is no well-formed XML in UTF-8, or would not be afterwards.
    """
    result = data
    for start, stop in reversed(_spans(data)):
        result = result[:start] + result[stop:]
    if _spans(result):
        raise FormatError("regions of faces are left in the XMP document")
    return result


def _spans(data: bytes) -> list[tuple[int, int]]:
    """Return where the outermost elements of regions stand."""
    parser = expat.ParserCreate("utf-8", " ")
    found: list[tuple[int, int]] = []
    depth, begun = 0, 0

    def opened(name: str, _attributes: object) -> None:
        nonlocal depth, begun
        schema, _, local = name.rpartition(" ")
        if depth or local in _SCHEMAS.get(schema, ()):
            begun = begun if depth else parser.CurrentByteIndex
            depth += 1

    def closed(_name: str) -> None:
        nonlocal depth
        if depth:
            depth -= 1
            if not depth:
                opening, at = data.find(b">", begun) + 1, parser.CurrentByteIndex
                is_empty = data[opening - 2 : opening] == b"/>" and at in (begun, opening)
                found.append((begun, opening if is_empty else data.find(b">", at) + 1))

    def refuse(*_: object) -> None:
        raise FormatError("an XMP document with entities of its own")

    parser.StartElementHandler, parser.EndElementHandler = opened, closed
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise FormatError(f"no well-formed XMP document (error {error.code})") from None
    return found
