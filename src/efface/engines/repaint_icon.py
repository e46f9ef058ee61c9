"""Paint regions of an icon or a cursor, in every picture that it holds.

The pictures of an icon are one picture in several sizes. A box in one is painted in all, at its share of the
size: at 32 pixels no detector sees the face that a person recognises.

Each picture stays what it is, a PNG or a bitmap with its mask; hot spots and their order stay, and what no entry
names goes.
Source: Microsoft, ICONDIR and ICONDIRENTRY; BITMAPINFOHEADER (twice the height, for the mask of one bit below).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, cast

from efface.engines.other_kinds import as_icon
from efface.engines.pillow import open_image
from efface.engines.repaint_bmp import repaint_bmp, with_bits
from efface.engines.repaint_png import repaint_png
from efface.engines.repaint_region import PageBox, check_covered, check_size, regions
from efface.errors import FormatError, LimitExceededError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.model.limits import Limits

__all__ = ["repaint_icon"]

_PNG = b"\x89PNG\r\n\x1a\n"
_ENTRY, _HEADER, _FILE_HEADER = 16, 40, 14
_PALETTE_BITS = 8


def repaint_icon(data: bytes, boxes: Sequence[PageBox], limits: Limits) -> bytes:
    """Return an icon with every box filled in each of its pictures."""
    count = int.from_bytes(data[4:6], "little")
    if count > limits.frames:
        raise LimitExceededError(f"the icon has more than {limits.frames} pictures (frames)")
    entries = [data[at : at + _ENTRY] for at in range(6, 6 + _ENTRY * count, _ENTRY)]
    shares = _shares(data, boxes, limits)
    check_covered(
        boxes, [region for box in shares for region in regions([_scaled(box, (1000, 1000))], (1000, 1000))]
    )
    head, body = bytearray(data[:6]), bytearray()
    for entry in entries:
        size, at = struct.unpack_from("<II", entry.ljust(_ENTRY, b"\0"), 8)
        if not size or at + size > len(data):
            raise FormatError("the icon is broken or cut off")
        picture = _painted(data[at : at + size], shares, limits)
        head += entry[:8] + struct.pack("<II", len(picture), 6 + _ENTRY * count + len(body))
        body += picture
    return bytes(head + body)


Share = tuple[float, float, float, float]


def _shares(data: bytes, boxes: Sequence[PageBox], limits: Limits) -> list[Share]:
    """Return boxes as shares of the picture that each was found in, in the order in which pages are counted."""
    icon = cast("Any", open_image(as_icon(data))).ico
    shares = []
    for box in boxes:
        page = (box.page or 1) - 1
        if page >= len(icon.entry):
            continue
        width, height = icon.frame(page).size
        check_size((width, height), limits)
        shares.append((box.x / width, box.y / height, box.width / width, box.height / height))
    return shares


def _scaled(share: Share, size: tuple[int, int]) -> PageBox:
    """Return a share of a picture as a box in whole pixels, outward."""
    x, y, width, height = share
    left, top = int(x * size[0]), int(y * size[1])
    right, bottom = -int(-(x + width) * size[0] // 1), -int(-(y + height) * size[1] // 1)
    return PageBox(None, left, top, right - left, bottom - top)


def _painted(picture: bytes, shares: Sequence[Share], limits: Limits) -> bytes:
    if picture.startswith(_PNG):
        size = struct.unpack_from(">II", picture, 16)
        return repaint_png(picture, _inside(shares, size), limits)
    header, width, rows, planes, bits = struct.unpack_from("<IiiHH", picture)
    height = rows // 2
    if header != _HEADER or width <= 0 or height <= 0 or planes != 1:
        raise UnsupportedError("an icon with a bitmap of an unknown kind")
    boxes = _inside(shares, (width, height))
    colours = int.from_bytes(picture[32:36], "little") or 1 << bits if bits <= _PALETTE_BITS else 0
    start = _FILE_HEADER + _HEADER + 4 * colours
    end = start - _FILE_HEADER + -(-width * bits // 32) * 4 * height
    bitmap = b"BM" + struct.pack("<IHHI", _FILE_HEADER + end, 0, 0, start)
    bitmap += picture[:8] + struct.pack("<i", height) + picture[12:end]
    painted = repaint_bmp(bitmap, boxes, limits)[_FILE_HEADER:]
    stride = -(-width // 32) * 4
    mask = bytearray(picture[end : end + stride * height])
    if len(mask) not in (0, stride * height):
        raise FormatError("the icon is broken or cut off")
    for area in regions(boxes, (width, height)) if mask else ():
        for row in range(area.top, area.bottom):  # rows are stored from the bottom; a set bit is transparent
            line = slice((height - 1 - row) * stride, (height - row) * stride)
            mask[line] = with_bits(mask[line], (area.left, area.right), 1, 0)
    return painted[:8] + picture[8:12] + painted[12:] + bytes(mask)


def _inside(shares: Sequence[Share], size: tuple[int, int]) -> list[PageBox]:
    return [box for share in shares if regions([box := _scaled(share, size)], size)]
