"""`efface judge --opinion`: a paper for counsel, of an activity or of a run."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from efface.cli.app import run
from efface.runs.outcome import ExitCode
from efface.runs.store import Store
from efface.testing.office import CASE_NANJING
from efface.testing.records import finger_minutiae_record

PERSON = "赵不凡"


@pytest.fixture
def case(tmp_path: Path) -> str:
    """Return a case file."""
    path = tmp_path / "case.toml"
    path.write_text(CASE_NANJING + '\n[[scope]]\nmatch = "**"\n', "utf-8")
    return str(path)


@pytest.fixture
def scanned(tmp_path: Path) -> str:
    """Return the run file of a scan of a folder with one record, named after a person."""
    (tmp_path / "hall").mkdir()
    (tmp_path / "hall" / f"{PERSON}.fmr").write_bytes(finger_minutiae_record())
    path = str(tmp_path / "run.sqlite")
    assert (
        run(["scan", str(tmp_path / "hall"), "--run", path, "--quiet", "--jobs", "1"]) == ExitCode.VIOLATIONS
    )
    return path


def words(path: Path) -> str:
    """Return the text of a PDF or of a page."""
    if path.suffix == ".html":
        return path.read_text("utf-8")
    return "".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(path))


@pytest.mark.parametrize("form", ["html", "pdf", "PDF"])
def test_an_opinion_of_the_activity_names_the_case_and_the_rules(
    tmp_path: Path, case: str, form: str
) -> None:
    """Without a run, what is done is judged; the exit code stays that of the verdict."""
    target = tmp_path / f"opinion.{form}"
    code = run(["judge", "--case", case, "--opinion", str(target), "--as-of", "2020-12-01", "--lang", "en"])
    assert code == ExitCode.GAPS
    shown = words(target)
    assert "Sales office, Jianye district" in shown
    assert "2020-12-01" in shown
    assert "Nanjing" in shown


def test_an_opinion_is_for_keeping(tmp_path: Path, case: str) -> None:
    """The PDF says of itself that it is PDF/A-3b: fonts inside, and nothing attached."""
    target = tmp_path / "opinion.pdf"
    run(["judge", "--case", case, "--opinion", str(target), "--as-of", "2020-12-01"])
    with pikepdf.open(target) as paper:
        assert not list(paper.attachments)
        with paper.open_metadata() as metadata:
            assert metadata.pdfa_status == "3B"


@pytest.mark.parametrize("form", ["html", "pdf"])
def test_an_opinion_of_a_run_counts_and_names_nobody(
    tmp_path: Path, case: str, scanned: str, form: str
) -> None:
    """Findings stand in it as numbers; the file's name, which is a person's, does not."""
    target = tmp_path / f"opinion.{form}"
    run(["judge", scanned, "--case", case, "--opinion", str(target), "--as-of", "2026-01-01", "--lang", "en"])
    shown = words(target)
    with Store(scanned, create=False) as store:
        (finding,) = store.findings()
    assert "fingerprint template" in shown
    assert str(tmp_path / "hall") in shown.replace("\n", "").replace("\r", "").replace("\u200b", "")
    assert PERSON not in shown
    assert finding.id not in shown


@pytest.mark.parametrize("name", ["opinion.docx", "opinion", "-", "pdf"])
def test_a_form_that_nobody_writes_is_refused_before_anything_is_judged(
    tmp_path: Path, case: str, scanned: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ending says the form; what is refused leaves the run as it was."""
    before = Path(scanned).read_bytes()
    assert run(["judge", scanned, "--case", case, "--opinion", str(tmp_path / name)]) == ExitCode.USAGE
    assert ".html or .pdf" in capsys.readouterr().err
    assert Path(scanned).read_bytes() == before


def test_a_paper_that_cannot_be_written_is_an_error(tmp_path: Path, case: str) -> None:
    """A folder that is not there gives exit code 2, and no half of a file."""
    assert run(["judge", "--case", case, "--opinion", str(tmp_path / "no" / "x.html")]) == ExitCode.USAGE
    assert not (tmp_path / "no").exists()
