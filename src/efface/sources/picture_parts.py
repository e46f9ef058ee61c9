"""Pictures inside pictures: thumbnails, previews, other items, and what stands behind the end marker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.engines import dicom, pictures, raw_previews
from efface.engines.embedded_pictures import numbered
from efface.model import Gap, GapReason, Part, Surroundings
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.engines.pictures import EmbeddedPicture
    from efface.model import Column, Limits

__all__ = ["RAW_TYPES", "PictureParts"]

RAW_TYPES = frozenset(
    {
        "image/x-adobe-dng",
        "image/x-canon-cr2",
        "image/x-canon-cr3",
        "image/x-canon-crw",
        "image/x-fuji-raf",
        "image/x-minolta-mrw",
        "image/x-olympus-orf",
        "image/x-panasonic-rw2",
        "image/x-raw",
        "image/x-sigma-x3f",
    }
)
"""Raw data of cameras: looked at through the previews inside."""

_DICOM = "application/dicom"
_TYPES = RAW_TYPES | {
    "image/jpeg", "image/png", "image/tiff", "image/webp", "image/gif", "image/bmp", "image/jp2", "image/avif",
    "image/heic", "image/heif", "image/vnd.adobe.photoshop", "image/vnd.microsoft.icon", "image/wmf",
    "image/emf", "image/x-portable-anymap", _DICOM,
}  # fmt: skip
_FULL_SIZE = 0.9
"""A preview counts as the whole picture from this share of the sensor's side on: makers cut its rim."""

_FULL_SIZE_PX = 1600
"""The same where a file does not say how large its sensor is."""


class PictureParts:
    """Embedded pictures of picture files, each an artefact of its own; films and archives behind them, too.

    Raw data of cameras are not developed: where no preview of about their size is inside, that is a gap.
    """

    name = "picture-parts"
    version = 2

    def accepts(self, media_type: str) -> bool:
        """Return whether such a picture may carry others."""
        return media_type in _TYPES

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap]:
        """Yield each embedded picture under its name (`exif-thumbnail`, `trailer` ...)."""
        data = part.payload.read()
        raw = media_type in RAW_TYPES or (media_type == "image/tiff" and raw_previews.is_raw_file(data))
        largest = 0
        for embedded in _copies(data, media_type, limits):
            if raw:
                largest = max(largest, raw_previews.long_side(embedded.data))
            names = (embedded.name, *part.surroundings.names)
            yield Part(
                part.locator.child(embedded.name),
                BytesPayload(embedded.data),
                Surroundings(names, part.surroundings.siblings),
                part.modified_at,
            )
        if raw:
            yield from _not_developed(part, raw_previews.raw_long_side(data), largest)


def _copies(data: bytes, media_type: str, limits: Limits) -> Iterator[EmbeddedPicture]:
    if media_type == _DICOM:
        return numbered(dicom.embedded(data, limits), len(data))
    return pictures.copies(data)


def _not_developed(part: Part, raw_px: int, preview_px: int) -> Iterator[Gap]:
    if preview_px < (raw_px * _FULL_SIZE if raw_px else _FULL_SIZE_PX):
        seen = f"only a preview of {preview_px} pixels was looked at" if preview_px else "it holds no preview"
        detail = f"a camera's raw data are not developed, and {seen}"
        yield Gap(part.locator, "decode", GapReason.UNSUPPORTED, detail)
