"""Find the vectors in index files of hnswlib, and in those that Chroma keeps of it in a folder.

An element is a count of links, the links, the vector and a label, all elements of one size. Chroma writes them
to `data_level0.bin` and what hnswlib puts before them to `header.bin`; where that is missing the size of an
element follows from the links, which must lead to elements.

Source: hnswlib 0.8, `hnswalg.h` (`saveIndex`); chroma-hnswlib 0.7, `persistDirty`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from efface.errors import FormatError
from efface.formats.store_head import HNSW_HEADER, is_hnsw
from efface.model import Block

if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap

    Data = bytes | mmap

__all__ = ["Layout", "blocks", "emptied", "of_index", "of_level0", "zeroed"]

_LINKS = (16, 8, 12, 24, 32, 48, 64)  # values of M; 16 is the library's default and Chroma's
_DIMENSIONS = range(64, 8193)
_PROBED = 64  # elements by which a size is tried
_PIECE_BYTES = 8 << 20
_NOWHERE = (1 << 32) - 1  # where a search begins in an index without elements


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the vectors of an index lie.

    Attributes:
        start: Offset of the first element.
        size: Bytes of an element.
        offset: Where in an element its float32 vector begins.
        dimension: Numbers in one vector.
        count: How many elements there are.
    """

    start: int
    size: int
    offset: int
    dimension: int
    count: int


def of_index(data: Data) -> Layout:
    """Return the layout of an index file as `saveIndex` writes it.

    Raises:
        FormatError: It is none, or cut off.
    """
    return _of_header(data[: HNSW_HEADER.size], HNSW_HEADER.size, len(data))


def _of_header(head: bytes, start: int, size_bytes: int) -> Layout:
    if not is_hnsw(head):
        raise FormatError("an hnswlib index whose header is damaged")
    _, _, count, each, label, offset, *_ = HNSW_HEADER.unpack_from(head)
    if (label - offset) % 4 or start + count * each > size_bytes:
        raise FormatError("an hnswlib index is cut off or damaged")
    return Layout(start, each, offset, (label - offset) // 4, count)


def of_level0(data: Data, header: bytes | None) -> Layout:
    """Return the layout of Chroma's file of elements.

    Args:
        data: Content of `data_level0.bin`.
        header: Content of the `header.bin` beside it, where it is at hand: a version, then the usual header.

    Raises:
        FormatError: No size of an element fits.
    """
    if header is not None and is_hnsw(header[4:]):
        return _of_header(header[4:], 0, len(data))
    for links in _LINKS:
        offset = 8 * links + 4
        for dimension in _DIMENSIONS:
            size = offset + 4 * dimension + 8
            if size > len(data):
                break
            if len(data) % size == 0 and _fits(data, size, 2 * links):
                return Layout(0, size, offset, dimension, len(data) // size)
    raise FormatError("an index of elements of no known size")


def _fits(data: Data, size: int, most: int) -> bool:
    """Return whether the first elements have links to other elements, and no more than they may have."""
    count = len(data) // size
    linked = 0
    for number in range(min(count, _PROBED)):
        (links,) = struct.unpack_from("<H", data, number * size)
        if links > most:
            return False
        targets = struct.unpack_from(f"<{links}I", data, number * size + 4)
        if len(set(targets)) != links or any(target >= count or target == number for target in targets):
            return False
        linked += links > 0
    return linked > 0


def blocks(data: Data, layout: Layout) -> Iterator[Block]:
    """Yield the vectors, those of elements marked as deleted too; unused elements at the end are left out."""
    step = max(_PIECE_BYTES // layout.size, 1)
    for first in range(0, layout.count, step):
        many = min(step, layout.count - first)
        start = layout.start + first * layout.size
        raw = np.frombuffer(data[start : start + many * layout.size], np.uint8).reshape(many, layout.size)
        vectors = raw[:, layout.offset : layout.offset + 4 * layout.dimension]
        used = vectors.any(axis=1)
        kept = np.ascontiguousarray(vectors[used])
        if len(kept):
            yield Block(kept.reshape(-1).data, layout.dimension, "<f4", ("hnswlib", "float32"))


def emptied(data: bytes) -> bytes:
    """Return an index file without elements, of the same settings, vector length and room.

    Raises:
        FormatError: It is none, or cut off.
    """
    of_index(data)
    start, most, _count, each, label, offset, _level, _entry, *settings = HNSW_HEADER.unpack_from(data)
    return HNSW_HEADER.pack(start, most, 0, each, label, offset, -1, _NOWHERE, *settings)


def zeroed(data: bytes) -> bytes:
    """Return Chroma's file of elements with every vector zero, and links and labels as they are.

    The header and the names in the files beside it count the elements, so they must stay.

    Raises:
        FormatError: No size of an element fits.
    """
    layout = of_level0(data, None)
    elements = np.frombuffer(data, np.uint8).reshape(layout.count, layout.size).copy()
    elements[:, layout.offset : layout.offset + 4 * layout.dimension] = 0
    return elements.tobytes()
