"""Turn what two networks said about one place into one confidence, and decide by it.

The coefficients are fitted on one half of the measuring photos and hold on the other half; print both with
`python bench/faces.py --calibrate`. Those of large pictures and of faint faces were fitted by hand on other pictures
(docs/adr/0009), and the command does not print them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from efface.engines.face_boxes import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.float32]

__all__ = [
    "AGREED",
    "ALONE",
    "CENTERFACE",
    "ENLARGED",
    "FAINT",
    "FINE",
    "FIRST",
    "HOW",
    "LARGE",
    "SURE",
    "TILE",
    "UNITED",
    "WIDTH",
    "YUNET",
    "accepted",
    "confidence",
    "kind",
    "logit",
    "sees",
]

YUNET, CENTERFACE, AGREED, HOW = 4, COLUMNS, COLUMNS + 1, COLUMNS + 2
"""Columns of a candidate: YuNet's best score and CenterFace's (NaN: it did not look), the mean of CenterFace's
logits over the three sizes that speak most for a face (in a tile, of its second look), and how the candidate was
found."""
WIDTH = COLUMNS + 3

ALONE, FIRST, FINE, ENLARGED, TILE, UNITED, LARGE, FAINT = (float(how) for how in range(8))
"""How a candidate was found: by YuNet in `fast`; in the first look; only in the larger size; in a small picture
that was enlarged; in a tile; by both networks in every size; by CenterFace in a large picture; by CenterFace in a
tile."""

SURE = {ALONE: 0.60, FIRST: 0.70, FINE: 0.75, ENLARGED: 0.70, TILE: 1.01, LARGE: 0.50}
"""The proposing network's score that needs no second look. In tiles everything is looked at twice: there are a
hundred of them."""

_LEAST = {
    ALONE: 0.0,
    FIRST: 0.25,
    FINE: 0.25,
    ENLARGED: 0.09,
    TILE: 0.35,
    UNITED: 0.14,
    LARGE: 0.22,
    FAINT: 0.56,
}
"""Confidence from which a candidate is a face. Small pictures are blurred, so that true faces score low; a large one
has hundreds of tiles, so that each must be surer."""

# Confidence = 1 / (1 + exp(-(a + b logit(YuNet) + c logit(CenterFace) + d mean logit))) by who looked.
_YUNET_ONLY = (-3.02, 2.91, 0.0, 0.0)
_SECOND_LOOK = (-0.77, 1.12, 0.78, 0.0)
_UNION = (
    -0.05,
    0.0,
    1.48,
    0.80,
)  # here YuNet adds boxes and landmarks, no evidence: its coefficient comes out below 0
_LARGE = (0.80, 0.35, 1.98, 0.0)
_FAINT = (1.17, 0.79, 0.79, 0.79)

_SEEN = 0.30  # score from which a network is named as one that sees the face


def kind(row: Sequence[float]) -> str:
    """Return what a candidate's confidence rests on: `yunet-only`, `second-look`, `union`, `large` or `faint`."""
    if row[HOW] in _KINDS:
        return _KINDS[row[HOW]]
    return "yunet-only" if math.isnan(row[CENTERFACE]) else "second-look"


_KINDS = {UNITED: "union", LARGE: "large", FAINT: "faint"}
_COEFFICIENTS = {
    "yunet-only": _YUNET_ONLY,
    "second-look": _SECOND_LOOK,
    "union": _UNION,
    "large": _LARGE,
    "faint": _FAINT,
}


def confidence(row: Sequence[float]) -> float:
    """Return a candidate's calibrated confidence."""
    a, b, c, d = _COEFFICIENTS[kind(row)]
    evidence = a + b * logit(row[YUNET]) + c * logit(row[CENTERFACE]) + (d * row[AGREED] if d else 0.0)
    return 1.0 / (1.0 + math.exp(-evidence))


def accepted(row: Sequence[float]) -> bool:
    """Return whether a candidate's scores make it a face."""
    if kind(row) == "yunet-only":
        return row[YUNET] >= SURE[row[HOW]]
    return confidence(row) >= _LEAST[row[HOW]]


def sees(row: Sequence[float]) -> str:
    """Return the names of the networks that see the face by themselves, joined by `+`."""
    scores = (("yunet", row[YUNET]), ("centerface", row[CENTERFACE]))
    return "+".join(name for name, score in scores if score >= _SEEN)


def logit(score: float) -> float:
    """Return the log odds of a score, kept between 0.01 and 0.99; 0 for NaN."""
    if math.isnan(score):
        return 0.0
    bounded = min(max(score, 0.01), 0.99)
    return math.log(bounded / (1.0 - bounded))
