"""Decode pictures by content into RGB arrays as a viewer shows them, every frame, within limits.

Boxes found in a frame's array, times the frame's `scale`, are boxes in the displayed picture: EXIF
orientation applied, origin top left. Where an alpha channel hides a picture, the frame comes twice: as it is
shown, and with its alpha ignored.

Source: design of the pixel coordinates in the contract of the JSON output; Exif 3.0, tag 274.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import simplejpeg
from PIL import ExifTags, IcoImagePlugin, Image, TiffImagePlugin

from efface.engines import other_kinds
from efface.engines.embedded_pictures import EmbeddedPicture, copies, thumbnails
from efface.engines.picture_frame import Budget, Frame, PictureInfo, check_pixels
from efface.engines.pillow import KINDS, guarded, open_image
from efface.engines.pixels import oriented, shown_and_hidden
from efface.errors import LimitExceededError
from efface.model.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "EmbeddedPicture",
    "Frame",
    "PictureInfo",
    "copies",
    "frames",
    "is_plainly_coloured",
    "probe",
    "thumbnails",
]

_TRANSPOSED = (5, 6, 7, 8)  # EXIF orientations that swap width and height
_JPEG_KINDS = ("JPEG", "MPO")
_DCT_STEPS = 8  # the JPEG decoder can scale by n/8
_PNG_HEADER = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_PNG_COLOUR_TYPE, _PNG_COLOURED = 25, (2, 3, 6)  # offset in the file, and values (PNG, third edition, 11.2.1)


def probe(data: bytes) -> PictureInfo:
    """Return what a picture's header says, without decoding its pixels (a PNG with late metadata excepted).

    Raises:
        FormatError: The bytes are no picture, or broken.
    """
    data = other_kinds.as_icon(data)
    other = other_kinds.reader(data)
    if other is not None:
        return other.probe(data)
    image = open_image(data)
    with guarded():
        turned = _orientation(image, data)
        width, height = _displayed_size(image, turned)
        count = _frame_count(image)
        return PictureInfo(KINDS[image.format or ""], width, height, count, image.mode, turned)


def is_plainly_coloured(data: bytes) -> bool:
    """Return whether the header of a JPEG or PNG says that it is stored in colour, without asking more of it.

    False says nothing: the picture may be grey, of another kind, or broken.
    """
    if data.startswith(_PNG_HEADER):
        return len(data) > _PNG_COLOUR_TYPE and data[_PNG_COLOUR_TYPE] in _PNG_COLOURED
    if not data.startswith(b"\xff\xd8\xff"):
        return False
    try:
        return bool(simplejpeg.decode_jpeg_header(data)[2] != "Gray")
    except ValueError:
        return False


def frames(
    picture: bytes | BinaryIO, *, limits: Limits | None = None, long_side_px: int | None = None
) -> Iterator[Frame]:
    """Yield every frame or page of a picture.

    Args:
        picture: The bytes, or a reader that is read to its end.
        limits: Budgets; `artefact_bytes`, `picture_pixels` and `frames` are used.
        long_side_px: A JPEG whose long side is larger is decoded straight to the smallest size whose long
            side is at least this (eighths of its size). Other kinds come as they are.

    Raises:
        FormatError: The bytes are no picture, broken or cut off. Frames before the break were yielded.
        LimitExceededError: A budget is exceeded; the message says which.

    Limits: a decoded frame takes up to 7 bytes a pixel while it is converted. All frames together may have
        20 times `picture_pixels`.

    Not promised: colours are not managed. In a multi-picture JPEG (MPO) this yields the picture that
        viewers show; `thumbnails` yields the others.
    """
    limits = limits or Limits()
    data = picture if isinstance(picture, bytes) else _read(picture, limits)
    data = other_kinds.as_icon(data)
    other = other_kinds.reader(data)
    if other is not None:
        yield from other.frames(data, limits)
        return
    image = open_image(data)
    if image.format in _JPEG_KINDS:
        yield from _jpeg(image, data, limits, long_side_px)
    else:
        yield from _decoded(_each(image, limits), data)


def _read(stream: BinaryIO, limits: Limits) -> bytes:
    data = stream.read(limits.artefact_bytes + 1)
    if len(data) > limits.artefact_bytes:
        raise LimitExceededError(f"the picture has more than {limits.artefact_bytes} bytes (artefact_bytes)")
    return data


def _jpeg(image: Image.Image, data: bytes, limits: Limits, long_side_px: int | None) -> Iterator[Frame]:
    with guarded():
        turned = _orientation(image, data)
    check_pixels(image.size, limits)
    pixels = _decode_dct(image, data, long_side_px)
    if pixels is None:  # four colour channels, or something its decoder calls suspect: Pillow decides
        yield from _decoded(iter([image]), data)
        return
    scale = max(image.size) / max(pixels.shape[:2])
    yield Frame(0, oriented(pixels, turned), scale, *_displayed_size(image, turned))


def _decode_dct(image: Image.Image, data: bytes, long_side_px: int | None) -> NDArray[np.uint8] | None:
    width, height = _reduced(image.size, long_side_px)
    if image.mode not in ("RGB", "L"):
        return None
    try:
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            data, "RGB", fastdct=True, min_width=width, min_height=height
        )
    except (ValueError, RuntimeError, MemoryError):
        return None
    return pixels


def _reduced(size: tuple[int, int], long_side_px: int | None) -> tuple[int, int]:
    """Return the smallest size in eighths whose long side is at least the wanted one."""
    if long_side_px is None:
        return size
    eighths = min(-(-long_side_px * _DCT_STEPS // max(size)), _DCT_STEPS)
    return size[0] * eighths // _DCT_STEPS, size[1] * eighths // _DCT_STEPS


def _each(image: Image.Image, limits: Limits) -> Iterator[Image.Image]:
    """Yield every frame of a picture, undecoded, counting against the budgets."""
    icons = getattr(image, "ico", None) if isinstance(image, IcoImagePlugin.IcoImageFile) else None
    budget = Budget(limits)
    for index in range(limits.frames + 1):
        with guarded():
            try:
                frame = _icon(icons, index) if icons is not None else _at(image, index)
            except EOFError:
                return
        budget.take(frame.size)
        yield frame


def _at(image: Image.Image, index: int) -> Image.Image:
    image.seek(index)
    return image


def _icon(icons: IcoImagePlugin.IcoFile, index: int) -> Image.Image:
    if index >= len(icons.entry):
        raise EOFError
    return icons.frame(index)


def _decoded(images: Iterator[Image.Image], data: bytes) -> Iterator[Frame]:
    for index, image in enumerate(images):
        with guarded():
            image.load()
            turned = 1 if image.format == "TIFF" else _orientation(image, data)  # Pillow has turned a TIFF
            shown, hidden = shown_and_hidden(image)
            size = _displayed_size(image, turned)
        yield Frame(index, oriented(shown, turned), 1.0, *size)
        if hidden is not None:
            yield Frame(index, oriented(hidden, turned), 1.0, *size, hidden=True)


def _orientation(image: Image.Image, data: bytes) -> int:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return _valid(image.tag_v2.get(ExifTags.Base.Orientation))
    if image.format == "PNG" and b"eXIf" not in data and b"xmp" not in data:
        return 1  # asking Pillow would decode the whole picture to look for metadata behind it
    return _valid(image.getexif().get(ExifTags.Base.Orientation))


def _valid(orientation: object) -> int:
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _displayed_size(image: Image.Image, orientation: int) -> tuple[int, int]:
    width, height = image.size
    swapped = orientation in _TRANSPOSED and image.format != "TIFF"  # a TIFF's size is as displayed already
    return (height, width) if swapped else (width, height)


def _frame_count(image: Image.Image) -> int:
    if isinstance(image, IcoImagePlugin.IcoImageFile):
        return len(image.ico.entry)
    return 1 if image.format in _JPEG_KINDS else int(getattr(image, "n_frames", 1))
