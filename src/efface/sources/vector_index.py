"""Index files of vectors: FAISS, hnswlib, and the folder that Chroma keeps of it."""

from __future__ import annotations

import os
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from efface.errors import AccessError, FormatError
from efface.formats import faiss, hnsw
from efface.model import Column, Gap, GapReason
from efface.sources.mapped import mapped
from efface.sources.payloads import FilePayload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from efface.formats.hnsw import Layout
    from efface.model import Block, Limits, Part, Payload

__all__ = ["VectorIndex"]

_FAISS = "application/vnd.faiss"
_HNSW = "application/x-hnswlib"
_LEVEL0 = "application/x-hnswlib-level0"
_HEADER_BYTES = 1 << 12


class VectorIndex:
    """The vectors of an index as one column for each index inside; files are mapped, never read as a whole.

    Not promised: product quantisation, binary codes and lists in another file, which are a gap that names
    count and dimension.
    """

    name = "vector-index"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether it is an index that is opened here."""
        return media_type in {_FAISS, _HNSW, _LEVEL0}

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap]:
        """Yield one column for each index that holds vectors.

        Raises:
            FormatError: It is damaged or cut off.
        """
        del limits
        if media_type == _FAISS:
            yield from _faiss(part)
            return
        header = _beside(part.payload) if media_type == _LEVEL0 else None
        with mapped(part.payload) as data:
            layout = hnsw.of_index(data) if media_type == _HNSW else hnsw.of_level0(data, header)
        yield _column(part, "/elements", layout.count, partial(_elements, part.payload, layout))


def _faiss(part: Part) -> Iterator[Column | Gap]:
    seen: dict[str, int] = {}
    with mapped(part.payload) as data:
        found = list(faiss.indexes(data))
    for index in found:
        seen[index.kind] = seen.get(index.kind, 0) + 1
        place = f"/{index.kind}" + (f".{seen[index.kind]}" if seen[index.kind] > 1 else "")
        if index.coding:
            yield _column(part, place, index.count, partial(_vectors, part.payload, index))
        elif index.count:
            detail = f"{index.count} vectors of {index.dimension} numbers, compressed: not decoded"
            yield Gap(part.locator.at(place), "unpack", GapReason.UNSUPPORTED, f"a FAISS index of {detail}")
    if not found:
        yield Gap(
            part.locator, "unpack", GapReason.UNSUPPORTED, "a FAISS index of a kind that is not decoded"
        )


def _column(part: Part, place: str, count: int, blocks: Callable[[], Iterator[Block]]) -> Column:
    return Column(part.locator.at(place), part.surroundings, _no_cells, count, blocks)


def _no_cells() -> Iterator[bytes | str]:
    return iter(())


def _vectors(payload: Payload, index: faiss.Index) -> Iterator[Block]:
    with mapped(payload) as data:
        yield from faiss.blocks(data, index)


def _elements(payload: Payload, layout: Layout) -> Iterator[Block]:
    with mapped(payload) as data:
        yield from hnsw.blocks(data, layout)


def _beside(payload: Payload) -> bytes | None:
    """Return the header that Chroma keeps beside the elements, where it is a file that can be read."""
    if not isinstance(payload, FilePayload):
        return None
    try:
        header = FilePayload(os.path.join(os.path.dirname(payload.path), "header.bin"), _HEADER_BYTES)
        with closing(header.open()) as file:
            return file.read(_HEADER_BYTES)
    except (AccessError, FormatError):
        return None
