"""Prepare picture arrays for the face networks: sizes, channel order, crops.

Both networks take (n, 3, height, width), float32, 0 to 255, with sides that are multiples of 32; what is added
on the right and below is black. A view's channels are in YuNet's order, because it looks at every view.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Tensor = NDArray[np.float32]

__all__ = ["Scaled", "crops", "doubled", "enlarged", "fitted", "tensor"]

_MULTIPLE = 32


@dataclass(frozen=True, slots=True, eq=False)
class Scaled:
    """A tensor and how its coordinates relate to those of the picture array.

    Attributes:
        tensor: float32, shape (1, 3, height, width), channels blue, green, red.
        factor: Tensor pixels for one array pixel, along x and y.
        shift: What to add to x and y after dividing by the factor.
    """

    tensor: Tensor
    factor: tuple[float, float]
    shift: tuple[float, float] = (0.0, 0.0)


def fitted(pixels: Pixels, long_side_px: int) -> Pixels:
    """Return the picture reduced to a long side; unchanged when it is not larger."""
    height, width = pixels.shape[:2]
    if max(height, width) <= long_side_px:
        return pixels
    factor = long_side_px / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))


def tensor(pixels: Pixels, shape: tuple[int, ...]) -> Scaled:
    """Return a picture array as it is; `shape` is the array's whose coordinates are wanted back."""
    height, width = pixels.shape[:2]
    planes = _blank(height, width)
    for channel in range(3):
        planes[0, channel, :height, :width] = pixels[:, :, 2 - channel]
    return Scaled(planes, (width / shape[1], height / shape[0]))


def doubled(pixels: Pixels) -> Scaled:
    """Return a picture at twice its size, by linear interpolation (four times faster than a general one)."""
    height, width = pixels.shape[:2]
    planes = _blank(2 * height, 2 * width)
    small = np.empty((3, height, width), np.float32)
    for channel in range(3):
        small[channel] = pixels[:, :, 2 - channel]
    large = planes[0, :, : 2 * height, : 2 * width]
    even = large[:, ::2]
    even[:, :, ::2] = small
    np.add(small[:, :, :-1], small[:, :, 1:], out=even[:, :, 1:-1:2])
    even[:, :, 1:-1:2] *= np.float32(0.5)
    even[:, :, -1] = small[:, :, -1]
    np.add(even[:, :-1], even[:, 1:], out=large[:, 1:-1:2])
    large[:, 1:-1:2] *= np.float32(0.5)
    large[:, -1] = large[:, -2]
    return Scaled(planes, (2.0, 2.0), (0.25, 0.25))  # an array pixel's middle is the middle of its first copy


def enlarged(pixels: Pixels, factor: float, part: tuple[float, float, float, float] | None = None) -> Scaled:
    """Return a picture enlarged by linear interpolation (faster than Pillow and a tensor of it).

    Each axis is stretched while it is the outermost, so that whole rows are added, one channel at a time.

    Args:
        pixels: uint8, shape (height, width, 3), RGB.
        factor: How many times its size.
        part: Left, top, right and bottom of what is wanted, in array pixels; None for all. It is cut out of the
            enlarged picture at multiples of 32, so that a network sees in it what it sees there in the whole.
    """
    height, width = pixels.shape[:2]
    wide, high = max(1, round(width * factor)), max(1, round(height * factor))
    along = wide / width, high / height
    left, top, right, bottom = part or (0, 0, width, height)
    start_x, stop_x = _span(left * along[0], right * along[0], wide)
    start_y, stop_y = _span(top * along[1], bottom * along[1], high)
    of_x, more_x = _places(width, wide, start_x, stop_x)
    of_y, more_y = _places(height, high, start_y, stop_y)
    first, last = int(of_y[0]), int(of_y[-1]) + 2
    planes = _blank(stop_y - start_y, stop_x - start_x)
    columns = np.empty((stop_x - start_x, min(last, height) - first), np.float32)
    for channel in range(3):
        rows = np.ascontiguousarray(pixels[first:last, :, 2 - channel].T, np.float32)
        _stretch(rows, of_x, more_x, columns)
        out = planes[0, channel, : stop_y - start_y, : stop_x - start_x]
        _stretch(np.ascontiguousarray(columns.T), of_y - first, more_y, out)
    return Scaled(planes, along, (start_x / along[0], start_y / along[1]))


def _span(low: float, high: float, length: int) -> tuple[int, int]:
    """Return the whole steps of 32 pixels of an axis that hold a span of it, at least one, up to its end."""
    start = min(max(0, int(low)), length - 1) // _MULTIPLE * _MULTIPLE
    stop = -(-math.ceil(high) // _MULTIPLE) * _MULTIPLE
    return start, min(max(stop, start + _MULTIPLE), length)


def _places(count: int, length: int, start: int, stop: int) -> tuple[NDArray[np.intp], Tensor]:
    """Return for pixels of an axis stretched to a length which one each begins at, and its share of the next one."""
    # Middles of pixels lie on middles of pixels.
    places = np.clip((np.arange(start, stop) + 0.5) * count / length - 0.5, 0, count - 1)
    low = places.astype(np.intp)
    return low, (places - low).astype(np.float32)


def _stretch(values: Tensor, low: NDArray[np.intp], share: Tensor, out: Tensor) -> None:
    """Stretch values along their first axis into `out`."""
    np.take(values, low, axis=0, out=out, mode="clip")
    more = np.diff(values, axis=0, append=values[-1:])[low]
    more *= share[:, None]
    out += more


def crops(pixels: Pixels, boxes: Tensor, *, face_px: int, side_px: int) -> Tensor:
    """Return squares cut around boxes, each scaled so that its box is `face_px` long; black outside.

    Args:
        pixels: uint8, shape (height, width, 3).
        boxes: float32, shape (n, 4 or more), x, y, w, h.
        face_px: Length of the box's longer side in the square.
        side_px: Side of the square, a multiple of 32.
    """
    image = Image.fromarray(pixels)
    squares = np.empty((len(boxes), 3, side_px, side_px), np.float32)
    for index, (x, y, w, h) in enumerate(boxes[:, :4].tolist()):
        half = max(w, h) * side_px / face_px / 2
        middle_x, middle_y = x + w / 2, y + h / 2
        left, top = round(middle_x - half), round(middle_y - half)
        side = max(1, round(2 * half))
        cut = image.crop((left, top, left + side, top + side))
        cut = cut.resize((side_px, side_px), Image.Resampling.BILINEAR, reducing_gap=2.0)
        squares[index] = np.asarray(cut).transpose(2, 0, 1)
    return squares


def _blank(height: int, width: int) -> Tensor:
    """Return a tensor of which only the added border is set: the picture overwrites the rest."""
    rows, columns = (-(-side // _MULTIPLE) * _MULTIPLE for side in (height, width))
    planes = np.empty((1, 3, rows, columns), np.float32)
    planes[:, :, height:] = 0
    planes[:, :, :, width:] = 0
    return planes
