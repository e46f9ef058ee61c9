"""A certificate in which anything was changed is refused."""

from __future__ import annotations

from collections import Counter

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.evidence.check import check
from efface.evidence.keys import SigningKey
from efface.testing.ledgers import small_story

KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
TRUSTED = [KEY.public]
CERTIFICATE = small_story().certificate(KEY)


def refused_by(data: bytes) -> int:
    """Return the step that refuses, or 0."""
    failed = check(data, TRUSTED).failed
    return failed.number if failed else 0


def test_unchanged_passes():
    """The certificate passes before it is changed."""
    assert refused_by(CERTIFICATE) == 0


@pytest.mark.parametrize("mask", [0x01, 0x20, 0x80], ids=["lowest bit", "case", "highest bit"])
def test_every_byte_flipped_is_refused(mask):
    """One bit flipped in any byte of the file is refused by one of the first four steps."""
    changed, steps = bytearray(CERTIFICATE), Counter[int]()
    for place in range(len(changed)):
        changed[place] ^= mask
        steps[refused_by(bytes(changed))] += 1
        changed[place] ^= mask
    assert steps.total() == len(CERTIFICATE)
    assert set(steps) <= {1, 2, 3, 4}
    assert bytes(changed) == CERTIFICATE


@given(st.integers(0, len(CERTIFICATE) - 1), st.integers(1, 255))
@settings(max_examples=1000)
def test_any_byte_replaced_is_refused(place, mask):
    """Any other byte at any place is refused."""
    changed = bytearray(CERTIFICATE)
    changed[place] ^= mask
    assert refused_by(bytes(changed)) in {1, 2, 3, 4}


@given(st.integers(0, len(CERTIFICATE)), st.binary(max_size=8), st.integers(0, 8))
@settings(max_examples=500)
def test_any_insertion_or_deletion_is_refused(place, inserted, deleted):
    """Bytes put in, taken out or both are refused, unless the file is as it was."""
    changed = CERTIFICATE[:place] + inserted + CERTIFICATE[place + deleted :]
    assert (refused_by(changed) == 0) == (changed == CERTIFICATE)


@given(st.integers(0, len(CERTIFICATE) - 1))
@settings(max_examples=200)
def test_any_beginning_is_refused(length):
    """A file that was cut anywhere is refused."""
    assert refused_by(CERTIFICATE[:length]) == 1
