"""What the values of HDF5 datasets are taken for, and the values as vectors, pictures, texts and bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from efface.engines import hdf5_files
from efface.errors import LimitExceededError
from efface.formats.pixel_arrays import pictures, shape_of_pictures
from efface.model import Block

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from efface.engines.hdf5_files import Found

__all__ = ["blocks", "cells", "is_one", "kind_of", "rows_of", "texts"]

_DIMENSIONS = range(64, 8193)
_SHORTEST = 16
_TEXTS = frozenset({"text", "bytes", "list of numbers"})


def kind_of(found: Found) -> str:
    """Return what the values are taken for: "vectors", "pictures", "rows" of bytes, "texts", or nothing."""
    if found.dtype in _TEXTS:
        return "texts"
    if not found.dtype or 0 in found.shape:
        return ""
    kind = np.dtype(found.dtype)
    last = found.shape[-1] if found.shape else 1
    if kind.kind == "f" or found.dtype == "|i1":
        is_plain = found.dtype != "|i1" or len(found.shape) > 1
        return "vectors" if 1 <= len(found.shape) <= 4 and last in _DIMENSIONS and is_plain else ""
    if kind.kind in "SV":
        return "texts" if kind.itemsize >= _SHORTEST else ""
    if found.dtype != "|u1":
        return ""
    return "pictures" if shape_of_pictures(found.shape) else "rows" if last >= _SHORTEST else ""


def is_one(found: Found, kind: str) -> bool:
    """Return whether all of a dataset is one value."""
    if kind == "pictures":
        return shape_of_pictures(found.shape)[0] == 1
    return len(found.shape) <= (1 if kind == "rows" else 0)


def rows_of(found: Found, kind: str) -> int:
    """Return how many values a dataset has."""
    if kind == "vectors":
        return int(np.prod(found.shape[:-1], dtype=np.int64))
    return 1 if is_one(found, kind) else found.shape[0]


def blocks(file: Any, found: Found, most_bytes: int) -> Iterator[Block]:  # noqa: ANN401 - h5py has no types
    """Yield the vectors of a dataset, some megabytes at a time.

    Raises:
        FormatError: The values are damaged.
        LimitExceededError: They unpack to more than `most_bytes`.
    """
    if len(found.shape) > 1:
        for piece in _pieces(file, found, None, most_bytes):
            yield _block(piece)
    else:
        yield _block(np.concatenate([piece.reshape(-1) for piece in _pieces(file, found, None, most_bytes)]))


def cells(
    file: Any,  # noqa: ANN401
    found: Found,
    kind: str,
    rows: Sequence[int] | None,
    most_bytes: int,
) -> Iterator[bytes | str]:
    """Yield the pictures, texts or binary values of a dataset.

    Args:
        file: As `hdf5_files.opened` gives it.
        found: The dataset.
        kind: What `kind_of` says of it.
        rows: The rows that are wanted alone, in ascending order; None for all.
        most_bytes: How much they may unpack to.

    Raises:
        FormatError: The values are damaged.
        LimitExceededError: They unpack to more than `most_bytes`.
    """
    pieces = _pieces(file, found, rows, most_bytes)
    if is_one(found, kind) and kind != "texts":
        joined = np.concatenate(list(pieces))
        yield from pictures(joined) if kind == "pictures" else [joined.tobytes()]
        return
    for piece in pieces:
        yield from pictures(piece) if kind == "pictures" else _values(piece, found.dtype)


def _pieces(file: Any, found: Found, rows: Sequence[int] | None, most_bytes: int) -> Iterator[Any]:  # noqa: ANN401
    unpacked = 0
    for piece in hdf5_files.pieces(file, found, rows):
        unpacked += piece.nbytes
        if unpacked > most_bytes:
            raise LimitExceededError(f"more than unpacked_bytes = {most_bytes}")
        yield piece


def _block(numbers: Any) -> Block:  # noqa: ANN401 - any NumPy array
    plain = np.ascontiguousarray(numbers)
    data = plain.reshape(-1).view(np.uint8).data
    return Block(data, plain.shape[-1], plain.dtype.str, ("hdf5", plain.dtype.name))


def _values(piece: Any, dtype: str) -> Iterator[bytes | str]:  # noqa: ANN401 - any NumPy array
    if piece.dtype.kind == "u":
        for row in piece.reshape(-1, piece.shape[-1]):
            yield row.tobytes()
        return
    yield from (one for one in texts(piece, dtype) if one is not None)


def texts(values: Any, dtype: str) -> Iterator[bytes | str | None]:  # noqa: ANN401 - any NumPy array
    """Yield the texts and binary values of an array one by one, and None for those that are short."""
    for value in values.reshape(-1):
        one: Any = value
        if isinstance(one, np.ndarray):
            one = one.tobytes() if one.dtype.kind in "uif" else b""
        elif isinstance(one, np.void | np.bytes_):
            one = one.tobytes()
        elif isinstance(one, str):
            one = str(one)
        if not isinstance(one, bytes | str) or len(one) < _SHORTEST:
            yield None
        else:
            yield _decoded(bytes(one)) if dtype == "text" and isinstance(one, bytes) else one


def _decoded(value: bytes) -> bytes | str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value
