"""Paint regions of a GIF image by image, as they are stored: palettes, delays, disposal and loops stay.

Every image of an animation is painted, whatever page a box names: an image may show what an earlier one left
standing, and a face that a detector missed in one image of thirty must not survive there.

Source: GIF89a specification, 18 to 26; Netscape application extension (loops).
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from efface.engines.picture_metadata import holds_picture
from efface.engines.pillow import open_image
from efface.engines.repaint_region import Region, check_covered, check_size, regions
from efface.errors import FormatError, LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.engines.repaint_region import PageBox
    from efface.model.limits import Limits

__all__ = ["repaint_gif"]

_TRAILER, _EXTENSION, _IMAGE = 0x3B, 0x21, 0x2C
_CONTROL, _COMMENT, _APPLICATION = 0xF9, 0xFE, 0xFF
_APPLICATIONS = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012", b"XMP DataXMP")
_TABLE, _INTERLACED = 0x80, 0x40


def repaint_gif(data: bytes, boxes: Sequence[PageBox], limits: Limits) -> bytes:
    """Return a GIF with every box filled in every image, and nothing behind its end."""
    return _Painter(data, boxes, limits).painted()


class _Painter:
    """Walks the blocks of one GIF and writes them again."""

    def __init__(self, data: bytes, boxes: Sequence[PageBox], limits: Limits) -> None:
        self._data = data
        self._limits = limits
        self._size = struct.unpack_from("<HH", data, 6)
        check_size(self._size, limits)
        self._areas = regions(boxes, self._size)
        check_covered(boxes, self._areas)
        self._table = self._colours(13, data[10])
        self._transparent: int | None = None
        self._images = 0

    def painted(self) -> bytes:
        at = 13 + len(self._table)
        pieces = [self._data[:at]]
        while at < len(self._data):
            kind = self._data[at]
            if kind == _TRAILER:
                if not self._images:
                    break
                return b"".join((*pieces, b"\x3b"))
            if kind == _EXTENSION:
                end = self._blocks_end(at + 2)
                pieces += [self._data[at:end]] if self._keeps(self._data[at:end]) else []
            elif kind == _IMAGE:
                end, image = self._image(at)
                pieces.append(image)
                self._transparent = None
            else:
                break
            at = end
        raise FormatError("the GIF is broken or cut off")

    def _colours(self, at: int, flags: int) -> bytes:
        table = self._data[at : at + (3 << (flags & 7) + 1)] if flags & _TABLE else b""
        if flags & _TABLE and len(table) < 3 << (flags & 7) + 1:
            raise FormatError("the GIF is broken or cut off")
        return table

    def _blocks_end(self, at: int) -> int:
        while at < len(self._data):
            size = self._data[at]
            at += 1 + size
            if not size:
                return at
        raise FormatError("the GIF is broken or cut off")

    def _keeps(self, block: bytes) -> bool:
        if block[1] == _CONTROL and len(block) >= 8:
            self._transparent = block[6] if block[3] & 1 else None
            return True
        if block[1] == _APPLICATION and block[3:14] not in _APPLICATIONS:
            return False
        text = _joined(block[2:])
        return not (holds_picture(text) or holds_picture(block))

    def _image(self, at: int) -> tuple[int, bytes]:
        """Return where an image ends, and the image with its part of the boxes filled."""
        self._images += 1
        if self._images > self._limits.frames:
            raise LimitExceededError(f"the picture has more than {self._limits.frames} frames (frames)")
        left, top, width, height, flags = struct.unpack_from("<HHHHB", self._data, at + 1)
        check_size((width, height), self._limits)
        local = self._colours(at + 10, flags)
        start = at + 10 + len(local)
        end = self._blocks_end(start + 1)
        canvas = Region(0, 0, *self._size)
        areas = [
            part
            for area in (canvas, *self._areas)
            if (part := area.shifted(left, top).clipped(width, height))
        ]
        # Pixels outside the screen are shown by no viewer and by some editors: such an image is refused.
        if areas[:1] != [Region(0, 0, width, height)]:
            raise FormatError("the GIF has an image that reaches out of its screen")
        indices = self._filled(local or self._table, (width, height), self._data[start:end], flags, areas[1:])
        if indices is None:
            return end, self._data[at:end]
        head = self._data[at : at + 9] + bytes((flags & ~_INTERLACED,))
        return end, head + local + _coded(indices)

    def _filled(
        self, table: bytes, size: tuple[int, int], coded: bytes, flags: int, areas: Sequence[Region]
    ) -> Image.Image | None:
        """Return an image's colour numbers with the areas filled, or None where they are filled already."""
        if not areas:
            return None
        numbers = _decoded(table, size, coded, flags)
        fill = _darkest(table, self._transparent)
        if all(bool(np.all(numbers[a.top : a.bottom, a.left : a.right] == fill)) for a in areas):
            return None
        for area in areas:
            numbers[area.top : area.bottom, area.left : area.right] = fill
        return Image.fromarray(numbers)


def _joined(blocks: bytes) -> bytes:
    """Return the bytes of data sub-blocks without their lengths."""
    pieces = []
    at = 0
    while at < len(blocks) and blocks[at]:
        pieces.append(blocks[at + 1 : at + 1 + blocks[at]])
        at += 1 + blocks[at]
    return b"".join(pieces)


def _decoded(
    table: bytes, size: tuple[int, int], coded: bytes, flags: int
) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Return the colour numbers of one image, uint8, shape (height, width)."""
    if not table:
        raise FormatError("the GIF has an image without colours")
    bits = (len(table) // 3).bit_length() - 2
    screen = struct.pack("<6sHHBBB", b"GIF89a", *size, _TABLE | bits, 0, 0)
    image = struct.pack("<BHHHHB", _IMAGE, 0, 0, *size, flags & _INTERLACED)
    opened = open_image(screen + table + image + coded + b"\x3b")
    opened.load()
    if opened.mode not in ("P", "L"):
        raise FormatError("the GIF has an image of an unknown kind")
    return np.frombuffer(opened.tobytes(), np.uint8).reshape(size[1], size[0]).copy()


def _coded(numbers: Image.Image) -> bytes:
    """Return the code size and data blocks of colour numbers."""
    target = io.BytesIO()
    numbers.save(target, "GIF", optimize=False, interlace=0)
    written = target.getvalue()
    at = written.index(struct.pack("<BHHHHB", _IMAGE, 0, 0, *numbers.size, 0), 13 + 3 * 256)
    return written[at + 10 : -1]


def _darkest(table: bytes, transparent: int | None) -> int:
    opaque = [index for index in range(len(table) // 3) if index != transparent]
    return min(opaque, key=lambda index: sum(table[3 * index : 3 * index + 3]))
