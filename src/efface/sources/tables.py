"""Tables of columns in files: Parquet, Arrow (Feather) and ORC."""

from __future__ import annotations

import random
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from efface.engines import arrow_leaves, arrow_tables
from efface.errors import FormatError, LimitExceededError
from efface.model import Column, Gap, GapReason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from efface.engines.arrow_leaves import Leaf
    from efface.model import Block, Limits, Part

__all__ = ["Tables"]

_MAX_COLUMNS = 4_096
_MAX_SIBLINGS = 200
_SEED = 20  # a sample that is drawn again is the same one


class Tables:
    """Columns of a table file, nested ones too; vectors in lists and in numbered columns come as blocks.

    Of texts and binary values `cells` rows are drawn at random where there are more; vectors are all given.

    Not promised: metadata of the file, data pages that no column refers to.
    """

    name = "tables"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether it is a table file."""
        return media_type in arrow_tables.TYPES

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap]:
        """Yield one column for each place in the table that holds texts, bytes or lists of numbers.

        Raises:
            FormatError: It is damaged or encrypted.
            UnsupportedError: efface[files] is not installed.
        """
        with closing(part.payload.open()) as stream:
            table = arrow_tables.opened(stream, media_type)
            with arrow_tables.told():
                names = [field.name for field in table.schema]
                found = list(arrow_leaves.leaves(table.schema))
            if not found:
                return
            rows = table.rows()
        reading = _Reading(part, media_type, limits, rows)
        for leaf in found[:_MAX_COLUMNS]:
            yield from reading.columns(leaf, names)
        if len(found) > _MAX_COLUMNS:
            detail = f"more than {_MAX_COLUMNS} columns: {len(found) - _MAX_COLUMNS} were not looked at"
            yield Gap(part.locator, "unpack", GapReason.OVER_LIMIT, detail)


class _Reading:
    def __init__(self, part: Part, media_type: str, limits: Limits, rows: int) -> None:
        self._part = part
        self._media_type = media_type
        self._limits = limits
        self._rows = rows
        self._drawn = limits.cells if rows > limits.cells else None
        self._uniform: set[Leaf] = set()

    def columns(self, leaf: Leaf, names: list[str]) -> Iterator[Column | Gap]:
        place = self._part.locator.at(leaf.place)
        own = names[leaf.columns[0]]
        around = replace(
            self._part.surroundings,
            names=(*(name for name in reversed(leaf.path) if name != "*"), *self._part.surroundings.names),
            siblings=tuple(name for name in names if name != own)[:_MAX_SIBLINGS],
        )
        dimension = len(leaf.columns) if len(leaf.columns) > 1 else 0
        if leaf.kind == arrow_leaves.LISTS:
            try:
                dimension = self._dimension(leaf)
            except FormatError as error:
                yield Gap(place, "unpack", GapReason.UNREADABLE, str(error))
                return
            if not dimension:
                return
        if dimension:
            cells = partial(self._rest, leaf, dimension)
            yield Column(place, around, cells, self._rows, partial(self._blocks, leaf, dimension))
        else:
            yield Column(place, around, partial(self._cells, leaf), self._rows, None, self._drawn)

    def _dimension(self, leaf: Leaf) -> int:
        with arrow_tables.told():
            for (column,) in self._batches(leaf):
                if found := arrow_leaves.dimension_of(column, leaf):
                    return found
        return 0

    def _batches(self, leaf: Leaf) -> Iterator[list[Any]]:
        """Yield the arrays of a leaf's columns, as long as what they unpack to is within the limit."""
        unpacked = 0
        with closing(self._part.payload.open()) as stream:
            for arrays in arrow_tables.opened(stream, self._media_type).batches(leaf.columns):
                unpacked += sum(array.nbytes for array in arrays)
                if unpacked > self._limits.unpacked_bytes:
                    raise LimitExceededError(f"more than unpacked_bytes = {self._limits.unpacked_bytes}")
                yield arrays

    def _cells(self, leaf: Leaf) -> Iterator[bytes | str]:
        pick = _everything if self._drawn is None else _draw(self._rows, self._drawn)
        with arrow_tables.told():
            for (column,) in self._batches(leaf):
                chosen = pick(column)
                if len(chosen):
                    yield from arrow_leaves.cells(chosen, leaf)

    def _blocks(self, leaf: Leaf, dimension: int) -> Iterator[Block]:
        is_uniform = True
        with arrow_tables.told():
            for arrays in self._batches(leaf):
                if leaf.kind == arrow_leaves.LISTS:
                    block = arrow_leaves.vector_block(arrays[0], leaf, dimension)
                    is_uniform = (
                        is_uniform and next(arrow_leaves.rest(arrays[0], leaf, dimension), None) is None
                    )
                else:
                    block = arrow_leaves.spread_block(arrays)
                if block is not None:
                    yield block
        if is_uniform:  # then there is no rest to be read for
            self._uniform.add(leaf)

    def _rest(self, leaf: Leaf, dimension: int) -> Iterator[bytes | str]:
        if leaf.kind != arrow_leaves.LISTS or leaf in self._uniform:
            return
        with arrow_tables.told():
            for (column,) in self._batches(leaf):
                yield from arrow_leaves.rest(column, leaf, dimension)


def _everything(column: Any) -> Any:  # noqa: ANN401
    return column


def _draw(rows: int, count: int) -> Callable[[Any], Any]:
    """Return what takes from batches in a row those rows that were drawn out of all."""
    drawn = sorted(random.Random(_SEED).sample(range(rows), count), reverse=True)  # noqa: S311 - no secret
    seen = 0

    def pick(column: Any) -> Any:  # noqa: ANN401
        nonlocal seen
        chosen = []
        while drawn and drawn[-1] < seen + len(column):
            chosen.append(drawn.pop() - seen)
        seen += len(column)
        return column.take(chosen) if chosen else column.slice(0, 0)

    return pick
