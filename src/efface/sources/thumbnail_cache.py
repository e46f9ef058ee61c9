"""The thumbnail caches of Windows (`thumbcache_*.db`), which keep a small copy of every picture looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.formats import thumbcache
from efface.model import Part, Surroundings
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Column, Gap, Limits

__all__ = ["ThumbnailCache"]


class ThumbnailCache:
    """Each thumbnail of a cache, in its order.

    Not promised: which file a thumbnail is of; the cache does not say.
    """

    name = "thumbnail-cache"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether it is such a cache."""
        return media_type == "application/vnd.microsoft.thumbcache"

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap]:
        """Yield the thumbnails.

        Raises:
            FormatError: An entry is broken.
        """
        del media_type, limits
        for number, picture in thumbcache.pictures(part.payload.read()):
            name = f"thumbnail-{number}"
            names = Surroundings((name, *part.surroundings.names))
            yield Part(part.locator.child(name), BytesPayload(picture), names, part.modified_at)
