"""`efface decommission` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from efface.cli.app import run
from efface.detectors.signatures import Kind
from efface.testing import traces


@pytest.fixture
def inspected(tmp_path: Path) -> Path:
    sample = traces.trace(Kind.PIP, "insightface")
    path = tmp_path / "site" / sample.name
    path.parent.mkdir(parents=True)
    path.write_bytes(sample.data)
    run(["inspect", str(tmp_path / "site"), "--run", str(tmp_path / "run.sqlite"), "--quiet", "--jobs", "1"])
    return tmp_path / "run.sqlite"


def test_the_list_of_an_inspection_is_shown_and_changes_nothing(
    inspected: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1 where something is to go; the place is as it was."""
    before = {path: path.read_bytes() for path in (tmp_path / "site").rglob("*") if path.is_file()}
    assert run(["decommission", str(inspected), "--lang", "en", "--json", str(tmp_path / "steps.json")]) == 1
    assert "package manager" in " ".join(capsys.readouterr().out.split())
    assert json.loads((tmp_path / "steps.json").read_text("utf-8"))["systems"][0]["state"] == "due"
    assert {path: path.read_bytes() for path in before} == before


def test_a_run_that_found_nothing_has_no_list(tmp_path: Path) -> None:
    """Nothing to take away gives 0."""
    (tmp_path / "empty").mkdir()
    run(["inspect", str(tmp_path / "empty"), "--run", str(tmp_path / "run.sqlite"), "--quiet", "--jobs", "1"])
    assert run(["decommission", str(tmp_path / "run.sqlite")]) == 0


def test_a_scan_for_data_and_a_missing_run_are_refused(tmp_path: Path) -> None:
    """What was never looked for cannot be listed as absent."""
    (tmp_path / "empty").mkdir()
    run(["scan", str(tmp_path / "empty"), "--run", str(tmp_path / "scan.sqlite"), "--quiet", "--jobs", "1"])
    assert run(["decommission", str(tmp_path / "scan.sqlite")]) == 2
    assert run(["decommission", str(tmp_path / "nothing.sqlite")]) == 2
