"""A photo is redacted, recognisers are tried on what is left, and nothing of their templates stays anywhere."""

from __future__ import annotations

import base64
import io
import zipfile

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from efface.cli.app import run
from efface.engines.face_traces import traces
from efface.evidence import canonical, envelope
from efface.evidence.keys import SigningKey, save_private, save_public
from efface.examine.face_places import faces_in
from efface.model import Limits, Locator, Part, Surroundings
from efface.runs.exit_code import ExitCode
from efface.runs.store import Store
from efface.sources.payloads import BytesPayload

SCAN = ["scan", "in", "--run", "run.sqlite", "--quiet", "--jobs", "1", "--mode", "fast"]
REMOVE = ["remove", "run.sqlite", "--apply", "--only", "all", "--jobs", "1", "--lang", "en"]


@pytest.fixture
def desk(tmp_path, samples, monkeypatch):
    """A folder with a portrait, the same in an archive, and a key."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    portrait = (samples / "portrait.png").read_bytes()
    (tmp_path / "in" / "p.png").write_bytes(portrait)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("x/p.png", portrait)
    (tmp_path / "in" / "a.zip").write_bytes(archive.getvalue())
    key = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
    save_private(key, tmp_path / "k.pem")
    save_public(key.public, tmp_path / "k.pub")
    return tmp_path


def trace_of(desk) -> dict[str, str]:
    """Return the templates of the portrait's face, as a worker takes them."""
    path = str(desk / "in" / "p.png")
    with Store("run.sqlite", create=False) as store:
        findings = [each for each in store.findings() if each.locator.path == (path,)]
    part = Part(
        Locator.of_file(path), BytesPayload((desk / "in" / "p.png").read_bytes()), Surroundings(("p.png",))
    )
    ((_, square),) = faces_in(part, findings, Limits()).values()
    (trace,) = traces([square])
    return trace


def marks_of(trace: dict[str, str]) -> list[bytes]:
    """Return what of a template may appear nowhere: pieces of its bytes and of the text that travels."""
    raw = {name: base64.b64decode(text) for name, text in trace.items()}
    rows = [np.frombuffer(each, "<f4") for each in raw.values()]
    busy = [int(np.flatnonzero(row)[len(np.flatnonzero(row)) // 2]) * 4 // 12 * 12 for row in rows]
    found = []
    for data, at in zip(raw.values(), busy, strict=True):
        piece = data[at : at + 24]
        found += [piece, piece.hex().encode(), base64.b64encode(piece)]
    return found


def test_faces_are_gone_shown_and_their_templates_nowhere(desk, capsys) -> None:
    """Both places are of one colour; the certificate says so; no file holds a piece of a template."""
    run(SCAN)
    marks = marks_of(trace_of(desk))
    assert run(REMOVE) == ExitCode.CLEAN
    assert run(["certify", "run.sqlite", "-o", "c.json", "--key", "k.pem"]) == ExitCode.CLEAN
    assert run(["check", "c.json", "--trust", "k.pub", "--lang", "en"]) == ExitCode.CLEAN
    shown = capsys.readouterr()
    said = canonical.loads(envelope.parse((desk / "c.json").read_bytes()).payload)["predicate"]
    (tried,) = said["reidentified"]
    assert (tried["flat"], tried["gone"], tried["left"], tried["untested"]) == (2, 0, 0, 0)
    assert tried["outcome"] == "shown"
    assert len(tried["removals"]) == len(said["removals"]) == 2
    assert not {"not_reidentified", "too_few_faces"} & {each["code"] for each in said["not_proven"]}
    everything = [path.read_bytes() for path in desk.rglob("*") if path.is_file()]
    everything.append((shown.out + shown.err).encode())
    assert len(marks) >= 3
    assert not [mark for mark in marks for data in everything if mark in data]


def test_recognisers_have_the_last_word_of_an_application(desk) -> None:
    """Once, after all removals: a process that is killed before leaves removals that the certificate calls untried."""
    run(SCAN)
    assert run(REMOVE) == ExitCode.CLEAN
    with Store("run.sqlite", create=False) as store:
        kinds = [entry["kind"] for entry in store.ledger.read()]
    assert kinds.count("reidentified") == 1
    assert kinds.index("reidentified") > max(n for n, kind in enumerate(kinds) if kind == "removal_done")
