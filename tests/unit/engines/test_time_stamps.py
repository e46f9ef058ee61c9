"""Time stamps of RFC 3161: what is asked for, and everything that an answer must be."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asn1crypto import core, tsp
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from efface.engines.time_stamps import MAX_BYTES, load_certificates, read_request, request, verified
from efface.errors import EvidenceError
from efface.testing.authorities import OPENSSL, POLICY, Authority, issued, restamped

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl is not on the path")

DIGEST = hashlib.sha256(b"a certificate").digest()
ASKED = request(DIGEST)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def answer(authority: Authority) -> bytes:
    return authority.answer(ASKED)


def test_a_request_is_what_an_authority_reads() -> None:
    """SHA-256, a nonce of its own each time, certificates wanted, and a policy where one is asked for."""
    native = tsp.TimeStampReq.load(ASKED, strict=True).native
    assert native["message_imprint"]["hashed_message"] == DIGEST
    assert native["cert_req"] is True
    assert native["req_policy"] is None
    assert read_request(ASKED).nonce != read_request(request(DIGEST)).nonce
    assert read_request(request(DIGEST, "1.2.3.4.2")).policy == "1.2.3.4.2"


def test_a_stamp_says_when_by_whom_and_how_exactly(authority: Authority, answer: bytes) -> None:
    """The time is the authority's, and its accuracy is added, so that "no later than" is true."""
    stamp = verified(answer, DIGEST, [authority.root], read_request(ASKED))
    assert abs(stamp.at - datetime.now(UTC)) < timedelta(minutes=10)
    assert stamp.latest - stamp.at == timedelta(seconds=1.5)
    assert (stamp.authority, stamp.policy) == ("CN=Stamps", POLICY)


@pytest.mark.parametrize("trusted", ["root", "between", "certificate"])
def test_any_certificate_of_the_path_may_be_the_one_that_is_trusted(
    authority: Authority, answer: bytes, trusted: str
) -> None:
    """Who vouches, who vouches for that, or who stamps itself."""
    found = getattr(authority, trusted)
    assert verified(answer, DIGEST, [found[0] if isinstance(found, tuple) else found])


OTHERS = {
    "RSA": {"key": lambda: rsa.generate_private_key(65537, 2048)},
    "P-384": {"key": lambda: ec.generate_private_key(ec.SECP384R1())},
    "a name by SHA-1 (version 1)": {"naming": "sha1"},
    "no word of accuracy": {"accuracy": "secs:0"},
    "below one who vouches for anything": {"below": [ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]},
    "below one who does not say for what": {"below": []},
}


@pytest.mark.parametrize("how", OTHERS.values(), ids=OTHERS)
def test_other_kinds_of_authorities_hold_too(how: dict[str, Any], tmp_path: Any) -> None:
    """What RFC 3161 and RFC 5816 leave to the authority."""
    made = {name: value() if callable(value) else value for name, value in how.items()}
    authority = Authority(tmp_path, **made)
    assert verified(authority.answer(ASKED), DIGEST, [authority.root]).authority == "CN=Stamps"


def refused(answer: bytes, trusted: list[x509.Certificate], digest: bytes = DIGEST) -> str:
    with pytest.raises(EvidenceError) as raised:
        verified(answer, digest, trusted, read_request(ASKED))
    return str(raised.value)


def test_a_stamp_of_something_else_is_refused(authority: Authority, answer: bytes) -> None:
    """An answer that was given for another file says nothing of this one."""
    assert "over something else" in refused(answer, [authority.root], hashlib.sha256(b"another").digest())


def test_an_answer_to_another_request_is_refused(authority: Authority) -> None:
    """Same file, same authority, another nonce: an old answer that was played again."""
    assert "nonce" in refused(authority.answer(request(DIGEST)), [authority.root])


def test_another_policy_than_was_asked_for_is_refused(authority: Authority) -> None:
    """And the one that was asked for holds."""
    asked = request(DIGEST, "1.2.3.4.2")
    given = authority.answer(asked)
    assert verified(given, DIGEST, [authority.root], read_request(asked)).policy == "1.2.3.4.2"
    wanted = tsp.TimeStampReq.load(asked)
    wanted["req_policy"] = "1.2.3.4.3"
    with pytest.raises(EvidenceError, match="another policy"):
        verified(given, DIGEST, [authority.root], read_request(wanted.dump()))


def test_a_rejection_is_no_stamp(tmp_path: Any) -> None:
    """An authority that does not take SHA-256 says so, and that is what is told."""
    strict = Authority(tmp_path, digests="sha512")
    assert refused(strict.answer(ASKED), [strict.root]) == "the authority gave no stamp: rejection"


def test_a_rejection_with_a_stamp_in_it_is_no_stamp(authority: Authority, answer: bytes) -> None:
    """The status counts, whatever stands beside it."""
    granted = bytes.fromhex("3003020100")
    assert answer.count(granted) == 1
    for status in range(1, 6):
        changed = answer.replace(granted, bytes.fromhex(f"30030201{status:02x}"))
        assert "gave no stamp" in refused(changed, [authority.root])


def test_an_authority_that_nobody_trusts_is_refused(answer: bytes, tmp_path: Any) -> None:
    """Another one of the same names, and nobody at all."""
    assert "leads to none that is trusted" in refused(answer, [Authority(tmp_path).root])
    assert "no certificate is trusted" in refused(answer, [])


@pytest.mark.parametrize("days", [(-20, -10), (10, 20)], ids=["expired", "not yet valid"])
def test_a_certificate_that_was_not_valid_then_is_refused(days: tuple[float, float], tmp_path: Any) -> None:
    """At the time of the stamp, not of the check."""
    authority = Authority(tmp_path, days=days)
    assert "not valid at that time" in refused(authority.answer(ASKED), [authority.root])


def test_an_authority_below_one_who_vouches_for_servers_alone_is_refused(tmp_path: Any) -> None:
    """Whoever was trusted with names of servers may not give the time."""
    authority = Authority(tmp_path, below=[ExtendedKeyUsageOID.SERVER_AUTH])
    assert "not for time stamps" in refused(authority.answer(ASKED), [authority.root])


# -- what no honest authority gives --------------------------------------------------------------------

STAMPS = [ExtendedKeyUsageOID.TIME_STAMPING]
FORGER = ec.generate_private_key(ec.SECP256R1())


def test_a_stamp_that_was_signed_anew_holds_for_who_is_trusted(authority: Authority, answer: bytes) -> None:
    """So what follows is refused for the reason it gives, and for no other."""
    certificate = issued("Stamps", FORGER, authority.between, usage=STAMPS)
    assert verified(restamped(answer, certificate, FORGER), DIGEST, [authority.between[0]])


USES = {
    "for servers": ([ExtendedKeyUsageOID.SERVER_AUTH], True),
    "for stamps and servers": ([*STAMPS, ExtendedKeyUsageOID.SERVER_AUTH], True),
    "for stamps, not critical": (STAMPS, False),
    "for anything": ([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE], True),
    "for nothing that is named": ([], True),
}


@pytest.mark.parametrize(("usage", "critical"), USES.values(), ids=USES)
def test_a_certificate_for_something_else_is_refused(
    authority: Authority, answer: bytes, usage: list[x509.ObjectIdentifier], critical: bool
) -> None:
    """Also where somebody who is trusted issued it: only for time stamps, and marked so."""
    certificate = issued("Stamps", FORGER, authority.between, usage=usage, critical=critical)
    assert "not for time stamps" in refused(restamped(answer, certificate, FORGER), [authority.between[0]])


def _other_time(signed: Any, attributes: dict[str, Any]) -> None:
    info = tsp.TSTInfo.load(signed["encap_content_info"]["content"].contents)
    info["gen_time"] = datetime(2020, 1, 1, tzinfo=UTC)
    signed["encap_content_info"]["content"] = core.ParsableOctetString(info.dump(force=True))


def _told(**members: Any) -> Any:
    """Return a change of the content that its signer signs."""

    def change(signed: Any, attributes: dict[str, Any]) -> None:
        info = tsp.TSTInfo.load(signed["encap_content_info"]["content"].contents)
        for name, value in members.items():
            info[name] = value
        data = info.dump()
        signed["encap_content_info"]["content"] = core.ParsableOctetString(data)
        attributes["message_digest"] = [hashlib.sha256(data).digest()]

    return change


FORGED = {
    "a time that was changed afterwards": (_other_time, "content was changed"),
    "an extension that is critical": (
        _told(extensions=[{"extn_id": "1.2.3", "critical": True, "extn_value": b"\5\0"}]),
        "not known here",
    ),
    "a time that is off by more than time has": (_told(accuracy={"seconds": 1 << 80}), "no time"),
    "a time without a zone": (_told(gen_time=core.GeneralizedTime(contents=b"20260101000000")), "no time"),
    "a time in the year 0": (_told(gen_time=core.GeneralizedTime(contents=b"00000101000000Z")), "no time"),
    "no name of the signer": (lambda _, a: a.pop("signing_certificate_v2"), "does not name"),
    "no digest of the content": (lambda _, a: a.pop("message_digest"), "unknown way"),
    "content of another type": (lambda _, a: a.update(content_type=["data"]), "no time stamp"),
    "a digest twice": (lambda _, a: a.update(message_digest=[b"1" * 32, b"2" * 32]), "not one"),
}


@pytest.mark.parametrize(("change", "reason"), FORGED.values(), ids=FORGED)
def test_a_stamp_that_its_own_signer_made_wrong_is_refused(
    authority: Authority, answer: bytes, change: Any, reason: str
) -> None:
    """Each promise of the form is asked for, though the signature over it would hold."""
    certificate = issued("Stamps", FORGER, authority.between, usage=STAMPS)
    assert reason in refused(restamped(answer, certificate, FORGER, change), [authority.between[0]])


def test_a_stranger_cannot_sign_under_the_name_of_an_authority(authority: Authority, answer: bytes) -> None:
    """The certificate is the right one, the key is not."""
    assert "signature" in refused(restamped(answer, authority.certificate, FORGER), [authority.between[0]])


# -- bytes ---------------------------------------------------------------------------------------------


def test_bytes_that_are_cut_anywhere_are_refused(authority: Authority, answer: bytes) -> None:
    """No beginning of an answer is one, and none is more than an EvidenceError."""
    for length in (*range(0, len(answer), 9), len(answer) - 1):
        assert refused(answer[:length], [authority.root])


def test_bytes_that_are_changed_anywhere_never_say_something_else(
    authority: Authority, answer: bytes
) -> None:
    """A bit that was turned is refused, or is none of what is signed."""
    honest, held = verified(answer, DIGEST, [authority.root]), 0
    for at in range(0, 8 * len(answer), 37):
        changed = bytearray(answer)
        changed[at // 8] ^= 1 << at % 8
        try:
            assert verified(bytes(changed), DIGEST, [authority.root]) == honest
            held += 1
        except EvidenceError:
            continue
    assert held < len(answer) * 8 / 37 / 10


NOT_ANSWERS = {
    "nothing": b"",
    "text": b"<html>502 Bad Gateway</html>",
    "too much": bytes(MAX_BYTES + 1),
    "a request": ASKED,
    "granted, without a stamp": bytes.fromhex("30053003020100"),
    "deep nesting": b"0\x80" * 5_000,
}


@pytest.mark.parametrize("data", NOT_ANSWERS.values(), ids=NOT_ANSWERS)
def test_what_is_no_answer_is_refused(authority: Authority, data: bytes) -> None:
    """Whatever a server sent instead; nothing of it is repeated."""
    assert "502" not in refused(data, [authority.root])


def test_bytes_behind_an_answer_are_refused(authority: Authority, answer: bytes) -> None:
    """A file holds one answer and nothing else."""
    assert refused(answer + b"\0", [authority.root])


@pytest.mark.parametrize("data", [b"", b"x", ASKED[:-1], ASKED + b"\0"], ids=["none", "text", "cut", "more"])
def test_what_is_no_request_is_refused(data: bytes) -> None:
    """A request is kept as it was made."""
    with pytest.raises(EvidenceError, match="request"):
        read_request(data)


def test_a_request_for_another_digest_is_refused() -> None:
    """Certificates are named by SHA-256 alone."""
    asked = tsp.TimeStampReq.load(ASKED)
    asked["message_imprint"] = {"hash_algorithm": {"algorithm": "sha512"}, "hashed_message": bytes(64)}
    with pytest.raises(EvidenceError, match="another digest"):
        read_request(asked.dump())


def test_certificates_come_in_two_forms(authority: Authority) -> None:
    """Several in PEM, one in DER; anything else is an error, and no certificate at all is one, too."""
    pem, der = (authority.root.public_bytes(form) for form in (Encoding.PEM, Encoding.DER))
    assert load_certificates(pem + pem) == [authority.root] * 2
    assert load_certificates(der) == [authority.root]
    for data in (b"", b"no certificate", b"-----BEGIN NOTHING-----\n"):
        with pytest.raises(ValueError):
            load_certificates(data)
