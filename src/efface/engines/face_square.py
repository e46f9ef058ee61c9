"""Cut the square of a face out of a frame, at its points, whether or not a face is still seen there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from efface.engines.face_recogniser import aligned, is_flat, points_of_box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from efface.engines.face_finder import FaceFinder
    from efface.engines.picture_frame import Frame

    Area = tuple[int, int, int, int]
    Pixels = NDArray[np.uint8]
    Points = NDArray[np.float64]

__all__ = ["is_covered", "points_in", "square"]

_AROUND = 1.0  # of a box's longer side, on each side of it, for the network that finds the points
_COVERED = (
    0.25  # the least fill under which recognisers were at chance is one and a half boxes (docs/adr/0004)
)


def points_in(finder: FaceFinder, frame: Frame, box: Area) -> tuple[float, Points]:
    """Return how sure a network is of the face in a box, 0 where it sees none, and the face's five points.

    Where none is seen they are where the points lie in a box on average.

    Args:
        finder: Who looks.
        frame: The picture.
        box: x, y, width, height in the picture as displayed, as the points are.
    """
    cut, corner = _cut(frame, box, _AROUND)
    faces = finder.find(np.ascontiguousarray(cut)) if cut.size else []
    nearest = max(faces, key=lambda face: _nearness(face.box, box, corner, frame.scale), default=None)
    if nearest is None or nearest.landmarks is None or _nearness(nearest.box, box, corner, frame.scale) <= 0:
        return 0.0, points_of_box(box)
    return nearest.confidence, (np.asarray(nearest.landmarks, np.float64) + corner) * frame.scale


def square(frame: Frame, points: Points) -> Pixels:
    """Return the aligned square at five points of the picture as displayed."""
    return aligned(frame.pixels, points / frame.scale)


def is_covered(frame: Frame, box: Area) -> bool:
    """Return whether one and a half times a box is of one colour."""
    return is_flat(_cut(frame, box, _COVERED)[0])


def _cut(frame: Frame, box: Area, around: float) -> tuple[Pixels, tuple[int, int]]:
    """Return a box with a share of its longer side around it, and where its corner lies in the frame's array."""
    x, y, width, height = box
    by = around * max(width, height)
    left, top = (max(0, int((at - by) / frame.scale)) for at in (x, y))
    right, bottom = (max(0, int((at + by) / frame.scale) + 1) for at in (x + width, y + height))
    return frame.pixels[top:bottom, left:right], (left, top)


def _nearness(
    face: tuple[float, float, float, float], box: Area, corner: tuple[int, int], scale: float
) -> float:
    """Return how near the middle of a face is to that of a box: 1 in it, 0 and less outside the box."""
    x = (face[0] + face[2] / 2 + corner[0]) * scale - box[0]
    y = (face[1] + face[3] / 2 + corner[1]) * scale - box[1]
    return 1 - max(abs(2 * x / box[2] - 1), abs(2 * y / box[3] - 1))
