"""What preparing a replacement refuses, before anything of the target is touched."""

from __future__ import annotations

from efface.errors import FormatError, RemovalError, ResidueError, UnsupportedError
from efface.runs.prepare import _new_gaps, _word

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
