"""Cover faces in pictures with one flat colour, in every copy that the file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.engines.repaint import MEDIA_TYPES, PageBox, repaint
from efface.errors import FormatError, RemovalError
from efface.model import Method

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.model import Finding, Limits

__all__ = ["RedactImage", "why_not"]

_PICTURE, _PART = 1, 2  # names in the path of a finding in the picture itself, and in a copy inside it

_HEVC = "efface brings no encoder of HEVC: save it as JPEG, PNG or AVIF, redact that and erase this one"
_RAW = "a camera's raw data show the face and cannot be written back: export a JPEG, redact that and erase this one"
_LAYERS = (
    "layers may show the face and cannot be written back: export it flat, redact that and erase this one"
)
_DICOM = "the pixels of DICOM files are not rewritten: use the program that keeps them"
_METAFILE = (
    "the pictures that a metafile draws are not rewritten: save it as PNG, redact that and erase this one"
)
_REASONS = {
    "image/heic": _HEVC,
    "image/heif": _HEVC,
    "image/vnd.adobe.photoshop": _LAYERS,
    "application/dicom": _DICOM,
    "image/wmf": _METAFILE,
    "image/emf": _METAFILE,
} | dict.fromkeys(
    ("image/x-adobe-dng", "image/x-canon-cr2", "image/x-canon-cr3", "image/x-canon-crw", "image/x-fuji-raf",
     "image/x-minolta-mrw", "image/x-olympus-orf", "image/x-panasonic-rw2", "image/x-raw", "image/x-sigma-x3f"),
    _RAW,
)  # fmt: skip


def why_not(media_type: str) -> str:
    """Return why faces in pictures of a kind are not covered, in one sentence; nothing where no reason is known."""
    return _REASONS.get(media_type, "")


class RedactImage:
    """Flat fill of at least twice each box, hair and ears too; metadata loses every copy of the picture.

    Findings in thumbnails, previews, second images and trailers are removed with the copy that they are in,
    which goes whole.

    Not promised: body, clothes, hair outside the boxes, text and place may still identify a person.
    Source: the decision record on flat fill.
    """

    name = "redact-image"
    version = 2
    method = Method.REDACT

    def accepts(self, media_type: str, finding: Finding) -> bool:
        """Return whether it is a region of such a picture, or something in a copy inside it."""
        if media_type not in MEDIA_TYPES:
            return False
        return finding.locator.box is not None or len(finding.locator.path) == _PART

    def remove(self, data: bytes, findings: Sequence[Finding], limits: Limits) -> bytes | None:
        """Return the picture with every box covered, or None when it has to go whole.

        Raises:
            RemovalError: The picture is broken, of a variant that cannot be rewritten without loss, larger
                than the limits, or no box lies in it.
        """
        boxes = [_page_box(finding) for finding in findings if len(finding.locator.path) == _PICTURE]
        try:
            return repaint(data, [box for box in boxes if box is not None], limits)
        except FormatError as error:
            raise RemovalError(f"the picture cannot be redacted: {error}") from None


def _page_box(finding: Finding) -> PageBox | None:
    box = finding.locator.box
    if box is None:
        return None
    return PageBox(finding.locator.page, box.x, box.y, box.width, box.height)
