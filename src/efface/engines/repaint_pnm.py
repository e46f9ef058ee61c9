"""Paint regions of a portable bitmap, graymap or pixmap in its own bytes; what stands behind it goes.

Limits: the kinds written in words (P1 to P3) are refused.
Source: netpbm's formats PBM, PGM and PPM.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.engines.picture_blocks import PNM_HEADER
from efface.engines.picture_metadata import holds_picture
from efface.engines.repaint_bmp import with_bits
from efface.engines.repaint_region import check_covered, check_size, regions
from efface.errors import FormatError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.engines.repaint_region import PageBox
    from efface.model.limits import Limits

__all__ = ["repaint_pnm"]

_HEAD_BYTES = 4096
_BYTE = 255


def repaint_pnm(data: bytes, boxes: Sequence[PageBox], limits: Limits) -> bytes:
    """Return a map with every box black, and nothing behind its pixels."""
    header = PNM_HEADER.match(data[:_HEAD_BYTES])
    if header is None:
        raise UnsupportedError("a portable map that is written in words")
    if holds_picture(header[0]):
        raise UnsupportedError("a portable map with a picture in its comments")
    bits = header[3] is None
    numbers = header.group(1, 2) if bits else header.group(4, 5, 6)
    width, height, *more = (int(each[:9]) for each in numbers)
    check_size((width, height), limits)
    pixel = (3 if header[3] == b"6" else 1) * (2 if more[:1] > [_BYTE] else 1)
    stride = (width + 7) // 8 if bits else width * pixel
    start = header.end()
    painted = bytearray(data[start : start + stride * height])
    if len(painted) < stride * height:
        raise FormatError("the portable map is cut off")
    areas = regions(boxes, (width, height))
    check_covered(boxes, areas)
    for left, top, right, bottom in areas:
        for row in range(top * stride, bottom * stride, stride):
            if bits:  # a bit that is set is black
                line = slice(row, row + stride)
                painted[line] = with_bits(painted[line], (left, right), 1, 1)
            else:
                painted[row + left * pixel : row + right * pixel] = bytes((right - left) * pixel)
    return header[0] + bytes(painted)
