"""Read safetensors files: a header in JSON, then the numbers of each tensor.

Source: safetensors' format page (8 bytes of length, JSON header, byte offsets into the rest).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from efface.errors import FormatError, LimitExceededError
from efface.model import Block

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from mmap import mmap

__all__ = ["Tensor", "blocks", "emptied", "tensors"]

_MAX_HEADER = 100_000_000  # the format's own limit
_MAX_TENSORS = 100_000
_PIECE_BYTES = 8 << 20
_SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I8": 1}
_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I8": "|i1"}


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of numbers.

    Attributes:
        name: Its key.
        kind: The format's word for its type of numbers, of those that vectors may have.
        shape: Length of each axis.
        start: Where its numbers begin.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    start: int


def tensors(data: bytes | mmap) -> Iterator[Tensor]:
    """Yield the tensors whose numbers may be vectors, in the order of the header.

    Raises:
        FormatError: The header is damaged, or a tensor lies outside the file.
        LimitExceededError: There are more than 100,000 tensors.
    """
    header, base = _header(data)
    for name, entry in header.items():
        if name != "__metadata__":
            tensor = _tensor(name, entry, base, len(data))
            if tensor is not None:
                yield tensor


def _header(data: bytes | mmap) -> tuple[dict[str, Any], int]:
    """Return the entries of the header and where the numbers begin."""
    size = int.from_bytes(data[:8], "little")
    if not 2 <= size <= min(_MAX_HEADER, len(data) - 8):
        raise FormatError("a safetensors file that is cut off or damaged")
    try:
        header = json.loads(data[8 : 8 + size], object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise FormatError("a safetensors file whose header is damaged") from None
    if not isinstance(header, dict):
        raise FormatError("a safetensors file whose header is damaged")
    if len(header) > _MAX_TENSORS:
        raise LimitExceededError(f"more than {_MAX_TENSORS} tensors")
    return header, 8 + size


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise FormatError("a safetensors file with two tensors of one name")
    return found


def _tensor(name: str, entry: object, base: int, end: int) -> Tensor | None:
    try:
        kind, shape, (first, last) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]  # type: ignore[index]
        sound = (
            all(type(number) is int and number >= 0 for number in (*shape, first, last)) and len(shape) <= 32
        )
    except (TypeError, KeyError, ValueError):
        sound = False
    if not sound or not first <= last <= end - base:
        raise FormatError("a safetensors file whose header is damaged, or that is cut off")
    if kind not in _SIZES:
        return None
    if math.prod(shape) * _SIZES[kind] != last - first:
        raise FormatError("a safetensors file whose header is damaged, or that is cut off")
    return Tensor(name, kind, shape, base + first)


def blocks(data: bytes | mmap, tensor: Tensor) -> Iterator[Block]:
    """Yield the rows along the last axis of a tensor, some megabytes at a time."""
    dimension = tensor.shape[-1]
    size = dimension * _SIZES[tensor.kind]
    rows, step = math.prod(tensor.shape[:-1]), max(_PIECE_BYTES // size, 1)
    for first in range(0, rows, step):
        start = tensor.start + first * size
        piece = data[start : start + min(step, rows - first) * size]
        how = ("safetensors", tensor.kind)
        if tensor.kind == "BF16":
            wide = (np.frombuffer(piece, "<u2").astype("<u4") << 16).view(np.uint8)
            yield Block(wide.data, dimension, "<f4", how)
        else:
            yield Block(piece, dimension, _DTYPES[tensor.kind], how)


def emptied(data: bytes, names: Collection[str]) -> bytes:
    """Return a file in which some tensors have no rows; all others have the same numbers.

    Bytes that no tensor refers to are not in it.

    Raises:
        FormatError: The header is damaged, there is no tensor of such a name, or tensors share their numbers.
    """
    header, base = _header(data)
    if not set(names) <= {tensor.name for tensor in tensors(data)}:
        raise FormatError("a safetensors file without such a tensor as was found")
    pieces: list[bytes] = []
    size = end = 0
    inside = {name: entry for name, entry in header.items() if name != "__metadata__"}
    for name, entry in sorted(inside.items(), key=lambda item: item[1]["data_offsets"]):
        first, last = entry["data_offsets"]
        if first < end:
            raise FormatError("a safetensors file whose tensors share their numbers")
        end = last
        if name in names:
            entry["shape"] = [0, *entry["shape"][1:]]
            piece = b""
        else:
            piece = data[base + first : base + last]
        entry["data_offsets"] = [size, size + len(piece)]
        pieces.append(piece)
        size += len(piece)
    head = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    head += b" " * (-len(head) % 8)
    return b"".join((len(head).to_bytes(8, "little"), head, *pieces))
