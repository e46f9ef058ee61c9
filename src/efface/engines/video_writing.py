"""Write a recording again with regions of its frames filled, and everything else as it was.

Streams without a fill, sound, subtitles, data and chapters are copied packet by packet. A stream with a fill is
coded anew in its own coding, or, in motion JPEG, loses only the blocks under the fill. Each frame keeps its time, its
length and whether it is a key frame, and the stream its clock, shape, colours and rotation. One frame at a time is
in memory.

Not kept: bytes of the container that nothing refers to, boxes and elements that FFmpeg does not know, the
division of a transport stream into programs, in Matroska the usual length of a frame, and in a stream that is coded
anew what its coding carries beside the pictures (captions, HDR10+ and Dolby Vision).

Source: the library's documentation; ISO/IEC 14496-12 (track header).
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from efface.engines import video
from efface.engines.picture_metadata import holds_picture
from efface.engines.video_coders import coder
from efface.engines.video_codings import muxer_of
from efface.errors import FormatError, LimitExceededError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from efface.engines.video_coders import Boxes, Coder
    from efface.engines.video_codings import Muxer
    from efface.model.limits import Limits

__all__ = ["rewrite"]

_HEAD_BYTES = 64
_NUMBERED_FROM = 32  # lower numbers are the transport stream's own
_TIMED_THUMBNAILS = 1 << 11  # AV_DISPOSITION_TIMED_THUMBNAILS
_ALL = 48  # AVDISCARD_ALL: a track of names of chapters, which are written anew
_EARLY_S = 2  # before their time: where packets that lack a time of decoding begin; it is not written
_OFTEN = 25


def rewrite(
    data: bytes,
    fills: Mapping[int, Boxes],
    parts: Mapping[str, bytes | None],
    limits: Limits,
    beat: Callable[[], None] = lambda: None,
) -> bytes:
    """Return a recording with regions filled, and covers and attached files changed.

    Args:
        data: The recording.
        fills: For the number of a stream, what tells the boxes of its nth frame, counted from 0 as `video.shots`
            gives them, in displayed coordinates; each is enlarged to the whole head.
        parts: New content by the names that `video.attached` gives; None for what is not to stay.
        limits: Budgets; `artefact_bytes`, `picture_pixels` and `film_frames` are used.
        beat: Called every second or so.

    Raises:
        UnsupportedError: It cannot be written again without losing something else.
        FormatError: It is broken.
        LimitExceededError: A budget is exceeded.
    """
    held = {each.name: each.data for each in video.attached(io.BytesIO(data), limits)}
    target = io.BytesIO()
    with video.opened(io.BytesIO(data)) as source, video.guarded():
        muxer = muxer_of(source, data[:_HEAD_BYTES])
        with _created(target, muxer) as result:
            copy = _Copy(source, result, muxer, {**held, **parts})
            copy.describe(fills, limits)
            for number, packet in enumerate(source.demux()):
                if number % _OFTEN == 0:
                    beat()
                copy.take(packet)
                if target.tell() > limits.artefact_bytes:
                    raise LimitExceededError(
                        f"the result has more than {limits.artefact_bytes} bytes (artefact_bytes)"
                    )
            copy.check(fills)
    return target.getvalue()


def _created(target: io.BytesIO, muxer: Muxer) -> Any:  # noqa: ANN401 - of a package without types
    import av  # noqa: PLC0415 - an extra

    return av.open(target, "w", format=muxer.form, container_options=dict(muxer.options))


class _Copy:
    """One recording on its way from its old container to a new one."""

    def __init__(self, source: Any, result: Any, muxer: Muxer, parts: Mapping[str, bytes | None]) -> None:  # noqa: ANN401
        self._source, self._result, self._muxer, self._parts = source, result, muxer, parts
        self._streams: dict[int, Any] = {}
        self._coders: dict[int, Coder] = {}
        self._covers: dict[int, bytes] = {}
        self._early: dict[int, int] = {}

    def describe(self, fills: Mapping[int, Boxes], limits: Limits) -> None:
        """Make the streams, and write all that stands before the first packet."""
        source, result = self._source, self._result
        result.metadata.update(_without_pictures(source.metadata))
        result.set_chapters(
            [{**each, "metadata": _without_pictures(each["metadata"])} for each in source.chapters()]
        )
        covers = [each for each in source.streams.video if video.is_picture(each)]
        for each in source.streams:
            if each in covers:
                self._add_cover(each, f"cover-{covers.index(each) + 1}")
            elif each.type != "attachment" and each.discard != _ALL:
                self._streams[each.index] = stream = self._like(each)
                if each.index in fills:
                    self._coders[each.index] = coder(each, stream, fills[each.index], limits, self._muxer)
        for number, each in enumerate(source.streams.attachments, 1):
            self._attach(f"attachment-{number}", each.metadata)
        result.start_encoding()

    def _like(self, each: Any) -> Any:  # noqa: ANN401
        """Return a new stream that is described as an old one is."""
        try:
            stream = self._result.add_stream_from_template(each, opaque=True)
        except ValueError:
            raise UnsupportedError(f"a stream of the kind {each.type} cannot be copied") from None
        stream.metadata.update(_without_pictures(each.metadata))
        stream.disposition = each.disposition
        if self._muxer.keeps_numbers and each.id >= _NUMBERED_FROM:
            stream.id = each.id
        if self._muxer.keeps_tags and each.codec_context is not None:
            stream.codec_context.codec_tag = each.codec_context.codec_tag
        return stream

    def _add_cover(self, each: Any, begin: str) -> None:  # noqa: ANN401
        if each.disposition & _TIMED_THUMBNAILS:
            raise UnsupportedError("pictures of scenes (timed thumbnails) cannot be written again")
        name = next((name for name in self._parts if name.startswith(f"{begin}.")), None)
        content = None if name is None else self._parts[name]
        if name is not None and self._muxer.attaches:
            self._attach(name, each.metadata)
        elif content is not None:
            if not self._muxer.covers:
                raise UnsupportedError(f"a cover cannot be written into {self._muxer.form}")
            self._streams[each.index], self._covers[each.index] = self._like(each), content

    def _attach(self, name: str, described: Mapping[str, str]) -> None:
        content = self._parts.get(name)
        if content is not None:
            media_type = described.get("mimetype", "application/octet-stream")
            stream = self._result.add_attachment(described.get("filename", name), media_type, content)
            stream.metadata.update(_without_pictures(described))

    def take(self, packet: Any) -> None:  # noqa: ANN401
        """Write one packet, or what is made of it."""
        index = packet.stream.index
        if index in self._coders:
            for made in self._coders[index].packets(packet):
                self._result.mux(made)
        elif packet.size and index in self._covers:
            self._result.mux(_cover(self._covers.pop(index), packet, self._streams[index]))
        elif packet.size and index in self._streams:
            packet.stream = self._streams[index]
            if packet.dts is None and packet.pts is not None:
                packet.dts = self._early.get(index, packet.pts - round(_EARLY_S / packet.time_base))
                self._early[index] = packet.dts + 1
            self._result.mux(packet)

    def check(self, fills: Mapping[int, Boxes]) -> None:
        """Raise FormatError where a stream or a frame is missing."""
        if set(fills) - set(self._coders) or not all(coder.is_done for coder in self._coders.values()):
            raise FormatError("not every frame could be written again")


def _cover(content: bytes, old: Any, stream: Any) -> Any:  # noqa: ANN401
    new = type(old)(content)
    new.pts, new.dts, new.time_base, new.is_keyframe = old.pts, old.dts, old.time_base, True
    new.stream = stream
    return new


def _without_pictures(described: Mapping[str, str]) -> dict[str, str]:
    """Return facts about a recording without those that hold a picture in letters."""
    return {
        name: value
        for name, value in described.items()
        if not holds_picture(value.encode("utf-8", "surrogateescape"))
    }
