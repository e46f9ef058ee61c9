"""Read what colour space a PDF image says that it has.

Source: ISO 32000-2, 8.6.4 to 8.6.6 (device, CIE-based and special colour spaces), table 92 (short names).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.engines.pdf_colour import GREY, RGB, Space
from efface.engines.pdf_objects import decoded, integer, library
from efface.errors import FormatError

if TYPE_CHECKING:
    from efface.engines.pdf_objects import Dictionary

__all__ = ["CMYK", "by_components", "space_of"]

CMYK = Space("cmyk", 4)
_NAMED = {
    "/DeviceGray": GREY, "/G": GREY, "/CalGray": GREY,
    "/DeviceRGB": RGB, "/RGB": RGB, "/CalRGB": RGB,
    "/DeviceCMYK": CMYK, "/CMYK": CMYK, "/CalCMYK": CMYK,
    "/Lab": Space("lab", 3),
}  # fmt: skip
_MAX_DEPTH = 4
_MAX_INKS = 32
_PALETTE_BYTES = 256 * _MAX_INKS


def by_components(count: int) -> Space | None:
    """Return the device space that has so many components."""
    return {1: GREY, 3: RGB, 4: CMYK}.get(count)


def space_of(image: Dictionary) -> Space | None:
    """Return the colour space of an image, or None where it has none or names one that is not known.

    Raises:
        FormatError: It names one that images cannot have.
    """
    if image.get("/ImageMask") is True or str(image.get("/ImageMask")) == "true":
        return GREY
    value = image.get("/ColorSpace")
    return None if value is None else _space(value, 0)


def _space(value: Dictionary, depth: int) -> Space | None:
    pikepdf = library()
    if depth > _MAX_DEPTH:
        raise FormatError("a colour space of the PDF is defined by itself")
    if isinstance(value, pikepdf.Name):
        return _NAMED.get(str(value))
    if not isinstance(value, pikepdf.Array) or not len(value):
        return None
    return _family(str(value[0]), value, depth)


def _family(family: str, value: Dictionary, depth: int) -> Space | None:
    if family == "/ICCBased" and len(value) > 1:
        profile = value[1]
        return by_components(integer(profile, "/N")) or _alternate(profile, depth)
    if family in {"/Indexed", "/I"} and len(value) > 3:
        base = _space(value[1], depth + 1) or RGB
        return Space("indexed", 1, palette=_palette(value[3]), base=base)
    if family == "/Separation" and len(value) > 1:
        return Space("inks", 1, (str(value[1])[1:],))
    if family == "/DeviceN" and len(value) > 1 and isinstance(value[1], library().Array):
        inks = tuple(str(item)[1:] for item in list(value[1])[:_MAX_INKS])
        return Space("inks", len(inks), inks) if inks else None
    return _NAMED.get(family)


def _alternate(profile: Dictionary, depth: int) -> Space | None:
    other = profile.get("/Alternate")
    return None if other is None else _space(other, depth + 1)


def _palette(value: Dictionary) -> bytes:
    if isinstance(value, library().Stream):
        return decoded(value, _PALETTE_BYTES, _PALETTE_BYTES)
    return bytes(value)[:_PALETTE_BYTES]
