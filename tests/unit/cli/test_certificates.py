"""Checking and countersigning through the command line."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from efface.cli.app import run
from efface.evidence.keys import SigningKey, save_private, save_public
from efface.runs.exit_code import ExitCode
from efface.testing.ledgers import small_story


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A certificate of an owner, and the keys of owner, inspector and court."""
    monkeypatch.chdir(tmp_path)
    keys = {}
    for n, name in enumerate(("owner", "inspector", "court")):
        keys[name] = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(31) + bytes([n])))
        save_private(keys[name], tmp_path / f"{name}.pem")
        save_public(keys[name].public, tmp_path / f"{name}.pub")
    (tmp_path / "c.json").write_bytes(small_story().certificate(keys["owner"]))
    (tmp_path / "revoked").write_text(keys["owner"].key_id)
    return tmp_path


def countersign(*more: str) -> int:
    return run(["countersign", "c.json", "-o", "both.json", "--key", "inspector.pem", *more])


def test_a_countersigned_certificate_says_who_signed(desk, capsys) -> None:
    """Of three trusted keys, two signed and one did not; all three stand there."""
    assert countersign("--trust", "owner.pub") == ExitCode.CLEAN
    trusted = ["--trust", "owner.pub", "--trust", "inspector.pub", "--trust", "court.pub"]
    assert run(["check", "both.json", *trusted, "--lang", "en"]) == ExitCode.CLEAN
    said = {
        line.split()[0]: line
        for line in capsys.readouterr().out.splitlines()
        if line.split()[:1] and ".pub" in line
    }
    assert said["owner.pub"].rstrip().endswith(" signed")
    assert said["inspector.pub"].rstrip().endswith(" signed")
    assert said["court.pub"].rstrip().endswith("did not sign")


def test_who_trusts_only_one_of_two_signers_refuses(desk) -> None:
    """The exit code says so to a script."""
    assert countersign("--trust", "owner.pub") == ExitCode.CLEAN
    assert run(["check", "both.json", "--trust", "inspector.pub"]) == ExitCode.FAILED


REFUSED = {
    "the issuer is not trusted": (["--trust", "court.pub"], ExitCode.FAILED),
    "the issuer's key is revoked": (["--trust", "owner.pub", "--revoked", "revoked"], ExitCode.FAILED),
    "the list of revoked keys is missing": (["--trust", "owner.pub", "--revoked", "none"], ExitCode.USAGE),
    "nobody is trusted": ([], ExitCode.USAGE),
}


@pytest.mark.parametrize(("more", "code"), REFUSED.values(), ids=REFUSED)
def test_nothing_is_written_where_it_is_not_countersigned(desk, more, code) -> None:
    """A file without the check behind it would lend a name to anything."""
    assert countersign(*more) == code
    assert not (desk / "both.json").exists()


def test_a_revoked_key_refuses_a_certificate(desk, capsys) -> None:
    """The step says that the key is revoked."""
    arguments = ["check", "c.json", "--trust", "owner.pub", "--revoked", "revoked", "--lang", "en"]
    assert run(arguments) == ExitCode.FAILED
    assert "revoked" in capsys.readouterr().out


def test_a_certificate_may_be_countersigned_in_its_place(desk) -> None:
    """The file is replaced whole, so that no moment has half of it."""
    arguments = ["countersign", "c.json", "-o", "c.json", "--key", "inspector.pem", "--trust", "owner.pub"]
    assert run(arguments) == ExitCode.CLEAN
    assert run(["check", "c.json", "--trust", "owner.pub", "--trust", "inspector.pub"]) == ExitCode.CLEAN


@pytest.mark.parametrize(("key", "code"), [("owner", ExitCode.CLEAN), ("court", ExitCode.FAILED)])
def test_a_page_is_written_whether_or_not_it_holds(desk, key, code) -> None:
    """What does not hold is to be shown, too; the exit code says the same as without the page."""
    assert run(["check", "c.json", "--trust", f"{key}.pub", "--html", "check.html", "--quiet"]) == code
    page = (desk / "check.html").read_text("utf-8")
    assert ("the certificate holds" in page) == (code is ExitCode.CLEAN)


def test_a_page_on_standard_output_stands_alone(desk, capsys) -> None:
    """No table for people is mixed into it."""
    run(["check", "c.json", "--trust", "owner.pub", "--html", "-"])
    out = capsys.readouterr().out
    assert out.startswith("<!DOCTYPE html>")
    assert out.endswith("</html>\n")
