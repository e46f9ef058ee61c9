from __future__ import annotations

import contextlib
import io

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.errors import FormatError
from efface.formats import npy

SETTINGS = settings(max_examples=200, derandomize=True, deadline=None)


def mutated(seed: bytes, edits: list[tuple[int, int]], cut: int) -> bytes:
    """Change single bytes of a valid file and cut it."""
    data = bytearray(seed)
    for place, byte in edits:
        data[place % len(data)] = byte
    return bytes(data[: cut % (len(data) + 1)] if cut else data)


EDITS = st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=6)


def _saved(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


SEEDS = [_saved(np.zeros((3, 4), "f4")), _saved(np.asfortranarray(np.ones((4, 3)))), _saved(np.array(2.0))]


def attempt(data: bytes) -> None:
    """Read an array and its rows."""
    with contextlib.suppress(FormatError):
        assert npy.array(data).nbytes <= len(data) or not npy.array(data).size
        pieces = npy.pieces(io.BytesIO(data), len(data), npy.header(data))
        assert sum(piece.nbytes for piece in pieces) <= len(data)
        npy.pickled(data)


@SETTINGS
@given(data=st.binary(max_size=2000))
def test_random_bytes(data: bytes) -> None:
    """Random bytes never raise anything but FormatError, and give a bounded result."""
    attempt(data)


@SETTINGS
@given(seed=st.sampled_from(SEEDS), edits=EDITS, cut=st.integers(0, 5000))
def test_mutated_files(seed: bytes, edits: list[tuple[int, int]], cut: int) -> None:
    """Damaged files never raise anything but FormatError, and give a bounded result."""
    attempt(mutated(seed, edits, cut))
