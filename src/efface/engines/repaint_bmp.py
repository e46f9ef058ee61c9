"""Paint regions of a BMP in its own bytes: nothing else in the file changes but what lies behind its picture.

Limits: bitmaps coded by run length or with a JPEG or PNG inside are refused.
Source: Microsoft, BITMAPFILEHEADER, BITMAPCOREHEADER, BITMAPINFOHEADER, BITMAPV4HEADER, BITMAPV5HEADER.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from efface.engines.colour_profile import clean_profile
from efface.engines.repaint_region import check_covered, check_size, regions
from efface.errors import FormatError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.engines.repaint_region import PageBox
    from efface.model.limits import Limits

__all__ = ["repaint_bmp", "with_bits"]

_FILE_HEADER, _CORE, _INFO, _V3, _V5 = 14, 12, 40, 56, 124
_RGB, _BITFIELDS, _ALPHABITFIELDS = 0, 3, 6
_PROFILE_KINDS = (0x4C494E4B, 0x4D424544)  # a profile's name, or the profile


def repaint_bmp(data: bytes, boxes: Sequence[PageBox], limits: Limits) -> bytes:
    """Return a BMP with every box filled."""
    header = int.from_bytes(data[14:18], "little")
    start = int.from_bytes(data[10:14], "little")
    layout = "<HHHH" if header == _CORE else "<iiHHI"
    fields = struct.unpack_from(layout, data, 18)
    width, rows, bits = fields[0], fields[1], fields[3]
    compression = 0 if header == _CORE else fields[4]
    check_size((width, abs(rows)), limits)
    if bits not in (1, 2, 4, 8, 16, 24, 32) or compression not in (_RGB, _BITFIELDS, _ALPHABITFIELDS):
        raise UnsupportedError("a BMP of this compression or depth cannot be painted in its own bytes")
    stride = -(-width * bits // 32) * 4
    end = start + stride * abs(rows)
    if end > len(data) or start < _FILE_HEADER + header:
        raise FormatError("the BMP is broken or cut off")
    areas = regions(boxes, (width, abs(rows)))
    check_covered(boxes, areas)
    fill = _fill(data, header, bits, start)
    painted = bytearray(data[: _kept_end(data, header, end)])
    known = _described_end(data, header, bits, compression)
    painted[known:start] = bytes(max(start - known, 0))
    for area in areas:
        for row in range(area.top, area.bottom):
            stored = row if rows < 0 else rows - 1 - row  # rows are stored from the bottom unless negative
            line = slice(start + stored * stride, start + (stored + 1) * stride)
            painted[line] = with_bits(painted[line], (area.left, area.right), bits, fill)
    if len(painted) > end:
        at = _FILE_HEADER + int.from_bytes(data[126:130], "little")
        profile = bytes(painted[at:])
        is_embedded = int.from_bytes(data[70:74], "little") == _PROFILE_KINDS[1]
        cleaned = clean_profile(profile) if is_embedded else profile
        painted[end:] = bytes(at - end) + (cleaned or bytes(len(profile)))
    return bytes(painted)


def with_bits(row: bytes | bytearray, span: tuple[int, int], bits: int, value: int) -> bytes:
    """Return a row of pixels with one value in the span [left, right), the first pixel in its highest bits."""
    left, right = span
    ones = (1 << (right - left) * bits) - 1
    shift = 8 * len(row) - right * bits
    pattern = ones // ((1 << bits) - 1) * value
    return (int.from_bytes(row, "big") & ~(ones << shift) | pattern << shift).to_bytes(len(row), "big")


def _fill(data: bytes, header: int, bits: int, start: int) -> int:
    """Return one opaque pixel: black, or the darkest that the palette has."""
    if bits > 8:
        # In 32 bits the last byte is opacity wherever it means anything; in 16 bits all masks give black.
        return int.from_bytes(_opaque(data, header), "big") if bits == 32 else 0
    step = 3 if header == _CORE else 4
    used = 0 if header == _CORE else int.from_bytes(data[46:50], "little")
    at = _FILE_HEADER + header
    table = data[at : min(at + step * (used or 1 << bits), start)]
    entries = range(len(table) // step)
    if not entries:
        raise FormatError("the BMP has no palette")
    return min(entries, key=lambda index: sum(table[step * index : step * index + 3]))


def _opaque(data: bytes, header: int) -> bytes:
    mask = data[66:70] if header >= _V3 else b"\0\0\0\xff"
    return mask if any(mask) else b"\0\0\0\xff"


def _described_end(data: bytes, header: int, bits: int, compression: int) -> int:
    """Return where header, masks and palette end; what lies between them and the pixels says nothing of them."""
    masks = {_BITFIELDS: 12, _ALPHABITFIELDS: 16}.get(compression, 0) if header == _INFO else 0
    used = 0 if header == _CORE else int.from_bytes(data[46:50], "little")
    colours = min(used or 1 << bits, 1 << bits) if bits <= 8 else 0
    return _FILE_HEADER + header + masks + (3 if header == _CORE else 4) * colours


def _kept_end(data: bytes, header: int, end: int) -> int:
    """Return where the file ends: behind its pixels, or behind the colour profile that its header names."""
    if header < _V5 or int.from_bytes(data[70:74], "little") not in _PROFILE_KINDS:
        return end
    at, size = struct.unpack_from("<II", data, 126)
    last: int = _FILE_HEADER + at + size
    return last if end <= _FILE_HEADER + at and last <= len(data) else end
