"""Candidates for faces as rows of one array: overlap and suppression.

A row is `x, y, w, h, score, x1, y1 ... x5, y5`: box, score and five landmarks (right eye, left eye, nose, right
and left corner of the mouth), all in the coordinates of one picture array.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.float32]

__all__ = ["COLUMNS", "EMPTY", "SAME_FACE", "moved", "overlap", "suppress"]

COLUMNS = 15
SAME_FACE = 0.3  # intersection over union from which two boxes show one face; deface uses the same
_MOST = 1500  # rows looked at; a crowd of more faces than this in one array is cut at the weakest

EMPTY: Rows = np.zeros((0, COLUMNS), np.float32)


def overlap(one: Rows, other: Rows) -> Rows:
    """Return the intersection over union of every row of one array with every row of the other."""
    left = np.maximum(one[:, None, 0], other[None, :, 0])
    top = np.maximum(one[:, None, 1], other[None, :, 1])
    right = np.minimum(one[:, None, 0] + one[:, None, 2], other[None, :, 0] + other[None, :, 2])
    bottom = np.minimum(one[:, None, 1] + one[:, None, 3], other[None, :, 1] + other[None, :, 3])
    both = np.maximum(right - left, 0) * np.maximum(bottom - top, 0)
    areas = one[:, None, 2] * one[:, None, 3] + other[None, :, 2] * other[None, :, 3]
    share: Rows = both / np.maximum(areas - both, 1e-6)
    return share


def moved(rows: Rows, left: float, top: float) -> Rows:
    """Return the rows, changed in place: those of a part whose corner lies there in a larger array."""
    rows[:, 0] += left
    rows[:, 1] += top
    rows[:, 5::2] += left
    rows[:, 6::2] += top
    return rows


def suppress(rows: Rows) -> Rows:
    """Return the best row of every face, strongest first."""
    if len(rows) < 2:
        return rows
    rows = rows[np.argsort(-rows[:, 4], kind="stable")[:_MOST]]
    share = overlap(rows, rows)
    free = np.ones(len(rows), bool)
    kept = []
    for best in range(len(rows)):
        if free[best]:
            kept.append(best)
            free &= share[best] < SAME_FACE
    return rows[kept]
