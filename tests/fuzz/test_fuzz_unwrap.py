from __future__ import annotations

import base64
import gzip
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from efface.formats.unwrap import unwrap

SETTINGS = settings(max_examples=200, derandomize=True, deadline=None)


def mutated(seed: bytes, edits: list[tuple[int, int]], cut: int) -> bytes:
    """Change single bytes of a valid file and cut it."""
    data = bytearray(seed)
    for place, byte in edits:
        data[place % len(data)] = byte
    return bytes(data[: cut % (len(data) + 1)] if cut else data)


EDITS = st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=6)


SEEDS = [
    base64.b64encode(bytes(range(256))),
    bytes(range(256)).hex().encode(),
    gzip.compress(bytes(3000)),
    json.dumps({"a": ["x" * 40, {"b": "data:;base64,AAAA" * 9}]}).encode(),
    b"data:image/png;base64,iVBORw0KGgoAAAANSUhEUg",
    b"%41%42%43%44%45%46%47%48",
]


def attempt(data: bytes) -> None:
    """Unwrap a value as bytes and as text."""
    for value in (data, data.decode("latin-1")):
        assert sum(len(item.data) for item in unwrap(value, limit=1 << 16)) <= (1 << 16) + 2 * len(data)


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
