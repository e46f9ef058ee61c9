"""A removal that is killed at any step leaves the old or the new file, and the next run finishes it."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

DRIVER = """
import os, signal, sys
from datetime import date
from efface.runs.plan import plan
from efface.runs.remove import apply
from efface.runs.store import Store

def step(name):
    if name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

with Store(sys.argv[1], create=False) as store:
    apply(store, plan(store, None, ["all"], date.today()), None, date.today(), jobs=1, step=step)
"""

STEPS = ("metadata", "rename", "overwrite", "outcome")


@pytest.fixture
def photo(tmp_path: Path, samples: Path, efface: Any) -> tuple[Path, Path]:
    """A photo with a face, scanned."""
    path, run = tmp_path / "in" / "photo.png", tmp_path / "run.sqlite"
    path.parent.mkdir()
    shutil.copyfile(samples / "portrait.png", path)
    efface("scan", path.parent, "--run", run, "--quiet", expect=1)
    return path, run


def killed_at(step: str, run: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(run), step], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step(photo: tuple[Path, Path], efface: Any, step: str) -> None:
    """The file is the old or the new one; the next apply finishes, and a certificate can be issued."""
    path, run = photo
    old = path.read_bytes()
    killed_at(step, run)
    between = path.read_bytes()
    if step in ("metadata", "rename"):
        assert between == old
    else:
        assert between != old
    efface("remove", run, "--only", "all", "--apply", "--quiet", expect=0)
    new = path.read_bytes()
    assert new != old
    if between != old:
        assert new == between
    assert os.listdir(path.parent) == ["photo.png"]
    key = run.with_name("key.pem")
    efface("keys", "new", key, expect=0)
    efface("certify", run, "-o", run.with_name("c.json"), "--key", key, expect=0)
    efface("check", run.with_name("c.json"), "--trust", key.with_suffix(".pub"), expect=0)
    efface("scan", path.parent, "--run", run.with_name("second.sqlite"), "--quiet", expect=0)


@pytest.mark.parametrize("step", ["unlink", "overwrite"])
def test_killed_while_a_file_is_erased(tmp_path: Path, efface: Any, step: str) -> None:
    """A file that goes whole is there or gone, and the ledger ends the story either way."""
    from efface.testing import records

    path, run = tmp_path / "in" / "a.fmr", tmp_path / "run.sqlite"
    path.parent.mkdir()
    path.write_bytes(records.finger_minutiae_record(1))
    efface("scan", path.parent, "--run", run, "--quiet", expect=1)
    killed_at(step, run)
    assert path.exists() is (step == "unlink")
    efface("remove", run, "--only", "all", "--apply", "--quiet", expect=0)
    assert not path.exists()
    efface("scan", path.parent, "--run", run.with_name("second.sqlite"), "--quiet", expect=0)


def test_a_database_in_use_is_not_replaced(tmp_path: Path, efface: Any) -> None:
    """A program that holds the database open would write into the old file: the removal says so."""
    from efface.testing import stores

    path, run = tmp_path / "in" / "a.db", tmp_path / "run.sqlite"
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as program:
        program.execute("PRAGMA journal_mode = WAL")
        program.execute("CREATE TABLE face(name TEXT, face_feature BLOB)")
        vectors = stores.face_vectors(9, 512, seed=3).astype("<f4")
        program.executemany("INSERT INTO face VALUES ('x', ?)", [(vector.tobytes(),) for vector in vectors])
        efface("scan", path.parent, "--run", run, "--quiet", expect=1)
        done = efface("remove", run, "--only", "all", "--apply", "--lang", "en", expect=4)
        assert "another program" in done.stdout
        assert program.execute("SELECT count(*) FROM face WHERE length(face_feature) = 2048").fetchone() == (
            9,
        )
    efface("scan", path.parent, "--run", run, "--quiet", expect=1)
    efface("remove", run, "--only", "all", "--apply", "--quiet", expect=0)
    with closing(sqlite3.connect(path)) as program:
        assert program.execute("SELECT count(*), sum(length(face_feature)) FROM face").fetchone() in (
            (9, None),
            (9, 0),
        )
        assert program.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert vectors[0].tobytes()[:64] not in path.read_bytes()


def test_a_held_part_keeps_its_file_from_going_whole(tmp_path: Path, efface: Any) -> None:
    """A file of which nothing would stay is not erased while something in it is to stay."""
    from efface.testing import records

    path, run = tmp_path / "in" / "two.bin", tmp_path / "run.sqlite"
    path.parent.mkdir()
    path.write_bytes(records.finger_minutiae_record(1) + records.finger_minutiae_record(2))
    found = efface("scan", path.parent, "--run", run, "--json", "-", expect=1)
    import json

    findings = json.loads(found.stdout)["findings"]
    assert len(findings) == 2
    done = efface("remove", run, "--only", findings[0]["id"], "--apply", "--lang", "en", expect=4)
    assert "to stay" in done.stdout
    assert path.exists()


def test_what_appears_after_the_removal_is_in_no_certificate(
    photo: tuple[Path, Path], samples: Path, efface: Any
) -> None:
    """A face that is found only by the re-scan stops the certificate; it belongs to a run of its own."""
    path, run = photo
    key = run.with_name("key.pem")
    efface("keys", "new", key, expect=0)
    efface("remove", run, "--only", "all", "--apply", "--quiet", expect=0)
    shutil.copyfile(samples / "portrait.png", path.with_name("later.png"))
    efface("scan", path.parent, "--run", run, "--quiet", expect=1)
    refused = efface("certify", run, "-o", run.with_name("c.json"), "--key", key, expect=4)
    assert "still finds 1" in refused.stderr
    late = efface("remove", run, "--only", "all", "--apply", expect=2)
    assert "new run file" in late.stderr
    path.with_name("later.png").unlink()
    efface("scan", path.parent, "--run", run, "--quiet", expect=0)
    efface("certify", run, "-o", run.with_name("c.json"), "--key", key, expect=0)


def test_the_plan_tells_what_goes_whole_and_what_cannot_be_done(
    tmp_path: Path, samples: Path, efface: Any
) -> None:
    """Before anything is done the user learns which file will be gone, and which one nothing here can change."""
    from PIL import Image

    from efface.testing import pictures, records

    folder, run = tmp_path / "in", tmp_path / "run.sqlite"
    folder.mkdir()
    (folder / "a.fmr").write_bytes(records.finger_minutiae_record(1))
    (folder / "b.psd").write_bytes(pictures.photoshop(Image.open(samples / "portrait.png").convert("RGB")))
    efface("scan", folder, "--run", run, "--quiet", expect=1)
    plan = efface("remove", run, "--only", "all", "--lang", "en", expect=0)
    assert "whole file" in plan.stdout
    assert "layers may show the face" in plan.stdout
    efface("remove", run, "--only", "all", "--apply", "--quiet", expect=4)
    assert os.listdir(folder) == ["b.psd"]


@pytest.mark.parametrize("step", ["rename", "overwrite"])
def test_killed_while_a_recording_is_replaced(tmp_path: Path, samples: Path, efface: Any, step: str) -> None:
    """A recording is the old or the new one, never half of one; the next apply finishes, and nothing is left."""
    import numpy as np
    from PIL import Image

    from efface.testing.videos import moving, recording

    path, run = tmp_path / "in" / "hall.mp4", tmp_path / "run.sqlite"
    path.parent.mkdir()
    portrait = Image.open(samples / "portrait.png").convert("RGB").crop((160, 0, 320, 200)).resize((96, 120))
    path.write_bytes(recording(moving(np.asarray(portrait), 12)))
    old = path.read_bytes()
    efface("scan", path.parent, "--run", run, "--quiet", expect=1)
    killed_at(step, run)
    assert (path.read_bytes() == old) is (step == "rename")
    efface("remove", run, "--only", "all", "--apply", "--quiet", expect=0)
    assert path.read_bytes() != old
    assert os.listdir(path.parent) == ["hall.mp4"]
    second = run.with_name("second.sqlite")
    efface("scan", path.parent, "--run", second, "--mode", "thorough", "--quiet", expect=0)
