"""Take one picture out of a TIFF structure as a small TIFF file, or as the JPEG that it is.

Source: TIFF 6.0, sections 2 to 22; Adobe TIFF technical note 2 (compression 7, JPEGTables); DNG 1.7.1
(photometric interpretations 32803, 34892, 51177, 52527; compressions of raw data).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.engines.tiff_directory import TYPE_BYTES, pointed

if TYPE_CHECKING:
    from efface.engines.tiff_directory import Directory

__all__ = ["alone", "has_picture", "is_raw", "spans"]

WIDTH, HEIGHT = 256, 257
_BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES = 258, 259, 262, 277
_STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES = 273, 279, 324, 325
_KEPT = (
    WIDTH, HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, 266, 274, _SAMPLES, 278, 284, 292, 293, 317, 320, 322,
    323, 332, 338, 339, 347, 529, 530, 531, 532,
)  # fmt: skip
_RAW_PHOTOMETRIC = (32803, 34892)
_RAW_COMPRESSION = (32767, 32769, 32770, 34316, 34713, 34826, 34827, 65000, 65535)
_LONG8 = (16, 18)
_GREY = 1
_GREY_PHOTOMETRIC = (51177, 52527)  # depth and semantic masks
_JPEG_COMPRESSION = (6, 7)
_MAX_STRIPS = 65_536
_MAX_TAG_BYTES = 1 << 20


def is_raw(directory: Directory) -> bool:
    """Return whether a directory holds a sensor's raw data rather than a picture."""
    photometric, compression = directory.number(_PHOTOMETRIC), directory.number(_COMPRESSION)
    return photometric in _RAW_PHOTOMETRIC or compression in _RAW_COMPRESSION


def has_picture(directory: Directory) -> bool:
    """Return whether a directory has strips, tiles or a JPEG."""
    return any(tag in directory.entries for tag in (_STRIPS, _TILES)) or bool(
        directory.block[pointed(directory)]
    )


def spans(directory: Directory) -> list[tuple[int, int]]:
    """Return where the strips or tiles of a directory lie, as (start, stop)."""
    for starts, sizes in ((_STRIPS, _STRIP_BYTES), (_TILES, _TILE_BYTES)):
        found = zip(directory.numbers(starts)[:_MAX_STRIPS], directory.numbers(sizes), strict=False)
        where = [(start, start + size) for start, size in found]
        if where:
            return where
    return []


def alone(directory: Directory) -> bytes:
    """Return the picture of a directory as a file of its own: a JPEG as it is, else a TIFF of one page.

    Empty where it has none. A TIFF is at most 8 times as long as the structure that it comes from.
    """
    jpeg = directory.block[pointed(directory)]
    if jpeg:
        return jpeg
    where = spans(directory)
    block = directory.block
    if len(where) == 1 and directory.number(_COMPRESSION) in _JPEG_COMPRESSION:
        data = block[slice(*where[0])]
        if data.startswith(b"\xff\xd8\xff") and 347 not in directory.entries:
            return data
    if not where or sum(stop - start for start, stop in where) > 8 * len(block):
        return b""
    return _file(directory, [block[start:stop] for start, stop in where])


def _file(directory: Directory, pieces: list[bytes]) -> bytes:
    """Write a TIFF of one directory in the byte order of the old one."""
    order = directory.order
    tiled = _TILES in directory.entries and _STRIPS not in directory.entries
    tags: dict[int, tuple[int, int, bytes]] = {}
    for tag in _KEPT:
        kind, where = directory.entries.get(tag, (0, slice(0, 0)))
        if kind and where.stop - where.start <= _MAX_TAG_BYTES:
            value = directory.value(tag)
            if kind in _LONG8:  # BigTIFF's
                kind, value = 4, b"".join((n & 0xFFFFFFFF).to_bytes(4, order) for n in directory.numbers(tag))
            tags[tag] = (kind, max(len(value) // TYPE_BYTES.get(kind, 1), 1), value)
    if directory.number(_PHOTOMETRIC) in _GREY_PHOTOMETRIC:
        tags[_PHOTOMETRIC] = (3, 1, _GREY.to_bytes(2, order))
    sizes = b"".join(len(piece).to_bytes(4, order) for piece in pieces)
    tags[_TILE_BYTES if tiled else _STRIP_BYTES] = (4, len(pieces), sizes)
    tags[_TILES if tiled else _STRIPS] = (4, len(pieces), bytes(len(sizes)))

    end = 8 + 2 + 12 * len(tags) + 4
    places = {}
    for tag, (_, _, value) in sorted(tags.items()):
        places[tag] = end
        end += len(value) + len(value) % 2 if len(value) > 4 else 0
    offsets = []
    for piece in pieces:
        offsets.append(end.to_bytes(4, order))
        end += len(piece)
    starts = _TILES if tiled else _STRIPS
    tags[starts] = (4, len(pieces), b"".join(offsets))

    entries, values = [], []
    for tag, (kind, count, value) in sorted(tags.items()):
        short = len(value) <= 4
        entries.append(
            tag.to_bytes(2, order)
            + kind.to_bytes(2, order)
            + count.to_bytes(4, order)
            + (value.ljust(4, b"\0") if short else places[tag].to_bytes(4, order))
        )
        if not short:
            values.append(value + b"\0" * (len(value) % 2))
    head = (b"II*\0" if order == "little" else b"MM\0*") + (8).to_bytes(4, order)
    table = len(tags).to_bytes(2, order) + b"".join(entries) + bytes(4)
    return head + table + b"".join(values) + b"".join(pieces)
