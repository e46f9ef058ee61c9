"""Walk the directories (IFDs) of a TIFF structure, which is also what an Exif block is.

Source: TIFF 6.0, section 2; Exif 3.0, 4.5.2 and tags 273, 513, 514; Adobe PageMaker 6.0 TIFF technical notes
(tag 330, SubIFDs). BigTIFF is not handled here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["ENTRY_IMAGE", "ByteOrder", "Directory", "chain", "pointed", "sub_directories"]

ByteOrder = Literal["little", "big"]

ENTRY_IMAGE = 273  # StripOffsets: a directory that has it holds an uncompressed or TIFF-compressed picture
_ENTRY_JPEG_START, _ENTRY_JPEG_SIZE, _ENTRY_SUB = 513, 514, 330
_MAX_DIRECTORIES, _MAX_ENTRIES, _MAX_SUB = 256, 1024, 32
_LONG = 4  # bytes of an unsigned 32-bit number, which is also its type number


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory.

    Attributes:
        pointer: Its offset as the four bytes that a header would point with.
        entries: For each tag: type, count, and the four bytes of value or offset.
        order: Byte order, `little` or `big`.
        next_at: Offset of the next directory; 0 at the end.
    """

    pointer: bytes
    entries: dict[int, tuple[int, int, bytes]]
    order: ByteOrder
    next_at: int

    def number(self, tag: int) -> int | None:
        """Return a tag's single whole number (SHORT or LONG), or None."""
        kind, count, value = self.entries.get(tag, (0, 0, b""))
        if count != 1 or kind not in (3, _LONG):
            return None
        return _number(value[: 2 if kind == 3 else _LONG], self.order)


def chain(block: bytes) -> list[Directory]:
    """Return the directories that follow each other from the header; empty when it is no TIFF structure."""
    if block[:4] not in (b"II*\0", b"MM\0*"):
        return []
    order: ByteOrder = "little" if block[:1] == b"I" else "big"
    directories: list[Directory] = []
    seen = set()
    at = _number(block[4:8], order)
    while at and at not in seen and len(directories) < _MAX_DIRECTORIES:
        seen.add(at)
        directory = _read(block, at, order)
        if directory is None:
            break
        directories.append(directory)
        at = directory.next_at
    return directories


def sub_directories(block: bytes, directory: Directory) -> list[Directory]:
    """Return the directories that a directory's SubIFDs entry points to."""
    kind, count, value = directory.entries.get(_ENTRY_SUB, (0, 0, b""))
    if kind not in (_LONG, 13) or not count:
        return []
    if count > 1:
        at = _number(value, directory.order)
        value = block[at : at + _LONG * min(count, _MAX_SUB)]
    offsets = [_number(value[at : at + _LONG], directory.order) for at in range(0, len(value), _LONG)]
    return [sub for offset in offsets if (sub := _read(block, offset, directory.order))]


def pointed(directory: Directory) -> slice:
    """Return where the JPEG lies that a directory points to (tags 513 and 514); an empty slice if none."""
    start, size = directory.number(_ENTRY_JPEG_START), directory.number(_ENTRY_JPEG_SIZE)
    return slice(start, start + size) if start and size else slice(0, 0)


def _read(block: bytes, at: int, order: ByteOrder) -> Directory | None:
    count = _number(block[at : at + 2], order)
    end = at + 2 + 12 * count
    if count == 0 or count > _MAX_ENTRIES or end > len(block):
        return None
    entries = {}
    for entry in range(at + 2, end, 12):
        tag, kind = _number(block[entry : entry + 2], order), _number(block[entry + 2 : entry + 4], order)
        entries[tag] = (kind, _number(block[entry + 4 : entry + 8], order), block[entry + 8 : entry + 12])
    next_at = _number(block[end : end + _LONG], order)
    return Directory(at.to_bytes(_LONG, order), entries, order, next_at)


def _number(data: bytes, order: ByteOrder) -> int:
    return int.from_bytes(data, order)
