"""Clean the metadata of pictures: keep what describes, drop every copy of the picture itself.

What is kept is listed; what is not understood is dropped, since a block that nobody can read is where a
preview survives.

Source: TIFF 6.0, section 2; Exif 3.0, 4.6 (tags 513, 514, 34665, 34853, 40965); XMP part 1 (thumbnails) and
part 3 (extended); Adobe Photoshop file formats (image resources 1033, 1036, 1058 to 1060); IIM 4.2 (2:202).
"""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["clean_exif", "clean_photoshop", "clean_xmp", "holds_picture", "orientation_only"]

_SIGNATURE = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n|GIF8[79]a|RIFF....WEBP|ftyp(?:heic|avif|mif1|isom|mp4|qt)|\xff\x4f\xff\x51"
    rb"|/9j/[A-Za-z0-9+/]{4}|iVBORw0KGgo|UklGR[A-Za-z0-9+/]|R0lGOD|(?i:ffd8ff[de][0-9a-f])|(?i:89504e470d0a)",
    re.DOTALL,
)
_ENCODED = re.compile(rb"[A-Za-z0-9+/]{60,}(?:(?:\s|&#x?[0-9A-Fa-f]{1,6};)+[A-Za-z0-9+/=]+)*=*")
_ENCODED_BYTES = 256  # shorter runs are identifiers and digests, not pictures
_EXTENDED_MARK = re.compile(rb"""\s[A-Za-z0-9]+:HasExtendedXMP\s*=\s*(?:"[^"]*"|'[^']*')""")

_EXIF_IFD, _GPS_IFD, _INTEROP_IFD = 34665, 34853, 40965
_SUB_DIRECTORIES = (_EXIF_IFD, _GPS_IFD, _INTEROP_IFD)
_COPIES = frozenset({273, 279, 324, 325, 330, 513, 514, 46275})
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}
_MAX_ENTRIES = 1024
_ORIENTATION = 274

_RESOURCES_WITH_COPIES = frozenset({1033, 1036, 1058, 1059, 1060})
_IPTC, _IPTC_PREVIEW = 1028, b"\x1c\x02\xca"


def holds_picture(data: bytes) -> bool:
    """Return whether a metadata block holds what starts like a picture, in binary, base64 or hexadecimal."""
    return _SIGNATURE.search(data) is not None or any(
        len(match[0]) >= _ENCODED_BYTES for match in _ENCODED.finditer(data)
    )


def clean_exif(block: bytes) -> bytes | None:
    """Return an Exif block without thumbnails and previews; None when nothing can be kept.

    Only bytes that an entry of the first directory, its Exif, GPS or interoperability directory names are
    kept, at their offsets; all others become zero. An entry whose value holds a picture goes (a maker note
    with a preview in it).
    """
    if block[:4] not in (b"II*\0", b"MM\0*") or len(block) < 8:
        return None
    keeper = _Keeper(block)
    keeper.directory(keeper.number(block[4:8]))
    return keeper.result()


def orientation_only(orientation: int) -> bytes:
    """Return the smallest Exif block that says how a picture is turned."""
    return b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0" + bytes((orientation,)) + b"\0\0\0\0\0\0"


def clean_xmp(packet: bytes) -> bytes | None:
    """Return an XMP packet without encoded pictures; None when it cannot be told to be free of them."""
    if b"\0" in packet:
        return None
    shorter = _ENCODED.sub(lambda match: b"" if len(match[0]) >= _ENCODED_BYTES else match[0], packet)
    shorter = _EXTENDED_MARK.sub(b"", shorter)
    return None if holds_picture(shorter) else shorter


def clean_photoshop(resources: bytes) -> bytes:
    """Return Photoshop image resources without thumbnails, copies of Exif and XMP, and what is not parsed."""
    kept: list[bytes] = []
    at = 0
    while resources[at : at + 4] == b"8BIM" and at + 12 <= len(resources):
        number = int.from_bytes(resources[at + 4 : at + 6], "big")
        start = at + 6 + (resources[at + 6] + 2 & ~1)
        size = int.from_bytes(resources[start : start + 4], "big")
        end = start + 4 + size
        body = resources[start + 4 : end]
        if len(body) < size:
            break
        preview = number == _IPTC and _IPTC_PREVIEW in body
        if number not in _RESOURCES_WITH_COPIES and not preview and not holds_picture(body):
            kept.append(resources[at:end] + b"\0" * (size & 1))
        at = end + (size & 1)
    return b"".join(kept)


class _Keeper:
    """Copies what is reachable and harmless from a TIFF structure into zeros of the same length."""

    def __init__(self, block: bytes) -> None:
        self._block = block
        self._order: Literal["little", "big"] = "little" if block[:1] == b"I" else "big"
        self._kept = bytearray(len(block))
        self._kept[:8] = block[:8]
        self._end = 8
        self._entries = 0
        self._seen: set[int] = set()

    def number(self, data: bytes) -> int:
        return int.from_bytes(data, self._order)

    def result(self) -> bytes | None:
        return bytes(self._kept[: self._end]) if self._entries else None

    def directory(self, at: int) -> bool:
        """Keep one directory without its successor; return whether it could be read."""
        count = self.number(self._block[at : at + 2])
        end = at + 2 + 12 * count
        if at in self._seen or at < 8 or not count or count > _MAX_ENTRIES or end > len(self._block):
            return False
        self._seen.add(at)
        entries = [self._block[start : start + 12] for start in range(at + 2, end, 12)]
        kept = [entry for entry in entries if self._entry(entry)]
        if kept:
            self._write(at, len(kept).to_bytes(2, self._order) + b"".join(kept) + b"\0\0\0\0")
        self._entries += len(kept)
        return bool(kept)

    def _entry(self, entry: bytes) -> bool:
        """Keep the value of an entry; return whether the entry itself is to stay."""
        tag, kind, count = self.number(entry[:2]), self.number(entry[2:4]), self.number(entry[4:8])
        if tag in _COPIES or kind not in _TYPE_BYTES:
            return False
        at, size = self.number(entry[8:12]), _TYPE_BYTES[kind] * count
        if tag in _SUB_DIRECTORIES:
            return self.directory(at)
        if size <= 4:
            return True
        value = self._block[at : at + size]
        if at < 8 or len(value) < size or holds_picture(value):
            return False
        self._write(at, value)
        return True

    def _write(self, at: int, data: bytes) -> None:
        data = data[: len(self._kept) - at]
        self._kept[at : at + len(data)] = data
        self._end = max(self._end, at + len(data))
