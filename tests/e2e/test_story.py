"""An inspector's half day in a sales office, through the command line."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from efface.testing.office import Office

FACES = {
    "photos/lobby-1.jpg": 1,
    "photos/lobby-2.jpg": 1,
    "photos/lobby-3.jpg": 1,
    "photos/turned-3.jpg": 1,
    "photos/turned-6.jpg": 1,
    "photos/turned-8.jpg": 1,
    "photos/with-thumbnail.jpg": 2,
    "photos/badge.png": 1,
    "photos/signage.gif": 1,
    "exports/october.tar": 1,
    "evidence/complaint-118.jpg": 1,
}
"""Faces by file: the thumbnail of a picture is one of its own."""


class Story:
    """What happened, step by step."""

    def __init__(self, office: Office, efface: Any) -> None:
        self.office = office
        self.run = office.folder.parent / "run.sqlite"
        self.before = {path: path.read_bytes() for path in office.folder.rglob("*") if path.is_file()}
        nanjing = ("--case", office.case_nanjing, "--as-of", "2020-12-01")
        self.scan = efface("scan", office.folder, "--run", self.run, *nanjing, "--json", "-", expect=1)
        self.found = json.loads(self.scan.stdout)
        self.tianjin = efface("judge", self.run, "--case", office.case_tianjin, "--json", "-", expect=1)
        self.plan = efface("remove", self.run, *nanjing, expect=0)
        self.untouched = {path: path.read_bytes() for path in self.before}
        self.apply = efface("remove", self.run, *nanjing, "--apply", expect=0)
        self.apply_tianjin = efface("remove", self.run, "--case", office.case_tianjin, "--apply", expect=0)
        self.after = {path: path.read_bytes() for path in office.folder.rglob("*") if path.is_file()}
        self.second = efface("remove", self.run, *nanjing, "--apply", expect=0)
        self.later = {path: path.read_bytes() for path in office.folder.rglob("*") if path.is_file()}
        self.again = efface("scan", office.folder, "--run", self.run, "--json", "-")
        self.key = office.folder.parent / "key.pem"
        efface("keys", "new", self.key, expect=0)
        self.certificate = office.folder.parent / "certificate.json"
        efface("certify", self.run, "-o", self.certificate, "--key", self.key, expect=0)

    def path(self, name: str) -> Path:
        return self.office.folder / name

    def places(self, detector: str) -> dict[str, list[dict[str, Any]]]:
        places: dict[str, list[dict[str, Any]]] = {}
        for finding in self.found["findings"]:
            if finding["detector"].startswith(detector):
                name = str(Path(finding["locator"]["path"][0]).relative_to(self.office.folder))
                places.setdefault(name, []).append(finding)
        return places


@pytest.fixture(scope="module")
def story(office: Office, efface: Any) -> Story:
    """The whole day, told once for all the tests of this file."""
    return Story(office, efface)


def test_every_face_in_a_picture_is_found_once(story: Story) -> None:
    """At every size and rotation, in PNG and GIF, in a zip inside a tar, and in the thumbnail; nowhere else."""
    faces = {
        name: len(found) for name, found in story.places("face-image").items() if not name.startswith("crm")
    }
    assert faces == FACES


def test_a_face_lies_where_a_viewer_shows_it(story: Story) -> None:
    """Turned pictures give the same box as the upright one, since boxes are in displayed coordinates."""
    places = story.places("face-image")
    (upright,) = places["photos/badge.png"]
    expected = _box(upright)
    for orientation in (3, 6, 8):
        (turned,) = places[f"photos/turned-{orientation}.jpg"]
        assert all(abs(a - b) <= 8 for a, b in zip(_box(turned), expected, strict=True))


def _box(finding: dict[str, Any]) -> list[int]:
    return [int(number) for number in finding["locator"]["fragment"].partition("pixel:")[2].split(",")]


def test_columns_of_the_customer_database_are_found(story: Story) -> None:
    """Photos as base64 and as blobs, and vectors, are one finding a column with a count."""
    found = {
        finding["locator"]["fragment"]: finding
        for detector in ("face-image", "face-template")
        for finding in story.places(detector).get("crm/xkc.sqlite", [])
    }
    assert found.keys() == {
        "/main.faceDetectCustomer/faceImage",
        "/main.faceDetectCustomerDetail/faceImage",
        "/main.faceDetectCustomerDetail/idImage",
        "/main.face_feature/face_feature",
    }
    assert found["/main.face_feature/face_feature"]["references"] == 12
    assert found["/main.face_feature/face_feature"]["level"] == 3
    assert found["/main.faceDetectCustomer/faceImage"]["level"] >= 2


def test_records_and_templates_are_found(story: Story) -> None:
    """A fingerprint record, a device's template in base64, one in a credit record, and an archive of vectors."""
    records = story.places("biometric-record")
    assert records.keys() == {"access/manager.fmr", "access/door.json", "credit/tenants.csv"}
    assert all(found[0]["characteristic"] == "fingerprint" for found in records.values())
    (vectors,) = story.places("face-template")["crm/face_encodings.npz"]
    assert (vectors["form"], vectors["characteristic"], vectors["references"]) == ("template", "face", 40)


def test_words_and_hashes_are_no_findings(story: Story) -> None:
    """A notice about facial recognition and a column called fingerprint that holds file hashes are nothing."""
    text = json.dumps(story.found["findings"])
    assert "notice.txt" not in text
    assert "export_task" not in text
    assert "coffee.jpg" not in text
    assert "cup.jpg" not in text


def test_what_was_not_looked_at_is_said(story: Story) -> None:
    """A truncated picture and an encrypted archive are gaps, with a reason."""
    gaps = {(Path(gap["locator"]["path"][0]).name, gap["reason"]) for gap in story.found["gaps"]}
    assert gaps == {("damaged.jpg", "unreadable"), ("protected.zip", "encrypted")}


def test_coverage_adds_up(story: Story) -> None:
    """What was met is what was looked at and what was not."""
    coverage = story.found["coverage"]
    assert coverage["seen"] - coverage["scanned"] <= coverage["gaps"] == 2


def test_enrolled_faces_are_prohibited_in_nanjing(story: Story) -> None:
    """The instruction of 2020 reaches templates and enrolled photos of a sales office."""
    kinds = {verdict["finding_id"]: verdict for verdict in story.found["verdicts"]}
    (vectors,) = story.places("face-template")["crm/face_encodings.npz"]
    verdict = kinds[vectors["id"]]
    assert verdict["kind"] == "prohibited"
    assert "CN-NJ-2020" in verdict["rules"]


def test_a_template_in_a_credit_record_is_prohibited_in_tianjin_though_consented(story: Story) -> None:
    """Written consent changes nothing under art. 16, paragraph 2; the rest of the office is out of its scope."""
    judged = json.loads(story.tianjin.stdout)
    kinds = {verdict["finding_id"]: verdict["kind"] for verdict in judged["verdicts"]}
    (tenant,) = story.places("biometric-record")["credit/tenants.csv"]
    (door,) = story.places("biometric-record")["access/door.json"]
    assert kinds[tenant["id"]] == "prohibited"
    assert kinds[door["id"]] == "out_of_scope"


def test_a_plan_changes_nothing(story: Story) -> None:
    """Without --apply no byte changes."""
    assert story.untouched == story.before


def test_a_hold_beats_everything(story: Story) -> None:
    """What the case file holds is not touched, whatever is prohibited."""
    path = story.path("evidence/complaint-118.jpg")
    assert story.after[path] == story.before[path]


@pytest.mark.parametrize(
    "name",
    [
        "photos/coffee.jpg",
        "photos/damaged.jpg",
        "exports/protected.zip",
        "documents/notice.txt",
        "documents/prices.csv",
        "access/manager.fmr",
    ],
)
def test_what_was_not_due_is_untouched(story: Story, name: str) -> None:
    """Files without a finding that is due keep every byte."""
    assert story.after[story.path(name)] == story.before[story.path(name)]


def test_nothing_that_was_due_is_found_again(story: Story) -> None:
    """After the removal the office holds no face but the one on hold."""
    left = json.loads(story.again.stdout)["findings"]
    places = sorted(Path(finding["locator"]["path"][0]).name for finding in left)
    assert places == ["complaint-118.jpg", "door.json", "manager.fmr"]


def test_the_head_is_one_flat_colour(story: Story) -> None:
    """The face's region is filled, not blurred, in the picture as shown."""
    with Image.open(story.path("photos/badge.png")) as picture:
        x, y, width, height = _box(story.places("face-image")["photos/badge.png"][0])
        region = picture.convert("RGB").crop((x, y, x + width, y + height))
        assert region.getextrema() == ((0, 0), (0, 0), (0, 0))


def test_the_database_keeps_everything_else(story: Story) -> None:
    """Rows, names, scores, tokens and hashes stay; the cells that held faces and vectors are empty."""
    path = story.path("crm/xkc.sqlite")
    old = story.office.folder.parent / "old.sqlite"
    old.write_bytes(story.before[path])
    kept = {
        "faceDetectCustomer": "id, name, mobile, idNumber, reportTime, riskStatus",
        "faceDetectCustomerDetail": "id, customerId, name, idNumber, verifyScore, faceToken, deviceId",
        "face_feature": "customer_id, model_name, created_at",
        "B_RiskInfo": "*",
        "export_task": "*",
    }
    with closing(sqlite3.connect(old)) as one, closing(sqlite3.connect(path)) as two:
        for table, columns in kept.items():
            query = f"SELECT rowid, {columns} FROM {table}"
            assert one.execute(query).fetchall() == two.execute(query).fetchall()
        empty = two.execute("SELECT count(*) FROM face_feature WHERE length(face_feature) > 0").fetchone()
        assert empty == (0,)


def test_no_trace_of_a_deleted_row_is_left(story: Story) -> None:
    """The picture of a row that was deleted before lay in free pages; it is gone too."""
    path = story.path("crm/xkc.sqlite")
    assert b"\xff\xd8\xff\xe0" in story.before[path]
    assert b"\xff\xd8\xff" not in story.after[path]


def test_mode_and_times_are_kept(story: Story, samples: Path, tmp_path: Path, efface: Any) -> None:
    """A changed file keeps its permissions and its time of change."""
    photo = tmp_path / "a.png"
    shutil.copyfile(samples / "portrait.png", photo)
    photo.chmod(0o640)
    import os

    os.utime(photo, ns=(1_600_000_000_000_000_000, 1_600_000_000_000_000_000))
    run = tmp_path / "run.sqlite"
    efface("scan", photo, "--run", run, "--quiet", expect=1)
    efface("remove", run, "--only", "all", "--apply", expect=0)
    info = photo.stat()
    assert (info.st_mode & 0o777, info.st_mtime_ns) == (0o640, 1_600_000_000_000_000_000)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "run.sqlite"]


def test_a_second_apply_changes_nothing(story: Story) -> None:
    """What is done is done once."""
    assert story.later == story.after


def test_the_certificate_holds_and_a_changed_one_does_not(story: Story, efface: Any, tmp_path: Path) -> None:
    """The step that fails is named, and the exit code is 4."""
    public = story.key.with_suffix(".pub")
    efface("check", story.certificate, "--trust", public, expect=0)
    data = bytearray(story.certificate.read_bytes())
    data[len(data) // 2] ^= 1
    changed = tmp_path / "changed.json"
    changed.write_bytes(data)
    refused = efface("check", changed, "--trust", public, "--lang", "en", expect=4)
    assert "failed" in refused.stdout


def test_a_certificate_of_a_stranger_is_refused(story: Story, efface: Any, tmp_path: Path) -> None:
    """Only keys that the checker names are trusted."""
    stranger = tmp_path / "stranger.pem"
    efface("keys", "new", stranger, expect=0)
    efface("check", story.certificate, "--trust", stranger.with_suffix(".pub"), expect=4)


def test_a_clean_folder_is_exit_code_0(efface: Any, tmp_path: Path) -> None:
    """Nothing found and everything looked at."""
    (tmp_path / "clean").mkdir()
    (tmp_path / "clean" / "a.txt").write_text("人脸识别 facial recognition")
    efface("scan", tmp_path / "clean", "--run", tmp_path / "r.sqlite", expect=0)


def test_only_gaps_is_exit_code_3(story: Story, efface: Any, tmp_path: Path) -> None:
    """Could not tell is another answer than nothing found."""
    (tmp_path / "in").mkdir()
    shutil.copyfile(story.path("photos/damaged.jpg"), tmp_path / "in" / "x.jpg")
    efface("scan", tmp_path / "in", "--run", tmp_path / "r.sqlite", expect=3)


USAGE = {
    "no target": ("scan",),
    "a target that is not there": ("scan", "/nothing/here"),
    "a run that is not there": ("judge", "/nothing/run.sqlite", "--case", "/nothing.toml"),
    "an unknown option": ("scan", "--nonsense"),
    "an unknown scheme": ("scan", "gopher://x"),
}


@pytest.mark.parametrize("arguments", USAGE.values(), ids=USAGE.keys())
def test_usage_errors_are_exit_code_2(efface: Any, arguments: tuple[str, ...]) -> None:
    """A mistake of the caller says what happened and what to do, and is exit code 2."""
    done = efface(*arguments, expect=2)
    assert done.stderr.startswith("efface: ")


def test_a_file_that_changed_since_the_scan_is_not_touched(
    efface: Any, samples: Path, tmp_path: Path
) -> None:
    """A removal is for what was looked at; anything else asks for another scan."""
    photo = tmp_path / "in" / "a.png"
    photo.parent.mkdir()
    shutil.copyfile(samples / "portrait.png", photo)
    run = tmp_path / "run.sqlite"
    efface("scan", photo, "--run", run, "--quiet", expect=1)
    Image.open(photo).resize((400, 400)).save(photo)
    changed = photo.read_bytes()
    done = efface("remove", run, "--only", "all", "--apply", "--lang", "en", expect=4)
    assert "scan it again" in done.stdout
    assert photo.read_bytes() == changed


def test_standard_input_is_looked_at(efface: Any, samples: Path, tmp_path: Path) -> None:
    """What is piped in is scanned by another process, and found; nothing piped in is clean."""
    import subprocess
    import sys

    for content, code in (((samples / "portrait.png").read_bytes(), 1), (b"", 0)):
        command = [
            sys.executable,
            "-m",
            "efface",
            "scan",
            "-",
            "--run",
            str(tmp_path / f"{code}.sqlite"),
            "--quiet",
        ]
        assert subprocess.run(command, input=content, timeout=120).returncode == code


def test_both_checkers_accept_the_certificate_of_a_real_run(story: Story) -> None:
    """The second checker, which knows only the documentation, follows the whole day."""
    tool = Path(__file__).parents[2] / "tools" / "check_certificate.py"
    command = [sys.executable, "-I", tool, story.certificate, story.key.with_suffix(".pub")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("holds: ") == 11


def test_an_inspector_countersigns_the_certificate(story: Story, efface: Any, tmp_path: Path) -> None:
    """Both names stand in the check; who trusts only one of them is refused."""
    efface("keys", "new", tmp_path / "inspector.pem", expect=0)
    owner, inspector = ("--trust", story.key.with_suffix(".pub")), ("--trust", tmp_path / "inspector.pub")
    both = tmp_path / "both.json"
    efface(
        "countersign", story.certificate, "-o", both, "--key", tmp_path / "inspector.pem", *owner, expect=0
    )
    assert "did not sign" not in efface("check", both, *owner, *inspector, "--lang", "en", expect=0).stdout
    efface("check", both, *owner, expect=4)


def test_a_restored_backup_is_found(story: Story, efface: Any, tmp_path: Path) -> None:
    """With the key of the run, under any name; without the key, it is said that nobody can tell."""
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "restored.jpg").write_bytes(story.before[story.path("photos/lobby-1.jpg")])
    (tmp_path / "backup" / "left.jpg").write_bytes(story.after[story.path("photos/lobby-2.jpg")])
    copy = shutil.copy(story.run, tmp_path / "copy.sqlite")
    scan = ("scan", tmp_path / "backup", "--against", story.certificate, "--json", "-")
    told = json.loads(efface(*scan, "--run", copy, expect=1).stdout)["against"]
    assert told["told"] is True
    assert [Path(place["path"][0]).name for place in told["files_back"]] == ["restored.jpg"]
    untold = json.loads(efface(*scan, "--run", tmp_path / "new.sqlite").stdout)["against"]
    assert untold["told"] is False
    assert untold["files_back"] == []


def test_a_changed_certificate_is_nothing_to_compare_with(story: Story, efface: Any, tmp_path: Path) -> None:
    """Before anything is looked at."""
    (tmp_path / "changed.json").write_bytes(story.certificate.read_bytes()[:-2])
    refused = efface("scan", tmp_path, "--against", tmp_path / "changed.json", expect=4)
    assert refused.stdout == ""
