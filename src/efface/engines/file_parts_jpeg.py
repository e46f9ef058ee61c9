"""Split a JPEG into its metadata blocks, second images and trailer.

Source: ITU-T T.81 B.1.1 (markers); JFIF 1.02 (thumbnail, JFXX extension); CIPA DC-007, 5.2 (MPF index); Exif
3.0, 4.7.2 (APP1); XMP part 3 (APP1, extended XMP); Adobe Photoshop file formats (APP13); ISO/IEC 19566-5
(JUMBF in APP11). Makers put previews into APP2 to APP10, over several segments.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from efface.engines.carving import without
from efface.engines.picture_blocks import Parts, pixmap
from efface.engines.tiff_directory import chain, is_tiff

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["split_jpeg"]

_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_EXTENDED_OFFSET = len(_EXTENDED_XMP) + 32 + 4  # behind name, digest and full length
_PHOTOSHOP, _MPF, _ICC, _JFIF, _JFXX = b"Photoshop 3.0\0", b"MPF\0", b"ICC_PROFILE\0", b"JFIF\0", b"JFXX\0"
_JUMBF, _JUMBF_HEADER = b"JP", 8  # common identifier, instance, packet number
_MPF_ENTRIES = 0xB002  # 16 bytes an image: attribute, size, offset, two dependent images
_START, _END, _APP0, _APP1, _APP2, _APP11, _APP13, _COMMENT = 0xD8, 0xD9, 0xE0, 0xE1, 0xE2, 0xEB, 0xED, 0xFE
_APPLICATION = range(0xE0, 0xF0)
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]", re.DOTALL)  # neither stuffed, nor fill, nor restart
_MAX_SECOND = 64


def split_jpeg(data: bytes) -> Parts:
    """Return the parts of a JPEG file."""
    reader = _Reader()
    end = len(data)
    index = None
    for marker, start, stop in _segments(data):
        if marker == _END:
            end = stop
            break
        if marker == _APP2 and data.startswith(_MPF, start):
            index = index or start + len(_MPF)
        elif marker in _APPLICATION or marker == _COMMENT:
            reader.take(marker, data[start:stop])
    parts = reader.result()
    spans = _second_images(data, index) if index else []
    parts.pictures += [(f"mpf-{number}", data[start:stop]) for number, start, stop in spans]
    parts.trailer = without(data, [(start, stop) for _, start, stop in spans], end)
    return parts


class _Reader:
    """Sorts the metadata segments of a JPEG."""

    def __init__(self) -> None:
        self._parts = Parts()
        self._extended: dict[bytes, list[tuple[int, bytes]]] = defaultdict(list)
        self._jumbf: list[bytes] = []
        self._others: list[bytes] = []
        self._profile: list[bytes] = []

    def take(self, marker: int, body: bytes) -> None:
        parts = self._parts
        if marker == _APP0 and body.startswith((_JFIF, _JFXX)):
            parts.pictures += _jfif(body)
        elif marker == _APP1 and body.startswith(_EXIF):
            block = body[len(_EXIF) :]
            if parts.exif and not is_tiff(block):  # a block of more than one segment goes on
                parts.exif[-1] += block
            else:
                parts.exif.append(block)
        elif marker == _APP1 and body.startswith(_XMP):
            parts.xmp.append(body[len(_XMP) :])
        elif marker == _APP1 and body.startswith(_EXTENDED_XMP):
            at = _EXTENDED_OFFSET
            key = body[len(_EXTENDED_XMP) : len(_EXTENDED_XMP) + 32]
            self._extended[key].append((int.from_bytes(body[at : at + 4], "big"), body[at + 4 :]))
        elif marker == _APP11 and body.startswith(_JUMBF):
            first = int.from_bytes(body[4:8], "big") <= 1
            # Each further packet repeats the header of its box.
            self._jumbf.append(body[_JUMBF_HEADER if first else _JUMBF_HEADER + 8 :])
        elif marker == _APP13 and body.startswith(_PHOTOSHOP):
            parts.photoshop.append(body[len(_PHOTOSHOP) :])
        elif marker == _COMMENT:
            parts.texts.append(body)
        elif body.startswith(_ICC):
            self._profile.append(body[len(_ICC) + 2 :])
        else:
            self._others.append(body)

    def result(self) -> Parts:
        parts = self._parts
        for pieces in self._extended.values():
            pieces.sort(key=lambda piece: piece[0])
            parts.xmp.append(b"".join(piece for _, piece in pieces))
        parts.blocks.append(("provenance-thumbnail", b"".join(self._jumbf)))
        parts.blocks.append(("profile-picture", b"".join(self._profile)))
        parts.blocks.append(("segment-preview", b"".join(self._others)))
        return parts


def _jfif(body: bytes) -> list[tuple[str, bytes]]:
    """Return the uncompressed thumbnail of a JFIF segment, or the one of its extension."""
    if body.startswith(_JFIF):
        width, height = (*body[12:14], 0, 0)[:2]
        return [("jfif-thumbnail", pixmap(width, height, body[14:]))] if width and height else []
    code, rest = body[5:6], body[6:]
    if code == b"\x10":
        return [("jfxx-thumbnail", rest)]
    width, height = (*rest[:2], 0, 0)[:2]
    if code == b"\x11":
        palette = rest[2:770].ljust(768, b"\0")
        rest = rest[:2] + b"".join(palette[3 * value : 3 * value + 3] for value in rest[770:])
    return [("jfxx-thumbnail", pixmap(width, height, rest[2:]))] if width and height else []


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and stop of each segment's body, up to the end of the first image.

    The end is where the end marker says, or where another image starts before it.
    """
    at = 2
    while found := _MARKER.search(data, at):
        at = found.end()
        marker = data[at - 1]
        if marker == _START:
            yield _END, at - 2, at - 2
            return
        if marker == _END:
            yield marker, at, at
            return
        size = max(int.from_bytes(data[at : at + 2], "big"), 2)
        yield marker, at + 2, at + size
        at += size


def _second_images(data: bytes, index: int) -> list[tuple[int, int, int]]:
    """Return number, start and stop of the images that the MPF index names, the first one excepted."""
    spans = []
    for directory in chain(data[index:])[:1]:
        table = directory.value(_MPF_ENTRIES)
        for number in range(2, min(len(table) // 16, _MAX_SECOND) + 1):
            entry = table[16 * (number - 1) : 16 * number]
            length = int.from_bytes(entry[4:8], directory.order)
            offset = int.from_bytes(entry[8:12], directory.order)
            start = index + offset
            if offset and length and data.startswith(b"\xff\xd8", start):
                spans.append((number, start, min(start + length, len(data))))
    return spans
