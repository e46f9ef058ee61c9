"""Make recordings for tests that carry more than pictures: sound, subtitles, chapters, facts, uneven times.

The sound is a tone, the words are none.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Kind", "talkie"]

_RATE_HZ = 16_000
_SAMPLES = 1024
_MS = Fraction(1, 1000)


@dataclass(frozen=True, slots=True)
class Kind:
    """How a recording is coded, by FFmpeg's names.

    Attributes:
        form: Its container.
        pictures: The encoder of its pictures.
        sound: The encoder of its sound.
        layout: How a frame's samples are laid out.
        words: The coding of its subtitles; empty for none.
    """

    form: str = "matroska"
    pictures: str = "libx264"
    sound: str = "aac"
    layout: str = "yuv420p"
    words: str = ""


def talkie(frames: Sequence[NDArray[np.uint8]], times_ms: Sequence[int], kind: Kind) -> bytes:
    """Return a recording with a tone, two chapters, a title, and perhaps subtitles.

    Args:
        frames: uint8 RGB, all of one size.
        times_ms: When each is shown.
        kind: How all of it is coded.
    """
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=kind.form) as container:
        container.metadata["title"] = "the hall"
        container.set_chapters(
            [_chapter(1, 0, times_ms[-1] // 2), _chapter(2, times_ms[-1] // 2, times_ms[-1])]
        )
        pictures: Any = container.add_stream(kind.pictures, rate=Fraction(10))
        pictures.height, pictures.width = frames[0].shape[:2]
        pictures.pix_fmt, pictures.codec_context.time_base = kind.layout, _MS
        pictures.color_range, pictures.colorspace, pictures.color_primaries = (
            1,
            1,
            1,
        )  # as high definition has
        sound: Any = container.add_stream(kind.sound, rate=_RATE_HZ)
        sound.metadata["language"] = "deu"
        words: Any = container.add_mux_stream(kind.words) if kind.words else None
        container.start_encoding()
        for packet in (*_pictures(pictures, frames, times_ms), *_tone(sound, times_ms[-1])):
            container.mux(packet)
        for number in range(3) if words is not None else ():
            packet = av.Packet(b"words %d" % number)
            packet.pts = packet.dts = number * 100
            packet.duration, packet.time_base, packet.stream = 90, _MS, words
            container.mux(packet)
    return buffer.getvalue()


def _chapter(number: int, start: int, end: int) -> Any:  # noqa: ANN401 - of a package that tells no type of it
    return {
        "id": number,
        "start": start,
        "end": end,
        "time_base": _MS,
        "metadata": {"title": f"part {number}"},
    }


def _pictures(stream: Any, frames: Sequence[NDArray[np.uint8]], times_ms: Sequence[int]) -> list[Any]:  # noqa: ANN401
    packets: list[Any] = []
    for frame, time_ms in zip(frames, times_ms, strict=True):
        shown = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        shown.pts, shown.time_base = time_ms, _MS
        packets += stream.encode(shown)
    return packets + list(stream.encode(None))


def _tone(stream: Any, until_ms: int) -> list[Any]:  # noqa: ANN401
    packets: list[Any] = []
    for begin in range(0, until_ms * _RATE_HZ // 1000, _SAMPLES):
        wave = np.sin(np.arange(begin, begin + _SAMPLES) * 0.17) * 8000
        frame = av.AudioFrame.from_ndarray(wave.astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = _RATE_HZ, begin, Fraction(1, _RATE_HZ)
        packets += stream.encode(frame)
    return packets + list(stream.encode(None))
