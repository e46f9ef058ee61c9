"""No content leaves its place: marked inputs are searched for in everything that efface writes."""

from __future__ import annotations

import base64
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from efface.testing import records, stores

NAME = "卡纳里·Canaryperson"
IDENTITY = "990000197001019994"


def marks(portrait: bytes, vectors: np.ndarray, template: bytes) -> dict[str, list[bytes]]:
    """What may appear nowhere, in the forms in which it could: raw, hex, base64 at each shift, decimals."""
    values = {
        "picture": portrait[2_000:2_024],
        "vector": vectors[3].tobytes()[80:104],
        "template": template[60:84],
    }
    forms = {
        name: [value, value.hex().encode(), value.hex().upper().encode(), *_base64_cores(value)]
        for name, value in values.items()
    }
    forms["vector"] += [
        f"{float(number):.6f}"[:8].encode() for number in vectors[3][20:26] if abs(number) > 0.01
    ]
    forms["name"] = [
        NAME.encode(),
        NAME.encode("utf-16-le"),
        json.dumps(NAME).strip('"').encode(),
        b"Canaryperson",
    ]
    forms["identity number"] = [IDENTITY.encode(), IDENTITY.encode("utf-16-le")]
    return forms


def _base64_cores(value: bytes) -> list[bytes]:
    """Return what base64 makes of a value inside a longer text, for each of the three alignments."""
    return [base64.b64encode(bytes(shift) + value)[4 + shift : -4] for shift in range(3)]


@pytest.fixture(scope="module")
def canary(
    tmp_path_factory: pytest.TempPathFactory, samples: Path, efface: Any
) -> tuple[Path, dict[str, list[bytes]]]:
    """A run over marked inputs, with every output that the command line can give."""
    folder = tmp_path_factory.mktemp("canary")
    inputs, outputs = folder / "in", folder / "out"
    inputs.mkdir()
    outputs.mkdir()
    Image.open(samples / "portrait.png").convert("RGB").save(inputs / "p.jpg", quality=92)
    portrait = (inputs / "p.jpg").read_bytes()
    vectors = stores.face_vectors(12, 512, seed=77).astype("<f4")
    template = records.finger_minutiae_record(77)
    (inputs / "t.fmr").write_bytes(template)
    np.save(inputs / "face_encodings.npy", vectors)
    (inputs / "damaged.jpg").write_bytes(portrait[:5_000])
    row = {"name": NAME, "idNumber": IDENTITY, "face_embedding": vectors[3].tolist(), "tmp": template.hex()}
    (inputs / "people.json").write_text(
        json.dumps([row, row | {"photo": base64.b64encode(portrait).decode()}])
    )
    with closing(sqlite3.connect(inputs / "crm.db")) as db, db:
        db.execute("CREATE TABLE customer(name TEXT, id_number TEXT, face_feature BLOB, photo BLOB)")
        db.executemany(
            "INSERT INTO customer VALUES (?, ?, ?, ?)",
            [(NAME, IDENTITY, vector.tobytes(), portrait) for vector in vectors],
        )
    run, key = outputs / "run.sqlite", outputs / "key.pem"
    reports = [f"--{kind}={outputs / kind}" for kind in ("json", "sarif", "csv", "html")]
    said = [
        efface("scan", inputs, "--run", run, *reports, "--lang", "zh", cwd=outputs),
        efface("scan", inputs, "--run", run, "--lang", "en", cwd=outputs),
        efface("remove", run, "--only", "all", cwd=outputs),
        efface("remove", run, "--only", "all", "--apply", cwd=outputs),
        efface("keys", "new", key, cwd=outputs),
        efface("certify", run, "-o", outputs / "certificate.json", "--key", key, cwd=outputs),
        efface("check", outputs / "certificate.json", "--trust", key.with_suffix(".pub"), cwd=outputs),
        efface("guard", "check", "/dev/null", cwd=outputs),
    ]
    for number, done in enumerate(said):
        (outputs / f"said-{number}.txt").write_text(done.stdout + done.stderr)
    assert "face-template" in (outputs / "json").read_text()
    assert "face-image" in (outputs / "json").read_text()
    assert said[3].returncode == 0, said[3].stdout
    return outputs, marks(portrait, vectors, template)


def test_the_marks_are_in_the_inputs() -> None:
    """The search finds what it looks for where it is: a canary test that cannot fail would be worth nothing."""
    vectors = stores.face_vectors(12, 512, seed=77).astype("<f4")
    template = records.finger_minutiae_record(77)
    portrait = bytes(range(256)) * 20
    text = base64.b64encode(b"x" + portrait) + vectors.tobytes() + template.hex().encode() + NAME.encode()
    for name, forms in marks(portrait, vectors, template).items():
        assert name == "identity number" or any(form in text for form in forms), name


@pytest.mark.parametrize("what", ["picture", "vector", "template", "name", "identity number"])
def test_no_output_holds_content(canary: tuple[Path, dict[str, list[bytes]]], what: str) -> None:
    """Neither reports, run file, ledger, certificate nor messages hold a part of what was found, or a name in it."""
    outputs, forms = canary
    files = [path for path in outputs.rglob("*") if path.is_file()]
    assert len(files) >= 15
    for path in files:
        data = path.read_bytes()
        assert not any(form in data for form in forms[what]), f"{what} in {path.name}"


def test_the_page_shows_no_pixel(canary: tuple[Path, dict[str, list[bytes]]]) -> None:
    """The preview is an outline: no picture is embedded in or fetched by the page."""
    page = (canary[0] / "html").read_text()
    assert "<img" not in page
    assert "data:image" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_the_certificate_names_no_place(canary: tuple[Path, dict[str, list[bytes]]]) -> None:
    """Neither file names nor plain hashes of files stand in a certificate."""
    import hashlib

    outputs, _ = canary
    envelope = json.loads((outputs / "certificate.json").read_text())
    payload = base64.b64decode(envelope["payload"])
    for word in (b"p.jpg", b"crm", b"people", b"customer", str(outputs.parent).encode()):
        assert word not in payload
    for path in (outputs.parent / "in").iterdir():
        assert hashlib.sha256(path.read_bytes()).hexdigest().encode() not in payload
