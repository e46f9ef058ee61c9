"""A second person stands by a certificate, and a key that was lost is believed no longer."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from efface.errors import AccessError, EvidenceError, UsageError
from efface.evidence import envelope
from efface.evidence.certificate import countersign
from efface.evidence.check import check
from efface.evidence.keys import SigningKey, load_revoked
from efface.testing.ledgers import office_story

OWNER, INSPECTOR, COURT = (
    SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(31) + bytes([n]))) for n in range(3)
)
CERTIFICATE = office_story().certificate(OWNER)
BOTH = countersign(CERTIFICATE, INSPECTOR, [OWNER.public])


def test_a_countersigned_certificate_holds_for_who_trusts_both() -> None:
    """The statement is the same, and both keys are named."""
    report = check(BOTH, [OWNER.public, INSPECTOR.public])
    assert report.certificate.key_ids == tuple(sorted([OWNER.key_id, INSPECTOR.key_id]))
    assert envelope.parse(BOTH).payload == envelope.parse(CERTIFICATE).payload


@pytest.mark.parametrize(
    "trusted", [[OWNER.public], [INSPECTOR.public], []], ids=["owner", "inspector", "nobody"]
)
def test_it_does_not_hold_for_who_trusts_one(trusted) -> None:
    """Every signer must be trusted: nobody attaches himself to a certificate."""
    assert check(BOTH, trusted).failed.number == 3


def test_the_order_of_signing_leaves_no_trace() -> None:
    """Three signers give one file, whoever of the two came second."""
    one = countersign(BOTH, COURT, [OWNER.public, INSPECTOR.public])
    two = countersign(
        countersign(CERTIFICATE, COURT, [OWNER.public]), INSPECTOR, [OWNER.public, COURT.public]
    )
    assert one == two


def test_nobody_signs_twice() -> None:
    """A second signature of one key would look like a second person."""
    with pytest.raises(UsageError, match="already"):
        countersign(BOTH, OWNER, [OWNER.public, INSPECTOR.public])


REFUSED = {
    "a certificate that was changed": (CERTIFICATE.replace(b"sig", b"sog"), [OWNER.public], frozenset()),
    "a certificate of a stranger": (CERTIFICATE, [COURT.public], frozenset()),
    "a certificate of a revoked key": (CERTIFICATE, [OWNER.public], frozenset([OWNER.key_id])),
    "with a revoked key of one's own": (CERTIFICATE, [OWNER.public], frozenset([INSPECTOR.key_id])),
}


@pytest.mark.parametrize(("data", "trusted", "revoked"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_hold_is_not_countersigned(data, trusted, revoked) -> None:
    """Nobody lends his name to a certificate that a check refuses."""
    with pytest.raises(EvidenceError, match="not countersigned: step"):
        countersign(data, INSPECTOR, trusted, revoked)


@pytest.mark.parametrize("key", [OWNER, INSPECTOR], ids=["the issuer", "the countersigner"])
def test_a_revoked_key_is_not_trusted(key) -> None:
    """Whatever the certificate says of when it was signed: the time is the word of whoever held the key."""
    failed = check(BOTH, [OWNER.public, INSPECTOR.public], frozenset([key.key_id])).failed
    assert (failed.number, failed.reason) == (3, f"the key {key.key_id} is revoked")


def test_an_unrelated_revocation_changes_nothing() -> None:
    """A list may name many keys; a certificate that none of them signed holds."""
    assert check(CERTIFICATE, [OWNER.public], frozenset([COURT.key_id])).ok


def test_a_list_of_revoked_keys(tmp_path) -> None:
    """One id a line, and remarks."""
    path = tmp_path / "revoked"
    path.write_text(f"# 遗失\n\n{OWNER.key_id}\n{COURT.key_id}  stolen 2026-11-20\n", encoding="utf-8")
    assert load_revoked(path) == {OWNER.key_id, COURT.key_id}


FAULTY = {
    "an id that is too short": OWNER.key_id[:-1],
    "an id in capitals": OWNER.key_id.upper(),
    "a key instead of its id": OWNER.public.pem().decode(),
    "a remark without a mark": "stolen: " + OWNER.key_id,
}


@pytest.mark.parametrize("text", FAULTY.values(), ids=FAULTY)
def test_a_slip_in_the_list_is_refused(tmp_path, text) -> None:
    """A key that was meant to be revoked does not pass because of a slip of the pen."""
    path = tmp_path / "revoked"
    path.write_text(text)
    with pytest.raises(UsageError, match="line 1"):
        load_revoked(path)


def test_a_list_that_cannot_be_read_is_refused(tmp_path) -> None:
    """No list is not an empty list."""
    with pytest.raises(AccessError):
        load_revoked(tmp_path / "none")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="UTF-8"):
        load_revoked(tmp_path / "binary")
