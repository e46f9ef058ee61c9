"""What many vectors of one place are like together.

Sources: published dimensions of face networks (deepface's configuration, InsightFace, dlib).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from efface.detectors import vector_maker
from efface.formats.vector_rows import look_at, pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from efface.detectors.vector_maker import Maker
    from efface.formats.vector_rows import Tested
    from efface.formats.vectors import Vector

__all__ = ["FACE_DIMENSIONS", "VectorColumn"]

FACE_DIMENSIONS = frozenset({128, 160, 256, 512, 1024, 2048, 2622, 4096})
"""Dimensions of known face networks: dlib, FaceNet, SFace, OpenFace 128; DeepID 160; ArcSoft, MobileFace 256;
ArcFace, FaceNet 512; FaceRes 1024; VGG-Face 2622 and 4096."""

_MADE_BY = 0.2  # share of vectors that are like one network's; of others none is (docs/detectors.md)
_REFUSED_ROWS = 5
_EVERY = 8  # of many rows every eighth is sorted, and all where one of those fails


@dataclass(slots=True)
class VectorColumn:
    """A running summary of vectors, of constant size; the vectors themselves are not kept."""

    dimensions: Counter[int] = field(default_factory=Counter)
    encodings: Counter[tuple[str, ...]] = field(default_factory=Counter)
    count: int = 0
    units: int = 0
    exact: int = 0
    makers: Counter[str] = field(default_factory=Counter)
    _norms: float = 0.0
    _direction: NDArray[np.float64] | None = field(default=None, repr=False)
    _summed: int = 0

    def add(self, vector: Vector) -> None:
        """Take one vector into the summary."""
        self.add_tested(look_at(vector.values.reshape(1, -1)), vector.how)

    def add_block(self, rows: NDArray[Any], how: tuple[str, ...], *, thorough: bool = False) -> None:
        """Test many rows together, and take those that are vectors into the summary.

        Args:
            rows: Any type that `vector_rows.is_testable`, shape (n, dimension).
            how: How they were stored, from the outside in.
            thorough: Whether every row goes through every test, though its neighbours passed.
        """
        for piece in pieces(rows):
            self.add_tested(look_at(piece, every=1 if thorough else _EVERY), how)

    def add_tested(self, result: Tested, how: tuple[str, ...]) -> None:
        """Take the rows that passed the tests into the summary."""
        passed = int(np.count_nonzero(result.passed))
        if not passed:
            return
        numbers, norms = result.numbers, result.norms
        if passed < norms.shape[0]:
            numbers, norms = numbers[result.passed], norms[result.passed]
        self.count += passed
        self.dimensions[numbers.shape[1]] += passed
        self.encodings[how] += passed
        self.units += int(np.count_nonzero(result.units))
        self.exact += int(np.count_nonzero(result.exact & result.passed))
        self._norms += float(norms.sum(dtype=np.float64))
        self.makers.update(vector_maker.count_of_each(numbers, norms))
        self._add_directions((1.0 / norms) @ numbers, passed)

    def _add_directions(self, total: NDArray[Any], count: int) -> None:
        if self._direction is None:
            self._direction = total.astype(np.float64)
        elif self._direction.shape == total.shape:
            self._direction += total
        else:
            return
        self._summed += count

    @property
    def dimension(self) -> int:
        """The commonest dimension, or 0."""
        return self.dimensions.most_common(1)[0][0] if self.dimensions else 0

    @property
    def is_uniform(self) -> bool:
        """Whether nearly all vectors have the same dimension, as those of one network have."""
        return self.count > 0 and self.dimensions[self.dimension] >= 0.95 * self.count

    @property
    def unit_share(self) -> float:
        """Share of vectors of length 1."""
        return self.units / max(self.count, 1)

    @property
    def norm_mean(self) -> float:
        """Mean length of the vectors."""
        return self._norms / max(self.count, 1)

    @property
    def direction(self) -> float:
        """Length of the mean of the normalised vectors: 0 for all directions alike, 1 for one direction."""
        if self._direction is None:
            return 0.0
        return float(np.sqrt(np.dot(self._direction, self._direction))) / self._summed

    @property
    def maker(self) -> Maker | None:
        """The network that made at least a fifth of the vectors, as far as it is known."""
        name, count = max(self.makers.items(), key=itemgetter(1), default=("", 0))
        return vector_maker.makers()[name] if count >= max(1, _MADE_BY * self.count) else None

    @property
    def refused(self) -> Maker | None:
        """A network whose vectors these claim to be by dimension and length, and are not by direction."""
        claims = (
            maker
            for maker in vector_maker.makers().values()
            if maker.has_form(self.dimension, self.norm_mean)
        )
        return next(
            (maker for maker in claims if self.count >= _REFUSED_ROWS and not self.makers[maker.name]), None
        )
