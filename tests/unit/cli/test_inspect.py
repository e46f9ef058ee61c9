"""`efface inspect` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from efface.cli.app import run
from efface.detectors.signatures import Kind
from efface.testing import traces


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    sample = traces.trace(Kind.PIP, "insightface")
    path = tmp_path / "site" / sample.name
    path.parent.mkdir(parents=True)
    path.write_bytes(sample.data)
    return tmp_path / "site"


def test_what_is_found_is_shown_and_gives_1(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A recogniser is a violation without a case, as faces are in a scan."""
    assert run(["inspect", str(site), "--lang", "en"]) == 1
    said = capsys.readouterr().out
    assert "InsightFace" in said
    assert "Systems that recognise people were found" in said


def test_an_empty_place_is_clean(tmp_path: Path, site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing found and nothing left out gives 0."""
    (tmp_path / "empty").mkdir()
    assert run(["inspect", str(tmp_path / "empty"), "--lang", "en"]) == 0
    assert "No system that recognises people" in capsys.readouterr().out


def test_a_triage_that_left_something_out_is_not_clean(tmp_path: Path, site: Path) -> None:
    """A photograph that was not looked at gives 3."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.jpg").write_bytes(b"\xff\xd8\xff")
    assert run(["inspect", str(tmp_path / "other"), "--triage", "--minutes", "1", "--quiet"]) == 3


def test_reports_are_written(site: Path, tmp_path: Path) -> None:
    """JSON, SARIF, HTML, CSV and the inventory are of one run."""
    names = {kind: str(tmp_path / f"out.{kind}") for kind in ("json", "sarif", "html", "csv", "sbom")}
    options = [part for kind, name in names.items() for part in (f"--{kind}", name)]
    assert run(["inspect", str(site), "--quiet", *options]) == 1
    finding = json.loads(Path(names["json"]).read_text("utf-8"))["findings"][0]
    inventory = json.loads(Path(names["sbom"]).read_text("utf-8"))
    assert finding["form"] == "system"
    assert inventory["components"][0]["components"][0]["properties"][0]["value"] == finding["id"]
    assert all(Path(name).stat().st_size for name in names.values())


def test_the_root_of_an_image_is_a_target(site: Path) -> None:
    """What lies in an image is found under its place here."""
    assert run(["inspect", "--root", str(site), "--quiet"]) == 1


def test_the_run_of_an_inspection_is_not_that_of_a_scan(site: Path, tmp_path: Path) -> None:
    """Both commands on one place keep two run files."""
    run(["inspect", str(site), "--quiet"])
    run(["scan", str(site), "--quiet", "--jobs", "1"])
    assert len(list((tmp_path / "state").rglob("*.sqlite"))) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["/nowhere/at/all"],
        ["--root", "/nowhere/at/all"],
        [".", "--minutes", "0"],
        ["--triag", "."],
        ["postgresql://localhost/x", "--mode", "fast"],
    ],
    ids=str,
)
def test_mistakes_are_refused(arguments: list[str], site: Path) -> None:
    """No target, a missing one, no time, and a misspelt option give 2."""
    assert run(["inspect", *arguments]) == 2


def test_the_doctor_says_what_an_inspection_can_see(capsys: pytest.CaptureFixture[str]) -> None:
    """Signatures, the extra, and the places that this user cannot read are told beforehand."""
    from efface.cli import doctor

    assert doctor._signatures().endswith("kinds")
    assert "this user can" in doctor._inspection()
    assert "available" in doctor._extra("inspect", *doctor.EXTRAS["inspect"])
