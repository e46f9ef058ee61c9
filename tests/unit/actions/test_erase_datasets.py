"""HDF5 files lose what was found; everything else comes out as it went in, and nothing lies between it."""

from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from efface.actions.erase_datasets import EraseDatasets
from efface.errors import RemovalError
from efface.examine import Examiner
from efface.model import Characteristic, Clue, Finding, Form, Gap, Limits, Locator, Mode, Part, Surroundings
from efface.sources.payloads import BytesPayload
from efface.testing import stores

if TYPE_CHECKING:
    from collections.abc import Callable

h5py = pytest.importorskip("h5py", reason="efface[files] is not installed")

LIMITS = Limits()
VECTORS = stores.face_vectors(30, 64)
NAMES = [f"person {at}" for at in range(30)]


def found(place: str) -> Finding:
    clues = (Clue("dimension", "64"),)
    locator = Locator("file", ("faces.h5",), place)
    return Finding("face-template@3", Form.TEMPLATE, Characteristic.FACE, locator, 0.9, clues=clues)


def made(fill: Callable[[Any], object], **options: Any) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **options) as file:
        fill(file)
    return buffer.getvalue()


def store(file: Any) -> None:
    people = file.create_group("people", track_order=True)
    people.attrs["made by"] = "test"
    people.create_dataset("name", data=NAMES, chunks=(10,), compression="gzip")
    vectors = people.create_dataset(
        "face_embedding", data=VECTORS, chunks=(10, 64), maxshape=(None, 64), compression="gzip"
    )
    vectors.attrs["network"] = "of a test"
    people["again"] = h5py.SoftLink("/people/face_embedding")
    people["name2"] = people["name"]
    file.create_dataset("at", data=np.arange(30) / 7, fletcher32=True)
    file["elsewhere"] = h5py.ExternalLink("other.h5", "/x")
    file["kind"] = np.dtype("<i4")


def removed(data: bytes, *places: str) -> bytes:
    result = EraseDatasets().remove(data, [found(place) for place in places], LIMITS)
    assert result is not None
    return result


def looked_at(data: bytes) -> list[Any]:
    part = Part(Locator("file", ("faces.h5",)), BytesPayload(data), Surroundings(("faces.h5",)))
    return [each for each in Examiner(Mode.STANDARD, LIMITS).examine(part) if isinstance(each, Finding | Gap)]


def holds(data: bytes) -> bool:
    return any(row.tobytes()[at : at + 16] in data for row in VECTORS for at in (0, 96, 240))


def test_a_dataset_of_vectors_is_left_without_rows() -> None:
    """Element type, length of rows, chunks, filters and attributes of it stay; its rows are gone."""
    data = made(store)
    assert [each.locator.fragment for each in looked_at(data) if isinstance(each, Finding)] == [
        "/people/face_embedding"
    ]
    result = removed(data, "/people/face_embedding")
    with h5py.File(io.BytesIO(result)) as file:
        vectors = file["people/face_embedding"]
        assert (vectors.shape, vectors.dtype, vectors.maxshape) == ((0, 64), np.float32, (None, 64))
        assert (vectors.chunks, vectors.compression) == ((10, 64), "gzip")
        assert dict(vectors.attrs) == {"network": "of a test"}
    assert not [each for each in looked_at(result) if isinstance(each, Finding)]
    assert removed(result, "/people/face_embedding") == result


def test_everything_else_of_a_file_stays() -> None:
    """Groups, links of each kind, attributes, other datasets, types and their order are as before."""
    with (
        h5py.File(io.BytesIO(made(store))) as old,
        h5py.File(io.BytesIO(removed(made(store), "/people/face_embedding"))) as new,
    ):
        assert list(new) == list(old)
        assert list(new["people"]) == list(old["people"])
        assert dict(new["people"].attrs) == dict(old["people"].attrs)
        assert list(new["people/name"]) == list(old["people/name"])
        assert new["people/name"].compression == "gzip"
        assert new["people/name2"] == new["people/name"]
        assert new["people"].get("again", getlink=True).path == "/people/face_embedding"
        assert new.get("elsewhere", getlink=True).filename == "other.h5"
        assert new["kind"].dtype == np.int32
        assert new["at"].fletcher32
        assert (new["at"][:] == old["at"][:]).all()


def test_freed_space_is_not_in_the_result() -> None:
    """A dataset that was deleted before lies in the old file and not in the new one."""

    def fill(file: Any) -> None:
        file["old"] = VECTORS[:15]
        file["face_embedding"] = VECTORS[15:]
        file.flush()
        del file["old"]

    data = made(fill)
    assert VECTORS[3].tobytes()[:16] in data
    assert not holds(removed(data, "/face_embedding"))


def test_a_field_of_records_goes_alone() -> None:
    """Records keep their other fields; numbers of the one that was found are no numbers."""
    records = np.zeros(30, [("name", "S12"), ("v", "<f4", (64,)), ("at", "<i8")])
    records["name"], records["v"], records["at"] = NAMES, VECTORS, np.arange(30)
    data = made(lambda file: file.create_dataset("faces", data=records))
    result = removed(data, "/faces/v")
    with h5py.File(io.BytesIO(result)) as file:
        after = file["faces"][:]
    assert (after["name"] == records["name"]).all()
    assert (after["at"] == records["at"]).all()
    assert np.isnan(after["v"]).all()
    assert not holds(result)
    assert removed(result, "/faces/v") == result


FORMS: dict[str, Any] = {
    "float64 without chunks": VECTORS.astype(np.float64),
    "one vector": VECTORS[0],
    "three axes": VECTORS.reshape(10, 3, 64),
    "texts": [str(vector.tolist()) for vector in VECTORS],
    "binary texts": np.array([vector.tobytes() for vector in VECTORS], "V256"),
}


@pytest.mark.parametrize("form", FORMS)
def test_vectors_of_every_form_go(form: str) -> None:
    """Whatever form a dataset has, its vectors are neither found again nor in the bytes."""
    data = made(lambda file: file.create_dataset("face_embedding", data=FORMS[form]))
    result = removed(data, "/face_embedding")
    assert not holds(result)
    assert str(float(VECTORS[0][0])).encode() not in result
    assert not looked_at(result)
    assert removed(result, "/face_embedding") == result


def test_words_beside_templates_stay() -> None:
    """Of a dataset of texts only those that hold what was found become empty."""
    texts = [VECTORS[0].tobytes().hex(), "no photo of this customer", VECTORS[1].tobytes().hex()]
    result = removed(made(lambda file: file.create_dataset("v", data=texts)), "/v")
    with h5py.File(io.BytesIO(result)) as file:
        assert list(file["v"].asstr()) == ["", "no photo of this customer", ""]


def test_an_attribute_goes_alone() -> None:
    """A vector in an attribute goes; other attributes of the same object stay."""

    def fill(file: Any) -> None:
        file["at"] = [1, 2]
        file["at"].attrs["face_embedding"] = VECTORS[0]
        file["at"].attrs["note"] = "kept"

    result = removed(made(fill), "/at/@face_embedding")
    with h5py.File(io.BytesIO(result)) as file:
        assert file["at"].attrs["face_embedding"].shape == (0,)
        assert file["at"].attrs["note"] == "kept"
        assert list(file["at"]) == [1, 2]
    assert not holds(result)


def test_the_user_block_stays() -> None:
    """What a program keeps before the file proper is before it again."""
    data = made(lambda file: file.create_dataset("face_embedding", data=VECTORS), userblock_size=512)
    data = b"MATLAB 7.3 MAT-file".ljust(512) + data[512:]
    result = removed(data, "/face_embedding")
    assert result[:512] == data[:512]
    assert not holds(result)


def referring(file: Any) -> None:
    file["face_embedding"] = VECTORS
    file["points"] = np.array([file["face_embedding"].ref], h5py.ref_dtype)


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "a dataset that is not there": (lambda: made(store), "/people/face"),
    "references between objects": (lambda: made(referring), "/face_embedding"),
    "no such file": (lambda: b"\x89HDF\r\n\x1a\n and nothing more", "/v"),
    "a file that is cut off": (lambda: made(store)[:700], "/people/face_embedding"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_written_is_refused(case: str) -> None:
    """Nothing is given of what is damaged, has changed, or would point elsewhere."""
    make, place = BAD[case]
    with pytest.raises(RemovalError):
        EraseDatasets().remove(make(), [found(place)], LIMITS)


def test_more_than_the_limits_is_refused() -> None:
    """A dataset that claims more values than the limit is not read."""
    data = made(lambda file: file.create_dataset("v", (1 << 30, 64), "<f4", chunks=(1, 64)))
    with pytest.raises(RemovalError, match="unpacked_bytes"):
        EraseDatasets().remove(data, [found("/v")], LIMITS)


def test_hostile_bytes_raise_the_known_error_only() -> None:
    """Whatever stands in a file, nothing but a RemovalError comes out."""
    dice = np.random.default_rng(4)
    data = made(store)
    for _ in range(60):
        bad = bytearray(data)
        for _ in range(3):
            bad[dice.integers(len(bad))] = dice.integers(256)
        told = ""
        try:
            EraseDatasets().remove(bytes(bad), [found("/people/face_embedding")], LIMITS)
        except RemovalError as error:
            told = str(error)
        assert "person" not in told


def test_a_changed_file_holds_no_time_of_the_change() -> None:
    """Groups and datasets that are written anew carry no time, so that the same file always becomes the same bytes."""
    data = made(lambda file: file.create_group("a").create_dataset("v", data=VECTORS, track_times=True))
    result = removed(data, "/a/v")
    with h5py.File(io.BytesIO(result)) as file:
        assert [h5py.h5o.get_info(file[name].id).mtime for name in ("a", "a/v")] == [0, 0]


def test_bytes_that_are_zero_already_are_no_change() -> None:
    """A value of fixed length that was cleared before is not cleared again: the file comes back as it is."""
    blob = np.random.default_rng(8).bytes(900)
    data = made(lambda file: file.create_dataset("v", data=np.void(blob)))
    finding = dataclasses.replace(found("/v"), clues=(Clue("coding", "unknown"),))
    once = EraseDatasets().remove(data, [finding], LIMITS)
    assert blob in data
    assert once is not None
    assert blob not in once
    assert EraseDatasets().remove(once, [finding], LIMITS) is once
