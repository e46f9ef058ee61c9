"""Turn a face into the template that a recogniser would keep, to test whether it can still be recognised.

For two questions only, and never to identify anybody: was a vector made from the picture beside it, and is a
person still recognisable after a removal. Templates stay in memory; nothing here writes or logs one.

The recogniser is dlib's residual network (128 numbers; one person's lie within a distance of about 0.6). Its file
is optional: `python tools/collect.py recognisers`. `classical` needs none: local binary patterns, a second family
that sees texture where the network sees a person.

Source: dlib, get_face_chip_details (150 pixels, padding 0.25) and its mean face; S. Umeyama, IEEE TPAMI 13(4), 1991
(similarity of point sets); T. Ahonen, A. Hadid, M. Pietikainen, IEEE TPAMI 28(12), 2006 (local binary patterns).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from efface.engines import network
from efface.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Points = NDArray[np.float64]
    Templates = NDArray[np.float32]

__all__ = [
    "SAME_PERSON",
    "SAME_PICTURE",
    "SIDE_PX",
    "aligned",
    "available",
    "classical",
    "families",
    "is_flat",
    "points_of_box",
    "templates",
]

SIDE_PX = 150
SAME_PERSON = 0.6
"""Distance of two templates under which dlib's author calls them one person's."""
_NETWORK = "dlib-resnet-128"
SAME_PICTURE = {"dlib-resnet-128": 0.4, "lbp": 0.55}
"""Distance of two templates under which they are of one face beyond doubt: no pair of two persons, and no crop of a
scene without people, came as near (`bench/reident.py` prints the nearest). Stricter than SAME_PERSON, which also
takes some crops without a face for one."""
_FLAT = 4
"""Steps of 255 by which the pixels of a crop of one colour may differ: a lossy coder's rounding."""
_AT_ONCE = 32  # faces in one run, which bounds its memory

_PADDING = 0.25
# Where the eyes, the nose and the corners of the mouth of dlib's mean face lie, in its own units: the eyes are the
# middles of its six points each. From left to right, as YuNet gives them.
_MEAN_FACE = np.array(
    [[0.22549, 0.21599], [0.75476, 0.21599], [0.490127, 0.515625], [0.254149, 0.780233], [0.726104, 0.780233]]
)
_RAISED = 0.06
"""YuNet's points lie lower in a face than dlib's. Chosen by trial on a research set of portraits, which no command
of the project repeats yet."""
_PLACES = (_PADDING + _MEAN_FACE - (0, _RAISED)) / (2 * _PADDING + 1) * SIDE_PX
# Where the same points lie in a detector's box, for faces whose points nobody can see any more.
_IN_BOX = np.array([[0.30, 0.42], [0.70, 0.42], [0.50, 0.62], [0.34, 0.78], [0.66, 0.78]])

_CELLS, _PATTERNS = 8, 59
_CIRCLE = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))


def available() -> bool:
    """Return whether the recogniser's file is installed."""
    return _NETWORK in network.recognisers()


def families() -> Mapping[str, Callable[[Sequence[Pixels]], Templates]]:
    """Return the recognisers that can be tried here, by name: of each what makes templates of aligned faces."""
    return {_NETWORK: templates, "lbp": classical} if available() else {"lbp": classical}


def is_flat(pixels: Pixels) -> bool:
    """Return whether a piece of a picture is of one colour; nothing, too, has only one."""
    return not pixels.size or bool(np.ptp(pixels, axis=(0, 1)).max() <= _FLAT)


def points_of_box(box: Sequence[float]) -> Points:
    """Return where the five points of an upright face lie in its box (x, y, width, height), on average.

    For a crop at the place of a face that is covered, so that "not detected" cannot hide what is left there.
    """
    x, y, width, height = box
    return np.asarray(_IN_BOX * (width, height) + (x, y))


def aligned(pixels: Pixels, points: Sequence[Sequence[float]] | Points) -> Pixels:
    """Return the square around a face as the recogniser wants it: upright, 150 pixels, black outside the picture.

    Args:
        pixels: uint8, shape (height, width, 3), RGB.
        points: Five points x, y in array pixels: eye, eye, nose, corner, corner of the mouth, from left to right.

    Raises:
        FormatError: The arrays have other shapes, or the points all lie in one place.
    """
    where = np.asarray(points, np.float64)
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise FormatError(f"expected uint8 (height, width, 3), got {pixels.dtype} {pixels.shape}")
    if where.shape != (5, 2) or not np.isfinite(where).all() or np.ptp(where, axis=0).max() <= 0:
        raise FormatError("expected five different points")
    back = _similarity(_PLACES, where)
    image = Image.fromarray(pixels)
    shrink = float(np.hypot(back[0, 0], back[1, 0]))
    if shrink > 2:  # averaging first: a transform alone would pick single pixels of a large face
        small = max(1, round(image.width / shrink)), max(1, round(image.height / shrink))
        image = image.resize(small, Image.Resampling.BOX)
        scale = np.array([[small[0] / pixels.shape[1]], [small[1] / pixels.shape[0]]])
        back = back * scale
    coefficients = tuple(map(float, back.ravel()))
    chip = image.transform(
        (SIDE_PX, SIDE_PX), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR
    )
    return np.asarray(chip)


def _similarity(source: Points, target: Points) -> Points:
    """Return the 2 x 3 matrix of the rotation, scale and shift that brings one set of points nearest to another."""
    at_source, at_target = source.mean(axis=0), target.mean(axis=0)
    one, other = source - at_source, target - at_target
    spread = (one**2).sum()
    cosine = (one * other).sum() / spread
    sine = (one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]).sum() / spread
    turn = np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([turn, at_target - turn @ at_source])


def templates(faces: Sequence[Pixels]) -> Templates:
    """Return dlib's templates of aligned faces: float32, shape (n, 128), of length 1.2 to 1.6.

    Raises:
        UnsupportedError, EvidenceError: The recogniser is not installed, or is not the locked one.
    """
    recogniser = network.load(_NETWORK)
    parts = [
        recogniser.run(
            np.stack([face.transpose(2, 0, 1) for face in faces[at : at + _AT_ONCE]], dtype=np.float32)
        )[0]
        for at in range(0, len(faces), _AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.empty((0, 128), np.float32)


def classical(faces: Sequence[Pixels]) -> Templates:
    """Return histograms of uniform local binary patterns of aligned faces: float32, shape (n, 3776), of length 1."""
    rows = [_histograms(face) for face in faces]
    found = np.stack(rows) if rows else np.empty((0, _CELLS * _CELLS * _PATTERNS), np.float32)
    found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), np.float32(1e-9))
    return found


def _histograms(face: Pixels) -> Templates:
    grey = np.asarray(Image.fromarray(face).convert("L").resize((128, 128)), np.int16)
    middle = grey[1:-1, 1:-1]
    code = np.zeros(middle.shape, np.uint8)
    for bit, (down, right) in enumerate(_CIRCLE):
        around = grey[1 + down : 127 + down, 1 + right : 127 + right]
        code |= (around >= middle).astype(np.uint8) << bit
    kind = _UNIFORM[code]
    edges = np.linspace(0, 126, _CELLS + 1).astype(int)
    cells = [
        np.bincount(kind[top:bottom, left:right].ravel(), minlength=_PATTERNS)
        for top, bottom in pairwise(edges)
        for left, right in pairwise(edges)
    ]
    return np.sqrt(np.concatenate(cells).astype(np.float32))


def _uniform_patterns() -> NDArray[np.uint8]:
    """Number the 58 patterns with at most two changes around the circle; all others are the last kind."""
    kinds, number = np.full(256, _PATTERNS - 1, np.uint8), 0
    for code in range(256):
        turned = (code >> 1) | (code & 1) << 7
        if (code ^ turned).bit_count() <= 2:
            kinds[code] = number
            number += 1
    return kinds


_UNIFORM = _uniform_patterns()
