"""Find the copies of a picture that travel inside its file: thumbnails, previews, second images, trailers.

A viewer shows none of them, an editor may leave them as they were, and each may show the face that was
removed from the picture itself. A broken structure hides no copy that it does not contain, and the picture as
a whole is judged by the decoder.

Source: Exif 3.0 (IFD1, tags 273, 513, 514); TIFF 6.0 and its SubIFDs (tag 330); CIPA DC-007 (MPF); Adobe
Photoshop file formats (image resources 1033 and 1036); XMP part 1 and 3 (thumbnails, extended XMP); IIM 4.2
(2:202); Android motion photo 1.0; the modules named here for each kind of file.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.engines.carving import files_in, jpegs_in, without
from efface.engines.file_parts import Parts, split
from efface.engines.picture_blocks import pixmap
from efface.engines.tiff_directory import pointed, tree
from efface.engines.tiff_extract import alone, has_picture, spans
from efface.errors import FormatError, LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["MAX_PICTURES", "EmbeddedPicture", "copies", "numbered", "thumbnails"]

MAX_PICTURES = 256
"""Copies in one file; a camera writes one to four."""

_MAX_COPIES = 8  # times the file's size: what all copies together may be
_ALWAYS = 1 << 22  # bytes that all copies together may be in any case

_PHOTOSHOP_THUMBNAILS = (1033, 1036)
_BLUE_FIRST = 1033
_PHOTOSHOP_HEADER = 28  # bytes before the JPEG in such a resource: format, width, height ...
# How JPEG, PNG, RIFF (WebP), GIF and the boxes of HEIF and MP4 begin in base64.
_BASE64_PICTURE = re.compile(
    rb"(?:/9j/|iVBORw0KGgo|UklGR|R0lGOD|AAAA[A-Za-z0-9+/]{2}Z0eX)[A-Za-z0-9+/=\s]*"
    rb"(?:&#x?[0-9A-Fa-f]{1,4};[A-Za-z0-9+/=\s]*)*"
)
_STILL_BRANDS = frozenset(b"heic heix heim heis hevc hevx mif1 mif2 msf1 avif avis avci crx".split())
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF8", b"8BPS", b"\0\0\0\x0cj", b"\0\0\0\x0cJ")
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF8")
_MIN_BASE64 = 48  # a shorter run holds no picture
_ENTITY = re.compile(rb"&#x?[0-9A-Fa-f]{1,4};|\s")
_PADDING = b"\0\xff \t\r\n"


@dataclass(frozen=True, slots=True)
class EmbeddedPicture:
    """A copy inside a picture's file.

    Attributes:
        name: Where it lies: `exif-thumbnail`, `exif-preview-2`, `mpf-2`, `photoshop-thumbnail`,
            `xmp-thumbnail`, `tiff-subifd-1`, `motion-photo.mp4`, `trailer` ...; unique within one file.
        data: Its bytes: a picture file of its own, except for what stands behind the picture, which may be
            anything.
    """

    name: str
    data: bytes

    def __repr__(self) -> str:
        return f"EmbeddedPicture({self.name!r}, {len(self.data)} bytes)"


def thumbnails(data: bytes) -> Iterator[EmbeddedPicture]:
    """Yield every embedded copy of a picture file, each once, and stop without a word at a limit.

    `copies` says when a limit ends it.

    Args:
        data: The bytes of a picture file; nothing is yielded for others.

    Not promised: that a copy can be decoded; hand it to `frames` and see.
    """
    try:
        yield from copies(data)
    except FormatError:
        return


def copies(data: bytes) -> Iterator[EmbeddedPicture]:
    """Yield every embedded copy of a picture file, each once.

    Raises:
        LimitExceededError: There are more than 256, or together they are more than 8 times the file.
        FormatError: The structure that holds them is broken. What was found before was yielded.
    """
    yield from numbered(_copies(split(data)), len(data))


def numbered(found: Iterable[tuple[str, bytes]], size: int) -> Iterator[EmbeddedPicture]:
    """Yield each of the copies once, under a name of its own.

    Args:
        found: Names of places, and bytes.
        size: Bytes of the file that they are in.

    Raises:
        LimitExceededError: There are more than 256, or together they are more than 8 times the file.
    """
    names: set[str] = set()
    seen: set[bytes] = set()
    budget = _MAX_COPIES * size + _ALWAYS
    for name, copy in found:
        digest = hashlib.sha256(copy).digest()
        if not copy or digest in seen:
            continue
        budget -= len(copy)
        if len(names) == MAX_PICTURES or budget < 0:
            raise LimitExceededError(
                f"more than {MAX_PICTURES} copies inside one picture, or copies of more than {_MAX_COPIES} times "
                "its size: the others were not looked at"
            )
        seen.add(digest)
        stem, dot, ending = name.partition(".")
        unique, number = name, 1
        while unique in names:
            number += 1
            unique = f"{stem}-{number}{dot}{ending}"
        names.add(unique)
        yield EmbeddedPicture(unique, copy)


def _copies(parts: Parts) -> Iterator[tuple[str, bytes]]:
    for block in parts.exif:
        yield from _of_tiff(block)
    yield from parts.pictures
    if parts.tiff:
        yield from _sub_images(parts.tiff)
    resources = b"".join(parts.photoshop)
    yield from _of_photoshop(resources)
    for packet in (*parts.xmp, *parts.texts):
        yield from _of_text(packet)
    for text in parts.texts:
        yield from _carved(text, "comment-picture")
    for name, block in (*parts.blocks, ("photoshop-preview", resources)):
        yield from _carved(block, name)
    yield from _of_trailer(parts.trailer)


def _of_trailer(trailer: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the files that stand behind a picture, and what is left of it without them and its padding."""
    found = files_in(trailer)
    for start, stop in found:
        yield (
            _trailer_name(trailer[start:stop], first=not trailer[:start].strip(_PADDING)),
            trailer[start:stop],
        )
    left = without(trailer, found)
    if left.strip(_PADDING):
        yield "trailer", left


def _trailer_name(data: bytes, *, first: bool) -> str:
    boxed = data[4:8] == b"ftyp"
    if boxed and data[8:12] not in _STILL_BRANDS:
        return "motion-photo.mp4"
    if first:
        return "trailer"
    return "trailer-picture" if boxed or data.startswith(_PICTURES) else "trailer-file"


def _of_tiff(block: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the pictures of an Exif block: those of its directories, and those in notes of the maker."""
    main, below = tree(block)
    taken = []
    for number, directory in enumerate((*main, *below)):
        if has_picture(directory):
            where = pointed(directory)
            taken += [*spans(directory), (where.start, where.stop)]
            yield "exif-thumbnail" if 0 < number < len(main) else "exif-preview", alone(directory)
    for _, jpeg in jpegs_in(block, taken):
        yield "exif-preview", jpeg


def _sub_images(block: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the pictures of a TIFF that no page shows: JPEG thumbnails of a page, and SubIFDs."""
    main, below = tree(block)
    for directory in main:
        jpeg = block[pointed(directory)]
        if jpeg:
            yield "tiff-thumbnail", jpeg
    for directory in below:
        if has_picture(directory):
            yield "tiff-subifd", alone(directory)


def _carved(block: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files that lie somewhere inside a block: makers' previews have no common structure."""
    found = files_in(block)
    yield from ((name, block[start:stop]) for start, stop in found)
    yield from ((name, jpeg) for _, jpeg in jpegs_in(block, found))


def _of_photoshop(resources: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while (at := resources.find(b"8BIM", at)) >= 0:
        number = int.from_bytes(resources[at + 4 : at + 6], "big")
        name_size = resources[at + 6] if at + 6 < len(resources) else 0
        start = at + 6 + (name_size + 2 & ~1)
        size = int.from_bytes(resources[start : start + 4], "big")
        body = resources[start + 4 : start + 4 + size]
        if number in _PHOTOSHOP_THUMBNAILS and body:
            yield "photoshop-thumbnail", _photoshop_thumbnail(body, number)
        at = start + 4 + len(body)


def _photoshop_thumbnail(body: bytes, number: int) -> bytes:
    """Return a thumbnail: a JPEG as it is (1033 has blue first), bare rows as a picture file."""
    coded, width, height, row_bytes = (int.from_bytes(body[at : at + 4], "big") for at in (0, 4, 8, 12))
    pixels = body[_PHOTOSHOP_HEADER:]
    if coded or pixels.startswith(b"\xff\xd8") or not 0 < 3 * width * height <= len(pixels):
        return pixels
    rows = bytearray()
    for row in range(height):
        rows += pixels[row * row_bytes : row * row_bytes + 3 * width].ljust(3 * width, b"\0")
    if number == _BLUE_FIRST:
        rows[::3], rows[2::3] = rows[2::3], rows[::3]
    return pixmap(width, height, bytes(rows))


def _of_text(packet: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the pictures that a text holds in base64, as XMP does."""
    if b"\0" in packet:  # UTF-16 or UTF-32
        packet = packet.replace(b"\0", b"")
    for match in _BASE64_PICTURE.finditer(packet):
        text = _ENTITY.sub(b"", match[0]).rstrip(b"=")
        if len(text) < _MIN_BASE64:
            continue
        try:
            copy = base64.b64decode(text[: len(text) - (len(text) % 4 == 1)] + b"=" * (-len(text) % 4))
        except (ValueError, binascii.Error):
            continue
        if copy.startswith(_SIGNATURES) or copy[4:8] == b"ftyp":
            yield "xmp-thumbnail", copy
