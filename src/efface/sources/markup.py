"""Documents of marks and words: pictures and objects of RTF, and what web pages carry in data: URIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.formats import data_uris, rtf, uuencoded
from efface.formats.text_types import decoded
from efface.model import Part, Surroundings
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Column, Gap, Limits

__all__ = ["DataUris", "Rtf"]


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


class DataUris:
    """Pictures and documents in data: URIs that are folded, percent-encoded, or hold pictures in turn.

    Also files that stand uuencoded or in yEnc in plain text. An unbroken run of base64 is a
    value of its text, which the container `values` gives.
    """

    name = "data-uris"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether it is a text in which such URIs stand."""
        return media_type in {"text/html", "text/plain", "image/svg+xml"}

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap]:
        """Yield the contents in their order."""
        is_page = media_type != "image/svg+xml"  # whose other URIs `values` reads as XML does
        data = part.payload.read() if part.payload.size_bytes <= limits.artefact_bytes else b""
        is_wide = b"\0" in data and b"d\0a\0t\0a\0:" in data
        text = decoded(data) if is_wide or b"data:" in data else None
        for number, (kind, content) in enumerate(data_uris.contents(text or ""), 1):
            if not is_page and kind.startswith("image/") and "svg" not in kind:
                continue
            name = f"data-uri-{number}.{kind.rpartition('/')[2].partition('+')[0]}"
            names = Surroundings((name, *part.surroundings.names))
            yield Part(part.locator.child(name), BytesPayload(content), names, part.modified_at)
        if media_type == "text/plain" and b"begin " in data:  # "=ybegin " in yEnc
            for number, (file_name, content) in enumerate(uuencoded.files_in_text(data), 1):
                names = Surroundings((file_name, *part.surroundings.names))
                place = part.locator.child(f"encoded-{number}")
                yield Part(place, BytesPayload(content), names, part.modified_at)
