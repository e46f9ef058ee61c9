"""A time stamping authority that is nobody's: certificates made here, answers given by `openssl ts`.

`restamped` makes what no honest authority gives: it changes an answer and signs it anew.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

__all__ = ["OPENSSL", "POLICY", "Authority", "issued", "restamped"]

OPENSSL = shutil.which("openssl")
POLICY = "1.2.3.4.1"
"""The policy that an authority here stamps under, unless it is asked for another one."""

_CONFIGURATION = """[tsa]
default_tsa = here
[here]
serial = {folder}/serial
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.2
digests = {digests}
signer_digest = sha256
accuracy = {accuracy}
ess_cert_id_alg = {naming}
"""

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def issued(  # noqa: PLR0913 - what certificates differ in
    name: str,
    key: Key,
    by: tuple[x509.Certificate, Key] | None = None,
    *,
    vouches: bool = False,
    usage: Sequence[x509.ObjectIdentifier] = (),
    critical: bool = True,
    days: tuple[float, float] = (-30, 30),
) -> x509.Certificate:
    """Return a certificate.

    Args:
        name: Common name.
        key: Its key.
        by: Who issues it; itself where there is none.
        vouches: Whether it may issue others.
        usage: What its key, or those below it, may be used for; anything where nothing is named.
        critical: Whether who does not know the usage must refuse it.
        days: From when to when it is valid, in days from now.
    """
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signer = (by[0].subject, by[1]) if by else (subject, key)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now + timedelta(days[0]))
        .not_valid_after(now + timedelta(days[1]))
        .add_extension(x509.BasicConstraints(vouches, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=critical)
    marks = x509.KeyUsage(
        digital_signature=not vouches,
        key_cert_sign=vouches,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return builder.add_extension(marks, critical=True).sign(signer, hashes.SHA256())


@dataclass
class Authority:
    """An authority with a root, somebody below it, and a certificate to stamp with.

    Attributes:
        folder: Where its keys and settings lie.
        key: The key that stamps.
        days: From when to when its certificate is valid, in days from now.
        accuracy: How far its time may be off, as `openssl ts` spells it.
        digests: What it takes; anything else is rejected.
        naming: Digest by which its certificate is named; "sha1" gives version 1 of the attribute.
        below: What those below the one in the middle may be used for.
    """

    folder: Path
    key: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    days: tuple[float, float] = (-1, 1)
    accuracy: str = "secs:1, millisecs:500"
    digests: str = "sha256"
    naming: str = "sha256"
    below: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.TIME_STAMPING,)

    def __post_init__(self) -> None:
        """Make its certificates and settings."""
        top, middle = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.root = issued("Root", top, vouches=True)
        between = issued("Between", middle, (self.root, top), vouches=True, usage=self.below, critical=False)
        self.between = (between, middle)
        usage = [ExtendedKeyUsageOID.TIME_STAMPING]
        self.certificate = issued("Stamps", self.key, self.between, usage=usage, days=self.days)
        self.folder.mkdir(parents=True, exist_ok=True)
        pem = Encoding.PEM
        private = self.key.private_bytes(pem, PrivateFormat.PKCS8, NoEncryption())
        settings = _CONFIGURATION.format(
            folder=self.folder, digests=self.digests, accuracy=self.accuracy, naming=self.naming
        )
        for name, data in (
            ("root.pem", self.root.public_bytes(pem)),
            ("between.pem", self.between[0].public_bytes(pem)),
            ("stamps.pem", self.certificate.public_bytes(pem)),
            ("stamps.key", private),
            ("settings", settings.encode()),
            ("serial", b"01\n"),
        ):
            (self.folder / name).write_bytes(data)

    def answer(self, request: bytes) -> bytes:
        """Return its answer to a request, stamp or rejection."""
        (self.folder / "request").write_bytes(request)
        self._openssl("-reply", "-queryfile", "request", "-config", "settings", "-signer", "stamps.pem")
        return (self.folder / "answer").read_bytes()

    def _openssl(self, *arguments: str) -> None:
        files = ("-inkey", "stamps.key", "-chain", "between.pem", "-out", "answer")
        subprocess.run(
            [OPENSSL or "openssl", "ts", *arguments, *files], cwd=self.folder, check=True, capture_output=True
        )


def restamped(
    answer: bytes,
    certificate: x509.Certificate,
    key: ec.EllipticCurvePrivateKey,
    change: Callable[[Any, dict[str, Any]], None] = lambda _signed, _attributes: None,
) -> bytes:
    """Return an answer that was changed and then signed anew by somebody.

    Args:
        answer: An answer that `openssl ts` gave with a key of the P-256 curve.
        certificate: Who is named as signer, and comes along alone.
        key: The key that signs.
        change: What is done before that to the signed data and to the signed attributes, by type.
    """
    response = tsp.TimeStampResp.load(answer)
    signed = response["time_stamp_token"]["content"]
    signer = signed["signer_infos"][0]
    attributes = {each["type"].native: each["values"] for each in signer["signed_attrs"]}
    digest = hashes.Hash(hashes.SHA256())
    digest.update(certificate.public_bytes(Encoding.DER))
    named = {"certs": [{"hash_algorithm": {"algorithm": "sha256"}, "cert_hash": digest.finalize()}]}
    attributes["signing_certificate_v2"] = [named]
    signed["certificates"] = [
        cms.CertificateChoices(
            "certificate", asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
        )
    ]
    change(signed, attributes)
    signer["signed_attrs"] = cms.CMSAttributes(
        [{"type": kind, "values": values} for kind, values in attributes.items()]
    )
    signer["signature"] = key.sign(signer["signed_attrs"].untag().dump(), ec.ECDSA(hashes.SHA256()))
    signed["signer_infos"] = [signer]
    token = cms.ContentInfo({"content_type": "signed_data", "content": signed})
    changed: bytes = tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump()
    return changed
