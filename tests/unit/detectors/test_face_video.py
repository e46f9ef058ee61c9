"""Faces in recordings become tracks; what a mode passes over is said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from efface.detectors.face_video import FaceVideo
from efface.engines.face_finder import Face
from efface.engines.face_tracks import Sighting, Tracks
from efface.errors import FormatError
from efface.model import Artefact, Beat, Finding, Level, Limits, Locator, Mode, Sampling, Surroundings
from efface.sources.payloads import BytesPayload
from efface.testing.videos import moving, recording

if TYPE_CHECKING:
    from numpy.typing import NDArray

PLACE = Locator.of_file("/t/film.mp4")


@pytest.fixture(scope="module")
def portrait(samples: Path) -> NDArray[np.uint8]:
    picture = Image.open(samples / "portrait.png").convert("RGB").crop((160, 0, 320, 200)).resize((96, 120))
    return np.asarray(picture)


def detect(data: bytes, mode: Mode = Mode.STANDARD, names: tuple[str, ...] = ("film.mp4",)) -> list[Any]:
    artefact = Artefact(PLACE, "video/mp4", len(data))
    return list(FaceVideo().detect(artefact, BytesPayload(data), Surroundings(names), mode, Limits()))


def findings(results: list[Any]) -> list[Finding]:
    return [each for each in results if isinstance(each, Finding)]


@pytest.mark.parametrize("mode", Mode)
def test_a_moving_face_is_one_track(mode: Mode, portrait: NDArray[np.uint8]) -> None:
    """A face that crosses the picture is one finding, from when it comes to when it goes."""
    (found,) = findings(detect(recording(moving(portrait, 20)), mode))
    assert found.locator.fragment is not None
    assert found.locator.fragment.startswith("t=0.00,")
    assert found.locator.box is not None
    assert found.level is Level.VISIBLE


def test_a_recording_without_a_face_has_no_finding(samples: Path) -> None:
    """A cup of coffee is none."""
    coffee = np.asarray(Image.open(samples / "coffee.png").convert("RGB").resize((120, 90)))
    assert findings(detect(recording(moving(coffee, 10)), Mode.THOROUGH)) == []


def test_two_streams_are_told_apart(portrait: NDArray[np.uint8]) -> None:
    """The same face in two streams is two findings, the second with its stream's number."""
    frames = moving(portrait, 10)
    found = findings(detect(recording(frames, frames), Mode.THOROUGH))
    assert [("track=1" in str(each.locator.fragment)) for each in found] == [False, True]
    assert len({each.id for each in found}) == 2


def test_what_is_passed_over_is_said(portrait: NDArray[np.uint8]) -> None:
    """Standard says how many frames of how many it looked at; thorough looks at all, and works audibly."""
    data = recording(moving(portrait, 20))
    (sampling,) = [each for each in detect(data) if isinstance(each, Sampling)]
    assert (sampling.unit, sampling.total, sampling.is_random) == ("frames", 20, False)
    assert 3 <= sampling.looked_at <= 5
    thorough = detect(data, Mode.THOROUGH)
    assert not [each for each in thorough if isinstance(each, Sampling)]
    assert [each for each in thorough if isinstance(each, Beat)]


def test_the_same_recording_gives_the_same_ids(portrait: NDArray[np.uint8]) -> None:
    """A second scan knows what the first one found."""
    data = recording(moving(portrait, 12))
    assert [each.id for each in findings(detect(data))] == [each.id for each in findings(detect(data))]


def test_the_folder_of_a_recording_links_it_to_a_person(portrait: NDArray[np.uint8]) -> None:
    """Level comes from the surroundings, as for pictures."""
    names = ("1.mp4", "张伟", "known_faces")
    (found, *_) = findings(detect(recording(moving(portrait, 6)), Mode.STANDARD, names))
    assert found.level is Level.ENROLLED


def test_a_broken_recording_keeps_what_was_seen(portrait: NDArray[np.uint8]) -> None:
    """Faces before a break are findings, and the break is told."""
    data = bytearray(recording(moving(portrait, 12), form="avi", codec="mjpeg"))
    starts = [at for at in range(len(data) - 3) if data[at : at + 3] == b"\xff\xd8\xff"]
    data[starts[8] : starts[9] - 8] = bytes(starts[9] - 8 - starts[8])
    artefact = Artefact(PLACE, "video/x-msvideo", len(data))
    stream = FaceVideo().detect(
        artefact, BytesPayload(bytes(data)), Surroundings(("f",)), Mode.THOROUGH, Limits()
    )
    seen: list[Any] = []
    with pytest.raises(FormatError, match="could not be decoded"):
        seen.extend(stream)  # what came before the error is kept
    assert findings(seen)


# -- joining -----------------------------------------------------------------------------------------------


def track_counts(*frames: list[tuple[float, float, float, float]], step_s: float = 0.5) -> list[int]:
    """Return in how many frames each track is seen."""
    tracks = Tracks(step_s)
    for number, boxes in enumerate(frames):
        time_s = number * step_s
        tracks.see(time_s, [Sighting(time_s, box, Face(box, 0.9, None, "yunet")) for box in boxes])
    return [track.count for track in tracks.all()]


A, B = (10.0, 10.0, 40.0, 40.0), (200.0, 10.0, 40.0, 40.0)


@pytest.mark.parametrize(
    ("frames", "counts"),
    [
        (([A], [A], [A]), [3]),
        (([A, B], [A, B]), [2, 2]),
        (([A], [(40.0, 10.0, 40.0, 40.0)]), [2]),
        (([A], [B]), [1, 1]),
        (([A], [(10.0, 10.0, 120.0, 120.0)]), [1, 1]),
        (([A], [], [A]), [2]),
        (([A], [], [], [], [A]), [1, 1]),
        (([A], [A, (14.0, 12.0, 40.0, 40.0)]), [2, 1]),
        ((), []),
    ],
    ids=[
        "standing still",
        "two at once",
        "walking on",
        "somewhere else",
        "three times the size",
        "hidden for a moment",
        "gone for long",
        "a second one beside it",
        "nobody",
    ],
)
def test_sightings_are_joined(frames: tuple[Any, ...], counts: list[int]) -> None:
    """What can be one face going on is one track; what cannot is two."""
    assert track_counts(*frames) == counts


def test_a_long_track_keeps_a_few_sightings() -> None:
    """An hour of one face does not grow the finding."""
    tracks = Tracks(0.5)
    for number in range(7_200):
        tracks.see(number / 2, [Sighting(number / 2, A, Face(A, 0.9, None, "yunet"))])
    (track,) = tracks.all()
    assert (track.count, len(track.kept) <= 16) == (7_200, True)


def test_a_clock_that_is_set_back_begins_anew() -> None:
    """Recordings joined one to another are not taken for one scene."""
    tracks = Tracks(0.5)
    for time_s in (5.0, 5.5, 0.0, 0.5):
        tracks.see(time_s, [Sighting(time_s, A, Face(A, 0.9, None, "yunet"))])
    assert [track.count for track in tracks.all()] == [2, 2]
