"""Walk the directories (IFDs) of a TIFF or BigTIFF structure, which is also what an Exif block is.

Each directory is read once, however many others point to it, so that loops end.

Source: TIFF 6.0, section 2; BigTIFF (LibTIFF); Exif 3.0, 4.5.2 and tags 273, 513, 514; Adobe PageMaker 6.0
TIFF technical notes (tag 330, SubIFDs). The raw formats of Olympus and Panasonic differ by their third byte.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["TYPE_BYTES", "ByteOrder", "Directory", "chain", "is_tiff", "pointed", "tree"]

ByteOrder = Literal["little", "big"]

_MAGICS = (b"II*\0", b"MM\0*", b"IIRO", b"IIRS", b"MMOR", b"IIU\0")
_BIG_MAGICS = (b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0")
_ENTRY_JPEG_START, _ENTRY_JPEG_SIZE, _ENTRY_SUB, _ENTRY_EXIF = 513, 514, 330, 34665
TYPE_BYTES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_WHOLE = {1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8}  # types of unsigned whole numbers, and their bytes
_MAX_DIRECTORIES, _MAX_ENTRIES, _MAX_NUMBERS = 256, 1024, 1 << 20
_NOTHING: tuple[int, slice[int, int]] = (0, slice(0, 0))


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory.

    Attributes:
        at: Its offset.
        block: The structure that it is in.
        entries: For each tag: its type, and where the bytes of its value lie.
        order: Byte order, `little` or `big`.
        next_at: Offset of the next directory; 0 at the end.
    """

    at: int
    block: bytes = field(repr=False)
    entries: dict[int, tuple[int, slice[int, int]]] = field(repr=False)
    order: ByteOrder
    next_at: int

    def number(self, tag: int) -> int | None:
        """Return a tag's single whole number, or None."""
        found = self.numbers(tag)
        return found[0] if len(found) == 1 else None

    def numbers(self, tag: int) -> list[int]:
        """Return a tag's whole numbers; empty when it has none."""
        kind, where = self.entries.get(tag, _NOTHING)
        size = _WHOLE.get(kind, 0)
        if not size or where.stop - where.start > _MAX_NUMBERS:
            return []
        value = self.block[where]
        return [int.from_bytes(value[at : at + size], self.order) for at in range(0, len(value), size)]

    def value(self, tag: int) -> bytes:
        """Return the bytes of a tag's value, cut off where the file ends; empty when it is not there."""
        return self.block[self.entries.get(tag, _NOTHING)[1]]


def is_tiff(block: bytes) -> bool:
    """Return whether bytes begin as a TIFF structure does."""
    return block.startswith((*_MAGICS, *_BIG_MAGICS))


def chain(block: bytes) -> list[Directory]:
    """Return the directories that follow each other from the header; empty when it is no TIFF structure."""
    reader = _Reader(block)
    return reader.chain(reader.first) if reader.first else []


def tree(block: bytes) -> tuple[list[Directory], list[Directory]]:
    """Return the directories of the chain, and those that they point to: SubIFDs, and Exif directories."""
    reader = _Reader(block)
    main = reader.chain(reader.first) if reader.first else []
    below: list[Directory] = []
    waiting = list(main)
    while waiting:
        directory = waiting.pop(0)
        for offset in (*directory.numbers(_ENTRY_SUB), *directory.numbers(_ENTRY_EXIF)):
            found = reader.chain(offset)
            below += found
            waiting += found
    return main, below


def pointed(directory: Directory) -> slice[int, int]:
    """Return where the JPEG lies that a directory points to (tags 513 and 514); an empty slice if none."""
    start, size = directory.number(_ENTRY_JPEG_START), directory.number(_ENTRY_JPEG_SIZE)
    return slice(start, start + size) if start and size else slice(0, 0)


class _Reader:
    """Reads directories of one block, each once, within limits."""

    def __init__(self, block: bytes) -> None:
        self._block = block
        self._order: ByteOrder = "little" if block[:1] == b"I" else "big"
        self._big = block.startswith(_BIG_MAGICS)
        self._seen: set[int] = set()
        self.first = 0
        if self._big:
            self.first = self._number(block[8:16])
        elif block.startswith(_MAGICS):
            self.first = self._number(block[4:8])

    def chain(self, at: int) -> list[Directory]:
        directories = []
        while at and at not in self._seen and len(self._seen) < _MAX_DIRECTORIES:
            self._seen.add(at)
            directory = self._directory(at)
            if directory is None:
                break
            directories.append(directory)
            at = directory.next_at
        return directories

    def _directory(self, at: int) -> Directory | None:
        counted, size, word = (8, 20, 8) if self._big else (2, 12, 4)
        count = self._number(self._block[at : at + counted])
        start = at + counted
        end = start + size * count
        if count == 0 or count > _MAX_ENTRIES or end > len(self._block):
            return None
        entries = {}
        for entry in range(start, end, size):
            tag, kind = (self._number(self._block[entry + n : entry + n + 2]) for n in (0, 2))
            entries[tag] = self._entry(kind, entry + 4, word)
        return Directory(at, self._block, entries, self._order, self._number(self._block[end : end + word]))

    def _entry(self, kind: int, at: int, word: int) -> tuple[int, slice[int, int]]:
        count = self._number(self._block[at : at + word])
        size = TYPE_BYTES.get(kind, 1) * count
        start = at + word if size <= word else self._number(self._block[at + word : at + 2 * word])
        return kind, slice(start, start + size)

    def _number(self, data: bytes) -> int:
        return int.from_bytes(data, self._order)
