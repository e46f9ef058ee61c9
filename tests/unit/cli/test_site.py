"""`efface site` from the command line: what two runs found is put together, and no secret gets in."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from efface.cli.app import run

APP = """\
import face_recognition
from aip import AipFace
CAMERA = "rtsp://admin:Passw0rd@192.0.2.20:554/ch1"
STORE = "sqlite:///data/faces.sqlite"
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    tmp_path = tmp_path_factory.mktemp("site")
    app = tmp_path / "site" / "face-app"
    (app / "data").mkdir(parents=True)
    (app / "app.py").write_text(APP)
    with sqlite3.connect(app / "data" / "faces.sqlite") as base:
        base.execute("CREATE TABLE people (person_id INTEGER, face_embedding TEXT)")
        vectors = np.random.default_rng(1).normal(size=(30, 128))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        rows = [(n, json.dumps(vector.tolist())) for n, vector in enumerate(vectors)]
        base.executemany("INSERT INTO people VALUES (?, ?)", rows)
    names = str(tmp_path / "inspect.sqlite"), str(tmp_path / "scan.sqlite")
    run(["inspect", str(app.parent), "--run", names[0], "--jobs", "1", "--quiet"])
    run(["scan", str(app.parent), "--run", names[1], "--jobs", "1", "--quiet"])
    return names


def test_a_site_is_put_together_from_two_runs(
    runs: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Camera, software, store and cloud are one chain in JSON, page and terminal."""
    names = {kind: str(tmp_path / f"site.{kind}") for kind in ("json", "html")}
    assert run(["site", *runs, "--json", names["json"], "--html", names["html"], "--lang", "en"]) == 0
    said = capsys.readouterr().out
    written = json.loads(Path(names["json"]).read_text("utf-8"))
    assert {node["stage"] for node in written["nodes"]} == {"device", "software", "store", "cloud"}
    reasons = {tie["why"] for link in written["links"] for tie in link["ties"]}
    assert {"names_device", "names_file", "names_service"} <= reasons
    assert "An empty gallery on site proves nothing" in said
    everything = said + "".join(Path(name).read_text("utf-8") for name in names.values())
    assert "Passw0rd" not in everything
    assert "Passw0rd" not in "".join(
        path.read_bytes().decode("latin-1") for path in tmp_path.glob("*.sqlite")
    )


def test_json_on_standard_output_is_nothing_but_json(
    runs: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A script reads it as it is."""
    assert run(["site", runs[0], "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "efface/site/v1"


@pytest.mark.parametrize("names", [[], ["/nowhere/run.sqlite"], ["--jason", "x"]])
def test_what_is_no_run_is_refused(names: list[str]) -> None:
    """No run, none there, a mistyped option: exit code 2, and no file is made."""
    assert run(["site", *names]) == 2


def test_a_file_that_is_no_run_is_refused(tmp_path: Path) -> None:
    """Whatever else lies there."""
    (tmp_path / "x").write_bytes(b"no run")
    assert run(["site", str(tmp_path / "x")]) == 2
