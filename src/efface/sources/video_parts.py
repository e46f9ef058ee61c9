"""Cover pictures and attached files of recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.engines import video
from efface.model import Part, Surroundings
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Limits

__all__ = ["VideoParts"]


class VideoParts:
    """Pictures that a recording shows in lists of recordings, and files that it carries.

    Not promised: subtitles, chapters, data streams.
    """

    name = "video-parts"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether it is a recording."""
        return media_type.startswith("video/")

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part]:
        """Yield the pictures and files as parts."""
        del media_type
        with part.payload.open() as reader:
            for each in video.attached(reader, limits):
                names = Surroundings((each.name, *part.surroundings.names))
                yield Part(part.locator.child(each.name), BytesPayload(each.data), names, part.modified_at)
