"""Compound files for tests, with everything that old Office documents and messages keep pictures in.

Source: [MS-CFB] 2 (structures); [MS-ODRAW] 2.2.23; [MS-OXMSG] 2.2; [MS-OLEDS] 2.3.6.
"""

from __future__ import annotations

import struct
import zlib
from typing import TypeAlias

__all__ = ["Storage", "blip", "compound", "native", "thumbcache", "thumbnail_properties"]

Storage: TypeAlias = "dict[str, bytes | Storage]"
_SECTOR, _MINI, _CUTOFF = 512, 64, 4096
_END, _FREE, _FAT, _NONE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0xFFFFFFFF


def compound(root: Storage, *, free: bytes = b"") -> bytes:
    """Return a compound file of storages (dictionaries) and streams (bytes).

    Args:
        root: The root storage.
        free: What lies in sectors that nothing uses.
    """
    sectors: list[bytes] = []
    table: list[int] = []

    def stored(data: bytes) -> int:
        if not data:
            return _END
        start = len(sectors)
        for at in range(0, len(data), _SECTOR):
            sectors.append(data[at : at + _SECTOR].ljust(_SECTOR, b"\0"))
            table.append(len(sectors))
        table[-1] = _END
        return start

    mini = bytearray()
    mini_table: list[int] = []
    entries: list[list[object]] = [["Root Entry", 5, _NONE, _NONE, 0, 0]]

    def small(data: bytes) -> int:
        start = len(mini_table)
        count = -(-len(data) // _MINI)
        mini_table.extend(range(start + 1, start + count + 1))
        mini_table[-1] = _END
        mini.extend(data.ljust(count * _MINI, b"\0"))
        return start

    def add(storage: Storage) -> int:
        first = _NONE
        for name, content in reversed(storage.items()):
            number = len(entries)
            entry: list[object] = [name, 1, first, _NONE, _END, 0]
            entries.append(entry)
            if isinstance(content, dict):
                entry[1], entry[3] = 5 if number == 0 else 1, add(content)
            else:
                where = stored(content) if len(content) >= _CUTOFF else small(content) if content else _END
                entry[1], entry[4], entry[5] = 2, where, len(content)
            first = number
        return first

    entries[0][3] = add(root)
    entries[0][4], entries[0][5] = stored(bytes(mini)), len(mini)
    mini_start = stored(b"".join(struct.pack("<I", value) for value in mini_table))
    directory = stored(b"".join(_entry(*each) for each in entries))
    for at in range(0, len(free), _SECTOR):
        sectors.append(free[at : at + _SECTOR].ljust(_SECTOR, b"\0"))
        table.append(_FREE)
    fat_count = 1
    while fat_count * _SECTOR // 4 < len(sectors) + fat_count:
        fat_count += 1
    fat_start = len(sectors)
    table += [_FAT] * fat_count
    table += [_FREE] * (fat_count * _SECTOR // 4 - len(table))
    fat = b"".join(struct.pack("<I", value) for value in table)
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    mini_count = -(-len(mini_table) * 4 // _SECTOR)
    head += bytes(6) + struct.pack("<IIIII", 0, fat_count, directory, 0, _CUTOFF)
    head += struct.pack("<IIII", mini_start, mini_count, _END, 0)
    places = [*range(fat_start, fat_start + fat_count), *([_FREE] * (109 - fat_count))]
    return head + b"".join(struct.pack("<I", value) for value in places) + b"".join(sectors) + fat


def _entry(*fields: object) -> bytes:
    name, kind, sibling, child, start, size = fields
    raw = f"{name}\0".encode("utf-16-le")
    return (
        raw.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(raw), kind, 1, _NONE, sibling, child)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )


def blip(kind: int, instance: int, data: bytes, *, metafile: bool = False) -> bytes:
    """Return an OfficeArt record of a picture; a metafile is deflated."""
    digests = bytes(32 if instance & 1 else 16)
    if metafile:
        packed = zlib.compress(data)
        body = (
            digests
            + struct.pack("<I", len(data))
            + bytes(24)
            + struct.pack("<IBB", len(packed), 0, 0xFE)
            + packed
        )
    else:
        body = digests + b"\xff" + data
    return struct.pack("<HHI", instance << 4, kind, len(body)) + body


def native(name: str, data: bytes) -> bytes:
    """Return an object stream as the Packager writes it."""
    path = f"C:\\secret\\{name}".encode("gb18030")
    body = b"\2\0" + name.encode("gb18030") + b"\0" + path + b"\0" + b"\0\0\3\0"
    body += struct.pack("<I", len(path) + 1) + path + b"\0" + struct.pack("<I", len(data)) + data
    return struct.pack("<I", len(body)) + body


def thumbnail_properties(clip_format: int, data: bytes) -> bytes:
    """Return a summary information stream that holds a thumbnail and nothing else."""
    clip = struct.pack("<iI", -1, clip_format) + (bytes(8) if clip_format == 3 else b"") + data
    value = struct.pack("<II", 71, len(clip)) + clip
    section = struct.pack("<IIII", 16 + len(value), 1, 17, 16) + value
    return b"\xfe\xff\0\0" + bytes(20) + struct.pack("<I", 1) + bytes(16) + struct.pack("<I", 48) + section


def thumbcache(pictures: list[bytes], version: int = 32) -> bytes:
    """Return a thumbnail cache of Windows."""
    out = b"CMMM" + struct.pack("<IIIII", version, 3, 24, 0, len(pictures))
    name = "0123456789abcdef".encode("utf-16-le")
    for number, picture in enumerate(pictures):
        sizes = struct.pack("<III", len(name), 2, len(picture)) + bytes(28)
        extension = "jpg\0".encode("utf-16-le") if version == 20 else b""
        body = struct.pack("<Q", number) + extension + sizes + name + b"\0\0" + picture
        out += b"CMMM" + struct.pack("<I", len(body) + 8) + body
    return out
