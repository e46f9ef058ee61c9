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
from efface.engines.face_boxes import COLUMNS, SAME_FACE, overlap, suppress
from efface.engines.face_input import Scaled, doubled, fitted, tensor
from efface.engines.face_networks import centerface, second_look, yunet
from efface.errors import FormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Rows = NDArray[np.float32]

__all__ = [
    "CENTERFACE",
    "HOW",
    "UNITED",
    "YUNET",
    "Face",
    "FaceFinder",
    "accepted",
    "candidates",
    "confidence",
    "logit",
]

BASE_PX, FINE_PX = 640, 1280  # long sides looked at; large faces are lost at 1280, small ones at 640
COARSE_PX = 256  # a further look where a face is large in the first: there YuNet boxes only its middle
LARGE_PX, SAME_LARGE = 100, 0.2  # length in the first look that asks for it; overlap that makes it one face
DOUBLED_UP_TO_PX = 480  # a picture this small is looked at twice its size: street recall 0.64 -> 0.81
TILE_PX, TILE_STEP_PX = 1024, 896  # thorough: squares of the picture as it is; a step leaves 128 px overlap
LARGEST_IN_TILE_PX = 256  # a tile shows parts of larger faces, which the smaller sizes show whole
MOST_TILES = 24  # a larger picture is reduced until this many cover it

SURE = 0.60  # YuNet: a face without a second look
DOUBTFUL = 0.35  # YuNet: the weakest candidate worth a second look
SURE_FINE = 0.75  # SURE for what is seen only in the larger size, where YuNet imagines more
PROPOSED = 0.15  # CenterFace in thorough: the weakest candidate
LEAST = 0.18  # confidence from which a doubtful candidate is a face after the second look
LEAST_UNITED = 0.10  # the same in thorough, which would rather show one alarm too many
SEEN = 0.30  # score from which a network is named as one that sees the face
UNSEEN = 0.02  # stands for the score of a network that looked and proposed nothing
MOST_LOOKS = 64  # doubtful candidates of one picture that get a second look, the strongest first

# Confidence = 1 / (1 + exp(-(a + b logit(YuNet) + c logit(CenterFace)))) with a, b and c by who looked, fitted
# on the measuring set so that of faces given 0.8 about 80 % are labelled. Printed by: python bench/faces.py --calibrate
YUNET_ONLY = (-2.87, 2.72, 0.0)
SECOND_LOOK = (-0.88, 0.45, 0.92)
UNION = (-0.22, 0.23, 1.91)


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
        found = [_face(row) for row in candidates(pixels, self.mode).tolist() if accepted(row)]
        return sorted(found, key=lambda face: -face.confidence)


YUNET, CENTERFACE, HOW = 4, COLUMNS, COLUMNS + 1
"""Columns of a candidate: YuNet's score, CenterFace's (NaN: it did not look), and how it was found."""
BASE, FINE, UNITED = (
    0.0,
    1.0,
    2.0,
)  # in the first look; only in the larger size; both networks looked everywhere


def candidates(pixels: Pixels, mode: str) -> Rows:
    """Return every candidate that a mode considers, accepted or not, with both networks' scores.

    For measuring and fitting; `FaceFinder.find` applies the thresholds.
    """
    if mode == "thorough":
        return _thorough(pixels)
    rows = _with_columns(_first_look(pixels, _base(pixels, enlarge=mode != "fast")))
    if mode == "fast":
        return rows
    if max(pixels.shape) > FINE_PX * 3 // 4:
        fine = _with_columns(yunet(_reduced(pixels, FINE_PX), DOUBTFUL), FINE)
        rows = np.concatenate([rows, _not_in(fine, rows)])
    sure = np.where(rows[:, HOW] == FINE, SURE_FINE, SURE)
    return _looked_at(pixels, rows, rows[:, YUNET] < sure)


def _thorough(pixels: Pixels) -> Rows:
    views = [_base(pixels, enlarge=True)]
    if max(pixels.shape) > BASE_PX:
        views.append(_reduced(pixels, FINE_PX))
    seen = [_first_look(pixels, view) for view in views]
    for left, top, view in _tiles(pixels):
        rows = yunet(view, DOUBTFUL)
        small = rows[:, 2:4].max(axis=1, initial=0.0) * max(view.factor) <= LARGEST_IN_TILE_PX
        seen.append(_moved(rows[small], left, top))
    first = suppress(np.concatenate(seen))
    second = suppress(np.concatenate([centerface(view, PROPOSED) for view in views]))
    return _united(pixels, first, second)


def _united(pixels: Pixels, first: Rows, second: Rows) -> Rows:
    """Return both networks' candidates; who agree give one row with the larger of their boxes."""
    rows, others = _with_columns(first, UNITED), _with_columns(second, UNITED)
    others[:, CENTERFACE], others[:, YUNET] = second[:, 4], UNSEEN
    free = np.ones(len(others), bool)
    share = overlap(rows, others)
    for index in range(len(rows) if len(others) else 0):
        best = int(np.where(free, share[index], 0.0).argmax())
        if not free[best] or share[index, best] < SAME_FACE:
            continue
        free[best] = False
        rows[index, CENTERFACE] = second[best, 4]
        if second[best, 2] * second[best, 3] > rows[index, 2] * rows[index, 3]:
            rows[index, :4] = second[best, :4]
    rows = _looked_at(pixels, rows, np.isnan(rows[:, CENTERFACE]))
    rows[:, CENTERFACE] = np.fmax(rows[:, CENTERFACE], UNSEEN)
    return np.concatenate([rows, others[free]])


def _first_look(pixels: Pixels, view: Scaled) -> Rows:
    """Return YuNet's candidates in a view; a large face gets the larger box of two looks."""
    rows = yunet(view, DOUBTFUL)
    large = np.nonzero(rows[:, 2:4].max(axis=1, initial=0.0) * max(view.factor) >= LARGE_PX)[0]
    if not len(large):
        return rows
    coarse = yunet(_reduced(pixels, COARSE_PX), DOUBTFUL)
    if not len(coarse):
        return rows
    share = overlap(rows[large], coarse)
    best = share.argmax(axis=1)
    larger = coarse[best, 2:4].prod(axis=1) > rows[large, 2:4].prod(axis=1)
    same = larger & (share[np.arange(len(large)), best] >= SAME_LARGE)
    score = np.maximum(rows[large[same], 4], coarse[best[same], 4])
    rows[large[same]] = coarse[best[same]]
    rows[large[same], 4] = score
    new = coarse[overlap(coarse, rows).max(axis=1) < SAME_LARGE]
    return suppress(np.concatenate([rows, new]))


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


def _with_columns(rows: Rows, how: float = BASE) -> Rows:
    more = np.full((len(rows), 2), np.nan, np.float32)
    more[:, 1] = how
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


def accepted(row: Sequence[float]) -> bool:
    """Return whether a candidate's scores make it a face."""
    if math.isnan(row[CENTERFACE]):
        return row[YUNET] >= (SURE_FINE if row[HOW] == FINE else SURE)
    return confidence(row) >= (LEAST_UNITED if row[HOW] == UNITED else LEAST)


def _face(row: Sequence[float]) -> Face:
    first, second, points = row[YUNET], row[CENTERFACE], row[5:COLUMNS]
    sees = [name for name, score in (("yunet", first), ("centerface", second)) if score >= SEEN]
    return Face(
        (row[0], row[1], row[2], row[3]),
        confidence(row),
        tuple(zip(points[::2], points[1::2], strict=True)),
        "+".join(sees),
    )


def confidence(row: Sequence[float]) -> float:
    """Return a candidate's calibrated confidence."""
    a, b, c = UNION if row[HOW] == UNITED else SECOND_LOOK
    if math.isnan(row[CENTERFACE]):
        a, b, c = YUNET_ONLY
    evidence = a + b * logit(row[YUNET]) + c * logit(row[CENTERFACE])
    return 1.0 / (1.0 + math.exp(-evidence))


def logit(score: float) -> float:
    """Return the log odds of a score, kept between 0.01 and 0.99; 0 for NaN."""
    if math.isnan(score):
        return 0.0
    bounded = min(max(score, 0.01), 0.99)
    return math.log(bounded / (1.0 - bounded))
