"""An inspector's story: a visit, its bundle, the second visit, and the campaign."""

from __future__ import annotations

import csv
import io
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from efface.testing.records import finger_minutiae_record

from .conftest import Run

SOMEBODY = "visitor-zhang"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Path:
    """A hall with a reader's records and a photo of the scene, one of them named for somebody."""
    folder = tmp_path_factory.mktemp("visit")
    (folder / "hall").mkdir()
    (folder / "hall" / f"{SOMEBODY}.fmr").write_bytes(finger_minutiae_record())
    (folder / "hall" / "list.txt").write_text("opening hours\n", "utf-8")
    shutil.copy(samples / "portrait.png", folder / "IMG_0001.png")
    (folder / "order.txt").write_text("责令改正通知书：停止处理并删除。\n", "utf-8")
    return folder


def test_from_the_first_note_to_a_closed_campaign(efface: Run, place: Path) -> None:
    """Two visits, two bundles, and an overview that says closed only once nothing is left."""
    key, trust, first = place / "k.pem", ("--trust", place / "k.pub"), place / "bundles" / "first.zip"
    (place / "bundles").mkdir()
    efface("keys", "new", key, expect=0)
    head = ("--mandate", "Notice 7", "--authorisation", "Order 2", "--person", "A. Example, inspector")
    efface("visit", "new", place / "one", "--premises", "Example hall", *head, expect=0)
    run = place / "run.sqlite"
    efface("scan", place / "hall", "--run", run, "--jobs", "1", "--quiet", expect=1)
    for added in (
        ("--note", "a reader at the door"),
        ("--photo", place / "IMG_0001.png"),
        ("--run", run),
        ("--paper", place / "order.txt", "--due", "2020-12-31"),
    ):
        efface("visit", "add", place / "one", *added, expect=0)
    efface("visit", "add", place / "one", "--paper", place / "IMG_0001.png", expect=4)
    efface("visit", "seal", place / "one", "-o", first, "--key", key, "--lang", "zh", expect=0)
    efface("visit", "add", place / "one", "--note", "late", expect=2)

    shown = efface("visit", "show", first, *trust, "--lang", "en", expect=0).stdout
    assert "the bundle holds" in shown
    assert "a reader at the door" in shown
    photo = (place / "IMG_0001.png").read_bytes()
    with zipfile.ZipFile(first) as bundle:
        assert "IMG" not in " ".join(bundle.namelist())
        for name in bundle.namelist():
            assert photo[-9000:-8000] not in bundle.read(name)
            if not name.endswith(("run.json", "run.html")):  # reports name places; they are the inspector's
                assert SOMEBODY.encode() not in bundle.read(name)

    tampered = place / "tampered.zip"
    tampered.write_bytes(first.read_bytes().replace(b"a reader at the door", b"no reader at a door."))
    refused = efface("visit", "show", tampered, *trust, "--lang", "en", expect=4).stdout
    assert "do not rely on this bundle" in refused
    efface("visit", "again", tampered, place / "hall", *trust, expect=4)

    there = efface("visit", "again", first, place / "hall", *trust, "--json", "-", "--lang", "en", expect=1)
    assert json.loads(there.stdout)["counts"]["there"] == 1
    overview = efface("visit", "campaign", place / "bundles", *trust, "--csv", "-", "--lang", "en", expect=1)
    assert [row[4] for row in csv.reader(io.StringIO(overview.stdout))][1:] == ["overdue"]

    (place / "hall" / f"{SOMEBODY}.fmr").unlink()
    efface("visit", "new", place / "two", "--premises", "Example hall", *head, expect=0)
    page = place / "again.html"
    gone = ("visit", "again", first, place / "hall", *trust, "--add-to", place / "two", "--html", page)
    efface(*gone, "--lang", "en", expect=0)
    assert "Nothing of what was found before is found where it was" in page.read_text("utf-8")
    efface("visit", "seal", place / "two", "-o", place / "bundles" / "second.zip", "--key", key, expect=0)
    overview = efface("visit", "campaign", place / "bundles", *trust, "--csv", "-", "--lang", "en", expect=0)
    states = {row[0]: row[4] for row in csv.reader(io.StringIO(overview.stdout.lstrip("\ufeff")))}
    assert states["first.zip"] == "closed"
    shutil.copy(tampered, place / "bundles" / "tampered.zip")
    efface("visit", "campaign", place / "bundles", *trust, "--html", place / "c.html", "--quiet", expect=4)
    assert "tampered.zip" in (place / "c.html").read_text("utf-8")
