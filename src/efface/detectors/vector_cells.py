"""Read the vectors of cells, of one form together where many come in it, since one by one costs most.

Blobs of floats, lists of numbers, and floats in base64 or hex are gathered by their length and tested
together. What is written in another way, or fails, is read alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from efface.formats import vectors
from efface.formats.text_values import values as text_values
from efface.formats.vector_rows import MAX_DIMENSION, MIN_DIMENSION, Tested, look_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

__all__ = ["Cells", "read"]

_GATHERED = 256  # cells of one form
_GATHERED_BYTES = 16 << 20  # over all forms
_TEXT = 8 * 2 * MAX_DIMENSION  # hex of float64
_DEPTH = 3  # JSON in strings of JSON
_JSON = ("{", "[")

_Form = tuple[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Cells:
    """What some cells hold.

    Attributes:
        names: Keys that lead to the vectors inside the cells, from the inside out.
        rows: The vectors, or None where the cell holds none.
        how: How they are encoded, from the outside in.
        cell: A cell without a vector.
    """

    names: tuple[str, ...] = ()
    rows: Tested | None = field(default=None, repr=False)
    how: tuple[str, ...] = ()
    cell: bytes | str = field(default="", repr=False)


@dataclass(slots=True)
class _Gathered:
    cells: list[bytes | str] = field(default_factory=list)
    data: list[bytes | NDArray[np.float64]] = field(default_factory=list)


def read(cells: Iterable[bytes | str]) -> Iterator[Cells]:
    """Yield the vectors of cells in groups, and each cell that holds none."""
    waiting: dict[_Form, _Gathered] = {}
    size = 0
    for cell in cells:
        quick = _quick(cell)
        if quick is None:
            yield from _alone(cell)
            continue
        form, data = quick
        gathered = waiting.setdefault(form, _Gathered())
        gathered.cells.append(cell)
        gathered.data.append(data)
        size += len(cell)
        if len(gathered.cells) >= _GATHERED:
            size -= sum(map(len, gathered.cells))
            yield from _together(form, waiting.pop(form))
        elif size >= _GATHERED_BYTES:
            for each, some in waiting.items():
                yield from _together(each, some)
            waiting, size = {}, 0
    for each, some in waiting.items():
        yield from _together(each, some)


def _quick(cell: bytes | str) -> tuple[_Form, bytes | NDArray[np.float64]] | None:
    """Return what a cell may be by its form alone: its length, the words for its form, and the numbers."""
    if len(cell) < MIN_DIMENSION:
        return None
    if isinstance(cell, bytes):
        return ((len(cell), ()), cell) if _is_blob(cell) else None
    text = cell.strip()
    if any(mark in text for mark in ", "):
        numbers = vectors.list_numbers(text)
        return None if numbers is None else ((numbers.shape[0], ("text",)), numbers)
    if len(text) > _TEXT or any(mark in text for mark in ";\n\t|"):
        return None
    for word, data in vectors.binary_texts(text):
        if _is_blob(data):
            return (len(data), (word,)), data
    return None


def _is_blob(data: bytes) -> bool:
    return any(vectors.is_blob(len(data), coding) for coding in vectors.CODINGS)


def _together(form: _Form, gathered: _Gathered) -> Iterator[Cells]:
    how = form[1]
    if how == ("text",):
        # A list of numbers is a vector or nothing.
        yield Cells(rows=look_at(np.stack(cast("list[NDArray[np.float64]]", gathered.data))), how=how)
        return
    left = np.arange(len(gathered.cells))
    blobs = np.array(gathered.data, f"V{form[0]}")
    for coding in vectors.CODINGS:
        if not vectors.is_blob(form[0], coding):
            continue
        result = vectors.look_at_blobs(blobs[left].view(coding).reshape(left.shape[0], -1))
        if result.passed.any():
            yield Cells(rows=result, how=(*how, vectors.word(np.dtype(coding))))
            left = left[~result.passed]
        if not left.shape[0]:
            return
    for at in left:
        yield from _alone(gathered.cells[at])


def _alone(cell: bytes | str) -> Iterator[Cells]:
    vector = vectors.parse_vector(cell)
    if vector is not None:
        yield _one((), vector)
        return
    found = False
    if len(cell) >= MIN_DIMENSION and isinstance(cell, str) and cell.startswith(_JSON):
        for names, inner in _in_json(cell):
            found = True
            yield _one(names, inner)
    if not found:
        yield Cells(cell=cell)


def _one(names: tuple[str, ...], vector: vectors.Vector) -> Cells:
    return Cells(names, look_at(vector.values.reshape(1, -1)), vector.how)


def _in_json(text: str, depth: int = 0) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Vectors in JSON that stands in a cell, or in a string of such JSON, with the keys that lead to each."""
    for pattern, value in text_values(text.encode("utf-8", "surrogatepass"), "application/json"):
        keys = tuple(key for key in reversed(pattern.split("/")) if key not in {"", "*", "text"})
        vector = vectors.parse_vector(value)
        if vector is not None:
            yield keys, vector
        elif (
            depth < _DEPTH
            and len(value) >= MIN_DIMENSION
            and isinstance(value, str)
            and value.startswith(_JSON)
        ):
            yield from (((*inner, *keys), found) for inner, found in _in_json(value, depth + 1))
