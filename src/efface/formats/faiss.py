"""Find the vectors in FAISS index files: flat, HNSW, NSG and inverted-file indexes, also inside one another.

Every index, outer or inner, begins with the same header, in which two reserved numbers stand out. So all
indexes of a file are found, whatever kind wraps them and however a version lays out the wrapping. What is
stored as it is, or quantised number by number, is given as vectors; product quantisation, binary codes and
lists kept in another file are named and not decoded.

Sources: FAISS 1.15, `impl/index_write.cpp` (layout), `IndexScalarQuantizer` and `impl/ScalarQuantizer` (codes).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from efface.errors import FormatError, LimitExceededError
from efface.formats.scalar_codes import QUANTIZERS, decoded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap

    from efface.model import Block

    Data = bytes | mmap

__all__ = ["Index", "blocks", "indexes"]

_RESERVED = (1 << 20).to_bytes(8, "little") * 2
_HEADER = struct.Struct("<4siqqqBi")
_FLAT = frozenset({b"IxFI", b"IxF2", b"IxFl"})
_WRAPPERS = frozenset(
    {b"IxMp", b"IxM2", b"IxPT", b"IxRF", b"IHNf", b"IHNs", b"IHNp", b"IHNc", b"IHc2", b"INSf", b"INSs", b"INSp"}
)  # fmt: skip
_LISTS = (b"ilar", b"ilod", b"il00")
_MAX_DIMENSION = 1 << 16
_MAX_INDEXES = 1_000
_PIECE_BYTES = 8 << 20
_SQ = struct.Struct("<iifQQQ")  # type, range, its argument, d, bytes of a code, count of trained numbers


@dataclass(frozen=True, slots=True)
class Index:
    """An index that holds vectors.

    Attributes:
        kind: Its four letters.
        dimension: Numbers in one vector.
        count: How many vectors it says it holds.
        coding: "float32", the word of a scalar quantiser, or "" where it is not decoded.
        runs: Where codes lie: offset, how many, number of the centroid that is to be added or -1.
        trained: Offset and count of the quantiser's trained numbers.
        centroids: Offset of the coarse quantiser's vectors, where codes are differences to them.
    """

    kind: str
    dimension: int
    count: int
    coding: str
    runs: tuple[tuple[int, int, int], ...] = field(default=(), repr=False)
    trained: tuple[int, int] = (0, 0)
    centroids: int = 0


def indexes(data: Data) -> Iterator[Index]:
    """Yield the indexes of a file that hold vectors; wrappers around them are passed over.

    Raises:
        FormatError: An index says it holds more than there is.
        LimitExceededError: There are more than 1,000 indexes in one another.
    """
    at = count = 0
    while (found := data.find(_RESERVED, at)) >= 0:
        at = found + 1
        header = _header(data, found - 16)
        if header is None:
            continue
        count += 1
        if count > _MAX_INDEXES:
            raise LimitExceededError(f"more than {_MAX_INDEXES} FAISS indexes in one file")
        index, end = _index(data, *header)
        at = max(at, end)
        if index is not None:
            yield index


def _header(data: Data, at: int) -> tuple[bytes, int, int, int] | None:
    """Return letters, dimension, count and where the rest of the index begins."""
    if at < 0 or at + _HEADER.size > len(data):
        return None
    kind, dimension, count, _, _, trained, metric = _HEADER.unpack_from(data, at)
    sound = kind[:1] == b"I" and kind.isalnum() and 0 < dimension <= _MAX_DIMENSION and 0 <= count < 1 << 40
    if not sound or trained > 1 or not 0 <= metric < 64:
        return None
    return kind, dimension, count, at + _HEADER.size + (4 if metric > 1 else 0)


def _index(data: Data, kind: bytes, dimension: int, count: int, at: int) -> tuple[Index | None, int]:
    word = kind.decode()
    if kind in _FLAT:
        start, end = _vector(data, at, 4)
        if end - start != 4 * dimension * count:
            raise FormatError("a FAISS index is cut off or damaged")
        return Index(word, dimension, count, "float32", ((start, count, -1),)), end
    if kind == b"IxSQ":
        return _scalar(data, word, dimension, count, at)
    if kind[:2] == b"Iw":
        return _inverted(data, kind, dimension, count, at)
    if kind in _WRAPPERS:
        return None, at
    return Index(word, dimension, count, ""), at


def _vector(data: Data, at: int, size: int) -> tuple[int, int]:
    """Return where a list of numbers, which begins with its length, starts and ends."""
    count = int.from_bytes(data[at : at + 8], "little")
    start = at + 8
    if start > len(data) or count > (len(data) - start) // size:
        raise FormatError("a FAISS index is cut off or damaged")
    return start, start + count * size


def _scalar(data: Data, word: str, dimension: int, count: int, at: int) -> tuple[Index | None, int]:
    if at + _SQ.size > len(data):
        raise FormatError("a FAISS index is cut off or damaged")
    kind, _, _, _, size, numbers = _SQ.unpack_from(data, at)
    trained = at + _SQ.size
    start, end = _vector(data, trained + 4 * min(numbers, len(data)), 1)
    coding = QUANTIZERS.get(kind, "")
    if end - start != size * count or not coding:
        return Index(word, dimension, count, ""), end
    return Index(word, dimension, count, coding, ((start, count, -1),), (trained, numbers)), end


def _inverted(data: Data, kind: bytes, dimension: int, count: int, at: int) -> tuple[Index | None, int]:
    """An inverted file: the index that finds the list, what codes the vectors, and the lists."""
    places = [place for mark in _LISTS if (place := data.find(mark, at)) >= 0]
    start = min(places, default=-1)
    if start < 0 or data[start : start + 4] != b"ilar":
        # What follows unknown lists cannot be told from the index that finds the list.
        return Index(kind.decode(), dimension, count, ""), len(data)
    lists, size, runs, end = _runs(data, start + 4)
    plain = kind in {b"IwFl", b"IwFd"} and size == 4 * dimension
    if plain:
        return Index(kind.decode(), dimension, count, "float32", tuple((o, n, -1) for o, n, _ in runs)), end
    found = _quantizer_before(data, start, dimension) if kind == b"IwSq" else None
    if found is None:
        return Index(kind.decode(), dimension, count, ""), end
    coding, trained, is_residual = found
    centroids = _centroids(data, at, start, lists, dimension) if is_residual else 0
    if is_residual and not centroids:
        return Index(kind.decode(), dimension, count, ""), end
    runs = runs if is_residual else [(offset, many, -1) for offset, many, _ in runs]
    return Index(kind.decode(), dimension, count, coding, tuple(runs), trained, centroids), end


def _runs(data: Data, at: int) -> tuple[int, int, list[tuple[int, int, int]], int]:
    lists, size = struct.unpack_from("<QQ", _enough(data, at, 20), 0)
    word = data[at + 16 : at + 20]
    start, end = _vector(data, at + 20, 8)
    numbers = struct.unpack(f"<{(end - start) // 8}Q", data[start:end])
    if word == b"full":
        sizes = list(enumerate(numbers))
    elif word == b"sprs" and len(numbers) % 2 == 0:
        sizes = list(zip(numbers[::2], numbers[1::2], strict=True))
    else:
        raise FormatError("a FAISS index is damaged: lists of an unknown kind")
    runs, place = [], end
    for number, many in sizes:
        if number >= lists or many * (size + 8) > len(data) - place:
            raise FormatError("a FAISS index is cut off or damaged")
        if many:
            runs.append((place, many, number))
        place += many * (size + 8)
    return lists, size, runs, place


def _enough(data: Data, at: int, size: int) -> bytes:
    piece = data[at : at + size]
    if len(piece) < size:
        raise FormatError("a FAISS index is cut off or damaged")
    return piece


def _quantizer_before(data: Data, end: int, dimension: int) -> tuple[str, tuple[int, int], bool] | None:
    """Find the scalar quantiser that stands before the lists, by the count of its trained numbers."""
    for numbers in (2 * dimension, 2, 0):
        at = end - 9 - 4 * numbers - _SQ.size
        if at < 0:
            continue
        kind, _, _, inner, size, count = _SQ.unpack_from(data, at)
        if inner == dimension and count == numbers and kind in QUANTIZERS:
            if int.from_bytes(data[end - 9 : end - 1], "little") != size:
                return None
            return QUANTIZERS[kind], (at + _SQ.size, numbers), data[end - 1] == 1
    return None


def _centroids(data: Data, at: int, end: int, lists: int, dimension: int) -> int:
    """Return where the vectors of the coarse quantiser begin, or 0."""
    while 0 <= (found := data.find(_RESERVED, at)) < end:
        at = found + 1
        header = _header(data, found - 16)
        if header and header[0] in _FLAT and header[1:3] == (dimension, lists):
            return _vector(data, header[3], 4)[0]
    return 0


def blocks(data: Data, index: Index) -> Iterator[Block]:
    """Yield the vectors of an index, some megabytes at a time."""
    if not index.coding:
        return
    size = _code_bytes(index)
    step = max(_PIECE_BYTES // max(4 * index.dimension, size), 1)
    for start, count, number in index.runs:
        for first in range(0, count, step):
            many = min(step, count - first)
            codes = data[start + first * size : start + (first + many) * size]
            yield decoded(
                codes, index.dimension, index.coding, _trained(data, index), _added(data, index, number)
            )


def _code_bytes(index: Index) -> int:
    bits = {"float32": 32, "4 bits": 4, "6 bits": 6}.get(index.coding.removesuffix(" uniform"))
    if bits is None:
        bits = 16 if "16" in index.coding else 8
    return (index.dimension * bits + 7) // 8


def _trained(data: Data, index: Index) -> bytes:
    start, count = index.trained
    return data[start : start + 4 * count]


def _added(data: Data, index: Index, number: int) -> bytes:
    if number < 0 or not index.centroids:
        return b""
    start = index.centroids + 4 * index.dimension * number
    return data[start : start + 4 * index.dimension]
