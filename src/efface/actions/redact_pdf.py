"""Remove findings from PDF files: from images, attachments and whatever else lies inside, in every copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.actions.rewrite_archive import SIGNED, Outcome, by_part, each_once, erase
from efface.engines.passwords import passwords
from efface.engines.pdf_file import is_signed
from efface.engines.pdf_rewrite import Change, rewrite
from efface.engines.repaint import PageBox
from efface.errors import AccessError, FormatError, LimitExceededError, RemovalError
from efface.model import Method

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from efface.engines.pdf_parts import PdfPart
    from efface.model import Action, Finding, Limits

__all__ = ["RedactPdf"]


class RedactPdf:
    """Images lose their faces under a flat fill; attachments lose what was found by the action for their kind.

    An image keeps its colour space and its number of bits; of a JPEG every block outside the fill stays. The
    file is written anew: earlier revisions, objects that nothing uses, thumbnails of pages, and pictures in the
    metadata beside a changed image are not in it. An attachment of which nothing is to stay becomes empty.

    Refused: pictures that a page puts together from several images, dynamic forms in several pieces, JPEG 2000
    with more than 8 bits or other colours than grey and RGB, images whose bits are colours of a palette in
    CCITT or JBIG2, what no password opens.

    Not promised: signatures in the file no longer hold; words and drawings that name or show a person stay.
    """

    name = "redact-pdf"
    version = 1
    method = Method.REDACT

    def accepts(self, media_type: str, finding: Finding) -> bool:
        """Return whether the finding lies in a part of a PDF."""
        return media_type == "application/pdf" and len(finding.locator.path) > 1

    def remove(self, data: bytes, findings: Sequence[Finding], limits: Limits) -> bytes | None:
        """Return the PDF without the findings.

        Raises:
            RemovalError: A part is not there, cannot be changed, or the file cannot be opened.
        """
        return self.rewritten(data, findings, limits).data

    def warning(self, stream: BinaryIO) -> str:
        """Return what a person should know before a file is rewritten; nothing where it is not signed."""
        return SIGNED if is_signed(stream) else ""

    def rewritten(self, data: bytes, findings: Sequence[Finding], limits: Limits, depth: int = 0) -> Outcome:
        """Return the PDF without the findings, with the actions that were used on its parts."""
        groups = by_part(findings)
        used: list[Action] = []

        def decide(part: PdfPart) -> Change:
            due = groups[part.name]
            if _is_pixels(part):
                return Change(boxes=_boxes(due))
            content = part.data if isinstance(part.data, bytes) else b""
            outcome = erase(content, part.file_name or part.name, due, limits, depth=depth + 1)
            used.extend(outcome.actions)
            return Change(outcome.data)

        try:
            if len(data) > limits.artefact_bytes:
                raise LimitExceededError(f"more than artefact_bytes = {limits.artefact_bytes}")
            result = rewrite(data, groups.keys(), decide, limits, passwords)
        except (AccessError, FormatError) as error:
            raise RemovalError(f"the PDF cannot be rewritten: {error}") from None
        return Outcome(result, each_once([*used, self]))


def _is_pixels(part: PdfPart) -> bool:
    """Return whether a part is an image that has no file of its own in the PDF."""
    return part.spot is not None and part.spot.kind == "picture" and not part.name.endswith(".jpg")


def _boxes(findings: Sequence[Finding]) -> tuple[PageBox, ...]:
    """Return what to cover of an image; nothing where it is a finding as a whole."""
    boxes = [finding.locator.box for finding in findings]
    return (
        tuple(PageBox(None, box.x, box.y, box.width, box.height) for box in boxes if box is not None)
        if None not in boxes
        else ()
    )
