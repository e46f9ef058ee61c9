"""What decoding a picture gives: frames as a viewer shows them, and the budgets that they count against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.errors import FormatError, LimitExceededError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from efface.model.limits import Limits

__all__ = ["Budget", "Frame", "PictureInfo", "check_pixels"]

_TOTAL_FRAMES = 20  # all frames together may have this many times the pixels of the largest single frame


@dataclass(frozen=True, slots=True)
class PictureInfo:
    """What a picture's header says.

    Attributes:
        media_type: IANA media type, by content.
        width_px: Width as displayed (orientation applied) of the first frame.
        height_px: Height as displayed of the first frame.
        frames: How many frames or pages; pictures embedded in metadata or appended are not counted.
        mode: Pillow's name of the colour model (`RGB`, `CMYK`, `P`, `I;16` ...).
        orientation: EXIF orientation 1 to 8 that the displayed size takes into account.
    """

    media_type: str
    width_px: int
    height_px: int
    frames: int
    mode: str
    orientation: int


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame or page, as a viewer shows it.

    Attributes:
        index: Number of the frame or page, from 0.
        pixels: uint8, shape (height, width, 3), RGB, perhaps decoded smaller than displayed.
        scale: Factor from array to displayed coordinates; 1.0 when nothing was reduced.
        width_px: Width as displayed.
        height_px: Height as displayed.
        hidden: True when these are the colours under the alpha channel, which no viewer shows.
    """

    index: int
    pixels: NDArray[np.uint8]
    scale: float
    width_px: int
    height_px: int
    hidden: bool = False


class Budget:
    """Counts the frames of one picture against `frames` and `picture_pixels`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._frames = 0
        self._pixels = 0

    def take(self, size: tuple[int, int]) -> None:
        """Count one more frame of a size (width, height).

        Raises:
            LimitExceededError: It is one too many, too large, or too much together with those before.
            FormatError: It has no pixels.
        """
        if self._frames == self._limits.frames:
            raise LimitExceededError(f"the picture has more than {self._limits.frames} frames (frames)")
        check_pixels(size, self._limits)
        self._frames += 1
        self._pixels += size[0] * size[1]
        if self._pixels > _TOTAL_FRAMES * self._limits.picture_pixels:
            raise LimitExceededError(
                f"the frames together have more than {_TOTAL_FRAMES * self._limits.picture_pixels} pixels "
                f"({_TOTAL_FRAMES} times picture_pixels)"
            )


def check_pixels(size: tuple[int, int], limits: Limits) -> None:
    """Refuse a frame that is larger than the limits allow, or has no pixels.

    Raises:
        LimitExceededError: More than `picture_pixels`.
        FormatError: None at all.
    """
    pixels = size[0] * size[1]
    if pixels > limits.picture_pixels:
        raise LimitExceededError(
            f"a frame has {pixels} pixels, more than {limits.picture_pixels} (picture_pixels)"
        )
    if pixels <= 0:
        raise FormatError("a frame has no pixels")
