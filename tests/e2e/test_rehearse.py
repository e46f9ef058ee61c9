"""A rehearsal tells on copies what a removal would leave; originals and the run's ledger stay as they were."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from efface.runs.store import Store
from efface.testing import records, stores


def bytes_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return what each file of a folder holds, and when it was changed."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


@pytest.fixture
def office(tmp_path: Path, samples: Path, efface: Any) -> tuple[Path, Path]:
    """A photo, a record and a database with a log, scanned."""
    folder, run = tmp_path / "office", tmp_path / "run.sqlite"
    folder.mkdir()
    shutil.copyfile(samples / "portrait.png", folder / "photo.png")
    (folder / "finger.fmr").write_bytes(records.finger_minutiae_record(1))
    with closing(sqlite3.connect(tmp_path / "live.db", isolation_level=None)) as program:
        program.execute("PRAGMA journal_mode = WAL")
        program.execute("CREATE TABLE face(name TEXT, face_feature BLOB)")
        vectors = stores.face_vectors(9, 512, seed=3).astype("<f4")
        program.executemany("INSERT INTO face VALUES ('x', ?)", [(vector.tobytes(),) for vector in vectors])
        for ending in ("", "-wal"):  # as a program that was killed leaves it
            shutil.copyfile(tmp_path / f"live.db{ending}", folder / f"crm.db{ending}")
    efface("scan", folder, "--run", run, "--quiet", expect=1)
    return folder, run


def test_a_rehearsal_changes_copies_and_no_original(
    office: tuple[Path, Path], tmp_path: Path, efface: Any
) -> None:
    """Every original keeps bytes and times; what a removal would leave lies in the folder, and so does the report."""
    folder, run = office
    before, there = bytes_of(folder), tmp_path / "there"
    with Store(str(run)) as store:
        entries = list(store.ledger.read())
    done = efface("remove", run, "--only", "all", "--rehearse", there, "--lang", "en", expect=0)
    assert "no original was changed" in done.stdout
    assert bytes_of(folder) == before
    with Store(str(run)) as store:
        assert list(store.ledger.read()) == entries
        assert json.loads(store.meta("removal_pace"))["bytes"] > 0
    told = json.loads((there / "rehearsal.json").read_text())["removals"]
    names = {os.path.basename(each["target"]): (each["status"], each["copy"] is None) for each in told}
    assert names == {
        "photo.png": ("removed", False),
        "crm.db": ("removed", False),
        "finger.fmr": ("removed", True),
    }
    copies = there / "files" / str(folder).lstrip("/")
    assert sorted(os.listdir(copies)) == ["crm.db", "photo.png"]
    with closing(sqlite3.connect(copies / "crm.db")) as database:
        (count, left) = database.execute("SELECT count(*), sum(length(face_feature)) FROM face").fetchone()
    assert (count, left or 0) == (9, 0)
    assert stat.S_IMODE(there.stat().st_mode) == 0o700
    planned = efface("remove", run, "--only", "all", "--lang", "en", expect=0).stdout
    assert "at the rate measured in this run" in planned

    # What the rehearsal left is what the removal leaves, and the removal still has all to do.
    rehearsed = (copies / "photo.png").read_bytes()
    efface("remove", run, "--only", "all", "--apply", "--quiet", expect=0)
    assert (folder / "photo.png").read_bytes() == rehearsed


def test_a_rehearsal_is_never_certified(office: tuple[Path, Path], tmp_path: Path, efface: Any) -> None:
    """Its own ledger says what it is, also after a scan of the copies; the run's says that nothing was removed."""
    _, run = office
    there, key = tmp_path / "there", tmp_path / "key.pem"
    efface("keys", "new", key, expect=0)
    efface("remove", run, "--only", "all", "--rehearse", there, "--quiet", expect=0)
    own = there / "rehearsal.sqlite"
    refused = efface("certify", own, "-o", tmp_path / "c.json", "--key", key, expect=4)
    assert "rehearsal" in refused.stderr
    efface("scan", there / "files", "--run", own, "--quiet")
    efface("certify", own, "-o", tmp_path / "c.json", "--key", key, expect=4)
    assert not (tmp_path / "c.json").exists()
    efface("certify", run, "-o", tmp_path / "run.json", "--key", key, expect=0)
    shown = efface(
        "check", tmp_path / "run.json", "--trust", key.with_suffix(".pub"), "--lang", "en", expect=0
    )
    assert "not_judged" in shown.stdout or "not judged" in shown.stdout


def test_what_cannot_be_removed_leaves_no_copy(tmp_path: Path, samples: Path, efface: Any) -> None:
    """A file that changed since the scan fails in the rehearsal, too, and its copy is taken away."""
    folder, run, there = tmp_path / "in", tmp_path / "run.sqlite", tmp_path / "there"
    folder.mkdir()
    shutil.copyfile(samples / "portrait.png", folder / "photo.png")
    (folder / "two.bin").write_bytes(records.finger_minutiae_record(1) + records.finger_minutiae_record(2))
    found = json.loads(efface("scan", folder, "--run", run, "--json", "-", expect=1).stdout)["findings"]
    (folder / "photo.png").write_bytes((folder / "photo.png").read_bytes() + b"later")
    one = next(each["id"] for each in found if "two.bin" in each["locator"]["uri"])
    photo = next(each["id"] for each in found if "photo.png" in each["locator"]["uri"])
    efface("remove", run, "--only", one, "--only", photo, "--rehearse", there, "--quiet", expect=4)
    told = json.loads((there / "rehearsal.json").read_text())["removals"]
    assert {(each["status"], each["copy"]) for each in told} == {("failed", None)}
    assert [path for path in (there / "files").rglob("*") if path.is_file()] == []
    reasons = " ".join(each["reason"] for each in told)
    assert "scan it again" in reasons
    assert "to stay" in reasons


def test_a_rehearsal_needs_a_folder_of_its_own(
    office: tuple[Path, Path], tmp_path: Path, efface: Any
) -> None:
    """Not one with something in it, none inside a target, and not together with the application."""
    folder, run = office
    before = bytes_of(folder)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    rows = {
        "not empty": ("--rehearse", tmp_path / "full"),
        "lies in a target": ("--rehearse", folder / "new"),
        "give one of them": ("--rehearse", tmp_path / "new", "--apply"),
    }
    for why, options in rows.items():
        assert why in efface("remove", run, "--only", "all", *options, expect=2).stderr
    assert bytes_of(folder) == before
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"
    assert not (tmp_path / "new").exists()
