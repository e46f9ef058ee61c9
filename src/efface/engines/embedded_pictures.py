"""Find the copies of a picture that travel inside its file: thumbnails, previews, second images, trailers.

A viewer shows none of them, an editor may leave them as they were, and each may show the face that was
removed from the picture itself. Nothing here raises: a broken structure hides no copy that it does not
contain, and the picture as a whole is judged by the decoder.

Not handled here: JPEG 2000 and AVIF boxes; text chunks of ImageMagick's raw profiles.

Source: Exif 3.0 (IFD1, tags 273, 513, 514); TIFF 6.0 and its SubIFDs (tag 330); CIPA DC-007 (MPF);
Adobe Photoshop file formats (image resources 1033 and 1036); XMP part 1 and 3 (thumbnails, extended XMP);
ITU-T T.81 B.1.1 (markers); PNG third edition, 5.3; RIFF of WebP; GIF89a.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import zlib
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from efface.engines.file_parts import Parts, split
from efface.engines.tiff_directory import ENTRY_IMAGE, chain, pointed, sub_directories

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["EmbeddedPicture", "thumbnails"]

MAX_PICTURES = 64  # in one file; a camera writes one to four
_MAX_COPIES = 8  # times the file's size: what all copies together may be
_MAX_UNPACKED = 64 * 1024 * 1024  # bytes of compressed metadata

_JPEG_START = b"\xff\xd8\xff"
_SIGNATURES = (_JPEG_START, b"\x89PNG\r\n\x1a\n")
_PHOTOSHOP_THUMBNAILS = (1033, 1036)
_PHOTOSHOP_HEADER = 28  # bytes before the JPEG in such a resource
_BASE64_PICTURE = re.compile(
    rb"(?:/9j/|iVBORw0KGgo)[A-Za-z0-9+/=\s]*(?:&#x?[0-9A-Fa-f]{1,4};[A-Za-z0-9+/=\s]*)*"
)
_ENTITY = re.compile(rb"&#x?[0-9A-Fa-f]{1,4};|\s")
_PADDING = b"\0\xff \t\r\n"
_PADDING_BEFORE = b"\0 \t\r\n"  # a JPEG begins with ff
_PICTURE_START = re.compile(b"|".join(map(re.escape, _SIGNATURES)))


@dataclass(frozen=True, slots=True)
class EmbeddedPicture:
    """A copy inside a picture's file.

    Attributes:
        name: Where it lies: `exif-thumbnail`, `exif-preview-2`, `mpf-2`, `photoshop-thumbnail`,
            `xmp-thumbnail`, `tiff-subifd-1`, `trailer` ...; unique within one file.
        data: Its bytes: a picture file of its own, except for a trailer, which may be anything.
    """

    name: str
    data: bytes

    def __repr__(self) -> str:
        return f"EmbeddedPicture({self.name!r}, {len(self.data)} bytes)"


def thumbnails(data: bytes) -> Iterator[EmbeddedPicture]:
    """Yield every embedded copy of a picture file, each once.

    Args:
        data: The bytes of a JPEG, PNG, WebP, TIFF or GIF file; nothing is yielded for others.

    Limits: 64 copies, together at most 8 times the size of the file.

    Not promised: that a copy can be decoded; hand it to `frames` and see.
    """
    names: set[str] = set()
    seen: set[bytes] = set()
    budget = _MAX_COPIES * len(data)
    for name, copy in _copies(split(data)):
        digest = hashlib.sha256(copy).digest()
        budget -= len(copy)
        if not copy or digest in seen or budget < 0:
            continue
        seen.add(digest)
        unique, number = name, 1
        while unique in names:
            number += 1
            unique = f"{name}-{number}"
        names.add(unique)
        yield EmbeddedPicture(unique, copy)
        if len(names) == MAX_PICTURES:
            return


def _copies(parts: Parts) -> Iterator[tuple[str, bytes]]:
    for block in parts.exif:
        yield from _of_tiff(block, "exif-thumbnail")
        yield from _carved(block, "exif-preview")
    yield from parts.second_images
    if parts.tiff:
        yield from _sub_images(parts.tiff)
    yield from _of_photoshop(b"".join(parts.photoshop))
    for packet in parts.xmp:
        yield from _of_xmp(packet)
    for block in parts.compressed_xmp:
        yield from _of_xmp(_unpacked(block))
    yield from _of_trailer(parts.trailer)


def _of_trailer(trailer: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what lies behind the picture and its padding, and the pictures that start inside it."""
    content = trailer if trailer.startswith(_SIGNATURES) else trailer.lstrip(_PADDING_BEFORE)
    if not content.strip(_PADDING):
        return
    yield "trailer", content
    if not content.startswith(_SIGNATURES):
        starts = (match.start() for match in _PICTURE_START.finditer(content))
        yield from (("trailer-picture", content[at:]) for at in islice(starts, _MAX_COPIES))


def _of_tiff(block: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the pictures of every directory but the first: what they point to, else a file of their own."""
    for directory in chain(block)[1:]:
        jpeg = block[pointed(directory)]
        if jpeg:
            yield name, jpeg
        elif ENTRY_IMAGE in directory.entries:
            yield name, block[:4] + directory.pointer + block[8:]


def _sub_images(block: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the pictures of a TIFF that no page shows: JPEG thumbnails of a page, and SubIFDs."""
    for directory in chain(block):
        jpeg = block[pointed(directory)]
        if jpeg:
            yield "tiff-thumbnail", jpeg
        for sub in sub_directories(block, directory):
            jpeg = block[pointed(sub)]
            yield "tiff-subifd", jpeg or block[:4] + sub.pointer + block[8:]


def _carved(block: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield what starts like a JPEG inside a metadata block: makers' previews have no common structure."""
    known = {pointed(directory).start for directory in chain(block)}
    at = block.find(_JPEG_START)
    while at >= 0:
        end = block.find(b"\xff\xd9", at)
        copy = block[at : end + 2] if end >= 0 else block[at:]
        if at not in known:
            yield name, copy
        at = block.find(_JPEG_START, at + max(len(copy), 1))


def _of_photoshop(resources: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while (at := resources.find(b"8BIM", at)) >= 0:
        number = int.from_bytes(resources[at + 4 : at + 6], "big")
        name_size = resources[at + 6] if at + 6 < len(resources) else 0
        start = at + 6 + (name_size + 2 & ~1)
        size = int.from_bytes(resources[start : start + 4], "big")
        body = resources[start + 4 : start + 4 + size]
        if number in _PHOTOSHOP_THUMBNAILS:
            yield "photoshop-thumbnail", body[_PHOTOSHOP_HEADER:]
        at = start + 4 + len(body)


def _of_xmp(packet: bytes) -> Iterator[tuple[str, bytes]]:
    for match in _BASE64_PICTURE.finditer(packet):
        text = _ENTITY.sub(b"", match[0]).rstrip(b"=")
        try:
            copy = base64.b64decode(text[: len(text) - (len(text) % 4 == 1)] + b"=" * (-len(text) % 4))
        except (ValueError, binascii.Error):
            continue
        if copy.startswith(_SIGNATURES):
            yield "xmp-thumbnail", copy


def _unpacked(block: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(block, _MAX_UNPACKED)
    except zlib.error:
        return b""
