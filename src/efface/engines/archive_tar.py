"""Rewrite tar archives member by member: what is not replaced is copied with its headers, byte by byte.

What stands behind the end of the archive is not copied.

Source: POSIX.1-2001 pax interchange format; POSIX.1-1988 ustar; GNU tar manual, "Basic Tar Format" (long names,
base-256 numbers, volume headers).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.errors import FormatError, LimitExceededError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO

__all__ = ["is_tar", "rewrite_tar"]

_BLOCK = 512
_RECORD = 20 * _BLOCK  # what tar programs read and write at a time
_CHUNK = 1 << 20
_PAX, _PAX_GLOBAL, _LONG_NAME, _LONG_LINK, _VOLUME = b"x", b"g", b"L", b"K", b"V"
_BEFORE_A_MEMBER = (_PAX, _PAX_GLOBAL, _LONG_NAME, _LONG_LINK, _VOLUME, b"X", b"N")
_REGULAR = (b"0", b"\0", b"7")
_WITHOUT_DATA = (b"1", b"2", b"3", b"4", b"5", b"6")
_MAX_HEADER = 16 * _CHUNK


def is_tar(head: bytes) -> bool:
    """Return whether a block is the header of a tar archive."""
    return len(head) >= _BLOCK and _sum(head) == _number(head[148:156], strict=False)


def rewrite_tar(
    source: BinaryIO, out: BinaryIO, replace: Mapping[int, bytes | None], max_entries: int
) -> None:
    """Write a tar archive with some members replaced, or left out where the replacement is None.

    Args:
        source: Reader at offset 0; read once, from start to end.
        out: Writer.
        replace: New bytes by index; all entries count, folders and links too, in their order.
        max_entries: Most entries.

    Raises:
        FormatError: The archive is broken, or has no such member.
        UnsupportedError: The member is no plain regular file.
        LimitExceededError: It has too many entries.
    """
    count = written = 0
    for headers, header in _members(source):
        if count >= max_entries:
            raise LimitExceededError(f"the archive has more than entries = {max_entries} members")
        size = _size(headers, header)
        if count not in replace:
            written += out.write(b"".join(headers) + header)
            written += _copy(source, out, size)
        else:
            _copy(source, None, size)
            data = replace[count]
            if data is not None:
                _check_regular(headers, header)
                written += out.write(b"".join(headers) + _resized(header, len(data)))
                written += out.write(data + bytes(-len(data) % _BLOCK))
        count += 1
    if unknown := [index for index in replace if not 0 <= index < count]:
        raise FormatError(f"the archive has no member {min(unknown)}")
    out.write(bytes(2 * _BLOCK + -(written + 2 * _BLOCK) % _RECORD))


def _members(source: BinaryIO) -> Iterator[tuple[list[bytes], bytes]]:
    """Yield the blocks that stand before a member's header, and the header; its data is to be read next."""
    headers: list[bytes] = []
    while True:
        header = _read(source, _BLOCK, may_end=not headers)
        if not header.strip(b"\0"):
            return
        if not is_tar(header):
            raise FormatError("the archive is broken")
        if header[156:157] not in _BEFORE_A_MEMBER:
            yield headers, header
            headers = []
            continue
        size = _number(header[124:136])
        if size > _MAX_HEADER:
            raise FormatError("the archive has a header without end")
        headers.append(header + _read(source, size + -size % _BLOCK))


def _size(headers: list[bytes], header: bytes) -> int:
    if header[156:157] in _WITHOUT_DATA:
        return 0
    named = [value for block in headers for key, value in _pax(block) if key == b"size"]
    if named:
        if not named[-1].isdigit():
            raise FormatError("the archive is broken")
        return int(named[-1])
    return _number(header[124:136])


def _pax(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the records of a pax header."""
    if block[156:157] != _PAX:
        return
    body = block[_BLOCK : _BLOCK + _number(block[124:136])]
    at = 0
    while at < len(body):
        length, _, _ = body[at : at + 20].partition(b" ")
        if not length.isdigit() or int(length) <= len(length):
            raise FormatError("the archive is broken")
        record = body[at + len(length) + 1 : at + int(length) - 1]
        key, _, value = record.partition(b"=")
        yield key, value
        at += int(length)


def _check_regular(headers: list[bytes], header: bytes) -> None:
    keys = {key for block in headers for key, _ in _pax(block)}
    sparse = any(key.startswith(b"GNU.sparse") for key in keys)
    if header[156:157] not in _REGULAR or sparse or b"size" in keys:
        raise UnsupportedError("a member that is no plain file cannot be replaced")


def _resized(header: bytes, size: int) -> bytes:
    field = b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")
    changed = header[:124] + field + header[136:]
    return changed[:148] + b"%06o\0 " % _sum(changed) + changed[156:]


def _sum(header: bytes) -> int:
    return sum(header[:148]) + 8 * 0x20 + sum(header[156:_BLOCK])


def _number(field: bytes, *, strict: bool = True) -> int:
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b"\0 ")
    if digits and not digits.strip(b"01234567"):
        return int(digits, 8)
    if strict and digits:
        raise FormatError("the archive is broken")
    return 0 if strict else -1


def _read(source: BinaryIO, size: int, *, may_end: bool = False) -> bytes:
    data = source.read(size)
    if not data and may_end:
        return b""
    if len(data) < size:
        raise FormatError("the archive is cut off")
    return data


def _copy(source: BinaryIO, out: BinaryIO | None, size: int) -> int:
    """Copy a member's data with its padding, or only read past it."""
    left = size + -size % _BLOCK
    while left:
        data = _read(source, min(left, _CHUNK))
        if out is not None:
            out.write(data)
        left -= len(data)
    return size + -size % _BLOCK
