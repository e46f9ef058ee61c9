"""Decode the picture that viewers show of a HEIF file (HEIC), with the optional library pi_heif.

Its items besides are `heif_items`' business, and an AVIF is Pillow's.

Source: ISO/IEC 23008-12. libheif applies crop, turn and mirror; Exif orientation does not count in HEIF (6.5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from efface.engines.heif_items import codings, uncropped
from efface.engines.isobmff import boxes
from efface.engines.picture_frame import Frame, PictureInfo, check_pixels
from efface.engines.pillow import guarded
from efface.engines.pixels import shown_and_hidden
from efface.errors import FormatError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

    from efface.model.limits import Limits

__all__ = ["frames", "is_heif", "probe"]

_FILE_TYPE, _AVIF = b"ftyp", b"av01"
_AVIF_BRANDS = (b"avif", b"avis")
_JPEG = frozenset({b"jpeg"})  # handed out by heif_items as the JPEG that it is
_CODINGS = {b"avc1": "AVC", b"vvc1": "VVC", b"evc1": "EVC", b"j2k1": "JPEG 2000", b"unci": "uncompressed"}
_DECODED = frozenset({b"hvc1", b"lhv1", b"hev1", b"grid", b"iovl", b"iden", b"tmap"})


def is_heif(data: bytes) -> bool:
    """Return whether it is a HEIF file that Pillow does not read: one without AV1."""
    if data[4:8] != _FILE_TYPE:
        return False
    try:
        coded = codings(data)
    except FormatError:
        return True
    return _AVIF not in coded if coded else data[8:12] not in _AVIF_BRANDS


def probe(data: bytes) -> PictureInfo:
    """Return what the file says of the picture that viewers show.

    Raises:
        UnsupportedError: pi_heif is not installed, or does not decode the coding.
        FormatError: The bytes are broken.
    """
    image = _primary(data)
    width, height = image.size
    return PictureInfo("image/heic", width, height, 1, image.mode, 1)


def frames(data: bytes, limits: Limits) -> Iterator[Frame]:
    """Yield the picture that viewers show; nothing where the file is a sequence alone.

    Raises:
        UnsupportedError: pi_heif is not installed, or does not decode the coding.
        LimitExceededError: It is larger than `picture_pixels`.
        FormatError: The bytes are broken.
    """
    coded = codings(data)
    if coded == _JPEG or (not coded and any(box.kind == b"moov" for box in boxes(data))):
        return
    try:
        picture = _decoded(data, limits)
    except FormatError:  # libheif refuses a picture that is much larger than its crop
        whole = uncropped(data)
        if not whole:
            raise
        picture = _decoded(whole, limits)
    with guarded():
        shown, hidden = shown_and_hidden(picture)
    yield Frame(0, shown, 1.0, *picture.size)
    if hidden is not None:
        yield Frame(0, hidden, 1.0, *picture.size, hidden=True)


def _decoded(data: bytes, limits: Limits) -> Image.Image:
    image = _primary(data)
    check_pixels(image.size, limits)
    with guarded():
        picture: Image.Image = image.to_pillow()
    return picture


def _primary(data: bytes) -> Any:  # noqa: ANN401 - pi_heif has no types
    try:
        import pi_heif  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise UnsupportedError("a HEIC picture: install efface[pictures]") from None
    strange = codings(data) - _DECODED
    if strange:
        names = ", ".join(sorted({_CODINGS.get(kind, "an unknown coding") for kind in strange}))
        raise UnsupportedError(f"a HEIF picture of a coding that is not decoded ({names})")
    with guarded():
        opened = pi_heif.open_heif(data, convert_hdr_to_8bit=True)
        return opened[opened.primary_index]
