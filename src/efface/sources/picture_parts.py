"""Pictures inside pictures: thumbnails, previews and what stands behind the end marker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.engines import pictures
from efface.model import Part, Surroundings
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Column, Gap, Limits

__all__ = ["PictureParts"]

_TYPES = ("image/jpeg", "image/png", "image/tiff", "image/webp", "image/gif")


class PictureParts:
    """Embedded pictures of JPEG, PNG, TIFF, WebP and GIF files, each an artefact of its own."""

    name = "picture-parts"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether such a picture may carry others."""
        return media_type in _TYPES

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap]:
        """Yield each embedded picture under its name (`exif-thumbnail`, `trailer` ...)."""
        del media_type, limits
        for embedded in pictures.thumbnails(part.payload.read()):
            names = (embedded.name, *part.surroundings.names)
            yield Part(
                part.locator.child(embedded.name),
                BytesPayload(embedded.data),
                Surroundings(names, part.surroundings.siblings),
                part.modified_at,
            )
