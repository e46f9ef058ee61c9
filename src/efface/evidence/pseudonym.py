"""Keyed names for places, findings and contents, which only the owner of the run's secret can open.

A file's name may hold a person's name and a plain hash of a picture identifies the picture, so the
ledger and the certificate hold neither. They hold HMAC-SHA256 under 32 random bytes that stay in the
run file: without the secret, not even a right guess of the name or the picture can be confirmed.

Source: RFC 2104 (HMAC), 5 (truncation to no less than half); ISO/IEC 24745 (renewable references).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from efface.errors import EvidenceError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["SECRET_BYTES", "Domain", "Pseudonyms", "new_secret"]

SECRET_BYTES: Final = 32
_REF_BYTES: Final = 16


class Domain(StrEnum):
    """What is named; one text has another pseudonym in each domain."""

    TARGET = "target"
    FINDING = "finding"
    GAP = "gap"
    SYSTEM = "system"
    PERSON = "person"


def new_secret() -> bytes:
    """Return a fresh secret for one run."""
    return secrets.token_bytes(SECRET_BYTES)


class Pseudonyms:
    """The keyed names of one run; its printed form shows nothing of the secret."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SECRET_BYTES:
            raise EvidenceError(f"expected a secret of {SECRET_BYTES} bytes, got {len(secret)}")
        self._secret = secret

    def ref(self, domain: Domain, text: str) -> str:
        """Return the pseudonym of a name: 32 hex digits (128 bits).

        Args:
            domain: What is named.
            text: A locator's URI or a finding's id; lone surrogates of undecodable names are allowed.
        """
        message = b"efface/ref/v1\0" + domain.value.encode() + b"\0" + text.encode("utf-8", "surrogatepass")
        return hmac.digest(self._secret, message, "sha256")[:_REF_BYTES].hex()

    def content(self, chunks: Iterable[bytes]) -> str:
        """Return the keyed digest of a content: 64 hex digits (256 bits).

        It is not shortened, since the owner, who knows the secret, must not find two contents for one.
        """
        digest = hmac.new(self._secret, b"efface/content/v1\0", hashlib.sha256)
        for chunk in chunks:
            digest.update(chunk)
        return digest.hexdigest()

    def opens(self, ref: str, domain: Domain, text: str) -> bool:
        """Return whether a pseudonym stands for a name."""
        return hmac.compare_digest(ref.encode(), self.ref(domain, text).encode())
