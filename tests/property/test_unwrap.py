from __future__ import annotations

import base64
import gzip
import zlib
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from efface.formats.unwrap import unwrap

LAYERS = {
    "base64": base64.b64encode,
    "hex": lambda data: data.hex().encode(),
    "zlib": zlib.compress,
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "data": lambda data: b"data:image/jpeg;base64," + base64.b64encode(data),
    "url": lambda data: quote(base64.b64encode(data) + b"+/=", safe="").encode(),
}


@settings(max_examples=150, derandomize=True, deadline=None)
@given(
    data=st.binary(min_size=64, max_size=400),
    layers=st.lists(st.sampled_from(["base64", "hex", "zlib", "gzip", "data"]), min_size=1, max_size=3),
)
def test_what_was_wrapped_comes_out(data: bytes, layers: list[str]) -> None:
    """What was wrapped in up to three encodings comes out as it was."""
    payload = b"\xff\xd8\xff\xe0\0" + data
    value = payload
    for layer in layers:
        value = LAYERS[layer](value)
    assert any(item.data == payload for item in unwrap(value))


@settings(max_examples=150, derandomize=True, deadline=None)
@given(data=st.binary(max_size=400), limit=st.integers(0, 300))
def test_never_more_than_the_limit(data: bytes, limit: int) -> None:
    """Whatever the value, no more than the limit comes out of it."""
    assert sum(len(item.data) for item in list(unwrap(data, limit=limit))[1:]) <= limit
