"""Take the pictures out of OfficeArt records, wherever in a stream of an old Office document they lie.

Source: [MS-ODRAW] 2.2.23 to 2.2.31 (OfficeArtBlip and its kinds), 2.2.1 (record header).
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from efface.formats.dib import bitmap_file

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["pictures"]

# Type of a record: the instances that it may have with one digest before the data, and the picture's kind.
_KINDS = {
    0xF01A: ((0x3D4,), "emf"),
    0xF01B: ((0x216,), "wmf"),
    0xF01C: ((0x542,), "pict"),
    0xF01D: ((0x46A, 0x6E2), "jpg"),
    0xF01E: ((0x6E0,), "png"),
    0xF01F: ((0x7A8,), "bmp"),
    0xF029: ((0x6E4,), "tif"),
    0xF02A: ((0x46A, 0x6E2), "jpg"),
}
_METAFILES = frozenset({"emf", "wmf", "pict"})
_RECORD = re.compile(rb"[\x1a-\x1f\x29\x2a]\xf0")
_DIGEST, _TAG, _METAFILE = 16, 1, 34
_MAX_UNPACKED = 128 << 20
_MAX_PICTURES = 20_000
_PICT_PREFIX = 512  # bytes before a PICT file's picture


def pictures(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the kind (as names of files end) and the bytes of each picture.

    A record that says it is longer than the data gives what there is.

    Limits: 20,000 pictures of one stream; a metafile of 128 MiB.
    """
    at = count = 0
    while (match := _RECORD.search(data, at)) and count < _MAX_PICTURES:
        at = match.end()
        start, size = at + 4, int.from_bytes(data[at : at + 4], "little")
        kind, before = _layout(
            int.from_bytes(data[max(at - 4, 0) : at - 2], "little"), int.from_bytes(match[0], "little")
        )
        if not kind or size <= before:
            continue
        body = data[start : start + size]
        if len(body) <= before:
            continue
        picture = _metafile(body, before, kind) if kind in _METAFILES else _bitmap(body[before:], kind)
        if picture:
            yield kind, picture
            count += 1
            at = start + len(body)


def _layout(head: int, kind: int) -> tuple[str, int]:
    """Return the kind of a picture and how many bytes stand before it; nothing where no record begins."""
    version, instance = head & 0xF, head >> 4
    instances, word = _KINDS.get(kind, ((), ""))
    if version or instance & ~1 not in instances:
        return "", 0
    digests = _DIGEST * (2 if instance & 1 else 1)
    return word, digests + (_METAFILE if word in _METAFILES else _TAG)


def _bitmap(data: bytes, kind: str) -> bytes:
    return bitmap_file(data) if kind == "bmp" else data


def _metafile(body: bytes, before: int, kind: str) -> bytes:
    data = body[before:]
    if body[before - 2] == 0:  # deflated
        try:
            data = zlib.decompressobj().decompress(data, _MAX_UNPACKED)
        except zlib.error:
            return b""
    return bytes(_PICT_PREFIX) + data if kind == "pict" else data
