"""Test many rows of numbers at once for being the output of an embedding network.

Every row is tested for its length, its signs, its largest number and the correlation of neighbours, all of
which cost one pass over memory; whether its numbers differ from one another takes a sort, and so is tested
on every so-manieth row, and on all of them as soon as one of those fails.

Sources: the ranges are measured on blocks of programs, pictures, sound, text and noise; norms of networks
from deepface's configuration, InsightFace and dlib.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["MAX_DIMENSION", "MIN_DIMENSION", "UNIT_TOLERANCE", "Tested", "is_testable", "look_at", "pieces"]

MIN_DIMENSION = 64
MAX_DIMENSION = 8192
UNIT_TOLERANCE = 0.01  # networks normalise in float16 at the coarsest
_RAW_NORM = (1.1, 200.0)  # dlib 1.39, FaceNet 512 23, MobileFace 79
_NEGATIVE = (0.25, 0.75)
_PEAK = 14.0  # largest number over the root mean square; Gaussian noise of 8,192 numbers stays below 5
_NEIGHBOURS = 0.4  # correlation of neighbours; sound, pictures and sorted numbers exceed it
_DISTINCT = 0.75  # share of different numbers; quantised tables stay below 0.5
_UNIT_DISTINCT = 0.3  # of rows of length 1: 1,024 numbers rounded to four places have 0.5
_EXACTLY_UNIT = 0.001
_RECTIFIED = frozenset({1024, 2622, 4096})
"""Dimensions of FaceRes and VGG-Face, whose last layer gives no number below 0."""

_RECTIFIED_FULL = 0.05  # share of numbers above 0 in what such a layer gives
_BYTE_SPREAD = (2.0, 100.0)  # root mean square of numbers that were scaled to -128..127
_BYTE_DISTINCT = (
    12  # different bytes in a row of 64: scaled Gaussian numbers have some 40, flags and codes few
)
_PIECE_BYTES = 1 << 19  # as float32: fits the second-level cache, so that only the first pass reads memory


@dataclass(frozen=True, slots=True)
class Tested:
    """What some rows are like, each at its place in the arrays of shape (n,).

    Attributes:
        numbers: float32, shape (n, dimension); never shown.
        passed: Whether the row looks like a network's output.
        norms: Euclidean length, float32.
        negative: How many numbers are below 0.
        exact: Whether every number is one that float32 holds exactly: an output that was stored wider.
    """

    numbers: NDArray[np.float32] = field(repr=False)
    passed: NDArray[np.bool_]
    norms: NDArray[np.float32]
    negative: NDArray[np.intp]
    exact: NDArray[np.bool_]

    @property
    def units(self) -> NDArray[np.bool_]:
        """Whether the row passed and has length 1 and both signs, as networks that normalise give it."""
        one = np.abs(self.norms - 1.0) <= UNIT_TOLERANCE
        return cast("NDArray[np.bool_]", self.passed & one & (self.negative > 0))


def is_testable(kind: np.dtype[Any], dimension: int) -> bool:
    """Return whether rows of such numbers can be a network's output: floats, or signed bytes."""
    plain = kind.kind == "f" or (kind.kind == "i" and kind.itemsize == 1)
    return plain and MIN_DIMENSION <= dimension <= MAX_DIMENSION


def pieces(rows: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Cut many rows into pieces that fit the processor's cache as float32."""
    step = max(16, _PIECE_BYTES // (4 * rows.shape[1]))
    return (rows[at : at + step] for at in range(0, rows.shape[0], step))


def look_at(rows: NDArray[Any], *, every: int = 1) -> Tested:
    """Return what rows are like.

    Args:
        rows: Any type that `is_testable`, any byte order, shape (n, dimension).
        every: Distance of the rows whose numbers are compared with one another.
    """
    with np.errstate(all="ignore"):
        numbers = np.ascontiguousarray(rows, np.float32)
        count, dimension = numbers.shape
        squares = np.einsum("ij,ij->i", numbers, numbers)
        norms = np.sqrt(squares)
        negative = np.signbit(numbers).view(np.uint8).sum(axis=1, dtype=np.intp)
        is_bytes = rows.dtype.kind == "i"
        passed = _has_length(norms, dimension, is_bytes=is_bytes)
        if passed.any():  # bytes that are no floats have no such length: most rows are done here
            full = _full(numbers, negative)
            passed &= full | ((negative >= _NEGATIVE[0] * dimension) & (negative <= _NEGATIVE[1] * dimension))
            largest = np.maximum(numbers.max(axis=1), -numbers.min(axis=1))
            passed &= largest <= _PEAK * norms / np.sqrt(dimension)
            passed &= _is_rough(numbers, squares)
        if passed.any():
            passed &= _is_distinct(numbers, passed, _fewest(numbers, norms, full, is_bytes=is_bytes), every)
        exact = _is_exact(rows, numbers) if rows.dtype.itemsize > 4 else np.ones(count, np.bool_)
    return Tested(numbers, passed, norms, negative, exact)


def _has_length(norms: NDArray[np.float32], dimension: int, *, is_bytes: bool) -> NDArray[np.bool_]:
    """The lengths that networks give; a number that is not finite gives none, and fails here."""
    if is_bytes:
        spread = norms / np.sqrt(dimension)
        return cast("NDArray[np.bool_]", (spread >= _BYTE_SPREAD[0]) & (spread <= _BYTE_SPREAD[1]))
    raw = (norms >= _RAW_NORM[0]) & (norms <= _RAW_NORM[1])
    return cast("NDArray[np.bool_]", raw | (np.abs(norms - 1.0) <= UNIT_TOLERANCE))


def _full(numbers: NDArray[np.float32], negative: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether a row is like the output of a rectified layer: nothing below 0, and not nearly all 0."""
    if numbers.shape[1] not in _RECTIFIED or negative.all():
        return np.zeros(numbers.shape[0], np.bool_)
    above = np.count_nonzero(numbers > 0, axis=1)
    return cast("NDArray[np.bool_]", (negative == 0) & (above >= _RECTIFIED_FULL * numbers.shape[1]))


def _is_rough(numbers: NDArray[np.float32], squares: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether neighbours are not correlated; both sums are moved to the mean of the row afterwards."""
    dimension = numbers.shape[1]
    total = numbers.sum(axis=1)
    mean = total / dimension
    energy = squares - total * mean
    beside = np.einsum("ij,ij->i", numbers[:, 1:], numbers[:, :-1])
    ends = numbers[:, 0] + numbers[:, -1]
    beside += (ends - 2 * total) * mean + (dimension - 1) * mean * mean
    return cast("NDArray[np.bool_]", (energy > 0) & (np.abs(beside) < _NEIGHBOURS * energy))


def _fewest(
    numbers: NDArray[np.float32], norms: NDArray[np.float32], full: NDArray[np.bool_], *, is_bytes: bool
) -> NDArray[np.float64]:
    """How many different numbers each row has at least."""
    count, dimension = numbers.shape
    if is_bytes:
        return np.full(count, _BYTE_DISTINCT, np.float64)
    fewest = np.full(count, _DISTINCT * dimension, np.float64)
    fewest[np.abs(norms - 1.0) <= _EXACTLY_UNIT] = _UNIT_DISTINCT * dimension
    if full.any():
        fewest[full] = _DISTINCT * np.count_nonzero(numbers[full], axis=1)
    return fewest


def _is_distinct(
    numbers: NDArray[np.float32], passed: NDArray[np.bool_], fewest: NDArray[np.float64], every: int
) -> NDArray[np.bool_]:
    some = _different(numbers[::every]) >= fewest[::every]
    if every > 1 and bool((some | ~passed[::every]).all()):
        return np.ones(numbers.shape[0], np.bool_)
    return some if every == 1 else _different(numbers) >= fewest


def _different(numbers: NDArray[np.float32]) -> NDArray[np.intp]:
    """How many different numbers each row has."""
    ordered = np.sort(numbers, axis=1)
    return cast("NDArray[np.intp]", np.count_nonzero(ordered[:, 1:] != ordered[:, :-1], axis=1) + 1)


def _is_exact(rows: NDArray[Any], numbers: NDArray[np.float32]) -> NDArray[np.bool_]:
    return cast("NDArray[np.bool_]", (rows == numbers).all(axis=1))
