"""HDF5 files: every dataset that may hold something, and nothing outside the file."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from efface.errors import FormatError, LimitExceededError, UnsupportedError
from efface.formats import sniff
from efface.model import Column, Gap, GapReason, Limits, Locator, Part, Surroundings
from efface.sources.hdf5 import Hdf5
from efface.sources.payloads import BytesPayload
from efface.testing import stores

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

h5py = pytest.importorskip("h5py", reason="efface[files] is not installed")

VECTORS = stores.face_vectors(30, 64)
NOTE = "a note of some length"


def made(fill: Callable[[Any], object]) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        fill(file)
    return buffer.getvalue()


def opened(data: bytes, limits: Limits | None = None) -> dict[str | None, Column | Gap]:
    part = Part(Locator.of_file("/t/faces.h5"), BytesPayload(data), Surroundings(("faces.h5",)))
    found = Hdf5().parts(part, sniff.media_type(data[:4096]), limits or Limits())
    return {each.locator.fragment: each for each in found if isinstance(each, Column | Gap)}


def column(data: bytes, place: str, limits: Limits | None = None) -> Column:
    found = opened(data, limits)[place]
    assert isinstance(found, Column)
    return found


def vectors(found: Column) -> np.ndarray[Any, Any]:
    assert found.blocks is not None
    return np.concatenate([np.frombuffer(b.data, b.dtype).reshape(-1, b.dimension) for b in found.blocks()])


ARRAYS: dict[str, Any] = {
    "float32 in rows": VECTORS,
    "float64 big-endian": VECTORS.astype(">f8"),
    "float16": VECTORS.astype("<f2"),
    "people x pictures x numbers": VECTORS.reshape(10, 3, 64),
    "four axes": VECTORS.reshape(5, 2, 3, 64),
}


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_rows_of_numbers_are_vectors(array: Any) -> None:
    """Arrays of up to four axes give the rows of their last axis, of whatever type and order of bytes."""
    found = column(made(lambda file: file.create_dataset("a/b", data=array)), "/a/b")
    assert np.allclose(vectors(found), VECTORS, atol=1e-3)
    assert found.rows == 30
    assert found.surroundings.names == ("b", "a", "faces.h5")


def test_one_vector_is_one_row() -> None:
    """An array of one axis is one vector."""
    assert np.array_equal(
        vectors(column(made(lambda f: f.create_dataset("v", data=VECTORS[0])), "/v")), VECTORS[:1]
    )


def test_packed_datasets_are_unpacked_in_pieces() -> None:
    """Chunks with filters come as they were written."""
    big = np.tile(VECTORS, (2_000, 1))
    data = made(lambda f: f.create_dataset("v", data=big, chunks=(999, 64), compression="gzip", shuffle=True))
    found = column(data, "/v")
    assert np.array_equal(vectors(found), big)
    assert found.blocks is not None
    assert max(len(block.data) for block in found.blocks()) <= 8 << 20


def test_fields_of_records_are_columns() -> None:
    """A table of records, as PyTables writes it, gives each field a column."""
    kind = np.dtype([("name", "S24"), ("vector", "f4", (64,)), ("age", "i4")])
    rows = np.array([(NOTE.encode(), vector, 1) for vector in VECTORS], kind)
    found = opened(made(lambda f: f.create_dataset("t", data=rows)))
    assert list(found) == ["/t/name", "/t/vector"]
    assert np.array_equal(
        vectors(column(made(lambda f: f.create_dataset("t", data=rows)), "/t/vector")), VECTORS
    )


def test_texts_and_binary_values_are_cells() -> None:
    """Strings, opaque values, lists of bytes and attributes come as they are."""

    def fill(file: Any) -> None:
        file["texts"] = [NOTE] * 3
        file["opaque"] = np.void(bytes(range(40)))
        file["one"] = np.frombuffer(bytes(40), np.uint8)
        lists = file.create_dataset("lists", (2,), dtype=h5py.vlen_dtype(np.uint8))
        lists[0] = np.zeros(40, np.uint8)
        file["rows"] = np.zeros((3, 300), np.uint8)
        file.attrs["note"] = NOTE

    data = made(fill)
    cells = {place: list(column(data, str(place)).cells()) for place in opened(data)}
    assert cells == {
        "/@note": [NOTE],
        "/texts": [NOTE] * 3,
        "/opaque": [bytes(range(40))],
        "/one": [bytes(40)],
        "/lists": [bytes(40)],
        "/rows": [bytes(300)] * 3,
    }


@pytest.mark.parametrize(
    ("shape", "count", "head"),
    [
        ((64, 48), 1, b"P5\n48 64\n"),
        ((64, 48, 3), 1, b"P6\n48 64\n"),
        ((7, 64, 48), 7, b"P5\n48 64\n"),
        ((7, 64, 48, 3), 7, b"P6\n48 64\n"),
        ((7, 3, 64, 48), 7, b"P6\n48 64\n"),
        ((7, 64, 48, 4), 7, b"P6\n48 64\n"),
    ],
)
def test_arrays_of_pixels_are_pictures(shape: tuple[int, ...], count: int, head: bytes) -> None:
    """Arrays of bytes with the shape of pictures come as pictures, with any order of their axes."""
    pixels = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    cells = list(column(made(lambda f: f.create_dataset("x", data=pixels)), "/x").cells())
    assert len(cells) == count
    assert all(isinstance(cell, bytes) and cell.startswith(head) for cell in cells)
    assert sniff.media_type(bytes(cells[0][:4096])) == "image/x-portable-anymap"  # type: ignore[arg-type]


def test_more_pictures_than_cells_are_a_sample() -> None:
    """Of many pictures so many are drawn as the run tests, and the column says so."""
    found = column(
        made(lambda f: f.create_dataset("x", data=np.zeros((50, 32, 32), np.uint8))), "/x", Limits(cells=9)
    )
    assert (found.drawn, found.rows, len(list(found.cells()))) == (9, 50, 9)


@pytest.mark.parametrize("kind", ["i4", "u8", "f4"])
def test_numbers_that_are_no_vectors_are_left_alone(kind: str) -> None:
    """Integers, and rows too short for a vector, are no column."""
    assert (
        opened(made(lambda f: f.create_dataset("n", data=np.zeros((9, 20 if kind == "f4" else 64), kind))))
        == {}
    )


def test_nothing_outside_the_file_is_opened(tmp_path: Path) -> None:
    """External links, virtual datasets and raw data in other files are gaps; their targets are not read."""
    secret = tmp_path / "secret.raw"
    secret.write_bytes(bytes(64 * 4 * 10))

    def fill(file: Any) -> None:
        file["link"] = h5py.ExternalLink(str(secret), "/x")
        file.create_dataset("raw", (10, 64), "f4", external=[(str(secret), 0, 2_560)])
        layout = h5py.VirtualLayout((10, 64), "f4")
        layout[:] = h5py.VirtualSource(str(secret), "x", (10, 64))
        file.create_virtual_dataset("virtual", layout)

    found = opened(made(fill))
    assert set(found) == {"/link", "/raw", "/virtual"}
    for gap in found.values():
        assert isinstance(gap, Gap)
        assert gap.reason is GapReason.UNSUPPORTED
        assert "not followed" in gap.detail
        assert "secret" not in gap.detail


def test_a_group_within_itself_is_walked_once() -> None:
    """Links that lead in circles end."""

    def fill(file: Any) -> None:
        group = file.create_group("g")
        group["again"] = group
        group["v"] = VECTORS
        file["soft"] = h5py.SoftLink("/g/v")

    assert list(opened(made(fill))) == ["/g/v"]


def test_weights_of_a_network_are_named_as_such() -> None:
    """What a program that trains networks wrote is said to be parameters, so that it is taken for no template."""

    def fill(file: Any) -> None:
        file.attrs["keras_version"] = "3.0"
        file["embedding_1/w"] = VECTORS

    assert "parameters" in column(made(fill), "/embedding_1/w").surroundings.names


def test_what_unpacks_beyond_the_limit_is_refused() -> None:
    """A small file of zeros is stopped at the limit of the run."""
    data = made(
        lambda f: f.create_dataset("v", data=np.zeros((50_000, 64), "f4"), chunks=True, compression="gzip")
    )
    assert len(data) < 1 << 20
    with pytest.raises(LimitExceededError, match="unpacked_bytes"):
        list(vectors(column(data, "/v", Limits(unpacked_bytes=1 << 20))))


def test_a_file_cut_off_is_refused() -> None:
    """Half a file is an error that says so."""
    data = made(lambda f: f.create_dataset("v", data=VECTORS))
    with pytest.raises(FormatError, match="damaged"):
        opened(data[: len(data) // 2])


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing library is a kind that cannot be opened here, with the name of the extra."""
    data = made(lambda f: f.create_dataset("v", data=VECTORS))
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(UnsupportedError, match=r"install efface\[files\]"):
        opened(data)
