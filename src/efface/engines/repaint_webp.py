"""Paint regions of a WebP, still or animated, frame by frame.

A frame that must be painted is written without loss, so that no pixel outside the fill changes; a frame that
was coded with loss grows by this, often several times. Frames without a box, and frames filled already, keep
their bytes. Every frame of an animation is painted, whatever page a box names.

Source: WebP container specification (RIFF, VP8X, ANMF, ALPH).
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from efface.engines.colour_profile import clean_profile
from efface.engines.picture_metadata import clean_exif, clean_xmp, orientation_only
from efface.engines.pillow import open_image
from efface.engines.repaint_region import check_covered, check_size, regions
from efface.errors import FormatError, LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.engines.repaint_region import PageBox, Region
    from efface.model.limits import Limits

__all__ = ["repaint_webp"]

_ORIENTATION = 274
_BITSTREAMS = (b"VP8 ", b"VP8L", b"ALPH")
_KEPT = (b"ANIM",)
_FRAME_HEADER = 16
_ALPHA, _XMP_FLAG, _EXIF_FLAG, _PROFILE_FLAG = 0x10, 0x04, 0x08, 0x20

Chunk = tuple[bytes, bytes]


def repaint_webp(data: bytes, boxes: Sequence[PageBox], limits: Limits) -> bytes:
    """Return a WebP with every box filled in every frame and every copy of the picture gone."""
    image = open_image(data)
    check_size(image.size, limits)
    turned = _turned(image.getexif().get(_ORIENTATION))
    areas = regions(boxes, image.size, turned)
    check_covered(boxes, areas)
    chunks = _chunks(data[12 : 8 + int.from_bytes(data[4:8], "little")])
    frames = sum(kind == b"ANMF" for kind, _ in chunks)
    if frames > limits.frames:
        raise LimitExceededError(f"the picture has more than {limits.frames} frames (frames)")
    still = [chunk for chunk in chunks if chunk[0] in _BITSTREAMS]
    if bool(still) == bool(frames):
        raise FormatError("the WebP is neither still nor animated")
    kept: list[Chunk] = []
    for kind, body in chunks:
        if kind == b"ANMF":
            kept.append((kind, _frame(body, areas, limits)))
        elif kind in _BITSTREAMS:
            kept += _painted(still, image.size, areas) if still else []
            still = []  # coded colours and opacity are two chunks of one picture
        elif kind == b"ICCP":
            profile = clean_profile(body)
            kept += [] if profile is None else [(kind, profile)]
        elif kind in (b"EXIF", b"XMP "):
            kept += _metadata(kind, body, turned)
        elif kind in (b"VP8X", *_KEPT):
            kept.append((kind, body))
    return _file(kept)


def _turned(value: object) -> int:
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _chunks(body: bytes) -> list[Chunk]:
    chunks = []
    at = 0
    while at + 8 <= len(body):
        size = int.from_bytes(body[at + 4 : at + 8], "little")
        chunk = body[at + 8 : at + 8 + size]
        if len(chunk) < size:
            raise FormatError("the WebP is broken or cut off")
        chunks.append((body[at : at + 4], chunk))
        at += 8 + size + size % 2
    return chunks


def _packed(chunks: Sequence[Chunk]) -> bytes:
    return b"".join(
        kind + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2) for kind, body in chunks
    )


def _riff(chunks: Sequence[Chunk]) -> bytes:
    body = b"WEBP" + _packed(chunks)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _file(chunks: list[Chunk]) -> bytes:
    """Write the file, with the flags of the metadata that is still there."""
    if chunks and chunks[0][0] == b"VP8X":
        flags = chunks[0][1][0] & ~(_XMP_FLAG | _EXIF_FLAG | _PROFILE_FLAG)
        kinds = {kind for kind, _ in chunks}
        flags |= (
            _PROFILE_FLAG * (b"ICCP" in kinds)
            | _XMP_FLAG * (b"XMP " in kinds)
            | _EXIF_FLAG * (b"EXIF" in kinds)
        )
        chunks[0] = (b"VP8X", bytes((flags,)) + chunks[0][1][1:])
    return _riff(chunks)


def _metadata(kind: bytes, body: bytes, turned: int) -> list[Chunk]:
    if kind == b"XMP ":
        packet = clean_xmp(body)
        return [] if packet is None else [(kind, packet)]
    block = clean_exif(body.removeprefix(b"Exif\0\0"))
    if block is None and turned != 1:
        block = orientation_only(turned)
    return [] if block is None else [(kind, block)]


def _frame(body: bytes, areas: Sequence[Region], limits: Limits) -> bytes:
    """Return an animation frame with its part of the boxes filled."""
    if len(body) < _FRAME_HEADER:
        raise FormatError("the WebP has a broken frame")
    left, top, width, height = (int.from_bytes(body[at : at + 3], "little") for at in (0, 3, 6, 9))
    size = width + 1, height + 1
    check_size(size, limits)
    inside = [area.shifted(2 * left, 2 * top) for area in areas]
    chunks = [chunk for chunk in _chunks(body[_FRAME_HEADER:]) if chunk[0] in _BITSTREAMS]
    return body[:_FRAME_HEADER] + _packed(_painted(chunks, size, inside))


def _painted(chunks: list[Chunk], size: tuple[int, int], areas: Sequence[Region]) -> list[Chunk]:
    """Return the bitstream of one picture with the areas filled."""
    inside = [part for area in areas if (part := area.clipped(*size))]
    if not inside:
        return chunks
    image = open_image(_alone(chunks, size))
    image.load()
    if image.size != size:
        raise FormatError("the WebP has a frame of another size than it says")
    fill = (0, 0, 0, 255) if image.mode == "RGBA" else (0, 0, 0)
    exact = tuple((value, value) for value in fill)
    if all(image.crop(area).getextrema() == exact for area in inside):
        return chunks
    for area in inside:
        image.paste(fill, area)
    target = io.BytesIO()
    image.save(target, "WEBP", lossless=True, exact=True, quality=75, method=4)
    return [chunk for chunk in _chunks(target.getvalue()[12:]) if chunk[0] == b"VP8L"]


def _alone(chunks: list[Chunk], size: tuple[int, int]) -> bytes:
    """Return a WebP of one frame."""
    if not any(kind == b"ALPH" for kind, _ in chunks):
        return _riff(chunks)
    extent = b"".join((side - 1).to_bytes(3, "little") for side in size)
    return _riff([(b"VP8X", bytes((_ALPHA, 0, 0, 0)) + extent), *chunks])
