"""In what recordings can be written again: the containers, and for each coding of pictures its encoders.

What is coded in one way stays in that way, so that whatever played the recording still does. Where several
encoders write a coding, one under a permissive licence comes first; which there are depends on the FFmpeg that
PyAV was built with, and the installed build is asked. One frame goes in and one packet comes out: no frame
refers to a later one, and nothing waits in memory.

Source: the documentation of FFmpeg's encoders and muxers; the decision record on writing recordings.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from efface.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MEDIA_TYPES", "Encoder", "Muxer", "encoder_of", "muxer_of"]

MEDIA_TYPES = frozenset({"video/mp4", "video/x-matroska", "video/x-msvideo", "video/mp2t", "video/x-flv"})
"""The kinds of recording that can be written again."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """An encoder and its settings, by FFmpeg's names."""

    name: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Muxer:
    """What writes a container, and how.

    Attributes:
        form: FFmpeg's name of it.
        options: Its settings.
        keeps_tags: Whether codings are named by tags that programs know them by, which are to stay.
        keeps_numbers: Whether streams have numbers of their own, which are to stay.
        covers: Whether a cover is a stream of one picture.
        attaches: Whether a cover is a file beside the streams, not one of them.
        counts: Whether times are those of packets: of frames that were coded out of order it knows none.
    """

    form: str
    options: Mapping[str, str]
    keeps_tags: bool = False
    keeps_numbers: bool = False
    covers: bool = False
    attaches: bool = False
    counts: bool = False


_FINE = {"qmin": "2", "qmax": "2"}  # the finest steps that are the same in every frame
_X264 = {"crf": "18", "preset": "veryfast", "tune": "zerolatency"}
_X265 = {
    "crf": "20",
    "preset": "fast",
    "tune": "zerolatency",
    "x265-params": "log-level=none:pools=none:frame-threads=1",
}
_VPX = {"deadline": "good", "cpu-used": "4", "lag-in-frames": "0", "auto-alt-ref": "0"}
_AV1 = {"crf": "22", "preset": "8", "svtav1-params": "pred-struct=1:lp=1"}
_ENCODERS: dict[str, tuple[Encoder, ...]] = {
    "h264": (Encoder("libopenh264", {"qmin": "18", "qmax": "18"}), Encoder("libx264", _X264)),
    "hevc": (Encoder("libx265", _X265),),
    "vp8": (Encoder("libvpx", {"crf": "8", "b": "20M", **_VPX}),),
    "vp9": (Encoder("libvpx-vp9", {"crf": "20", "b": "0", **_VPX}),),
    "av1": (Encoder("libsvtav1", _AV1),),
    "mpeg4": (Encoder("mpeg4", _FINE),),
    "mpeg2video": (Encoder("mpeg2video", _FINE),),
    "mpeg1video": (Encoder("mpeg1video", _FINE),),
    "mjpeg": (Encoder("mjpeg", _FINE),),
    "msmpeg4v2": (Encoder("msmpeg4v2", _FINE),),
    "msmpeg4v3": (Encoder("msmpeg4", _FINE),),
    "flv1": (Encoder("flv", _FINE),),
    "ffv1": (Encoder("ffv1", {"level": "3"}),),
    "huffyuv": (Encoder("huffyuv"),),
}

# Times stay as they are, and nothing is written that differs from one run to the next.
_AS_IT_WAS = {"fflags": "+bitexact", "avoid_negative_ts": "disabled"}
_MATROSKA = Muxer("matroska", _AS_IT_WAS, attaches=True)
_MUXERS = {
    "avi": Muxer("avi", _AS_IT_WAS, counts=True),
    "flv": Muxer("flv", _AS_IT_WAS | {"flvflags": "add_keyframe_index"}),
    "mpegts": Muxer("mpegts", _AS_IT_WAS | {"mpegts_copyts": "1"}, keeps_numbers=True),
}
_WEBM_HEAD = b"\x42\x82\x84webm"  # EBML: DocType of four bytes


def encoder_of(coding: str) -> Encoder:
    """Return the encoder for a coding that the installed build has.

    Args:
        coding: FFmpeg's name of the coding, such as "h264".

    Raises:
        UnsupportedError: There is none.
    """
    from av.codec import Codec  # noqa: PLC0415 - an extra
    from av.codec.codec import UnknownCodecError  # noqa: PLC0415

    # The one encoder that talks on standard error whatever FFmpeg is told.
    os.environ.setdefault("SVT_LOG", "1")
    for encoder in _ENCODERS.get(coding, ()):
        try:
            Codec(encoder.name, "w")
        except UnknownCodecError:
            continue
        return encoder
    if coding in _ENCODERS:
        names = " or ".join(encoder.name for encoder in _ENCODERS[coding])
        raise UnsupportedError(f"the installed FFmpeg has no encoder of {coding} ({names})")
    raise UnsupportedError(f"pictures coded as {coding[:20]} cannot be written again")


def muxer_of(container: Any, head: bytes) -> Muxer:  # noqa: ANN401 - of a package without types
    """Return what writes the container that was opened.

    Args:
        container: The recording, opened for reading.
        head: Its first bytes.

    Raises:
        UnsupportedError: Nothing does.
    """
    name = str(container.format.name)
    if "matroska" in name:
        return replace(_MATROSKA, form="webm") if _WEBM_HEAD in head[:64] else _MATROSKA
    if "mp4" in name.split(","):
        brand = str(container.metadata.get("major_brand", ""))
        form = "mov" if brand.startswith("qt") else "3gp" if brand.startswith("3gp") else "mp4"
        return Muxer(form, _AS_IT_WAS, keeps_tags=True, covers=form == "mp4")
    if name not in _MUXERS:
        raise UnsupportedError(f"a container of the kind {name[:20]} cannot be written again")
    return _MUXERS[name]
