"""Tell a face under a mosaic: it was hidden before, is found all the same, and is still personal data.

Between the cells of a mosaic columns and rows change at once, and inside them hardly at all: so a few lines carry most
of the change, in both directions. In a photo change is spread over all lines.

Not told: blurs, which look like faces out of focus; mosaics of cells under 4 pixels, on faces under 40 pixels, or coded
with much loss (`python bench/mosaics.py` prints how many).
Source: thresholds are ours, with a margin over all faces of the measuring set; the same command prints the margin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from efface.engines.picture_frame import Frame
    from efface.model import Box

__all__ = ["LEAST_PX", "LEAST_SHARE", "has_mosaic", "share_of_lines"]

LEAST_SHARE = 0.7
"""Of all change, on the most changing lines, in the direction that has less of it there."""
_LINES = 0.3  # of all lines: with cells of 4 pixels every fourth is one between two cells
_LEAST_CHANGE = 0.2  # grey levels a line: under a fill there is none to speak of
LEAST_PX = 40
"""Length of a face from which a mosaic is told."""
_RIM = 0.1  # of the box on each side, where the mosaic may have ended


def has_mosaic(frame: Frame, box: Box) -> bool:
    """Return whether what is in a box, in displayed pixels, is a mosaic; False where the frame was reduced."""
    if frame.scale > 1.0 or max(box.width, box.height) < LEAST_PX:
        return False
    rim_x, rim_y = int(_RIM * box.width), int(_RIM * box.height)
    inner = frame.pixels[
        box.y + rim_y : box.y + box.height - rim_y, box.x + rim_x : box.x + box.width - rim_x
    ]
    return share_of_lines(inner) >= LEAST_SHARE


def share_of_lines(pixels: NDArray[np.uint8]) -> float:
    """Return how much of all change lies on few lines, 0 to 1; the smaller of columns and rows.

    Args:
        pixels: uint8, shape (height, width, 3).
    """
    if min(pixels.shape[:2]) < 2:
        return 0.0
    grey = pixels.mean(axis=2)
    shares = []
    for axis in (0, 1):
        change = np.sort(np.abs(np.diff(grey, axis=axis)).mean(axis=1 - axis))[::-1]
        if change.mean() < _LEAST_CHANGE:
            return 0.0
        shares.append(float(change[: max(1, int(_LINES * len(change)))].sum() / change.sum()))
    return min(shares)
