"""Columns and large objects of a database table, as what the examiner reads."""

from __future__ import annotations

import io
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from efface.errors import AccessError, EffaceError, FormatError, LimitExceededError
from efface.model import Clue, Column, Gap, GapReason, Part, Sampling, Surroundings
from efface.sources.archive import reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from efface.engines.database import Batch, Draw, Field, Reader
    from efface.model import Block, Limits, Locator

__all__ = ["FieldColumn", "ObjectPayload", "gap_of", "large_objects", "shown_clues"]

_KEPT_BYTES = 64 << 20
_BESIDE = 16  # values of each other field
_PIECE_BYTES = 1 << 20
_MOST_NAMES = 20


def gap_of(place: Locator, stage: str, error: EffaceError) -> Gap:
    """Return the gap for what a database did not give; what took too long is a matter of time, not of size."""
    if isinstance(error, LimitExceededError):
        reason = GapReason.TIMEOUT
    else:
        reason = reason_of(error) if isinstance(error, FormatError) else GapReason.UNREADABLE
    return Gap(place, stage, reason, str(error))


class FieldColumn:
    """One field of the rows chosen, read when it is looked at, and kept for a second look while it is small.

    What goes wrong on the way ends the values and is told afterwards, so that what was seen until then counts.

    Args:
        reader: The session.
        table: Schema and name.
        each: The field.
        draw: The rows.
        place: The column.
        value_bytes: Largest value that is read.
        others: The other fields of the table.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - where, what and how much
        self,
        reader: Reader,
        table: tuple[str, str],
        each: Field,
        draw: Draw,
        place: Locator,
        value_bytes: int,
        others: tuple[Field, ...] = (),
    ) -> None:
        self._reader = reader
        self._table = table
        self._field = each
        self._draw = draw
        self._place = place
        self._value_bytes = value_bytes
        self._others = others
        self._kept: dict[bool, list[Batch]] = {}
        self._troubles: dict[tuple[GapReason, str], Gap] = {}

    def column(self, surroundings: Surroundings) -> Column:
        """Return the column."""
        draw = self._draw
        blocks = self._blocks if self._field.blocks else None
        clues = tuple(_clues(self._field, draw))
        return Column(
            self._place, surroundings, self._cells, draw.total, blocks, draw.drawn, clues, self._beside
        )

    def told(self) -> Iterator[Gap | Sampling]:
        """Yield what went wrong, and forget the values."""
        self._kept.clear()
        yield from self._troubles.values()
        if self._draw.first is not None:
            yield Sampling(self._place, "rows", self._draw.first, self._draw.total)

    def _cells(self) -> Iterator[bytes | str]:
        if self._field.cells:
            for batch in self._batches(blocks=False):
                yield from batch.cells

    def _beside(self) -> Iterator[bytes | str]:
        """Yield some values of the other fields; what goes wrong with one is told where it is looked at itself."""
        for each in self._others:
            if each.cells and each.trouble is None:
                other = FieldColumn(
                    self._reader, self._table, each, self._draw, self._place, self._value_bytes
                )
                yield from islice(other._cells(), _BESIDE)

    def _blocks(self) -> Iterator[Block]:
        for batch in self._batches(blocks=True):
            yield from batch.blocks

    def _batches(self, *, blocks: bool) -> Iterator[Batch]:
        if blocks in self._kept:
            yield from self._kept[blocks]
            return
        kept: list[Batch] | None = []
        size = too_large = 0
        try:
            for batch in self._reader.batches(*self._table, self._field, self._draw, blocks=blocks):
                size += batch.size_bytes
                too_large += batch.too_large
                if kept is not None:
                    kept.append(batch)
                if size > _KEPT_BYTES:
                    kept = None
                yield batch
        except EffaceError as error:
            self._trouble(gap_of(self._place, "unpack", error))
            return
        if too_large:
            detail = f"{too_large} values are larger than artefact_bytes = {self._value_bytes}"
            self._trouble(Gap(self._place, "unpack", GapReason.OVER_LIMIT, detail))
        if kept is not None:
            self._kept[blocks] = kept

    def _trouble(self, gap: Gap) -> None:
        self._troubles[gap.reason, gap.detail] = gap


def _clues(each: Field, draw: Draw) -> Iterator[Clue]:
    """Yield whether a field is a view's, and which views use it: whoever erases it breaks or empties them."""
    if draw.view is not None:
        yield Clue("view", _listed(draw.view.bases) or "of tables that the system does not tell")
    yield from shown_clues(each.shown_in)


def shown_clues(views: Sequence[str]) -> Iterator[Clue]:
    """Yield which views use a column, where any does."""
    if views:
        yield Clue("shown_in", _listed(views))


def _listed(names: Sequence[str]) -> str:
    """Return names in one line, the first of them where they are many."""
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


class ObjectPayload:
    """A large object, read in pieces as they are asked for."""

    def __init__(self, piece: Callable[[int, int], bytes], size_bytes: int, most: int) -> None:
        self._piece = piece
        self._size_bytes = size_bytes
        self._most = most

    @property
    def size_bytes(self) -> int:
        """Size in bytes."""
        return self._size_bytes

    def head(self, count: int = 4096) -> bytes:
        """Return up to `count` bytes from the start."""
        return self._piece(0, min(count, self._size_bytes))

    def read(self) -> bytes:
        """Return all bytes.

        Raises:
            LimitExceededError: There are more than the run allows.
        """
        if self._size_bytes > self._most:
            raise LimitExceededError(f"larger than artefact_bytes = {self._most}")
        with self.open() as stream:
            return stream.read()

    def open(self) -> BinaryIO:
        """Return a new seekable reader."""
        pieces: io.RawIOBase = _Pieces(self._piece, self._size_bytes)
        return io.BufferedReader(pieces, _PIECE_BYTES)


class _Pieces(io.RawIOBase):
    def __init__(self, piece: Callable[[int, int], bytes], size_bytes: int) -> None:
        super().__init__()
        self._piece = piece
        self._size_bytes = size_bytes
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size_bytes}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: bytearray, /) -> int:  # type: ignore[override]
        count = min(len(buffer), self._size_bytes - self._at)
        if count <= 0:
            return 0
        data = self._piece(self._at, count)
        if not data:
            raise AccessError("the large object ends before its end: it was changed while it was read")
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def large_objects(
    reader: Reader, draw: Draw, base: Locator, names: tuple[str, ...], limits: Limits
) -> Iterator[Part | Gap | Sampling]:
    """Yield the large objects chosen, each an artefact of its own under its number."""
    if draw.drawn is not None:
        yield Sampling(base.child("pg_largeobject"), "rows", draw.drawn, draw.total, is_random=True)
    for number, size in reader.objects(draw):
        place = base.child(f"pg_largeobject/{number}")
        if isinstance(size, EffaceError):
            yield gap_of(place, "open", size)
            continue
        payload = ObjectPayload(
            lambda offset, count, number=number: reader.object_bytes(number, offset, count),  # type: ignore[misc]
            size,
            limits.artefact_bytes,
        )
        yield Part(place, payload, Surroundings((str(number), "pg_largeobject", *names)))
