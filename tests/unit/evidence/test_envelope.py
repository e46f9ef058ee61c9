"""Signatures around a statement."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.dsse import Envelope as OtherEnvelope
from securesystemslib.signer import SSlibKey

from efface.errors import EvidenceError
from efface.evidence import canonical, envelope
from efface.evidence.keys import SigningKey

KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
SECOND = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\1"))
SIGNED = envelope.sign(b'{"a":1}', (KEY,))


def test_pae():
    """What is signed is the example of the DSSE protocol."""
    expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert envelope.pae("http://example.com/HelloWorld", b"hello world") == expected


def test_round_trip():
    """An envelope reads back, and writes as the same bytes."""
    parsed = envelope.parse(SIGNED)
    assert (parsed.payload, parsed.payload_type) == (b'{"a":1}', "application/vnd.in-toto+json")
    assert parsed.to_bytes() == SIGNED


def test_other_implementation_accepts():
    """An implementation that is not ours verifies our envelope."""
    other = OtherEnvelope.from_dict(json.loads(SIGNED))
    key = SSlibKey.from_crypto(KEY._key.public_key(), keyid=KEY.key_id)
    assert set(other.verify([key], 1)) == {KEY.key_id}


def test_several_signers():
    """Several keys sign one payload, in one order whoever signs first."""
    both = envelope.sign(b"{}", (KEY, SECOND))
    assert both == envelope.sign(b"{}", (SECOND, KEY))
    assert both == envelope.cosign(envelope.sign(b"{}", (SECOND,)), KEY)


def test_nobody_or_twice_is_refused():
    """An envelope without a signature, or with two of one key, is not made."""
    for signers in ((), (KEY, KEY)):
        with pytest.raises(EvidenceError):
            envelope.sign(b"{}", signers)
    with pytest.raises(EvidenceError):
        envelope.cosign(SIGNED, KEY)


def changed(**members):
    value = canonical.loads(SIGNED[:-1]) | members
    return canonical.dumps({name: item for name, item in value.items() if item is not None}) + b"\n"


ONE = canonical.loads(SIGNED[:-1])["signatures"][0]
REFUSED = {
    "nothing": b"",
    "no newline at the end": SIGNED[:-1],
    "two newlines at the end": SIGNED + b"\n",
    "a carriage return": SIGNED[:-1] + b"\r\n",
    "a space at the beginning": b" " + SIGNED,
    "a list": b"[]\n",
    "a member more": changed(more=1),
    "a member less": changed(payloadType=None),
    "a payload that is no base64": changed(payload="?"),
    "a payload in URL-safe base64": changed(payload="-_-_"),
    "a payload with unused bits set": changed(payload="eyJhIjoxfR=="),
    "a payload with a line break": changed(payload="eyJh\nIjoxfQ=="),
    "a payload that is a number": changed(payload=1),
    "a type that is a number": changed(payloadType=1),
    "signatures that are no list": changed(signatures={}),
    "no signature": changed(signatures=[]),
    "a signature that is a text": changed(signatures=["x"]),
    "a signature without a key": changed(signatures=[{"sig": ONE["sig"]}]),
    "a signature with more": changed(signatures=[{**ONE, "cert": ""}]),
    "a key id in upper case": changed(signatures=[{**ONE, "keyid": ONE["keyid"].upper()}]),
    "a key id that is empty": changed(signatures=[{**ONE, "keyid": ""}]),
    "a key id that is a number": changed(signatures=[{**ONE, "keyid": 1}]),
    "a signature of 63 bytes": changed(signatures=[{**ONE, "sig": "A" * 84}]),
    "one key twice": changed(signatures=[ONE, ONE]),
    "signatures out of order": changed(signatures=[{**ONE, "keyid": "f" * 64}, {**ONE, "keyid": "0" * 64}]),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_refused(data):
    """An envelope that is not spelled in its one way is refused."""
    with pytest.raises(EvidenceError):
        envelope.parse(data)
