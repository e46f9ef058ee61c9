"""Signatures around a statement: a DSSE envelope, spelled in exactly one way.

The file is canonical JSON and one newline, the base64 is canonical, signatures are sorted by key and no
key signs twice: so any changed byte makes another file that is refused, not another spelling of this one.

Source: DSSE v1.0.2, protocol.md (pre-authentication encoding), envelope.md (JSON form).
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from efface.errors import EvidenceError
from efface.evidence import canonical
from efface.evidence.shapes import DIGEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.evidence.keys import SigningKey

__all__ = ["PAYLOAD_TYPE", "Envelope", "Signature", "cosign", "pae", "parse", "sign"]

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
_SIGNATURE_BYTES: Final = 64
_KEY_ID: Final = re.compile(DIGEST)


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature: which key, and 64 bytes of Ed25519."""

    key_id: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload, what kind of payload it says it is, and who signed it, sorted by key."""

    payload: bytes
    payload_type: str
    signatures: tuple[Signature, ...]

    def to_bytes(self) -> bytes:
        """Return the one form of the envelope as a file."""
        signatures = [{"keyid": s.key_id, "sig": _base64(s.value)} for s in self.signatures]
        members = {
            "payload": _base64(self.payload),
            "payloadType": self.payload_type,
            "signatures": signatures,
        }
        return canonical.dumps(members) + b"\n"


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return what is signed: the pre-authentication encoding of type and payload."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, signers: Sequence[SigningKey], payload_type: str = PAYLOAD_TYPE) -> bytes:
    """Return a new envelope around a statement, or around what else its type says.

    Raises:
        EvidenceError: Nobody signs, or one key signs twice.
    """
    message = pae(payload_type, payload)
    signatures = sorted((Signature(key.key_id, key.sign(message)) for key in signers), key=_key_id)
    _require_distinct(signatures)
    return Envelope(payload, payload_type, tuple(signatures)).to_bytes()


def cosign(data: bytes, signer: SigningKey) -> bytes:
    """Return an envelope with one more signature over the same payload.

    Raises:
        EvidenceError: The envelope is not well formed, or this key signed it already.
    """
    old = parse(data)
    added = Signature(signer.key_id, signer.sign(pae(old.payload_type, old.payload)))
    signatures = sorted((*old.signatures, added), key=_key_id)
    _require_distinct(signatures)
    return Envelope(old.payload, old.payload_type, tuple(signatures)).to_bytes()


def parse(data: bytes) -> Envelope:
    """Read an envelope without believing any of it.

    Raises:
        EvidenceError: It is not spelled as `to_bytes` spells it.
    """
    if not data.endswith(b"\n"):
        raise EvidenceError("expected one newline at the end of the envelope")
    members = canonical.loads(data[:-1])
    _require_members(members, {"payload", "payloadType", "signatures"})
    if not isinstance(members["payloadType"], str) or not isinstance(members["signatures"], list):
        raise EvidenceError("the envelope's members have the wrong types")
    signatures = tuple(_signature(item) for item in members["signatures"])
    _require_distinct(signatures)
    return Envelope(_unbase64(members["payload"]), members["payloadType"], signatures)


def _signature(item: object) -> Signature:
    members = _require_members(item, {"keyid", "sig"})
    key_id, value = members["keyid"], _unbase64(members["sig"])
    if not isinstance(key_id, str) or not _KEY_ID.fullmatch(key_id):
        raise EvidenceError("a key id is not a SHA-256 in hex")
    if len(value) != _SIGNATURE_BYTES:
        raise EvidenceError(f"expected a signature of {_SIGNATURE_BYTES} bytes, got {len(value)}")
    return Signature(key_id, value)


def _key_id(signature: Signature) -> str:
    return signature.key_id


def _require_distinct(signatures: Sequence[Signature]) -> None:
    ids = [signature.key_id for signature in signatures]
    if not ids or ids != sorted(set(ids)):
        raise EvidenceError("expected at least one signature, sorted by key id, each key once")


def _require_members(value: object, names: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != names:
        raise EvidenceError(f"expected an object of {', '.join(sorted(names))}")
    return value


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unbase64(text: object) -> bytes:
    if not isinstance(text, str) or not text.isascii():
        raise EvidenceError("expected base64")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise EvidenceError("expected base64") from None
    if _base64(data) != text:
        raise EvidenceError("expected canonical base64")
    return data
