"""Two persons, and originals that are kept for the holder of a key: what efface refuses, and what it tells."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from efface.runs.store import Store
from efface.testing import records, stores

pyrage = pytest.importorskip("pyrage")

LATER = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
CASE = """
[case]
title = "office"
jurisdiction = "CN-320100"
[[scope]]
match = "none of it"
[removal]
persons = [{persons}]
"""


@pytest.fixture
def office(tmp_path: Path, samples: Path, efface: Any) -> tuple[Path, Path]:
    """A photo and a record, scanned."""
    folder, run = tmp_path / "office", tmp_path / "run.sqlite"
    folder.mkdir()
    shutil.copyfile(samples / "portrait.png", folder / "photo.png")
    (folder / "finger.fmr").write_bytes(records.finger_minutiae_record(1))
    efface("scan", folder, "--run", run, "--quiet", expect=1)
    return folder, run


def entries(run: Path) -> list[dict[str, Any]]:
    with Store(str(run)) as store:
        return list(store.ledger.read())


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# -- two persons ------------------------------------------------------------------------------------------


@pytest.fixture
def persons(tmp_path: Path, efface: Any) -> dict[str, Path]:
    """Keys of two persons of the case and of a stranger, and the case."""
    ids = {}
    for name in ("planner", "applier", "stranger"):
        made = efface("keys", "new", tmp_path / f"{name}.pem", expect=0).stdout
        ids[name] = made.split("key id:")[1].strip()
    listed = ", ".join(f'"{ids[name]}"' for name in ("planner", "applier"))
    (tmp_path / "case.toml").write_text(CASE.format(persons=listed))
    return {"case": tmp_path / "case.toml", **{name: tmp_path / f"{name}.pem" for name in ids}}


def test_one_plans_and_another_applies(
    office: tuple[Path, Path], persons: dict[str, Path], tmp_path: Path, efface: Any
) -> None:
    """Unsigned, self-applied, changed and foreign plans are refused and nothing changes; then it is done."""
    folder, run = office
    before, signed = contents(folder), tmp_path / "plan.json"
    remove = ("remove", run, "--only", "all")
    case = ("--case", persons["case"])
    planner, applier, stranger = (("--key", persons[name]) for name in ("planner", "applier", "stranger"))

    assert "two persons" in efface(*remove, *case, "--apply", expect=2).stderr
    assert "two persons" in efface(*remove, "--apply", expect=2).stderr  # the run remembers
    assert "none of the case" in efface(*remove, "--sign-plan", signed, *stranger, expect=2).stderr
    efface(*remove, *case, "--sign-plan", signed, *planner, expect=0)
    apply = (*remove, *case, "--apply", "--plan")
    assert "who planned may not apply" in efface(*apply, signed, *planner, expect=2).stderr
    assert "none of the case" in efface(*apply, signed, *stranger, expect=2).stderr
    changed = tmp_path / "changed.json"
    changed.write_bytes(signed.read_bytes().replace(b'"sig":"', b'"sig":"A', 1)[:-3] + b"}\n")
    efface(*apply, changed, *applier, expect=4)
    assert contents(folder) == before
    assert "removal_planned" not in {entry["kind"] for entry in entries(run)}

    efface(*apply, signed, *applier, "--quiet", expect=0)
    assert set(contents(folder)) == {"photo.png"}
    (approved,) = (entry for entry in entries(run) if entry["kind"] == "removal_approved")
    ids = {json.loads(json.dumps(approved))[name] for name in ("planner", "applier")}
    assert len(ids) == 2
    efface("scan", folder, "--run", run, "--quiet", expect=3)  # the verdict on the activity lacks facts
    efface("certify", run, "-o", tmp_path / "c.json", *planner, expect=0)
    efface("check", tmp_path / "c.json", "--trust", tmp_path / "planner.pub", expect=0)


def test_a_plan_that_was_signed_for_something_else_is_refused(
    office: tuple[Path, Path], persons: dict[str, Path], tmp_path: Path, efface: Any
) -> None:
    """More findings than were signed for, another run, or other persons than the run's."""
    folder, run = office
    found = json.loads(efface("scan", folder, "--run", run, "--json", "-", expect=1).stdout)["findings"]
    before, case, signed = contents(folder), ("--case", persons["case"]), tmp_path / "plan.json"
    planner, applier = (("--key", persons[name]) for name in ("planner", "applier"))
    efface(
        "remove", run, "--only", found[0]["id"], *case, "--sign-plan", signed, *planner, "--quiet", expect=0
    )
    more = efface("remove", run, "--only", "all", *case, "--apply", "--plan", signed, *applier, expect=4)
    assert "says otherwise" in more.stderr
    same = ("remove", run, "--only", found[0]["id"], *case, "--apply", "--plan", signed, *applier)
    copies = efface(*same, "--with-derived", expect=4)  # nobody signed that copies go, too
    assert "says otherwise" in copies.stderr
    other = tmp_path / "other.sqlite"
    efface("scan", folder, "--run", other, "--quiet", expect=1)
    foreign = efface("remove", other, "--only", "all", *case, "--apply", "--plan", signed, *applier, expect=4)
    assert "another run" in foreign.stderr
    persons["case"].write_text(CASE.format(persons=", ".join(f'"{digit * 64}"' for digit in "ab")))
    others = efface("remove", run, "--only", "all", *case, "--apply", "--plan", signed, *applier, expect=2)
    assert "names others" in others.stderr
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("persons_of_case", "fault"),
    {
        "one": ('"' + "a" * 64 + '"', "two different keys"),
        "one twice": (", ".join(['"' + "a" * 64 + '"'] * 2), "two different keys"),
        "a name": ('"Wang", "Li"', "removal.persons"),
    }.values(),
    ids=["one", "one twice", "a name"],
)
def test_a_case_names_two_keys(
    office: tuple[Path, Path], tmp_path: Path, efface: Any, persons_of_case: str, fault: str
) -> None:
    """A rule of one person would be none."""
    (tmp_path / "case.toml").write_text(CASE.format(persons=persons_of_case))
    assert fault in efface("remove", office[1], "--case", tmp_path / "case.toml", expect=2).stderr


# -- sealed -----------------------------------------------------------------------------------------------


def test_a_sealed_original_is_told_as_not_erased(
    office: tuple[Path, Path], tmp_path: Path, efface: Any
) -> None:
    """The holder of the key has it back byte for byte; ledger, outcome, certificate and both checkers say so."""
    folder, run = office
    before, vault, key = contents(folder), tmp_path / "vault", tmp_path / "key.pem"
    holder = pyrage.x25519.Identity.generate()
    done = efface(
        *("remove", run, "--only", "all", "--apply", "--lang", "en", "--quarantine", vault),
        *("--recipient", holder.to_public(), "--until", LATER),
        expect=0,
    )
    assert f"sealed until {LATER}" in done.stdout
    sealed = [path.read_bytes() for path in vault.iterdir()]
    assert {pyrage.decrypt(each, [holder]) for each in sealed} == set(before.values())
    assert {path.suffix for path in vault.iterdir()} == {".age"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in (vault, *vault.iterdir()))
    assert not any(original[:64] in each for original in before.values() for each in sealed)
    noted = [entry for entry in entries(run) if entry["kind"] == "removal_sealed"]
    assert {entry["sealed"] for entry in noted} == {hashlib.sha256(each).hexdigest() for each in sealed}
    assert {entry["until"] for entry in noted} == {LATER}
    assert contents(folder).keys() == {"photo.png"}

    efface("scan", folder, "--run", run, "--quiet", expect=0)
    efface("keys", "new", key, expect=0)
    efface("certify", run, "-o", tmp_path / "c.json", "--key", key, expect=0)
    checked = efface(
        "check", tmp_path / "c.json", "--trust", key.with_suffix(".pub"), "--lang", "en", expect=0
    )
    assert f"Not erased: 2 originals are sealed until {LATER}" in checked.stdout
    assert "Findings not erased: 2" in checked.stdout
    payload = base64.b64decode(json.loads((tmp_path / "c.json").read_text())["payload"])
    assert str(holder.to_public()).encode() not in payload
    tool = Path(__file__).parents[2] / "tools" / "check_certificate.py"
    command = [sys.executable, "-I", tool, tmp_path / "c.json", key.with_suffix(".pub")]
    assert subprocess.run(command, capture_output=True, timeout=60).returncode == 0


def test_a_database_is_sealed_with_its_log(tmp_path: Path, efface: Any) -> None:
    """What a reader of the database saw is what the holder of the key gets back."""
    folder, run, vault = tmp_path / "in", tmp_path / "run.sqlite", tmp_path / "vault"
    folder.mkdir()
    with closing(sqlite3.connect(tmp_path / "live.db", isolation_level=None)) as program:
        program.execute("PRAGMA journal_mode = WAL")
        program.execute("CREATE TABLE face(name TEXT, face_feature BLOB)")
        vectors = stores.face_vectors(9, 512, seed=3).astype("<f4")
        program.executemany("INSERT INTO face VALUES ('x', ?)", [(vector.tobytes(),) for vector in vectors])
        for ending in ("", "-wal"):
            shutil.copyfile(tmp_path / f"live.db{ending}", folder / f"crm.db{ending}")
    efface("scan", folder, "--run", run, "--quiet", expect=1)
    holder = pyrage.x25519.Identity.generate()
    seal = ("--quarantine", vault, "--recipient", holder.to_public(), "--until", LATER)
    efface("remove", run, "--only", "all", "--apply", *seal, "--quiet", expect=0)
    (sealed,) = vault.iterdir()
    (tmp_path / "back.db").write_bytes(pyrage.decrypt(sealed.read_bytes(), [holder]))
    with closing(sqlite3.connect(tmp_path / "back.db")) as back:
        assert back.execute("SELECT count(*), sum(length(face_feature)) FROM face").fetchone() == (
            9,
            9 * 2048,
        )


def test_what_cannot_be_sealed_is_not_touched(office: tuple[Path, Path], tmp_path: Path, efface: Any) -> None:
    """A folder that cannot be written, a key that is none, a day that is over, a place in a target."""
    folder, run = office
    before = contents(folder)
    public = str(pyrage.x25519.Identity.generate().to_public())
    secret = str(pyrage.x25519.Identity.generate())
    good = {"--quarantine": tmp_path / "vault", "--recipient": public, "--until": LATER}
    rows = {
        "no public key of age": {"--recipient": secret},
        "its checksum is wrong": {"--recipient": public[:-1] + ("q" if public[-1] != "q" else "p")},
        "is no day to come": {"--until": datetime.now(UTC).date().isoformat()},
        "lies in a target": {"--quarantine": folder / "vault"},
        "cannot be used": {"--quarantine": run / "vault"},
        "belong together": {"--until": None},
    }
    for why, changed in rows.items():
        options = [item for pair in (good | changed).items() if pair[1] is not None for item in pair]
        refused = efface("remove", run, "--only", "all", "--apply", *options, expect=2)
        assert why in refused.stderr
        assert secret not in refused.stderr + refused.stdout
    assert contents(folder) == before
    assert "removal_intent" not in {entry["kind"] for entry in entries(run)}


def test_a_removal_that_fails_leaves_nothing_sealed(tmp_path: Path, efface: Any) -> None:
    """An original that stays in its place is not kept a second time."""
    folder, run, vault = tmp_path / "in", tmp_path / "run.sqlite", tmp_path / "vault"
    folder.mkdir()
    (folder / "two.bin").write_bytes(records.finger_minutiae_record(1) + records.finger_minutiae_record(2))
    found = json.loads(efface("scan", folder, "--run", run, "--json", "-", expect=1).stdout)["findings"]
    public = pyrage.x25519.Identity.generate().to_public()
    seal = ("--quarantine", vault, "--recipient", public, "--until", LATER)
    efface("remove", run, "--only", found[0]["id"], "--apply", *seal, "--quiet", expect=4)
    assert os.listdir(vault) == []
    assert os.listdir(folder) == ["two.bin"]
