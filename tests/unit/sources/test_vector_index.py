"""Index files of vectors: what is kept whole is given, what is compressed is told."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from efface.errors import FormatError
from efface.examine import Examiner
from efface.formats import sniff
from efface.model import Column, Finding, Form, Gap, GapReason, Limits, Locator, Mode, Part, Surroundings
from efface.runs.scan import ScanOptions, scan
from efface.runs.store import Store
from efface.sources.payloads import BytesPayload, FilePayload
from efface.sources.vector_index import VectorIndex
from efface.testing import indexes, stores

if TYPE_CHECKING:
    from pathlib import Path

VECTORS = stores.face_vectors(40, 128)


def opened(data: bytes, name: str = "faces.index") -> list[Part | Column | Gap]:
    part = Part(Locator.of_file(f"/t/{name}"), BytesPayload(data), Surroundings((name,)))
    return list(VectorIndex().parts(part, sniff.media_type(data[:4096], name), Limits()))


def vectors(column: Part | Column | Gap) -> np.ndarray[Any, Any]:
    assert isinstance(column, Column)
    assert column.blocks is not None
    assert list(column.cells()) == []
    pieces = [np.frombuffer(b.data, b.dtype).reshape(-1, b.dimension) for b in column.blocks()]
    return np.concatenate(pieces)


WHOLE = {
    "a flat index of inner products": indexes.faiss_flat(VECTORS),
    "a flat index of distances": indexes.faiss_flat(VECTORS, b"IxF2"),
    "a map of identifiers around a flat index": indexes.faiss_idmap(VECTORS),
    "an inverted file": indexes.faiss_ivf(VECTORS),
    "an inverted file that names its filled lists": indexes.faiss_ivf(VECTORS, sparse=True),
    "an hnswlib index": indexes.hnswlib_index(VECTORS),
}


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
def test_every_vector_comes_out_whole(data: bytes) -> None:
    """One column has all vectors in their order, and the vectors of a coarse index are not among them."""
    (column,) = opened(data)
    assert np.array_equal(vectors(column), VECTORS)
    assert isinstance(column, Column)
    assert column.rows == 40


def test_numbers_kept_as_bytes_are_scaled_back() -> None:
    """A scalar quantiser's vectors point where the originals point."""
    found = vectors(opened(indexes.faiss_sq8(VECTORS))[0])
    cosines = (found * VECTORS).sum(axis=1) / np.linalg.norm(found, axis=1)
    assert cosines.min() > 0.999


def test_a_compressed_index_is_a_gap_that_names_its_size() -> None:
    """What is not decoded is told with the count and the dimension."""
    (gap,) = opened(indexes.faiss_pq(VECTORS))
    assert isinstance(gap, Gap)
    assert gap.reason is GapReason.UNSUPPORTED
    assert "40 vectors of 128 numbers, compressed" in gap.detail


def test_binary_codes_are_a_gap() -> None:
    """An index of binary codes has no numbers to look at, and is told."""
    (gap,) = opened(b"IBxF" + (64).to_bytes(4, "little") + (8).to_bytes(4, "little") + bytes(100))
    assert isinstance(gap, Gap)
    assert gap.reason is GapReason.UNSUPPORTED


def test_lists_kept_in_another_file_are_a_gap() -> None:
    """No path that an index names is ever followed."""
    data = indexes.faiss_ivf(VECTORS).replace(b"ilar", b"ilod")
    (gap,) = opened(data)
    assert isinstance(gap, Gap)


def test_elements_without_their_header_are_told_by_their_links() -> None:
    """Chroma's file of elements is read alone, as in an archive, where nothing can be looked at beside it."""
    (column,) = opened(indexes.level0(VECTORS), "data_level0.bin")
    assert np.array_equal(vectors(column), VECTORS)


def test_elements_beside_their_header_are_counted_by_it(tmp_path: Path) -> None:
    """The header says how many elements are in use."""
    index = indexes.hnswlib_index(VECTORS)
    (tmp_path / "header.bin").write_bytes(b"\1\0\0\0" + index[:96])
    path = tmp_path / "data_level0.bin"
    path.write_bytes(indexes.level0(VECTORS) + bytes(10_000))
    part = Part(Locator.of_file(path), FilePayload(str(path), 1 << 30), Surroundings((path.name,)))
    (column,) = VectorIndex().parts(part, "application/x-hnswlib-level0", Limits())
    assert np.array_equal(vectors(column), VECTORS)


def test_a_header_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    """A link beside the elements may lead anywhere; the elements are told by their links instead."""
    (tmp_path / "header.bin").symlink_to("/dev/zero")
    path = tmp_path / "data_level0.bin"
    path.write_bytes(indexes.level0(VECTORS))
    part = Part(Locator.of_file(path), FilePayload(str(path), 1 << 30), Surroundings((path.name,)))
    (column,) = VectorIndex().parts(part, "application/x-hnswlib-level0", Limits())
    assert len(vectors(column)) == 40


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
def test_an_index_cut_off_is_refused(data: bytes) -> None:
    """Half an index is an error, never fewer vectors."""
    with pytest.raises(FormatError, match="cut off or damaged"):
        opened(data[: len(data) // 2])


def test_noise_under_the_name_of_elements_is_refused() -> None:
    """A name makes no index out of other bytes."""
    with pytest.raises(FormatError, match="no known size"):
        opened(np.random.default_rng(0).bytes(40_000), "data_level0.bin")


def test_a_count_beyond_the_file_is_refused() -> None:
    """An index that says it holds a billion vectors takes no memory for them."""
    data = bytearray(indexes.faiss_flat(VECTORS))
    data[8:16] = (1 << 30).to_bytes(8, "little")
    with pytest.raises(FormatError, match="cut off or damaged"):
        opened(bytes(data))


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
def test_an_index_of_faces_is_found_as_templates(data: bytes) -> None:
    """The whole way: an index in a folder named for faces is one finding for all its people."""
    around = Surroundings(("index.bin", "face_embeddings"))
    part = Part(Locator.of_file("/face_embeddings/index.bin"), BytesPayload(data), around)
    results = list(Examiner(Mode.STANDARD, Limits()).examine(part))
    (found,) = [each for each in results if isinstance(each, Finding)]
    assert found.form is Form.TEMPLATE
    assert found.references == 40
    assert not [each for each in results if isinstance(each, Gap)]


def test_a_folder_of_chroma_is_read_whole(tmp_path: Path) -> None:
    """The index and the queue, which keeps vectors that were deleted from it, are one finding each."""
    folder = tmp_path / "face_db"
    index = folder / "0b1e8c5a-6f0e-4a53-9d07-2f5c6f6f7a10"
    index.mkdir(parents=True)
    whole = indexes.hnswlib_index(VECTORS)
    for name, data in {
        "header.bin": b"\1\0\0\0" + whole[:96], "data_level0.bin": indexes.level0(VECTORS),
        "length.bin": bytes(160), "link_lists.bin": b"",
    }.items():  # fmt: skip
        (index / name).write_bytes(data)
    with closing(sqlite3.connect(folder / "chroma.sqlite3")) as db, db:
        db.execute(
            "CREATE TABLE embeddings_queue (seq_id INTEGER PRIMARY KEY, created_at TIMESTAMP, operation INTEGER,"
            " topic TEXT, id TEXT, vector BLOB, encoding TEXT, metadata TEXT)"
        )
        rows = [(f"p{number}", vector.astype("<f4").tobytes()) for number, vector in enumerate(VECTORS)]
        db.executemany(
            "INSERT INTO embeddings_queue (operation, topic, id, vector, encoding)"
            " VALUES (0, 'persistent://default/default/0b1e', ?, ?, 'FLOAT32')", rows
        )  # fmt: skip
    with Store(str(tmp_path / "run.sqlite")) as store:
        scan(store, ScanOptions((str(folder),), jobs=1))
        found = {os.path.basename(each.locator.path[0]): each for each in store.findings()}
        assert not list(store.gaps())
    assert sorted(found) == ["chroma.sqlite3", "data_level0.bin"]
    assert {each.form for each in found.values()} == {Form.TEMPLATE}
    assert {each.references for each in found.values()} == {40}
    assert found["chroma.sqlite3"].locator.uri.endswith("vector")
