"""Take the texts, bytes and vectors out of nested Arrow columns: structs, lists, maps, dictionaries.

A leaf is a way from a top-level column down to values of one type. Numbers that stand alone are no leaf,
unless 64 or more columns beside one another differ in their number only: those hold one vector a row.

Source: Apache Arrow Columnar Format 1.5 (layouts); the names of pyarrow's own functions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from efface.errors import LimitExceededError
from efface.formats.document_values import escaped
from efface.formats.spread import numbered_runs, stem
from efface.model import Block

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "CELLS",
    "DIMENSIONS",
    "LISTS",
    "SPREAD",
    "Leaf",
    "cells",
    "dimension_of",
    "leaves",
    "lengths",
    "numbered",
    "rest",
    "spread_block",
    "vector_block",
]

LISTS = "lists"
CELLS = "cells"
SPREAD = "spread"

_MAX_DEPTH = 24
_SHORTEST = 16
"""Shorter values hold neither a template nor a picture in any encoding; leaving them out keeps names and
numbers in the table."""
DIMENSIONS = range(64, 8193)
"""Lengths of lists of numbers that may be vectors."""

_DTYPES = {"halffloat": "<f2", "float": "<f4", "double": "<f8", "int8": "|i1"}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A way to values of one type.

    Attributes:
        path: Names on the way, from the top-level column inwards; `*` for any element of a list.
        columns: Numbers of the top-level columns: one, or the many of a vector that is spread over them.
        steps: What to take at each step inwards.
        kind: "cells", "lists" (of numbers) or "spread".
    """

    path: tuple[str, ...]
    columns: tuple[int, ...]
    steps: tuple[tuple[str, int], ...]
    kind: str

    @property
    def place(self) -> str:
        """The fragment of its column: `*` for any row, then the way."""
        return "/" + "/".join(("*", *map(escaped, self.path)))


def leaves(schema: Any) -> Iterator[Leaf]:  # noqa: ANN401 - pyarrow has no types
    """Yield the leaves of a schema in its order.

    Raises:
        LimitExceededError: A column is nested more than 24 deep.
    """
    import pyarrow.types as kinds  # noqa: PLC0415 - imported only where a table is read

    names = [field.name for field in schema]
    plain = [kinds.is_floating(field.type) for field in schema]
    runs = numbered_runs([name if is_float else "" for name, is_float in zip(names, plain, strict=True)])
    starts = {run.start: run for run in runs}
    for number, field in enumerate(schema):
        if number in starts:
            run = starts[number]
            yield Leaf((stem(names[number]),), tuple(run), (), SPREAD)
        elif not plain[number]:
            for path, steps, kind in _walk(field.type, (field.name,), ()):
                yield Leaf(path, (number,), steps, kind)


def _walk(
    kind: Any,  # noqa: ANN401
    path: tuple[str, ...],
    steps: tuple[tuple[str, int], ...],
) -> Iterator[tuple[tuple[str, ...], tuple[tuple[str, int], ...], str]]:
    if len(steps) > _MAX_DEPTH:
        raise LimitExceededError(f"a column is nested more than {_MAX_DEPTH} deep")
    if _is_list(kind) and str(kind.value_type) in _DTYPES:
        yield path, steps, LISTS
    elif _is_list(kind) and str(kind.value_type) == "uint8":
        yield path, (*steps, ("bytes", 0)), CELLS
    elif _is_text(kind):
        yield path, steps, CELLS
    for name, child, step in _children(kind):
        yield from _walk(child, (*path, *name), (*steps, step))


def _children(kind: Any) -> Iterator[tuple[tuple[str, ...], Any, tuple[str, int]]]:  # noqa: ANN401
    """Yield what a type is made of: a name where it has one, the inner type, and the step to it."""
    import pyarrow.types as kinds  # noqa: PLC0415

    if hasattr(kind, "storage_type"):
        yield (), kind.storage_type, ("storage", 0)
    elif kinds.is_dictionary(kind):
        yield (), kind.value_type, ("decode", 0)
    elif kinds.is_run_end_encoded(kind):
        yield (), kind.value_type, ("expand", 0)
    elif kinds.is_map(kind):
        yield ("key",), kind.key_type, ("map", 0)
        yield ("*",), kind.item_type, ("map", 1)
    elif kinds.is_struct(kind) or kinds.is_union(kind):
        word = "field" if kinds.is_struct(kind) else "choice"
        for number in range(kind.num_fields):
            yield (kind[number].name,), kind[number].type, (word, number)
    elif _is_list(kind) and str(kind.value_type) not in {*_DTYPES, "uint8"}:
        yield ("*",), kind.value_type, ("items", 0)


def _is_list(kind: Any) -> bool:  # noqa: ANN401
    import pyarrow.types as kinds  # noqa: PLC0415

    tests = (kinds.is_list, kinds.is_large_list, kinds.is_fixed_size_list, kinds.is_list_view)
    return any(test(kind) for test in (*tests, kinds.is_large_list_view))


def _is_text(kind: Any) -> bool:  # noqa: ANN401
    import pyarrow.types as kinds  # noqa: PLC0415

    words = str(kind).removeprefix("large_").partition("[")[0].removesuffix("_view")
    return words in {"string", "binary", "fixed_size_binary"} or kinds.is_fixed_size_binary(kind)


def _reached(column: Any, leaf: Leaf) -> Any:  # noqa: ANN401
    """Return the values at the end of a leaf's way; those of lists are joined, and nulls of lists left out."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    for word, number in leaf.steps:
        if word == "storage":
            column = column.storage
        elif word == "decode":
            column = column.dictionary_decode()
        elif word == "expand":
            column = pc.run_end_decode(column)
        elif word == "field":
            column = pc.struct_field(column, [number])
        elif word == "choice":
            column = column.field(number)
        elif word == "items":
            column = column.flatten()
        elif word == "map":
            pair = pa.struct([("key", column.type.key_type), ("value", column.type.item_type)])
            column = pc.struct_field(column.cast(pa.list_(pair)).flatten(), [number])
    return column


def cells(column: Any, leaf: Leaf) -> Iterator[bytes | str]:  # noqa: ANN401
    """Yield the texts and binary values of 16 or more bytes of one column of a batch."""
    return (value for _, value in numbered(_reached(column, leaf), leaf))


def numbered(values: Any, leaf: Leaf) -> Iterator[tuple[int, bytes | str]]:  # noqa: ANN401
    """Yield place and value of the texts and binary values of 16 or more bytes at the end of a leaf's way."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    if leaf.steps[-1:] == (("bytes", 0),):
        for at, one in enumerate(values):
            numbers = one.values if one.is_valid else None
            if numbers is not None and len(numbers) >= _SHORTEST and not numbers.null_count:
                yield at, numbers.to_numpy(zero_copy_only=False).tobytes()
        return
    if str(values.type).endswith("_view"):
        values = values.cast(pa.large_binary() if "binary" in str(values.type) else pa.large_string())
    if pa.types.is_fixed_size_binary(values.type):
        is_long = (
            values.is_valid() if values.type.byte_width >= _SHORTEST else pa.nulls(len(values), pa.bool_())
        )
    else:
        is_long = pc.greater_equal(pc.binary_length(values), _SHORTEST)
    for at in pc.indices_nonzero(pc.fill_null(is_long, False)).to_pylist():
        try:
            yield at, values[at].as_py()
        except UnicodeDecodeError:
            yield at, values[at].as_buffer().to_pybytes()


def lengths(lists: Any) -> list[int]:  # noqa: ANN401
    """Return how long each list is; of a null, -1."""
    import pyarrow.compute as pc  # noqa: PLC0415

    return list(pc.fill_null(pc.list_value_length(lists), -1).to_pylist())


def dimension_of(column: Any, leaf: Leaf) -> int:  # noqa: ANN401
    """Return the commonest length of the lists of numbers that vectors may have, or 0."""
    import pyarrow.compute as pc  # noqa: PLC0415

    lengths = pc.list_value_length(_reached(column, leaf).drop_null()).to_numpy(zero_copy_only=False)
    lengths = lengths[(lengths >= DIMENSIONS.start) & (lengths < DIMENSIONS.stop)]
    if not len(lengths):
        return 0
    found, counts = np.unique(lengths, return_counts=True)
    return int(found[counts.argmax()])


def _numbers(lists: Any) -> Any:  # noqa: ANN401 - a NumPy array of any float type
    import pyarrow.compute as pc  # noqa: PLC0415

    values = lists.flatten()
    if values.null_count:
        values = values.cast("float32") if str(values.type) == "int8" else values
        values = pc.fill_null(values, float("nan"))
    return values.to_numpy(zero_copy_only=False)


def vector_block(column: Any, leaf: Leaf, dimension: int) -> Block | None:  # noqa: ANN401
    """Return the lists of one length as a block of vectors, or None where there are none."""
    import pyarrow.compute as pc  # noqa: PLC0415

    lists = _reached(column, leaf).drop_null()
    lengths = pc.list_value_length(lists)
    fit = pc.equal(lengths, dimension)
    if not pc.all(fit, min_count=0).as_py():
        lists = lists.filter(fit)
    if not len(lists):
        return None
    return _block(_numbers(lists), dimension, "list")


def _block(numbers: Any, dimension: int, how: str) -> Block:  # noqa: ANN401
    plain = np.ascontiguousarray(numbers)
    return Block(plain.reshape(-1).view(np.uint8).data, dimension, plain.dtype.str, (how, plain.dtype.name))


def rest(column: Any, leaf: Leaf, dimension: int) -> Iterator[str]:  # noqa: ANN401
    """Yield the lists of other lengths as texts, where they are long enough for vectors."""
    import pyarrow.compute as pc  # noqa: PLC0415

    lists = _reached(column, leaf).drop_null()
    lengths = pc.list_value_length(lists)
    other = pc.and_(pc.greater_equal(lengths, DIMENSIONS.start), pc.not_equal(lengths, dimension))
    for one in lists.filter(pc.and_(other, pc.less(lengths, DIMENSIONS.stop))):
        yield json.dumps(one.as_py())


def spread_block(columns: list[Any]) -> Block:
    """Return the vectors whose numbers lie in columns of their own, one vector a row."""
    import pyarrow.compute as pc  # noqa: PLC0415

    filled = [pc.fill_null(column, float("nan")) if column.null_count else column for column in columns]
    arrays = [column.to_numpy(zero_copy_only=False) for column in filled]
    numbers = np.stack(arrays, axis=1)
    return _block(numbers, len(columns), "columns")
