"""An inspection is a scan that looks for systems: the same run file, verdicts and gaps."""

from __future__ import annotations

import io
import tarfile
import zipfile
from datetime import date
from pathlib import Path

import pytest

from efface.detectors.signatures import Kind
from efface.engines import patterns
from efface.errors import UsageError
from efface.examine import DATA, SYSTEMS, configuration, look_named
from efface.model import (
    Characteristic,
    Finding,
    Form,
    GapReason,
    Level,
    Limits,
    Locator,
    Mode,
    RemovalStatus,
    VerdictKind,
)
from efface.rules.case_file import parse_case
from efface.rules.pack import builtin_packs
from efface.runs.exit_code import ExitCode
from efface.runs.inspection import inspection
from efface.runs.judging import judge_run
from efface.runs.left import folders
from efface.runs.outcome import of_scan
from efface.runs.plan import plan
from efface.runs.scan import scan
from efface.runs.store import Store
from efface.runs.view import view_of
from efface.testing import traces

OFFICE = """
[case]
title = "Sales office"
jurisdiction = "CN-320100"
actors = ["sales_office", "business_operator", "pi_handler"]
place = "sales_office"
purpose = "telling agents' clients from walk-in clients"
purpose_kind = "commission_tracking"
activities = ["install", "identify_1toN"]
conduct_from = 2020-10-01
"""


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def put_trace(folder: Path, kind: Kind, value: str) -> Path:
    sample = traces.trace(kind, value)
    return put(folder, sample.name, sample.data)


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def inspected(folder: Path, mode: Mode = Mode.STANDARD, seconds: float | None = None) -> Store:
    store = Store(str(folder.parent / f"{folder.name}-{mode}.run"))
    scan(store, inspection((str(folder),), mode, jobs=1, seconds=seconds))
    return store


def systems(store: Store) -> set[str]:
    return {clue.value for finding in store.findings() for clue in finding.clues if clue.name == "system"}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    put_trace(folder, Kind.PIP, "face-recognition")
    put_trace(folder, Kind.LIBRARY, "libCNamaSDK.so")
    return folder


def test_systems_are_judged_and_effects_are_not(site: Path) -> None:
    """Under the order of Nanjing a recogniser is prohibited; software for effects has no verdict."""
    with inspected(site) as store:
        judge_run(
            store, parse_case(OFFICE), builtin_packs(), as_of=date(2020, 12, 1), today=date(2020, 12, 1)
        )
        findings = {each.characteristic: each for each in store.findings()}
        verdicts = {verdict.subject: verdict for verdict in store.verdicts()}
        face = verdicts[findings[Characteristic.FACE].id]
        assert face.kind is VerdictKind.PROHIBITED
        assert "CN-NJ-2020" in [rule.id for rule in face.fired]
        assert findings[Characteristic.UNKNOWN].id not in verdicts
        assert of_scan(view_of(store, "en"), Level.VISIBLE) is ExitCode.VIOLATIONS


def test_the_day_before_the_order_is_no_violation_of_it(site: Path) -> None:
    """The rule of Nanjing does not fire on the day before it was given."""
    with inspected(site) as store:
        judge_run(
            store, parse_case(OFFICE), builtin_packs(), as_of=date(2020, 11, 26), today=date(2020, 12, 1)
        )
        fired = {
            rule.id
            for verdict in store.verdicts()
            for rule in verdict.fired
            if rule.kind is VerdictKind.PROHIBITED
        }
        assert "CN-NJ-2020" not in fired


def test_no_action_takes_a_system_apart(site: Path) -> None:
    """The plan names what is due: files that are a system's alone would go, and of all else it says that it stays."""
    with inspected(site) as store:
        removals = plan(store, None, ["all"], date(2020, 12, 1)).removals
        planned = [each for each in removals if each.status is RemovalStatus.PLANNED]
        assert {action for each in planned for action in each.actions} == {"erase-file@1"}
        kinds = {
            clue.value.partition("/")[0]
            for finding in store.findings()
            if finding.id in {name for each in planned for name in each.finding_ids}
            for clue in finding.clues
            if clue.name == "signature"
        }
        assert kinds <= {"library", "model", "graph", "licence", "gallery", "symbol"}
        others = {each.status for each in removals if each not in planned}
        assert others == {RemovalStatus.UNSUPPORTED}


def test_effects_alone_are_an_open_question(tmp_path: Path) -> None:
    """Software that recognises nobody is neither a violation nor clean."""
    folder = tmp_path / "site"
    put_trace(folder, Kind.LIBRARY, "libCNamaSDK.so")
    with inspected(folder) as store:
        assert of_scan(view_of(store, "en"), Level.VISIBLE) is ExitCode.GAPS


def test_ordinary_files_are_clean_and_photographs_are_no_gap(tmp_path: Path) -> None:
    """An inspection does not look for faces in pictures, and does not count them as unseen."""
    folder = tmp_path / "site"
    put(folder, "a.jpg", b"\xff\xd8\xff\xe0" + bytes(300))
    put(folder, "b.mp4", b"\0\0\0\x18ftypisom" + bytes(300))
    for number in range(8):
        sample = traces.ordinary(number)
        put(folder, sample.name, sample.data)
    with inspected(folder) as store:
        assert of_scan(view_of(store, "en"), Level.VISIBLE) is ExitCode.CLEAN


@pytest.mark.parametrize(
    ("name", "data", "system"),
    {
        "a library in an app": ("a.apk", zipped({"lib/arm64-v8a/libmegface_faceid.so": traces.elf("x")}), "Megvii FaceID"),
        "a class in an app": ("a.apk", zipped({"classes.dex": traces.trace(Kind.ANDROID, "Lcom/arcsoft/face/FaceEngine;").data}), "ArcSoft ArcFace"),
        "a package in a layer of an image": (
            "i.tar",
            tarred({"manifest.json": b"[]", "a/layer.tar": tarred({"usr/lib/python3/dist-packages/deepface-1.dist-info/METADATA": b"Name: deepface\nVersion: 1\n\n"})}),
            "deepface",
        ),
        "weights of PyTorch": ("ck.pt", zipped({"ck/data.pkl": traces.torch_weights({"fc": (512, 25088), "c": (64, 3, 3, 3)})}), "a face recogniser (network)"),
        "a renamed network": ("x.onnx", traces.onnx_network([("i", (1, 3, 112, 112))], [("o", (1, 512))]), "a face recogniser (network)"),
    }.values(),
    ids=["library", "class", "layer", "weights", "network"],
)  # fmt: skip
def test_what_lies_inside_is_found(tmp_path: Path, name: str, data: bytes, system: str) -> None:
    """Apps, images of containers and weights are opened, and the place names the way in."""
    folder = tmp_path / "site"
    put(folder, name, data)
    with inspected(folder) as store:
        assert systems(store) == {system}
        assert all(finding.form is Form.SYSTEM for finding in store.findings())


def test_a_triage_finds_what_is_likely_and_tells_what_it_left(site: Path) -> None:
    """A photograph is a gap of the triage, and the outcome is never clean."""
    put(site, "holiday/a.jpg", b"\xff\xd8\xff")
    with inspected(site, Mode.FAST, 600) as store:
        assert "face_recognition" in systems(store)
        assert any(gap.reason is GapReason.OVER_LIMIT for gap in store.gaps())


def test_a_run_that_ends_by_its_time_is_full_of_gaps(site: Path) -> None:
    """What was listed and not reached is named by folder."""
    with inspected(site, Mode.STANDARD, 0.0) as store:
        assert not list(store.findings())
        gaps = [gap for gap in store.gaps() if gap.reason is GapReason.TIMEOUT]
        assert sum(int(gap.detail.partition(" ")[0]) for gap in gaps) == 2
        assert of_scan(view_of(store, "en"), Level.VISIBLE) is ExitCode.GAPS


def test_a_second_inspection_goes_on_where_time_ended(site: Path) -> None:
    """The same run with more time looks at what is left."""
    with inspected(site, Mode.STANDARD, 0.0) as store:
        scan(store, inspection((str(site),), Mode.STANDARD, jobs=1))
        assert "face_recognition" in systems(store)
        assert not [gap for gap in store.gaps() if gap.reason is GapReason.TIMEOUT]


def test_many_places_are_told_as_few_folders() -> None:
    """Deep folders are told together, and no file is lost in the sum."""
    places = [Locator.of_file(f"/srv/{number % 60}/{number}/a.so") for number in range(600)]
    told = folders(places)
    assert len(told) <= 40
    assert sum(told.values()) == 600
    assert folders([]) == {}


def test_a_run_of_data_and_a_run_of_systems_have_different_configurations() -> None:
    """What one look found is not taken over by the other; the time of a run decides nothing."""
    assert configuration(Mode.FAST, Limits(), DATA) != configuration(Mode.FAST, Limits(), SYSTEMS)
    assert configuration(Mode.FAST, Limits(run_seconds=3), SYSTEMS) == configuration(
        Mode.FAST, Limits(), SYSTEMS
    )


def test_an_unknown_look_is_refused() -> None:
    """A run file of a newer version is not misread."""
    with pytest.raises(UsageError):
        look_named("gaits")
    assert look_named("systems") is SYSTEMS


def test_without_the_extra_an_inspection_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install, before anything is looked at."""
    monkeypatch.setattr(patterns, "is_available", lambda: False)
    with pytest.raises(UsageError, match="YARA-X"):
        inspection(("/x",), Mode.STANDARD)


def test_a_key_beside_an_endpoint_is_nowhere_in_the_run_file(tmp_path: Path) -> None:
    """What stands beside a trace is not kept."""
    folder = tmp_path / "site"
    put_trace(folder, Kind.ENDPOINT, "https://aip.baidubce.com/rest/2.0/face/v3/search")
    with inspected(folder) as store:
        path = store.path
        found = list(store.findings())
    assert isinstance(found[0], Finding)
    assert b"K3yCanary" not in Path(path).read_bytes()
