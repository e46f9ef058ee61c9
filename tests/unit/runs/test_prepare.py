"""What preparing a replacement refuses, before anything of the target is touched."""

from __future__ import annotations

import pytest

from efface.errors import FormatError, RemovalError, ResidueError, UnsupportedError
from efface.model import (
    Box,
    Characteristic,
    Finding,
    Form,
    Limits,
    Locator,
    Mode,
    Part,
    Surroundings,
)
from efface.runs.prepare import Eyes, _looked_at, _new_gaps, _word
from efface.runs.tasks import Tasks
from efface.sources.payloads import BytesPayload

GAP = {"uri": "file:///a.zip!/b.jpg", "reason": "unreadable"}


def test_a_gap_that_only_the_result_has_is_no_proof() -> None:
    """What cannot be looked at in a result may still hold what was to go."""
    assert _new_gaps({"gaps": [GAP]}, [])
    assert _new_gaps({"gaps": [GAP]}, [["file:///a.zip!/b.jpg", "encrypted"]])


def test_gaps_that_were_there_before_stay_what_they_are() -> None:
    """An encrypted member beside a redacted one does not stop the removal; the certificate lists it."""
    assert not _new_gaps({"gaps": [GAP]}, [["file:///a.zip!/b.jpg", "unreadable"]])
    assert not _new_gaps({"gaps": []}, [["file:///a.zip!/b.jpg", "unreadable"]])


def test_nothing_left_has_no_gap() -> None:
    """Of a file that goes whole there is nothing to look at."""
    assert not _new_gaps(None, [])


def test_what_an_action_still_found_is_called_residue() -> None:
    """The ledger tells a result that was thrown away from one that could not be made."""
    errors = (ResidueError("a"), RemovalError("a"), UnsupportedError("a"), FormatError("a"))
    assert [_word(error) for error in errors] == ["residue", "unsupported", "unsupported", "unreadable"]


# -- who looks at a result -----------------------------------------------------------------------------


PLACE = Locator("file", ("/p.png",))
RESULT = Part(PLACE, BytesPayload(b"result"), Surroundings(("p.png",)))


def face(x: int) -> Finding:
    return Finding("face-image@4", Form.SAMPLE, Characteristic.FACE, PLACE.at_box(Box(x, 0, 20, 20)), 0.9)


class Sees:
    """An examiner that finds what it is told to."""

    def __init__(self, *findings: Finding) -> None:
        self.findings = findings

    def examine(self, _part: Part) -> tuple[Finding, ...]:
        return self.findings


def test_what_only_the_thorough_look_sees_is_residue() -> None:
    """A face that the scan's own mode passes over is left all the same, whoever's it is."""
    looked_at, lost = _looked_at(RESULT, [face(0)], [], Eyes(Sees(), Sees(face(100))))
    assert looked_at["residue"] == [face(100).id]
    assert lost == 0


def test_what_both_looks_see_is_counted_once() -> None:
    """One face is one residue."""
    looked_at, _ = _looked_at(RESULT, [face(0)], [], Eyes(Sees(face(0)), Sees(face(0))))
    assert looked_at["residue"] == [face(0).id]


def test_what_is_to_stay_is_no_residue_of_either_look() -> None:
    """A face that stays is seen by both, and a box that is a little off is the same face."""
    looked_at, lost = _looked_at(RESULT, [face(0)], [face(100)], Eyes(Sees(face(100)), Sees(face(102))))
    assert (looked_at["residue"], lost) == ([], 0)


def test_the_results_that_are_kept_are_those_of_the_scans_mode() -> None:
    """A run compares like with like: the thorough look refuses, and adds nothing to what the run holds."""
    looked_at, _ = _looked_at(RESULT, [face(0)], [face(100)], Eyes(Sees(face(100)), Sees()))
    assert [each["id"] for each in looked_at["result"]["findings"]] == [face(100).id]


def test_what_the_scans_own_eyes_lose_is_lost() -> None:
    """A face that was to stay and is found by the thorough look only counts as lost, as before."""
    assert _looked_at(RESULT, [face(0)], [face(100)], Eyes(Sees(), Sees(face(100))))[1] == 1


def test_a_removal_of_a_whole_file_needs_no_look() -> None:
    """Where nothing stays there is nothing to look at."""
    looked_at, lost = _looked_at(None, [face(0)], [], Eyes(Sees(face(0)), Sees(face(0))))
    assert (looked_at["residue"], looked_at["after"], lost) == ([], None, 0)


@pytest.mark.parametrize("mode", Mode)
def test_a_worker_looks_thoroughly_at_results_whatever_the_scan_did(mode: Mode) -> None:
    """The second pair of eyes is of the mode thorough; after a thorough scan the same pair does."""
    tasks = Tasks(mode, Limits(), at=lambda _uri: None)
    hardest = tasks._hardest()
    assert hardest._mode is Mode.THOROUGH
    assert (hardest is tasks._examiner) == (mode is Mode.THOROUGH)
