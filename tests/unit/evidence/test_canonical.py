"""One value, one sequence of bytes."""

from __future__ import annotations

from enum import StrEnum

import pytest

from efface.errors import EvidenceError
from efface.evidence import canonical


class Word(StrEnum):
    FACE = "face"


WRITTEN = {
    "members are sorted and there is no space": ({"b": 1, "a": [True, None]}, b'{"a":[true,null],"b":1}'),
    "text stays UTF-8": ({"t": "删除"}, '{"t":"删除"}'.encode()),
    "controls are escaped as RFC 8785 says": ('\x00\x1f\t"\\\x7f', b'"\\u0000\\u001f\\t\\"\\\\\x7f"'),
    "tuples are arrays": ((1, 2), b"[1,2]"),
    "words of a list are their text": ({"form": Word.FACE}, b'{"form":"face"}'),
    "the largest whole number is allowed": (2**53 - 1, b"9007199254740991"),
    "the empty object is allowed": ({}, b"{}"),
}


@pytest.mark.parametrize(("value", "data"), WRITTEN.values(), ids=WRITTEN)
def test_written(value, data):
    """Every value has the form that RFC 8785 gives it, and reads back."""
    assert canonical.dumps(value) == data
    assert canonical.dumps(canonical.loads(data)) == data


NOT_WRITTEN = {
    "a float": 1.5,
    "a float that is whole": 1.0,
    "not a number": float("nan"),
    "a number beyond 2**53 - 1": 2**53,
    "a lone surrogate": "\ud800",
    "bytes": b"x",
    "a name that is not ASCII": {"名": 1},
    "a name that is not a text": {1: 1},
    "a set": {1},
}


@pytest.mark.parametrize("value", NOT_WRITTEN.values(), ids=NOT_WRITTEN)
def test_not_written(value):
    """A value without one exact spelling is refused, however deep it lies."""
    with pytest.raises(EvidenceError):
        canonical.dumps({"a": [value]})


def test_circular_value_is_refused():
    """A value that holds itself is refused, not followed."""
    value: list[object] = []
    value.append(value)
    with pytest.raises(EvidenceError, match="levels"):
        canonical.dumps(value)


NOT_READ = {
    "a space": b'{"a": 1}',
    "a newline at the end": b"{}\n",
    "members out of order": b'{"b":1,"a":1}',
    "a member twice": b'{"a":1,"a":1}',
    "a float": b"1.0",
    "an exponent": b"1e2",
    "minus zero": b"-0",
    "NaN": b"NaN",
    "infinity": b"-Infinity",
    "a number of 5000 digits": b"9" * 5000,
    "a number beyond 2**53 - 1": b"9007199254740992",
    "an escape that is not needed": b'"\\u0041"',
    "an escaped solidus": b'"\\/"',
    "upper-case hex in an escape": b'"\\u001F"',
    "an escaped lone surrogate": b'"\\ud800"',
    "UTF-8 that is cut": b'"\xe5\x88"',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "nothing": b"",
    "100000 open brackets": b"[" * 100_000,
    "17 levels": b"[" * 18 + b"]" * 18,
}


@pytest.mark.parametrize("data", NOT_READ.values(), ids=NOT_READ)
def test_not_read(data):
    """Every other spelling of a value is refused."""
    with pytest.raises(EvidenceError):
        canonical.loads(data)


def test_over_limit_is_refused(monkeypatch):
    """More bytes than the limit are refused before they are parsed."""
    monkeypatch.setattr(canonical, "MAX_BYTES", 3)
    with pytest.raises(EvidenceError, match="more than 3 bytes"):
        canonical.loads(b'"ab"')
