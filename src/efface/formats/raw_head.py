"""Tell a camera's raw file in the clothes of a TIFF from a TIFF, by its first directory.

Source: TIFF 6.0, section 2; DNG 1.7.1 (tag 50706, photometric interpretations); the compressions of makers as
listed by LibTIFF and ExifTool; Canon's CR2 writes its letters behind the header.
"""

from __future__ import annotations

from typing import Literal

__all__ = ["tiff_type"]

_MAX_ENTRIES = 256
_SUBFILE, _COMPRESSION, _PHOTOMETRIC, _MAKE, _SUB_IFDS, _DNG = 254, 259, 262, 271, 330, 50706
_RAW_COMPRESSION = (32767, 32769, 32770, 34713, 65535)
_RAW_PHOTOMETRIC = (32803, 34892)
_REDUCED = 1


def tiff_type(head: bytes) -> str:
    """Return the media type of what begins as a TIFF: `image/tiff`, or one of raw data."""
    if head[8:10] == b"CR":
        return "image/x-canon-cr2"
    order: Literal["little", "big"] = "little" if head[:1] == b"I" else "big"
    if head[2:4] not in (b"*\0", b"\0*"):
        return "image/tiff"
    at = int.from_bytes(head[4:8], order)
    count = min(int.from_bytes(head[at : at + 2], order), _MAX_ENTRIES)
    numbers = {}
    for entry in range(at + 2, min(at + 2 + 12 * count, len(head) - 11), 12):
        tag, kind = (int.from_bytes(head[entry + n : entry + n + 2], order) for n in (0, 2))
        size = 2 if kind == 3 else 4
        numbers[tag] = int.from_bytes(head[entry + 8 : entry + 8 + size], order)
    if _DNG in numbers:
        return "image/x-adobe-dng"
    reduced = numbers.get(_SUBFILE) == _REDUCED and _SUB_IFDS in numbers and _MAKE in numbers
    coded = numbers.get(_COMPRESSION) in _RAW_COMPRESSION or numbers.get(_PHOTOMETRIC) in _RAW_PHOTOMETRIC
    return "image/x-raw" if reduced or coded else "image/tiff"
