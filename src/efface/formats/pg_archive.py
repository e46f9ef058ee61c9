"""Read the data of pg_dump's archives (custom format, `pg_dump -Fc`) without a server: tables and large objects.

Source: PostgreSQL's `pg_backup_archiver.c` (header, table of contents) and `pg_backup_custom.c` (blocks), archive
versions 1.12 to 1.16, as PostgreSQL 9.0 to 17 write them.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, BinaryIO

from efface.errors import FormatError, LimitExceededError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Archive", "blocks", "opened"]

_VERSIONS = range(12, 17)
_MAX_ENTRIES = 1_000_000
_MAX_STRING = 64 << 20
_MAX_CHUNK = 64 << 20
_PIECE = 1 << 20
_DATA, _LARGE_OBJECTS = 1, 3
_NONE, _ZLIB = 0, 1
_CODECS = {2: "lz4", 3: "zstd"}


class Archive:
    """An archive whose table of contents was read; the stream stands at the first block.

    Attributes:
        statements: The COPY statement of each block that is a table's, by its number.
        coding: How blocks are compressed: 0 not, 1 zlib, 2 LZ4, 3 Zstandard.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.statements: dict[int, str] = {}
        head = self.exactly(11)
        version, self._integer, self._offset, kind = head[6], head[8], head[9], head[10]
        if head[:5] != b"PGDMP" or head[5] != 1 or version not in _VERSIONS or kind != 1:
            raise UnsupportedError("a pg_dump archive of a version or format that is not known here")
        if not 1 <= self._integer <= 8 or not 1 <= self._offset <= 8:
            raise FormatError("a pg_dump archive that is damaged")
        self.coding = self.exactly(1)[0] if version >= 15 else min(abs(self.integer()), 1)
        for _ in range(7):
            self.integer()
        for _ in range(3):
            self._text()
        count = self.integer()
        if not 0 <= count <= _MAX_ENTRIES:
            raise FormatError("a pg_dump archive that is damaged")
        for _ in range(count):
            self._entry(version)

    def _entry(self, version: int) -> None:
        number = self.integer()
        self.integer()
        for _ in range(4):  # two identifiers, name, kind
            self._text()
        self.integer()
        for _ in range(2):
            self._text()
        statement = self._text()
        for _ in range(2 if version < 14 else 3):
            self._text()
        if version >= 16:
            self.integer()
        for _ in range(2):
            self._text()
        while self._text() is not None:  # numbers of entries that it depends on
            pass
        self.exactly(1 + self._offset)
        if statement:
            self.statements[number] = statement

    def exactly(self, size: int) -> bytes:
        """Return so many bytes of the archive."""
        data = self.stream.read(size)
        if len(data) < size:
            raise FormatError("a pg_dump archive that is cut off")
        return data

    def integer(self) -> int:
        """Return a number: a byte for the sign, then its bytes, the lowest first."""
        data = self.exactly(1 + self._integer)
        return int.from_bytes(data[1:], "little") * (-1 if data[0] else 1)

    def _text(self) -> str | None:
        size = self.integer()
        if size < 0:
            return None
        if size > _MAX_STRING:
            raise LimitExceededError("a pg_dump archive with a statement of more than 64 MiB")
        return self.exactly(size).decode("utf-8", "replace")

    def chunks(self) -> Iterator[bytes]:
        """Yield the stored pieces of one block."""
        while size := self.integer():
            if not 0 < size <= _MAX_CHUNK:
                raise FormatError("a pg_dump archive that is damaged")
            yield self.exactly(size)


def opened(stream: BinaryIO) -> Archive:
    """Read header and table of contents.

    Raises:
        FormatError: It is damaged or cut off.
        UnsupportedError: It is of a version that is not known here.
    """
    return Archive(stream)


def blocks(archive: Archive) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield for each block its COPY statement, or nothing for a large object, and its content in pieces.

    The content must be read to its end before the next block.

    Raises:
        FormatError: It is damaged or cut off.
        UnsupportedError: It is compressed by what is not installed.
    """
    while kind := archive.stream.read(1):
        if kind[0] not in {_DATA, _LARGE_OBJECTS}:
            raise FormatError("a pg_dump archive that is damaged")
        number = archive.integer()
        if kind[0] == _DATA:
            yield archive.statements.get(number, ""), _unpacked(archive)
        else:
            while archive.integer():
                yield "", _unpacked(archive)


def _unpacked(archive: Archive) -> Iterator[bytes]:
    if archive.coding == _NONE:
        yield from archive.chunks()
    elif archive.coding == _ZLIB:
        yield from _inflated(archive)
    else:
        coding = _CODECS.get(archive.coding, "a coding that is not known here")
        raise UnsupportedError(f"a pg_dump archive packed with {coding}")


def _inflated(archive: Archive) -> Iterator[bytes]:
    unpacker = zlib.decompressobj()
    try:
        for chunk in archive.chunks():
            while chunk and not unpacker.eof:
                yield unpacker.decompress(chunk, _PIECE)
                chunk = unpacker.unconsumed_tail  # noqa: PLW2901 - what is left of it
    except zlib.error:
        raise FormatError("a pg_dump archive that is damaged") from None
