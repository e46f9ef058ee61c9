"""Whatever text comes, values are emptied in it, or it is refused, and nothing else changes."""

from __future__ import annotations

import base64
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from efface.errors import FormatError
from efface.formats.text_edit import emptied
from efface.formats.text_values import values

SETTINGS = settings(max_examples=200, derandomize=True, deadline=None)
LONG = base64.b64encode(bytes(range(200))).decode()
SEEDS = [
    (json.dumps([{"name": "x", "photo": LONG, "v": [0.5] * 80}]).encode(), "application/json"),
    (f"id,name,photo\n1,x,{LONG}\n2,y,\n".encode(), "text/csv"),
    (f"<r><p a='{LONG}'>{LONG}</p></r>".encode(), "application/xml"),
    (f"INSERT INTO t(name, photo) VALUES ('x', '{LONG}');".encode(), "application/sql"),
    (f"text before {LONG} and after\n".encode(), "text/plain"),
]
PLACES = ("/*/photo", "/*/v", "/r/p", "/r/p/@a", "/t/photo", "text")


def attempt(data: bytes, kind: str) -> None:
    """Empty every place; what is given back holds none of their values and is stable."""
    for place in PLACES:
        try:
            result = emptied(data, {place}, kind)
        except FormatError:
            continue
        assert not any(found == place and value for found, value in values(result, kind))
        assert emptied(result, {place}, kind) == result


@SETTINGS
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 1 << 12), st.integers(0, 255)), max_size=6),
    st.integers(0, 2_000),
)
def test_mutated_texts(seed: tuple[bytes, str], edits: list[tuple[int, int]], cut: int) -> None:
    """A text with changed bytes, and cut, loses exactly the values of the place, or is refused."""
    data = bytearray(seed[0])
    for place, byte in edits:
        data[place % len(data)] = byte
    attempt(bytes(data[: cut % (len(data) + 1)] if cut else data), seed[1])


@SETTINGS
@given(st.binary(max_size=500), st.sampled_from([kind for _, kind in SEEDS]))
def test_random_bytes(data: bytes, kind: str) -> None:
    """Random bytes are refused or come back as they were."""
    attempt(data, kind)
