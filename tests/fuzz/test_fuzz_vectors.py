from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from efface.formats import vectors
from efface.testing import stores

SETTINGS = settings(max_examples=200, derandomize=True, deadline=None)


def mutated(seed: bytes, edits: list[tuple[int, int]], cut: int) -> bytes:
    """Change single bytes of a valid file and cut it."""
    data = bytearray(seed)
    for place, byte in edits:
        data[place % len(data)] = byte
    return bytes(data[: cut % (len(data) + 1)] if cut else data)


EDITS = st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=6)


SEEDS = [
    value if isinstance(value, bytes) else value.encode()
    for value in (write(stores.face_vectors(1, 64)[0]) for write in stores.ENCODINGS.values())
]


def attempt(data: bytes) -> None:
    """Parse a value as bytes and as text."""
    for value in (data, data.decode("latin-1")):
        vector = vectors.parse_vector(value)
        assert vector is None or vector.dimension <= vectors.MAX_DIMENSION


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
