from __future__ import annotations

import pickle

import numpy as np
import pytest

from efface.errors import FormatError, LimitExceededError
from efface.formats import pickle_scan
from efface.testing import stores

VECTORS = stores.face_vectors(3, 128)


def _found(value: object, protocol: int = 4) -> list[pickle_scan.Found]:
    return list(pickle_scan.scan(pickle.dumps(value, protocol=protocol)))


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_in_every_protocol(protocol: int) -> None:
    """Arrays in a dictionary come out with their key in every protocol."""
    found = _found({"names": ["a"], "encodings": list(VECTORS)}, protocol)
    assert [item.names for item in found] == [("encodings",)] * 3
    assert np.array_equal(found[1].numbers, VECTORS[1])


@pytest.mark.parametrize("protocol", range(6))
def test_fortran_order(protocol: int) -> None:
    """A matrix in column order comes out in its shape."""
    (found,) = _found(np.asfortranarray(VECTORS), protocol)
    assert np.array_equal(found.numbers, VECTORS)


@pytest.mark.parametrize("protocol", range(6))
def test_lists_of_numbers(protocol: int) -> None:
    """A long list of numbers is a vector with the keys that lead to it."""
    (found,) = _found([{"identity": "a.jpg", "embedding": VECTORS[0].tolist()}], protocol)
    assert (found.names, found.kind, found.numbers.shape) == (("embedding",), "list", (128,))


def test_big_endian_numbers() -> None:
    """The byte order of an array is kept."""
    (found,) = _found(VECTORS.astype(">f4"))
    assert np.array_equal(found.numbers, VECTORS)


def test_list_of_numpy_numbers() -> None:
    """A list of NumPy's own numbers is a vector too."""
    (found,) = _found(list(VECTORS[0]))
    assert np.allclose(found.numbers, VECTORS[0])


class _Gallery:
    def __init__(self) -> None:
        self._fit_X = VECTORS


def test_arrays_of_an_object() -> None:
    """An array that an object keeps is found under its attribute; the class is not imported."""
    data = pickle.dumps(_Gallery()).replace(b"_Gallery", b"_Missing")
    (found,) = pickle_scan.scan(data)
    assert found.names[0] == "_fit_X"


class _Joblib:
    """What joblib writes for an array: a note of its shape, then the bytes."""

    def __init__(self) -> None:
        self.subclass, self.shape, self.order = np.ndarray, (3, 128), "C"
        self.dtype, self.allow_mmap, self.numpy_array_alignment_bytes = np.dtype("<f4"), True, 16


def test_numbers_behind_a_description() -> None:
    """Numbers that joblib writes behind their description are read."""
    note = pickle.dumps(_Joblib(), protocol=2).replace(b"_Joblib", b"NumpyArrayWrapper")
    data = note[:-1] + b"\x03\xff\xff\xff" + VECTORS.tobytes() + b"."
    (found,) = pickle_scan.scan(data)
    assert np.array_equal(found.numbers, VECTORS)


def test_nothing_is_run(tmp_path: object) -> None:
    """A pickle that would run a command is read without running it."""
    data = b"cos\nsystem\n(S'touch " + str(tmp_path).encode() + b"/ran'\ntR."
    assert list(pickle_scan.scan(data)) == []
    assert not list(tmp_path.iterdir())


def test_cycles_end() -> None:
    """A list that holds itself is walked once."""
    cycle: list[object] = [1]
    cycle.append(cycle)
    assert _found(cycle) == []


def test_shared_parts_are_walked_once() -> None:
    """Lists that share parts a billion times over are walked in no time."""
    value: object = [VECTORS[0]]
    for _ in range(60):
        value = [value, value]
    assert len(_found(value)) == 1


def test_numbers_are_not_shown() -> None:
    """The numbers of a vector are in no text that stands for it."""
    (found,) = _found(VECTORS[0])
    assert "0." not in repr(found)


REFUSED = {
    "no bytes": b"",
    "no end": b"\x80\x04]",
    "an opcode that does not exist": b"\x80\x04\xff.",
    "an empty stack": b"\x80\x040.",
    "a mark that is missing": b"\x80\x04]e.",
    "a memo that is empty": b"\x80\x04h\x07.",
    "two values at the end": b"\x80\x04]].",
    "an argument that is cut off": b"\x80\x04B\xff\xff\xff\x7f",
    "an odd dictionary": b"\x80\x04}(K\x01u.",
    "an object without a class": b"\x80\x04(o.",
}


@pytest.mark.parametrize("case", REFUSED)
def test_broken_pickles_are_refused(case: str) -> None:
    """A broken pickle is a FormatError and nothing else."""
    with pytest.raises(FormatError):
        list(pickle_scan.scan(REFUSED[case]))


def test_too_many_opcodes() -> None:
    """A pickle of more opcodes than allowed is over the limit."""
    with pytest.raises(LimitExceededError):
        list(pickle_scan.scan(pickle.dumps(list(range(100))), opcodes=50))


IGNORED = {
    "short lists": [[1.0, 2.0]] * 40,
    "long lists of whole numbers": list(range(500)),
    "texts": ["a" * 500] * 40,
    "arrays of objects": np.array([{}], dtype=object),
}


@pytest.mark.parametrize("case", IGNORED)
def test_other_values_are_left_out(case: str) -> None:
    """What is no array of numbers and no long list of them is left out."""
    assert _found(IGNORED[case]) == []
