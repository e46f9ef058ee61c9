"""Files of arrays lose their vectors, open as before, and keep all else."""

from __future__ import annotations

import collections
import io
import json
import math
import pickle
import pickletools
import random
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from efface.actions.erase_vectors import EraseVectors
from efface.errors import RemovalError
from efface.examine import Examiner
from efface.formats import faiss, hnsw, safetensors
from efface.formats.store_head import HNSW_HEADER
from efface.model import (
    Characteristic,
    Clue,
    Finding,
    Form,
    Gap,
    Limits,
    Locator,
    Mode,
    Part,
    Surroundings,
)
from efface.sources.payloads import BytesPayload
from efface.testing import indexes, stores

if TYPE_CHECKING:
    from collections.abc import Callable

LIMITS = Limits()
LONG = 128
VECTORS = stores.face_vectors(40, LONG)
WIDE = VECTORS.astype(np.float64)
NAMES = [f"person {at}" for at in range(40)]


def found(name: str, place: str | None = None, dimension: int = LONG) -> Finding:
    clues = (Clue("dimension", str(dimension)),)
    return Finding(
        "face-template@3",
        Form.TEMPLATE,
        Characteristic.FACE,
        Locator("file", (name,), place),
        0.9,
        clues=clues,
    )


def looked_at(name: str, data: bytes) -> list[Any]:
    part = Part(Locator("file", (name,)), BytesPayload(data), Surroundings((name, "faces")))
    return list(Examiner(Mode.STANDARD, LIMITS).examine(part))


def due(name: str, data: bytes) -> list[Finding]:
    return [each for each in looked_at(name, data) if isinstance(each, Finding)]


def removed(name: str, data: bytes, *places: str | None) -> bytes:
    result = EraseVectors().remove(data, [found(name, place) for place in places], LIMITS)
    assert result is not None
    return result


def holds(data: bytes, vectors: np.ndarray[Any, Any] = VECTORS) -> bool:
    return any(
        row.tobytes()[at : at + 16] in data for row in vectors for at in (0, 160, 16 * (row.nbytes // 16 - 1))
    )


# Indexes

INDEXES: dict[str, tuple[str, bytes, str]] = {
    "a flat index": ("a.index", indexes.faiss_flat(VECTORS), "/IxFI"),
    "an index with identifiers": ("a.index", indexes.faiss_idmap(VECTORS), "/IxFI"),
    "an inverted file": ("a.index", indexes.faiss_ivf(VECTORS), "/IwFl"),
    "an inverted file of few lists": ("a.index", indexes.faiss_ivf(VECTORS, sparse=True), "/IwFl"),
    "a quantised index": ("a.index", indexes.faiss_sq8(VECTORS), "/IxSQ"),
    "an index of hnswlib": ("a.bin", indexes.hnswlib_index(VECTORS), "/elements"),
    "Chroma's elements": ("data_level0.bin", indexes.level0(VECTORS), "/elements"),
}


@pytest.mark.parametrize("case", INDEXES)
def test_an_index_is_left_without_vectors(case: str) -> None:
    """What was found is not found again, no byte of a vector is left, and there is no new gap."""
    name, data, place = INDEXES[case]
    assert place in {finding.locator.fragment for finding in due(name, data)}
    result = EraseVectors().remove(data, due(name, data), LIMITS)
    assert result is not None
    assert not holds(result)
    assert not [each for each in looked_at(name, result) if isinstance(each, Finding | Gap)]
    assert removed(name, result, place) == result


def test_an_empty_index_is_of_the_same_kind() -> None:
    """Kind, vector length and metric stay; the count is 0, also in the indexes around."""
    result = removed("a.index", indexes.faiss_idmap(VECTORS), "/IxFI")
    assert result[:8] == struct.pack("<4si", b"IxMp", LONG)
    assert [(each.kind, each.dimension, each.count) for each in faiss.indexes(result)] == [("IxFI", LONG, 0)]
    assert struct.unpack_from("<q", result, 8) == (0,)


def test_what_an_index_learned_goes_too() -> None:
    """Centroids and ranges of few vectors are these vectors: an index that was trained is so no more."""
    for data in (indexes.faiss_ivf(VECTORS[:4]), indexes.faiss_sq8(VECTORS[:2])):
        result = EraseVectors().remove(data, [found("a.index", "/x")], LIMITS)
        assert result is not None
        assert not holds(result)
        assert result[32] == 0


def test_an_index_of_hnswlib_keeps_its_settings() -> None:
    """All but the count, the top level and the entry stays in the header, and nothing stands behind it."""
    data = indexes.hnswlib_index(VECTORS)
    result = removed("a.bin", data, "/elements")
    old, new = list(HNSW_HEADER.unpack_from(data)), list(HNSW_HEADER.unpack(result))
    assert (new[2], new[6], new[7]) == (0, -1, 0xFFFFFFFF)
    assert [*new[:2], *new[3:6], *new[8:]] == [*old[:2], *old[3:6], *old[8:]]


def test_elements_of_chroma_keep_links_and_labels() -> None:
    """The header beside them counts the elements: each stays, with its links and label, its vector is zero."""
    data = indexes.level0(VECTORS)
    result = removed("data_level0.bin", data, "/elements")
    layout = hnsw.of_level0(result, None)
    one, two = (np.frombuffer(each, np.uint8).reshape(layout.count, -1) for each in (data, result))
    assert layout.count == len(VECTORS)
    end = layout.offset + 4 * LONG
    assert (one[:, : layout.offset] == two[:, : layout.offset]).all()
    assert (one[:, end:] == two[:, end:]).all()
    assert not two[:, layout.offset : end].any()


WHOLE = {
    "a compressed index": indexes.faiss_pq(VECTORS),
    "something behind an index": indexes.faiss_flat(VECTORS) + indexes.faiss_flat(VECTORS),
}


@pytest.mark.parametrize("case", WHOLE)
def test_an_index_of_another_kind_goes_whole(case: str) -> None:
    """Where an index cannot be written without its vectors, nothing of it is to stay."""
    assert EraseVectors().remove(WHOLE[case], [found("a.index", "/IxFI")], LIMITS) is None


# Pickles


def as_pickle(value: object, protocol: int) -> bytes:
    return pickle.dumps(value, protocol=protocol)


def ops(data: bytes) -> list[tuple[str, object]]:
    return [(op.name, argument) for op, argument, _ in pickletools.genops(data)]


def loaded(data: bytes) -> Any:  # what this module pickled itself
    return pickle.loads(data)  # noqa: S301


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("form", ["an array for each", "one array", "lists"])
def test_vectors_of_a_pickle_are_no_numbers(protocol: int, form: str) -> None:
    """In every protocol the pickle loads as before, but for vectors, which are as long and have no numbers."""
    vectors: Any = {"an array for each": list(WIDE), "one array": WIDE, "lists": WIDE.tolist()}[form]
    store = {"encodings": vectors, "names": NAMES, "threshold": 0.6, "sizes": list(range(500))}
    data = as_pickle(store, protocol)
    assert [finding.locator.fragment for finding in due("a.pkl", data)] == ["/encodings"]
    result = removed("a.pkl", data, "/encodings")
    after = loaded(result)
    assert np.isnan(np.array(after["encodings"])).all()
    assert np.array(after["encodings"]).shape == WIDE.shape
    assert {key: value for key, value in after.items() if key != "encodings"} == {
        key: value for key, value in store.items() if key != "encodings"
    }
    assert not holds(result, WIDE)
    assert not holds(result, WIDE.astype(">f8"))
    assert str(WIDE[0, 0]).encode() not in result
    assert [name for name, _ in ops(result)] == [name for name, _ in ops(data)]
    assert not due("a.pkl", result)
    assert removed("a.pkl", result, "/encodings") == result


def test_one_place_of_a_pickle_goes_alone() -> None:
    """Of two places that hold vectors, the one that was not named stays as it is."""
    store = {"faces": list(VECTORS), "voices": list(stores.face_vectors(9, LONG, seed=7))}
    after = loaded(removed("a.pkl", as_pickle(store, 4), "/faces"))
    assert np.isnan(np.array(after["faces"])).all()
    assert np.array_equal(after["voices"], store["voices"])


def test_an_array_twice_in_a_pickle_goes_once_and_for_all() -> None:
    """An array that a pickle refers to a second time is gone under both names."""
    store = {"a": VECTORS, "copy": VECTORS}
    result = removed("a.pkl", as_pickle(store, 4), "/a")
    assert np.isnan(loaded(result)["copy"]).all()


def test_a_pickle_with_a_copy_elsewhere_goes_whole() -> None:
    """The same bytes in a place that was not found are a second copy: nothing of the pickle is to stay."""
    store = {"faces": VECTORS, "cache": b"x" + VECTORS.tobytes()}
    assert EraseVectors().remove(as_pickle(store, 4), [found("a.pkl", "/faces")], LIMITS) is None


def test_numbers_of_bytes_become_zero() -> None:
    """Quantised vectors have no word for "not a number"."""
    store = {"faces": (VECTORS * 127).astype(np.int8)}
    assert not loaded(removed("a.pkl", as_pickle(store, 5), "/faces"))["faces"].any()


def test_numbers_of_joblib_go() -> None:
    """Numbers that joblib writes behind an object are overwritten where they lie."""
    wrapper = (
        b"\x80\x04c" + b"joblib.numpy_pickle\nNumpyArrayWrapper\n" + b")\x81}("
        b"X\x05\x00\x00\x00dtype" + pickle.dumps(np.dtype("<f4"), 3)[2:-1]
        + b"X\x05\x00\x00\x00shape" + pickle.dumps(VECTORS.shape, 3)[2:-1]
        + b"X\x05\x00\x00\x00orderX\x01\x00\x00\x00CX\x0a\x00\x00\x00allow_mmap\x88ub"
    )  # fmt: skip
    data = wrapper + VECTORS.tobytes() + b"."
    result = removed("a.joblib", data, None)
    assert len(result) == len(data)
    assert result[: len(wrapper)] == wrapper
    assert np.isnan(np.frombuffer(result[len(wrapper) : -1], "<f4")).all()


def test_an_array_of_python_objects_is_edited() -> None:
    """The pickle in a .npy file loses its vectors, and the header before it stays."""
    target = io.BytesIO()
    np.save(target, np.array([{"encodings": VECTORS, "names": NAMES}], object), allow_pickle=True)
    data = target.getvalue()
    places = {finding.locator.fragment for finding in due("a.npy", data)}
    result = removed("a.npy", data, *places)
    after = np.load(io.BytesIO(result), allow_pickle=True)[0]
    assert np.isnan(after["encodings"]).all()
    assert after["names"] == NAMES
    assert not holds(result)


def test_what_else_was_found_in_a_pickle_is_not_its_business() -> None:
    """Records and pictures in a pickle are left to the action that takes the file whole."""
    record = Finding(
        "biometric-record@1", Form.TEMPLATE, Characteristic.FACE, Locator("file", ("a.pkl",), "/x"), 0.9
    )
    assert not EraseVectors().accepts("application/x-pickle", record)
    assert EraseVectors().accepts("application/x-pickle", found("a.pkl", "/x"))


def test_a_pickle_is_never_loaded() -> None:
    """A pickle that would run something when it is loaded is edited all the same, and runs nothing."""
    ran = collections.deque[int](maxlen=1)

    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return exec, ("raise SystemExit",)

    store = {"faces": VECTORS, "trap": Trap()}
    result = removed("a.pkl", as_pickle(store, 4), "/faces")
    assert b"raise SystemExit" in result
    assert not ran


# Tensors


def tensors(**values: np.ndarray[Any, Any]) -> bytes:
    header: dict[str, Any] = {"__metadata__": {"by": "test"}}
    body = b""
    for name, value in values.items():
        end = len(body) + value.nbytes
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(body), end]}
        body += value.tobytes()
    head = json.dumps(header).encode()
    return len(head).to_bytes(8, "little") + head + body


def test_tensors_are_left_without_rows() -> None:
    """Named tensors have no rows any more; others have the same shape and numbers, metadata stay."""
    other = np.arange(6, dtype=np.float32).reshape(2, 3)
    data = tensors(a=other, face_embeddings=VECTORS, b=other + 1)
    result = removed("a.safetensors", data, "/face_embeddings")
    header = json.loads(result[8 : 8 + int.from_bytes(result[:8], "little")])
    assert header["__metadata__"] == {"by": "test"}
    assert list(header) == ["__metadata__", "a", "face_embeddings", "b"]
    shapes = {tensor.name: tensor.shape for tensor in safetensors.tensors(result)}
    assert shapes == {"a": (2, 3), "face_embeddings": (0, LONG), "b": (2, 3)}
    assert result.endswith(other.tobytes() + (other + 1).tobytes())
    assert not holds(result)
    assert removed("a.safetensors", result, "/face_embeddings") == result


def test_bytes_that_no_tensor_refers_to_go() -> None:
    """A hole between tensors, where an older version of a vector may lie, is not in the result."""
    data = tensors(a=VECTORS[:1], hole=VECTORS[1:2], b=VECTORS[2:3])
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    del header["hole"]
    head = json.dumps(header).encode()
    holed = len(head).to_bytes(8, "little") + head + data[8 + size :]
    assert holds(holed, VECTORS[1:2])
    assert not holds(removed("a.safetensors", holed, "/a"), VECTORS[1:2])


# Refusals

BAD: dict[str, tuple[str, bytes, str | None]] = {
    "an index that is cut off": ("a.index", indexes.faiss_flat(VECTORS)[:-1], "/IxFI"),
    "an index with too long a list": (
        "a.index",
        indexes.faiss_flat(VECTORS)[:37] + b"\xff" * 8 + bytes(64),
        "/IxFI",
    ),
    "an index of hnswlib that is cut off": ("a.bin", indexes.hnswlib_index(VECTORS)[:500], "/elements"),
    "elements of no known size": ("data_level0.bin", indexes.level0(VECTORS)[:-1], "/elements"),
    "a pickle without such a place": ("a.pkl", pickle.dumps({"a": VECTORS}), "/b"),
    "a pickle that is cut off": ("a.pkl", pickle.dumps({"a": VECTORS})[:-9], "/a"),
    "a tensor that is not there": ("a.safetensors", tensors(a=VECTORS), "/b"),
    "two tensors of one name": (
        "a.safetensors",
        tensors(aa=VECTORS, ab=VECTORS).replace(b'"ab"', b'"aa"'),
        "/aa",
    ),
    "another kind of file": ("a.pkl", b"%PDF-1.7 and so on", "/a"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_damaged_or_changed_is_refused(case: str) -> None:
    """Nothing is given of a file that is damaged, or does not hold what was found."""
    name, data, place = BAD[case]
    with pytest.raises(RemovalError):
        EraseVectors().remove(data, [found(name, place)], LIMITS)


def test_tensors_that_share_numbers_are_refused() -> None:
    """Where one tensor lies in another, none can go alone, and the file may be more than vectors."""
    data = tensors(a=VECTORS, b=VECTORS)
    old = b"[%d, %d]" % (VECTORS.nbytes, 2 * VECTORS.nbytes)
    shared = data.replace(old, (b"[4, %d]" % (VECTORS.nbytes + 4)).ljust(len(old)))
    with pytest.raises(RemovalError, match="share"):
        EraseVectors().remove(shared, [found("a.safetensors", "/a")], LIMITS)


MAKERS: dict[str, Callable[[], tuple[str, bytes, str | None]]] = {
    **{case: (lambda case=case: INDEXES[case]) for case in INDEXES},  # type: ignore[misc]
    "a pickle": lambda: ("a.pkl", pickle.dumps({"a": list(WIDE)}, 2), "/a"),
    "a safetensors file": lambda: ("a.safetensors", tensors(a=VECTORS, b=VECTORS), "/a"),
}


@pytest.mark.parametrize("case", MAKERS)
def test_hostile_bytes_raise_the_known_error_only(case: str) -> None:
    """Whatever stands in a file, nothing but a RemovalError comes out."""
    name, data, place = MAKERS[case]()
    dice = random.Random(5)
    for _ in range(120):
        bad = bytearray(data[: dice.randrange(len(data) // 2, len(data) + 1)])
        for _ in range(4):
            bad[dice.randrange(min(len(bad), 400))] = dice.randrange(256)
        try:
            result = EraseVectors().remove(bytes(bad), [found(name, place)], LIMITS)
        except RemovalError:
            continue
        assert result is None or len(result) <= 2 * len(data)


def test_not_a_number_is_near_to_nothing() -> None:
    """What is left of a vector matches nobody, under any threshold."""
    left = loaded(removed("a.pkl", as_pickle({"a": VECTORS}, 4), "/a"))["a"]
    distances = np.linalg.norm(left - VECTORS[0], axis=1)
    assert not (distances <= math.inf).any()
