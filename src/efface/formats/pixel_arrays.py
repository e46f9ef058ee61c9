"""Give arrays of bytes that have the shape of pictures as pictures, in Netpbm's raw form.

Axes may be (height, width), (height, width, channels), (number, height, width), (number, height, width,
channels) or (number, channels, height, width), with one, three or four channels.

Source: Netpbm's format pages (PGM and PPM, raw).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["pictures", "shape_of_pictures"]

_SIDES = range(24, 16_385)
_CHANNELS = (1, 3, 4)


def shape_of_pictures(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return (number, height, width, channels) where an array has the shape of pictures, else nothing."""
    if len(shape) == 4 and shape[3] in _CHANNELS:
        number, height, width, channels = shape
    elif len(shape) == 4 and shape[1] in _CHANNELS:
        number, channels, height, width = shape
    elif len(shape) == 3 and shape[2] in _CHANNELS:
        number, (height, width, channels) = 1, shape
    elif len(shape) == 3:
        number, height, width, channels = (*shape, 1)
    elif len(shape) == 2 and max(shape) <= 4 * min(shape):
        number, height, width, channels = (1, *shape, 1)
    else:
        return ()
    return (number, height, width, channels) if height in _SIDES and width in _SIDES else ()


def pictures(pixels: NDArray[Any]) -> Iterator[bytes]:
    """Yield each picture of an array of bytes as a PGM or PPM file; a fourth channel is left out."""
    shape = shape_of_pictures(pixels.shape)
    if not shape:
        return
    number, height, width, channels = shape
    moved = np.moveaxis(pixels, 1, 3) if pixels.ndim == 4 and pixels.shape[3] not in _CHANNELS else pixels
    for picture in moved.reshape(number, height, width, channels):
        kept = picture[..., : 1 if channels == 1 else 3]
        yield b"P%d\n%d %d\n255\n" % (5 if channels == 1 else 6, width, height) + kept.tobytes()
