"""A bundle is read without belief: whatever the bytes, the check answers, and only the bundle itself holds."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.errors import EvidenceError
from efface.evidence.keys import SigningKey
from efface.visits.bundle import read, write
from efface.visits.log import Log
from efface.visits.manifest import signed
from efface.visits.opening import check_bundle

KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
OPENED = {
    "kind": "opened",
    "visit": "0123456789abcdef",
    "tool_version": "0.1.0",
    "premises": "P",
    "people": [{"name": "A", "role": "b"}],
    "mandate": "M",
    "authorisation": "N",
    "clock_offset_s": None,
}


def _bundle() -> bytes:
    log = Log()
    log.take(log.line(OPENED))
    log.take(log.line({"kind": "note", "text": "x"}))
    log.take(log.line({"kind": "sealed", "number": 1, "key": KEY.key_id}))
    files = {"log.jsonl": log.data, "record.html": b"<p>"}
    return write({**files, "manifest.json": signed(files, log, KEY)})


BUNDLE = _bundle()


def test_the_bundle_of_these_tests_holds() -> None:
    """What is broken below was whole."""
    assert check_bundle(BUNDLE, [KEY.public]).sealing


@given(at=st.integers(0, len(BUNDLE) - 1), bits=st.integers(1, 255))
@settings(max_examples=300, deadline=None)
def test_no_changed_byte_passes(at: int, bits: int) -> None:
    """In names, sizes, checksums, flags, directory or content."""
    data = bytearray(BUNDLE)
    data[at] ^= bits
    assert check_bundle(bytes(data), [KEY.public]).sealing is None


@given(at=st.integers(0, len(BUNDLE)), cut=st.integers(0, 64), put=st.binary(max_size=64))
@settings(max_examples=300, deadline=None)
def test_no_cut_or_inserted_bytes_pass(at: int, cut: int, put: bytes) -> None:
    """Before, after and between."""
    data = BUNDLE[:at] + put + BUNDLE[at + cut :]
    assert (check_bundle(data, [KEY.public]).sealing is None) == (data != BUNDLE)


@given(data=st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_what_is_no_bundle_is_refused(data: bytes) -> None:
    """With the end of a ZIP, too."""
    for each in (data, data + BUNDLE[-22:]):
        with pytest.raises(EvidenceError):
            read(each)
