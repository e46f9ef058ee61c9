"""A second visit beside the first."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from efface.errors import UsageError
from efface.evidence.keys import SigningKey
from efface.model import Locator
from efface.report.again import Again, Shown, document, plain
from efface.report.document import Document
from efface.report.marks import Resampled
from efface.runs.store import Store
from efface.testing.records import finger_minutiae_record
from efface.visits.again import Certificates, Draw, add_comparison, look_again, run_of
from efface.visits.opening import Sealing, check_bundle
from efface.visits.visit import Visit

HEAD = {
    "premises": "P",
    "people": [{"name": "A", "role": "b"}],
    "mandate": "M",
    "authorisation": "N",
    "clock_offset_s": None,
}


@pytest.fixture
def sealing(bundle: bytes, signer: SigningKey) -> Sealing:
    checked = check_bundle(bundle, [signer.public])
    assert checked.sealing is not None
    return checked.sealing


@pytest.fixture
def copy(hall: Path, tmp_path: Path) -> Path:
    """The premises under another path, as a disk that is mounted elsewhere."""
    return Path(shutil.copytree(hall, tmp_path / "mounted"))


def looked(
    sealing: Sealing, run_file: Path, *targets: Path, certificates: Certificates | None = None
) -> Again:
    with Store(str(run_file)) as store:
        return look_again(
            sealing, run_of(sealing, None), store, tuple(map(str, targets)), "en", certificates=certificates
        )


def test_what_stays_is_still_there_and_nothing_is_new(sealing: Sealing, copy: Path, tmp_path: Path) -> None:
    """The same files under another root are the same places."""
    again = looked(sealing, tmp_path / "second.sqlite", copy)
    assert again.counts == {"gone": 0, "there": 2, "moved": 0, "new": 0, "untold": 0, "gaps": 0}
    assert again.is_alarm
    assert not again.moves_told


def test_what_is_gone_is_gone_and_what_came_is_new(sealing: Sealing, copy: Path, tmp_path: Path) -> None:
    """Each finding is in one of the lists."""
    (copy / "door-0.fmr").unlink()
    (copy / "other.fmr").write_bytes(finger_minutiae_record(7))
    again = looked(sealing, tmp_path / "second.sqlite", copy)
    assert again.counts == {"gone": 1, "there": 1, "moved": 0, "new": 1, "untold": 0, "gaps": 0}
    assert again.new[0].locator.path[0].endswith("other.fmr")


def test_all_gone_is_clean(sealing: Sealing, copy: Path, tmp_path: Path) -> None:
    """Nothing there, nothing new, nothing open."""
    for path in copy.iterdir():
        path.unlink()
    (copy / "note.txt").write_text("empty\n")
    again = looked(sealing, tmp_path / "second.sqlite", copy)
    assert again.counts["gone"] == 2
    assert not again.is_alarm
    assert not again.is_open


def test_a_place_that_cannot_be_read_is_not_called_gone(sealing: Sealing, copy: Path, tmp_path: Path) -> None:
    """A broken picture of what was there, or a file that became something unreadable, leaves it open."""
    (copy / "door-0.fmr").unlink()
    (copy / "door-0.fmr").write_bytes(b"\xff\xd8\xff\xe0" + bytes(200))
    again = looked(sealing, tmp_path / "second.sqlite", copy)
    assert again.counts["gone"] == 0
    assert again.counts["untold"] == 1
    assert again.is_open


def test_a_file_that_moved_is_told_with_the_first_runs_key_only(
    sealing: Sealing, hall: Path, run_file: Path, copy: Path, tmp_path: Path
) -> None:
    """A whole file, byte for byte, under another name; without the key it is gone there and new here."""
    (copy / "back room").mkdir()
    (copy / "door-0.fmr").rename(copy / "back room" / "x.bin")
    blind = looked(sealing, tmp_path / "second.sqlite", copy)
    assert (blind.counts["gone"], blind.counts["new"], blind.moves_told) == (1, 1, False)
    first = Path(shutil.copy(run_file, tmp_path / "first.sqlite"))
    kept = hall / "door-0.fmr"
    try:
        (hall / "back room").mkdir()
        kept.rename(hall / "back room" / "x.bin")
        again = looked(sealing, first, hall)
    finally:
        (hall / "back room" / "x.bin").rename(kept)
        (hall / "back room").rmdir()
    assert again.counts == {"gone": 0, "there": 1, "moved": 1, "new": 0, "untold": 0, "gaps": 0}
    assert again.moves_told
    assert [move.now.path[0].endswith("x.bin") for move in again.moved] == [True]


def test_other_targets_than_then_are_refused(sealing: Sealing, copy: Path, tmp_path: Path) -> None:
    """A narrower look would call gone what it did not look at."""
    with pytest.raises(UsageError, match="1 targets, 2"):
        looked(sealing, tmp_path / "second.sqlite", copy, copy)
    with pytest.raises(UsageError):
        looked(sealing, tmp_path / "second.sqlite", tmp_path / "missing")
    with pytest.raises(UsageError, match="--line"):
        run_of(sealing, 1)


def test_a_certificate_that_does_not_hold_is_said_so(sealing: Sealing, copy: Path, tmp_path: Path) -> None:
    """On the spot, with the reason, and before all else."""
    shown = Certificates((("certificate.json", b"{}\n"),), ())
    again = looked(sealing, tmp_path / "second.sqlite", copy, certificates=shown)
    assert again.is_refused
    assert "does not hold" in document(again).outcome.en


def test_paper_and_json_say_the_same(sealing: Sealing, copy: Path, tmp_path: Path) -> None:
    """Counts, places and what is not told; no place of what is gone, which the bundle does not hold."""
    (copy / "door-0.fmr").unlink()
    again = looked(sealing, tmp_path / "second.sqlite", copy)
    said = json.loads(plain(again))
    assert said["counts"] == again.counts
    assert said["earlier"]["log_root"] == sealing.log.root
    assert "door-0" not in plain(again)
    paper = document(again)
    assert isinstance(paper, Document)
    assert "not found where it was" in repr(paper.sections[-1])


def test_a_comparison_is_added_to_the_second_visit(sealing: Sealing, copy: Path, tmp_path: Path) -> None:
    """The second visit's log names the first by the root of its log."""
    again = looked(sealing, tmp_path / "second.sqlite", copy)
    second = Visit.new(str(tmp_path / "visit"), HEAD)
    entry = add_comparison(second, again)
    assert entry.kind == "compared"
    assert entry.earlier == sealing.log.root
    assert (entry.line, entry.there) == (3, 2)


def test_a_draw_without_a_certificate_of_its_run_is_refused(
    sealing: Sealing, run_file: Path, copy: Path, tmp_path: Path
) -> None:
    """Before anything is looked at."""
    first = Path(shutil.copy(run_file, tmp_path / "theirs.sqlite"))
    with Store(str(first)) as theirs:
        shown = Certificates((), (), frozenset(), Draw(theirs, 5, "s"))
        with pytest.raises(UsageError, match="no certificate"):
            looked(sealing, tmp_path / "second.sqlite", copy, certificates=shown)
    assert not list(Store(str(tmp_path / "second.sqlite")).findings())


def test_a_draw_is_told_in_paper_and_json(sealing: Sealing, copy: Path, tmp_path: Path) -> None:
    """With its seed, its counts and the chance of a miss; what is back is an alarm, what is away leaves it open."""
    for path in copy.iterdir():
        path.unlink()
    (copy / "note.txt").write_text("empty\n")
    again = looked(sealing, tmp_path / "second.sqlite", copy)
    assert not again.is_open
    sample = Resampled("5eed", 40, 2, 8, (), (Locator("file", ("/d/away.jpg",)),))
    open_ = replace(again, shown=(Shown("c.json", "", "2026-11-22T10:00:00Z", 40, 0, None, sample),))
    assert open_.is_open
    assert not open_.is_alarm
    alarm = replace(sample, back=(Locator("file", ("/d/back.jpg",)),))
    back = replace(open_, shown=(replace(open_.shown[0], sample=alarm),))
    assert back.is_alarm
    assert back.returned == 1
    said = json.loads(plain(back))["certificates"][0]["sample"]
    assert (said["seed"], said["drawn"], said["back"]) == ("5eed", 10, ["file:///d/back.jpg"])
    assert 0 < said["miss_chance"]["0.01"] < 1
    assert "5eed" in repr(document(back))
    entry = add_comparison(Visit.new(str(tmp_path / "visit"), HEAD), back)
    assert entry.kind == "compared"
    assert not entry.is_clean
