"""Turn a decoded Pillow image into the colours that a viewer shows, and those that its alpha hides.

Not handled here: colour profiles. A face is a face in any of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops, ImageStat

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["oriented", "shown_and_hidden"]

_WHITE = (255, 255, 255)
_DEEP_MODES = ("I", "F")  # Pillow's modes with more than 8 bits a pixel; "I;16" and its kin start with I
_SEEN_LEVELS = 16  # a difference of 16 of 255 levels is a difference that an eye or a network sees
_HIDDEN_PX = 64  # 8 x 8: no network here finds a smaller face
_FLAT_LEVELS = 4.0  # hidden pixels that vary less than this are a plain colour, not a picture

# What to do with rows and columns for each EXIF orientation (Exif 3.0, tag 274): transpose, then flips.
_TRANSPOSED = (5, 6, 7, 8)
_FLIP_ROWS = (3, 4, 7, 8)
_FLIP_COLUMNS = (2, 3, 6, 7)


def oriented(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Return the pixels as a viewer turns them for an EXIF orientation (1 to 8; others count as 1)."""
    if orientation in _TRANSPOSED:
        pixels = pixels.swapaxes(0, 1)
    if orientation in _FLIP_ROWS:
        pixels = pixels[::-1]
    if orientation in _FLIP_COLUMNS:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def shown_and_hidden(image: Image.Image) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Return uint8 arrays (height, width, 3): the picture on white, and what lies under its alpha.

    The second is None unless the alpha channel hides a picture, that is, more than a few pixels that differ
    from what is shown and from each other.
    """
    if image.mode.startswith(_DEEP_MODES):
        return _deep(np.asarray(image)), None
    if not image.has_transparency_data:
        return np.asarray(image.convert("RGB")), None
    coloured = image.convert("RGBA")
    shown = Image.new("RGB", coloured.size, _WHITE)
    shown.paste(coloured, mask=coloured.getchannel("A"))
    bare = coloured.convert("RGB")
    return np.asarray(shown), np.asarray(bare) if _hides_a_picture(bare, shown) else None


def _hides_a_picture(bare: Image.Image, shown: Image.Image) -> bool:
    difference = ImageChops.difference(bare, shown).convert("L")
    differs = difference.point([0] * _SEEN_LEVELS + [255] * (256 - _SEEN_LEVELS))
    if differs.histogram()[255] < _HIDDEN_PX:
        return False
    return max(ImageStat.Stat(bare, differs).stddev) >= _FLAT_LEVELS


def _deep(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Scale grey values of more than 8 bits to 8: integers by their bit depth, floats by their range."""
    if values.dtype.kind == "f":
        finite = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        low, high = float(finite.min()), float(finite.max())
        grey = ((finite - low) * (255.0 / max(high - low, 1e-9))).astype(np.uint8)
    else:
        whole = np.maximum(values.astype(np.int64), 0)
        grey = (whole >> max(int(whole.max()).bit_length() - 8, 0)).astype(np.uint8)
    return np.repeat(grey[:, :, np.newaxis], 3, axis=2)
