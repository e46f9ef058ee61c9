"""Make the packets of one stream anew, with regions of its frames filled.

Motion JPEG loses nothing: the blocks under a fill become black, other blocks and other frames are as they were. All
other codings are decoded, filled in their own samples and coded again.

Source: the library's documentation; the decision record on JPEG.
"""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

from efface.engines import video
from efface.engines.pillow import open_image
from efface.engines.repaint_jpeg import repaint_jpeg
from efface.engines.repaint_region import check_size, regions, turned
from efface.engines.video_codings import encoder_of
from efface.engines.video_paint import painted
from efface.errors import FormatError, LimitExceededError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from efface.engines.repaint_region import PageBox
    from efface.engines.video_codings import Muxer
    from efface.model.limits import Limits

    Boxes = Callable[[int], Sequence[PageBox]]

__all__ = ["Coder", "coder"]

_UPRIGHT = {
    0: 1,
    1: 8,
    2: 3,
    3: 6,
}  # quarter turns to the left that a player makes -> the word of Exif for it
_INTRA = 1  # AV_PICTURE_TYPE_I
_WANTS_HEADER, _GLOBAL_HEADER = 0x40, 1 << 22  # AVFMT_GLOBALHEADER, AV_CODEC_FLAG_GLOBAL_HEADER
_USUAL_RATE = Fraction(25)


class Coder(Protocol):
    """Makes the packets of one stream anew."""

    @property
    def is_done(self) -> bool:
        """Whether there is a packet for each of its frames."""

    def packets(self, packet: Any) -> Iterator[Any]:  # noqa: ANN401
        """Yield what becomes of one packet of the old stream; an empty one without a time is its end."""


def coder(source: Any, stream: Any, boxes: Boxes, limits: Limits, muxer: Muxer) -> Coder:  # noqa: ANN401
    """Return what makes the packets of a stream anew.

    Args:
        source: The old stream.
        stream: The new one.
        boxes: Tells what to fill in the nth frame, in displayed coordinates, without any margin.
        limits: Budgets; `picture_pixels` and `film_frames` are used.
        muxer: What writes the container.

    Raises:
        UnsupportedError: Its coding cannot be written here.
    """
    video.check_decodable(source)
    source.thread_type = "NONE"
    if source.codec_context.codec.canonical_name == "mjpeg":
        return _Jpegs(source, stream, boxes, limits)
    return _Anew(source, stream, boxes, limits, muxer)


class _Jpegs:
    """A stream of JPEG pictures."""

    def __init__(self, source: Any, stream: Any, boxes: Boxes, limits: Limits) -> None:  # noqa: ANN401
        self._size = source.codec_context.width, source.codec_context.height
        self._stream, self._boxes, self._limits = stream, boxes, limits
        self._orientation = 0
        self._count = 0
        self.is_done = False

    def packets(self, packet: Any) -> Iterator[Any]:  # noqa: ANN401
        """Yield the packet, or one with the fills in it."""
        if not packet.size:
            self.is_done = _is_end(packet) and self._count > 0
            return
        if not self._orientation:
            (frame,) = packet.decode()
            self._orientation = _orientation(frame)
        if self._count >= self._limits.film_frames:
            raise LimitExceededError(f"more than {self._limits.film_frames} frames (film_frames)")
        boxes = [turned(box, self._size, self._orientation) for box in self._boxes(self._count)]
        boxes = [box for box in boxes if regions([box], self._size)]
        self._count += 1
        new = self._filled(packet, boxes) if boxes else packet
        new.stream = self._stream
        yield new

    def _filled(self, packet: Any, boxes: Sequence[PageBox]) -> Any:  # noqa: ANN401
        data = bytes(packet)
        if open_image(data).size != self._size:
            raise UnsupportedError("interlaced frames cannot be written again")
        new = type(packet)(repaint_jpeg(data, boxes, self._limits))
        new.pts, new.dts, new.time_base = packet.pts, packet.dts, packet.time_base
        new.duration, new.is_keyframe = packet.duration, packet.is_keyframe
        return new


def _is_end(packet: Any) -> bool:  # noqa: ANN401
    """Return whether a packet ends its stream; an empty one with a time stands for a frame that was dropped."""
    return not packet.size and packet.dts is None and packet.pts is None


def _orientation(frame: Any) -> int:  # noqa: ANN401
    return _UPRIGHT[round(frame.rotation / 90) % 4]


class _Anew:
    """One stream that is coded anew, frame by frame."""

    def __init__(self, source: Any, stream: Any, boxes: Boxes, limits: Limits, muxer: Muxer) -> None:  # noqa: ANN401
        self._source, self._stream, self._boxes, self._limits = source, stream, boxes, limits
        self._encoder = _encoder(source, global_header=bool(stream.container.format.flags & _WANTS_HEADER))
        self._by_packets: deque[int] | None = deque() if muxer.counts else None
        stream.codec_context.extradata = self._encoder.extradata
        self._waiting: deque[tuple[int, int]] = deque()
        self._count = 0
        self._is_over = False

    @property
    def is_done(self) -> bool:
        """Whether there is a packet for each of its frames."""
        return self._is_over and self._count > 0 and not self._waiting and not self._by_packets

    def packets(self, packet: Any) -> Iterator[Any]:  # noqa: ANN401
        """Yield what becomes of one packet of the old stream."""
        if not packet.size and not _is_end(packet):
            return
        if self._by_packets is not None and packet.size:
            self._by_packets.append(packet.dts)
        for frame in packet.decode():
            yield from self._coded(self._encoder.encode(self._filled(frame)))
        if not packet.size:
            self._is_over = True
            yield from self._coded(self._encoder.encode(None))

    def _filled(self, frame: Any) -> Any:  # noqa: ANN401
        size = frame.width, frame.height
        check_size(size, self._limits)
        if self._count >= self._limits.film_frames:
            raise LimitExceededError(f"more than {self._limits.film_frames} frames (film_frames)")
        if size != (self._encoder.width, self._encoder.height) or frame.format.name != self._encoder.pix_fmt:
            raise UnsupportedError("frames that change their size or layout cannot be written again")
        if frame.interlaced_frame:
            raise UnsupportedError("interlaced frames cannot be written again")
        boxes = self._boxes(self._count)
        filled = painted(frame, regions(boxes, size, _orientation(frame)))
        self._waiting.append((self._time_of(frame), frame.duration or 0))
        filled.pts, filled.time_base = self._count, self._encoder.time_base
        filled.pict_type = _INTRA if frame.key_frame else 0
        self._count += 1
        return filled

    def _time_of(self, frame: Any) -> int:  # noqa: ANN401
        if self._by_packets is not None:
            return self._by_packets.popleft()
        if frame.pts is not None:
            return int(frame.pts)
        return int(self._count * self._encoder.time_base / self._source.time_base)

    def _coded(self, made: Iterable[Any]) -> Iterator[Any]:
        """Give packets the times of their frames: they come out in the order in which those went in."""
        for packet in made:
            if not self._waiting:
                raise FormatError("an encoder gave more packets than frames")
            packet.pts, packet.duration = self._waiting.popleft()
            packet.dts, packet.time_base = packet.pts, self._source.time_base
            packet.stream = self._stream
            yield packet


def _encoder(source: Any, *, global_header: bool) -> Any:  # noqa: ANN401
    """Return an encoder of a stream's coding, opened, with the stream's shape and colours."""
    from av import CodecContext  # noqa: PLC0415 - an extra

    old = source.codec_context
    chosen = encoder_of(old.codec.canonical_name)
    if source.metadata.get("alpha_mode", "0") != "0":
        raise UnsupportedError("frames with a mask of transparency beside them cannot be written again")
    new: Any = CodecContext.create(chosen.name, "w")
    new.width, new.height, new.pix_fmt = old.width, old.height, old.pix_fmt
    if old.pix_fmt not in {each.name for each in new.codec.video_formats or ()}:
        raise UnsupportedError(f"{chosen.name} cannot write frames of the layout {str(old.pix_fmt)[:20]}")
    rate = source.average_rate or source.base_rate or old.framerate or _USUAL_RATE
    new.framerate, new.time_base = rate, 1 / Fraction(rate)
    new.sample_aspect_ratio = source.sample_aspect_ratio or Fraction(1)
    for name in ("color_range", "color_primaries", "color_trc", "colorspace"):
        setattr(new, name, getattr(old, name))
    new.max_b_frames, new.thread_count, new.options = 0, 1, dict(chosen.options)
    if global_header:
        new.flags |= _GLOBAL_HEADER
    new.open()
    return new
