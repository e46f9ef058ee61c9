"""Paint regions of a PNG or APNG chunk by chunk, without touching a sample outside them.

Frames of an animation are painted one by one as they are stored, so durations, disposal and blending stay
as they are. A frame that is filled already keeps its bytes.

Limits: PNG of 16 bits a sample and several samples a pixel is unfiltered in Python (about a megabyte a
second), and not at all when it is interlaced.
Source: Portable Network Graphics, third edition, 5 (chunks), 7 and 9 (samples, filters), 11.3 (fcTL, fdAT).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from efface.engines.pillow import open_image
from efface.engines.png_metadata import clean_chunk
from efface.engines.png_samples import Layout, decoded, encoded
from efface.engines.repaint_region import check_covered, check_size, regions
from efface.errors import FormatError, LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.engines.repaint_region import PageBox, Region
    from efface.model.limits import Limits

__all__ = ["repaint_png"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ORIENTATION = 274

Chunk = tuple[bytes, bytes]


@dataclass(slots=True)
class _Frame:
    """One image of the file: where it lies, its control chunk, and its compressed samples."""

    control: bytes
    data: list[bytes]

    def place(self, layout: Layout) -> tuple[int, int, int, int]:
        """Return left, top, width and height."""
        if not self.control:
            return 0, 0, layout.width, layout.height
        width, height, left, top = struct.unpack_from(">4xIIII", self.control)
        return left, top, width, height


def repaint_png(data: bytes, boxes: Sequence[PageBox], limits: Limits) -> bytes:
    """Return a PNG with every box filled in every frame and every copy of the picture gone."""
    chunks = _chunks(data)
    layout = Layout.of(chunks)
    check_size((layout.width, layout.height), limits)
    areas = regions(boxes, (layout.width, layout.height), _turned(data))
    check_covered(boxes, areas)
    frames = _frames(chunks)
    if len(frames) > limits.frames:
        raise LimitExceededError(f"the picture has more than {limits.frames} frames (frames)")
    painted = [_painted(frame, layout, areas, limits) for frame in frames]
    if any(before.data != after.data for before, after in zip(frames, painted, strict=True)):
        if layout.interlaced:  # one flag for all frames: all of them are written again
            painted = [_painted(frame, layout, areas, limits, anew=True) for frame in frames]
        layout = layout.progressive()
    return _assembled(chunks, layout, painted)


def _turned(data: bytes) -> int:
    value = open_image(data).getexif().get(_ORIENTATION) if b"eXIf" in data or b"xmp" in data else 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _chunks(data: bytes) -> list[Chunk]:
    chunks: list[Chunk] = []
    at = len(_SIGNATURE)
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        chunks.append((kind, body))
        at += 12 + size
        if len(body) < size:
            break
        if kind == b"IEND":
            return chunks
    raise FormatError("the PNG is broken or cut off")


def _frames(chunks: list[Chunk]) -> list[_Frame]:
    """Return the images in their order; the first may be one that no animation shows."""
    frames: list[_Frame] = []
    control = b""
    for kind, body in chunks:
        if kind == b"fcTL":
            control = body
            if len(body) != 26:
                raise FormatError("the PNG has a broken frame")
            if frames:  # the first control chunk may stand before the picture's own data
                frames.append(_Frame(control, []))
        elif kind == b"IDAT":
            if not frames:
                frames.append(_Frame(control, []))
            frames[0].data.append(body)
        elif kind == b"fdAT":
            if not frames or not frames[-1].control:
                raise FormatError("the PNG has a frame without its control chunk")
            frames[-1].data.append(body[4:])
    if not frames or not all(frame.data for frame in frames):
        raise FormatError("the PNG has no picture data")
    return frames


def _painted(
    frame: _Frame, layout: Layout, areas: Sequence[Region], limits: Limits, *, anew: bool = False
) -> _Frame:
    left, top, width, height = frame.place(layout)
    check_size((width, height), limits)
    inside = [part for area in areas if (part := area.shifted(left, top).clipped(width, height))]
    if not inside and not anew:
        return frame
    samples = decoded(layout.sized(width, height), b"".join(frame.data))
    fill = layout.fill()
    filled = all(bool(np.all(samples[a.top : a.bottom, a.left : a.right] == fill)) for a in inside)
    if filled and not anew:
        return frame
    for area in inside:
        samples[area.top : area.bottom, area.left : area.right] = fill
    return _Frame(frame.control, [encoded(layout.sized(width, height), samples)])


def _assembled(chunks: list[Chunk], layout: Layout, frames: list[_Frame]) -> bytes:
    """Write the chunks again, with frames in the places of the old ones and metadata cleaned."""
    pieces = [_SIGNATURE]
    sequence = 0
    pending = False
    number = -1
    for kind, body in chunks:
        if kind == b"IHDR":
            pieces.append(_chunk(kind, layout.header()))
        elif kind == b"fcTL":
            pieces.append(_chunk(kind, struct.pack(">I", sequence) + body[4:]))
            sequence += 1
            number += number >= 0
            pending = number >= 1
        elif kind in (b"IDAT", b"fdAT"):
            if number < 0 and kind == b"IDAT":
                number = 0
                pieces += [_chunk(kind, data) for data in frames[0].data]
            elif kind == b"fdAT" and pending:
                pending = False
                for data in frames[number].data:
                    pieces.append(_chunk(kind, struct.pack(">I", sequence) + data))
                    sequence += 1
        else:
            kept = clean_chunk(kind, body)
            if kept is not None:
                pieces.append(_chunk(kind, kept))
    return b"".join(pieces)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
