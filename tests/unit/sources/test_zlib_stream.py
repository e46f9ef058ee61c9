"""Zlib streams that are files of their own."""

from __future__ import annotations

import zlib

import pytest

from efface.errors import FormatError, LimitExceededError
from efface.model import Limits, Locator, Part, Surroundings
from efface.sources.payloads import BytesPayload
from efface.sources.zlib_stream import ZlibStream

TEXT = b"a text of some length, again and again. " * 100


def unpacked(data: bytes, limits: Limits | None = None) -> Part:
    part = Part(Locator.of_file("/t/faces.joblib"), BytesPayload(data), Surroundings(("faces.joblib",)))
    (inner,) = ZlibStream().parts(part, "application/zlib", limits or Limits())
    assert isinstance(inner, Part)
    return inner


def test_the_content_is_one_part() -> None:
    """What it unpacks to is a part inside, with the name of the file around it."""
    inner = unpacked(zlib.compress(TEXT))
    assert inner.payload.read() == TEXT
    assert inner.surroundings.names == ("content", "faces.joblib")
    assert inner.locator.path[1:] == ("content",)


@pytest.mark.parametrize("data", [zlib.compress(TEXT)[:-9], zlib.compress(TEXT)[:20], b"x\x9c"])
def test_a_stream_cut_off_is_refused(data: bytes) -> None:
    """Part of a stream is no content."""
    with pytest.raises(FormatError, match="cut off"):
        unpacked(data)


def test_a_damaged_stream_is_refused() -> None:
    """A wrong checksum is an error."""
    with pytest.raises(FormatError, match="damaged"):
        unpacked(zlib.compress(TEXT)[:-1] + b"\0")


def test_a_bomb_is_stopped() -> None:
    """A stream of zeros is stopped at the limit, however large it would become."""
    with pytest.raises(LimitExceededError):
        unpacked(zlib.compress(bytes(50 << 20)), Limits(unpacked_bytes=1 << 20))
