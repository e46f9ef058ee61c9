"""`efface order`: the draft of an order to rectify."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest

from efface.cli.app import run
from efface.runs.outcome import ExitCode
from efface.testing.office import CASE_NANJING, CASE_TIANJIN
from efface.testing.records import finger_minutiae_record

PERSON = "赵不凡"
SCOPE = '\n[[scope]]\nmatch = "**"\n'


@pytest.fixture
def scanned(tmp_path: Path) -> str:
    """Return the run file of a scan of a folder with one record, named after a person."""
    (tmp_path / "hall").mkdir()
    (tmp_path / "hall" / f"{PERSON}.fmr").write_bytes(finger_minutiae_record())
    path = str(tmp_path / "run.sqlite")
    run(["scan", str(tmp_path / "hall"), "--run", path, "--quiet", "--jobs", "1"])
    return path


def case(tmp_path: Path, text: str) -> str:
    path = tmp_path / "case.toml"
    path.write_text(text + SCOPE, "utf-8")
    return str(path)


def ordered(scanned: str, facts: str, target: Path, *more: str) -> int:
    return run(
        ["order", scanned, "--case", facts, "--to", "示例房产", "-o", str(target), "--lang", "en", *more]
    )


def words(path: Path) -> str:
    if path.suffix == ".html":
        shown = path.read_text("utf-8")
    else:
        shown = "".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(path))
    return shown.replace("\n", "").replace("\r", "").replace("\u200b", "")


@pytest.mark.parametrize("form", ["html", "pdf"])
def test_what_is_forbidden_is_ordered_gone_with_rule_and_place(
    tmp_path: Path, scanned: str, form: str
) -> None:
    """The order names kind, folder, rule and what to do; who is in the file's name is not named."""
    target = tmp_path / f"order.{form}"
    code = ordered(
        scanned, case(tmp_path, CASE_TIANJIN), target, "--as-of", "2026-01-01", "--reply-by", "2026-02-01"
    )
    assert code == ExitCode.VIOLATIONS
    shown = words(target)
    for expected in (
        "示例房产",
        "2026-02-01",
        "fingerprint",
        str(tmp_path / "hall"),
        "Tianjin",
        "efface certify",
    ):
        assert expected in shown
    assert PERSON not in shown


def test_what_only_the_authority_knows_is_left_blank(tmp_path: Path, scanned: str) -> None:
    """Nothing is invented about powers and remedies."""
    target = tmp_path / "order.html"
    ordered(scanned, case(tmp_path, CASE_TIANJIN), target, "--as-of", "2026-01-01")
    assert words(target).count("for the authority to fill in") >= 4


def test_nothing_is_ordered_where_facts_are_missing(tmp_path: Path, scanned: str) -> None:
    """A verdict that lacks facts stands among what is left open."""
    target = tmp_path / "order.html"
    bare = '[case]\ntitle = "A hall"\njurisdiction = "CN-320100"\nactors = ["business_operator"]\n'
    assert ordered(scanned, case(tmp_path, bare), target, "--as-of", "2026-01-01") != ExitCode.VIOLATIONS
    shown = words(target)
    assert "nothing is found that would have to be rectified" in shown
    assert "lack facts" in shown


def test_a_hold_is_ordered_kept(tmp_path: Path, scanned: str) -> None:
    """What a case holds as evidence is to be kept, and not among what is to go."""
    held = CASE_TIANJIN + '\n[[hold]]\nmatch = "**"\nreason = "evidence in case 7"\n'
    target = tmp_path / "order.html"
    ordered(scanned, case(tmp_path, held), target, "--as-of", "2026-01-01")
    shown = words(target)
    assert "neither deleted, changed nor dismantled" in shown
    assert "evidence in case 7" in shown


@pytest.mark.parametrize("name", ["order.docx", "order", "-"])
def test_another_form_is_refused_before_anything_is_judged(tmp_path: Path, scanned: str, name: str) -> None:
    """The file's name says the form."""
    target = tmp_path / name if name != "-" else Path("-")
    assert ordered(scanned, case(tmp_path, CASE_NANJING), target) == ExitCode.USAGE
    assert not (tmp_path / name).exists()
