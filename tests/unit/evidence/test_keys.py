"""Key pairs in files."""

from __future__ import annotations

import hashlib
import stat

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from efface.errors import AccessError, EvidenceError, UsageError
from efface.evidence import keys

SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
SIGNATURE = bytes.fromhex(
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
    "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
)
KEY = keys.SigningKey(Ed25519PrivateKey.from_private_bytes(SEED))


def test_known_signature():
    """The signature of the empty message is that of RFC 8032, 7.1, test 1."""
    assert KEY.sign(b"") == SIGNATURE
    assert KEY.public.verifies(SIGNATURE, b"")


def test_changed_signature_is_refused():
    """A signature over other data, of another length or of nothing does not verify."""
    assert not KEY.public.verifies(SIGNATURE, b"x")
    assert not KEY.public.verifies(SIGNATURE[:-1], b"")
    assert not KEY.public.verifies(b"", b"")


def test_id_is_fingerprint():
    """A key's id is the SHA-256 of its SubjectPublicKeyInfo."""
    assert KEY.key_id == hashlib.sha256(KEY.public.der).hexdigest() == KEY.public.key_id


def test_private_half_is_not_printed():
    """The printed form of a signing key holds its id only."""
    assert repr(KEY) == f"SigningKey({KEY.key_id})"


def test_round_trip(tmp_path):
    """A saved pair loads as the same pair, and the private file is its owner's only."""
    keys.save_private(KEY, tmp_path / "key")
    keys.save_public(KEY.public, tmp_path / "key.pub")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert keys.load_private(tmp_path / "key").key_id == KEY.key_id
    assert keys.load_public(tmp_path / "key.pub") == KEY.public


def test_passphrase_round_trip(tmp_path):
    """An encrypted key opens with its passphrase, which can come from the environment."""
    passphrase = keys.passphrase_from_environment("P", {"P": "correct horse"})
    keys.save_private(KEY, tmp_path / "key", passphrase)
    assert keys.load_private(tmp_path / "key", passphrase).key_id == KEY.key_id
    assert SEED not in (tmp_path / "key").read_bytes()


def test_passphrase_is_not_asked_without_need(tmp_path):
    """A key in clear never asks for a passphrase."""
    keys.save_private(KEY, tmp_path / "key")
    keys.load_private(tmp_path / "key", lambda: pytest.fail("asked"))


@pytest.mark.parametrize("passphrase", [None, lambda: b"wrong"], ids=["missing", "wrong"])
def test_passphrase_is_needed(tmp_path, passphrase):
    """An encrypted key does not open without its passphrase."""
    keys.save_private(KEY, tmp_path / "key", lambda: b"right")
    with pytest.raises(UsageError):
        keys.load_private(tmp_path / "key", passphrase)


def test_empty_passphrase_is_refused(tmp_path):
    """An empty passphrase, or a variable that is not set, never makes a key in clear."""
    with pytest.raises(UsageError, match="empty"):
        keys.save_private(KEY, tmp_path / "key", lambda: b"")
    with pytest.raises(UsageError, match="PASS"):
        keys.save_private(KEY, tmp_path / "key", keys.passphrase_from_environment("PASS", {}))
    assert not (tmp_path / "key").exists()


def test_nothing_is_overwritten(tmp_path):
    """A file that exists is never overwritten by a key, nor is a link followed."""
    (tmp_path / "key").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for save, key in ((keys.save_private, KEY), (keys.save_public, KEY.public)):
        with pytest.raises(UsageError, match="exists"):
            save(key, tmp_path / "key")
        with pytest.raises(UsageError, match="exists"):
            save(key, tmp_path / "link")
    assert (tmp_path / "key").read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601], ids=oct)
def test_file_open_to_others_is_refused(tmp_path, mode):
    """A private key that others than its owner can read, write or run is refused."""
    keys.save_private(KEY, tmp_path / "key")
    (tmp_path / "key").chmod(mode)
    with pytest.raises(UsageError, match="others"):
        keys.load_private(tmp_path / "key")


def pem_of_another_kind() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.parametrize("data", [b"", b"\xff" * 100, b"x" * 20_000, pem_of_another_kind(), KEY.public.pem()])
def test_file_without_private_key_is_refused(tmp_path, data):
    """A file that is empty, random, large, of another kind of key or public is no private key."""
    (tmp_path / "key").write_bytes(data)
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(EvidenceError):
        keys.load_private(tmp_path / "key")


@pytest.mark.parametrize("data", [b"", b"\xff" * 100, b"x" * 20_000, KEY.pem()])
def test_file_without_public_key_is_refused(tmp_path, data):
    """A file that is empty, random, large or private is no public key."""
    (tmp_path / "key").write_bytes(data)
    with pytest.raises(EvidenceError):
        keys.load_public(tmp_path / "key")


def test_public_key_of_another_kind_is_refused():
    """A public key that is not Ed25519, or no key, is refused."""
    der, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    other = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(der, form)
    for data in (other, b"", b"0" * 44):
        with pytest.raises(EvidenceError):
            keys.PublicKey(data)


def test_missing_file(tmp_path):
    """A missing file or folder is an error of access."""
    with pytest.raises(AccessError):
        keys.load_private(tmp_path / "none")
    with pytest.raises(AccessError):
        keys.save_private(KEY, tmp_path / "none" / "key")
