"""Read the records of old Excel and PowerPoint streams, as far as pictures, objects and encryption need it.

Source: [MS-XLS] 2.1.4 (records), 2.4.58 (Continue), 2.4.117 (FilePass), 2.4.171 (MsoDrawingGroup), 2.4.19
(BkHim); BIFF5 IMDATA; [MS-PPT] 2.3.1 (record header), 2.10.36 (ExOleObjStg); [MS-DOC] 2.5.2 (FibBase).
"""

from __future__ import annotations

import zlib
from itertools import islice
from typing import TYPE_CHECKING

from efface.formats.dib import bitmap_file

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_encrypted_excel", "is_encrypted_word", "storages_in_slides", "workbook_pictures"]

_GROUP, _CONTINUE, _FILEPASS = 0x00EB, 0x003C, 0x002F
_BITMAPS = frozenset({0x007F, 0x00E9})  # IMDATA, BkHim
_BITMAP_FORMAT, _BITMAP_HEAD = 9, 8
_STORAGE, _CONTAINER = 0x1011, 0xF
_MAX_RECORDS = 5_000_000
_MAX_STORAGE_BYTES = 256 << 20
_WORD, _ENCRYPTED = 0xA5EC, 0x0100


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    for _ in range(_MAX_RECORDS):
        if at + 4 > len(data):
            return
        kind, size = (
            int.from_bytes(data[at : at + 2], "little"),
            int.from_bytes(data[at + 2 : at + 4], "little"),
        )
        yield kind, data[at + 4 : at + 4 + size]
        at += 4 + size


def is_encrypted_excel(data: bytes) -> bool:
    """Return whether a workbook's stream says early that what follows is encrypted."""
    return any(kind == _FILEPASS for kind, _ in islice(_records(data), 16))


def is_encrypted_word(data: bytes) -> bool:
    """Return whether a Word document's main stream says that the document is encrypted."""
    flags = int.from_bytes(data[10:12], "little")
    return int.from_bytes(data[:2], "little") == _WORD and bool(flags & _ENCRYPTED)


def workbook_pictures(data: bytes) -> tuple[bytes, list[bytes]]:
    """Return the drawing group of a workbook, its pieces joined, and the bitmaps of older records as files."""
    group: list[bytes] = []
    bitmaps: list[list[bytes]] = []
    now: list[bytes] | None = None
    for kind, body in _records(data):
        if kind == _GROUP:
            group.append(body)
            now = group
        elif kind in _BITMAPS:
            bitmaps.append([body])
            now = bitmaps[-1]
        elif kind == _CONTINUE and now is not None:
            now.append(body)
        else:
            now = None
    files = []
    for pieces in bitmaps:
        whole = b"".join(pieces)
        if int.from_bytes(whole[:2], "little") == _BITMAP_FORMAT:
            files.append(bitmap_file(whole[_BITMAP_HEAD:]))
    return b"".join(group), [file for file in files if file]


def storages_in_slides(data: bytes) -> Iterator[bytes]:
    """Yield the embedded objects of a presentation's stream, each a compound file, inflated where packed."""
    pending = [(0, len(data))]
    for _ in range(_MAX_RECORDS):
        if not pending:
            return
        at, end = pending.pop()
        if at + 8 > end:
            continue
        head, kind = (
            int.from_bytes(data[at : at + 2], "little"),
            int.from_bytes(data[at + 2 : at + 4], "little"),
        )
        stop = min(at + 8 + int.from_bytes(data[at + 4 : at + 8], "little"), end)
        pending.append((stop, end))
        if head & 0xF == _CONTAINER:
            pending.append((at + 8, stop))
        elif kind == _STORAGE:
            found = _inflated(data[at + 12 : stop]) if head >> 4 else data[at + 8 : stop]
            if found:
                yield found


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, _MAX_STORAGE_BYTES)
    except zlib.error:
        return b""
