from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from efface.formats import audio_header
from efface.testing import prints

SETTINGS = settings(max_examples=300, derandomize=True, deadline=None)
SEEDS = [
    prints.recording(0.1),
    b"fLaC\0\0\0\x22" + bytes(34),
    b"#!AMR\n" + (b"\x3c" + bytes(31)) * 3,
    b"OggS\0\2" + bytes(20) + b"\1\x13OpusHead\1\1" + bytes(9),
    b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + b"\xff\xf3\x40\xc0",
]


@SETTINGS
@given(data=st.binary(max_size=500), size=st.integers(0, 1 << 50))
def test_random_bytes(data: bytes, size: int) -> None:
    """Random bytes never raise, and never last less than no time."""
    found = audio_header.read(data, size)
    assert found is None or found.seconds > 0


@SETTINGS
@given(
    seed=st.sampled_from(SEEDS),
    edits=st.lists(st.tuples(st.integers(0, 1 << 12), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 1 << 12),
)
def test_changed_headers(seed: bytes, edits: list[tuple[int, int]], cut: int) -> None:
    """A header with changed bytes, or cut off, never raises."""
    data = bytearray(seed)
    for place, byte in edits:
        data[place % len(data)] = byte
    audio_header.read(bytes(data[: cut % (len(data) + 1)]), len(data))
