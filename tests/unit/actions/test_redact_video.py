"""Faces are covered in every frame of a recording; what was not meant stays."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from efface.actions import pulse
from efface.actions.redact_video import RedactVideo
from efface.actions.rewrite_archive import erase
from efface.engines import video
from efface.engines.face_finder import FaceFinder
from efface.errors import RemovalError, ResidueError
from efface.examine import Examiner
from efface.model import Characteristic, Finding, Form, Limits, Locator, Mode, Part, Surroundings
from efface.sources.payloads import BytesPayload
from efface.testing.videos import dahua, moving, recording

if TYPE_CHECKING:
    from numpy.typing import NDArray

LIMITS = Limits()
SIZE = (480, 240)  # of frames: width, height


@pytest.fixture(scope="module")
def portrait(samples: Path) -> NDArray[np.uint8]:
    picture = Image.open(samples / "portrait.png").convert("RGB").crop((160, 0, 320, 200)).resize((80, 100))
    return np.asarray(picture)


def found(data: bytes, mode: Mode = Mode.STANDARD, name: str = "film.mp4") -> list[Finding]:
    """Return what a scan finds."""
    part = Part(Locator("file", (f"/t/{name}",)), BytesPayload(data), Surroundings((name,)))
    return [each for each in Examiner(mode, LIMITS).examine(part) if isinstance(each, Finding)]


def removed(data: bytes, findings: list[Finding]) -> bytes:
    result = RedactVideo().remove(data, findings, LIMITS)
    assert result is not None
    return result


def shown(data: bytes, index: int = 0) -> list[NDArray[np.uint8]]:
    shots = video.shots(io.BytesIO(data), index, LIMITS, video.Pace())
    return [shot.pixels for shot in shots if shot is not None]


def frames_with_faces(data: bytes) -> list[int]:
    """Return the numbers of the frames in which a face is seen; every tenth is looked at as hard as can be."""
    usual, hard = FaceFinder("standard"), FaceFinder("thorough")
    return [
        number
        for number, pixels in enumerate(shown(data))
        if usual.find(pixels) or (number % 10 == 5 and hard.find(pixels))
    ]


def scene(*tracks: tuple[NDArray[np.uint8], dict[int, int]], count: int) -> list[NDArray[np.uint8]]:
    """Return grey frames in which pictures stand at a left edge by number of frame."""
    frames = []
    for number in range(count):
        frame = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
        for picture, lefts in tracks:
            if number in lefts:
                left = lefts[number]
                frame[70 : 70 + picture.shape[0], left : left + picture.shape[1]] = picture
        frames.append(frame)
    return frames


def covered(pixels: NDArray[np.uint8], left: int) -> bool:
    """Return whether the middle of a face at a left edge is black."""
    return bool(pixels[95:130, left + 25 : left + 55].max() < 32)


@pytest.mark.parametrize(
    ("form", "codec"),
    [
        ("mp4", "libx264"),
        ("avi", "mjpeg"),
        ("webm", "libvpx-vp9"),
        ("mpegts", "libx264"),
        ("matroska", "ffv1"),
    ],
)
def test_no_frame_shows_the_face(form: str, codec: str, portrait: NDArray[np.uint8]) -> None:
    """A face that crosses the picture is gone from every frame, and no frame is."""
    data = recording(moving(portrait, 16), form=form, codec=codec)
    result = removed(data, found(data))
    assert frames_with_faces(result) == []
    assert len(shown(result)) == 16


def test_a_second_application_changes_nothing(portrait: NDArray[np.uint8]) -> None:
    """A result is its own result, and the same bytes come out each time."""
    data = recording(moving(portrait, 16))
    due = found(data)
    result = removed(data, due)
    assert removed(result, due) == result
    assert removed(data, due) == result


def test_a_face_is_covered_before_it_comes_and_after_it_goes(portrait: NDArray[np.uint8]) -> None:
    """Half a second on both sides is covered, where a head may be seen from behind; the rest is not."""
    data = recording(scene((portrait, dict.fromkeys(range(12, 24), 200)), count=36))
    due = found(data)
    assert due
    black = [number for number, pixels in enumerate(shown(removed(data, due))) if covered(pixels, 200)]
    assert black == list(range(7, 29))


def test_a_face_is_covered_while_it_is_not_seen(portrait: NDArray[np.uint8]) -> None:
    """Something passes in front of a walking person: the fill goes on with the way."""
    way = {number: 40 + 10 * number for number in range(20)}
    hidden = range(8, 13)
    data = recording(scene((portrait, {n: left for n, left in way.items() if n not in hidden}), count=20))
    result = shown(removed(data, found(data, Mode.THOROUGH)))
    assert all(covered(result[number], way[number]) for number in way)


def test_a_face_of_one_frame_is_covered(portrait: NDArray[np.uint8]) -> None:
    """What a scan passed over goes with what it found: all of the stream was to go."""
    lasting = dict.fromkeys(range(20), 30)
    data = recording(scene((portrait, lasting), (portrait, {7: 330}), count=20))
    due = found(data)
    assert len(due) == 1
    result = removed(data, due)
    assert covered(shown(result)[7], 330)
    assert frames_with_faces(result) == []


def test_one_of_two_faces_stays(portrait: NDArray[np.uint8]) -> None:
    """Who is not to go is found as before, and in every frame."""
    data = recording(
        scene((portrait, dict.fromkeys(range(20), 30)), (portrait, dict.fromkeys(range(20), 330)), count=20)
    )
    left, right = sorted(found(data), key=lambda each: each.locator.box.x if each.locator.box else 0)
    result = removed(data, [left])
    assert all(covered(pixels, 30) and not covered(pixels, 330) for pixels in shown(result))
    (still,) = found(result)
    assert still.locator.box is not None
    assert right.locator.box is not None
    assert abs(still.locator.box.x - right.locator.box.x) < 8
    assert removed(result, [left]) == result


def test_the_other_stream_stays(portrait: NDArray[np.uint8]) -> None:
    """A stream of which nothing is to go keeps its packets."""
    frames = moving(portrait, 12)
    data = recording(frames, frames)
    one, two = found(data, Mode.THOROUGH)
    result = removed(data, [two])
    assert [each.locator.track for each in found(result, Mode.THOROUGH)] == [one.locator.track]
    assert np.array_equal(shown(data, 0), shown(result, 0))
    assert found(removed(data, [one, two]), Mode.THOROUGH) == []


def test_what_only_a_scan_saw_is_covered() -> None:
    """A finding in which the action sees no face is covered for all of its time."""
    noise = np.random.default_rng(3).integers(100, 255, (60, 48, 3), np.uint8)
    data = recording(moving(noise, 12, size=SIZE))
    place = Locator("file", ("/t/film.mp4",), "t=0.00,1.20&xywh=pixel:200,100,40,40")
    finding = Finding("face-video@3", Form.SAMPLE, Characteristic.FACE, place, 0.9)
    result = removed(data, [finding])
    assert all(pixels[95:145, 195:245].max() < 32 for pixels in shown(result))
    assert removed(result, [finding]) == result


def test_a_cover_loses_its_face(portrait: NDArray[np.uint8]) -> None:
    """The picture that lists show is redacted as a picture; moving pictures without a face keep their packets."""
    target = io.BytesIO()
    Image.fromarray(portrait).resize((160, 200)).save(target, "JPEG")
    data = recording(scene(count=6), cover=target.getvalue())
    due = found(data)
    assert [each.locator.path[-1] for each in due] == ["cover-1.jpg"]
    outcome = RedactVideo().rewritten(data, due, LIMITS)
    assert [each.name for each in outcome.actions] == ["redact-image", "redact-video"]
    assert outcome.data is not None
    assert found(outcome.data) == []
    assert np.array_equal(shown(outcome.data), shown(data))
    assert removed(outcome.data, due) == outcome.data


def test_a_recording_in_an_archive_is_redacted(portrait: NDArray[np.uint8]) -> None:
    """It is a member like any other."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("note.txt", "kept")
        archive.writestr("film.mp4", recording(moving(portrait, 10)))
    data = target.getvalue()
    outcome = erase(data, "a.zip", found(data, name="a.zip"), LIMITS)
    assert [each.name for each in outcome.actions] == ["redact-video", "rewrite-archive"]
    assert outcome.data is not None
    assert found(outcome.data, name="a.zip") == []
    with zipfile.ZipFile(io.BytesIO(outcome.data)) as archive:
        assert archive.read("note.txt") == b"kept"


def test_long_work_is_heard(portrait: NDArray[np.uint8]) -> None:
    """Whoever waits is told that it goes on, so that it is not taken for a hang."""
    data = recording(moving(portrait, 16))
    due = found(data)
    beats: list[int] = []
    with pulse.heard(lambda: beats.append(1)):
        removed(data, due)
    assert len(beats) > 4
    pulse.beat()  # and nobody needs to listen


# -- refusals ----------------------------------------------------------------------------------------------


def test_a_face_that_will_not_go_is_residue(
    portrait: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the fills are not written every frame of the result says so, and nothing comes out."""
    from efface.engines import video_coders

    monkeypatch.setattr(video_coders, "regions", lambda *_: [])
    data = recording(moving(portrait, 8))
    with pytest.raises(ResidueError, match="8 frames"):
        removed(data, found(data))


def test_a_broken_recording_is_refused(portrait: NDArray[np.uint8]) -> None:
    """Frames that cannot be decoded may show a face."""
    data = bytearray(recording(moving(portrait, 12), form="avi", codec="mjpeg"))
    due = found(bytes(data))
    starts = [at for at in range(len(data) - 3) if data[at : at + 3] == b"\xff\xd8\xff"]
    data[starts[8] : starts[9] - 8] = bytes(starts[9] - 8 - starts[8])
    with pytest.raises(RemovalError, match="could not be decoded"):
        removed(bytes(data), due)


def test_another_recording_is_refused(portrait: NDArray[np.uint8]) -> None:
    """A face beyond the last frame was found in something else."""
    due = found(recording(scene((portrait, dict.fromkeys(range(30, 50), 100)), count=50)))
    with pytest.raises(RemovalError, match="another recording"):
        removed(recording(scene(count=10)), due)


@pytest.mark.parametrize(
    "fragment", ["t=0.00,1.00&xywh=pixel:1,1,9,9&track=7", "t=0.00,1.00&xywh=pixel:1,1,9,9"]
)
def test_a_stream_that_is_not_there_is_refused(fragment: str) -> None:
    """So is a recording without any stream of pictures."""
    finding = Finding("f@1", Form.SAMPLE, Characteristic.FACE, Locator("file", ("/t/a.mp4",), fragment), 0.9)
    data = recording(scene(count=4)) if "track" in fragment else b""
    with pytest.raises(RemovalError):
        removed(data, [finding])


def test_a_cover_that_is_not_there_is_refused() -> None:
    """A finding in a part needs that part."""
    finding = Finding(
        "f@1", Form.SAMPLE, Characteristic.FACE, Locator("file", ("/t/a.mp4", "cover-1.jpg")), 0.9
    )
    with pytest.raises(RemovalError, match="no such cover"):
        removed(recording(scene(count=4)), [finding])


@pytest.mark.parametrize(
    "media_type", ["video/x-dahua", "video/x-hikvision", "video/mpeg", "video/h264", "image/png"]
)
def test_what_it_cannot_write_is_not_accepted(media_type: str) -> None:
    """The plan then says that no action removes it."""
    place = Locator("file", ("/t/a.dav",), "t=0.00,1.00&xywh=pixel:1,1,9,9")
    finding = Finding("f@1", Form.SAMPLE, Characteristic.FACE, place, 0.9)
    assert not RedactVideo().accepts(media_type, finding)
    assert RedactVideo().accepts("video/mp4", finding)


def test_a_kind_in_a_wrong_name_is_refused(portrait: NDArray[np.uint8]) -> None:
    """Content decides, whatever it is called."""
    data = dahua(moving(portrait, 8))
    with pytest.raises(RemovalError, match="dhav"):
        removed(data, found(data))


def test_a_recording_above_the_budget_is_refused(portrait: NDArray[np.uint8]) -> None:
    """It would be in memory twice."""
    data = recording(moving(portrait, 8))
    with pytest.raises(RemovalError, match="artefact_bytes"):
        RedactVideo().remove(data, found(data), Limits(artefact_bytes=1000))


# -- recordings of real people, which are not in the tree --------------------------------------------------


@pytest.mark.parametrize("name", ["milk"])
def test_real_clips_show_no_frame(shared_data: Path, name: str) -> None:
    """Hands cross the face: no frame shows it."""
    data = (shared_data / "video" / "clips_ccby" / f"{name}.mkv").read_bytes()
    due: Any = found(data, name=f"{name}.mkv")
    assert due
    assert frames_with_faces(removed(data, due)) == []
