"""A recording that is written again is what it was, but for what was filled."""

from __future__ import annotations

import io
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from efface.engines import video
from efface.engines.repaint import PageBox, repaint
from efface.engines.video_writing import rewrite
from efface.errors import FormatError, LimitExceededError, UnsupportedError
from efface.model import Limits
from efface.testing.talkies import Kind, talkie
from efface.testing.videos import dahua, moving, recording, turned

PICTURE = np.random.default_rng(1).integers(0, 255, (60, 48, 3), np.uint8)
FRAMES = moving(PICTURE, 12)
BOX = PageBox(None, 100, 100, 20, 20)  # with its margin: 90 to 130
INSIDE = slice(98, 122)  # of the fill, without its rim
OUTSIDE = np.ones((240, 320), bool)
OUTSIDE[80:144, 80:144] = False
UNEVEN_MS = [0, 100, 130, 400, 410, 700, 800, 1000, 1010, 1020, 1500, 1600]
LEAST_DB = 38.0  # peak signal to noise outside the fill


def filled(data: bytes, frames: range = range(1000), parts: dict[str, bytes | None] | None = None) -> bytes:
    """Return a recording with a box filled in some frames of its first stream."""
    (first, *_) = video.streams(io.BytesIO(data))
    boxes = {first.index: lambda number: [BOX] if number in frames else []}
    return rewrite(data, boxes, parts or {}, Limits())


def shown(data: bytes) -> list[video.Shot]:
    (first, *_) = video.streams(io.BytesIO(data))
    shots = video.shots(io.BytesIO(data), first.index, Limits(), video.Pace())
    return [shot for shot in shots if shot is not None]


def packets(data: bytes, kind: str, number: int = 0) -> list[tuple[bytes, Any, Any]]:
    """Return what a stream's packets hold, when they are shown, and for how long."""
    with av.open(io.BytesIO(data)) as container:
        chosen = [each for each in container.streams if each.type == kind][number]
        return [
            (
                bytes(each),
                each.pts and each.pts * each.time_base,
                each.duration and each.duration * each.time_base,
            )
            for each in container.demux(chosen)
            if each.size
        ]


def untimed(found: list[tuple[bytes, Any, Any]]) -> list[tuple[bytes, Any]]:
    """Return packets without their length, which Matroska keeps once for a stream and FFmpeg does not copy."""
    return [(content, time) for content, time, _ in found]


def facts(data: bytes) -> dict[str, Any]:
    """Return what a recording says of itself and its streams."""
    with av.open(io.BytesIO(data)) as container:
        return {
            "title": container.metadata.get("title") or container.metadata.get("TITLE"),
            "chapters": [
                (each["start"] * each["time_base"], each["metadata"].get("title"))
                for each in container.chapters()
            ],
            "streams": [
                (each.type, each.time_base, int(each.disposition), each.metadata.get("language"))
                for each in container.streams
            ],
            "colours": [
                (
                    each.width,
                    each.height,
                    each.codec_context.codec.canonical_name,
                    each.codec_context.color_range,
                    each.codec_context.colorspace,
                    each.codec_context.codec_tag,
                )
                for each in container.streams.video
            ],
        }


def noise_db(one: Any, other: Any, where: Any = OUTSIDE) -> float:
    """Return the peak signal to noise ratio of two frames."""
    error = np.mean((one[where].astype(float) - other[where].astype(float)) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


KINDS = {
    "MP4 with H.264": ("mp4", "libx264", 10),
    "MOV with H.264": ("mov", "libx264", 10),
    "MP4 with H.265": ("mp4", "libx265", 10),
    "MP4 with AV1": ("mp4", "libsvtav1", 10),
    "Matroska with H.265": ("matroska", "libx265", 10),
    "WebM with VP9": ("webm", "libvpx-vp9", 10),
    "WebM with VP8": ("webm", "libvpx", 10),
    "AVI with MJPEG": ("avi", "mjpeg", 10),
    "MOV with MJPEG": ("mov", "mjpeg", 10),
    "AVI with MPEG-4": ("avi", "mpeg4", 10),
    "AVI with FFV1": ("avi", "ffv1", 10),
    "AVI with Microsoft's MPEG-4, version 2": ("avi", "msmpeg4v2", 10),
    "AVI with Microsoft's MPEG-4, version 3": ("avi", "msmpeg4", 10),
    "3GP with MPEG-4": ("3gp", "mpeg4", 10),
    "transport stream with MPEG-1": ("mpegts", "mpeg1video", 25),
    "transport stream with H.264": ("mpegts", "libx264", 10),
    "transport stream with MPEG-2": ("mpegts", "mpeg2video", 25),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_box_is_filled_and_the_rest_is_there(kind: str) -> None:
    """In every kind each frame is filled, shown at its time, and like before outside the fill."""
    form, codec, rate = KINDS[kind]
    data = recording(FRAMES, FRAMES[:7], form=form, codec=codec, rate=rate)
    result = filled(data)
    before, after = shown(data), shown(result)
    assert [shot.time_s for shot in after] == [shot.time_s for shot in before]
    assert max(shot.pixels[INSIDE, INSIDE].max() for shot in after) <= 8
    assert min(noise_db(a.pixels, b.pixels) for a, b in zip(before, after, strict=True)) > LEAST_DB
    assert untimed(packets(result, "video", 1)) == untimed(packets(data, "video", 1))
    assert facts(result) == facts(data)
    assert filled(data) == result


def test_frames_without_a_fill_are_like_before() -> None:
    """Only the frames that are named are filled."""
    data = recording(FRAMES)
    after = shown(filled(data, range(4, 6)))
    everywhere = np.ones((240, 320), bool)
    for number, (old, new) in enumerate(zip(shown(data), after, strict=True)):
        is_filled = new.pixels[INSIDE, INSIDE].max() <= 8
        assert is_filled == (number in (4, 5))
        assert is_filled or noise_db(old.pixels, new.pixels, everywhere) > LEAST_DB


TALKIES = {
    "Matroska": Kind(words="subrip"),
    "MP4": Kind("mp4"),
    "MOV": Kind("mov", sound="pcm_s16le"),
    "WebM": Kind("webm", "libvpx-vp9", "libopus"),
    "transport stream": Kind("mpegts", sound="mp2"),
}


@pytest.mark.parametrize("kind", TALKIES)
def test_sound_words_chapters_and_times_stay(kind: str) -> None:
    """Packets of sound and subtitles are the same bytes at the same times; so are chapters, title, uneven times."""
    data = talkie(FRAMES, UNEVEN_MS, TALKIES[kind])
    result = filled(data)
    assert packets(data, "audio")
    assert packets(result, "audio") == packets(data, "audio")
    assert [shot.time_s for shot in shown(result)] == [shot.time_s for shot in shown(data)]
    assert facts(result) == facts(data)
    if TALKIES[kind].words:
        assert packets(result, "subtitle") == packets(data, "subtitle")
        assert len(packets(data, "subtitle")) == 3


@pytest.mark.parametrize("codec", ["ffv1", "huffyuv"])
def test_a_lossless_coding_loses_nothing(codec: str) -> None:
    """Every pixel outside the fill is the same number."""
    data = recording(FRAMES, form="avi", codec=codec)
    for old, new in zip(shown(data), shown(filled(data)), strict=True):
        assert np.array_equal(old.pixels[OUTSIDE], new.pixels[OUTSIDE])


@pytest.mark.parametrize("form", ["avi", "mov", "matroska"])
def test_motion_jpeg_loses_nothing(form: str) -> None:
    """Frames without a fill are the same bytes, and those with one are filled as a photo is."""
    data = recording(FRAMES, form=form, codec="mjpeg")
    before, after = (untimed(packets(each, "video")) for each in (data, filled(data, range(3, 4))))
    assert [number for number in range(12) if before[number] != after[number]] == [3]
    assert [each[1:] for each in before] == [each[1:] for each in after]
    old, new = (np.asarray(Image.open(io.BytesIO(each[3][0])).convert("RGB")) for each in (before, after))
    assert repaint(after[3][0], [BOX], Limits())  # a photo whose fill holds
    rim = OUTSIDE.copy()
    rim[78:146, 78:146] = False
    assert np.array_equal(old[rim], new[rim])


@pytest.mark.parametrize("codec", ["libx264", "mjpeg"])
def test_a_turned_recording_is_filled_where_it_shows(codec: str) -> None:
    """The display matrix stays, and the box lies where a player shows it."""
    data = turned(recording(FRAMES, form="mov", codec=codec))
    result = filled(data)
    (shot, *_) = shown(result)
    (old, *_) = shown(data)
    assert (shot.width_px, shot.height_px) == (240, 320)
    assert shot.pixels[INSIDE, INSIDE].max() <= 8
    where = np.ones((320, 240), bool)
    where[70:160, 70:160] = False
    assert noise_db(old.pixels, shot.pixels, where) > LEAST_DB
    assert facts(result) == facts(data)


def test_ten_bits_are_filled_as_they_are() -> None:
    """Deeper samples keep their depth."""
    data = talkie(FRAMES, UNEVEN_MS, Kind(layout="yuv422p10le"))
    result = filled(data)
    with av.open(io.BytesIO(result)) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv422p10le"
    assert max(shot.pixels[INSIDE, INSIDE].max() for shot in shown(result)) <= 8


def test_frames_out_of_order_are_counted() -> None:
    """In an AVI with frames that refer to later ones the nth frame is shown at the nth time."""
    data = recording(FRAMES, form="avi", codec="libx264")
    times = [shot.time_s for shot in shown(filled(data))]
    assert np.diff(times) == pytest.approx(np.full(11, 0.1))


# -- covers and files --------------------------------------------------------------------------------------


def jpeg(value: int = 90) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (value, 120, 30)).save(buffer, "JPEG")
    return buffer.getvalue()


def carried(data: bytes) -> dict[str, bytes]:
    return {each.name: each.data for each in video.attached(io.BytesIO(data), Limits())}


def test_a_cover_is_changed_kept_or_left_out() -> None:
    """A cover that nobody names stays as it is."""
    data = recording(FRAMES, cover=jpeg())
    assert carried(data) == {"cover-1.jpg": jpeg()}
    assert carried(filled(data)) == {"cover-1.jpg": jpeg()}
    assert carried(filled(data, parts={"cover-1.jpg": jpeg(7)})) == {"cover-1.jpg": jpeg(7)}
    assert carried(filled(data, parts={"cover-1.jpg": None})) == {}


def test_attached_files_are_changed_kept_or_left_out() -> None:
    """FFmpeg shows an attached picture as a cover; it stays a file beside the streams."""
    data = recording(FRAMES, form="matroska", attachment=jpeg())
    (name,) = carried(data)
    assert carried(data) == {name: jpeg()}
    assert carried(filled(data)) == {name: jpeg()}
    assert carried(filled(data, parts={name: jpeg(7)})) == {name: jpeg(7)}
    assert carried(filled(data, parts={name: None})) == {}


def test_only_a_cover_is_changed() -> None:
    """Where no frame is filled no stream is coded anew."""
    data = recording(FRAMES, cover=jpeg())
    result = rewrite(data, {}, {"cover-1.jpg": jpeg(7)}, Limits())
    assert packets(result, "video") == packets(data, "video")


def test_a_picture_in_the_facts_does_not_stay() -> None:
    """A picture in letters among the tags goes; a title stays."""
    import base64

    target = io.BytesIO()
    with av.open(target, "w", format="matroska") as container:
        container.metadata.update({"title": "the hall", "picture": base64.b64encode(jpeg()).decode()})
        stream: Any = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number, frame in enumerate(FRAMES):
            given = av.VideoFrame.from_ndarray(frame, format="rgb24")
            given.pts = number
            container.mux(stream.encode(given))
        container.mux(stream.encode(None))
    with av.open(io.BytesIO(filled(target.getvalue()))) as container:
        assert {name.lower() for name in container.metadata} & {"title", "picture"} == {"title"}


# -- refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (lambda: dahua(FRAMES), "container of the kind dhav"),
        (lambda: recording(FRAMES, form="mpeg", codec="mpeg2video", rate=25), "container of the kind mpeg"),
        (lambda: recording(FRAMES, form="h264"), "container of the kind h264"),
        (lambda: recording(FRAMES, form="asf", codec="mpeg4"), "container of the kind asf"),
        (lambda: recording(FRAMES, form="avi", codec="ffvhuff"), "ffvhuff cannot be written again"),
    ],
    ids=["Dahua", "program stream", "bare H.264", "ASF", "a rare coding"],
)
def test_what_cannot_be_written_is_refused(data: Any, why: str) -> None:
    """The reason is told, and nothing comes out."""
    with pytest.raises(UnsupportedError, match=why):
        filled(data())


def test_a_build_without_an_encoder_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who installed FFmpeg without encoders under the GPL learns what is missing."""
    from efface.engines import video_codings

    monkeypatch.setitem(video_codings._ENCODERS, "h264", (video_codings.Encoder("libabsent"),))
    with pytest.raises(UnsupportedError, match=r"no encoder of h264 \(libabsent\)"):
        filled(recording(FRAMES))


def test_interlaced_frames_are_refused() -> None:
    """Two fields of a frame are two times; one fill for both could miss."""
    target = io.BytesIO()
    with av.open(target, "w", format="mpegts") as container:
        stream: Any = container.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.codec_context.flags |= (1 << 18) | (1 << 29)  # interlaced coding and estimation
        for number, frame in enumerate(FRAMES):
            given = av.VideoFrame.from_ndarray(frame, format="rgb24")
            given.pts = number
            container.mux(stream.encode(given))
        container.mux(stream.encode(None))
    with pytest.raises(UnsupportedError, match="interlaced"):
        filled(target.getvalue())


def test_frames_that_change_their_size_are_refused() -> None:
    """Two transport streams joined are one; an encoder has one size."""
    small = [frame[:120, :160] for frame in FRAMES]
    with pytest.raises(UnsupportedError, match="change their size"):
        filled(recording(FRAMES, form="mpegts") + recording(small, form="mpegts"))


def test_transparency_beside_the_frames_is_refused() -> None:
    """FFmpeg would write the frames without it."""
    target = io.BytesIO()
    with av.open(target, "w", format="webm") as container:
        stream: Any = container.add_stream("libvpx-vp9", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuva420p"
        for number, frame in enumerate(FRAMES):
            given = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format="yuva420p")
            given.pts = number
            container.mux(stream.encode(given))
        container.mux(stream.encode(None))
    with pytest.raises(UnsupportedError, match="transparency"):
        filled(target.getvalue())


def test_flash_video_is_written_again() -> None:
    """It holds one stream of pictures only."""
    data = recording(FRAMES, form="flv", codec="flv")
    after = shown(filled(data))
    assert [shot.time_s for shot in after] == [shot.time_s for shot in shown(data)]
    assert max(shot.pixels[INSIDE, INSIDE].max() for shot in after) <= 8


@pytest.mark.parametrize("keep", [0, 8, 40, 200, 2000])
def test_broken_recordings_are_refused(keep: int) -> None:
    """What is cut off gives a FormatError, never half a recording."""
    with pytest.raises(FormatError):
        filled(recording(FRAMES)[:keep])


def test_a_stream_that_is_not_there_is_refused() -> None:
    """Fills for another recording are no fills for this one."""
    with pytest.raises(FormatError):
        rewrite(recording(FRAMES), {7: lambda _number: [BOX]}, {}, Limits())


@pytest.mark.parametrize(
    "limits", [Limits(film_frames=5), Limits(picture_pixels=1000), Limits(artefact_bytes=4000)]
)
def test_budgets_hold(limits: Limits) -> None:
    """Too many frames, too large ones, and a result larger than may be read are refused."""
    with pytest.raises(LimitExceededError):
        rewrite(recording(FRAMES), {0: lambda _number: [BOX]}, {}, limits)
