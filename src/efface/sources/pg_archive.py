"""pg_dump's archives in the custom format: the rows of each table, and large objects."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from efface.errors import LimitExceededError
from efface.formats import pg_archive, sql_values
from efface.sources.gathered import gathered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from efface.model import Beat, Column, Gap, Limits, Part

__all__ = ["PgArchive"]

_MAX_ROW = 64 << 20
_MAX_OBJECT = 64 << 20
_OBJECTS = "/pg_largeobject/data"


class PgArchive:
    """Columns of the tables in an archive, and the large objects as one more.

    Tables come under the names that their COPY statements give; the rest of the archive, which is statements that
    make tables, is not looked at.
    """

    name = "pg-archive"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether it is an archive of pg_dump."""
        return media_type == "application/x-pgdump"

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap | Beat]:
        """Yield one column for each column of each table.

        Raises:
            FormatError: It is damaged; what stands before the damage is given first.
            UnsupportedError: Its version or compression is not known here.
        """
        del media_type
        with closing(part.payload.open()) as stream:
            yield from gathered(_values(stream, limits), part, limits)


def _values(stream: BinaryIO, limits: Limits) -> Iterator[tuple[str, bytes | str]]:
    unpacked = 0
    for statement, pieces in pg_archive.blocks(pg_archive.opened(stream)):
        rest = b""
        for piece in pieces:
            unpacked += len(piece)
            if unpacked > limits.unpacked_bytes:
                raise LimitExceededError(f"more than unpacked_bytes = {limits.unpacked_bytes}")
            rest += piece
            if len(rest) > (_MAX_ROW if statement else _MAX_OBJECT):
                raise LimitExceededError("a row or a large object of more than 64 MiB")
            if statement and (end := rest.rfind(b"\n") + 1):
                yield from _rows(statement, rest[:end])
                rest = rest[end:]
        if statement:
            yield from _rows(statement, rest)
        elif rest:
            yield _OBJECTS, rest


def _rows(statement: str, rows: bytes) -> Iterator[tuple[str, bytes | str]]:
    text = rows.removesuffix(b"\\.\n\n").decode("utf-8", "surrogateescape")
    yield from sql_values.values(f"{statement.rstrip()}\n{text}")
