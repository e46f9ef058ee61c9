"""Turn a device-independent bitmap, as programs put it on the clipboard, into a picture file.

Source: Microsoft, BITMAPFILEHEADER, BITMAPCOREHEADER, BITMAPINFOHEADER; [MS-WMF] 2.2.2.9.
"""

from __future__ import annotations

__all__ = ["bitmap_file"]

_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_CORE, _INFO = 12, 40
_BITFIELDS = 3


def bitmap_file(data: bytes) -> bytes:
    """Return a BMP file, or nothing where the data begin with no header of a bitmap."""
    size = int.from_bytes(data[:4], "little")
    if size not in _HEADERS or len(data) <= size:
        return b""
    if size == _CORE:
        bits, used, entry, masks = int.from_bytes(data[10:12], "little"), 0, 3, 0
    else:
        bits, used, entry = int.from_bytes(data[14:16], "little"), int.from_bytes(data[32:36], "little"), 4
        masks = 12 if size == _INFO and int.from_bytes(data[16:20], "little") == _BITFIELDS else 0
    colours = used if 0 < used <= 256 else (1 << bits if bits <= 8 else 0)
    pixels = 14 + size + masks + colours * entry
    return b"BM" + (14 + len(data)).to_bytes(4, "little") + bytes(4) + pixels.to_bytes(4, "little") + data
