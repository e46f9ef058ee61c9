"""Clean the ancillary chunks of a PNG: keep those that describe, drop those that may hold a copy.

Source: Portable Network Graphics, third edition, 11.2 and 11.3; XMP part 3 (PNG).
"""

from __future__ import annotations

import zlib

from efface.engines.colour_profile import clean_profile
from efface.engines.picture_metadata import clean_exif, clean_xmp, holds_picture

__all__ = ["clean_chunk"]

_KEPT = frozenset(b"PLTE tRNS IEND acTL gAMA cHRM sRGB sBIT cICP mDCV cLLI pHYs tIME bKGD hIST sPLT".split())
_MAX_TEXT = 64 * 1024 * 1024  # bytes that a compressed text may unpack to
_XMP = b"XML:com.adobe.xmp"
_RAW_PROFILE = b"Raw profile type"


def clean_chunk(kind: bytes, body: bytes) -> bytes | None:
    """Return a chunk's body as it may be kept, or None where the chunk goes."""
    if kind == b"iCCP":
        return _profile(body)
    if kind in _KEPT:
        return body
    if kind == b"eXIf":
        return clean_exif(body.removeprefix(b"Exif\0\0"))
    return _text(kind, body)


def _text(kind: bytes, body: bytes) -> bytes | None:
    keyword, mark, rest = body.partition(b"\0")
    if not mark or keyword.startswith(_RAW_PROFILE):
        return None
    if kind == b"tEXt":
        return None if holds_picture(rest) else body
    if kind == b"zTXt":
        return None if holds_picture(_unpacked(rest[1:])) else body
    return _international(keyword, rest, body) if kind == b"iTXt" else None


def _profile(body: bytes) -> bytes | None:
    """Return a colour profile's chunk as it may be kept."""
    name, _, packed = body.partition(b"\0")
    profile = _unpacked(packed[1:])
    cleaned = clean_profile(profile)
    if cleaned is None or cleaned == profile:
        return None if cleaned is None else body
    return name + b"\0\0" + zlib.compress(cleaned)


def _international(keyword: bytes, rest: bytes, body: bytes) -> bytes | None:
    """Return an iTXt chunk as it may be kept: flag, method, language, translated keyword, text."""
    fields = rest[2:].split(b"\0", 2)
    if len(fields) != 3:
        return None
    text = _unpacked(fields[2]) if rest[:1] == b"\1" else fields[2]
    if keyword != _XMP:
        return None if holds_picture(text) else body
    packet = clean_xmp(text)
    if packet is None:
        return None
    if packet == text:
        return body
    return keyword + b"\0\0\0" + fields[0] + b"\0" + fields[1] + b"\0" + packet


def _unpacked(block: bytes) -> bytes:
    """Return compressed text; what cannot be unpacked counts as a picture, so that it goes."""
    try:
        worker = zlib.decompressobj()
        text = worker.decompress(block, _MAX_TEXT)
    except zlib.error:
        return b"\xff\xd8\xff"
    return text if worker.eof else b"\xff\xd8\xff"
