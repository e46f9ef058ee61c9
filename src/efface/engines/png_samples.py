"""Turn compressed PNG picture data into samples and back, at the depth in which they are stored.

Pillow decodes whatever it gives back without loss; 16-bit colour, which it would cut to 8 bits, is unfiltered
here.

Source: Portable Network Graphics, third edition, 7.2 (scanlines), 9 (filtering), 11.2 and 11.3 (tRNS).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from efface.engines.pillow import open_image
from efface.errors import FormatError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["Layout", "decoded", "encoded"]

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_GREY, _PALETTE = 0, 3
_WITH_ALPHA = (4, 6)

Samples = "NDArray[np.uint8] | NDArray[np.uint16]"


@dataclass(frozen=True, slots=True)
class Layout:
    """What the header chunks say of the samples.

    Attributes:
        width: In pixels.
        height: In pixels.
        depth: Bits a sample.
        colour: Colour type.
        interlaced: Stored in seven passes.
        palette: Body of PLTE, or empty.
        transparency: Body of tRNS, or empty.
    """

    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool
    palette: bytes
    transparency: bytes

    @classmethod
    def of(cls, chunks: Iterable[tuple[bytes, bytes]]) -> Layout:
        """Return the layout of a file; FormatError when its header is none."""
        bodies: dict[bytes, bytes] = {}
        for kind, body in chunks:
            bodies.setdefault(kind, body)
        header = bodies.get(b"IHDR", b"")
        if len(header) != 13:
            raise FormatError("the PNG has no header")
        width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", header)
        if depth not in _DEPTHS.get(colour, ()) or interlace > 1:
            raise FormatError("the PNG has an unknown kind of samples")
        palette = bodies.get(b"PLTE", b"")
        if colour == _PALETTE and len(palette) < 3:
            raise FormatError("the PNG has no palette")
        transparency = bodies.get(b"tRNS", b"")
        return cls(width, height, depth, colour, bool(interlace), palette, transparency)

    @property
    def channels(self) -> int:
        """Samples a pixel."""
        return _CHANNELS[self.colour]

    @property
    def stride(self) -> int:
        """Bytes of a scanline without its filter byte."""
        return -(-self.width * self.channels * self.depth // 8)

    def sized(self, width: int, height: int) -> Layout:
        """Return the layout of a frame of another size."""
        return replace(self, width=width, height=height)

    def progressive(self) -> Layout:
        """Return the layout without interlacing."""
        return replace(self, interlaced=False)

    def header(self) -> bytes:
        """Return the body of IHDR."""
        return struct.pack(
            ">IIBBBBB", self.width, self.height, self.depth, self.colour, 0, 0, self.interlaced
        )

    def fill(self) -> list[int]:
        """Return one opaque pixel: black, or the darkest that the palette has."""
        if self.colour == _PALETTE:
            return [self._darkest()]
        most = (1 << self.depth) - 1
        if self.colour in _WITH_ALPHA:
            return [0] * (self.channels - 1) + [most]
        size = 2 * self.channels
        key = self.transparency[:size]
        # A colour key that makes black transparent would make the fill transparent.
        return [1 if len(key) == size and not any(key) else 0] * self.channels

    def _darkest(self) -> int:
        entries = range(min(len(self.palette) // 3, 1 << self.depth))
        alpha = self.transparency.ljust(len(entries), b"\xff")
        return min(
            entries, key=lambda index: (255 - alpha[index], sum(self.palette[3 * index : 3 * index + 3]))
        )


def decoded(layout: Layout, data: bytes) -> NDArray[Any]:
    """Return samples, uint8 or uint16, shape (height, width, channels); decoded from joined IDAT bodies."""
    if layout.depth == 16 and layout.channels > 1:
        rows = _unfiltered(layout, data)
        wide = rows.view(">u2").astype(np.uint16)
        return wide.reshape(layout.height, layout.width, layout.channels)
    image = open_image(_alone(layout, data))
    image.load()
    if image.size != (layout.width, layout.height):
        raise FormatError("the PNG has a frame of another size than it says")
    if layout.depth == 16:
        return np.frombuffer(image.tobytes(), "<u2").astype(np.uint16).reshape(layout.height, layout.width, 1)
    if image.mode == "1":
        return np.asarray(image, np.uint8).reshape(layout.height, layout.width, 1).copy()
    samples = np.frombuffer(image.tobytes(), np.uint8).reshape(layout.height, layout.width, -1).copy()
    if samples.shape[2] != layout.channels:
        raise UnsupportedError("a PNG that the picture library opens as something else")
    if layout.colour == _GREY and layout.depth in (2, 4):
        samples //= 255 // ((1 << layout.depth) - 1)
    return samples


def encoded(layout: Layout, samples: NDArray[Any]) -> bytes:
    """Return the compressed picture data of samples, not interlaced."""
    rows = _rows(layout, samples)
    step = max(layout.channels * layout.depth // 8, 1)
    lines = np.zeros((layout.height, layout.stride + 1), np.uint8)
    lines[:, 1:] = rows
    if layout.depth >= 8 and layout.colour != _PALETTE:
        _filter(lines, rows, step)
    return zlib.compress(lines.tobytes(), 6)


def _alone(layout: Layout, data: bytes) -> bytes:
    """Return a PNG of one frame, for a decoder that knows no others."""
    chunks = [(b"IHDR", layout.header()), (b"PLTE", layout.palette), (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
        if body or kind == b"IEND"
    )


def _rows(layout: Layout, samples: NDArray[Any]) -> NDArray[np.uint8]:
    """Pack samples into scanlines."""
    flat = samples.reshape(layout.height, -1)
    if layout.depth == 16:
        return flat.astype(">u2").view(np.uint8).reshape(layout.height, -1)
    if layout.depth == 8:
        return flat.astype(np.uint8)
    bits = np.unpackbits(flat.astype(np.uint8)[:, :, None], axis=2)[:, :, 8 - layout.depth :]
    return np.packbits(bits.reshape(layout.height, -1), axis=1)


def _filter(lines: NDArray[np.uint8], rows: NDArray[np.uint8], step: int) -> None:
    """Choose for each scanline the filter with the smallest sum of differences (PNG, 12.7)."""
    left = np.zeros_like(rows)
    left[:, step:] = rows[:, :-step]
    above = np.zeros_like(rows)
    above[1:] = rows[:-1]
    best = _cost(rows)
    for kind, other in ((1, left), (2, above), (3, ((left.astype(np.uint16) + above) // 2).astype(np.uint8))):
        candidate = rows - other
        cost = _cost(candidate)
        better = cost < best
        lines[better, 0] = kind
        lines[better, 1:] = candidate[better]
        best = np.where(better, cost, best)


def _cost(rows: NDArray[np.uint8]) -> NDArray[np.int64]:
    return np.asarray(np.abs(rows.view(np.int8).astype(np.int16)).sum(axis=1, dtype=np.int64))


def _unfiltered(layout: Layout, data: bytes) -> NDArray[np.uint8]:
    """Undo the filters of a PNG that is not interlaced."""
    if layout.interlaced:
        raise UnsupportedError("an interlaced PNG of 16 bits a sample cannot be rewritten without loss")
    length = layout.height * (layout.stride + 1)
    raw = zlib.decompressobj().decompress(data, length)
    if len(raw) < length:
        raise FormatError("the PNG is cut off")
    lines = np.frombuffer(raw, np.uint8).reshape(layout.height, layout.stride + 1)
    rows = np.zeros((layout.height, layout.stride), np.uint8)
    above = np.zeros(layout.stride, np.uint8)
    for number, line in enumerate(lines):
        above = rows[number] = _line(int(line[0]), line[1:], above, layout.channels * 2)
    return rows


def _line(kind: int, line: NDArray[np.uint8], above: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    if kind == 0:
        return line
    if kind == 1:
        sums = np.cumsum(line.reshape(-1, step), axis=0, dtype=np.uint8)
        return np.asarray(sums, np.uint8).reshape(-1)
    if kind == 2:
        return line + above
    if kind not in (3, 4):
        raise FormatError("the PNG has an unknown filter")
    return np.frombuffer(_predicted(kind, line.tobytes(), above.tobytes(), step), np.uint8)


def _predicted(kind: int, line: bytes, above: bytes, step: int) -> bytes:
    """Undo the filters whose prediction needs the byte before (PNG, 9.2 to 9.4)."""
    row = bytearray(step) + bytearray(line)  # a pixel of zeros stands left of the first
    upper = bytes(step) + above
    for at in range(step, len(row)):
        left, up = row[at - step], upper[at]
        guess = (left + up) // 2 if kind == 3 else _paeth(left, up, upper[at - step])
        row[at] = (row[at] + guess) & 255
    return bytes(row[step:])


def _paeth(left: int, up: int, corner: int) -> int:
    estimate = left + up - corner
    from_left, from_up, from_corner = abs(estimate - left), abs(estimate - up), abs(estimate - corner)
    if from_left <= from_up and from_left <= from_corner:
        return left
    return up if from_up <= from_corner else corner
