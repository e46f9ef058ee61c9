"""Run YuNet and CenterFace and turn their outputs into rows of candidates.

Source: YuNet (Wu et al., Machine Intelligence Research, 2023) and the decoding of its published file:
anchor-free, strides 8, 16 and 32, score = sqrt(class x objectness). CenterFace (Xu et al., 2019): a heat map at
stride 4 with log sizes, offsets and landmarks relative to the box.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from efface.engines import network
from efface.engines.face_boxes import COLUMNS, EMPTY, moved, suppress
from efface.engines.face_input import Scaled, crops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.float32]

__all__ = ["CLOSE", "GLANCE", "PORTRAIT", "centerface", "second_look", "second_look_of_yunet", "yunet"]

_YUNET_STRIDES = (8, 16, 32)
_CENTERFACE_STRIDE = 4
_LARGEST_LOG = 8.0  # exp(8) times the stride is larger than any input; more would overflow

GLANCE, CLOSE, PORTRAIT = 32, 48, 64
"""Lengths to which a candidate is brought in a crop of twice that side. Of CenterFace a glance is as good on faces of
ordinary size at half the cost; a close look separates better among faces of a dozen pixels. YuNet, which costs little,
separates best at the largest."""
_LOOKS_AT_ONCE = 64  # crops in one run, which bounds its memory
_LOOK_FLOOR = 0.02  # the weakest peak that is read off a crop
_LOOK_CENTRE = 0.35  # how far from the middle a confirming face may lie, in lengths of the box
_LOOK_SIZES = (0.5, 2.0)  # how large it may be, in lengths of the box


def yunet(picture: Scaled, at_least: float) -> Rows:
    """Return YuNet's candidates of at least a score, one a face, in array coordinates."""
    outputs = network.load("yunet").run(picture.tensor)
    columns = picture.tensor.shape[3]
    levels = [
        _yunet_level([outputs[level + 3 * kind][0] for kind in range(4)], stride, columns, at_least)
        for level, stride in enumerate(_YUNET_STRIDES)
    ]
    seen = [level for level in levels if len(level)]
    return _in_array(suppress(np.concatenate(seen)), picture) if seen else EMPTY


def _yunet_level(outputs: list[Rows], stride: int, columns: int, at_least: float) -> Rows:
    score = outputs[0][:, 0] * outputs[1][:, 0]
    kept = np.nonzero(score >= at_least * at_least)[0]
    if not len(kept):
        return EMPTY
    cell = np.stack([kept % (columns // stride), kept // (columns // stride)], axis=1).astype(np.float32)
    box, marks = outputs[2][kept], outputs[3][kept]
    rows = np.empty((len(kept), COLUMNS), np.float32)
    rows[:, 2:4] = np.exp(np.minimum(box[:, 2:4], _LARGEST_LOG)) * stride
    rows[:, :2] = (cell + box[:, :2]) * stride - rows[:, 2:4] / 2
    rows[:, 4] = np.sqrt(score[kept])
    rows[:, 5:] = (marks + np.tile(cell, 5)) * stride
    return rows


def centerface(picture: Scaled, at_least: float) -> Rows:
    """Return CenterFace's candidates of at least a score, one a face, in array coordinates."""
    planes = np.ascontiguousarray(picture.tensor[:, ::-1])  # this network was trained on red, green, blue
    outputs = network.load("centerface").run(planes)
    return _in_array(suppress(_centerface_rows([output[0] for output in outputs], at_least)), picture)


def _centerface_rows(outputs: list[Rows], at_least: float) -> Rows:
    heat, sizes, offsets, marks = outputs
    at_y, at_x = np.nonzero(heat[0] >= at_least)
    if not len(at_y):
        return EMPTY
    rows = np.empty((len(at_y), COLUMNS), np.float32)
    log_h, log_w = np.minimum(sizes[:, at_y, at_x], _LARGEST_LOG)
    rows[:, 2], rows[:, 3] = np.exp(log_w) * _CENTERFACE_STRIDE, np.exp(log_h) * _CENTERFACE_STRIDE
    rows[:, 0] = (at_x + offsets[1, at_y, at_x] + 0.5) * _CENTERFACE_STRIDE - rows[:, 2] / 2
    rows[:, 1] = (at_y + offsets[0, at_y, at_x] + 0.5) * _CENTERFACE_STRIDE - rows[:, 3] / 2
    rows[:, 4] = heat[0, at_y, at_x]
    points = marks[:, at_y, at_x].T
    rows[:, 5::2] = points[:, 1::2] * rows[:, 2:3] + rows[:, 0:1]
    rows[:, 6::2] = points[:, 0::2] * rows[:, 3:4] + rows[:, 1:2]
    return rows


def second_look(pixels: NDArray[np.uint8], rows: Rows, face_px: int = GLANCE) -> Rows:
    """Return CenterFace's score of a face of fitting size in the middle of a crop around each row's box."""
    scores = []
    for start in range(0, len(rows), _LOOKS_AT_ONCE):
        part = rows[start : start + _LOOKS_AT_ONCE]
        squares = crops(pixels, part, face_px=face_px, side_px=2 * face_px)
        outputs = network.load("centerface").run(squares)
        for index in range(len(part)):
            seen = _centerface_rows([output[index] for output in outputs], _LOOK_FLOOR)
            scores.append(_middle(seen, face_px))
    return np.array(scores, np.float32)


def second_look_of_yunet(pixels: NDArray[np.uint8], rows: Rows, face_px: int = PORTRAIT) -> Rows:
    """Return YuNet's score of a face of fitting size in the middle of a crop around each row's box."""
    scores = []
    for square in crops(pixels, rows, face_px=face_px, side_px=2 * face_px):  # its file takes one at a time
        seen = yunet(Scaled(np.ascontiguousarray(square[None, ::-1]), (1.0, 1.0)), _LOOK_FLOOR)
        scores.append(_middle(seen, face_px))
    return np.array(scores, np.float32)


def _middle(rows: Rows, face_px: int) -> float:
    middles = rows[:, :2] + rows[:, 2:4] / 2 - face_px
    length = rows[:, 2:4].max(axis=1, initial=0) / face_px
    near = np.abs(middles).max(axis=1, initial=0) < _LOOK_CENTRE * face_px
    fits = near & (length > _LOOK_SIZES[0]) & (length < _LOOK_SIZES[1])
    return float(rows[fits, 4].max(initial=0.0))


def _in_array(rows: Rows, picture: Scaled) -> Rows:
    along_x, along_y = picture.factor
    rows[:, 0:4:2] /= along_x
    rows[:, 1:4:2] /= along_y
    rows[:, 5::2] /= along_x
    rows[:, 6::2] /= along_y
    return moved(rows, *picture.shift)
