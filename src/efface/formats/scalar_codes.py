"""Decode vectors whose numbers were quantised one by one, as FAISS's scalar quantisers do.

Source: FAISS 1.15, `impl/ScalarQuantizer` (types, order of bits, ranges: `minimum + width x (code + 0.5) / steps`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from efface.errors import FormatError
from efface.model import Block

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["QUANTIZERS", "decoded"]

QUANTIZERS = {
    0: "8 bits",
    1: "4 bits",
    2: "8 bits uniform",
    3: "4 bits uniform",
    4: "float16",
    5: "8 bits direct",
    6: "6 bits",
    7: "bfloat16",
    8: "8 bits signed",
}
"""FAISS's numbers of the quantisers that are decoded, with our words for them."""


def decoded(codes: bytes, dimension: int, coding: str, trained: bytes, added: bytes) -> Block:
    """Return codes as a block of vectors.

    Args:
        codes: A whole number of codes.
        dimension: Numbers in one vector.
        coding: "float32" or one of QUANTIZERS.
        trained: The quantiser's trained numbers, little-endian float32.
        added: A vector of the same type that is to be added to each, or nothing.

    Raises:
        FormatError: The sizes do not fit one another.
    """
    if coding in {"float32", "float16"} and not added:
        size = 4 if coding == "float32" else 2
        return Block(memoryview(codes), dimension, f"<f{size}", ("faiss", coding))
    numbers = _numbers(codes, dimension, coding, np.frombuffer(trained, "<f4"))
    if added:
        numbers = numbers + np.frombuffer(added, "<f4")
    plain = np.ascontiguousarray(numbers, "<f4").reshape(-1)
    return Block(plain.view(np.uint8).data, dimension, "<f4", ("faiss", coding))


def _numbers(codes: bytes, dimension: int, coding: str, trained: NDArray[Any]) -> NDArray[np.float32]:
    raw = np.frombuffer(codes, np.uint8).reshape(-1, max(_row_bytes(dimension, coding), 1))
    if coding == "float16":
        return cast("NDArray[np.float32]", raw.view("<f2").astype(np.float32))
    if coding == "bfloat16":
        return (raw.view("<u2").astype(np.uint32) << 16).view(np.float32)
    if coding == "8 bits direct":
        return raw.astype(np.float32)
    if coding == "8 bits signed":
        return raw.astype(np.float32) - 128.0
    bits = int(coding[0])
    steps = _unpacked(raw, dimension, bits)
    low, width = _range(trained, dimension, is_uniform=coding.endswith("uniform"))
    scaled = low + width * (steps.astype(np.float32) + 0.5) / ((1 << bits) - 1)
    return cast("NDArray[np.float32]", scaled.astype(np.float32))


def _row_bytes(dimension: int, coding: str) -> int:
    bits = 16 if "16" in coding else int(coding[0])
    return (dimension * bits + 7) // 8


def _unpacked(raw: NDArray[np.uint8], dimension: int, bits: int) -> NDArray[np.uint8]:
    """Take numbers of 4, 6 or 8 bits apart, the lowest bits first."""
    if bits == 8:
        return raw
    flags = np.unpackbits(raw, axis=1, bitorder="little")[:, : dimension * bits]
    weights = (1 << np.arange(bits)).astype(np.uint8)
    steps: NDArray[np.uint8] = (flags.reshape(len(raw), dimension, bits) * weights).sum(
        axis=2, dtype=np.uint8
    )
    return steps


def _range(trained: NDArray[Any], dimension: int, *, is_uniform: bool) -> tuple[NDArray[Any], NDArray[Any]]:
    if is_uniform and len(trained) == 2:
        return trained[:1], trained[1:]
    if not is_uniform and len(trained) == 2 * dimension:
        return trained[:dimension], trained[dimension:]
    raise FormatError("a FAISS index is damaged: its quantiser does not fit its vectors")
