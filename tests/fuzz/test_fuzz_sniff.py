from __future__ import annotations

import gzip
import pickle

from hypothesis import given, settings
from hypothesis import strategies as st

from efface.formats import sniff

SETTINGS = settings(max_examples=200, derandomize=True, deadline=None)


def mutated(seed: bytes, edits: list[tuple[int, int]], cut: int) -> bytes:
    """Change single bytes of a valid file and cut it."""
    data = bytearray(seed)
    for place, byte in edits:
        data[place % len(data)] = byte
    return bytes(data[: cut % (len(data) + 1)] if cut else data)


EDITS = st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=6)


SEEDS = [
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(40),
    b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    gzip.compress(bytes(300)),
    pickle.dumps({"a": [1.0, 2.0]}),
    pickle.dumps({"a": [1.0, 2.0]}, protocol=0),
    b"BM" + bytes(60),
    bytes(148) + b"001000\0 " + bytes(400),
    b'{"a": 1}',
    "姓名,照片\n".encode("gb18030"),
]


def attempt(data: bytes) -> None:
    """Tell the media type."""
    kind = sniff.media_type(data, "x.csv")
    assert kind.count("/") == 1
    assert kind.isascii()


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
