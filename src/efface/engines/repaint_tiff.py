"""Paint regions of a TIFF page by page: compression, resolution, profile and describing tags stay.

A page turned by its orientation tag is written upright without the tag. A reduced-resolution page is painted
where the page before it was. SubIFDs, embedded thumbnails and what no page refers to are not written again.
Pages coded as JPEG are coded once more, at quality 95.

Limits: samples that Pillow would cut (16-bit colour, more than four colour channels) are refused.
Source: TIFF 6.0; Adobe TIFF technical notes (SubIFDs); Exif 3.0, 4.6.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, cast

from PIL import Image, TiffImagePlugin

from efface.engines.colour_profile import clean_profile
from efface.engines.embedded_pictures import thumbnails
from efface.engines.picture_metadata import clean_photoshop, clean_xmp, holds_picture
from efface.engines.pillow import open_image
from efface.engines.repaint_jpeg import is_filled
from efface.engines.repaint_region import (
    BLOCK_PX,
    Region,
    check_covered,
    check_size,
    regions,
)
from efface.errors import LimitExceededError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.engines.repaint_region import PageBox
    from efface.model.limits import Limits

__all__ = ["repaint_tiff"]

_SUBFILE, _BITS, _SAMPLES, _SAMPLE_FORMAT, _ORIENTATION, _PREDICTOR = 254, 258, 277, 339, 274, 317
_XMP, _PHOTOSHOP, _IPTC, _EXIF_IFD, _GPS_IFD = 700, 34377, 33723, 34665, 34853
_REDUCED = 1
# Written anew by the encoder, or pointing to what is not written again.
_STRUCTURE = frozenset(
    {256, 257, _BITS, 259, 262, 266, 273, _ORIENTATION, _SAMPLES, 278, 279, 284, 301, 320, 322, 323, 324, 325,
     330, 338, _SAMPLE_FORMAT, 347, *range(512, 522), 529, 530, 531, 532, 34675, 40965, _EXIF_IFD, _GPS_IFD}
)  # fmt: skip
_FILLS: dict[str, float | tuple[int, ...]] = {
    "1": 0, "L": 0, "LA": (0, 255), "RGB": (0, 0, 0), "RGBA": (0, 0, 0, 255), "CMYK": (0, 0, 0, 255),
    "I;16": 0, "I;16B": 0, "I": 0, "F": 0.0, "LAB": (0, 128, 128), "YCbCr": (0, 128, 128),
}  # fmt: skip
_JPEG = ("jpeg", "tiff_jpeg")
_JPEG_QUALITY = 95


def repaint_tiff(data: bytes, boxes: Sequence[PageBox], limits: Limits) -> bytes:
    """Return a TIFF with every box filled on its pages; the same bytes when all of it was filled before."""
    pages = _Pages(data, boxes, limits)
    target = io.BytesIO()
    changed = bool(list(thumbnails(data)))
    with TiffImagePlugin.AppendingTiffWriter(target, new=True) as writer:
        for number in range(1, pages.count + 1):
            page = pages.painted(number)
            changed = changed or page.changed
            _check_lossless(page.source)
            page.image.save(writer, "TIFF", **_settings(page.source, page.image))
            writer.newFrame()
    check_covered(boxes, pages.covered)
    return target.getvalue() if changed else data


class _Page:
    """One page: as it was opened, and its pixels with the boxes filled."""

    def __init__(self, source: Any, image: Image.Image, *, changed: bool) -> None:  # noqa: ANN401 - Pillow's TIFF
        self.source = source
        self.image = image
        self.changed = changed


class _Pages:
    """Opens the pages of one TIFF in turn."""

    def __init__(self, data: bytes, boxes: Sequence[PageBox], limits: Limits) -> None:
        self._image = cast("Any", open_image(data))
        self._boxes = boxes
        self._limits = limits
        self._main: tuple[tuple[int, int], list[Region]] = ((1, 1), [])
        self.covered: list[Region] = []
        self.count = int(self._image.n_frames)
        if self.count > limits.frames:
            raise LimitExceededError(f"the picture has more than {limits.frames} pages (frames)")

    def painted(self, number: int) -> _Page:
        self._image.seek(number - 1)
        check_size(self._image.size, self._limits)
        self._image.load()
        image = self._image.copy()
        areas = self._areas(number, image.size)
        self.covered += areas
        is_jpeg = self._image.info.get("compression") in _JPEG
        if is_jpeg:
            areas = [
                part for area in areas if (part := area.aligned(BLOCK_PX, BLOCK_PX).clipped(*image.size))
            ]
        changed = not all(_is_flat(image, area, is_jpeg=is_jpeg) for area in areas)
        for area in areas if changed else ():
            image.paste(_fill(image), area)
        return _Page(self._image, image, changed=changed)

    def _areas(self, number: int, size: tuple[int, int]) -> list[Region]:
        areas = regions(self._boxes, size, page=number)
        if self._image.tag_v2.get(_SUBFILE, 0) & _REDUCED:
            main_size, main_areas = self._main
            return areas + [_scaled(area, main_size, size) for area in main_areas]
        self._main = size, areas
        return areas


def _scaled(area: Region, full: tuple[int, int], reduced: tuple[int, int]) -> Region:
    across, down = reduced[0] / full[0], reduced[1] / full[1]
    scaled = Region(
        int(area.left * across),
        int(area.top * down),
        int(area.right * across) + 1,
        int(area.bottom * down) + 1,
    )
    return scaled.clipped(*reduced) or Region(0, 0, *reduced)


def _fill(image: Image.Image) -> float | tuple[int, ...]:
    if image.mode == "P":
        table = image.getpalette() or []
        return min(range(len(table) // 3), key=lambda index: sum(table[3 * index : 3 * index + 3]))
    fill = _FILLS.get(image.mode)
    if fill is None:
        raise UnsupportedError(f"a TIFF page of the kind {image.mode} cannot be rewritten without loss")
    return fill


def _is_flat(image: Image.Image, area: Region, *, is_jpeg: bool) -> bool:
    if is_jpeg:
        return is_filled(image, area)
    fill = _fill(image)
    exact = fill if isinstance(fill, tuple) else (fill,)
    extrema: Any = image.crop(area).getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return len(bands) == len(exact) and all(
        low == high == value for (low, high), value in zip(bands, exact, strict=True)
    )


def _check_lossless(page: Any) -> None:  # noqa: ANN401
    bits = page.tag_v2.get(_BITS, (1,))
    samples = page.tag_v2.get(_SAMPLES, 1)
    if samples != len(page.getbands()) or (samples > 1 and max(bits) > 8):
        raise UnsupportedError("a TIFF page of samples that the picture library would cut")
    if page.tag_v2.get(_SAMPLE_FORMAT, (1,))[0] not in (1, 3, 4) and page.mode not in ("I", "F"):
        raise UnsupportedError("a TIFF page of signed samples")


def _settings(page: Any, image: Image.Image) -> dict[str, Any]:  # noqa: ANN401
    """Return how to write a page so that it is coded and described as before."""
    compression = page.info.get("compression")
    settings: dict[str, Any] = {"tiffinfo": _tags(page)}
    if compression in _JPEG:
        settings |= {"compression": "jpeg", "quality": _JPEG_QUALITY}
    elif compression not in (None, "raw"):
        settings["compression"] = compression
    settings["icc_profile"] = clean_profile(page.info.get("icc_profile") or b"")
    image.info.pop("xmp", None)
    return settings


def _tags(page: Any) -> TiffImagePlugin.ImageFileDirectory_v2:  # noqa: ANN401
    """Return the describing tags of a page, without any copy of the picture."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in page.tag_v2.items():
        kept = _kept(tag, value)
        if kept is not None:
            tags[tag] = kept
            tags.tagtype[tag] = page.tag_v2.tagtype[tag]
    exif = page.getexif()
    for tag in (_EXIF_IFD, _GPS_IFD):
        inner = {
            key: value
            for key, value in exif.get_ifd(tag).items()
            if not (isinstance(value, bytes) and holds_picture(value)) and not isinstance(value, dict)
        }
        if tag in page.tag_v2 and inner:
            tags[tag] = inner
    return tags


def _kept(tag: int, value: Any) -> Any:  # noqa: ANN401 - whatever a tag may hold
    if tag in _STRUCTURE:
        return None
    if isinstance(value, tuple) and len(value) == 1 and isinstance(value[0], bytes):
        value = value[0]
    if tag == _XMP:
        return clean_xmp(bytes(value)) if isinstance(value, bytes) else None
    if tag == _PHOTOSHOP:
        return (clean_photoshop(value) or None) if isinstance(value, bytes) else None
    if isinstance(value, str):
        return None if holds_picture(value.encode("utf-8", "replace")) else value
    if isinstance(value, bytes):
        return None if holds_picture(value) else value
    return value
