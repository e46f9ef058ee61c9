"""RTF documents: pictures and embedded objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.formats import rtf
from efface.model import Part, Surroundings
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Column, Gap, Limits

__all__ = ["Rtf"]


class Rtf:
    """Pictures and objects of RTF, in hexadecimal or binary.

    Not promised: pictures that are not embedded but fetched when the document is opened.
    """

    name = "rtf"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether it is RTF."""
        return media_type == "application/rtf"

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap]:
        """Yield the pictures and objects in their order."""
        del media_type, limits
        for name, file_name, data in rtf.parts(part.payload.read()):
            names = Surroundings((file_name or name, *part.surroundings.names))
            yield Part(part.locator.child(name), BytesPayload(data), names, part.modified_at)
