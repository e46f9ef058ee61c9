"""Recordings of every container and coding that cameras write, and broken ones."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from PIL import Image

from efface.engines import video
from efface.errors import FormatError, LimitExceededError
from efface.formats import sniff
from efface.model import Limits
from efface.testing.videos import dahua, moving, recording, turned

PICTURE = np.random.default_rng(1).integers(0, 255, (60, 48, 3), np.uint8)
FRAMES = moving(PICTURE, 12)


def jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(PICTURE).save(buffer, "JPEG")
    return buffer.getvalue()


def given(data: bytes, pace: video.Pace | None = None, limits: Limits | None = None) -> list[video.Shot]:
    """Return the frames of the first stream that are given."""
    (first, *_) = video.streams(io.BytesIO(data))
    shots = video.shots(io.BytesIO(data), first.index, limits or Limits(), pace or video.Pace())
    return [shot for shot in shots if shot is not None]


KINDS = {
    "MP4 with H.264": ("mp4", "libx264", 10, "video/mp4"),
    "MOV with H.264": ("mov", "libx264", 10, "video/mp4"),
    "MP4 with AV1": ("mp4", "libsvtav1", 10, "video/mp4"),
    "Matroska with H.265": ("matroska", "libx265", 10, "video/x-matroska"),
    "WebM with VP9": ("webm", "libvpx-vp9", 10, "video/x-matroska"),
    "AVI with MJPEG": ("avi", "mjpeg", 10, "video/x-msvideo"),
    "MPEG transport stream": ("mpegts", "libx264", 10, "video/mp2t"),
    "MPEG program stream": ("mpeg", "mpeg2video", 25, "video/mpeg"),
    "bare H.264": ("h264", "libx264", 10, "video/h264"),
    "bare H.265": ("hevc", "libx265", 10, "video/h265"),
    "Flash video": ("flv", "flv", 10, "video/x-flv"),
    "ASF": ("asf", "mpeg4", 10, "video/x-ms-asf"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_of_every_kind_is_given(kind: str) -> None:
    """A kind is told by its content, and each of its frames is shown once, in its order."""
    form, codec, rate, media_type = KINDS[kind]
    data = recording(FRAMES, form=form, codec=codec, rate=rate)
    shots = given(data)
    assert sniff.media_type(data[: sniff.HEAD_BYTES]) == media_type
    assert len(shots) == len(FRAMES)
    assert [shot.time_s for shot in shots] == sorted(shot.time_s for shot in shots)
    assert (shots[0].width_px, shots[0].height_px, shots[0].pixels.shape) == (320, 240, (240, 320, 3))


def test_a_dahua_recording_is_read() -> None:
    """A .dav file, which recorders of cameras write, is a recording like any other."""
    data = dahua(FRAMES)
    assert sniff.media_type(data[:4096]) == "video/x-dahua"
    assert len(given(data)) == len(FRAMES)


def test_a_hikvision_recording_is_read() -> None:
    """Forty bytes of their own before a program stream hide nothing."""
    data = b"IMKH" + bytes(36) + recording(FRAMES, form="mpeg", codec="mpeg2video", rate=25)
    assert sniff.media_type(data[:4096]) == "video/x-hikvision"
    assert len(given(data)) == len(FRAMES)


def test_every_stream_of_pictures_is_named() -> None:
    """A second camera in the same file is a second stream; a cover is none."""
    data = recording(FRAMES, FRAMES[:5], cover=jpeg())
    assert [stream.frames for stream in video.streams(io.BytesIO(data))] == [12, 5]


def test_a_turned_recording_is_shown_upright() -> None:
    """The display matrix turns the frame and its size."""
    shot = given(turned(recording(FRAMES)))[0]
    assert (shot.width_px, shot.height_px, shot.pixels.shape) == (240, 320, (320, 240, 3))


@pytest.mark.parametrize(
    ("pace", "count"),
    [
        (video.Pace(every_s=0.5), 3),
        (video.Pace(every_s=0.3), 4),
        (video.Pace(every_s=100.0), 1),
        (video.Pace(keys_only=True), 1),
    ],
    ids=["two a second", "every third", "one for all", "key frames"],
)
def test_a_pace_gives_some_frames(pace: video.Pace, count: int) -> None:
    """The first frame is always given; what is passed over is counted by its place in the sequence."""
    data = recording(FRAMES, codec="mpeg4")
    assert abs(len(given(data, pace)) - count) <= 1
    assert given(data, pace)[0].time_s == 0.0


def test_a_large_frame_is_scaled_down() -> None:
    """The scale leads from the array back to the displayed frame."""
    shot = given(recording(FRAMES), video.Pace(long_side_px=160))[0]
    assert (shot.pixels.shape, shot.scale, shot.width_px) == ((120, 160, 3), 2.0, 320)


@pytest.mark.parametrize(("form", "more"), [("mp4", {"cover": jpeg()}), ("matroska", {"attachment": jpeg()})])
def test_what_is_attached_comes_as_it_is_stored(form: str, more: dict[str, bytes]) -> None:
    """A cover picture and an attached file are given byte for byte."""
    data = recording(FRAMES, form=form, **more)
    (found,) = video.attached(io.BytesIO(data), Limits())
    assert (found.data, found.name) == (jpeg(), "cover-1.jpg")


# -- what cannot be decoded --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0\x20ftypisom" + bytes(40),
        b"\x1aE\xdf\xa3" + bytes(64),
        bytes(4096),
        b"RIFF\0\0\0\0AVI LIST",
    ],
    ids=["nothing", "a header alone", "an empty Matroska", "zeros", "an AVI without its list"],
)
def test_what_is_no_recording_is_refused(data: bytes) -> None:
    """Bytes that only begin like a recording are a FormatError."""
    with pytest.raises(FormatError, match=r"broken|cannot|no frame"):
        given(data)


def test_a_recording_that_is_cut_off_gives_what_came_before() -> None:
    """Frames before the cut are shown."""
    data = recording(FRAMES, form="matroska", codec="mpeg4")
    cut, seen = io.BytesIO(data[: len(data) * 2 // 3]), 0
    with contextlib.suppress(FormatError):
        for shot in video.shots(cut, 0, Limits(), video.Pace()):
            seen += shot is not None
    assert 0 < seen < len(FRAMES)


def test_frames_that_cannot_be_decoded_are_told() -> None:
    """Noise in the middle of a stream is counted, and the rest is shown."""
    data = bytearray(recording(FRAMES, form="avi", codec="mjpeg"))
    starts = [at for at in range(len(data) - 3) if data[at : at + 3] == b"\xff\xd8\xff"]
    data[starts[3] : starts[4] - 8] = bytes(starts[4] - 8 - starts[3])
    with pytest.raises(FormatError, match="could not be decoded"):
        given(bytes(data))


@pytest.mark.parametrize(
    ("limits", "words"),
    [(Limits(picture_pixels=1_000), "picture_pixels"), (Limits(film_frames=3), "film_frames")],
    ids=["large frames", "many frames"],
)
def test_a_budget_ends_a_recording(limits: Limits, words: str) -> None:
    """Frames too large, or too many, are over a limit that is named."""
    with pytest.raises(LimitExceededError, match=words):
        given(recording(FRAMES), limits=limits)


@pytest.mark.parametrize(
    "data",
    [
        b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5000 RTP/AVP 96\n",
    ],
    ids=["a playlist", "a list of files", "a description of a session"],
)
def test_a_recording_leads_nowhere_else(data: bytes) -> None:
    """A text that names other files or addresses is never followed."""
    with pytest.raises(FormatError):
        video.streams(io.BytesIO(data))
