"""Paint regions of an AVIF, still or animated: the pictures that viewers show are coded anew, all others go.

Coded at the highest quality with full chroma: outside the fill no channel changes by more than a few of its 256
steps, and the file grows, often several times. Every frame of an animation is painted, whatever page a box
names. Where only copies are to go, a still picture keeps its coded data.

Kept: opacity, the colour profile, turns and mirrors, cleaned Exif and XMP, times of frames.
Limits: more than 8 bits a sample, colours that are neither sRGB nor told by a profile, crops and pixels that are
not square are refused, since the picture library would lose them.
Source: AVIF 1.1; ISO/IEC 23008-12, 6.5; ISO/IEC 23091-2 (numbers of primaries and transfers).
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from PIL import ExifTags, Image

from efface.engines.colour_profile import clean_profile
from efface.engines.embedded_pictures import copies
from efface.engines.heif_items import shown_alone
from efface.engines.heif_writing import property_of
from efface.engines.isobmff import items
from efface.engines.picture_metadata import clean_exif, clean_xmp, orientation_only
from efface.engines.pillow import open_image
from efface.engines.repaint_region import check_covered, check_size, regions
from efface.errors import LimitExceededError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.engines.repaint_region import PageBox, Region
    from efface.model.limits import Limits

__all__ = ["repaint_avif"]

_DEEP = re.compile(rb"av1C\x81.[\x40-\x7f\xc0-\xff]", re.DOTALL)
_COLOURS = re.compile(rb"colrnclx(....)", re.DOTALL)
_PRIMARIES, _TRANSFERS = (1, 2, 5, 6), (1, 2, 6, 13)  # those of BT.709, BT.601 and sRGB, and "unspecified"
_FIRST_FRAME = "item"  # beside a track, decoders show one or the other
_OPACITY = "item-opacity"  # of the picture, whose fill is opaque


def repaint_avif(data: bytes, boxes: Sequence[PageBox], limits: Limits) -> bytes:
    """Return an AVIF with every box filled in every frame; the same bytes when all of it was filled before."""
    data = _with_clean_profile(data)
    image: Any = open_image(data)
    check_size(image.size, limits)
    if image.n_frames > limits.frames:
        raise LimitExceededError(f"the picture has more than {limits.frames} frames (frames)")
    turned = _turned(image.getexif().get(ExifTags.Base.Orientation))
    areas = regions(boxes, image.size, turned)
    check_covered(boxes, areas)
    _check_kept(data, image)
    frames, times = _frames(image)
    changed = not all(_is_flat(frame, area) for frame in frames for area in areas)
    if not changed and not _copies(data, boxes, limits):
        return data
    exif = clean_exif(image.info.get("exif", b"").removeprefix(b"Exif\0\0"))
    xmp = clean_xmp(image.info.get("xmp", b"")) or b""
    if not changed and len(frames) == 1:
        return shown_alone(data, exif, xmp)
    if exif is None and turned != 1:
        exif = orientation_only(turned)
    for frame in frames:
        for area in areas:
            frame.paste(_fill(frame), area)
    target = io.BytesIO()
    frames[0].save(
        target, "AVIF", save_all=len(frames) > 1, append_images=frames[1:], duration=times, quality=100,
        subsampling="4:0:0" if frames[0].mode == "L" else "4:4:4", exif=exif or b"", xmp=xmp,
        icc_profile=image.info.get("icc_profile"),
    )  # fmt: skip
    return target.getvalue()


def _with_clean_profile(data: bytes) -> bytes:
    """Return the file with nothing in its profile but colours; cleaning keeps its length."""
    profile: bytes = open_image(data).info.get("icc_profile", b"")
    return data.replace(profile, clean_profile(profile) or bytes(len(profile))) if profile else data


def _turned(value: object) -> int:
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _check_kept(data: bytes, image: Any) -> None:  # noqa: ANN401 - Pillow's AVIF
    """Raise UnsupportedError where the file says something of its picture that would be lost."""
    if _DEEP.search(data):
        raise UnsupportedError("an AVIF of more than 8 bits a sample")
    known = items(data)
    primary = known.found.get(known.primary)
    uses = [property_of(known, index) for index, _ in primary.properties] if primary else []
    if any(kind == b"clap" or (kind == b"pasp" and body[8:12] != body[12:16]) for kind, body in uses):
        raise UnsupportedError("an AVIF that is cropped, or whose pixels are not square")
    told = b"".join(body[4:] for _, body in uses) if primary else data
    numbers = [
        (int.from_bytes(each[:2], "big"), int.from_bytes(each[2:], "big")) for each in _COLOURS.findall(told)
    ]
    if not image.info.get("icc_profile") and any(
        primaries not in _PRIMARIES or transfer not in _TRANSFERS for primaries, transfer in numbers
    ):
        raise UnsupportedError("an AVIF of other colours than sRGB, without a profile")


def _frames(image: Any) -> tuple[list[Image.Image], list[int]]:  # noqa: ANN401 - Pillow's AVIF
    """Return the frames, and the time of each in milliseconds."""
    frames, times = [], []
    for index in range(image.n_frames):
        image.seek(index)
        image.load()
        frames.append(image.copy())
        times.append(image.info.get("duration", 0))
    return frames, times


def _fill(frame: Image.Image) -> int | tuple[int, ...]:
    return 0 if frame.mode == "L" else (0, 0, 0, 255)[: len(frame.getbands())]


def _is_flat(frame: Image.Image, area: Region) -> bool:
    extrema: Any = frame.crop(area).getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    fill = _fill(frame)
    return tuple(bands) == tuple((value, value) for value in (fill if isinstance(fill, tuple) else (fill,)))


def _copies(data: bytes, boxes: Sequence[PageBox], limits: Limits) -> bool:
    """Return whether another picture is in the file, but for the first frame of a track that is filled, too."""
    others = (copy for copy in copies(data) if not copy.name.startswith(_OPACITY))
    return any(
        copy.name != _FIRST_FRAME or repaint_avif(copy.data, boxes, limits) != copy.data for copy in others
    )
