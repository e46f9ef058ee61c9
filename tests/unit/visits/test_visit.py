"""The folder of a visit."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest

from efface.cli.app import run as efface
from efface.errors import EvidenceError, RemovalError, UsageError
from efface.runs.exit_code import ExitCode
from efface.testing.records import finger_minutiae_record
from efface.visits.entries import Run
from efface.visits.visit import Visit, open_visit, persons

HEAD = {
    "premises": "Sales office",
    "people": [{"name": "A. Example", "role": "inspector"}],
    "mandate": "Notice 1",
    "authorisation": "Order of 20 November 2026",
    "clock_offset_s": -3,
}
SOMEBODY = "赵不凡"


@pytest.fixture
def visit(tmp_path: Path) -> Visit:
    return Visit.new(str(tmp_path / "visit"), HEAD)


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    hall = tmp_path / "hall"
    hall.mkdir()
    (hall / f"{SOMEBODY}.fmr").write_bytes(finger_minutiae_record())
    efface(["scan", str(hall), "--run", str(tmp_path / "run.sqlite"), "--quiet", "--jobs", "1"])
    return tmp_path / "run.sqlite"


@pytest.mark.parametrize("name", ["premises", "mandate", "authorisation"])
def test_no_visit_without_mandate_and_authorisation(tmp_path: Path, name: str) -> None:
    """Nothing is looked at before it is recorded who allowed it."""
    with pytest.raises(UsageError, match=name):
        Visit.new(str(tmp_path / "visit"), {**HEAD, name: "  "})
    assert not (tmp_path / "visit").exists()


def test_a_visit_is_its_owners_alone_and_never_overwrites(visit: Visit) -> None:
    """A folder that is there is not taken for a new one."""
    assert stat.S_IMODE(Path(visit.folder).stat().st_mode) == 0o700
    with pytest.raises(UsageError):
        Visit.new(visit.folder, HEAD)


@pytest.mark.parametrize("written", [[], ["A. Example"], ["A, "], [", inspector"]])
def test_everybody_present_has_a_role(written: list[str]) -> None:
    """A name alone says nothing of why somebody was there."""
    with pytest.raises(UsageError):
        persons(written)


def test_a_chinese_comma_parts_name_and_role() -> None:
    """People write as they write."""
    assert persons(["甲，检查人员"]) == [{"name": "甲", "role": "检查人员"}]


def test_every_addition_stands_in_the_log_with_its_digest(visit: Visit) -> None:
    """Read again from disk, the log names what lies beside it."""
    visit.add_note("two cameras")
    visit.add_paper("责令改正通知书".encode())
    again = open_visit(visit.folder)
    (file,) = again.log.entries[-1].files
    data = Path(again.path(file.name)).read_bytes()
    assert file.name == "03-paper.txt"
    assert (file.sha256, file.size_bytes) == (hashlib.sha256(data).hexdigest(), len(data))


def test_a_run_is_added_as_reports_and_never_as_the_file_with_its_key(visit: Visit, run_file: Path) -> None:
    """The run's secret stays with the run; the baseline has a salt of its own and no name."""
    from efface.runs.store import Store

    entry = visit.add_run(str(run_file), "en")
    assert isinstance(entry, Run)
    assert [found.model_dump() for found in entry.found] == [
        {"characteristic": "fingerprint", "form": "template", "findings": 1, "references": 1}
    ]
    with Store(str(run_file), create=False) as store:
        secret = store.meta("secret")
    for path in Path(visit.folder).iterdir():
        assert secret not in path.read_text("utf-8")
    assert SOMEBODY not in Path(visit.path("02-baseline.json")).read_text("utf-8")
    assert len(Path(visit.path("02-ledger.jsonl")).read_bytes().splitlines()) == 2


def test_a_run_that_was_never_scanned_is_refused(visit: Visit, tmp_path: Path) -> None:
    """Nothing is made up about it."""
    with pytest.raises(UsageError):
        visit.add_run(str(tmp_path / "no.sqlite"), "en")
    assert visit.log.size == 1


def test_a_certificate_that_is_none_is_refused(visit: Visit) -> None:
    """What is kept as a certificate can at least be read as one."""
    with pytest.raises(EvidenceError):
        visit.add_certificate(b"{}\n")


def test_a_paper_with_biometric_data_is_refused(visit: Visit, samples: Path) -> None:
    """A copy of an identity card is a portrait."""
    with pytest.raises(RemovalError, match="holds biometric data"):
        visit.add_paper((samples / "portrait.png").read_bytes())
    with pytest.raises(UsageError):
        visit.add_paper(b"\x7fELF" + bytes(64))
    assert sorted(path.name for path in Path(visit.folder).iterdir()) == ["log.jsonl"]


def test_a_changed_log_is_not_gone_on_with(visit: Visit) -> None:
    """A visit whose log was edited takes nothing more."""
    visit.add_note("two cameras")
    path = Path(visit.path("log.jsonl"))
    path.write_bytes(path.read_bytes().replace(b"Sales office", b"Tea house   "))
    with pytest.raises(EvidenceError, match="line 2"):
        open_visit(visit.folder)


def test_a_log_that_another_process_wrote_to_is_read_again_first(visit: Visit) -> None:
    """Two hands on one visit do not make two lines of one number."""
    open_visit(visit.folder).add_note("one")
    with pytest.raises(UsageError, match="another efface"):
        visit.add_note("two")
    assert open_visit(visit.folder).log.size == 2


def test_one_thing_is_added_at_a_time(visit: Visit, capsys: pytest.CaptureFixture[str]) -> None:
    """Two in one command would be two lines or one: it is refused."""
    add = ["visit", "add", visit.folder]
    assert efface(add) == ExitCode.USAGE
    assert efface([*add, "--note", "x", "--photo", "y.jpg"]) == ExitCode.USAGE
    assert efface([*add, "--note", "x", "--due", "2026-12-30"]) == ExitCode.USAGE
    assert efface([*add, "--photo", "missing.jpg"]) == ExitCode.USAGE
    assert efface([*add, "--note", "x"]) == ExitCode.CLEAN
    assert capsys.readouterr().out == "2: note\n"


def test_no_visit_no_addition(tmp_path: Path) -> None:
    """A folder without a log is none."""
    assert efface(["visit", "add", str(tmp_path), "--note", "x"]) == ExitCode.USAGE
