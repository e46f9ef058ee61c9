"""Read safetensors files: a header in JSON, then the numbers of each tensor.

Source: safetensors' format page (8 bytes of length, JSON header, byte offsets into the rest).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from efface.errors import FormatError, LimitExceededError
from efface.model import Block

if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap

__all__ = ["Tensor", "blocks", "tensors"]

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
    size = int.from_bytes(data[:8], "little")
    if not 2 <= size <= min(_MAX_HEADER, len(data) - 8):
        raise FormatError("a safetensors file that is cut off or damaged")
    try:
        header = json.loads(data[8 : 8 + size])
    except (ValueError, RecursionError):
        raise FormatError("a safetensors file whose header is damaged") from None
    if not isinstance(header, dict):
        raise FormatError("a safetensors file whose header is damaged")
    if len(header) > _MAX_TENSORS:
        raise LimitExceededError(f"more than {_MAX_TENSORS} tensors")
    for name, entry in header.items():
        if name != "__metadata__":
            tensor = _tensor(name, entry, 8 + size, len(data))
            if tensor is not None:
                yield tensor


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
