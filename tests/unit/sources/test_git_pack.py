"""Packs of git outside a repository."""

from __future__ import annotations

import zlib

import pytest

from efface.errors import FormatError, LimitExceededError
from efface.model import Gap, GapReason, Limits, Locator, Part, Surroundings
from efface.sources.git_pack import GitPack
from efface.sources.payloads import BytesPayload

_CONTENT = bytes(range(256)) * 3


def _stored(kind: int, content: bytes, before: bytes = b"") -> bytes:
    size = len(content)
    return (
        bytes([0x80 | kind << 4 | size & 15, 0x80 | size >> 4 & 0x7F, size >> 11])
        + before
        + zlib.compress(content)
    )


def _pack(*objects: bytes, count: int | None = None) -> bytes:
    number = len(objects) if count is None else count
    return b"PACK\0\0\0\2" + number.to_bytes(4, "big") + b"".join(objects) + bytes(20)


def _inside(data: bytes, limits: Limits | None = None) -> list[bytes | GapReason]:
    part = Part(Locator.of_file("/p.pack"), BytesPayload(data), Surroundings(("p.pack",)))
    found: list[bytes | GapReason] = []
    for inner in GitPack().parts(part, "application/x-git-pack", limits or Limits()):
        if isinstance(inner, Part):
            found.append(inner.payload.read())
        elif isinstance(inner, Gap):
            found.append(inner.reason)
    return found


def test_files_that_are_stored_whole_come_out() -> None:
    """Commits and folders are passed over; what stands behind them is found all the same."""
    assert _inside(_pack(_stored(1, b"tree x"), _stored(3, _CONTENT), _stored(2, b"y"))) == [_CONTENT]


@pytest.mark.parametrize(("kind", "before"), [(6, b"\x81\x05"), (7, bytes(20))], ids=["by offset", "by name"])
def test_differences_are_a_gap(kind: int, before: bytes) -> None:
    """What is stored as a difference is said not to be looked at, and the rest is."""
    assert _inside(_pack(_stored(kind, b"delta", before), _stored(3, _CONTENT))) == [
        _CONTENT,
        GapReason.UNSUPPORTED,
    ]


@pytest.mark.parametrize(
    "data",
    [_pack(_stored(3, _CONTENT))[:60], _pack(count=3), b"PACK\0\0\0\2", _pack(b"\x30not zlib")],
    ids=["cut off in an object", "fewer objects than it says", "cut off in its start", "no zlib stream"],
)
def test_damage_is_told(data: bytes) -> None:
    """A pack that does not hold what it says is no clean pack."""
    with pytest.raises(FormatError):
        _inside(data)


def test_bombs_are_over_the_limit() -> None:
    """An object that unpacks beyond the limits, or more objects than allowed, end the reading."""
    with pytest.raises(LimitExceededError):
        _inside(_pack(_stored(3, bytes(100_000))), Limits(artefact_bytes=1 << 14))
    with pytest.raises(LimitExceededError):
        _inside(_pack(*[_stored(3, b"a")] * 9), Limits(entries=5))
