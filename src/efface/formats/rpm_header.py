"""Read name and version from the header of an RPM package, as the database of installed packages keeps it.

Source: RPM file format, "Header structure" (index of tag, type, offset and count, then data); rpmtag.h (NAME 1000,
VERSION 1001, type STRING 6). In the database a header stands without its magic number.
"""

from __future__ import annotations

import struct
from typing import Final

from efface.errors import FormatError

__all__ = ["name_and_version"]

_NAME, _VERSION, _STRING = 1000, 1001, 6
_HEAD: Final = struct.Struct(">II")
_ENTRY: Final = struct.Struct(">IIII")
_MOST_ENTRIES = 65_535
_LONGEST = 256


def name_and_version(header: bytes) -> tuple[str, str]:
    """Return name and version of the package whose header this is.

    Raises:
        FormatError: It is no header, or names no package.
    """
    if len(header) < _HEAD.size:
        raise FormatError("a header of RPM that is cut short")
    entries, size = _HEAD.unpack_from(header)
    data = _HEAD.size + entries * _ENTRY.size
    if entries > _MOST_ENTRIES or data + size > len(header):
        raise FormatError("a header of RPM whose index leads out of it")
    found = {_NAME: "", _VERSION: ""}
    for at in range(_HEAD.size, data, _ENTRY.size):
        tag, kind, offset, _ = _ENTRY.unpack_from(header, at)
        if tag in found and kind == _STRING and offset < size:
            found[tag] = (
                header[data + offset : data + offset + _LONGEST]
                .partition(b"\0")[0]
                .decode("utf-8", "replace")
            )
    if not found[_NAME]:
        raise FormatError("a header of RPM without a name")
    return found[_NAME], found[_VERSION]
