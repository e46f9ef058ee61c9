"""What a picture file holds besides its picture: the common shape of all kinds, and bare pixels as a file."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field

__all__ = ["MAX_UNPACKED", "PNM_HEADER", "Parts", "pixmap", "unpacked"]

_BLANK = rb"(?:\s|#[^\n]*\n)+"
PNM_HEADER = re.compile(rb"P(?:4%b(\d+)%b(\d+)|([56])%b(\d+)%b(\d+)%b(\d+))\s" % ((_BLANK,) * 5))
"""The header of a portable map in binary: width and height of P4, or the kind, width, height and largest value."""

MAX_UNPACKED = 64 * 1024 * 1024
"""Bytes of compressed metadata that are unpacked."""


@dataclass(slots=True)
class Parts:
    """What a picture file holds besides its picture.

    Attributes:
        exif: Exif blocks, each from its TIFF header on.
        xmp: XMP packets.
        photoshop: Pieces of one run of Photoshop image resources.
        pictures: Copies that are ready, each with the name of its place.
        blocks: Bytes to be searched for pictures, each with the name that one found in them gets.
        texts: Texts to be searched for encoded pictures.
        tiff: The whole file when it is a TIFF structure.
        trailer: What lies behind the picture's end.
    """

    exif: list[bytes] = field(default_factory=list)
    xmp: list[bytes] = field(default_factory=list)
    photoshop: list[bytes] = field(default_factory=list)
    pictures: list[tuple[str, bytes]] = field(default_factory=list)
    blocks: list[tuple[str, bytes]] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    tiff: bytes = b""
    trailer: bytes = b""


def pixmap(width: int, height: int, pixels: bytes, *, channels: int = 3) -> bytes:
    """Return bare 8-bit pixels as a picture file (portable pixmap or graymap), short ones filled up."""
    size = width * height * channels
    return b"P%d %d %d 255\n" % (6 if channels == 3 else 5, width, height) + pixels[:size].ljust(size, b"\0")


def unpacked(block: bytes) -> bytes:
    """Return what a zlib stream unpacks to, as far as it can be read, at most MAX_UNPACKED."""
    try:
        return zlib.decompressobj().decompress(block, MAX_UNPACKED)
    except zlib.error:
        return b""
