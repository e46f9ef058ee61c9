from __future__ import annotations

import io

import numpy as np
import pytest

from efface.errors import FormatError, LimitExceededError, UnsupportedError
from efface.formats import npy


def _saved(array: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def _with_header(text: str, version: int = 1) -> bytes:
    body = text.encode()
    return npy.MAGIC + bytes([version, 0]) + len(body).to_bytes(2 if version == 1 else 4, "little") + body


@pytest.mark.parametrize("dtype", ["<f4", "<f8", "<f2", ">f4", "<i4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_come_back(dtype: str, order: str) -> None:
    """The numbers of an array come back in their shape and order."""
    wanted = np.arange(12).reshape(3, 4).astype(dtype, order=order)
    assert np.array_equal(npy.array(_saved(wanted)), wanted)


def _pieces(data: bytes) -> list[np.ndarray]:
    return list(npy.pieces(io.BytesIO(data), len(data), npy.header(data)))


def test_rows_of_a_matrix() -> None:
    """The rows of a matrix are its vectors."""
    assert [piece.shape for piece in _pieces(_saved(np.zeros((3, 128), "f4")))] == [(3, 128)]


def test_one_axis_is_one_vector() -> None:
    """An array with one axis is one vector."""
    assert [piece.shape for piece in _pieces(_saved(np.zeros(128, "f4")))] == [(1, 128)]


def test_empty_last_axis_has_no_rows() -> None:
    """A matrix without columns has no rows."""
    assert _pieces(_saved(np.zeros((3, 0), "f4"))) == []


def test_no_axis_has_no_rows() -> None:
    """A single number has no rows."""
    assert _pieces(_saved(np.float32(1))) == []


@pytest.mark.parametrize("order", ["C", "F"])
def test_long_arrays_come_in_pieces(order: str) -> None:
    """An array larger than a piece comes whole, whichever axis varies fastest."""
    wanted = np.arange(2_500_000, dtype="<f4").reshape(10_000, 250)
    pieces = _pieces(_saved(np.asarray(wanted, order=order)))
    assert len(pieces) > 1
    assert np.array_equal(np.concatenate(pieces), wanted)


def test_rows_of_a_grid_whose_first_axis_varies_fastest() -> None:
    """Every row of a grid comes once, though in another order."""
    grid = np.arange(120, dtype="<f8").reshape(4, 5, 6)
    (rows,) = _pieces(_saved(np.asfortranarray(grid)))
    assert sorted(map(tuple, rows)) == sorted(map(tuple, grid.reshape(-1, 6)))


def test_a_file_that_ends_early_is_refused() -> None:
    """Pieces of a file that is shorter than its shape says are refused before any is read."""
    data = _saved(np.zeros((3, 128), "f4"))[:-1]
    with pytest.raises(FormatError, match="shorter"):
        _pieces(data)


def test_objects_are_refused() -> None:
    """An array of Python objects is refused, since only unpickling would open it."""
    with pytest.raises(UnsupportedError, match="pickle"):
        npy.header(_saved(np.array([{}], dtype=object), allow_pickle=True))


def test_pickle_of_objects() -> None:
    """The pickle of an array of Python objects is handed out, as bytes only."""
    data = _saved(np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert npy.pickled(data).startswith(b"\x80")
    assert npy.pickled(_saved(np.zeros(3))) is None


def test_long_integers_of_python_2() -> None:
    """A shape that Python 2 wrote with its long integers is read."""
    assert npy.header(_with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (3L,)}")).shape == (3,)


REFUSED = {
    "no bytes": b"",
    "another magic": b"\x93NUMPX\1\0\2\0{}",
    "an unknown version": _with_header("{}", 9),
    "a header that is cut off": npy.MAGIC + b"\1\0\xff\0{",
    "a header that is code": _with_header("__import__('os').system('true')"),
    "a header with other fields": _with_header("{'descr': '<f4'}"),
    "a header that nests deeply": _with_header("(" * 5000 + ")" * 5000),
    "a shape that is a list": _with_header("{'descr': '<f4', 'fortran_order': False, 'shape': [3]}"),
    "a negative length": _with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}"),
    "a length that is a truth value": _with_header(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (True,)}"
    ),
    "an unknown element type": _with_header("{'descr': '<q77', 'fortran_order': False, 'shape': (3,)}"),
    "an order that is a number": _with_header("{'descr': '<f4', 'fortran_order': 0, 'shape': (3,)}"),
    "more numbers than bytes": _with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999,)}"),
    "more axes than NumPy has": _with_header(
        f"{{'descr': '<f4', 'fortran_order': False, 'shape': {(1,) * 99}}}"
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_broken_files_are_refused(case: str) -> None:
    """A broken file is a FormatError and nothing else."""
    with pytest.raises(FormatError):
        npy.array(REFUSED[case])


def test_long_header_is_over_the_limit() -> None:
    """A header of more than 64 KiB is over the limit."""
    with pytest.raises(LimitExceededError):
        npy.header(_with_header(" " * 70_000, 2))


@pytest.mark.parametrize("word", ["a", "<a8", "0a", "2,f4", "(2,)f4", "f4,", "", "?" * 9])
@pytest.mark.filterwarnings("error")
def test_old_and_odd_words_for_elements_are_refused(word: str) -> None:
    """A word that NumPy warns of, or that stands for several elements, is refused without a warning."""
    with pytest.raises(FormatError, match="element type"):
        npy.header(_with_header(str({"descr": word, "fortran_order": False, "shape": (2,)})))


@pytest.mark.parametrize("dtype", ["?", "i1", "<u2", ">c8", "S3", "<U7", "V5", "<M8[ns]", "<m8[25s]", "<f2"])
def test_every_word_that_numpy_writes_is_known(dtype: str) -> None:
    """The header of any array of plain elements is read."""
    assert npy.header(_saved(np.zeros(2, dtype))).dtype == np.dtype(dtype).str
