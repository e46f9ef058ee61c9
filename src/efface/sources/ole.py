"""OLE compound files: old Office documents, Outlook messages, thumbnail caches of folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.engines import ole
from efface.errors import FormatError
from efface.model import Gap, Part, Surroundings
from efface.sources.archive import reason_of
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Column, Limits

__all__ = ["Ole"]


class Ole:
    """Pictures, embedded objects, attachments and thumbnails of .doc, .xls, .ppt, .wps, .hwp, .msg, Thumbs.db.

    A picture that stands in a file several times is one part.

    Not promised: pictures that an old Word document keeps as bare metafiles between its words; thumbnails of
    Windows 2000.
    """

    name = "ole"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether it is a compound file."""
        return media_type == "application/x-ole-storage"

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap]:
        """Yield the parts.

        Raises:
            FormatError: It cannot be opened.
        """
        del media_type
        with part.payload.open() as stream:
            for inner in ole.parts(stream, limits):
                place = part.locator.child(inner.name)
                if isinstance(inner.data, FormatError):
                    yield Gap(place, "unpack", reason_of(inner.data), str(inner.data))
                    continue
                names = (inner.file_name or inner.name.rpartition("/")[2], *part.surroundings.names)
                yield Part(place, BytesPayload(inner.data), Surroundings(names), part.modified_at)
