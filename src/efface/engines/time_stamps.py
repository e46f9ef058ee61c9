"""Ask for time stamps and verify them: the messages of RFC 3161, without any way of sending them.

A response is read without believing any of it. What is asked of one, in turn: it is granted; it is over this SHA-256;
nonce and policy are those of the request, where there is one; one signer, whose certificate the signed attributes
name by its digest, signed exactly this content; and that certificate is for time stamps alone, was valid at the time
of the stamp, and leads to one that the caller trusts.

Not promised: that no certificate of the authority was revoked (no list of revocations is read); algorithms other than
RSA (PKCS #1 v1.5) and ECDSA, with SHA-2. Authorities that sign with SM2 are refused: nothing here can verify them.

Source: RFC 3161, 2.4 and 2.3 (extended key usage); RFC 5816 (signing certificate, version 2); RFC 5652, 5.4 and 5.6
(what is signed, and how it is verified); RFC 5280, 6 (path).
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

from asn1crypto import cms, core, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from efface.errors import EvidenceError
from efface.model.stamp import Stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MAX_BYTES", "Request", "load_certificates", "read_request", "request", "verified"]

MAX_BYTES: Final = 1 << 20
"""Most that a request or response may have; real ones have some thousand bytes."""

_NONCE_BITS: Final = 64
_HASHES: Final = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
_NAMING: Final = {"sha1", *_HASHES}
"""Digests by which a certificate may be named; SHA-1 is that of version 1, and names, but proves nothing."""

_MALFORMED: Final = (
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError),
    *(x509.InvalidVersion, UnsupportedAlgorithm),
)
"""What reading hostile bytes as ASN.1, or as certificates, may raise."""


class _Response(core.Sequence):  # type: ignore[misc]  # it has no types
    """TimeStampResp as the standard has it: a rejection comes without a token, which the library's own demands."""

    _fields: ClassVar = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked of an authority.

    Attributes:
        digest: SHA-256 of what is to be stamped.
        nonce: Number that the answer repeats, or None.
        policy: Object identifier of the policy that was asked for, or None for any.
    """

    digest: bytes
    nonce: int | None
    policy: str | None


def request(digest: bytes, policy: str | None = None) -> bytes:
    """Return a request (TimeStampReq, DER) for a SHA-256, with a random nonce, that asks for certificates, too.

    Raises:
        ValueError: The policy is no object identifier.
    """
    members = {
        "version": "v1",
        "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest},
        "nonce": secrets.randbits(_NONCE_BITS),
        "cert_req": True,
    }
    asked = tsp.TimeStampReq(members if policy is None else members | {"req_policy": policy})
    encoded: bytes = asked.dump()
    return encoded


def read_request(data: bytes) -> Request:
    """Read a request.

    Raises:
        EvidenceError: It is none, or asks for another digest than SHA-256.
    """
    try:
        asked = tsp.TimeStampReq.load(data, strict=True).native
        imprint, policy, nonce = asked["message_imprint"], asked["req_policy"], asked["nonce"]
        algorithm, digest = imprint["hash_algorithm"]["algorithm"], imprint["hashed_message"]
    except _MALFORMED:
        raise EvidenceError("the request is no time stamp request (RFC 3161)") from None
    _require(algorithm == "sha256", "the request is for another digest than SHA-256")
    return Request(digest, nonce, policy)


def load_certificates(data: bytes) -> list[x509.Certificate]:
    """Read certificates: one in DER, or any number in PEM.

    Raises:
        ValueError: There is none.
    """
    if b"-----BEGIN" in data:
        return x509.load_pem_x509_certificates(data)
    return [x509.load_der_x509_certificate(data)]


def verified(
    response: bytes, digest: bytes, trusted: Sequence[x509.Certificate], asked: Request | None = None
) -> Stamp:
    """Return what a response (TimeStampResp, DER) says, once everything about it holds.

    Args:
        response: What the authority sent.
        digest: SHA-256 of what it is to be about.
        trusted: Certificates of authorities, or of those who vouch for them.
        asked: The request that it answers, where nonce and policy are to be compared, too.

    Raises:
        EvidenceError: Something does not hold; the message says what.
    """
    token = _token(response)
    info = token.info
    imprint = info["message_imprint"]
    same = imprint["hash_algorithm"]["algorithm"] == "sha256" and imprint["hashed_message"] == digest
    _require(same, "the stamp is over something else")
    if asked is not None:
        _require(asked.nonce == info["nonce"], "the stamp answers another request: its nonce is another one")
        _require(asked.policy in (None, info["policy"]), "the stamp was given under another policy")
    signer = _signer(token, trusted)
    _require_signature(token, signer)
    _require_path(signer, token, trusted)
    try:
        stamp = _stamp(info, signer)
        _require(stamp.latest >= stamp.at, "the stamp gives no time that can be told")
    except _MALFORMED:
        raise EvidenceError("the stamp gives no time that can be told") from None
    return stamp


def _stamp(info: dict[str, Any], signer: x509.Certificate) -> Stamp:
    accuracy = info["accuracy"] or {}
    off = timedelta(
        seconds=accuracy.get("seconds") or 0,
        milliseconds=accuracy.get("millis") or 0,
        microseconds=accuracy.get("micros") or 0,
    )
    return Stamp(
        info["gen_time"], off, signer.subject.rfc4514_string(), info["policy"], info["serial_number"]
    )


@dataclass(frozen=True, slots=True)
class _Token:
    """A token that was read to its end and not yet verified.

    Attributes:
        info: The TSTInfo, as plain values.
        content: Its bytes, which are what is signed.
        signer: The one SignerInfo.
        attributes: Its signed attributes: type to value.
        certificates: Those that came along.
    """

    info: dict[str, Any]
    content: bytes
    signer: cms.SignerInfo
    attributes: dict[str, Any]
    certificates: list[x509.Certificate]


def _token(response: bytes) -> _Token:
    _require(len(response) <= MAX_BYTES, f"the response has more than {MAX_BYTES} bytes")
    try:
        answer = _Response.load(response, strict=True)
        status = answer["status"]["status"].native
        token = None if status != "granted" else _read_token(answer["time_stamp_token"])
    except _MALFORMED:
        raise EvidenceError("the response is no time stamp response (RFC 3161)") from None
    if token is None:
        raise EvidenceError(f"the authority gave no stamp: {status}")
    return token


def _read_token(token: cms.ContentInfo) -> _Token:
    _require(token["content_type"].native == "signed_data", "the token is not signed data")
    signed = token["content"]
    inner = signed["encap_content_info"]
    _require(inner["content_type"].native == "tst_info", "what is signed is no time stamp")
    content = inner["content"].contents
    info = tsp.TSTInfo.load(content, strict=True).native
    critical = [each for each in info["extensions"] or () if each["critical"]]
    _require(info["version"] == "v1" and not critical, "the stamp has what is not known here")
    at = info["gen_time"]  # the library has a type of its own for the year 0
    _require(isinstance(at, datetime) and at.tzinfo == UTC, "the stamp gives no time that can be told")
    _require(len(signed["signer_infos"]) == 1, "expected one signer of the stamp")
    signer = signed["signer_infos"][0]
    _ = signer.native  # reads it to the end, so that what is malformed in it is told here
    attributes = {}
    for each in signer["signed_attrs"]:
        kind = each["type"].native
        _require(kind not in attributes and len(each["values"]) == 1, "an attribute of the signer is not one")
        attributes[kind] = each["values"][0]
    certificates = [each.chosen.dump() for each in signed["certificates"] or () if each.name == "certificate"]
    return _Token(info, content, signer, attributes, [*map(x509.load_der_x509_certificate, certificates)])


def _signer(token: _Token, trusted: Sequence[x509.Certificate]) -> x509.Certificate:
    """Return the certificate that the signed attributes name by its digest."""
    named = []
    try:
        if first := token.attributes.get("signing_certificate"):
            named.append(("sha1", first.native["certs"][0]["cert_hash"]))
        if second := token.attributes.get("signing_certificate_v2"):
            found = second.native["certs"][0]
            named.append((found["hash_algorithm"]["algorithm"], found["cert_hash"]))
    except _MALFORMED:
        named = []
    _require(
        named and {name for name, _ in named} <= _NAMING, "the stamp does not name its signer's certificate"
    )
    for each in (*token.certificates, *trusted):
        der = each.public_bytes(Encoding.DER)
        if all(hashlib.new(name, der).digest() == value for name, value in named):
            return each
    raise EvidenceError("the certificate of the stamp's signer is neither in it nor among the trusted ones")


def _require_signature(token: _Token, signer: x509.Certificate) -> None:
    """Refuse a stamp whose signer did not sign its content: directly the attributes, and in them its digest."""
    try:
        algorithm, signature = token.signer["signature_algorithm"], token.signer["signature"].native
        inner = _HASHES[token.signer["digest_algorithm"]["algorithm"].native]
        kind, content = token.attributes["content_type"].native, token.attributes["message_digest"].native
        rsa_without_hash = algorithm["algorithm"].native == "rsassa_pkcs1v15"
        outer = inner if rsa_without_hash else _HASHES[algorithm.hash_algo]
        signed = token.signer["signed_attrs"].untag().dump()
        how, key = algorithm.signature_algo, signer.public_key()
    except _MALFORMED:
        raise EvidenceError("the stamp is signed in an unknown way") from None
    _require(kind == "tst_info", "what is signed is no time stamp")
    _require(content == hashlib.new(inner.name, token.content).digest(), "the stamp's content was changed")
    try:
        match key:
            case rsa.RSAPublicKey() if how == "rsassa_pkcs1v15":
                key.verify(signature, signed, padding.PKCS1v15(), outer)
            case ec.EllipticCurvePublicKey() if how == "ecdsa":
                key.verify(signature, signed, ec.ECDSA(outer))
            case _:
                raise EvidenceError("the stamp is signed in an unknown way")
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        raise EvidenceError("the signature of the stamp does not hold") from None


def _require_path(signer: x509.Certificate, token: _Token, trusted: Sequence[x509.Certificate]) -> None:
    """Refuse a signer that was not valid then, is for something else, or leads to nobody who is trusted."""
    _require(trusted, "no certificate is trusted to stamp")
    at = token.info["gen_time"]
    valid = signer.not_valid_before_utc <= at <= signer.not_valid_after_utc
    _require(valid, "the certificate of the stamp's signer was not valid at that time")
    either, kinds = verification.Criticality.AGNOSTIC, verification.ExtensionPolicy
    leaf = (
        kinds.webpki_defaults_ee()
        .require_present(x509.ExtendedKeyUsage, verification.Criticality.CRITICAL, _for_stamps_alone)
        .may_be_present(x509.SubjectAlternativeName, either, None)
        .may_be_present(x509.AuthorityKeyIdentifier, either, None)
    )
    above = (
        kinds.webpki_defaults_ca()
        .may_be_present(x509.ExtendedKeyUsage, either, _for_stamps_too)
        .may_be_present(x509.SubjectKeyIdentifier, either, None)
    )
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store([*trusted]))
        .time(at.replace(tzinfo=None))
        .extension_policies(ca_policy=above, ee_policy=leaf)
        .build_client_verifier()
    )
    try:
        verifier.verify(signer, token.certificates)
    except (verification.VerificationError, *_MALFORMED):
        raise EvidenceError(
            "the certificate of the stamp's signer is not for time stamps, or leads to none that is trusted"
        ) from None


def _for_stamps_alone(
    _policy: verification.Policy, _certificate: x509.Certificate, usage: x509.ExtendedKeyUsage
) -> None:
    if [*usage] != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise ValueError("for something else than time stamps")


def _for_stamps_too(
    _policy: verification.Policy, _certificate: x509.Certificate, usage: x509.ExtendedKeyUsage | None
) -> None:
    if usage and not {*usage} & {
        ExtendedKeyUsageOID.TIME_STAMPING,
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    }:
        raise ValueError("vouches for something else than time stamps")


def _require(condition: object, reason: str) -> None:
    if not condition:
        raise EvidenceError(reason)
