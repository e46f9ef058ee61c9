"""Measure whether a picture is a portrait: one face that fills it, upright, as portraits for cards and gates are.

A photo becomes a reference by use and attribution, not by its pixels, so these clues decide nothing alone:
`level` takes them together with names.

Sources: ISO/IEC 19794-5:2005, 7.3 (pose, inter-eye distance, background), 8.3 and 9.2; sizes of photographs
for cards in the PRC and of inputs of published networks (deepface, InsightFace, FaceNet, dlib). Thresholds
are ours; `python bench/galleries.py` prints what they give.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from efface.model import Clue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from efface.engines.face_finder import Face
    from efface.engines.picture_frame import Frame

    Points = Sequence[tuple[float, float]]

__all__ = ["Look", "look"]

_LEAST, _MOST = 0.25, 1.1  # of the height: cards 0.25 to 0.7, crops around the face up to all of it
_RIVAL = 0.15  # of the area of the face, from which another face is one of the picture too
_CROP = 0.6  # a crop around the face, as recognisers take it
_LEVEL_DEGREES = 8.0
_TURNED_DEGREES = 20.0  # from which one face, however large, is no portrait
_EYES_PX = 60  # between the eyes, for recognition by a person or a machine
_PLAIN = 6.0  # grey levels between neighbours of a background reduced to some 64 pixels
_SMALL_PX = 64
_CROPS = frozenset(
    {(112, 112), (96, 112), (160, 160), (150, 150), (96, 96), (224, 224), (152, 152), (182, 182), (128, 128)}
)
_CARDS = frozenset(
    {
        (102, 126),
        (358, 441),
        (295, 413),
        (413, 579),
        (413, 626),
        (480, 640),
        (240, 320),
        (260, 378),
        (413, 531),
    }
)


@dataclass(frozen=True, slots=True)
class Look:
    """What the only face of a picture looks like in it.

    Attributes:
        is_portrait: Whether it fills a portrait's share of the picture, upright.
        is_aligned: Whether the picture is a crop in a size that recognisers take.
        clues: What was measured.
    """

    is_portrait: bool
    is_aligned: bool
    clues: tuple[Clue, ...] = ()


def look(face: Face, faces: Sequence[Face], frame: Frame) -> Look:
    """Return what a face looks like in its picture.

    Args:
        face: The face, in pixels of the frame's array.
        faces: All faces of the picture; far smaller ones do not count, as they stand in the background.
        frame: The picture, of which the array may be a reduced one.
    """
    x, y, wide, high = face.box
    share = high / max(frame.pixels.shape[0], 1)
    rivals = sum(other.box[2] * other.box[3] > _RIVAL * wide * high for other in faces)
    tilt, apart = _eyes(face.landmarks)
    is_crop = (frame.width_px, frame.height_px) in _CROPS and share >= _CROP
    if rivals > 1 or share < _LEAST or tilt >= _TURNED_DEGREES or share > _MOST:
        return Look(is_portrait=False, is_aligned=False)
    is_level, apart_px = tilt < _LEVEL_DEGREES, apart * frame.scale
    signs = {
        "eyes level": is_level,
        f"eyes {apart_px:.0f} px apart": apart_px >= _EYES_PX,
        "plain background": not is_crop and _is_plain((x, y, wide, high), frame.pixels),
        "size of card photographs": (frame.width_px, frame.height_px) in _CARDS,
        "size of recognisers' crops": is_crop,
    }
    found = [sign for sign, is_so in signs.items() if is_so]
    clue = Clue("portrait", ", ".join((f"face {share:.0%} of the height", *found)), 0.1 * len(found))
    return Look(is_portrait=True, is_aligned=is_crop and is_level, clues=(clue,))


def _eyes(points: Points | None) -> tuple[float, float]:
    """Return how far the line of the eyes is from level, in degrees, and their distance; 0 where unknown."""
    if points is None:
        return 0.0, 0.0
    (x1, y1), (x2, y2) = points[0], points[1]
    if not all(map(math.isfinite, (x1, y1, x2, y2))):
        return 0.0, 0.0
    return math.degrees(math.atan2(abs(y2 - y1), abs(x2 - x1))), math.hypot(x2 - x1, y2 - y1)


def _is_plain(box: tuple[float, float, float, float], pixels: NDArray[np.uint8]) -> bool:
    """Return whether the picture is even left and right of the head, above the shoulders."""
    step = max(max(pixels.shape[:2]) // _SMALL_PX, 1)
    grey = pixels[::step, ::step].mean(axis=2)
    x, y, width, height = (value / step for value in box)
    bottom = max(int(y + height * 0.8), 1)
    left, right = int(x - width * 0.15), int(x + width * 1.15) + 1
    sides = [part for part in (grey[:bottom, : max(left, 0)], grey[:bottom, right:]) if min(part.shape) > 1]
    if not sides:
        return False
    steps = [np.abs(np.diff(part, axis=axis)).ravel() for part in sides for axis in (0, 1)]
    return float(np.concatenate(steps).mean()) < _PLAIN
