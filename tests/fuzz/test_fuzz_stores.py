"""The parsers of indexes, tensors and dumps neither crash nor over-allocate on any bytes."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from efface.errors import FormatError
from efface.formats import faiss, hnsw, lance, pg_archive, safetensors, store_head
from efface.testing import dumps, indexes, stores
from efface.testing.lance import lance_file

if TYPE_CHECKING:
    from collections.abc import Callable

VECTORS = stores.face_vectors(6, 64)
SEEDS = (
    indexes.faiss_flat(VECTORS),
    indexes.faiss_idmap(VECTORS),
    indexes.faiss_ivf(VECTORS),
    indexes.faiss_ivf(VECTORS, sparse=True),
    indexes.faiss_sq8(VECTORS),
    indexes.hnswlib_index(VECTORS),
    indexes.level0(VECTORS),
    lance_file(VECTORS, version="0.2"),
    lance_file(VECTORS, version="2.0"),
    lance_file(VECTORS, nulls=(1,)),
    dumps.safetensors({"a": VECTORS}),
    dumps.pg_archive({"COPY t (a) FROM stdin;\n": "x\n" * 50}, (b"object",)),
)


def _faiss(data: bytes) -> None:
    for index in faiss.indexes(data):
        for block in faiss.blocks(data, index):
            assert len(block.data) <= 16 * len(data) + 64


def _hnsw(data: bytes) -> None:
    for block in hnsw.blocks(data, hnsw.of_index(data)):
        assert len(block.data) <= len(data)


def _level0(data: bytes) -> None:
    for block in hnsw.blocks(data, hnsw.of_level0(data, None)):
        assert len(block.data) <= len(data)


def _lance(data: bytes) -> None:
    total = 0
    for column in lance.columns(data):
        if isinstance(column, lance.Stored):
            total += sum(len(block.data) for block in lance.blocks(data, column))
    assert total <= 2 * len(data)


def _tensors(data: bytes) -> None:
    for tensor in safetensors.tensors(data):
        if tensor.shape and tensor.shape[-1]:
            list(safetensors.blocks(data, tensor))


def _archive(data: bytes) -> None:
    for _, pieces in pg_archive.blocks(pg_archive.opened(io.BytesIO(data))):
        for _ in pieces:
            pass


PARSERS: tuple[Callable[[bytes], object], ...] = (
    _faiss,
    _hnsw,
    _level0,
    _lance,
    _tensors,
    _archive,
    store_head.store_type,
)


def _tried(data: bytes) -> None:
    for parse in PARSERS:
        with suppress(FormatError):
            parse(data)


@given(st.binary(max_size=2_000))
def test_any_bytes(data: bytes) -> None:
    """Any bytes are parsed or refused."""
    _tried(data)


@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 255)), max_size=8),
    st.integers(0, 4_000),
)
def test_turned_and_cut_bytes(seed: bytes, changes: list[tuple[int, int]], end: int) -> None:
    """A good file with bytes changed, and cut off anywhere, is parsed or refused."""
    data = bytearray(seed)
    for at, value in changes:
        data[at % len(data)] = value
    _tried(bytes(data))
    _tried(bytes(data[:end]))
