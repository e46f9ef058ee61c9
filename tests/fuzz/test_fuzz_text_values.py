from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from efface.errors import FormatError
from efface.formats.text_values import values
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
    stores.json_store(stores.face_vectors(2, 64)).encode(),
    stores.csv_store(stores.face_vectors(2, 64)).encode(),
    stores.sql_dump(stores.face_vectors(2, 64)).encode(),
    b"COPY t (a, b) FROM stdin;\nx\ty\n\\.\n",
    b'<?xml version="1.0"?><r a="b"><c>d</c><![CDATA[e]]></r>',
    "姓名,照片,证件\n张伟,1,2\n".encode("gb18030"),
    "[1, 2]".encode("utf-16"),
]
KINDS = ["", "application/json", "application/xml", "application/sql", "text/csv", "application/x-ndjson"]


def attempt(data: bytes) -> None:
    """Read the values as every kind of text."""
    for kind in KINDS:
        with contextlib.suppress(FormatError):
            assert sum(len(value) for _, value in values(data, kind)) <= 8 * len(data) + 64


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
