"""Make small recordings for tests out of pictures, in the containers and codings that cameras write.

Source: ISO/IEC 14496-12, 8.3.2 (track header, matrix); the DHAV layout as FFmpeg's demuxer reads it.
"""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["dahua", "moving", "recording", "turned"]

_LAYOUTS = {"mjpeg": "yuvj420p", "huffyuv": "yuv422p"}
_DHAV_H264 = 0x08
_DHAV_KEY = 0xFD


def moving(
    picture: NDArray[np.uint8], count: int, *, size: tuple[int, int] = (320, 240)
) -> list[NDArray[np.uint8]]:
    """Return frames in which a picture goes from left to right over grey; shapes (height, width, 3), RGB."""
    frames = []
    high, wide = picture.shape[:2]
    for number in range(count):
        frame = np.full((size[1], size[0], 3), 128, np.uint8)
        left = (size[0] - wide) * number // max(count - 1, 1)
        frame[(size[1] - high) // 2 :][:high, left : left + wide] = picture
        frames.append(frame)
    return frames


def recording(
    *streams: Sequence[NDArray[np.uint8]],
    form: str = "mp4",
    codec: str = "libx264",
    rate: int = 10,
    cover: bytes = b"",
    attachment: bytes = b"",
) -> bytes:
    """Return a recording with a stream for each list of frames.

    Args:
        streams: Frames, uint8 RGB, all of one stream of one size.
        form: FFmpeg's name of the container.
        codec: FFmpeg's name of the encoder.
        rate: Frames a second.
        cover: A JPEG that becomes the cover picture.
        attachment: A file that a Matroska container carries.
    """
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as container:
        made: list[tuple[Any, Sequence[NDArray[np.uint8]]]] = []
        for frames in streams:
            stream: Any = container.add_stream(codec, rate=Fraction(rate))
            stream.height, stream.width = frames[0].shape[:2]
            stream.pix_fmt = _LAYOUTS.get(codec, "yuv420p")
            made.append((stream, frames))
        picture: Any = None
        if cover:
            picture = container.add_stream("mjpeg", rate=Fraction(1))
            picture.width = picture.height = 64
            picture.pix_fmt = "yuvj420p"
            picture.disposition = av.stream.Disposition.attached_pic
        if attachment:
            container.add_attachment("note.jpg", "image/jpeg", attachment)
        for stream, frames in made:
            for number, frame in enumerate(frames):
                shown = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
                shown.pts = number
                shown.time_base = Fraction(1, rate)
                for packet in stream.encode(shown):
                    container.mux(packet)
            for packet in stream.encode(None):
                container.mux(packet)
        if picture is not None:
            packet = av.Packet(cover)
            packet.stream, packet.pts, packet.dts, packet.time_base = picture, 0, 0, Fraction(1, 1)
            container.mux(packet)
    return buffer.getvalue()


def turned(data: bytes) -> bytes:
    """Return an MP4 whose display matrix turns the picture a quarter clockwise."""
    at = data.index(b"tkhd") + 4 + 40
    one = 1 << 16
    matrix = struct.pack(">9i", 0, one, 0, -one, 0, 0, 0, 0, 1 << 30)
    return data[:at] + matrix + data[at + 36 :]


def dahua(frames: Sequence[NDArray[np.uint8]], *, rate: int = 10) -> bytes:
    """Return a .dav recording in H.264."""
    size = frames[0].shape[1], frames[0].shape[0]
    annex_b = _access_units(frames, rate)
    extra = bytes((0x82, 0, 0, 0)) + struct.pack("<HH", *size) + bytes((0x81, 0, _DHAV_H264, rate))
    parts = []
    for number, unit in enumerate(annex_b):
        length = 24 + len(extra) + len(unit) + 8
        head = struct.pack(
            "<4sBBBBIIIHB",
            b"DHAV",
            _DHAV_KEY,
            0,
            0,
            0,
            number,
            length,
            0x4C21_0000 + number,
            number * 100,
            len(extra),
        )
        head += bytes((sum(head) & 0xFF,))
        parts.append(head + extra + unit + b"dhav" + struct.pack("<I", length))
    return b"".join(parts)


def _access_units(frames: Sequence[NDArray[np.uint8]], rate: int) -> list[bytes]:
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.height, encoder.width = frames[0].shape[:2]
    encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, rate)
    encoder.options = {"bf": "0", "tune": "zerolatency"}
    packets = []
    for number, frame in enumerate(frames):
        shown = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        shown.pts = number
        packets += encoder.encode(shown)
    return [bytes(packet) for packet in (*packets, *encoder.encode(None))]
