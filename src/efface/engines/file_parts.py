"""Split a picture file into its metadata blocks, second images and trailer, by its structure alone.

Source: ITU-T T.81 B.1.1 (JPEG markers); CIPA DC-007, 5.2 (MPF index); Exif 3.0, 4.7.2 (APP1); XMP part 3
(APP1, extended XMP); Adobe Photoshop file formats (APP13); PNG third edition, 5.3; WebP container; GIF89a;
TIFF 6.0.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from efface.engines.tiff_directory import chain

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Parts", "split"]

_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_EXTENDED_HEADER = len(_EXTENDED_XMP) + 32 + 4 + 4  # name, digest, full length, offset
_PHOTOSHOP = b"Photoshop 3.0\0"
_MPF = b"MPF\0"
_MPF_ENTRIES = 0xB002  # 16 bytes an image: attribute, size, offset, two dependent images
_STANDALONE = {0x01, *range(0xD0, 0xD8)}  # JPEG markers without a length
_START_OF_SCAN, _END, _APP1, _APP2, _APP13 = 0xDA, 0xD9, 0xE1, 0xE2, 0xED
_TIFF_XMP, _TIFF_PHOTOSHOP = 700, 34377
_MAX_SECOND = 16


@dataclass(slots=True)
class Parts:
    """What a picture file holds besides its picture."""

    exif: list[bytes] = field(default_factory=list)
    xmp: list[bytes] = field(default_factory=list)
    compressed_xmp: list[bytes] = field(default_factory=list)
    photoshop: list[bytes] = field(default_factory=list)
    second_images: list[tuple[str, bytes]] = field(default_factory=list)
    tiff: bytes = b""
    trailer: bytes = b""


def split(data: bytes) -> Parts:
    """Return the parts of a JPEG, PNG, WebP, GIF or TIFF file; empty parts for anything else."""
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(data)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _webp(data)
    if data.startswith((b"GIF87a", b"GIF89a")):
        return Parts(trailer=data[_gif_end(data) :])
    if data.startswith((b"II*\0", b"MM\0*")):
        return _tiff(data)
    return Parts()


def _jpeg(data: bytes) -> Parts:
    parts = Parts()
    extended: dict[bytes, list[bytes]] = defaultdict(list)
    index = None
    end = len(data)
    for marker, start, stop in _segments(data):
        body = data[start:stop]
        if marker == _END:
            end = stop
        elif marker == _APP1 and body.startswith(_EXIF):
            parts.exif.append(body[len(_EXIF) :])
        elif marker == _APP1 and body.startswith(_XMP):
            parts.xmp.append(body[len(_XMP) :])
        elif marker == _APP1 and body.startswith(_EXTENDED_XMP):
            extended[body[len(_EXTENDED_XMP) : len(_EXTENDED_XMP) + 32]].append(body[_EXTENDED_HEADER:])
        elif marker == _APP13 and body.startswith(_PHOTOSHOP):
            parts.photoshop.append(body[len(_PHOTOSHOP) :])
        elif marker == _APP2 and body.startswith(_MPF):
            index = index or start + len(_MPF)
    parts.xmp += [b"".join(pieces) for pieces in extended.values()]
    spans = _second_images(data, index) if index else []
    parts.second_images = [(f"mpf-{number}", data[start:stop]) for number, start, stop in spans]
    parts.trailer = _without(data, end, [(start, stop) for _, start, stop in spans])
    return parts


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and stop of each segment's body, up to the end of the first image."""
    at = 2
    while at + 2 <= len(data):
        at = _next_marker(data, at)
        if at < 0:
            return
        marker = data[at + 1]
        at += 2
        if marker == _END:
            yield marker, at, at
            return
        if marker in _STANDALONE:
            continue
        size = int.from_bytes(data[at : at + 2], "big")
        yield marker, at + 2, at + size
        at += max(size, 2)


def _next_marker(data: bytes, at: int) -> int:
    """Return where the next marker starts, over scan data, fill bytes and stuffed bytes; -1 at the end."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        if data[at + 1] == 0xFF:
            at += 1
        elif data[at + 1] == 0 or data[at + 1] in _STANDALONE:
            at += 2
        else:
            return at
    return -1


def _second_images(data: bytes, index: int) -> list[tuple[int, int, int]]:
    """Return number, start and stop of the images that the MPF index names, the first one excepted."""
    block = data[index:]
    spans = []
    for directory in chain(block)[:1]:
        _, size, where = directory.entries.get(_MPF_ENTRIES, (0, 0, b""))
        table = int.from_bytes(where, directory.order)
        for number in range(2, min(size // 16, _MAX_SECOND) + 1):
            entry = block[table + 16 * (number - 1) : table + 16 * number]
            length = int.from_bytes(entry[4:8], directory.order)
            offset = int.from_bytes(entry[8:12], directory.order)
            start = index + offset
            if offset and length and data.startswith(b"\xff\xd8", start):
                spans.append((number, start, min(start + length, len(data))))
    return spans


def _without(data: bytes, start: int, spans: list[tuple[int, int]]) -> bytes:
    """Return what lies behind `start` and in none of the spans."""
    pieces = []
    for first, last in sorted(spans):
        pieces.append(data[start : max(first, start)])
        start = max(start, last)
    return b"".join([*pieces, data[start:]])


def _png(data: bytes) -> Parts:
    parts = Parts()
    at = 8
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        at += 12 + size
        if kind == b"eXIf":
            parts.exif.append(body.removeprefix(_EXIF))
        elif kind == b"iTXt" and body.startswith(b"XML:com.adobe.xmp\0"):
            _png_xmp(parts, body[len(b"XML:com.adobe.xmp\0") :])
        elif kind == b"IEND":
            parts.trailer = data[at:]
            break
    return parts


def _png_xmp(parts: Parts, body: bytes) -> None:
    text = body[2:].split(b"\0", 2)[-1]  # behind language and translated keyword
    (parts.compressed_xmp if body[:1] == b"\1" else parts.xmp).append(text)


def _webp(data: bytes) -> Parts:
    end = 8 + int.from_bytes(data[4:8], "little")
    parts = Parts(trailer=data[end + end % 2 :])
    at = 12
    while at + 8 <= min(end, len(data)):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        kind, body = data[at : at + 4], data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
        if kind == b"EXIF":
            parts.exif.append(body.removeprefix(_EXIF))
        elif kind == b"XMP ":
            parts.xmp.append(body)
    return parts


def _gif_end(data: bytes) -> int:
    """Return where a GIF ends: behind its trailer byte, or at the end when its blocks do not reach it."""
    at = 13 + _colour_table(data, 10)
    while at < len(data):
        match data[at]:
            case 0x3B:
                return at + 1
            case 0x21:
                at = _skip_blocks(data, at + 2)
            case 0x2C:
                at = _skip_blocks(data, at + 11 + _colour_table(data, at + 9))
            case _:
                break
    return len(data)


def _colour_table(data: bytes, flags_at: int) -> int:
    flags = data[flags_at] if flags_at < len(data) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _skip_blocks(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1


def _tiff(data: bytes) -> Parts:
    parts = Parts(tiff=data)
    for directory in chain(data):
        for tag, found in ((_TIFF_XMP, parts.xmp), (_TIFF_PHOTOSHOP, parts.photoshop)):
            _, size, where = directory.entries.get(tag, (0, 0, b""))
            at = int.from_bytes(where, directory.order)
            if size > 4:
                found.append(data[at : at + size])
    return parts
