"""Kinds of pictures that Pillow does not open, each with a reader of its own.

A camera's raw file has no frames here: its previews are copies inside it, and `raw_previews` says what is
not seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from efface.engines import dicom, heif, psd, raw_previews
from efface.engines.picture_frame import Frame, PictureInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model.limits import Limits

__all__ = ["Reader", "as_icon", "reader"]

_CURSOR, _ICON, _PNG = b"\0\0\2\0", b"\0\0\1\0", b"\x89PNG"
_BITS_AT = 14  # in the header of a bitmap: a cursor's entry has the hot spot where an icon's says this


class Reader(Protocol):
    """What reads one kind."""

    def probe(self, data: bytes) -> PictureInfo:
        """Return what the header says."""

    def frames(self, data: bytes, limits: Limits) -> Iterator[Frame]:
        """Yield every frame."""


class _Raw:
    """A camera's raw file."""

    def probe(self, data: bytes) -> PictureInfo:
        """Return the longer side of the sensor as both sides, since the raw data are not read."""
        side = raw_previews.raw_long_side(data)
        return PictureInfo("image/x-raw", side, side, 0, "", 1)

    def frames(self, data: bytes, limits: Limits) -> Iterator[Frame]:
        """Yield nothing."""
        del data, limits
        return iter(())


_RAW = _Raw()


def reader(data: bytes) -> Reader | None:
    """Return what reads such bytes, or None where Pillow does."""
    if data.startswith((b"\xff\xd8", b"\x89PNG")):
        return None
    if psd.is_psd(data):
        return psd
    if heif.is_heif(data) and not raw_previews.is_raw_file(data):
        return heif
    if dicom.is_dicom(data):
        return dicom
    return _RAW if raw_previews.is_raw_file(data) else None


def as_icon(data: bytes) -> bytes:
    """Return a cursor as the icon that it is but for its hot spots; other bytes as they are."""
    if not data.startswith(_CURSOR):
        return data
    count = int.from_bytes(data[4:6], "little")
    icon = bytearray(_ICON + data[4:])
    for entry in range(6, min(6 + 16 * count, len(icon) - 8), 16):
        at = int.from_bytes(data[entry + 12 : entry + 16], "little")
        coded = data.startswith(_PNG, at) or len(data) < at + _BITS_AT + 2
        icon[entry + 4 : entry + 8] = b"\1\0" + (
            b"\x20\0" if coded else data[at + _BITS_AT : at + _BITS_AT + 2]
        )
    return bytes(icon)
