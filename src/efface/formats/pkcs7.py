"""Take the message out of a signed S/MIME envelope, and tell that others are encrypted.

Source: RFC 5652, 3 (ContentInfo), 5.1 (SignedData), 6.1 (EnvelopedData), 8 (EncryptedData); RFC 8551, 3.
"""

from __future__ import annotations

import re

from efface.errors import EncryptedError, FormatError, UnsupportedError

__all__ = ["content", "is_pkcs7"]

_RSADSI = b"\x2a\x86\x48\x86\xf7\x0d\x01"
_DATA, _SIGNED = b"\x06\x09" + _RSADSI + b"\x07\x01", b"\x06\x09" + _RSADSI + b"\x07\x02"
_ENCRYPTED = tuple(b"\x06\x09" + _RSADSI + b"\x07" + bytes([last]) for last in (3, 4, 6))
_AUTH_ENVELOPED = b"\x06\x0b" + _RSADSI + b"\x09\x10\x01\x17"
_START = re.compile(
    rb"\x30(?:\x80|[\x0b-\x7f]|\x81.|\x82..|\x83...|\x84....)\x06[\x09\x0b]" + re.escape(_RSADSI), re.DOTALL
)
_MAX_CHUNKS = 1_000_000


def is_pkcs7(head: bytes) -> bool:
    """Return whether bytes begin as an envelope of S/MIME."""
    return bool(_START.match(head))


def content(data: bytes) -> bytes:
    """Return the content of a signed message; nothing where the signature stands apart from it.

    Raises:
        EncryptedError: It is encrypted.
        UnsupportedError: It is neither.
        FormatError: It is broken.
    """
    head = data[:64]
    if any(each in head for each in (*_ENCRYPTED, _AUTH_ENVELOPED)):
        raise EncryptedError("a message that is encrypted (S/MIME)")
    if _SIGNED not in head:
        raise UnsupportedError("an S/MIME envelope of a kind that is not opened")
    at = data.find(_DATA)
    if at < 0:
        raise FormatError("a signed message without content")
    at += len(_DATA)
    if data[at : at + 1] != b"\xa0":
        return b""
    at, _ = _length(data, at + 1)
    return b"".join(_strings(data, at))


def _strings(data: bytes, at: int) -> list[bytes]:
    """Return the pieces of an octet string, which may be made of others."""
    found = []
    for _ in range(_MAX_CHUNKS):
        tag = data[at : at + 1]
        if tag not in {b"\x04", b"\x24"}:
            break
        at, size = _length(data, at + 1)
        if tag == b"\x24":  # made of others, which follow
            continue
        found.append(data[at : at + size])
        at += size
    return found


def _length(data: bytes, at: int) -> tuple[int, int]:
    """Return where the content begins and how long it is; an indefinite length is 0."""
    first = data[at] if at < len(data) else 0
    if first < 0x80:
        return at + 1, first
    count = first & 0x7F
    return at + 1 + count, int.from_bytes(data[at + 1 : at + 1 + min(count, 8)], "big")
