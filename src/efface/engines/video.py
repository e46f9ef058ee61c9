"""Decode the picture streams of recordings with FFmpeg (PyAV): every stream, upright, within limits.

One thread and one frame at a time: runs put one process on each core. FFmpeg prints nothing, follows no
name to another file or address, and what it cannot decode is counted, not hidden.

Source: the library's documentation; ISO/IEC 14496-12 (display matrix, 8.3.2); design/stack decisions in
docs/adr/0014.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from efface.errors import EncryptedError, FormatError, LimitExceededError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from numpy.typing import NDArray

    from efface.model.limits import Limits

__all__ = [
    "PICTURE_NAMES",
    "Attached",
    "Pace",
    "Shot",
    "Stream",
    "attached",
    "check_decodable",
    "guarded",
    "is_picture",
    "opened",
    "shots",
    "streams",
]

_HIKVISION_HEAD = b"IMKH"  # 40 bytes before an MPEG program stream
_HIKVISION_BYTES = 40
_MOST_STREAMS = 64
_MOST_BROKEN = 10_000
_OUT_OF_ORDER_S = 1.0
PICTURE_NAMES = {"mjpeg": "jpg", "png": "png", "bmp": "bmp", "webp": "webp", "gif": "gif", "tiff": "tif"}


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of pictures in a recording.

    Attributes:
        index: Its number in the file.
        codec: The decoder's name of its coding, such as "h264".
        frames: How many frames it says it has, or is reckoned to have by its length and rate; None if unknown.
        seconds: How long it says it is, or None.
    """

    index: int
    codec: str
    frames: int | None
    seconds: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One decoded frame, upright.

    Attributes:
        time_s: Seconds from the start of its stream.
        pixels: uint8, shape (height, width, 3), RGB, perhaps smaller than displayed.
        scale: Factor from array to displayed coordinates.
        width_px: Width as displayed (rotation applied; pixels taken for square).
        height_px: Height as displayed.
    """

    time_s: float
    pixels: NDArray[np.uint8]
    scale: float
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class Pace:
    """Which frames are looked at, and how large.

    Attributes:
        every_s: Least time between two frames that are given; 0 for every frame.
        keys_only: Decode key frames only, which costs little and may leave seconds between them.
        long_side_px: Frames with a longer side are scaled down to this; None for as they are.
    """

    every_s: float = 0.0
    keys_only: bool = False
    long_side_px: int | None = None

    @property
    def passed_over(self) -> str:
        """The decoder's word for the frames that it need not decode."""
        if self.keys_only:
            return "NONKEY"
        return "NONREF" if self.every_s else "DEFAULT"


@dataclass(frozen=True, slots=True)
class Attached:
    """A picture or file that a recording carries beside its streams, as it is stored."""

    name: str
    data: bytes


def streams(stream: BinaryIO) -> tuple[Stream, ...]:
    """Return the streams of moving pictures of a recording, cover art excepted.

    Raises:
        FormatError: It is no recording, or broken.
        EncryptedError: Its streams are encrypted.
        UnsupportedError: The decoder is not installed, or does not know a stream's coding.
    """
    with opened(stream) as container:
        found = []
        for each in list(container.streams.video)[:_MOST_STREAMS]:
            if is_picture(each):
                continue
            check_decodable(each)
            seconds = _seconds(container, each)
            frames = int(each.frames) or (
                round(seconds * float(each.average_rate)) if seconds and each.average_rate else 0
            )
            found.append(Stream(each.index, each.codec_context.name, frames or None, seconds))
        return tuple(found)


def attached(stream: BinaryIO, limits: Limits) -> Iterator[Attached]:
    """Yield the cover pictures and attached files of a recording.

    Raises:
        FormatError: It is no recording, or broken.
        UnsupportedError: The decoder is not installed.
    """
    with opened(stream) as container:
        for number, each in enumerate(container.streams.attachments):
            data = bytes(each.data or b"")
            if data and len(data) <= limits.artefact_bytes:
                yield Attached(f"attachment-{number + 1}", data)
        covers = [each for each in container.streams.video if is_picture(each)]
        wanted = {each.index: number for number, each in enumerate(covers)}
        if not wanted:
            return
        with guarded():
            for packet in container.demux(covers):
                number = wanted.pop(packet.stream.index, -1)
                if number >= 0 and packet.size:
                    ending = PICTURE_NAMES.get(packet.stream.codec_context.name, "bin")
                    yield Attached(f"cover-{number + 1}.{ending}", bytes(packet))
                if not wanted:
                    return


def shots(stream: BinaryIO, index: int, limits: Limits, pace: Pace) -> Iterator[Shot | None]:
    """Yield frames of one stream in their order; None for each that is passed over or cannot be decoded.

    Args:
        stream: The recording, seekable.
        index: Number of the stream.
        limits: Budgets; `picture_pixels` and `film_frames` are used.
        pace: Which frames, and how large.

    Raises:
        FormatError: It breaks off; the message says how many packets could not be decoded. Frames before
            the break were given.
        LimitExceededError: A budget is exceeded.

    Limits: one frame at a time is in memory. Not promised: frames of interlaced fields are not taken apart;
        what a decoder conceals of a damaged frame is given as it is.
    """
    with opened(stream) as container:
        chosen = container.streams[index]
        check_decodable(chosen)
        _check_size(chosen.codec_context, limits)
        chosen.thread_type = "NONE"
        chosen.codec_context.skip_frame = pace.passed_over
        begin = float((chosen.start_time or 0) * (chosen.time_base or 0))
        rate = float(chosen.average_rate or 25)
        next_s, last_s, count, broken = float("-inf"), 0.0, 0, 0
        for frame in _frames(container, chosen, limits):
            if frame is None:
                broken += 1
                yield None
                continue
            time_s = max(0.0, frame.time - begin if frame.time is not None else count / rate)
            # Frames come in their order; containers that only count packets (AVI) time them in that of decoding.
            last_s = time_s = last_s if last_s - _OUT_OF_ORDER_S < time_s < last_s else time_s
            count += 1
            # Times that jump backwards, as in joined recordings, begin a new count.
            if time_s < next_s and time_s >= next_s - 2 * pace.every_s:
                yield None
                continue
            next_s = time_s + pace.every_s
            yield _shot(frame, time_s, limits, pace.long_side_px)
    if broken:
        raise FormatError(f"{broken} packets of {count + broken} could not be decoded")
    if not count:
        raise FormatError("holds no frame that can be decoded")


def _frames(container: Any, chosen: Any, limits: Limits) -> Iterator[Any]:  # noqa: ANN401
    """Yield every frame; None for a packet that cannot be decoded."""
    count = broken = 0
    packets = _packets(container, chosen, every=chosen.codec_context.skip_frame == "DEFAULT")
    while True:
        try:
            frames = next(packets)
        except StopIteration:
            return
        except FormatError:
            raise FormatError(f"the recording is broken or cut off after {count} frames") from None
        if frames is None:
            broken += 1
            if broken > _MOST_BROKEN:
                raise FormatError(f"more than {_MOST_BROKEN} packets cannot be decoded")
            yield None
            continue
        for frame in frames:
            count += 1
            if count > limits.film_frames:
                raise LimitExceededError(f"more than {limits.film_frames} frames (film_frames)")
            yield frame


def _packets(container: Any, chosen: Any, *, every: bool) -> Iterator[list[Any] | None]:  # noqa: ANN401
    """Yield the frames of each packet; None for a packet that cannot be decoded."""
    from av.error import FFmpegError  # noqa: PLC0415 - an extra

    packets = given = 0
    with guarded():
        for packet in container.demux(chosen):
            try:
                frames = packet.decode()
            except FFmpegError:
                yield None
                continue
            yield frames
            packets += packet.size > 0
            given += len(frames)
    # A decoder passes over damage in silence. Interlaced fields may be two packets of one frame.
    if every and packets // 2 < given < packets:
        yield from [None] * (packets - given)


def _shot(frame: Any, time_s: float, limits: Limits, long_side_px: int | None) -> Shot:  # noqa: ANN401
    _check_size(frame, limits)
    width, height = frame.width, frame.height
    small = min(1.0, long_side_px / max(width, height)) if long_side_px else 1.0
    # Whole pairs of pixels: planes of half the colours need them.
    wide, high = (max(2, round(side * small / 2) * 2) if small < 1 else side for side in (width, height))
    with guarded():
        pixels = frame.reformat(width=wide, height=high, format="rgb24").to_ndarray()
    turns = round(frame.rotation / 90) % 4
    if turns:
        pixels = np.ascontiguousarray(np.rot90(pixels, turns))
        if turns % 2:
            width, height = height, width
    return Shot(time_s, pixels, max(width, height) / max(pixels.shape[:2]), width, height)


@contextmanager
def opened(stream: BinaryIO) -> Iterator[Any]:
    """Open a recording with FFmpeg, which gets its bytes and nothing else.

    Raises:
        FormatError: It is no recording, or broken.
        UnsupportedError: The decoder is not installed, or it is a list of other files.
    """
    try:
        import av  # noqa: PLC0415 - an extra
    except ImportError:
        raise UnsupportedError("recordings: install efface[video]") from None
    av.logging.set_level(None)
    head = stream.read(4)
    stream.seek(_HIKVISION_BYTES if head == _HIKVISION_HEAD else 0)
    form = "mpeg" if head == _HIKVISION_HEAD else None
    with guarded():
        # A list of other files or addresses would be read as a recording: only the bytes given are.
        container = av.open(
            _Bytes(stream), mode="r", format=form, options={"protocol_whitelist": "", "enable_drefs": "0"}
        )
    try:
        if container.format.name in _LISTS:
            raise UnsupportedError("a list of other recordings: not followed")
        yield container
    finally:
        container.close()


_LISTS = frozenset({"hls", "concat", "dash", "sdp", "image2", "rtsp", "ffmetadata"})


class _Bytes:
    """A reader that shows where it begins as 0, and hides everything else of the stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._begin = stream, stream.tell()

    def read(self, count: int = -1) -> bytes:
        return self._stream.read(count)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset + (self._begin if whence == 0 else 0), whence) - self._begin

    def tell(self) -> int:
        return self._stream.tell() - self._begin


def is_picture(each: Any) -> bool:  # noqa: ANN401
    """Return whether a stream is a cover or the like rather than moving pictures."""
    from av.stream import Disposition  # noqa: PLC0415 - an extra

    return bool(each.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails))


def check_decodable(each: Any) -> None:  # noqa: ANN401
    """Raise UnsupportedError or EncryptedError where a stream's pictures cannot be decoded."""
    if each.codec_context is None:
        raise UnsupportedError("a stream of a coding that is not known here")
    if each.codec_context.codec_tag in ("encv", "drmi"):
        raise EncryptedError("its pictures are encrypted")


def _check_size(what: Any, limits: Limits) -> None:  # noqa: ANN401
    pixels = what.width * what.height
    if pixels > limits.picture_pixels:
        raise LimitExceededError(
            f"a frame has {pixels} pixels, more than {limits.picture_pixels} (picture_pixels)"
        )


def _seconds(container: Any, each: Any) -> float | None:  # noqa: ANN401
    if each.duration and each.time_base:
        return float(each.duration * each.time_base)
    return container.duration / 1_000_000 if container.duration else None


@contextmanager
def guarded() -> Iterator[None]:
    """Turn what FFmpeg raises into a FormatError of our own words."""
    from av.error import FFmpegError  # noqa: PLC0415 - an extra

    try:
        yield
    except (FFmpegError, EOFError) as error:
        raise FormatError(f"the recording is broken or cut off ({type(error).__name__})") from None
    except MemoryError:
        raise LimitExceededError("the recording needs more memory than there is") from None
    except (ValueError, IndexError, NotImplementedError) as error:
        raise FormatError(f"the recording cannot be decoded ({type(error).__name__})") from None
