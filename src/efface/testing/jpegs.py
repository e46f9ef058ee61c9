"""JPEG files of every coding that a removal must leave as it is: samplings, colour models, scans, restarts."""

from __future__ import annotations

import base64
import io
import struct
from typing import Any

import numpy as np
import simplejpeg
from PIL import Image

__all__ = ["ARITHMETIC", "KINDS", "in_separate_scans", "jpeg", "noise", "twelve_bits"]

KINDS = (
    "4:4:4", "4:2:2", "4:2:0", "4:4:0", "4:1:1", "grey", "RGB", "CMYK", "YCCK", "separate scans", "restarts",
    "progressive", "progressive, restarts", "progressive grey", "progressive CMYK", "own Huffman tables",
)  # fmt: skip
"""The names that `jpeg` knows."""

_PILLOW = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}
_SETTINGS: dict[str, dict[str, int]] = {
    "RGB": {"keep_rgb": True},
    "restarts": {"restart_marker_blocks": 3},
    "progressive": {"progressive": True},
    "progressive, restarts": {"progressive": True, "restart_marker_blocks": 2},
    "progressive grey": {"progressive": True},
    "progressive CMYK": {"progressive": True},
    "own Huffman tables": {"optimize": True},
}
_MODES = {"grey": "L", "progressive grey": "L", "CMYK": "CMYK", "YCCK": "CMYK", "progressive CMYK": "CMYK"}

ARITHMETIC = base64.b64decode(
    "/9j/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//yQALCAAoACgBAREA"
    "/8wABgAQEAX/2gAIAQEAAD8A/wC0VnvhExGKpaid5PP72q8aWH68gspvEXlEZ8xdGIIz/NLrBu5+T9WV+ZgmrqYERnTK6NdsAwLqfHbvrs/uzB9M"
    "9HSOzlXYz3xPD3uXwnn5HwYnXUb9B0Dot49V9eXjAHy0gbzTqP/Z"
)
"""Forty pixels square, grey, coded arithmetically."""


def noise(width: int, height: int, seed: int = 1) -> Image.Image:
    """Return a colour picture with coefficients in every block."""
    slope = np.asarray(Image.linear_gradient("L").resize((width, height)).convert("RGB")).astype(int)
    grain = np.random.default_rng(seed).integers(-60, 60, (height, width, 3))
    return Image.fromarray((slope + grain).clip(0, 255).astype(np.uint8))


def jpeg(kind: str, image: Image.Image, quality: int = 85) -> bytes:
    """Return a picture as a JPEG of one of the kinds."""
    if kind == "separate scans":
        return in_separate_scans(image, quality)
    if kind in ("4:4:0", "4:1:1"):
        pixels = np.ascontiguousarray(np.asarray(image.convert("RGB")))
        return bytes(simplejpeg.encode_jpeg(pixels, quality, colorsubsampling=kind.replace(":", "")))
    target = io.BytesIO()
    settings: dict[str, Any] = {"subsampling": _PILLOW[kind]} if kind in _PILLOW else _SETTINGS.get(kind, {})
    image.convert(_MODES.get(kind, "RGB")).save(target, "JPEG", quality=quality, **settings)
    data = target.getvalue()
    if kind == "YCCK":  # the same coefficients, read as luminance and chrominance of the inverted inks
        at = data.index(b"Adobe\0") + 11
        data = data[:at] + b"\x02" + data[at + 1 :]
    return data


def in_separate_scans(image: Image.Image, quality: int = 85) -> bytes:
    """Return a JPEG of three components, each in a scan of its own: three grey ones put together."""
    parts = []
    for band in image.convert("YCbCr").split():
        target = io.BytesIO()
        band.save(target, "JPEG", quality=quality)
        parts.append(target.getvalue())
    first = parts[0]
    frame, tables, scan = (first.index(bytes((0xFF, marker))) for marker in (0xC0, 0xC4, 0xDA))
    size = first[frame + 4 : frame + 9]
    components = b"".join(bytes((number, 0x11, 0)) for number in (1, 2, 3))
    header = (
        first[:frame] + b"\xff\xc0" + struct.pack(">H", 17) + size + b"\x03" + components + first[tables:scan]
    )
    scans = b""
    for number, part in enumerate(parts, start=1):
        coded = part[part.index(b"\xff\xda") + 10 : -2]
        scans += b"\xff\xda" + struct.pack(">HBBBBBB", 8, 1, number, 0, 0, 63, 0) + coded
    return header + scans + b"\xff\xd9"


def twelve_bits(data: bytes) -> bytes:
    """Return a JPEG that claims 12 bits a sample."""
    at = data.index(b"\xff\xc0") + 4
    return data[:at] + b"\x0c" + data[at + 1 :]
