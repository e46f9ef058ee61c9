"""Checking and countersigning through the command line."""

from __future__ import annotations

import hashlib
import re
import sys

import pikepdf
import pypdfium2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from efface.cli.app import run
from efface.evidence.keys import SigningKey, save_private, save_public
from efface.runs.exit_code import ExitCode
from efface.runs.store import Store
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


# -- the paper -----------------------------------------------------------------------------------------


@pytest.fixture
def scanned(desk):
    """The run file of a scan of an empty folder."""
    (desk / "in").mkdir()
    (desk / "in" / "note.txt").write_text("nothing biometric")
    assert run(["scan", "in", "--run", "run.sqlite", "--quiet", "--jobs", "1"]) == ExitCode.CLEAN
    return desk


def certify(*more: str) -> int:
    return run(["certify", "run.sqlite", "-o", "made.json", "--key", "owner.pem", *more])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_paper_is_for_keeping_and_holds_the_signed_file(scanned, lang) -> None:
    """It says of itself that it is PDF/A-3b, and the certificate in it is the very file, which checks."""
    assert certify("--pdf", "paper.pdf", "--lang", lang) == ExitCode.CLEAN
    with pikepdf.open(scanned / "paper.pdf") as paper:
        with paper.open_metadata() as metadata:
            assert metadata.pdfa_status == "3B"
        assert list(paper.attachments) == ["certificate.json"]
        file = paper.attachments["certificate.json"]
        (scanned / "taken.json").write_bytes(file.get_file().read_bytes())
        assert file.obj["/AFRelationship"] == "/Source"
    assert (scanned / "taken.json").read_bytes() == (scanned / "made.json").read_bytes()
    assert run(["check", "taken.json", "--trust", "owner.pub", "--quiet"]) == ExitCode.CLEAN


def test_the_paper_says_it_in_both_languages_with_the_digest(scanned) -> None:
    """Chinese and English, what was not proven, and the SHA-256 of the file it stands for."""
    assert certify("--pdf", "paper.pdf", "--lang", "zh") == ExitCode.CLEAN
    pages = pypdfium2.PdfDocument(scanned / "paper.pdf")
    words = "".join(page.get_textpage().get_text_bounded() for page in pages)
    plain = re.sub(r"\s|\u200b", "", words)
    assert hashlib.sha256((scanned / "made.json").read_bytes()).hexdigest() in plain
    assert "清除证书" in plain
    assert "Theownerchosethetargets." in plain


@pytest.mark.parametrize("name", ["paper.docx", "paper", "paper.html"])
def test_a_paper_of_another_form_is_refused_before_anything_is_signed(scanned, name, capsys) -> None:
    """Only .pdf; the ledger does not grow by a certificate that nobody got."""
    before = (scanned / "run.sqlite").read_bytes()
    assert certify("--pdf", name) == ExitCode.USAGE
    assert ".pdf" in capsys.readouterr().err
    assert not (scanned / "made.json").exists()
    assert (scanned / "run.sqlite").read_bytes() == before


def test_no_certificate_without_its_paper(scanned, monkeypatch) -> None:
    """Where the typesetter is missing neither is written, and the ledger names no certificate."""
    monkeypatch.setitem(sys.modules, "typst", None)
    assert certify("--pdf", "paper.pdf") != ExitCode.CLEAN
    assert not (scanned / "made.json").exists()
    assert not (scanned / "paper.pdf").exists()
    with Store("run.sqlite", create=False) as store:
        assert "certified" not in {entry["kind"] for entry in store.ledger.read()}
