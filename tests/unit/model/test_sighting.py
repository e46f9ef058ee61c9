"""When and where a face was seen is read back as it was written, and nothing else is taken for it."""

from __future__ import annotations

import pytest

from efface.model import Box, Characteristic, Clue, Finding, Form, Locator, sighting_clue, sightings


def finding(*clues: Clue, fragment: str | None = None) -> Finding:
    place = Locator("file", ("/a.mp4",), fragment)
    return Finding("f@1", Form.SAMPLE, Characteristic.FACE, place, 0.9, clues=clues)


def test_sightings_are_read_back() -> None:
    """To hundredths of a second, in their order."""
    clues = (
        Clue("face_px", "40"),
        sighting_clue(0.0, Box(1, 2, 3, 4)),
        sighting_clue(75.128, Box(0, 0, 9, 9)),
    )
    assert sightings(finding(*clues)) == ((0.0, Box(1, 2, 3, 4)), (75.13, Box(0, 0, 9, 9)))


@pytest.mark.parametrize(
    "value", ["", "t=1 xywh=1,2,3,4", "t=1.00 xywh=1,2,3", "t=-1.00 xywh=1,2,3,4", "t=1.00 xywh=1,2,3,4x"]
)
def test_other_words_are_no_sighting(value: str) -> None:
    """A clue of another form says nothing."""
    assert sightings(finding(Clue("box_at", value))) == ()


@pytest.mark.parametrize(
    ("fragment", "times", "track"),
    [
        ("t=1.20,3.85&xywh=pixel:1,2,3,4", (1.2, 3.85), None),
        ("t=0,2&xywh=pixel:1,2,3,4&track=1", (0.0, 2.0), 1),
        ("xywh=pixel:1,2,3,4", None, None),
        ("t=x,3", None, None),
        (None, None, None),
    ],
)
def test_a_place_in_a_recording_tells_when_and_in_which_stream(
    fragment: str | None, times: tuple[float, float] | None, track: int | None
) -> None:
    """Words of Media Fragments; what is none of them is no time and no track."""
    place = finding(fragment=fragment).locator
    assert (place.times, place.track) == (times, track)
