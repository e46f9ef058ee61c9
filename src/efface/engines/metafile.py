"""Take the bitmaps out of Windows metafiles (WMF, EMF) as pictures; what they draw is not rendered.

Pictures coded as JPEG or PNG inside EMF+ records are found by their structure (`carving`).

Source: [MS-WMF] 2.3.1 (bitmap records) and 2.2.2.3 (DIB); [MS-EMF] 2.3.1 (bitmap records).
Not promised: uncompressed EMF+ bitmaps without the plain record that usually stands beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["bitmaps", "is_metafile"]

_PLACEABLE, _PLACEABLE_BYTES = b"\xd7\xcd\xc6\x9a", 22
_WMF_STARTS = (b"\1\0\x09\0\0\3", b"\1\0\x09\0\0\1", b"\2\0\x09\0\0\3")
_WMF_HEADER = 18
# Function of a record, and where its bitmap starts in it.
_WMF_BITMAP_AT = {0x0F43: 28, 0x0B41: 26, 0x0940: 22, 0x0D33: 24, 0x0142: 10}
# Type of a record, and where it says the place and size of bitmap header and pixels.
_EMF_BITMAP_AT = {76: 84, 77: 84, 78: 84, 79: 96, 80: 48, 81: 48, 94: 16, 114: 84, 116: 84}
_MAX_RECORDS, _MAX_BITMAPS = 1_000_000, 64
_CORE, _LARGEST_HEADER = 12, 124
_MASKED, _FILES = 3, (4, 5)  # compressions: with colour masks; a JPEG or PNG


def is_metafile(data: bytes) -> bool:
    """Return whether it is a metafile."""
    return data.startswith((_PLACEABLE, *_WMF_STARTS)) or data[40:44] == b" EMF"


def bitmaps(data: bytes) -> list[tuple[str, bytes]]:
    """Return the bitmaps of a metafile as files of their own, at most 65."""
    found = []
    for header, pixels in _emf(data) if data[40:44] == b" EMF" else _wmf(data):
        picture = _as_file(header, pixels)
        if picture:
            found.append(("metafile-bitmap", picture))
        if len(found) > _MAX_BITMAPS:
            break
    return found


def _number(data: bytes, at: int, size: int = 4) -> int:
    return int.from_bytes(data[at : at + size], "little")


def _emf(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    for _ in range(_MAX_RECORDS):
        kind, size = _number(data, at), _number(data, at + 4)
        if size < 8 or at + 8 > len(data):
            return
        field = _EMF_BITMAP_AT.get(kind)
        if field is not None and field + 16 <= size:
            header, header_size, pixels, pixels_size = (_number(data, at + field + n) for n in (0, 4, 8, 12))
            if header_size and pixels_size:
                yield (
                    data[at + header : at + header + header_size],
                    data[at + pixels : at + pixels + pixels_size],
                )
        at += size


def _wmf(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = _WMF_HEADER + (_PLACEABLE_BYTES if data.startswith(_PLACEABLE) else 0)
    for _ in range(_MAX_RECORDS):
        size, function = 2 * _number(data, at), _number(data, at + 4, 2)
        if size < 6 or at + 6 > len(data):
            return
        start = _WMF_BITMAP_AT.get(function)
        if start is not None and start < size:
            bitmap = data[at + start : at + size]
            split = _colours_end(bitmap)
            yield bitmap[:split], bitmap[split:]
        at += size


def _colours_end(header: bytes) -> int:
    """Return where the pixels start behind a bitmap's header, masks and palette."""
    size = _number(header, 0)
    if size == _CORE:
        bits = _number(header, 10, 2)
        return size + (3 << bits if bits <= 8 else 0)
    bits, compression, used = _number(header, 14, 2), _number(header, 16), _number(header, 32)
    colours = used or (1 << bits if 0 < bits <= 8 else 0)
    return size + 4 * min(colours, 256) + (12 if compression == _MASKED and size == 40 else 0)


def _as_file(header: bytes, pixels: bytes) -> bytes:
    size = _number(header, 0)
    if size not in range(_CORE, _LARGEST_HEADER + 1):
        return b""
    if size > _CORE and _number(header, 16) in _FILES:
        return pixels
    start = 14 + len(header)
    total = (start + len(pixels)).to_bytes(4, "little")
    return b"BM" + total + bytes(4) + start.to_bytes(4, "little") + header + pixels
