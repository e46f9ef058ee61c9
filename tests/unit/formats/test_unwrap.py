from __future__ import annotations

import base64
import gzip
import json
import zlib
from urllib.parse import quote

import pytest

from efface.formats.unwrap import unwrap

PICTURE = b"\xff\xd8\xff\xe0" + bytes(range(256))
B64 = base64.b64encode(PICTURE).decode()

CASES = {
    "base64": (B64, ("base64",)),
    "base64 without padding": (B64.rstrip("="), ("base64",)),
    "base64url": (base64.urlsafe_b64encode(PICTURE).decode(), ("base64",)),
    "base64 in lines": ("\n".join(B64[at : at + 76] for at in range(0, len(B64), 76)), ("base64",)),
    "base64 as bytes": (B64.encode(), ("base64",)),
    "hex": (PICTURE.hex(), ("hex",)),
    "hex in capitals": (PICTURE.hex().upper(), ("hex",)),
    "hex of SQL": ("0x" + PICTURE.hex(), ("hex",)),
    "hex of PostgreSQL": ("\\x" + PICTURE.hex(), ("hex",)),
    "a data URI": (f"data:image/jpeg;base64,{B64}", ("data",)),
    "a data URI with a charset": (f"data:image/jpeg;charset=utf-8;base64,{B64}", ("data",)),
    "a data URI without base64": ("data:image/jpeg," + quote(PICTURE), ("data",)),
    "URL encoding": (quote(PICTURE), ("url",)),
    "URL-encoded base64": (quote(B64, safe=""), ("url", "base64")),
    "zlib": (zlib.compress(PICTURE), ("zlib",)),
    "gzip": (gzip.compress(PICTURE), ("gzip",)),
    "base64 of gzip": (base64.b64encode(gzip.compress(PICTURE)).decode(), ("base64", "gzip")),
    "JSON in a string": (json.dumps({"a": [{"photo": B64}]}), ("json", "base64")),
    "a data URI in JSON": (json.dumps({"photo": f"data:image/jpeg;base64,{B64}"}), ("json", "data")),
    "base64 of base64 of base64": (
        base64.b64encode(base64.b64encode(B64.encode())).decode(),
        ("base64", "base64", "base64"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_encodings(case: str) -> None:
    """A value is taken out of its encodings, which are named from the outside in."""
    value, how = CASES[case]
    assert any(item.data == PICTURE and item.how == how for item in unwrap(value))


def test_value_comes_first() -> None:
    """The value itself comes first, with nothing taken off."""
    first = next(unwrap("text"))
    assert (first.data, first.how) == (b"text", ())


def test_content_is_not_shown() -> None:
    """The content is in no text that stands for it."""
    assert "ff" not in repr(next(unwrap(PICTURE))).replace("unwrap", "")


NOTHING = {
    "empty text": "",
    "a short word": "abcd",
    "a sentence": "A sentence of several words, no code at all.",
    "a Chinese sentence": "对人脸识别设备的使用情况进行了检查。" * 3,
    "a percentage": "100% of the people agreed to it",
    "a broken data URI": "data:image/jpeg;base64,????",
    "broken zlib": b"x\x9c" + b"\xff" * 40,
    "broken JSON": '{"a": ' + "x" * 40,
    "binary data": bytes(64),
    "JSON of numbers": json.dumps([1.5] * 20),
}


@pytest.mark.parametrize("case", NOTHING)
def test_nothing_inside(case: str) -> None:
    """What carries nothing gives itself alone."""
    assert [item.how for item in unwrap(NOTHING[case])] == [()]


def test_layers_are_limited() -> None:
    """A fourth layer stays closed."""
    value = PICTURE
    for _ in range(4):
        value = base64.b64encode(value)
    assert all(item.data != PICTURE for item in unwrap(value))


def test_bombs_stay_small() -> None:
    """Compressed data gives no more than the limit."""
    bomb = gzip.compress(bytes(1 << 22))
    assert sum(len(item.data) for item in unwrap(bomb, limit=1 << 16)) <= (1 << 16) + len(bomb)


def test_deep_json_is_left_alone() -> None:
    """JSON that nests without end is left alone."""
    assert len(list(unwrap("[" * 100_000 + "]" * 100_000))) == 1


def test_many_strings_are_limited() -> None:
    """JSON of countless strings gives a bounded number of values."""
    assert len(list(unwrap(json.dumps(["x y" * 20] * 5000)))) <= 1025
