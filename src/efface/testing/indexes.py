"""Index files of vectors as FAISS, hnswlib and Chroma write them, without those libraries.

Source: FAISS 1.15, `impl/index_write.cpp`; hnswlib 0.8, `hnswalg.h`; chroma-hnswlib 0.7.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from efface.formats.store_head import HNSW_HEADER

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["faiss_flat", "faiss_idmap", "faiss_ivf", "faiss_pq", "faiss_sq8", "hnswlib_index", "level0"]


def _head(kind: bytes, vectors: NDArray[Any], metric: int = 0) -> bytes:
    count, dimension = vectors.shape
    return struct.pack("<4siqqqBi", kind, dimension, count, 1 << 20, 1 << 20, 1, metric)


def faiss_flat(vectors: NDArray[Any], kind: bytes = b"IxFI") -> bytes:
    """Return an index that keeps its vectors as they are."""
    return _head(kind, vectors) + struct.pack("<Q", vectors.size) + vectors.astype("<f4").tobytes()


def faiss_idmap(vectors: NDArray[Any]) -> bytes:
    """Return a flat index behind one that maps identifiers."""
    ids = np.arange(len(vectors), dtype="<i8").tobytes()
    return _head(b"IxMp", vectors) + faiss_flat(vectors) + struct.pack("<Q", len(vectors)) + ids


def faiss_ivf(vectors: NDArray[Any], lists: int = 4, *, sparse: bool = False) -> bytes:
    """Return an inverted file with whole vectors in its lists, the coarse index before them."""
    parts = np.array_split(vectors, lists)
    body = b"".join(
        part.astype("<f4").tobytes() + np.arange(len(part), dtype="<i8").tobytes()
        for part in parts
        if len(part)
    )
    sizes = (
        [number for pair in enumerate(map(len, parts)) for number in pair]
        if sparse
        else list(map(len, parts))
    )
    listed = struct.pack(f"<QQ4sQ{len(sizes)}Q", lists, 4 * vectors.shape[1], b"sprs" if sparse else b"full",
                         len(sizes), *sizes)  # fmt: skip
    coarse = faiss_flat(vectors[:lists])
    head = _head(b"IwFl", vectors) + struct.pack("<QQ", lists, 1)
    return head + coarse + struct.pack("<BQ", 0, 0) + b"ilar" + listed + body


def faiss_sq8(vectors: NDArray[Any]) -> bytes:
    """Return an index that keeps each number as one byte of its dimension's range."""
    dimension = vectors.shape[1]
    low, width = vectors.min(axis=0), np.ptp(vectors, axis=0)
    codes = np.clip((vectors - low) / width * 255, 0, 255).astype(np.uint8)
    trained = np.concatenate([low, width]).astype("<f4")
    quantizer = struct.pack("<iifQQQ", 0, 0, 0.0, dimension, dimension, len(trained)) + bytes(
        trained.tobytes()
    )
    return b"".join(
        (_head(b"IxSQ", vectors), quantizer, struct.pack("<Q", codes.size), bytes(codes.tobytes()))
    )


def faiss_pq(vectors: NDArray[Any]) -> bytes:
    """Return the start of an index with product quantisation, and codes that nobody decodes."""
    return _head(b"IxPq", vectors) + bytes(64 + 8 * len(vectors))


def level0(vectors: NDArray[Any], links: int = 16) -> bytes:
    """Return the elements of an hnswlib index, each linked to the next."""
    count, dimension = vectors.shape
    offset = 8 * links + 4
    elements = np.zeros((count, offset + 4 * dimension + 8), np.uint8)
    for number, vector in enumerate(vectors.astype("<f4")):
        elements[number, :8] = np.frombuffer(struct.pack("<II", 1, (number + 1) % count), np.uint8)
        elements[number, offset:-8] = vector.view(np.uint8)
        elements[number, -8:] = np.frombuffer(struct.pack("<Q", number), np.uint8)
    return bytes(elements.tobytes())


def hnswlib_index(vectors: NDArray[Any], links: int = 16) -> bytes:
    """Return an index file as hnswlib's `saveIndex` writes it."""
    count, dimension = vectors.shape
    offset = 8 * links + 4
    label = offset + 4 * dimension
    head = HNSW_HEADER.pack(0, count, count, label + 8, label, offset, 0, 0, links, 2 * links, links,
                            1 / math.log(links), 200)  # fmt: skip
    return head + level0(vectors, links) + bytes(4 * count)
