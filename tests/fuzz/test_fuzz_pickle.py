from __future__ import annotations

import contextlib
import pickle

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.errors import FormatError
from efface.formats import pickle_scan

SETTINGS = settings(max_examples=200, derandomize=True, deadline=None)


def mutated(seed: bytes, edits: list[tuple[int, int]], cut: int) -> bytes:
    """Change single bytes of a valid file and cut it."""
    data = bytearray(seed)
    for place, byte in edits:
        data[place % len(data)] = byte
    return bytes(data[: cut % (len(data) + 1)] if cut else data)


EDITS = st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=6)


SEEDS = [
    pickle.dumps({"e": [np.zeros(40), np.ones(3, "f4")], "n": ["a"], "l": [0.5] * 40}, p) for p in range(6)
]


def attempt(data: bytes) -> None:
    """Scan a pickle."""
    with contextlib.suppress(FormatError):
        assert sum(found.numbers.nbytes for found in pickle_scan.scan(data, opcodes=5000)) <= 9 * len(data)


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
