"""Time stamps through the command line: asked for, kept beside the certificate, and shown by its check."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from efface.cli.app import run
from efface.evidence.keys import SigningKey, save_private, save_public
from efface.runs.exit_code import ExitCode
from efface.testing.authorities import OPENSSL, Authority
from efface.testing.ledgers import office_story, small_story

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl is not on the path")

TRUST = ("--trust", "owner.pub", "--lang", "en")
TSA = ("--tsa-cert", "tsa.pem")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def desk(tmp_path, monkeypatch, authority):
    """Two certificates of an owner, a request for the first, and the authority's answer to it."""
    monkeypatch.chdir(tmp_path)
    for n, name in enumerate(("owner", "inspector")):
        key = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(31) + bytes([n])))
        save_private(key, tmp_path / f"{name}.pem")
        save_public(key.public, tmp_path / f"{name}.pub")
        if name == "owner":
            Path("c.json").write_bytes(small_story().certificate(key))
            Path("other.json").write_bytes(office_story().certificate(key))
    Path("tsa.pem").write_bytes(authority.root.public_bytes(Encoding.PEM))
    answered(authority, "c")
    return tmp_path


def answered(authority: Authority, name: str) -> None:
    assert run(["stamp", "request", f"{name}.json", "-o", f"{name}.tsq"]) == ExitCode.CLEAN
    Path(f"{name}.answer").write_bytes(authority.answer(Path(f"{name}.tsq").read_bytes()))


def attach(
    certificate: str = "c.json", answer: str = "c.answer", request: str = "c.tsq", tsa: str = "tsa.pem"
):
    return run(
        ["stamp", "attach", certificate, answer, "--request", request, "--tsa-cert", tsa, "--lang", "en"]
    )


def test_a_stamp_says_that_the_certificate_existed_by_then(desk, capsys) -> None:
    """Asked for, answered, kept beside it, and told by the check."""
    assert attach() == ExitCode.CLEAN
    assert run(["check", "c.json", *TRUST, *TSA]) == ExitCode.CLEAN
    assert capsys.readouterr().out.count("existed no later than 20") == 2


def test_the_certificate_stays_as_it_was(desk) -> None:
    """Not a byte of it changes, so whoever knows nothing of stamps checks it as before."""
    before = Path("c.json").read_bytes()
    assert attach() == ExitCode.CLEAN
    assert Path("c.json").read_bytes() == before
    assert Path("c.json.tsr").read_bytes() == Path("c.answer").read_bytes()


def test_others_can_check_the_same_two_files(desk, authority) -> None:
    """`openssl ts -verify` takes certificate and stamp as they lie."""
    assert attach() == ExitCode.CLEAN
    files = ["-data", "c.json", "-in", "c.json.tsr", "-CAfile", "tsa.pem"]
    done = subprocess.run([OPENSSL, "ts", "-verify", *files], capture_output=True, text=True)
    assert "Verification: OK" in done.stdout, done.stderr


def test_without_trusted_certificates_it_is_there_and_not_verified(desk, capsys) -> None:
    """The certificate holds, and nothing is claimed of the stamp, whatever is in it."""
    Path("c.json.tsr").write_bytes(b"anything")
    assert run(["check", "c.json", *TRUST]) == ExitCode.CLEAN
    assert "was not verified" in capsys.readouterr().out


def test_where_there_is_no_stamp_nothing_is_said(desk, capsys) -> None:
    """Unless it is asked for, and then its absence is a failure."""
    assert run(["check", "c.json", *TRUST]) == ExitCode.CLEAN
    assert "stamp" not in capsys.readouterr().out
    assert run(["check", "c.json", *TRUST, *TSA]) == ExitCode.FAILED
    assert "no time stamp" in capsys.readouterr().out


def test_a_countersigned_certificate_is_stamped_anew(desk, capsys) -> None:
    """It is another file, and the old stamp says nothing of the second signature."""
    assert attach() == ExitCode.CLEAN
    sign = ["countersign", "c.json", "-o", "c.json", "--key", "inspector.pem", "--trust", "owner.pub"]
    assert run(sign) == ExitCode.CLEAN
    assert run(["check", "c.json", *TRUST, "--trust", "inspector.pub", *TSA]) == ExitCode.FAILED
    assert "over something else" in capsys.readouterr().out


def test_a_stamp_that_was_put_beside_another_certificate_fails(desk, authority) -> None:
    """A copy under its name is of no use."""
    Path("other.json.tsr").write_bytes(Path("c.answer").read_bytes())
    assert run(["check", "other.json", *TRUST, *TSA, "--quiet"]) == ExitCode.FAILED


def test_a_certificate_that_does_not_hold_is_not_saved_by_its_stamp(desk) -> None:
    """A stamp says when, and nothing of what."""
    assert attach() == ExitCode.CLEAN
    assert run(["check", "c.json", "--trust", "inspector.pub", *TSA, "--quiet"]) == ExitCode.FAILED


def test_the_page_says_it_too(desk) -> None:
    """In both languages, between the steps and the signers."""
    assert attach() == ExitCode.CLEAN
    assert run(["check", "c.json", *TRUST, *TSA, "--html", "check.html", "--quiet"]) == ExitCode.CLEAN
    page = Path("check.html").read_text("utf-8")
    assert "existed no later than" in page
    assert "已经存在" in page


def cut(authority: Authority) -> None:
    Path("c.answer").write_bytes(Path("c.answer").read_bytes()[:-40])


def rejected(authority: Authority) -> None:
    strict = Authority(Path("strict").absolute(), digests="sha512")
    Path("c.answer").write_bytes(strict.answer(Path("c.tsq").read_bytes()))


def of_another(authority: Authority) -> None:
    answered(authority, "other")
    Path("other.answer").rename("c.answer")


def asked_again(authority: Authority) -> None:
    assert run(["stamp", "request", "c.json", "-o", "c.tsq"]) == ExitCode.CLEAN


def request_for_another(authority: Authority) -> None:
    answered(authority, "other")
    Path("other.answer").rename("c.answer")
    Path("other.tsq").rename("c.tsq")


def nobody_trusted(authority: Authority) -> None:
    stranger = Authority(Path("stranger").absolute())
    Path("tsa.pem").write_bytes(stranger.root.public_bytes(Encoding.PEM))


def expired(authority: Authority) -> None:
    old = Authority(Path("old").absolute(), days=(-20, -10))
    Path("c.answer").write_bytes(old.answer(Path("c.tsq").read_bytes()))
    Path("tsa.pem").write_bytes(old.root.public_bytes(Encoding.PEM))


def no_certificate(authority: Authority) -> None:
    Path("c.json").write_text("{}\n")


REFUSED = {
    "an answer that was cut": (cut, ExitCode.FAILED),
    "a rejection": (rejected, ExitCode.FAILED),
    "the stamp of another certificate": (of_another, ExitCode.FAILED),
    "an answer to an earlier request": (asked_again, ExitCode.FAILED),
    "request and answer for another certificate": (request_for_another, ExitCode.FAILED),
    "an authority that is not trusted": (nobody_trusted, ExitCode.FAILED),
    "an authority whose certificate had expired": (expired, ExitCode.FAILED),
    "a file that is no certificate": (no_certificate, ExitCode.FAILED),
    "an answer that is missing": (lambda _: Path("c.answer").unlink(), ExitCode.USAGE),
    "a file without certificates of authorities": (lambda _: Path("tsa.pem").write_text(""), ExitCode.USAGE),
}


@pytest.mark.parametrize(("spoil", "code"), REFUSED.values(), ids=REFUSED)
def test_nothing_is_kept_that_does_not_hold(desk, authority, spoil, code) -> None:
    """What lies beside a certificate was checked when it was put there."""
    spoil(authority)
    assert attach() == code
    assert not Path("c.json.tsr").exists()


def test_a_stamp_that_is_there_is_not_replaced(desk, authority, capsys) -> None:
    """The earlier one shows more."""
    assert attach() == ExitCode.CLEAN
    first = Path("c.json.tsr").read_bytes()
    answered(authority, "c")
    assert attach() == ExitCode.USAGE
    assert "not overwritten" in capsys.readouterr().err
    assert Path("c.json.tsr").read_bytes() == first


def test_an_answer_may_lie_in_its_place_already(desk) -> None:
    """Then it is checked, and stays."""
    Path("c.answer").rename("c.json.tsr")
    assert attach(answer="c.json.tsr") == ExitCode.CLEAN


def test_nothing_is_asked_for_what_is_no_certificate(desk) -> None:
    """A stamp over something else would be taken for one of a certificate."""
    Path("c.json").write_text("{}\n")
    assert run(["stamp", "request", "c.json", "-o", "new.tsq"]) == ExitCode.FAILED
    assert not Path("new.tsq").exists()


@pytest.mark.parametrize("policy", ["", "one", "1.2.x", "9.9.9"])
def test_a_policy_is_an_object_identifier(desk, policy, capsys) -> None:
    """A slip is told before anything is taken to an authority."""
    assert run(["stamp", "request", "c.json", "-o", "new.tsq", "--policy", policy]) == ExitCode.USAGE
    assert not Path("new.tsq").exists()


def test_nobody_trusted_is_a_mistake(desk) -> None:
    """An answer is never kept unchecked."""
    assert run(["stamp", "attach", "c.json", "c.answer", "--request", "c.tsq"]) == ExitCode.USAGE
    assert not Path("c.json.tsr").exists()
