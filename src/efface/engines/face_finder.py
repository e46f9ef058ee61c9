"""Find faces in a picture array with two networks that check each other.

`face_looks` says who looks at what in each mode, `face_confidence` what is made of it. What the choices give is
printed by `python bench/faces.py`.

Not promised: faces smaller than about 10 pixels in the sizes looked at, from behind, or wholly covered. Statues,
paintings and masks with a face are found as faces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from efface.engines import face_looks, network
from efface.engines.face_boxes import COLUMNS, suppress
from efface.engines.face_confidence import FAINT, HOW, LARGE, UNITED, YUNET, accepted, confidence, sees
from efface.errors import FormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Rows = NDArray[np.float32]

__all__ = ["CHIN", "SIDE", "Face", "FaceFinder", "candidates"]

SIDE, CHIN = 0.04, 0.10
"""How far a box is widened on both sides and below, in its width and height: the networks' boxes cut off ears and
chins, and a removal must cover them (docs/adr/0009)."""

_SIDE_OF_CENTERFACE, _CHIN_OF_CENTERFACE = 0.06, 0.14
"""The same for what CenterFace proposed: its boxes end earlier."""

_LOOKS = {"fast": face_looks.fast, "standard": face_looks.standard, "thorough": face_looks.thorough}
_DECODED_PX = {"fast": face_looks.BASE_PX, "standard": face_looks.LARGE_PICTURE_PX}


@dataclass(frozen=True, slots=True)
class Face:
    """A face in a picture array.

    Attributes:
        box: x, y, width, height in array pixels; may reach over the edge by what the network believes is there.
        confidence: 0 to 1; of faces given 0.8, about 80 % were labelled faces on the measuring set.
        landmarks: Five points x, y: right eye, left eye, nose, right and left corner of the mouth; or None.
        networks: Who sees it: `yunet`, `centerface` or `yunet+centerface`; empty when neither does by itself.
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
            larger ones at 1280 or 1500 pixels, too, and looks again at what is doubtful; `thorough` lets both
            networks propose in three sizes, and looks at tiles of large pictures at twice their size.

    Raises:
        UsageError: There is no such mode.
        UnsupportedError, EvidenceError: A network is missing or is not the locked one.
    """

    def __init__(self, mode: str = "standard") -> None:
        if mode not in _LOOKS:
            raise UsageError(f"no mode is called {mode!r}; known are {', '.join(_LOOKS)}")
        self.mode = str(mode)
        for name in self.digests:
            network.load(name)

    @property
    def long_side_px(self) -> int | None:
        """The long side that pictures may be decoded to without loss for this mode; None for all there is."""
        return _DECODED_PX.get(self.mode)

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
        return self.look(pixels)[0]

    def look(self, pixels: Pixels) -> tuple[list[Face], list[Face]]:
        """Return the faces, as `find` does, and the candidates that are none by themselves, the most certain first.

        Raises:
            FormatError: The array has another shape or dtype.
        """
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or 0 in pixels.shape:
            raise FormatError(f"expected uint8 (height, width, 3), got {pixels.dtype} {pixels.shape}")
        rows = candidates(pixels, self.mode).tolist()
        if not rows:
            return [], []
        sure, doubtful = (
            _one_each([_face(row, confidence(row)) for row in rows if accepted(row) == wanted])
            for wanted in (True, False)
        )
        return _surest_first(sure), _surest_first(doubtful)


def _surest_first(faces: list[Face]) -> list[Face]:
    return sorted(faces, key=lambda face: -face.confidence)


def candidates(pixels: Pixels, mode: str) -> Rows:
    """Return every candidate that a mode considers, accepted or not, with both networks' scores.

    For measuring and fitting; `FaceFinder.find` decides. Boxes are widened as those of faces.
    """
    rows = _LOOKS[mode](pixels)
    if not len(rows):
        return rows
    of_centerface = np.isin(rows[:, HOW], (UNITED, LARGE, FAINT))
    side = np.where(of_centerface, _SIDE_OF_CENTERFACE, SIDE)
    chin = np.where(of_centerface, _CHIN_OF_CENTERFACE, CHIN)
    width, height = rows[:, 2].copy(), rows[:, 3].copy()
    rows[:, 0] -= side * width
    rows[:, 2] += 2 * side * width
    rows[:, 3] += chin * height
    return rows


def _one_each(faces: list[Face]) -> list[Face]:
    """Return the most certain of faces that overlap: two ways of looking may have found the same."""
    rows = np.zeros((len(faces), COLUMNS), np.float32)
    for index, face in enumerate(faces):
        rows[index, :4], rows[index, YUNET], rows[index, -1] = face.box, face.confidence, index
    return [faces[int(index)] for index in suppress(rows)[:, -1]]


def _face(row: Sequence[float], sure: float) -> Face:
    points = row[5:COLUMNS]
    return Face(
        (row[0], row[1], row[2], row[3]), sure, tuple(zip(points[::2], points[1::2], strict=True)), sees(row)
    )
