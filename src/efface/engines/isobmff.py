"""Walk the boxes of the ISO base media file format, and the items of a HEIF or AVIF file.

Source: ISO/IEC 14496-12, 4.2 (boxes), 8.11 (meta, iloc, iinf, iref, idat, pitm); ISO/IEC 23008-12, 6 and 9.3
(items, ipco, ipma); ISO/IEC 15444-1, I.4 (boxes of JP2 are the same).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from efface.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Box", "Item", "Items", "Reference", "boxes", "inside", "items"]

_MAX_BOXES, _MAX_ITEMS, _MAX_EXTENTS = 65_536, 8192, 65_536
_MAX_LINKS = 65_536


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its kind, and where it starts and its content lies."""

    kind: bytes
    at: int
    start: int
    stop: int


@dataclass(slots=True)
class Item:
    """An item of a meta box.

    Attributes:
        number: Its ID.
        kind: Four letters: `hvc1`, `av01`, `grid`, `Exif`, `mime` ...
        content_type: Media type of a `mime` item.
        hidden: True where the file says that no viewer shows it by itself.
        extents: Where its data lie, as (start, stop) in the file.
        properties: Pairs of index (from 1) into the property container, and whether it is essential.
    """

    number: int
    kind: bytes
    content_type: bytes = b""
    hidden: bool = False
    extents: list[tuple[int, int]] = field(default_factory=list)
    properties: list[tuple[int, bool]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reference:
    """That one item refers to others: `dimg` (made of), `thmb` (thumbnail of), `auxl`, `cdsc` ..."""

    kind: bytes
    source: int
    targets: tuple[int, ...]


@dataclass(slots=True)
class Items:
    """What the meta box of a file says.

    Attributes:
        primary: ID of the item that viewers show; 0 when none is named.
        found: Items by ID.
        references: Links between items.
        properties: The boxes of the property container, in their order, each as kind and whole bytes.
    """

    primary: int = 0
    found: dict[int, Item] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)


def boxes(data: bytes, start: int = 0, stop: int | None = None) -> Iterator[Box]:
    """Yield the boxes that lie one after another; the walk ends where one has no kind in letters."""
    end = len(data) if stop is None else min(stop, len(data))
    at = start
    for _ in range(_MAX_BOXES):
        if at + 8 > end:
            return
        size, kind, head = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        if size == 0:
            size = end - at
        if size < head or not kind.isascii() or kind < b"    ":
            return
        yield Box(kind, at, at + head, min(at + size, end))
        at += size


def inside(data: bytes, box: Box, skip: int = 0) -> Iterator[Box]:
    """Yield the boxes inside a box, behind its first bytes (4 of a full box)."""
    return boxes(data, box.start + skip, box.stop)


def items(data: bytes) -> Items:
    """Return the items of a file; none when it has no meta box.

    Raises:
        FormatError: There are more than any real file has.
    """
    found = Items()
    meta = next((box for box in boxes(data) if box.kind == b"meta"), None)
    if meta is None:
        return found
    parts = {box.kind: box for box in inside(data, meta, 4)}
    if b"pitm" in parts:
        read = _Cursor(data, parts[b"pitm"])
        found.primary = read.number(4 if read.version else 2)
    if b"iinf" in parts:
        _infos(data, parts[b"iinf"], found)
    if b"iloc" in parts:
        _locations(_Cursor(data, parts[b"iloc"]), parts.get(b"idat"), found, len(data))
    if b"iref" in parts:
        _references(data, parts[b"iref"], found)
    for box in inside(data, parts[b"iprp"]) if b"iprp" in parts else ():
        if box.kind == b"ipco":
            found.properties = [(one.kind, data[one.at : one.stop]) for one in inside(data, box)]
        elif box.kind == b"ipma":
            _associations(_Cursor(data, box), found)
    return found


class _Cursor:
    """Reads numbers from a full box, zeros behind its end."""

    def __init__(self, data: bytes, box: Box) -> None:
        self._data = data
        self._at = box.start
        self.stop = box.stop
        self.version = self.number(1)
        self.flags = self.number(3)

    @property
    def at_end(self) -> bool:
        return self._at >= self.stop

    @property
    def rest(self) -> bytes:
        return self._data[self._at : self.stop]

    def number(self, size: int) -> int:
        value = int.from_bytes(self._data[self._at : min(self._at + size, self.stop)], "big")
        self._at += size
        return value

    def bytes(self, size: int) -> bytes:
        value = self._data[self._at : min(self._at + size, self.stop)]
        self._at += size
        return value


def _infos(data: bytes, box: Box, found: Items) -> None:
    version = data[box.start] if box.start < box.stop else 0
    for entry in inside(data, box, 8 if version else 6):
        if entry.kind != b"infe":
            continue
        read = _Cursor(data, entry)
        if read.version < 2:  # kinds came with version 2; before it every item was a file
            item = Item(read.number(2), b"mime")
        else:
            number = read.number(2 if read.version == 2 else 4)
            read.number(2)
            item = Item(number, read.bytes(4), hidden=bool(read.flags & 1))
        if item.kind == b"mime":
            item.content_type = read.rest.split(b"\0", 2)[1] if read.rest.count(b"\0") else b""
        found.found[item.number] = item
        if len(found.found) > _MAX_ITEMS:
            raise FormatError(f"more than {_MAX_ITEMS} items in one picture file")


def _locations(read: _Cursor, idat: Box | None, found: Items, size: int) -> None:
    sizes = read.number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if read.version in (1, 2) else 0
    wide = 4 if read.version == 2 else 2
    total = 0
    for _ in range(min(read.number(wide), _MAX_ITEMS)):
        if read.at_end:
            return
        item = found.found.get(read.number(wide))
        method = read.number(2) & 15 if read.version in (1, 2) else 0
        read.number(2)
        base = read.number(base_size)
        for _ in range(read.number(2)):
            total += 1
            if read.at_end or total > _MAX_EXTENTS:
                return
            read.number(index_size)
            start, length = base + read.number(offset_size), read.number(length_size)
            if method == 1 and idat:
                start += idat.start
            if item and method in (0, 1) and start < size:
                item.extents.append((start, min(start + length, size) if length else size))


def _references(data: bytes, box: Box, found: Items) -> None:
    wide = 4 if data[box.start : box.start + 1] == b"\1" else 2
    links = 0
    for one in inside(data, box, 4):
        body = data[one.start : one.stop]
        source = int.from_bytes(body[:wide], "big")
        ends = range(wide + 2, min(len(body), wide + 2 + wide * _MAX_ITEMS), wide)
        links += len(ends)
        if links > _MAX_LINKS:
            raise FormatError(f"more than {_MAX_LINKS} references in one picture file")
        targets = tuple(int.from_bytes(body[at : at + wide], "big") for at in ends)
        found.references.append(Reference(one.kind, source, targets))


def _associations(read: _Cursor, found: Items) -> None:
    wide = 4 if read.version else 2
    for _ in range(min(read.number(4), _MAX_ITEMS)):
        if read.at_end:
            return
        item = found.found.get(read.number(wide))
        for _ in range(read.number(1)):
            value = read.number(2 if read.flags & 1 else 1)
            top = 15 if read.flags & 1 else 7
            if item:
                item.properties.append((value & (1 << top) - 1, bool(value >> top)))
