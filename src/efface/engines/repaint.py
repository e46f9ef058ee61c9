"""Repaint pictures: cover boxes with one flat colour in every copy that a file holds, and lose nothing else.

Every kind follows the same law. A box is enlarged to at least twice its size, painted opaque and flat
in the picture's own colour model, on its page or in every frame; metadata that describes stays; thumbnails,
previews, second images and trailers go.

A second application gives the same bytes, and that is also the proof: what comes out is painted once more,
and must come out unchanged, without one embedded picture left. Of a JPEG the coefficients are compared instead.

Not promised: body, clothes, hair outside the box, text and place may still identify a person.
Source: the decision record on flat fill; the notes of the kinds in their modules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.engines.embedded_pictures import thumbnails
from efface.engines.heif import is_heif
from efface.engines.pillow import guarded
from efface.engines.raw_previews import is_raw_file
from efface.engines.repaint_avif import repaint_avif
from efface.engines.repaint_bmp import repaint_bmp
from efface.engines.repaint_gif import repaint_gif
from efface.engines.repaint_icon import repaint_icon
from efface.engines.repaint_jpeg import repaint_jpeg
from efface.engines.repaint_jpeg2000 import repaint_jpeg2000
from efface.engines.repaint_png import repaint_png
from efface.engines.repaint_pnm import repaint_pnm
from efface.engines.repaint_region import PageBox
from efface.engines.repaint_tiff import repaint_tiff
from efface.engines.repaint_webp import repaint_webp
from efface.errors import FormatError, LimitExceededError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from efface.model.limits import Limits

__all__ = ["MEDIA_TYPES", "PageBox", "repaint"]

MEDIA_TYPES = frozenset(
    {
        "image/jpeg",
        "image/png",
        "image/gif",
        "image/webp",
        "image/tiff",
        "image/bmp",
        "image/avif",
        "image/jp2",
        "image/vnd.microsoft.icon",
        "image/x-portable-anymap",
    }
)
"""The kinds that can be repainted."""


def repaint(data: bytes, boxes: Sequence[PageBox], limits: Limits) -> bytes:
    """Return a picture with every box covered by one flat colour.

    Args:
        data: A JPEG, PNG (APNG), GIF, WebP, TIFF, BMP, AVIF or JPEG 2000 file, an icon, a cursor or a portable map.
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
        # That of JPEG has compared its result with what was meant: a second filling would say less and cost more.
        stable = painter is repaint_jpeg or painter(painted, boxes, limits) == painted
    # An AVIF that comes out as it went in has no copy but its own first frame, which its painter looks at.
    clean = painter is repaint_avif or next(thumbnails(painted), None) is None
    if not (stable and clean):
        raise FormatError("the picture could not be rewritten so that the fill holds")
    return painted


def _painter(data: bytes) -> Callable[[bytes, Sequence[PageBox], Limits], bytes]:
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return repaint_webp
    if data[4:8] == b"ftyp" and not is_heif(data) and not is_raw_file(data):
        return repaint_avif
    for starts, painter in _PAINTERS:
        if data.startswith(starts) and not (painter is repaint_tiff and is_raw_file(data)):
            return painter
    raise UnsupportedError("a picture of this kind cannot be repainted")


_PAINTERS: tuple[
    tuple[bytes | tuple[bytes, ...], Callable[[bytes, Sequence[PageBox], Limits], bytes]], ...
] = (
    (b"\xff\xd8\xff", repaint_jpeg),
    (b"\x89PNG\r\n\x1a\n", repaint_png),
    ((b"GIF87a", b"GIF89a"), repaint_gif),
    ((b"II*\0", b"MM\0*"), repaint_tiff),
    (b"BM", repaint_bmp),
    ((b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"), repaint_jpeg2000),
    ((b"\0\0\1\0", b"\0\0\2\0"), repaint_icon),
    (tuple(b"P%d" % number for number in range(1, 7)), repaint_pnm),
)
