"""Find the end and the comments of a JPEG 2000 codestream.

Source: ISO/IEC 15444-1, A.2 to A.4 (markers, tile parts), A.9.2 (comment); XMP part 3 (UUID box); Exiv2 and Adobe
for the box of Exif.
"""

from __future__ import annotations

__all__ = ["EXIF", "XMP", "comments", "end"]

XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""The name of a UUID box with an XMP packet."""

EXIF = b"JpgTiffExif->JP2"
"""The name of a UUID box with an Exif block."""

_TILE, _DATA, _STOP, _COMMENT = b"\xff\x90", b"\xff\x93", b"\xff\xd9", b"\xff\x64"
_TILE_HEADER = 12
_MAX_SEGMENTS = 1_000_000


def end(data: bytes, start: int, stop: int) -> int:
    """Return where a codestream ends: over its tile parts to its end; `stop` where that cannot be told."""
    return _walk(data, start, stop)[0]


def comments(stream: bytes) -> list[bytes]:
    """Return the contents of the comments in the headers of a codestream and of its tile parts."""
    return _walk(stream, 0, len(stream))[1]


def _walk(data: bytes, start: int, stop: int) -> tuple[int, list[bytes]]:
    found: list[bytes] = []
    at, tile_stop = start + 2, 0
    for _ in range(_MAX_SEGMENTS):
        marker = data[at : at + 2]
        if marker == _STOP:
            return at + 2, found
        if at + 4 > stop or marker[:1] != b"\xff":
            break
        if marker == _DATA:
            if tile_stop <= at:  # to the end of the stream
                break
            at = tile_stop
            continue
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == _TILE:
            length = int.from_bytes(data[at + 6 : at + 10], "big")
            tile_stop = at + length if length >= _TILE_HEADER + 2 else 0
        elif marker == _COMMENT:
            found.append(data[at + 6 : at + 2 + size])
        at += 2 + max(size, 2)
    return stop, found
