"""Paint regions of a JPEG: the blocks under a box become black, all others are copied; metadata by segment.

A box is enlarged to whole MCUs, so that no block holds a mixture. `jpeg_blocks` says what is kept of the coding.
A second application finds every block black and leaves the coded picture as it is, byte for byte. It is not needed
for the proof: the coefficients of the result were compared, its metadata are cleaned again, and a viewer looks at it.

Not promised: pixels within two of the fill's edge are as before only where chroma is not halved, since decoders
mix the chroma of neighbouring blocks.
Source: ITU-T T.81 B.1.1; JFIF 1.02 (thumbnails); Exif 3.0, 4.7.2; CIPA DC-007; XMP part 3.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PIL import ExifTags

from efface.engines.colour_profile import clean_profile
from efface.engines.jpeg_blocks import fill_blocks
from efface.engines.picture_metadata import (
    clean_exif,
    clean_photoshop,
    clean_xmp,
    holds_picture,
    orientation_only,
)
from efface.engines.pillow import open_image
from efface.engines.repaint_region import Region, check_covered, check_size, regions
from efface.errors import FormatError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PIL import Image

    from efface.engines.repaint_region import PageBox
    from efface.model.limits import Limits

__all__ = ["is_filled", "repaint_jpeg"]

_START, _END = b"\xff\xd8", b"\xff\xd9"
_SOS, _COMMENT, _APP0, _APP1, _APP2, _APP13, _ADOBE = 0xDA, 0xFE, 0xE0, 0xE1, 0xE2, 0xED, 0xEE
_STANDALONE = (0x01, *range(0xD0, 0xD8))
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_PHOTOSHOP, _ICC, _JFIF = b"Photoshop 3.0\0", b"ICC_PROFILE\0", b"JFIF\0"
_ICC_HEADER = len(_ICC) + 2  # and the number of the piece, and how many there are
_JFIF_BYTES = 14  # without the thumbnail
_SEGMENT_BYTES = 65_533
_MODES = ("L", "RGB", "CMYK")
_BLOCK_PX = 8
_RIM_PX = 2  # chroma is interpolated across the edge of the fill by up to this much
_NEARLY_BLACK = 16  # what quantisation makes of black

Segment = tuple[int, bytes]


def repaint_jpeg(data: bytes, boxes: Sequence[PageBox], limits: Limits) -> bytes:
    """Return a JPEG with every box filled and every copy gone; the first image alone is kept.

    What comes out was looked at: it shows the fill, and cleaning it again changes nothing.
    """
    segments, core = _split(data)
    orientation = _orientation(open_image(data))
    # Both markers decide how colours are stored, and JFIF wins over Adobe.
    colour = [_segment(*segment) for segment in segments if segment[0] == _ADOBE or _is_jfif(*segment)]
    coded = b"".join((_START, *colour, core))
    image = open_image(coded)
    check_size(image.size, limits)
    if image.mode not in _MODES:
        raise UnsupportedError("a JPEG of another colour model than grey, RGB and CMYK")
    across, down = _unit_px(image)
    areas = [region.aligned(across, down) for region in regions(boxes, image.size, orientation)]
    check_covered(boxes, areas)
    units = [
        Region(area.left // across, area.top // down, area.right // across, area.bottom // down)
        for area in areas
    ]
    filled = fill_blocks(coded, units, limits) if areas else None
    painted = _joined(segments, core if filled is None else filled[len(_START) :], orientation)
    _check(painted, areas, orientation)
    return painted


def is_filled(image: Image.Image, area: Region, rim_px: int = _RIM_PX) -> bool:
    """Return whether a region of a decoded JPEG is one dark colour, its interpolated rim left out."""
    inner = area.inset(rim_px, *image.size)
    if inner is None:
        return True
    bands = image.crop(inner).convert("RGB").getextrema()
    return all(low == high <= _NEARLY_BLACK for low, high in bands)  # type: ignore[misc]


def _joined(segments: list[Segment], core: bytes, orientation: int) -> bytes:
    return b"".join((_START, *(_segment(*kept) for kept in _cleaned(segments, orientation)), core))


def _check(painted: bytes, areas: Sequence[Region], orientation: int) -> None:
    """Look at the result: nothing is left to clean, and its areas are dark and where a viewer shows them as before."""
    if _joined(*_split(painted), orientation) != painted:
        raise FormatError("the JPEG could not be rewritten so that it stays clean")
    image = open_image(painted)
    if areas and not (_orientation(image) == orientation and _are_filled(image, areas)):
        raise FormatError("the blocks of the JPEG were filled, and do not show one dark colour there")


def _are_filled(image: Image.Image, areas: Sequence[Region]) -> bool:
    """Return whether a viewer shows each area in one dark colour.

    One pixel is decoded for each block, as long as there are some: `fill_blocks` has left the blocks nothing but DC.
    """
    scale = _BLOCK_PX if min(image.size) >= _BLOCK_PX else 1
    image.draft(image.mode, (image.width // scale, image.height // scale))
    small = (Region(*(edge // scale for edge in area)).clipped(*image.size) for area in areas)
    return all(is_filled(image, area, _RIM_PX // scale) for area in small if area)


def _unit_px(image: Image.Image) -> tuple[int, int]:
    """Return width and height of the MCU of all components, in pixels."""
    layers: list[tuple[int, int, int, int]] = image.layer  # type: ignore[attr-defined]
    return _BLOCK_PX * max(layer[1] for layer in layers), _BLOCK_PX * max(layer[2] for layer in layers)


def _orientation(image: Image.Image) -> int:
    value = image.getexif().get(ExifTags.Base.Orientation)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _split(data: bytes) -> tuple[list[Segment], bytes]:
    """Return the metadata segments of the first image, and all its other bytes behind the start marker."""
    segments: list[Segment] = []
    core: list[bytes] = []
    at = 2
    while True:
        if data[at : at + 1] != b"\xff" or at + 2 > len(data):
            raise FormatError("the JPEG is broken or cut off")
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0xD9:
            core.append(_END)
            return segments, b"".join(core)
        if marker in _STANDALONE:
            core.append(data[at : at + 2])
            at += 2
            continue
        stop = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if stop < at + 4 or stop > len(data):
            raise FormatError("the JPEG is broken or cut off")
        if _APP0 <= marker <= 0xEF or marker == _COMMENT:
            segments.append((marker, data[at + 4 : stop]))
        else:
            stop = _scan_end(data, stop) if marker == _SOS else stop
            core.append(data[at:stop])
        at = stop


def _scan_end(data: bytes, at: int) -> int:
    found = _NEXT_MARKER.search(data, at)
    if found is None:
        raise FormatError("the JPEG has no end")
    return found.start()


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


def _cleaned(segments: list[Segment], orientation: int) -> Iterator[Segment]:
    """Yield the segments that describe the picture, in their order, without any copy of it."""
    turned = False
    photoshop = b"".join(body[len(_PHOTOSHOP) :] for _, body in segments if body.startswith(_PHOTOSHOP))
    # What lies in several segments is cleaned as one, and written where its first was.
    joined = {_PHOTOSHOP: _photoshop(clean_photoshop(photoshop)), _ICC: _colours(_profile(segments))}
    for marker, body in segments:
        if _is_jfif(marker, body):
            yield marker, body[: _JFIF_BYTES - 2] + b"\0\0"
        elif marker == _APP1 and body.startswith(_EXIF):
            block = clean_exif(body[len(_EXIF) :])
            if block is None and orientation != 1 and not turned:
                block = orientation_only(orientation)
            if block:
                turned = True
                yield marker, _EXIF + block
        elif marker == _APP1 and body.startswith(_XMP):
            packet = clean_xmp(body[len(_XMP) :])
            if packet is not None:
                yield marker, _XMP + packet
        elif (name := {_APP13: _PHOTOSHOP, _APP2: _ICC}.get(marker)) and body.startswith(name):
            yield from joined.pop(name, ())
        elif _is_harmless(marker, body):
            yield marker, body


def _is_jfif(marker: int, body: bytes) -> bool:
    return marker == _APP0 and body.startswith(_JFIF) and len(body) >= _JFIF_BYTES


def _profile(segments: list[Segment]) -> bytes:
    """Return the colour profile, whose pieces are numbered."""
    pieces = [body[len(_ICC) :] for _, body in segments if body.startswith(_ICC)]
    return b"".join(piece[2:] for piece in sorted(pieces, key=lambda piece: piece[:1]))


def _colours(profile: bytes) -> Iterator[Segment]:
    cleaned = clean_profile(profile) or b""
    step = _SEGMENT_BYTES - _ICC_HEADER
    count = -(-len(cleaned) // step)
    for number, at in enumerate(range(0, len(cleaned), step), start=1):
        yield _APP2, _ICC + bytes((number, count)) + cleaned[at : at + step]


def _photoshop(resources: bytes) -> Iterator[Segment]:
    step = _SEGMENT_BYTES - len(_PHOTOSHOP)
    for at in range(0, len(resources), step):
        yield _APP13, _PHOTOSHOP + resources[at : at + step]


def _is_harmless(marker: int, body: bytes) -> bool:
    if marker == _COMMENT:
        return not holds_picture(body)
    return marker == _ADOBE
