"""Fragments of removed values as keyed digests: what is found in files, and what is not kept."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from efface.engines.keyed_fragments import KeyedFragments

VALUE = random.Random(1).randbytes(2048)
CHUNK = 1 << 22  # bytes of a file that are read at once


def found(fragments: KeyedFragments, path: Path, data: bytes) -> int:
    path.write_bytes(data)
    return fragments.found_in([path])


@pytest.mark.parametrize("offset", [0, 1, 7, 8, 13, CHUNK - 700, CHUNK - 1, CHUNK + 3])
def test_pieces_are_found_at_any_offset(tmp_path: Path, offset: int) -> None:
    """Also across the places where a file is read in pieces."""
    fragments = KeyedFragments()
    fragments.add(VALUE)
    data = random.Random(2).randbytes(offset) + VALUE + random.Random(3).randbytes(99)
    assert len(fragments) == 4
    assert found(fragments, tmp_path / "file", data) == 4


def test_a_planted_leftover_is_found(tmp_path: Path) -> None:
    """One piece of one value, in the middle of anything else."""
    fragments = KeyedFragments(per_value=None)
    fragments.add(VALUE)
    data = bytearray(random.Random(4).randbytes(100_000))
    assert found(fragments, tmp_path / "file", bytes(data)) == 0
    data[77_777 : 77_777 + 32] = VALUE[160:192]
    assert found(fragments, tmp_path / "file", bytes(data)) == 2


def test_words_and_padding_are_no_pieces(tmp_path: Path) -> None:
    """They may stand elsewhere with every right."""
    fragments = KeyedFragments()
    fragments.add(bytes(4096))
    fragments.add_text("a remark about somebody, in words, that is long enough to hold several pieces")
    assert len(fragments) == 0
    assert found(fragments, tmp_path / "file", bytes(4096)) == 0


def test_coded_runs_of_a_text_are_pieces(tmp_path: Path) -> None:
    """Numbers between commas, as a vector in a text is stored."""
    text = ",".join(f"{number / 977:.8f}" for number in range(1, 600))
    fragments = KeyedFragments()
    fragments.add_text(text)
    assert len(fragments) == 4
    assert found(fragments, tmp_path / "file", b"x" + text.encode()) == 4


@pytest.mark.parametrize("size", [*range(26), CHUNK + 3])
def test_a_file_may_be_as_short_as_it_likes(tmp_path: Path, size: int) -> None:
    """Shorter than a piece it holds none; a piece at its very end is found."""
    fragments = KeyedFragments(per_value=None)
    fragments.add(VALUE[:16])
    assert found(fragments, tmp_path / "file", random.Random(5).randbytes(size)) == 0
    assert found(fragments, tmp_path / "file", random.Random(5).randbytes(size) + VALUE[:16]) == 1


def test_a_file_that_is_gone_holds_nothing_and_one_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """A server takes files away at any time; a file that is there and was not searched must be told."""
    fragments = KeyedFragments()
    fragments.add(VALUE)
    assert fragments.found_in([tmp_path / "nowhere"]) == 0
    with pytest.raises(OSError, match="directory"):
        fragments.found_in([tmp_path])


def test_nothing_of_a_value_is_kept() -> None:
    """Neither the printed form nor anything inside holds a piece, and two keys give two sets of digests."""
    one, two = KeyedFragments(), KeyedFragments()
    for fragments in (one, two):
        fragments.add(VALUE)
        inside = b"".join(fragments._digests) + repr(fragments._sums).encode() + repr(fragments).encode()
        assert not any(VALUE[at : at + 8] in inside for at in range(len(VALUE) - 8))
    assert not one._digests & two._digests
    assert not one._sums & two._sums


def test_there_is_a_bound(tmp_path: Path) -> None:
    """More values than the bound are not remembered, and the memory stays what it was."""
    fragments = KeyedFragments(most=10)
    for seed in range(9):
        fragments.add(random.Random(seed).randbytes(640))
    assert len(fragments) == 10
