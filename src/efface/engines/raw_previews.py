"""Take the previews out of a camera's raw file; the sensor's data themselves are not developed.

Source: DNG 1.7.1; TIFF/EP (ISO 12234-2); the header of Fujifilm's RAF and the sample entry of Canon's CR3 as
published by the ExifTool and LibRaw projects. Whatever a maker's note points to is found by its structure.
"""

from __future__ import annotations

from efface.engines.carving import Jpeg, jpeg_at, jpegs_in
from efface.engines.picture_blocks import Parts
from efface.engines.tiff_directory import is_tiff, pointed, tree
from efface.engines.tiff_extract import HEIGHT, WIDTH, alone, has_picture, is_raw, spans

__all__ = ["is_raw_file", "long_side", "raw_long_side", "split_raw"]

_FUJI, _CANON3 = b"FUJIFILMCCD-RAW", b"ftypcrx "
_MARKS = (_FUJI, b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"\0MRM", b"II\x1a\0\0\0HEAPCCDR")
_XMP, _DNG, _PANASONIC_SIZE = 700, 50706, (2, 3)
_FUJI_TABLE_AT, _FUJI_FULL_SIZE, _MAX_FUJI_RECORDS = 92, 0x100, 512
_SAMPLE_ENTRY, _SAMPLE_SIZE_AT = b"CRAW", 28


def is_raw_file(data: bytes) -> bool:
    """Return whether a file holds a sensor's raw data."""
    if data.startswith(_MARKS) or data[4:12] == _CANON3:
        return True
    if not is_tiff(data):
        return False
    main, below = tree(data)
    return any(is_raw(directory) for directory in (*main, *below)) or any(_DNG in one.entries for one in main)


def split_raw(data: bytes) -> Parts:
    """Return the previews of a raw file as pictures.

    Raises:
        LimitExceededError: There are too many starts of pictures that are none.
    """
    parts = Parts()
    main, below = tree(data) if is_tiff(data) else ([], [])
    taken = []
    for directory in (*main, *below):
        if _XMP in directory.entries:
            parts.xmp.append(directory.value(_XMP))
        if not has_picture(directory):
            continue
        where = pointed(directory)
        taken += [*spans(directory), (where.start, where.stop)]
        if not is_raw(directory):
            parts.pictures.append(("raw-preview", alone(directory)))
    # Compressed raw data are often lossless JPEGs, which nobody shows.
    parts.pictures += [("raw-preview", found) for jpeg, found in jpegs_in(data, taken) if not jpeg.lossless]
    return parts


def long_side(preview: bytes) -> int:
    """Return the longer side of a preview in pixels by its header; 0 when it has none."""
    if preview.startswith(b"\xff\xd8"):
        found = jpeg_at(preview, 0)
        return max(found.width_px, found.height_px) if isinstance(found, Jpeg) else 0
    sides = [one.number(tag) or 0 for one in tree(preview)[0] for tag in (WIDTH, HEIGHT)]
    return max(sides, default=0)


def raw_long_side(data: bytes) -> int:
    """Return the longer side of the sensor's picture in pixels; 0 when the file does not say it."""
    if data.startswith(_FUJI):
        return _fuji_long_side(data)
    if data[4:12] == _CANON3:
        return _canon_long_side(data)
    main, below = tree(data)
    tags = (WIDTH, HEIGHT, *(_PANASONIC_SIZE if data.startswith(b"IIU\0") else ()))
    sides = [0]
    for directory in (*main, *below):
        sides += [directory.number(tag) or 0 for tag in tags]
    return max(sides)


def _fuji_long_side(data: bytes) -> int:
    at = int.from_bytes(data[_FUJI_TABLE_AT : _FUJI_TABLE_AT + 4], "big")
    count = int.from_bytes(data[at : at + 4], "big")
    at += 4
    for _ in range(min(count, _MAX_FUJI_RECORDS)):
        tag, size = (int.from_bytes(data[at + n : at + n + 2], "big") for n in (0, 2))
        if tag == _FUJI_FULL_SIZE:
            return max(int.from_bytes(data[at + n : at + n + 2], "big") for n in (4, 6))
        at += 4 + size
    return 0


def _canon_long_side(data: bytes) -> int:
    sides, at = [0], 0
    head = data[: 1 << 20]
    while (at := head.find(_SAMPLE_ENTRY, at)) >= 0:
        start = at + _SAMPLE_SIZE_AT
        sides += [int.from_bytes(head[start + n : start + n + 2], "big") for n in (0, 2)]
        at += len(_SAMPLE_ENTRY)
    return max(sides)
