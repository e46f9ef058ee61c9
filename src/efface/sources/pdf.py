"""PDF documents: every image, attachment and embedded file, of all revisions that the file still holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.engines import pdf
from efface.engines.passwords import passwords
from efface.errors import FormatError
from efface.model import Gap, Part, Surroundings
from efface.sources.archive import reason_of
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Column, Limits

__all__ = ["Pdf"]


class Pdf:
    """Images, also those that no page shows, attachments, forms, and pictures that pages put together.

    A picture that stands in a file several times is one part. What an incremental update replaced or freed
    comes as `revision-1/...`, what stands around the document as `before-...` and `behind-...`.

    Not promised: words and vector drawings; images with a side of less than 8 pixels; replaced objects that
    lie in no revision's table, JPEG files among them excepted.
    """

    name = "pdf"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether it is a PDF."""
        return media_type == "application/pdf"

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap]:
        """Yield the parts.

        Raises:
            FormatError: It cannot be opened, or not with the passwords that there are.
        """
        del media_type
        if part.payload.size_bytes <= limits.artefact_bytes:
            for inner in pdf.parts(part.payload.read(), limits, passwords):
                yield _part(part, inner)
            return
        with part.payload.open() as stream:
            for inner in pdf.parts_of_large(stream, limits, passwords):
                yield _part(part, inner)


def _part(outer: Part, inner: pdf.PdfPart) -> Part | Gap:
    place = outer.locator.child(inner.name)
    if isinstance(inner.data, FormatError):
        return Gap(place, "unpack", reason_of(inner.data), str(inner.data))
    names = (inner.file_name or inner.name.rpartition("/")[2], *outer.surroundings.names)
    return Part(place, BytesPayload(inner.data), Surroundings(names), outer.modified_at)
