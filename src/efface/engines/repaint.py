"""Repaint pictures: cover boxes with one flat colour in every copy that a file holds, and lose nothing else.

Every kind follows the same law. A box is enlarged to at least twice its size, painted opaque and flat
in the picture's own colour model, on its page or in every frame; metadata that describes stays; thumbnails,
previews, second images and trailers go.

A second application gives the same bytes, and that is also the proof: what comes out is painted once more,
and must come out unchanged, without one embedded picture left.

Not promised: body, clothes, hair outside the box, text and place may still identify a person.
Source: the decision record on flat fill; the notes of the kinds in their modules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.engines.embedded_pictures import thumbnails
from efface.engines.pillow import guarded
from efface.engines.raw_previews import is_raw_file
from efface.engines.repaint_bmp import repaint_bmp
from efface.engines.repaint_gif import repaint_gif
from efface.engines.repaint_jpeg import repaint_jpeg
from efface.engines.repaint_png import repaint_png
from efface.engines.repaint_region import PageBox
from efface.engines.repaint_tiff import repaint_tiff
from efface.engines.repaint_webp import repaint_webp
from efface.errors import FormatError, LimitExceededError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from efface.model.limits import Limits

__all__ = ["MEDIA_TYPES", "PageBox", "repaint"]

MEDIA_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/tiff", "image/bmp"})
"""The kinds that can be repainted."""


def repaint(data: bytes, boxes: Sequence[PageBox], limits: Limits) -> bytes:
    """Return a picture with every box covered by one flat colour.

    Args:
        data: A JPEG, PNG (APNG), GIF, WebP, TIFF or BMP file.
        boxes: What to cover, in displayed coordinates; at least one must lie in the picture. Without any,
            only the copies inside the file go.
        limits: Budgets; `artefact_bytes`, `picture_pixels` and `frames` are used.

    Raises:
        UnsupportedError: The kind, or a variant of it, cannot be rewritten without losing something else.
        FormatError: The bytes are broken, or no box lies in the picture.
        LimitExceededError: The picture is larger than the limits allow.
    """
    if len(data) > limits.artefact_bytes:
        raise LimitExceededError(f"the picture has more than {limits.artefact_bytes} bytes (artefact_bytes)")
    painter = _painter(data)
    with guarded():
        painted = painter(data, boxes, limits)
        stable = painter(painted, boxes, limits) == painted
    if not stable or next(thumbnails(painted), None) is not None:
        raise FormatError("the picture could not be rewritten so that the fill holds")
    return painted


def _painter(data: bytes) -> Callable[[bytes, Sequence[PageBox], Limits], bytes]:
    if data.startswith(b"\xff\xd8\xff"):
        return repaint_jpeg
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return repaint_png
    if data.startswith((b"GIF87a", b"GIF89a")):
        return repaint_gif
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return repaint_webp
    if data.startswith((b"II*\0", b"MM\0*")) and not is_raw_file(data):
        return repaint_tiff
    if data.startswith(b"BM"):
        return repaint_bmp
    raise UnsupportedError("a picture of this kind cannot be repainted")
