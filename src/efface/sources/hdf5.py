"""HDF5 files: datasets of vectors, pictures, texts and binary values, and attributes."""

from __future__ import annotations

import random
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from efface.engines import hdf5_files
from efface.errors import LimitExceededError
from efface.formats.pixel_arrays import pictures, shape_of_pictures
from efface.model import Block, Column, Gap, GapReason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.engines.hdf5_files import Found
    from efface.model import Limits, Part

__all__ = ["Hdf5"]

_DIMENSIONS = range(64, 8193)
_MAX_COLUMNS = 4_096
_MAX_SIBLINGS = 200
_SHORTEST = 16
_SEED = 20
_TEXTS = frozenset({"text", "bytes", "list of numbers"})


class Hdf5:
    """One column for each dataset, field and attribute that may hold vectors, pictures, texts or bytes.

    Vectors are the rows along the last axis of arrays of floating-point numbers with up to four axes; arrays of
    bytes with the shape of pictures come as pictures. Of pictures and texts `cells` are drawn at random where
    there are more.

    Not promised: references between objects; what lies in the user block or in freed space.
    """

    name = "hdf5"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether it is an HDF5 file."""
        return media_type == "application/x-hdf5"

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap]:
        """Yield a column for each place that holds values.

        Raises:
            FormatError: It is damaged.
            UnsupportedError: efface[files] is not installed.
        """
        del media_type
        with _opened(part) as file:
            found = list(hdf5_files.items(file))
        siblings = tuple(dict.fromkeys(each.path[-1].lstrip("@") for each in found if each.path))
        given = 0
        for each in found:
            place = part.locator.at("/" + "/".join(map(_escaped, each.path)))
            if each.trouble:
                yield Gap(place, "unpack", GapReason.UNSUPPORTED, each.trouble)
            elif (kind := _kind(each)) and given < _MAX_COLUMNS:
                given += 1
                yield _column(part, each, kind, siblings, limits)
            elif kind:
                detail = f"more than {_MAX_COLUMNS} columns: the others were not looked at"
                yield Gap(part.locator, "unpack", GapReason.OVER_LIMIT, detail)
                return


@contextmanager
def _opened(part: Part) -> Iterator[Any]:
    with closing(part.payload.open()) as stream, hdf5_files.opened(stream) as file:
        yield file


def _kind(found: Found) -> str:
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


def _column(part: Part, found: Found, kind: str, siblings: tuple[str, ...], limits: Limits) -> Column:
    place = part.locator.at("/" + "/".join(map(_escaped, found.path)))
    own = found.path[-1].lstrip("@")
    inner = [name.lstrip("@") for name in reversed(found.path)]
    if found.is_parameter:
        inner = [inner[0], "parameters", *inner[1:]]
    around = replace(
        part.surroundings,
        names=(*inner, *part.surroundings.names),
        siblings=tuple(name for name in siblings if name != own)[:_MAX_SIBLINGS],
    )
    if kind == "vectors":
        rows = int(np.prod(found.shape[:-1], dtype=np.int64))
        return Column(place, around, _nothing, rows, partial(_blocks, part, found, limits))
    cells = partial(_cells, part, found, kind, limits)
    rows = 1 if _is_one(found, kind) else found.shape[0]
    return Column(place, around, cells, rows, None, limits.cells if rows > limits.cells else None)


def _is_one(found: Found, kind: str) -> bool:
    """Return whether all of a dataset is one value."""
    if kind == "pictures":
        return shape_of_pictures(found.shape)[0] == 1
    return len(found.shape) <= (1 if kind == "rows" else 0)


def _nothing() -> Iterator[bytes | str]:
    return iter(())


def _blocks(part: Part, found: Found, limits: Limits) -> Iterator[Block]:
    unpacked = 0
    with _opened(part) as file:
        whole: list[Any] | None = [] if len(found.shape) == 1 else None
        for piece in hdf5_files.pieces(file, found):
            unpacked += piece.nbytes
            if unpacked > limits.unpacked_bytes:
                raise LimitExceededError(f"more than unpacked_bytes = {limits.unpacked_bytes}")
            if whole is None:
                yield _block(piece)
            else:
                whole.append(piece.reshape(-1))
        if whole:
            yield _block(np.concatenate(whole))


def _block(numbers: Any) -> Block:  # noqa: ANN401 - any NumPy array
    plain = np.ascontiguousarray(numbers)
    data = plain.reshape(-1).view(np.uint8).data
    return Block(data, plain.shape[-1], plain.dtype.str, ("hdf5", plain.dtype.name))


def _cells(part: Part, found: Found, kind: str, limits: Limits) -> Iterator[bytes | str]:
    count, unpacked = (found.shape or (1,))[0], 0
    is_one = _is_one(found, kind)
    rows = None
    if count > limits.cells and not is_one and not found.path[-1].startswith("@"):
        rows = sorted(random.Random(_SEED).sample(range(count), limits.cells))  # noqa: S311 - no secret
    with _opened(part) as file:
        whole: list[Any] = []
        for piece in hdf5_files.pieces(file, found, rows):
            unpacked += piece.nbytes
            if unpacked > limits.unpacked_bytes:
                raise LimitExceededError(f"more than unpacked_bytes = {limits.unpacked_bytes}")
            if is_one and kind != "texts":
                whole.append(piece)
            else:
                yield from pictures(piece) if kind == "pictures" else _values(piece, found.dtype)
        if whole:
            joined = np.concatenate(whole)
            yield from pictures(joined) if kind == "pictures" else [joined.tobytes()]


def _values(piece: Any, dtype: str) -> Iterator[bytes | str]:  # noqa: ANN401 - any NumPy array
    if piece.dtype.kind == "u":
        for row in piece.reshape(-1, piece.shape[-1]):
            yield row.tobytes()
        return
    for value in piece.reshape(-1):
        one: Any = value
        if isinstance(one, np.ndarray):
            one = one.tobytes() if one.dtype.kind in "uif" else b""
        elif isinstance(one, np.void | np.bytes_):
            one = one.tobytes()
        elif isinstance(one, str):
            one = str(one)
        if isinstance(one, bytes | str) and len(one) >= _SHORTEST:
            yield _decoded(bytes(one)) if dtype == "text" and isinstance(one, bytes) else one


def _decoded(value: bytes) -> bytes | str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
