"""Read NumPy's .npy files: the header by a literal parser with limits, the numbers as a view.

Arrays of Python objects hold a pickle, which is never loaded here.

Source: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays" (versions 1.0 to 3.0).
"""

from __future__ import annotations

import ast
import math
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from efface.errors import FormatError, LimitExceededError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from numpy.typing import NDArray

__all__ = ["HEAD_BYTES", "MAGIC", "Header", "array", "header", "is_pickled", "pickled", "pieces", "row_count"]

MAGIC = b"\x93NUMPY"
_HEADER_BYTES = 65_536  # NumPy itself writes less than 1 KiB for anything but records of many fields
_PIECE_BYTES = 4 << 20
HEAD_BYTES = _HEADER_BYTES + 12
"""How much of a file's start holds any header that is read."""

_OBJECT = re.compile(r"[|<>=]?O[48]?")
# One letter with a size or one name; "a", an old word for "S", makes NumPy 2 warn, and nothing writes it.
_ELEMENT = re.compile(r"[<>=|]?(?:[?A-Zb-z]\d*(?:\[\w+\])?|[A-Za-z]{2,}\d*)")
_DIMENSIONS = 32  # NumPy's own limit until version 2


@dataclass(frozen=True, slots=True)
class Header:
    """What a .npy header says.

    Attributes:
        dtype: NumPy's word for the element type with its byte order ("<f4").
        shape: Length of each axis.
        fortran_order: Whether the first axis varies fastest.
        offset: Where the numbers start, in bytes.
    """

    dtype: str
    shape: tuple[int, ...]
    fortran_order: bool
    offset: int


def header(data: bytes) -> Header:
    """Return the header of a .npy file.

    Raises:
        FormatError: It is not one, or its header is not what the format allows.
        LimitExceededError: The header is longer than 64 KiB.
        UnsupportedError: It holds records or Python objects; `pickled` gives the pickle of the latter.
    """
    return _checked(*_fields(data))


def pickled(data: bytes) -> bytes | None:
    """Return the pickle that a .npy file of Python objects holds, or None for a file of numbers.

    Raises:
        FormatError: It is no .npy file.
    """
    fields, offset = _fields(data)
    return data[offset:] if _is_object(fields["descr"]) else None


def is_pickled(head: bytes) -> bool:
    """Return whether a .npy file holds Python objects, by its first HEAD_BYTES.

    Raises:
        FormatError: It is no .npy file.
    """
    return _is_object(_fields(head)[0]["descr"])


def _is_object(descr: object) -> bool:
    return _OBJECT.fullmatch(str(descr)) is not None


def _fields(data: bytes) -> tuple[dict[str, Any], int]:
    if len(data) < 10 or data[:6] != MAGIC or data[6] not in {1, 2, 3}:
        raise FormatError("not a .npy file")
    width = 2 if data[6] == 1 else 4
    length = int.from_bytes(data[8 : 8 + width], "little")
    if length > _HEADER_BYTES:
        raise LimitExceededError(f".npy header: {length} bytes exceed {_HEADER_BYTES}")
    offset = 8 + width + length
    if len(data) < offset:
        raise FormatError(".npy header is cut off")
    return _literal(data[8 + width : offset]), offset


def _literal(text: bytes) -> dict[str, Any]:
    try:
        # Python 2 wrote long integers as 3L.
        fields = ast.literal_eval(re.sub(r"(?<=\d)L\b", "", text.decode("utf-8").strip()))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise FormatError(".npy header is not a literal") from error
    if not isinstance(fields, dict) or fields.keys() != {"descr", "fortran_order", "shape"}:
        raise FormatError(".npy header has other fields than descr, fortran_order and shape")
    return fields


def _checked(fields: dict[str, Any], offset: int) -> Header:
    descr, shape, order = fields["descr"], fields["shape"], fields["fortran_order"]
    if _is_object(descr):
        raise UnsupportedError(".npy file of Python objects: only its pickle could be looked at")
    if not isinstance(order, bool):
        raise FormatError(".npy header: fortran_order is not a truth value")
    if not isinstance(shape, tuple) or len(shape) > _DIMENSIONS:
        raise FormatError(".npy header: shape is not a tuple of at most 32 lengths")
    if not all(type(length) is int and 0 <= length < 1 << 48 for length in shape):
        raise FormatError(".npy header: a length of the shape is not a whole number")
    if not isinstance(descr, str) or "O" in descr:
        raise UnsupportedError(".npy file of records or Python objects: only its pickle could be looked at")
    if not _ELEMENT.fullmatch(descr):
        raise FormatError(".npy header: unknown element type")
    try:
        dtype = np.dtype(descr)
    except (TypeError, ValueError) as error:
        raise FormatError(".npy header: unknown element type") from error
    if dtype.hasobject or dtype.itemsize == 0:
        raise UnsupportedError(".npy file of Python objects: only its pickle could be looked at")
    return Header(dtype.str, shape, order, offset)


def array(data: bytes) -> NDArray[Any]:
    """Return the numbers of a .npy file as a read-only view on its bytes.

    Raises:
        FormatError: The file is no .npy file, or shorter than its shape says.
    """
    head = header(data)
    dtype = np.dtype(head.dtype)
    count = math.prod(head.shape)
    if count * dtype.itemsize > len(data) - head.offset:
        raise FormatError(".npy file is shorter than its shape says")
    try:
        flat = np.frombuffer(data, dtype, count, head.offset)
        return flat.reshape(head.shape, order="F" if head.fortran_order else "C")
    except (ValueError, TypeError, struct.error) as error:
        raise FormatError(".npy file: the numbers do not fill the shape") from error


def row_count(head: Header) -> int:
    """Return how many rows of the last axis an array has; an array with one axis is one row."""
    return math.prod(head.shape[:-1]) if head.shape and head.shape[-1] else 0


def pieces(stream: BinaryIO, size_bytes: int, head: Header) -> Iterator[NDArray[Any]]:
    """Yield the rows of an array piece by piece, each of shape (n, length of the last axis).

    Args:
        stream: The file, seekable.
        size_bytes: Its size.
        head: Its header.

    Raises:
        FormatError: The file is shorter than its shape says.

    Limits: constant memory, some 4 MiB. An array whose first axis varies fastest gives its rows in another order.
    """
    dtype = np.dtype(head.dtype)
    rows, length = row_count(head), head.shape[-1] if head.shape else 0
    if rows * length * dtype.itemsize > size_bytes - head.offset:
        raise FormatError(".npy file is shorter than its shape says")
    step = max(1, _PIECE_BYTES // (max(length, 1) * dtype.itemsize))
    across = head.fortran_order and len(head.shape) > 1
    for first in range(0, rows, step):
        count = min(step, rows - first)
        if across:
            yield _columns(stream, head, rows, first, count)
        else:
            place = head.offset + first * length * dtype.itemsize
            yield _numbers(stream, place, count * length, dtype).reshape(count, length)


def _columns(stream: BinaryIO, head: Header, rows: int, first: int, count: int) -> NDArray[Any]:
    """Read some rows where the numbers of one row lie far apart: a piece of each column."""
    dtype = np.dtype(head.dtype)
    columns = [
        _numbers(stream, head.offset + (column * rows + first) * dtype.itemsize, count, dtype)
        for column in range(head.shape[-1])
    ]
    return np.stack(columns, axis=1)


def _numbers(stream: BinaryIO, place: int, count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    stream.seek(place)
    data = stream.read(count * dtype.itemsize)
    if len(data) < count * dtype.itemsize:
        raise FormatError(".npy file is shorter than its shape says")
    return np.frombuffer(data, dtype)
