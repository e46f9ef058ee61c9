"""Cover regions of an image of a PDF, in its own samples, colour space and number of bits.

A JPEG stays one, and keeps every block outside the fill (`repaint_jpeg`). Samples stay as they are, packed with
Flate. CCITT, JBIG2 and JPEG 2000 are unpacked first, which must show the same picture, and stay so: no
encoder of these would give the other pixels back. What cannot be unpacked without loss is refused.

Source: ISO 32000-2, 7.4 (filters), 8.9.5 (images).
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np
from PIL import ExifTags

from efface.engines.pdf_objects import filters_of, guarded, integer, library, parameters_of
from efface.engines.pdf_pictures import (
    CODECS,
    decode_of,
    is_mask,
    jpeg_of,
    picture,
    size_of,
    stored,
)
from efface.engines.pdf_spaces import by_components, space_of
from efface.engines.pillow import guarded as guarded_pillow
from efface.engines.pillow import open_image
from efface.engines.repaint import repaint
from efface.engines.repaint_region import check_covered, regions
from efface.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from efface.engines.pdf_objects import Dictionary
    from efface.engines.pdf_pictures import Samples
    from efface.engines.repaint_region import PageBox, Region
    from efface.model.limits import Limits

__all__ = ["blank", "fill", "put"]

_JPEG, _JPX = "/DCTDecode", "/JPXDecode"
_SIZ = b"\xff\x4f\xff\x51"
_DEPTH_AT = 42  # from the start of the codestream: depth of the first component, less one
_BYTE = 7
_NOT_PLAIN = "an image of the PDF is coded in a way that cannot be unpacked without loss ({})"


def fill(image: Dictionary, boxes: Sequence[PageBox], limits: Limits) -> None:
    """Cover boxes of an image, in place.

    Args:
        image: An image of a PDF: a stream with the keys of an image dictionary written out.
        boxes: In pixels as `picture` shows the image; none covers all of it.
        limits: Budgets.

    Raises:
        UnsupportedError: It cannot be changed without losing something else.
        FormatError: It is broken, or no box lies in it.
        LimitExceededError: It is larger than the limits allow.
    """
    if not boxes:
        blank(image)
        return
    codec = next((each for each in filters_of(image) if each in CODECS), "")
    if codec == _JPEG:
        _fill_jpeg(image, boxes, limits)
        return
    if codec:
        _unpack(image, codec, limits)
    areas = regions(boxes, size_of(image))
    check_covered(boxes, areas)
    found = stored(image, limits)
    rows = np.frombuffer(found.data[: found.size_bytes].ljust(found.size_bytes, b"\0"), np.uint8)
    rows = rows.reshape(found.size[1], -1).copy()
    pattern = _dark(found, image)
    for area in areas:
        _paint(rows, area, pattern)
    _put_samples(image, rows.tobytes())


def blank(image: Dictionary) -> None:
    """Make all of an image black, or nothing but paint where it is a stencil; its size stays."""
    width, height = size_of(image)
    with guarded("an image of the PDF"):
        for key in ("/Decode", "/Mask", "/SMaskInData"):
            if key in image and not (key == "/Mask" and _is_stream(image.get(key))):
                del image[key]
        if not is_mask(image):
            image["/ColorSpace"] = library().Name("/DeviceGray")
            image["/BitsPerComponent"] = 1
    _put_samples(image, bytes((width + 7) // 8 * height))


def _is_stream(value: object) -> bool:
    """Return whether a value of a PDF is a stream."""
    return isinstance(value, library().Stream)


def put(stream: Dictionary, data: bytes) -> None:
    """Give a stream other content: a JPEG as it is where the stream was one, anything else deflated."""
    pikepdf = library()
    with guarded("a stream of the PDF"):
        filters = filters_of(stream)
        if filters and filters[-1] == _JPEG:
            parameters = parameters_of(stream, len(filters) - 1)
            stream.write(
                data, filter=pikepdf.Name(_JPEG), decode_parms=parameters if len(parameters) else None
            )
        else:
            stream.write(zlib.compress(data, 9), filter=pikepdf.Name("/FlateDecode"))


def _put_samples(image: Dictionary, data: bytes) -> None:
    with guarded("an image of the PDF"):
        image.write(zlib.compress(data, 9), filter=library().Name("/FlateDecode"))


def _fill_jpeg(image: Dictionary, boxes: Sequence[PageBox], limits: Limits) -> None:
    """Cover boxes of a JPEG whose colours are not those that its decoder shows."""
    data = jpeg_of(image, limits)
    if open_image(data).getexif().get(ExifTags.Base.Orientation, 1) != 1:
        raise UnsupportedError("a JPEG of the PDF is turned by its metadata, and shown in other colours")
    put(image, repaint(data, boxes, limits))


def _unpack(image: Dictionary, codec: str, limits: Limits) -> None:
    """Turn an image of another coding into samples that show the same."""
    before = _seen(picture(image, limits).data)
    if before.shape[:2] != size_of(image)[::-1]:
        raise UnsupportedError(_NOT_PLAIN.format("its size is another one"))
    if codec == _JPX:
        _put_jpx(image, before, picture(image, limits).data)
    else:
        _put_bits(image, before)
    if not np.array_equal(_seen(picture(image, limits).data), before):
        raise UnsupportedError(_NOT_PLAIN.format("it would look different"))


def _seen(data: bytes) -> NDArray[np.uint8]:
    """Return the pixels of a picture file, grey or RGB."""
    opened = open_image(data)
    with guarded_pillow():
        if opened.mode not in {"1", "L", "RGB"}:
            raise UnsupportedError(_NOT_PLAIN.format("neither grey nor RGB"))
        return np.asarray(opened.convert("L") if opened.mode == "1" else opened)


def _put_jpx(image: Dictionary, shown: NDArray[np.uint8], data: bytes) -> None:
    at = data.find(_SIZ)
    is_byte = at >= 0 and data[at + _DEPTH_AT : at + _DEPTH_AT + 1] == bytes([_BYTE])
    space = space_of(image)
    kind = by_components(1 if shown.ndim == 2 else 3)
    if not is_byte or integer(image, "/SMaskInData") or (space is not None and space != kind):
        raise UnsupportedError(_NOT_PLAIN.format("JPEG 2000 of more than 8 bits, or of other colours"))
    with guarded("an image of the PDF"):
        if space is None:
            image["/ColorSpace"] = library().Name("/DeviceGray" if shown.ndim == 2 else "/DeviceRGB")
        image["/BitsPerComponent"] = 8
        if "/Decode" in image:
            del image["/Decode"]  # which JPEG 2000 ignores
    _put_samples(image, shown.tobytes())


def _put_bits(image: Dictionary, shown: NDArray[np.uint8]) -> None:
    space = space_of(image)
    bits = 1 if is_mask(image) else integer(image, "/BitsPerComponent", 1)
    if shown.ndim != 2 or bits != 1 or (space is not None and space.kind != "grey"):
        raise UnsupportedError(_NOT_PLAIN.format("bits with colours"))
    is_light = shown >= 128
    if space is not None and decode_of(image, space)[:1] == (1.0,):
        is_light = ~is_light
    with guarded("an image of the PDF"):
        image["/BitsPerComponent"] = 1
        if space is None:
            image["/ColorSpace"] = library().Name("/DeviceGray")
    _put_samples(image, np.packbits(is_light, axis=1).tobytes())


def _dark(found: Samples, image: Dictionary) -> NDArray[np.uint8]:
    """Return the bits of one pixel that shows as little light as its colour space can."""
    space, most = found.space, (1 << found.bits) - 1
    decode = decode_of(image, space)
    if space.kind == "indexed":
        each = space.base.components if space.base else 3
        colours = [sum(space.palette[at : at + each]) for at in range(0, len(space.palette), each)]
        inks = space.base is not None and space.base.kind in {"cmyk", "inks"}
        colours = colours[: most + 1] or [0]
        values = [colours.index(max(colours) if inks else min(colours))]
        if decode:
            values = [0]  # whichever colour that is: it is one colour
    else:
        least, full = (most, 0) if space.kind in {"cmyk", "inks"} else (0, most)
        pairs = [decode[2 * n : 2 * n + 2] for n in range(space.components)]
        values = [full if pair and pair[0] > pair[1] else least for pair in pairs]
        if space.kind == "lab":
            values[1:] = [(most + 1) // 2] * (space.components - 1)
    text = "".join(f"{value:0{found.bits}b}" for value in values)
    return np.array([int(bit) for bit in text], np.uint8)


def _paint(rows: NDArray[np.uint8], area: Region, pattern: NDArray[np.uint8]) -> None:
    """Write one pixel's bits over a region of packed rows, row by row."""
    paint = np.tile(pattern, area.right - area.left)
    first = area.left * len(pattern)
    start, stop = first // 8, -(-area.right * len(pattern) // 8)
    for row in range(area.top, area.bottom):
        bits = np.unpackbits(rows[row, start:stop])
        bits[first - 8 * start : first - 8 * start + len(paint)] = paint
        rows[row, start:stop] = np.packbits(bits)
