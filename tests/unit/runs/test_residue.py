"""What counts as still there after a removal."""

from __future__ import annotations

from dataclasses import replace

from efface.model import Box, Characteristic, Finding, Form, Locator, sighting_clue
from efface.runs.residue import lost_from, residue_of

PLACE = Locator("file", ("/a.jpg",))


def face(x: int, y: int = 0, size: int = 100) -> Finding:
    return Finding("face-image@1", Form.SAMPLE, Characteristic.FACE, PLACE.at_box(Box(x, y, size, size)), 0.9)


DUE, KEPT = face(0), face(500)
UNKNOWN = replace(DUE, form=Form.FEATURES, characteristic=Characteristic.UNKNOWN, level=None)


def test_nothing_found_is_no_residue() -> None:
    """A removal is done when nothing is left."""
    assert residue_of([], [DUE], []) == []


def test_the_same_finding_is_residue() -> None:
    """What was due and is found again was not removed."""
    assert residue_of([DUE], [DUE], []) == [DUE]


def test_a_finding_that_was_not_there_before_is_residue() -> None:
    """A face that appears only now, because its neighbour is covered, must not pass."""
    new = face(200)
    assert residue_of([new, KEPT], [DUE], [KEPT]) == [new]


def test_a_kept_finding_that_moved_a_little_is_no_residue() -> None:
    """Networks give slightly other boxes when a neighbour is covered."""
    assert residue_of([face(506, 3)], [DUE], [KEPT]) == []


def test_a_kept_finding_on_another_page_does_not_excuse() -> None:
    """A box is the same only on the same page."""
    other = replace(KEPT, locator=PLACE.at_box(Box(500, 0, 100, 100), page=2))
    assert residue_of([other], [DUE], [KEPT]) == [other]


def test_an_unknown_characteristic_counts_only_where_it_was_due() -> None:
    """Features that nobody asked to remove are not in the way."""
    assert residue_of([UNKNOWN], [DUE], []) == []
    assert residue_of([UNKNOWN], [UNKNOWN], []) == [UNKNOWN]


def test_what_was_to_stay_and_is_there_is_not_lost() -> None:
    """A kept finding is found again, by its id or by its place."""
    assert lost_from([KEPT, DUE], [KEPT]) == []
    assert lost_from([face(506, 3)], [KEPT]) == []


def test_what_was_to_stay_and_is_gone_is_lost() -> None:
    """A fill that reaches over a neighbour, or a file that goes whole, takes what it should keep."""
    assert lost_from([], [KEPT]) == [KEPT]
    assert lost_from([DUE], [KEPT]) == [KEPT]


FILM = Locator("file", ("/a.mp4",))


def track(times: str, x: int, *seen: tuple[float, int], stream: str = "") -> Finding:
    place = FILM.at(f"t={times}&xywh=pixel:{x},0,100,100{stream}")
    clues = tuple(sighting_clue(time_s, Box(left, 0, 100, 100)) for time_s, left in seen)
    return Finding("face-video@3", Form.SAMPLE, Characteristic.FACE, place, 0.9, clues=clues)


def test_a_face_at_another_time_is_another() -> None:
    """Somebody who stood where a kept face stands later is residue."""
    kept, early = track("5.00,9.00", 0), track("0.00,3.00", 2)
    assert residue_of([early], [DUE], [kept]) == [early]
    assert residue_of([track("5.10,9.00", 2)], [DUE], [kept]) == []


def test_a_face_in_another_stream_is_another() -> None:
    """Two cameras in one file show two places."""
    kept, other = track("0.00,3.00", 0), track("0.00,3.00", 0, stream="&track=1")
    assert residue_of([other], [DUE], [kept]) == [other]


def test_a_track_is_known_by_where_it_was_at_a_time() -> None:
    """The surest sighting of a walking person may be another one next time; one who crosses is another."""
    kept = track("0.00,3.00", 0, (0.0, 0), (1.0, 300), (2.0, 600))
    assert lost_from([track("0.00,3.00", 600, (0.0, 2), (1.03, 305), (2.0, 600))], [kept]) == []
    crossing = track("0.00,3.00", 600, (0.0, 600), (2.0, 0))
    assert residue_of([crossing], [DUE], [kept]) == [crossing]
    assert lost_from([crossing], [kept]) == [kept]
