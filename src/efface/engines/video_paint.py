"""Fill regions of a decoded frame in its own samples: no other sample changes, and none is converted.

Source: the layouts of FFmpeg's pixel formats (libavutil/pixdesc).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from efface.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from efface.engines.repaint_region import Region

__all__ = ["painted"]

_FULL_RANGE = 2  # AVCOL_RANGE_JPEG
_BLACK, _GREY = 16, 128  # of 8 bits; luma of the usual range
_LARGEST_STEP = 8  # pixels that may share one sample of colour


def painted(frame: Any, regions: Sequence[Region]) -> Any:  # noqa: ANN401 - frames of a package without types
    """Return a frame of the same samples with every region black and opaque.

    Args:
        frame: A decoded frame; it is not changed, since later frames may be made from it.
        regions: In stored pixels, inside the frame; each is widened to whole samples of colour.

    Raises:
        UnsupportedError: Its samples are laid out in a way that is not known here.
    """
    kind = frame.format
    _check_layout(kind)
    copy = type(frame)(frame.width, frame.height, kind.name)
    copy.pts, copy.time_base = frame.pts, frame.time_base
    copy.color_range, copy.colorspace = frame.color_range, frame.colorspace
    for number, source in enumerate(frame.planes):
        inside = [component for component in kind.components if component.plane == number]
        bytes_each = (inside[0].bits + 7) // 8
        samples = _samples(copy.planes[number], bytes_each, len(inside))
        samples[:] = _samples(source, bytes_each, len(inside))
        fill = np.array([_fill(frame, component) for component in inside], samples.dtype)
        for region in regions:
            _fill_in(samples, region, (frame.width, frame.height), fill)
    return copy


def _check_layout(kind: Any) -> None:  # noqa: ANN401
    """Refuse palettes, bits that cross bytes, and pixels in which anything but red, green and blue is packed."""
    odd = kind.has_palette or kind.is_bit_stream or kind.is_bayer or kind.is_big_endian
    plain = len(kind.components) == 1 or (
        kind.is_rgb and len(kind.components) == 3 and kind.padded_bits_per_pixel == kind.bits_per_pixel
    )
    if odd or not (kind.is_planar or plain):
        raise UnsupportedError(f"frames of the layout {kind.name} cannot be filled")


def _samples(plane: Any, bytes_each: int, count: int) -> NDArray[Any]:  # noqa: ANN401
    """Return a view of a plane, shape (height, width, samples of a pixel)."""
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, -1)
    wide = plane.width * bytes_each * count
    return rows[:, :wide].view(f"<u{bytes_each}").reshape(plane.height, plane.width, count)


def _fill(frame: Any, component: Any) -> int:  # noqa: ANN401
    up = int(component.bits) - 8
    if component.is_alpha:
        return (256 << up) - 1
    if frame.format.is_rgb:
        return 0
    if component.is_chroma:
        return _GREY << up
    full = frame.format.name.startswith("yuvj") or int(frame.color_range or 0) == _FULL_RANGE
    return 0 if full or len(frame.format.components) == 1 else _BLACK << up


def _fill_in(samples: NDArray[Any], region: Region, size: tuple[int, int], fill: NDArray[Any]) -> None:
    across = min(-(-size[0] // samples.shape[1]), _LARGEST_STEP)
    down = min(-(-size[1] // samples.shape[0]), _LARGEST_STEP)
    part = region.aligned(2 * across, 2 * down)
    left, right = part.left // across, -(-part.right // across)
    top, bottom = part.top // down, -(-part.bottom // down)
    samples[max(top, 0) : bottom, max(left, 0) : right] = fill
