"""Take one image out of a PDF as a picture file: as it is stored where a reader knows that, else as pixels.

JPEG and JPEG 2000 data come as they stand where their own colours are those that the PDF shows; CCITT data
get a TIFF header; samples become a portable anymap. JBIG2 and what else is left is drawn by PDFium.

Source: ISO 32000-2, 8.9.5 (images), 7.4.6 to 7.4.9 (CCITTFax, JBIG2, DCT, JPX); TIFF 6.0, sections 10, 11.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from efface.engines import pdf_render
from efface.engines.pdf_colour import pixels, portable_anymap, unpacked
from efface.engines.pdf_objects import decode_pairs, decoded, filters_of, guarded, integer, parameters_of
from efface.engines.pdf_spaces import CMYK, by_components, space_of
from efface.engines.picture_frame import check_pixels
from efface.engines.pillow import guarded as guarded_pillow
from efface.engines.pillow import open_image
from efface.errors import FormatError, UnsupportedError

if TYPE_CHECKING:
    from efface.engines.pdf_colour import Space
    from efface.engines.pdf_objects import Dictionary
    from efface.model.limits import Limits

__all__ = [
    "CODECS",
    "Picture",
    "Samples",
    "decode_of",
    "is_mask",
    "is_picture",
    "jpeg_of",
    "picture",
    "size_of",
    "stored",
]

CODECS = ("/DCTDecode", "/JPXDecode", "/CCITTFaxDecode", "/JBIG2Decode")
_SLACK_BYTES = 1 << 16  # more than wanted that a writer may leave behind the samples
_MODES = {"L": 1, "RGB": 3, "CMYK": 4}
_ADOBE = b"Adobe\0d\0\0\0\0"


@dataclass(frozen=True, slots=True)
class Picture:
    """One image.

    Attributes:
        data: A picture file.
        suffix: Its kind, as names of such files end.
        is_cut: Whether samples were missing, which are black or white now.
    """

    data: bytes = field(repr=False)
    suffix: str
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of an image as they are stored.

    Attributes:
        data: Rows of samples, each padded to whole bytes; some may be missing, or more be behind them.
        size: (width, height).
        space: What they mean.
        bits: Bits of one sample.
    """

    data: bytes = field(repr=False)
    size: tuple[int, int]
    space: Space
    bits: int

    @property
    def size_bytes(self) -> int:
        """How many bytes the image should have."""
        return _bytes_of(self.size, self.space.components, self.bits)


def is_picture(stream: Dictionary) -> bool:
    """Return whether a stream is an image: said so, or of the form of one (thumbnails say nothing)."""
    if str(stream.get("/Subtype", "")) == "/Image":
        return True
    if integer(stream, "/Width") <= 0 or integer(stream, "/Height") <= 0:
        return False
    return any(key in stream for key in ("/ColorSpace", "/ImageMask", "/BitsPerComponent"))


def size_of(image: Dictionary) -> tuple[int, int]:
    """Return width and height as the image says."""
    return integer(image, "/Width"), integer(image, "/Height")


def picture(image: Dictionary, limits: Limits) -> Picture:
    """Return an image as a picture file.

    Args:
        image: An image of a PDF: a stream with the keys of an image dictionary written out.
        limits: Budgets; `picture_pixels` and `artefact_bytes` are used.

    Raises:
        FormatError: It is broken.
        LimitExceededError: It is larger than the limits allow.
        UnsupportedError: It is compressed in a way that cannot be read here.
    """
    with guarded("an image of the PDF"):
        filters = filters_of(image)
        codec = next((each for each in filters if each in CODECS), "")
        if not codec:
            return _samples(image, limits)
        if filters[-1] != codec:
            raise UnsupportedError("an image of the PDF is compressed in an order that makes no sense")
        if codec == "/JBIG2Decode":
            return _drawn(image, limits)
        if codec == "/DCTDecode":
            return _jpeg(image, limits)
        data = _before(image, limits)
        if codec == "/JPXDecode":
            return Picture(data, "jp2")
        return _fax(image, data, limits)


def _before(image: Dictionary, limits: Limits) -> bytes:
    """Return the data of an image's codec, with the filters around it taken off."""
    filters = filters_of(image)
    if len(filters) == 1:
        return bytes(image.read_raw_bytes())
    from pikepdf import Array, Name, Pdf, Stream  # noqa: PLC0415

    with Pdf.new() as alone:
        outer = Stream(alone, bytes(image.read_raw_bytes()))
        outer["/Filter"] = Array([Name(each) for each in filters[:-1]])
        return decoded(outer, limits.artefact_bytes)


def stored(image: Dictionary, limits: Limits) -> Samples:
    """Return the samples of an image that no codec of pictures packs.

    Raises:
        FormatError: As `picture`.
    """
    size = size_of(image)
    check_pixels(size, limits)
    bits = 1 if is_mask(image) else integer(image, "/BitsPerComponent", 8) or 8
    space = space_of(image)
    wanted = _bytes_of(size, space.components if space else 4, bits)
    data = decoded(image, max(limits.artefact_bytes, 2 * wanted + _SLACK_BYTES), wanted)
    if space is None:
        space = _guessed(data, size, bits)
    if not data and _bytes_of(size, space.components, bits):
        raise FormatError("an image of the PDF has no data")
    return Samples(data, size, space, bits)


def _samples(image: Dictionary, limits: Limits) -> Picture:
    found = stored(image, limits)
    space, bits = found.space, found.bits
    samples = unpacked(found.data, found.size, space.components, bits)
    shown = pixels(samples, space, bits, decode_of(image, space))
    is_cut = len(found.data) + _bytes_of((found.size[0], 1), space.components, bits) < found.size_bytes
    return Picture(portable_anymap(shown), "pgm" if shown.ndim == 2 else "ppm", is_cut)


def _bytes_of(size: tuple[int, int], components: int, bits: int) -> int:
    return (size[0] * components * bits + 7) // 8 * size[1]


def _guessed(data: bytes, size: tuple[int, int], bits: int) -> Space:
    """Return the space that fits the amount of data, where the image names none that is known."""
    for count in (4, 3, 1):
        space = by_components(count)
        if space and len(data) >= _bytes_of(size, count, bits):
            return space
    raise FormatError("an image of the PDF has a colour space that is not known, and too few data")


def is_mask(image: Dictionary) -> bool:
    """Return whether an image is a stencil: bits through which a page's colour is painted."""
    return str(image.get("/ImageMask", "")).lower() == "true"


def decode_of(image: Dictionary, space: Space) -> tuple[float, ...]:
    """Return the Decode array of an image, or nothing where it has none that fits its colours."""
    found = decode_pairs(image)
    return found if len(found) == 2 * space.components else ()


def jpeg_of(image: Dictionary, limits: Limits) -> bytes:
    """Return the JPEG of an image, with a marker in it where the PDF says how its colours are stored.

    Raises:
        FormatError: A filter around it cannot be taken off.
    """
    data = _before(image, limits)
    transform = integer(parameters_of(image, len(filters_of(image)) - 1), "/ColorTransform", -1)
    if transform == 0 and _ADOBE[:5] not in data[:4096]:
        data = data[:2] + b"\xff\xee\0\x0e" + _ADOBE + b"\0" + data[2:]
    return data


def _jpeg(image: Dictionary, limits: Limits) -> Picture:
    """Return a JPEG as it is where its decoder shows what the PDF shows, else its pixels as those."""
    data = jpeg_of(image, limits)
    space = space_of(image)
    decode = decode_pairs(image)
    usual = all(value == number % 2 for number, value in enumerate(decode))
    if usual and space is not None and space.kind in {"grey", "rgb"}:
        return Picture(data, "jpg")
    try:
        opened = open_image(data)
    except FormatError:
        return Picture(data, "jpg")  # the detectors say what is wrong with it
    components = _MODES.get(opened.mode, 0)
    if space is None or space.components != components:
        space = by_components(components)
    inverted = not usual and all(value == 1 - number % 2 for number, value in enumerate(decode))
    as_shown = inverted if space == CMYK else usual and space is not None and space.kind in {"grey", "rgb"}
    if (
        space is None or as_shown
    ):  # Pillow takes every CMYK JPEG for an inverted one, as Adobe's programs write
        return Picture(data, "jpg")
    check_pixels(opened.size, limits)
    with guarded_pillow():
        samples = np.asarray(opened).reshape(opened.height, opened.width, components)
    if components == 4:
        samples = 255 - samples
    shown = pixels(samples, space, 8, decode_of(image, space))
    return Picture(portable_anymap(shown), "pgm" if shown.ndim == 2 else "ppm")


def _fax(image: Dictionary, data: bytes, limits: Limits) -> Picture:
    """Return CCITT data with a TIFF header before them."""
    parameters = parameters_of(image, len(filters_of(image)) - 1)
    two_dimensional = integer(parameters, "/K")
    is_aligned = str(parameters.get("/EncodedByteAlign", "")).lower() == "true"
    has_marks = str(parameters.get("/EndOfLine", "")).lower() == "true"
    if is_aligned or (two_dimensional >= 0 and not has_marks):
        return _drawn(image, limits)  # TIFF has no words for these
    width = integer(parameters, "/Columns", 1728)
    height = integer(image, "/Height") or integer(parameters, "/Rows")
    check_pixels((width, height), limits)
    is_inverted = (str(parameters.get("/BlackIs1", "")).lower() == "true") != (
        decode_pairs(image) == (1.0, 0.0)
    )
    tags = [
        (256, 4, width), (257, 4, height), (258, 3, 1), (259, 3, 4 if two_dimensional < 0 else 3),
        (262, 3, int(is_inverted)), (266, 3, 1), (273, 4, 0), (277, 3, 1), (278, 4, height),
        (279, 4, len(data)), (292, 4, int(two_dimensional > 0)),
    ]  # fmt: skip
    if two_dimensional < 0:
        tags.pop()
    start = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(
        struct.pack("<HHII", tag, kind, 1, start if tag == 273 else value) for tag, kind, value in tags
    )
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    return Picture(head + data, "tif")


def _drawn(image: Dictionary, limits: Limits) -> Picture:
    size = size_of(image)
    check_pixels(size, limits)
    shown = pdf_render.image(image, size)
    return Picture(portable_anymap(shown), "pgm" if shown.ndim == 2 else "ppm")
