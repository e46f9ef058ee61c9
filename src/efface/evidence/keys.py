"""Ed25519 key pairs in files: PEM, PKCS #8 for the private half, with a passphrase if wanted.

A key's id is the SHA-256 of its public half as DER SubjectPublicKeyInfo, so an id is the key's
fingerprint and cannot be chosen.

A key that was lost or stolen is named by its id in a list of revoked keys, which whoever checks keeps beside
the public keys that he trusts.

Source: RFC 8032 (Ed25519), RFC 8410 (its PKCS #8 and SubjectPublicKeyInfo).
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from efface.errors import AccessError, EvidenceError, UsageError
from efface.evidence.shapes import DIGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Passphrase = Callable[[], bytes]

__all__ = [
    "PublicKey",
    "SigningKey",
    "load_private",
    "load_public",
    "load_revoked",
    "passphrase_from_environment",
    "save_private",
    "save_public",
]

_MAX_FILE_BYTES: Final = 16 * 1024
_MAX_LIST_BYTES: Final = 1024 * 1024
_KEY_ID: Final = re.compile(DIGEST)
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class PublicKey:
    """The half that is given to those who check."""

    der: bytes
    key_id: str = field(init=False)

    def __post_init__(self) -> None:
        _ed25519_public(self.der)
        object.__setattr__(self, "key_id", hashlib.sha256(self.der).hexdigest())

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Return whether a signature over data was made by the private half."""
        try:
            _ed25519_public(self.der).verify(signature, data)
        except InvalidSignature:
            return False
        return True

    def pem(self) -> bytes:
        """Return the key as PEM."""
        pem, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        return _ed25519_public(self.der).public_bytes(pem, form)


class SigningKey:
    """The half that signs; its printed form shows the key's id only."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        der, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        self.public = PublicKey(key.public_key().public_bytes(der, form))

    def __repr__(self) -> str:
        return f"SigningKey({self.key_id})"

    @classmethod
    def new(cls) -> SigningKey:
        """Return a fresh key."""
        return cls(Ed25519PrivateKey.generate())

    @property
    def key_id(self) -> str:
        """The key's fingerprint."""
        return self.public.key_id

    def sign(self, data: bytes) -> bytes:
        """Return the signature over data, 64 bytes."""
        return self._key.sign(data)

    def pem(self, passphrase: bytes | None = None) -> bytes:
        """Return the private key as PEM, encrypted where a passphrase is given."""
        encryption = (
            serialization.NoEncryption()
            if passphrase is None
            else serialization.BestAvailableEncryption(passphrase)
        )
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
        )


def _ed25519_public(der: bytes) -> Ed25519PublicKey:
    try:
        key = serialization.load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise EvidenceError("not a public key") from None
    if not isinstance(key, Ed25519PublicKey):
        raise EvidenceError("not an Ed25519 key")
    return key


def passphrase_from_environment(name: str, environment: Mapping[str, str] = os.environ) -> Passphrase:
    """Return a source of the passphrase that an environment variable holds.

    Raises:
        UsageError: When asked, the variable is not set or empty.
    """

    def passphrase() -> bytes:
        if not (value := environment.get(name, "")):
            raise UsageError(f"the environment variable {name} holds no passphrase")
        return value.encode()

    return passphrase


def save_private(key: SigningKey, path: Path, passphrase: Passphrase | None = None) -> None:
    """Write the private key to a new file that only its owner can read.

    Raises:
        UsageError: The file exists, or the passphrase is empty.
        AccessError: It cannot be written.
    """
    secret = None if passphrase is None else passphrase()
    if secret is not None and not secret:
        raise UsageError("the passphrase is empty")
    _save(path, key.pem(secret), 0o600)


def save_public(key: PublicKey, path: Path) -> None:
    """Write the public key to a new file.

    Raises:
        UsageError: The file exists.
        AccessError: It cannot be written.
    """
    _save(path, key.pem(), 0o644)


def load_private(path: Path, passphrase: Passphrase | None = None) -> SigningKey:
    """Read a private key; the passphrase is asked for only where the file is encrypted.

    Raises:
        UsageError: Others than the owner can read the file, or the passphrase is missing or wrong.
        AccessError: It cannot be read.
        EvidenceError: It holds no Ed25519 private key.
    """
    data = _load(path, private=True)
    secret = None
    if b"ENCRYPTED" in data:
        if passphrase is None:
            raise UsageError(f"{path} is encrypted and no passphrase was given")
        secret = passphrase()
    try:
        key = serialization.load_pem_private_key(data, secret)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        if secret is not None:
            raise UsageError(f"{path} does not open with this passphrase") from None
        raise EvidenceError(f"{path} holds no private key in PEM") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise EvidenceError(f"{path} holds a private key that is not Ed25519")
    return SigningKey(key)


def load_public(path: Path) -> PublicKey:
    """Read a public key.

    Raises:
        AccessError: It cannot be read.
        EvidenceError: It holds no Ed25519 public key.
    """
    try:
        key = serialization.load_pem_public_key(_load(path, private=False))
    except (ValueError, UnsupportedAlgorithm):
        raise EvidenceError(f"{path} holds no public key in PEM") from None
    der, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return PublicKey(key.public_bytes(der, form))


def load_revoked(path: Path) -> frozenset[str]:
    """Read a list of revoked keys: one key id a line, then a remark; empty lines and `#` lines are remarks.

    Raises:
        UsageError: A line begins with anything else, or the list is not UTF-8: a key that was meant to be
            revoked must not pass because of a slip.
        AccessError: It cannot be read.
    """
    try:
        lines = _load(path, private=False, most_bytes=_MAX_LIST_BYTES).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no list of revoked keys: not UTF-8") from None
    found = set()
    for number, line in enumerate(lines, start=1):
        name = (line.split(maxsplit=1) or ["#"])[0]
        if name.startswith("#"):
            continue
        if not _KEY_ID.fullmatch(name):
            raise UsageError(
                f"{path}, line {number}: expected the id of a key, 64 hex digits",
                to_do="`efface keys show KEY.pub` prints a key's id.",
            )
        found.add(name)
    return frozenset(found)


def _save(path: Path, data: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise UsageError(f"{path} exists and is not overwritten") from None
    except OSError as error:
        raise AccessError(f"{path} cannot be written: {error.strerror}") from error


def _load(path: Path, *, private: bool, most_bytes: int = _MAX_FILE_BYTES) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(most_bytes + 1)
    except OSError as error:
        raise AccessError(f"{path} cannot be read: {error.strerror}") from error
    if private and os.name == "posix" and mode & _OTHERS:
        raise UsageError(
            f"{path} can be read by others than its owner",
            to_do=f"Run `chmod 600 {path}`; or make a new key.",
        )
    if len(data) > most_bytes:
        raise EvidenceError(f"{path} is not read: more than {most_bytes} bytes")
    return data
