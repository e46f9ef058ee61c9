"""Encrypt for the holder of an age key, with the optional library pyrage; nothing here can decrypt.

Source: the age file format, age-encryption.org/v1 (X25519 recipients).
"""

from __future__ import annotations

import re
from typing import Any, Final

from efface.errors import UnsupportedError, UsageError

__all__ = ["encrypted", "refuse_recipient"]

_RECIPIENT: Final = re.compile(r"age1[02-9ac-hj-np-z]{58}")
"""`age1` and 52 characters of bech32 for 32 bytes, with 6 of checksum."""


def _library() -> Any:  # noqa: ANN401 - it has no types
    try:
        import pyrage  # noqa: PLC0415 - optional
    except ImportError:
        raise UnsupportedError(
            "sealing needs the library pyrage", to_do="Install efface[quarantine], or remove without it."
        ) from None
    return pyrage


def refuse_recipient(text: str) -> None:
    """Refuse what is no public key of age; a private key is refused without a word of it.

    Raises:
        UsageError: It is none.
        UnsupportedError: The library is missing.
    """
    to_do = (
        "Give the public key that `age-keygen` prints; it begins with age1. The private key stays with you."
    )
    if not _RECIPIENT.fullmatch(text):
        raise UsageError("--recipient is no public key of age", to_do=to_do)
    library = _library()
    try:
        library.x25519.Recipient.from_str(text)
    except library.RecipientError:
        raise UsageError("--recipient is no public key of age: its checksum is wrong", to_do=to_do) from None


def encrypted(data: bytes, recipient: str) -> bytes:
    """Return data as an age file that only the holder of the recipient's private key can read.

    Limits: data and result are in memory at a time.

    Raises:
        UnsupportedError: The library is missing.
    """
    library = _library()
    sealed: bytes = library.encrypt(data, [library.x25519.Recipient.from_str(recipient)])
    return sealed
