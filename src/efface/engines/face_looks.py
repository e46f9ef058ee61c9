"""Look at a picture in the sizes that a mode wants, and return candidates with both networks' scores.

YuNet proposes: it costs little, and finds small faces only where the picture is large enough and large ones only
where it is small enough. CenterFace, of another family, takes a second look at a crop of every doubtful candidate.
In large pictures they change places; in `thorough` both propose, in every size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from efface.engines.face_boxes import COLUMNS, EMPTY, SAME_FACE, moved, overlap, suppress
from efface.engines.face_confidence import (
    AGREED,
    ALONE,
    CENTERFACE,
    ENLARGED,
    FAINT,
    FINE,
    FIRST,
    HOW,
    LARGE,
    SURE,
    TILE,
    UNITED,
    WIDTH,
    YUNET,
    logit,
)
from efface.engines.face_input import Scaled, doubled, enlarged, fitted, tensor
from efface.engines.face_networks import (
    CLOSE,
    GLANCE,
    centerface,
    second_look,
    second_look_of_yunet,
    yunet,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Rows = NDArray[np.float32]

__all__ = ["BASE_PX", "LARGE_PICTURE_PX", "fast", "standard", "thorough"]

BASE_PX, FINE_PX = 640, 1280  # long sides looked at; large faces are lost at 1280, small ones at 640
MOST_ENLARGED_ALONE = (
    2.2  # times its size that a small picture is enlarged: an icon shows no more than it holds
)
COARSE_PX = 256  # a further look where a face is large in the first: there YuNet boxes only its middle
LARGE_PX, SAME_LARGE = 160, 0.2  # length in the first look that asks for it; overlap that makes it one face
ENLARGED_UP_TO_PX, ENLARGED_PX = (
    480,
    672,
)  # smaller pictures are enlarged: YuNet finds 0.80 instead of 0.64 of the street faces

GLANCED = 0.12
"""YuNet, at a small picture's own size: only what lies around places that reach this is enlarged. Of 2,205 faces that
the enlarged street photos show, 36 have less; most pictures without a face do."""
AROUND, AROUND_PX = 0.5, 8
"""How far around: in lengths of the box seen, and pixels more."""

DOUBTFUL = 0.35  # YuNet: the weakest candidate worth a second look
MOST_LOOKS = 64
"""Doubtful candidates of one picture that get a second look, the strongest first. Of more YuNet's are no faces, and
CenterFace's in a large picture are judged by its own score."""

UNITED_PX = (
    416,
    832,
    1280,
)  # thorough: long sides at which CenterFace proposes; YuNet at all but the largest
MOST_ENLARGED = 3.2  # times its size that a picture is enlarged at most
PROPOSED_YUNET, PROPOSED_CENTERFACE = 0.10, 0.05  # thorough: the weakest candidates
YUNET_BOXES = (
    0.5  # how much a score of YuNet counts where it is decided whose box is kept: CenterFace's fit better
)
UNSEEN = 0.02  # stands for YuNet's score where it proposed nothing

LARGE_PICTURE_PX, LARGE_VIEW_PX = 1440, 1536
"""standard: pictures of at least so many pixels are looked at by CenterFace, at most at so many. At 1500 it finds as
much as YuNet at 2560, at the same cost, and its boxes fit better."""
PROPOSED_IN_LARGE = 0.10  # CenterFace: the weakest candidate there
VIEW_TILE_PX = 960  # side of the tiles of that view: of 1152 pixels they take 260 MB more
HUGE_PICTURE_PX = 2560  # thorough: a further size that both networks look at
LARGE_TILE_PX = 1152  # side of the tiles that such sizes are looked at in: at most 1.33 megapixels
TILE_PX = 576  # thorough: squares of a picture larger than FINE_PX, each looked at twice its size
OVERLAP_PX = 80  # of neighbouring tiles
LARGEST_IN_TILE_PX = 48  # larger faces are seen in the smaller sizes, and whole
MOST_TILES = 320  # 64 megapixels; a larger picture is reduced until this many cover it
PROPOSED_IN_TILE, MOST_TILE_LOOKS = 0.10, 1024


def fast(pixels: Pixels) -> Rows:
    """Return YuNet's candidates at 640 pixels, never enlarged."""
    return _candidates(_first_look(pixels, _reduced(pixels, BASE_PX)), ALONE)


def standard(pixels: Pixels) -> Rows:
    """Return YuNet's candidates; small pictures enlarged, large ones in more sizes; the doubtful looked at twice."""
    if max(pixels.shape) <= ENLARGED_UP_TO_PX and min(pixels.shape[:2]) > 1:
        seen = yunet(_view(pixels), GLANCED)
        if not len(seen):
            return _candidates(EMPTY, ENLARGED)
        rows = _candidates(_first_look(pixels, _around(pixels, seen)), ENLARGED)
    else:
        rows = _candidates(_first_look(pixels, _reduced(pixels, BASE_PX)), FIRST)
    if max(pixels.shape) >= LARGE_PICTURE_PX:
        rows = _with_large(pixels, rows)
    elif max(pixels.shape) > FINE_PX * 3 // 4:
        rows = _with(rows, yunet(_reduced(pixels, FINE_PX), DOUBTFUL))
    sure = np.array([SURE[how] for how in rows[:, HOW].tolist()], np.float32)
    doubtful = np.isnan(rows[:, CENTERFACE]) & (rows[:, YUNET] < sure)
    return _looked_at(pixels, rows, doubtful, MOST_LOOKS, GLANCE)


def thorough(pixels: Pixels) -> Rows:
    """Return what both networks propose in every size, and what YuNet proposes in tiles and CenterFace confirms."""
    long_side = max(pixels.shape[:2])
    first, second = [], []
    for size in sorted({min(size, int(long_side * MOST_ENLARGED)) for size in UNITED_PX}):
        view = enlarged(pixels, size / long_side) if size > long_side else _reduced(pixels, size)
        if size < FINE_PX:
            first.append(yunet(view, PROPOSED_YUNET))
        second.append(centerface(view, PROPOSED_CENTERFACE))
    if long_side <= FINE_PX:
        return _united(first, second)
    large = fitted(pixels, HUGE_PICTURE_PX)
    first.append(_in_tiles(pixels, large, LARGE_TILE_PX, lambda part: yunet(_view(part), PROPOSED_YUNET)))
    second.append(
        _in_tiles(pixels, large, LARGE_TILE_PX, lambda part: centerface(_view(part), PROPOSED_CENTERFACE))
    )
    covered = _covered(pixels)
    small = _candidates(_in_tiles(pixels, covered, TILE_PX, _twice), TILE)
    small = _looked_at(pixels, small, small[:, YUNET] < SURE[TILE], MOST_TILE_LOOKS, CLOSE)
    return np.concatenate(
        [_united(first, second), small[~np.isnan(small[:, CENTERFACE])], _faint(pixels, covered)]
    )


def _united(first: list[Rows], second: list[Rows]) -> Rows:
    """Return one row for each place that any look proposes: the best box, and what every look said of it."""
    looks = [*first, *second]
    rows = np.concatenate(looks)
    scores = np.zeros((len(rows), len(looks)), np.float32)
    scores[np.arange(len(rows)), np.repeat(np.arange(len(looks)), [len(look) for look in looks])] = rows[:, 4]
    ranked = rows.copy()
    ranked[: sum(map(len, first)), YUNET] *= YUNET_BOXES
    best = suppress(ranked)
    if not len(best):
        return _candidates(best, UNITED)
    same = overlap(best, rows)
    same[same.argmax(axis=0), np.arange(len(rows))] += 1.0  # a box counts for the best box that it fits best
    mine = (same >= 1.0 + SAME_FACE)[:, :, None]
    said = np.where(mine, scores[None], 0.0).max(axis=1)
    united = _candidates(best, UNITED)
    united[:, YUNET] = np.maximum(said[:, : len(first)].max(axis=1, initial=0.0), UNSEEN)
    of_second = said[:, len(first) :]
    united[:, CENTERFACE] = of_second.max(axis=1)
    best_last = np.sort(of_second, axis=1)[
        :, -len(UNITED_PX) :
    ]  # of the more sizes of a large picture, the best
    united[:, AGREED] = [np.mean([logit(score) for score in row]) for row in best_last.tolist()]
    return united


def _around(pixels: Pixels, seen: Rows) -> Scaled:
    """Return the part of a small picture in which something was seen, enlarged as far as the picture would be."""
    margin = (seen[:, 2:4].max(axis=1) * AROUND + AROUND_PX)[:, None]
    corner = (seen[:, :2] - margin).min(axis=0).tolist()
    opposite = (seen[:, :2] + seen[:, 2:4] + margin).max(axis=0).tolist()
    factor = min(ENLARGED_PX / max(pixels.shape[:2]), MOST_ENLARGED_ALONE)
    return enlarged(pixels, factor, (*corner, *opposite))


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


def _reduced(pixels: Pixels, long_side_px: int) -> Scaled:
    return tensor(fitted(pixels, long_side_px), pixels.shape)


def _view(part: Pixels) -> Scaled:
    return tensor(part, part.shape)


def _twice(part: Pixels) -> Rows:
    return _small(yunet(doubled(part), PROPOSED_IN_TILE))


def _small(rows: Rows) -> Rows:
    kept: Rows = rows[rows[:, 2:4].max(axis=1, initial=0.0) <= LARGEST_IN_TILE_PX]
    return kept


def _faint(pixels: Pixels, covered: Pixels) -> Rows:
    """Return what CenterFace proposes in tiles as they are, and what both networks say of it at a second look."""
    rows = _in_tiles(
        pixels, covered, LARGE_TILE_PX, lambda part: _small(centerface(_view(part), PROPOSED_IN_TILE))
    )
    faint = _candidates(rows[:MOST_TILE_LOOKS], FAINT)
    if len(faint):
        faint[:, CENTERFACE] = faint[:, YUNET]
        faint[:, AGREED] = [logit(score) for score in second_look(pixels, faint, CLOSE).tolist()]
        faint[:, YUNET] = second_look_of_yunet(pixels, faint, CLOSE)
    return faint


def _covered(pixels: Pixels) -> Pixels:
    """Return the picture, reduced until the most tiles cover it."""
    long_side = max(pixels.shape[:2])
    while (
        len(_corners([side * long_side // max(pixels.shape[:2]) for side in pixels.shape[:2]], TILE_PX))
        > MOST_TILES
    ):
        long_side = long_side * 9 // 10
    return fitted(pixels, long_side)


def _in_tiles(pixels: Pixels, reduced: Pixels, side_px: int, look: Callable[[Pixels], Rows]) -> Rows:
    """Return what is seen in squares that cover a reduced picture, in the coordinates of the whole one."""
    seen = [EMPTY]
    for top, left in _corners(reduced.shape, side_px):
        part = reduced[top : top + side_px, left : left + side_px]
        if min(part.shape[:2]) > 1:
            seen.append(moved(look(part), left, top))
    rows = suppress(np.concatenate(seen))
    along_x, along_y = pixels.shape[1] / reduced.shape[1], pixels.shape[0] / reduced.shape[0]
    rows[:, 0:4:2] *= along_x
    rows[:, 1:4:2] *= along_y
    rows[:, 5::2] *= along_x
    rows[:, 6::2] *= along_y
    return rows


def _corners(shape: Sequence[int], side_px: int) -> list[tuple[int, int]]:
    """Return top and left of the squares; the last of a row or column adds at least what overlaps."""
    step = side_px - OVERLAP_PX
    tops, lefts = (range(0, max(1, side - OVERLAP_PX), step) for side in shape[:2])
    return [(top, left) for top in tops for left in lefts]


def _candidates(rows: Rows, how: float) -> Rows:
    more = np.full((len(rows), WIDTH - COLUMNS), np.nan, np.float32)
    more[:, HOW - COLUMNS] = how
    return np.concatenate([rows, more], axis=1)


def _with(rows: Rows, finer: Rows) -> Rows:
    """Add what a larger size shows. Of two boxes of one face the surer is kept: it fits better, too."""
    return suppress(np.concatenate([rows, _candidates(finer, FINE)]))


def _with_large(pixels: Pixels, first: Rows) -> Rows:
    """Return what CenterFace sees in a large picture, and of the first look what it does not see, or not whole."""
    view = fitted(pixels, LARGE_VIEW_PX)
    rows = _candidates(
        _in_tiles(pixels, view, VIEW_TILE_PX, lambda part: centerface(_view(part), PROPOSED_IN_LARGE)), LARGE
    )
    rows[:, CENTERFACE], rows[:, YUNET] = rows[:, YUNET], np.nan
    doubtful = np.nonzero(rows[:, CENTERFACE] < SURE[LARGE])[0][:MOST_LOOKS]
    rows[doubtful, YUNET] = second_look_of_yunet(pixels, rows[doubtful])
    share = overlap(first, rows)
    sure = first[:, YUNET] >= SURE[FIRST]
    better = first[:, 2:4].max(axis=1, initial=0.0) >= LARGE_PX * max(pixels.shape) / BASE_PX
    better |= sure & _is_cut(first[:, :4] * (max(view.shape) / max(pixels.shape)), view)
    kept = better | (sure & (share.max(axis=1, initial=0.0) < SAME_FACE))
    free = share[better].max(axis=0, initial=0.0) < SAME_LARGE
    return np.concatenate([first[kept], rows[free]])


def _is_cut(boxes: Rows, view: Pixels) -> NDArray[np.bool_]:
    """Return which boxes no tile of the view shows whole."""
    corners = np.array(_corners(view.shape, VIEW_TILE_PX), np.float32)
    height, width = view.shape[:2]
    low = np.maximum(boxes[:, None, 1::-1], 0) >= corners
    ends = np.minimum(boxes[:, None, :2] + boxes[:, None, 2:4], (width, height))[..., ::-1]
    cut: NDArray[np.bool_] = ~(low & (ends <= corners + VIEW_TILE_PX)).all(axis=2).any(axis=1)
    return cut


def _looked_at(pixels: Pixels, rows: Rows, doubtful: NDArray[np.bool_], most: int, face_px: int) -> Rows:
    which = np.nonzero(doubtful)[0]
    which = which[np.argsort(-rows[which, YUNET], kind="stable")][:most]
    if len(which):
        rows[which, CENTERFACE] = second_look(pixels, rows[which], face_px)
    return rows
