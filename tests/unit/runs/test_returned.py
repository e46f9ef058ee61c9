"""What was removed and is back is told with the key of the run, and without it nobody can tell."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from efface.errors import EvidenceError
from efface.evidence.keys import SigningKey
from efface.model import Characteristic, Finding, Form, Level, Locator, Mode, Unit
from efface.report.arrange import headline
from efface.report.beside import returned_texts, state_texts
from efface.report.marks import Returned
from efface.runs.certifying import certify
from efface.runs.codec import encode
from efface.runs.exit_code import ExitCode
from efface.runs.ignore import Ignore
from efface.runs.marks import Marks, keep
from efface.runs.outcome import of_scan
from efface.runs.record import finding_ref, looked_again_entry, scan_entry, target_ref
from efface.runs.returned import parse_against, require_held
from efface.runs.store import Store
from efface.runs.view import view_of
from efface.testing.ledgers import office_story
from efface.testing.run_views import nothing_view

if TYPE_CHECKING:
    from pathlib import Path

KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
OLD, NEW = b"with a face", b"without"
A, B, HELD = (f"/data/{name}.jpg" for name in ("a", "b", "held"))


def face(path: str, x: int = 10, *, detector: str = "face-image@1") -> Finding:
    place = Locator("file", (path,), f"xywh=pixel:{x},10,40,40")
    return Finding(detector, Form.SAMPLE, Characteristic.FACE, place, 0.9)


def looks(store: Store, held: dict[str, tuple[bytes, list[Finding]]], targets: str = '["/data"]') -> None:
    """Write what a scan found in files, in place of what the scan before found."""
    number = int(store.meta("scan")) + 1
    with store.transaction():
        for key, value in {"scan": str(number), "targets": targets, "mode": Mode.STANDARD}.items():
            store.set_meta(key, value)
        for key in ("started_at", "finished_at"):
            store.set_meta(key, "2026-11-22T10:00:00+00:00")
        units = {path: Unit(Locator("file", (path,)).uri, 9, str(number), "filesystem") for path in held}
        store.list_units(units.values(), number)
        store.forget_unlisted(number)
        for path, (content, findings) in held.items():
            result = {
                "artefacts": 1,
                "scanned": 1,
                "bytes": 9,
                "gaps": [],
                "findings": list(map(encode, findings)),
            }
            store.finish_unit(units[path], "c", {**result, "sha256": hashlib.sha256(content).hexdigest()})


def removes(store: Store, finding: Finding, before: bytes = OLD, after: bytes = NEW) -> None:
    """Write that a finding was removed."""
    ref = target_ref(store, finding.locator.container)
    digests = [store.keyed(hashlib.sha256(content).hexdigest()) for content in (before, after)]
    intent = {"kind": "removal_intent", "ref": ref, "findings": [finding_ref(store, finding.id)]}
    ready = {"kind": "removal_ready", "ref": ref, "after": digests[1], "residue": 0}
    with store.transaction():
        store.ledger.append(
            {**intent, "actions": ["redact-image@1"], "method": "redact", "before": digests[0]}
        )
        store.ledger.append(ready)
        store.ledger.append({**ready, "kind": "removal_done", "status": "removed"})
        store.keep_removed([finding])


@pytest.fixture
def told(tmp_path: Path):
    """A run in which the face of A was removed, and that of a second copy is held; and its certificate."""
    with Store(str(tmp_path / "run")) as store:
        with store.transaction():
            opened = {"kind": "run_opened", "run": store.run_id, "tool_version": "0.1.0", "targets": 1}
            store.ledger.append(opened)
        looks(store, {A: (OLD, [face(A)]), HELD: (OLD, [face(HELD)])})
        with store.transaction():
            store.keep_scanned()
            store.ledger.append(scan_entry(store, Mode.STANDARD))
        removes(store, face(A))
        looks(store, {A: (NEW, []), HELD: (OLD, [face(HELD)])})
        with store.transaction():
            store.ledger.append(looked_again_entry(store))
        written: list[bytes] = []
        certify(store, KEY, written.append)
        yield store, parse_against(written[0])


def returned_of(told, held, targets: str = '["/data"]') -> Returned:
    store, against = told
    looks(store, {HELD: (OLD, [face(HELD)]), **held}, targets)
    require_held(store, against)
    keep(store, Marks(None, (), ("/data",), against), Ignore())
    result = view_of(store, "en").returned
    assert result is not None
    return result


MOVED = {A: (NEW, []), B: (OLD, [face(B)])}
BACK = {
    "the file is back in its place": ({A: (OLD, [face(A)])}, [A], 1),
    "the file is back under another name": (MOVED, [B], 1),
    "the file is back, and a faster scan finds nothing in it": ({A: (NEW, []), B: (OLD, [])}, [B], 0),
    "a face is found again in its place, in another content": ({A: (b"other", [face(A)])}, [], 1),
    "a face is found again a few pixels beside its place": ({A: (b"other", [face(A, 13)])}, [], 1),
    "a newer detector finds it again": ({A: (b"other", [face(A, detector="face-image@2")])}, [], 1),
}


@pytest.mark.parametrize(("held", "files", "findings"), BACK.values(), ids=BACK)
def test_what_came_back_is_named(told, held, files, findings) -> None:
    """A file byte for byte as before, wherever it is; a finding where one was removed."""
    result = returned_of(told, held)
    assert [place.path[0] for place in result.files] == files
    assert len(result.findings) == findings
    assert result.is_told
    assert result.is_alarm
    assert of_scan(view_of(told[0], "en"), Level.LINKED) is ExitCode.VIOLATIONS


NOTHING_BACK = {
    "all is as it was left": ({A: (NEW, [])}, 0),
    "the file is gone": ({}, 0),
    "a face elsewhere in the picture": ({A: (b"other", [face(A, 200)])}, 1),
    "a face in a file that was not there": ({A: (NEW, []), B: (b"other", [face(B)])}, 1),
}


@pytest.mark.parametrize(("held", "others"), NOTHING_BACK.values(), ids=NOTHING_BACK)
def test_what_did_not_come_back_gives_no_alarm(told, held, others) -> None:
    """Neither a held second copy, nor a face that the certificate does not know: nobody is recognised."""
    result = returned_of(told, held)
    assert not result.is_alarm
    assert (result.removed, result.others) == (1, others)
    assert headline(view_of(told[0], "en")) != "came_back"


def test_places_outside_the_targets_are_counted(told) -> None:
    """A restored copy on another disk is told by its content; whether the place itself is clean is not."""
    result = returned_of(told, {"/backup/x.jpg": (OLD, [face("/backup/x.jpg")])}, '["/backup"]')
    assert [place.path[0] for place in result.files] == ["/backup/x.jpg"]
    assert result.elsewhere == 1


def test_without_the_key_nothing_is_told(told, tmp_path) -> None:
    """Another run file compares nothing, says so, and an open question is not a clean result."""
    _, against = told
    with Store(str(tmp_path / "other")) as other:
        looks(other, {A: (OLD, [face(A)])})
        require_held(other, against)
        keep(other, Marks(None, (), ("/data",), against), Ignore())
        view = view_of(other, "en")
    assert view.returned == Returned(against.issued_at, is_told=False, removed=1)
    assert of_scan(view, Level.LINKED) is ExitCode.GAPS
    assert "cannot be told" in returned_texts(view)[-1].en


def test_without_the_key_and_without_findings_it_is_clean() -> None:
    """Where nothing is found at all, nothing is left to ask."""
    view = replace(nothing_view(), returned=Returned("", is_told=False, removed=1))
    assert of_scan(view, Level.VISIBLE) is ExitCode.CLEAN


def test_a_copy_of_the_run_file_has_the_key(told, tmp_path) -> None:
    """Another place is looked at with a copy, so that the ledger of the run stays as it is."""
    store, against = told
    path = store.path
    store.__exit__()
    shutil.copy(path, tmp_path / "copy")
    with Store(str(tmp_path / "copy")) as copy:
        assert returned_of((copy, against), {B: (OLD, [face(B)])}).is_alarm


def test_a_certificate_that_is_not_of_the_ledger_is_refused(told) -> None:
    """It names this run, and one of the two was changed."""
    store, against = told
    for changed in ({"root": "0" * 64}, {"size": against.size - 1}, {"size": against.size + 9}):
        with pytest.raises(EvidenceError, match="not that of the run file"):
            require_held(store, replace(against, **changed))


CERTIFICATE = office_story().certificate(KEY)


@pytest.mark.parametrize(
    "data", [b"", b"{}\n", CERTIFICATE[:-2], CERTIFICATE.replace(b"payloadType", b"payloadTyp_")]
)
def test_what_is_no_certificate_is_refused(data) -> None:
    """A scan is not begun beside a file that says nothing."""
    with pytest.raises(EvidenceError):
        parse_against(data)


def test_a_later_scan_without_a_certificate_has_none(told) -> None:
    """What one scan was told is not carried into the next."""
    returned_of(told, {A: (OLD, [face(A)])})
    looks(told[0], {A: (OLD, [face(A)])})
    assert view_of(told[0], "en").returned is None


def test_a_finding_that_came_back_is_marked(told) -> None:
    """In every list of findings, beside whatever else is said of it."""
    returned_of(told, {A: (OLD, [face(A)])})
    view = view_of(told[0], "en")
    assert [said.en for said in state_texts(view, face(A).id)] == ["was removed and is back"]
    assert state_texts(view, face(HELD).id) == []
