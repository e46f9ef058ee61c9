"""Paint regions of a JPEG 2000 picture: its header boxes stay, and its codestream is written without loss.

The samples are painted as the codestream gives them, before palettes and profiles, which stay in the header.
A picture that was coded with loss grows by this, often several times; outside the fill no sample changes.

Limits: samples of 8 bits, or grey of 16; whole pixels for every component; grey, RGB and sYCC with or without
opacity, or a palette. Others are refused.
Not kept: tiles, layers, order of progression; further codestreams, and boxes that describe what is gone.
Source: ISO/IEC 15444-1, A.5.1 (SIZ), I.5.3 (boxes of the header), I.7 (XML and UUID boxes).
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from efface.engines import jpeg2000
from efface.engines.colour_profile import clean_profile
from efface.engines.isobmff import Box, boxes, inside
from efface.engines.picture_metadata import clean_exif, clean_xmp, holds_picture
from efface.engines.pillow import open_image
from efface.engines.repaint_region import check_covered, check_size, regions
from efface.errors import FormatError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from efface.engines.repaint_region import PageBox, Region
    from efface.model.limits import Limits

__all__ = ["repaint_jpeg2000"]

_STREAM = b"\xff\x4f\xff\x51"
_HEADER_BOXES = frozenset({b"ihdr", b"bpcc", b"colr", b"pclr", b"cmap", b"cdef", b"res "})
_PROFILE_AT = 3  # in a colour box
_COMPONENTS_AT, _SIZE_END = 40, 42  # in a codestream
_GREY, _RGB, _SYCC = (0,), (0, 0, 0), (0, 128, 128)
_ENUMERATED = {16: _RGB, 17: _GREY, 18: _SYCC}
_PROFILES = {b"GRAY": _GREY, b"RGB ": _RGB}
_OTHER_COLOURS = "a JPEG 2000 picture of other colours than grey, RGB and sYCC"


def repaint_jpeg2000(data: bytes, boxes: Sequence[PageBox], limits: Limits) -> bytes:
    """Return a JPEG 2000 file with every box filled; the codestream as it is when all of it was filled before."""
    if data.startswith(_STREAM):
        stream = data[: jpeg2000.end(data, 0, len(data))]
        return _painted(stream, None, boxes, limits)
    top = _top(data)
    first = next((box for box in top if box.kind == b"jp2c"), None)
    header = next((box for box in top if box.kind == b"jp2h"), None)
    if first is None or header is None:
        raise FormatError("the JPEG 2000 file holds no picture")
    stream = data[first.start : jpeg2000.end(data, first.start, first.stop)]
    colours = {box.kind: data[box.start : box.stop] for box in reversed(list(inside(data, header)))}
    painted = _painted(stream, colours, boxes, limits)
    return b"".join(_kept(data, box, painted if box is first else b"") for box in top)


def _top(data: bytes) -> list[Box]:
    return list(boxes(data))


def _kept(data: bytes, box: Box, stream: bytes) -> bytes:
    """Return a box of the file without any copy of the picture, nothing where nothing of it is to stay."""
    body = data[box.start : box.stop]
    if stream:
        return _box(box.kind, stream)
    if box.kind in (b"jP  ", b"ftyp"):
        return _box(box.kind, body)
    if box.kind == b"jp2h":
        parts = (one for one in inside(data, box) if one.kind in _HEADER_BOXES)
        return _box(
            box.kind, b"".join(_box(one.kind, _clean(one.kind, data[one.start : one.stop])) for one in parts)
        )
    if box.kind == b"xml " and not holds_picture(body):
        return _box(box.kind, body)
    clean = {jpeg2000.XMP: clean_xmp, jpeg2000.EXIF: clean_exif}.get(body[:16])
    left = clean(body[16:]) if box.kind == b"uuid" and clean else None
    return _box(box.kind, body[:16] + left) if left else b""


def _clean(kind: bytes, body: bytes) -> bytes:
    """Return a box of the header; a colour profile in it without what is no colour."""
    if kind != b"colr" or body[:1] == b"\1":
        return body
    return body[:_PROFILE_AT] + (clean_profile(body[_PROFILE_AT:]) or b"")


def _box(kind: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + kind + body


def _painted(
    stream: bytes, header: dict[bytes, bytes] | None, wanted: Sequence[PageBox], limits: Limits
) -> bytes:
    """Return a codestream with the areas filled, and without comments that hold a picture."""
    components = _components(stream)
    fill = _fill(components, header)
    image = open_image(stream)
    check_size(image.size, limits)
    areas = regions(wanted, image.size)
    check_covered(wanted, areas)
    image.load()
    if len(image.getbands()) != components:
        raise UnsupportedError(_OTHER_COLOURS)
    if all(_is_flat(image, area, fill) for area in areas) and not any(
        map(holds_picture, jpeg2000.comments(stream))
    ):
        return stream
    for area in areas:
        image.paste(fill if components > 1 else fill[0], area)
    target = io.BytesIO()
    mixed = components > len(_RGB) - 1 and fill[:3] == _RGB
    image.save(target, "JPEG2000", no_jp2=True, irreversible=False, mct=int(mixed))
    return target.getvalue()


def _components(stream: bytes) -> int:
    """Return how many components a codestream has.

    Raises:
        UnsupportedError: They are not such as can be written back as they were.
    """
    count = int.from_bytes(stream[_COMPONENTS_AT:_SIZE_END], "big")
    each = [stream[at : at + 3] for at in range(_SIZE_END, _SIZE_END + 3 * count, 3)]
    depths = {part[0] + 1 for part in each if part}
    if any(stream[16:24]) or not 1 <= count <= 4 or any(part[1:] != b"\1\1" for part in each):
        raise UnsupportedError("a JPEG 2000 picture of halved, shifted or many components")
    if depths != {8} and (count, depths) != (1, {16}):
        raise UnsupportedError("a JPEG 2000 picture of samples that the picture library would cut")
    return count


def _fill(components: int, header: dict[bytes, bytes] | None) -> tuple[int, ...]:
    """Return the samples of an opaque black, or of the darkest colour of the palette."""
    bare = _GREY if components <= len(_RGB) - 1 else _RGB
    black = bare if header is None else _black(header.get(b"colr", b""))
    if header is not None and b"pclr" in header:
        return _darkest(header[b"pclr"], components, black)
    if components - len(black) not in (0, 1):
        raise UnsupportedError(_OTHER_COLOURS)
    return (*black, 255) if components > len(black) else black


def _black(colour: bytes) -> tuple[int, ...]:
    if colour[:1] == b"\1":
        black = _ENUMERATED.get(int.from_bytes(colour[3:7], "big"))
    else:
        black = _PROFILES.get(colour[_PROFILE_AT + 16 : _PROFILE_AT + 20])
    if black is None:
        raise UnsupportedError(_OTHER_COLOURS)
    return black


def _darkest(palette: bytes, components: int, black: tuple[int, ...]) -> tuple[int, ...]:
    columns = palette[2] if len(palette) > 2 else 0
    rows = palette[3 + columns :]
    colours = [rows[at : at + columns] for at in range(0, len(rows), columns or 1)]
    if components != 1 or set(palette[3 : 3 + columns]) != {7} or black == _SYCC or columns > len(_RGB):
        raise UnsupportedError("a JPEG 2000 picture of a palette that is not of 8 bits and opaque")
    return (min(range(len(colours)), key=lambda index: sum(colours[index])),)


def _is_flat(image: Image.Image, area: Region, fill: tuple[int, ...]) -> bool:
    extrema: Any = image.crop(area).getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return tuple(bands) == tuple((value, value) for value in fill)
