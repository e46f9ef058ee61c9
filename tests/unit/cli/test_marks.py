"""`efface scan` with baseline, waivers and ignore files, from the command line to the exit code."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from efface.cli.app import run
from efface.cli.options import read_baseline, read_waivers
from efface.errors import UsageError
from efface.runs.exit_code import ExitCode
from efface.testing.records import finger_minutiae_record

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def folder(tmp_path):
    target = tmp_path / "target"
    (target / "old").mkdir(parents=True)
    (target / "old" / "a.fmr").write_bytes(RECORD)
    return target


RECORD = finger_minutiae_record()


def scan(*words: object) -> int:
    return run(["scan", *map(str, words), "--quiet", "--lang", "en", "--jobs", "1"])


def days(first: int, last: int) -> str:
    today = datetime.now(UTC).date()
    return f"from = {today + timedelta(first)}\nuntil = {today + timedelta(last)}\n"


def test_a_baseline_goes_from_the_first_scan_to_a_tighter_one(folder, tmp_path) -> None:
    """Known findings pass, new ones fail and are not taken in, and what is gone does not come back."""
    book = tmp_path / "baseline.json"
    assert scan(folder) == ExitCode.VIOLATIONS
    assert scan(folder, "--write-baseline", book) == ExitCode.CLEAN
    assert scan(folder, "--baseline", book) == ExitCode.CLEAN
    (folder / "b.fmr").write_bytes(RECORD)
    assert scan(folder, "--baseline", book) == ExitCode.VIOLATIONS
    before = book.read_bytes()
    assert scan(folder, "--write-baseline", book) == ExitCode.USAGE
    assert book.read_bytes() == before
    (folder / "b.fmr").unlink()
    (folder / "old" / "a.fmr").unlink()
    assert scan(folder, "--write-baseline", book) == ExitCode.CLEAN
    assert json.loads(book.read_text())["total"] == 0
    (folder / "old" / "a.fmr").write_bytes(RECORD)
    assert scan(folder, "--baseline", book) == ExitCode.VIOLATIONS


def test_a_new_file_does_not_get_round_the_ratchet(folder, tmp_path) -> None:
    """Writing a baseline to another file takes in no more than the one that was named."""
    book = tmp_path / "baseline.json"
    scan(folder, "--write-baseline", book)
    (folder / "b.fmr").write_bytes(RECORD)
    assert scan(folder, "--baseline", book, "--write-baseline", tmp_path / "new.json") == ExitCode.USAGE
    assert not (tmp_path / "new.json").exists()


def test_a_baseline_that_is_missing_excuses_nothing(folder, tmp_path) -> None:
    """A mistyped name is no empty baseline."""
    assert scan(folder, "--baseline", tmp_path / "missing.json") == ExitCode.USAGE
    (tmp_path / "b.json").write_text("{}")
    assert scan(folder, "--baseline", tmp_path / "b.json") == ExitCode.USAGE


WAIVERS = {
    "in force": (days(-1, 1), "**/old/**", ExitCode.CLEAN),
    "expired": (days(-9, -1), "**/old/**", ExitCode.VIOLATIONS),
    "not yet in force": (days(1, 9), "**/old/**", ExitCode.VIOLATIONS),
    "of another place": (days(-1, 1), "**/new/**", ExitCode.VIOLATIONS),
    "without an end": ("from = 2026-01-01\n", "**/old/**", ExitCode.USAGE),
}


@pytest.mark.parametrize(("term", "match", "code"), WAIVERS.values(), ids=WAIVERS)
def test_a_waiver_counts_on_its_days_and_places(folder, tmp_path, term, match, code) -> None:
    """Only a waiver that is in force and covers the place takes a finding out of the exit code."""
    file = tmp_path / "waivers.toml"
    file.write_text(f'[[waiver]]\nmatch = "{match}"\nreason = "drawn"\napprover = "Wang"\n{term}')
    report = tmp_path / "r.json"
    assert scan(folder, "--waivers", file, "--json", report) == code
    if code is not ExitCode.USAGE:
        document = json.loads(report.read_text())
        assert len(document["findings"]) == 1
        assert document["waivers"][0]["approver"] == "Wang"


def test_reports_made_later_show_the_marks_of_the_scan(folder, tmp_path) -> None:
    """`efface report` of the run says the same as the scan did."""
    book, file, later = tmp_path / "b.json", tmp_path / "run.sqlite", tmp_path / "later.json"
    scan(folder, "--run", file, "--write-baseline", book)
    assert run(["report", str(file), "--json", str(later)]) == ExitCode.CLEAN
    assert json.loads(later.read_text())["baseline"]["known"] == 1


def test_an_ignore_file_in_the_target_hides_nothing_by_itself(folder, tmp_path) -> None:
    """The inspected party cannot take itself out; whoever obeys its file does not get a clean result."""
    (folder / ".effaceignore").write_text("old/\n")
    assert scan(folder) == ExitCode.VIOLATIONS
    assert scan(folder, "--use-ignore-files") == ExitCode.GAPS
    assert scan(folder, "--ignore", folder / ".effaceignore") == ExitCode.CLEAN
    report = tmp_path / "r.json"
    scan(folder, "--ignore", folder / ".effaceignore", "--json", report)
    document = json.loads(report.read_text())
    assert [ignored["files"] for ignored in document["ignored"]] == [1]
    assert [gap["reason"] for gap in document["gaps"]] == ["ignored"]


def test_an_ignore_file_that_cannot_be_read_stops_the_scan(folder, tmp_path) -> None:
    """Patterns that nobody read are not no patterns."""
    assert scan(folder, "--ignore", tmp_path / "missing") == ExitCode.USAGE


def test_files_that_are_not_named_are_none(tmp_path) -> None:
    """Without an option there is neither baseline nor waiver."""
    assert read_baseline(None) is None
    assert read_waivers(None) == ()
    (tmp_path / "w.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="UTF-8"):
        read_waivers(tmp_path / "w.toml")
