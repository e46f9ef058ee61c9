"""Files of Lance datasets: the vectors are given, the rest is named."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from efface.errors import FormatError
from efface.examine import Examiner
from efface.formats import sniff
from efface.model import Column, Finding, Form, Gap, GapReason, Limits, Locator, Mode, Part, Surroundings
from efface.sources.lance import Lance
from efface.sources.payloads import BytesPayload
from efface.testing import stores
from efface.testing.lance import lance_file

VECTORS = stores.face_vectors(40, 128)


def part_of(data: bytes, name: str = "1.lance") -> Part:
    around = Surroundings((name, "data", "faces.lance"))
    return Part(Locator.of_file(f"/t/faces.lance/data/{name}"), BytesPayload(data), around)


def opened(data: bytes, name: str = "1.lance") -> tuple[list[Column], list[Gap]]:
    found = list(Lance().parts(part_of(data, name), sniff.media_type(data[:4096], name), Limits()))
    return [each for each in found if isinstance(each, Column)], [
        each for each in found if isinstance(each, Gap)
    ]


def vectors(column: Column) -> np.ndarray[Any, Any]:
    assert column.blocks is not None
    assert list(column.cells()) == []
    return np.concatenate([np.frombuffer(b.data, b.dtype).reshape(-1, b.dimension) for b in column.blocks()])


WAYS = {
    "the first format": {"version": "0.2"},
    "the first format with nulls": {"version": "0.2", "nulls": (0, 7)},
    "format 2.0": {"version": "2.0"},
    "format 2.0 with nulls": {"version": "2.0", "nulls": (0, 7)},
    "format 2.1": {},
    "format 2.1 with nulls": {"nulls": (0, 7)},
}


@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8"])
@pytest.mark.parametrize("how", WAYS.values(), ids=WAYS)
def test_every_vector_comes_out_whole(how: dict[str, Any], dtype: str) -> None:
    """One column has the vectors in their order, with their type; nulls are left out."""
    rows = VECTORS.astype(dtype)
    (column,), _ = opened(lance_file(rows, **how))
    assert np.array_equal(vectors(column), np.delete(rows, how.get("nulls", ()), axis=0))
    assert column.rows == 40


@pytest.mark.parametrize("version", ["0.2", "2.0", "2.1"])
def test_names_lead_to_a_vector_inside_a_structure(version: str) -> None:
    """Field, structures, file and folders name a column from the inside out; other columns stand beside it."""
    (column,), _ = opened(lance_file(VECTORS, version=version, path=("person", "face")))
    assert column.locator.uri.endswith("#/*/person/face")
    assert column.surroundings.names == ("face", "person", "1.lance", "data", "faces.lance")
    assert column.surroundings.siblings == ("name",)
    assert np.array_equal(vectors(column), VECTORS)


def test_columns_that_are_not_decoded_are_a_gap_that_counts_them() -> None:
    """Texts and bytes may hold anything, so they are told."""
    _, (gap,) = opened(lance_file(VECTORS))
    assert gap.reason is GapReason.UNSUPPORTED
    assert "1 columns" in gap.detail


def test_vectors_packed_in_another_way_are_a_gap() -> None:
    """A page in a coding that is not known gives no vectors, and no silence."""
    columns, (gap,) = opened(
        lance_file(VECTORS).replace(b"encodings21.PageLayout", b"encodings99.PageLayout")
    )
    assert columns == []
    assert "2 columns" in gap.detail


def test_a_dataset_of_faces_is_found_as_templates() -> None:
    """The whole way: a column of vectors in a dataset named for faces is one finding for all its rows."""
    results = list(Examiner(Mode.STANDARD, Limits()).examine(part_of(lance_file(VECTORS))))
    (found,) = [each for each in results if isinstance(each, Finding)]
    assert found.form is Form.TEMPLATE
    assert found.references == 40


def test_a_picture_stored_as_it_is_is_looked_at() -> None:
    """Bytes of a certain length are not packed, so pictures among them are found as in any other bytes."""
    picture = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(picture, "PNG")
    data = picture.getvalue() + lance_file(VECTORS)  # offsets do not lead to the page any more
    seen = [step.uri for each in Examiner(Mode.STANDARD, Limits()).examine(part_of(data))
            if (step := getattr(each, "locator", None))]  # fmt: skip
    assert any("!/" in uri for uri in seen)


def test_what_an_index_keeps_is_read_like_a_file_of_the_dataset() -> None:
    """An index without compression holds the vectors a second time, also after they were deleted."""
    (column,), _ = opened(lance_file(VECTORS, version="2.0"), "auxiliary.idx")
    assert np.array_equal(vectors(column), VECTORS)


@pytest.mark.parametrize("how", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    "kept", [0, 3, 30, 0.5, -1], ids=["nothing", "a word", "a footer", "half", "all but one"]
)
def test_a_file_cut_off_is_refused(how: dict[str, Any], kept: float) -> None:
    """Half a file is an error, never fewer vectors."""
    data = lance_file(VECTORS, **how)
    with pytest.raises(FormatError, match="cut off or damaged"):
        opened(data[: int(len(data) * kept) if kept == 0.5 else int(kept)])


@pytest.mark.parametrize("version", ["0.2", "2.0", "2.1"])
def test_pages_that_lie_upon_one_another_are_refused(version: str) -> None:
    """A small file cannot claim the same vectors over and over."""
    with pytest.raises(FormatError, match="more than there is"):
        opened(lance_file(VECTORS, version=version, told=2))


def test_a_schema_of_other_columns_is_refused() -> None:
    """Without names nothing tells what a column is."""
    with pytest.raises(FormatError, match="do not fit"):
        opened(lance_file(VECTORS, path=("a", "b")).replace(b"\2\0\1\0LANC", b"\0\0\3\0LANC"))
