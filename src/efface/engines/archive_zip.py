"""Rewrite ZIP archives member by member: what is not replaced is copied as it is stored, byte by byte.

Copies keep names, flags, times, attributes, compression and encryption, whatever they are; slack between
members and entries that the directory no longer lists are not copied.

Limits: split archives and archives behind a program are refused, and so is the replacement of an encrypted member.
Source: PKWARE APPNOTE 6.3.10, 4.3.6 to 4.3.16 (records), 4.4.4 (flags), 4.5.3 (Zip64).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.errors import EncryptedError, FormatError, LimitExceededError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

__all__ = ["rewrite_zip"]

_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_END64, _LOCATOR64, _DESCRIPTOR = b"PK\x06\x06", b"PK\x06\x07", b"PK\x07\x08"
_LOCAL_BYTES, _CENTRAL_BYTES, _END_BYTES = 30, 46, 22
_ZIP64, _ALL_ONES, _ALL_ONES_16 = 1, 0xFFFFFFFF, 0xFFFF
_ENCRYPTED, _WITH_DESCRIPTOR, _LEVEL = 0x1, 0x8, 0x6
_STORED, _DEFLATED = 0, 8
_CHUNK = 1 << 20


@dataclass(slots=True)
class _Entry:
    """One entry of the central directory, with its sizes and place resolved."""

    fixed: bytes
    name: bytes
    extra: bytes
    comment: bytes
    packed: int
    size: int
    offset: int

    @property
    def flags(self) -> int:
        return int.from_bytes(self.fixed[8:10], "little")

    @property
    def method(self) -> int:
        return int.from_bytes(self.fixed[10:12], "little")


@dataclass(slots=True)
class _Directory:
    entries: list[_Entry]
    comment: bytes


def rewrite_zip(
    source: BinaryIO, out: BinaryIO, replace: Mapping[int, bytes | None], max_entries: int
) -> None:
    """Write a ZIP archive with some members replaced, or left out where the replacement is None.

    Args:
        source: Seekable reader.
        out: Writer at offset 0.
        replace: New bytes by index; members are counted in the order in which they are stored.
        max_entries: Most members.

    Raises:
        FormatError: The archive is broken.
        EncryptedError: A member to replace is encrypted.
        UnsupportedError: The archive is split.
        LimitExceededError: It has too many members.
    """
    directory = _directory(source, max_entries)
    stored = sorted(range(len(directory.entries)), key=lambda at: directory.entries[at].offset)
    place = {at: index for index, at in enumerate(stored)}
    if unknown := set(replace) - set(place.values()):
        raise FormatError(f"the archive has no member {min(unknown)}")
    written: dict[int, bytes] = {}
    for at in stored:
        entry = directory.entries[at]
        offset = out.tell()
        if place[at] not in replace:
            _copy_member(source, out, entry)
            written[at] = _central(entry, offset)
        elif (data := replace[place[at]]) is not None:
            written[at] = _write_member(source, out, entry, data)
    start = out.tell()
    out.writelines(written[at] for at in sorted(written))
    _write_end(out, len(written), start, out.tell() - start, directory)


def _directory(source: BinaryIO, max_entries: int) -> _Directory:
    size = source.seek(0, 2)
    tail_at = max(0, size - _END_BYTES - _ALL_ONES_16)
    tail = _read(source, tail_at, size - tail_at)
    at = tail.rfind(_END)
    if at < 0 or at + _END_BYTES > len(tail):
        raise FormatError("the archive has no directory")
    disk, first, _, count, length, offset, comment_size = struct.unpack_from("<HHHHIIH", tail, at + 4)
    comment = tail[at + _END_BYTES : at + _END_BYTES + comment_size]
    end = tail_at + at
    if disk or first:
        raise UnsupportedError("a split archive cannot be rewritten")
    if end >= 20 and _read(source, end - 20, 4) == _LOCATOR64:
        end, count, length, offset = _end64(source, end - 20)
    if count > max_entries:
        raise LimitExceededError(f"the archive has more than entries = {max_entries} members")
    if end - length != offset:
        raise UnsupportedError("an archive behind other data cannot be rewritten")
    return _Directory(_entries(_read(source, end - length, length), count), comment)


def _end64(source: BinaryIO, locator_at: int) -> tuple[int, int, int, int]:
    """Return where the Zip64 end record lies, and how many members, bytes and offset it names."""
    at = int.from_bytes(_read(source, locator_at + 8, 8), "little")
    record = _read(source, at, 56)
    if record[:4] != _END64:
        raise FormatError("the archive's directory is broken")
    count, length, offset = struct.unpack_from("<QQQ", record, 32)
    return at, count, length, offset


def _entries(data: bytes, count: int) -> list[_Entry]:
    entries = []
    at = 0
    while data[at : at + 4] == _CENTRAL and at + _CENTRAL_BYTES <= len(data):
        fixed = data[at : at + _CENTRAL_BYTES]
        name_size, extra_size, comment_size = struct.unpack_from("<HHH", fixed, 28)
        start = at + _CENTRAL_BYTES
        name = data[start : start + name_size]
        extra = data[start + name_size : start + name_size + extra_size]
        end = start + name_size + extra_size + comment_size
        comment = data[start + name_size + extra_size : end]
        packed, size, offset = _resolved(fixed, extra)
        entries.append(_Entry(fixed, name, extra, comment, packed, size, offset))
        at = end
    if len(entries) != count or at != len(data):
        raise FormatError("the archive's directory is broken")
    return entries


def _resolved(fixed: bytes, extra: bytes) -> tuple[int, int, int]:
    """Return packed size, size and offset, with what Zip64 says in their stead."""
    packed, size = struct.unpack_from("<II", fixed, 20)
    (offset,) = struct.unpack_from("<I", fixed, 42)
    wide = next((body for kind, body in _fields(extra) if kind == _ZIP64), b"")
    numbers = iter(struct.unpack(f"<{len(wide) // 8}Q", wide[: len(wide) // 8 * 8]))
    size = next(numbers, size) if size == _ALL_ONES else size
    packed = next(numbers, packed) if packed == _ALL_ONES else packed
    offset = next(numbers, offset) if offset == _ALL_ONES else offset
    return packed, size, offset


def _fields(extra: bytes) -> list[tuple[int, bytes]]:
    fields = []
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        fields.append((kind, extra[at + 4 : at + 4 + size]))
        at += 4 + size
    return fields


def _without_zip64(extra: bytes) -> bytes:
    kept = [(kind, body) for kind, body in _fields(extra) if kind != _ZIP64]
    return b"".join(struct.pack("<HH", kind, len(body)) + body for kind, body in kept)


def _central(entry: _Entry, offset: int) -> bytes:
    """Return a directory entry for a new place; values that do not fit go into the Zip64 field."""
    wide = [value for value in (entry.size, entry.packed, offset) if value >= _ALL_ONES]
    fits = [min(value, _ALL_ONES) for value in (entry.packed, entry.size, offset)]
    extra = _without_zip64(entry.extra)
    if wide:
        extra = struct.pack(f"<HH{len(wide)}Q", _ZIP64, 8 * len(wide), *wide) + extra
    fixed = bytearray(entry.fixed)
    struct.pack_into("<II", fixed, 20, fits[0], fits[1])
    struct.pack_into("<HHH", fixed, 28, len(entry.name), len(extra), len(entry.comment))
    struct.pack_into("<I", fixed, 42, fits[2])
    return bytes(fixed) + entry.name + extra + entry.comment


def _local(source: BinaryIO, entry: _Entry) -> bytes:
    """Return a member's local header with name and extra field."""
    at = entry.offset
    fixed = _read(source, at, _LOCAL_BYTES)
    if fixed[:4] != _LOCAL:
        raise FormatError("the archive names a member that is not there")
    name_size, extra_size = struct.unpack_from("<HH", fixed, 26)
    return fixed + _read(source, at + _LOCAL_BYTES, name_size + extra_size)


def _copy_member(source: BinaryIO, out: BinaryIO, entry: _Entry) -> None:
    local = _local(source, entry)
    at = entry.offset + len(local)
    out.write(local)
    _copy(source, out, at, entry.packed)
    if int.from_bytes(local[6:8], "little") & _WITH_DESCRIPTOR:
        out.write(_descriptor(source, entry, at + entry.packed))


def _descriptor(source: BinaryIO, entry: _Entry, at: int) -> bytes:
    """Return the data descriptor behind a member: with or without its mark, of 32 or 64 bits."""
    data = source.read(24) if source.seek(at) == at else b""
    crc = entry.fixed[16:20]
    for mark in (_DESCRIPTOR, b""):
        for layout in ("<II", "<QQ"):
            try:
                whole = mark + crc + struct.pack(layout, entry.packed, entry.size)
            except struct.error:
                continue
            if data.startswith(whole):
                return whole
    raise FormatError("the archive has a member without its descriptor")


def _write_member(source: BinaryIO, out: BinaryIO, entry: _Entry, data: bytes) -> bytes:
    """Write new bytes under the old name and attributes; return the directory entry."""
    if entry.flags & _ENCRYPTED:
        raise EncryptedError("a member of the archive is encrypted and cannot be replaced")
    if len(data) >= _ALL_ONES:
        raise LimitExceededError("a replacement of 4 GiB or more")
    local = _local(source, entry)
    method = _STORED if entry.method == _STORED else _DEFLATED
    packed = data if method == _STORED else _deflated(data)
    name_size = int.from_bytes(local[26:28], "little")
    extra = _without_zip64(local[_LOCAL_BYTES + name_size :])
    flags = entry.flags & ~(_WITH_DESCRIPTOR | _LEVEL)
    header = bytearray(local[:_LOCAL_BYTES])
    struct.pack_into("<HH", header, 6, flags, method)
    struct.pack_into("<III", header, 14, zlib.crc32(data), len(packed), len(data))
    struct.pack_into("<H", header, 28, len(extra))
    fixed = bytearray(entry.fixed)
    struct.pack_into("<HH", fixed, 8, flags, method)
    struct.pack_into("<I", fixed, 16, zlib.crc32(data))
    offset = out.tell()
    out.write(bytes(header) + local[_LOCAL_BYTES : _LOCAL_BYTES + name_size] + extra + packed)
    changed = _Entry(bytes(fixed), entry.name, entry.extra, entry.comment, len(packed), len(data), offset)
    return _central(changed, offset)


def _deflated(data: bytes) -> bytes:
    worker = zlib.compressobj(6, zlib.DEFLATED, -15)
    return worker.compress(data) + worker.flush()


def _write_end(out: BinaryIO, count: int, start: int, length: int, directory: _Directory) -> None:
    if count >= _ALL_ONES_16 or start >= _ALL_ONES or length >= _ALL_ONES:
        at = out.tell()
        out.write(_END64 + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, length, start))
        out.write(_LOCATOR64 + struct.pack("<IQI", 0, at, 1))
    few, size, offset = min(count, _ALL_ONES_16), min(length, _ALL_ONES), min(start, _ALL_ONES)
    comment = directory.comment
    out.write(_END + struct.pack("<HHHHIIH", 0, 0, few, few, size, offset, len(comment)) + comment)


def _read(source: BinaryIO, at: int, size: int) -> bytes:
    source.seek(max(at, 0))
    data = source.read(size)
    if len(data) < size or at < 0:
        raise FormatError("the archive is cut off")
    return data


def _copy(source: BinaryIO, out: BinaryIO, at: int, size: int) -> None:
    source.seek(at)
    while size > 0:
        data = source.read(min(size, _CHUNK))
        if not data:
            raise FormatError("the archive is cut off")
        out.write(data)
        size -= len(data)
