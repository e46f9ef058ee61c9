"""Embed the photos beside vectors again, and tell how many of them gave one of the vectors.

The direction of vectors names their network (`vector_maker`); whether they were made from the very photos of the same
records is shown by making them again. It is a clue and decides nothing: a run finds the same with and without a
recogniser, which is optional. Templates stay in memory.

Not promised: photos that were cropped or changed since, and faces that the finder does not see, give no vector again.

Source: `engines/face_recogniser.py` (SAME_PICTURE, by `bench/reident.py`).
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from efface.detectors import vector_cells
from efface.errors import EffaceError
from efface.formats import sniff, unwrap
from efface.model import Clue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from efface.engines.face_finder import FaceFinder
    from efface.model import Column, Limits

    Templates = NDArray[np.float32]

__all__ = ["KIND", "embedded_again"]

KIND = "embedded_again"
_RECOGNISED = "dlib-resnet-128"
_PHOTOS = 8
_VALUES = 64  # of the fields beside, among which photos are looked for
_LEAST_BYTES = 500  # no smaller file shows a face
_VECTORS = 20_000


def embedded_again(column: Column, maker: str, limits: Limits) -> Clue | None:
    """Return how many of the photos beside give one of the vectors again; None where that cannot be tried.

    Args:
        column: Of vectors.
        maker: The network that their direction names.
        limits: For the decoding of photos.
    """
    from efface.engines import face_recogniser  # noqa: PLC0415 - loads the networks

    if column.beside is None or maker != _RECOGNISED or not face_recogniser.available():
        return None
    faces = list(islice(_faces(column.beside(), limits), _PHOTOS))
    if not faces:
        return None
    made = face_recogniser.templates(faces)
    lengths = np.linalg.norm(made, axis=1)
    stored = np.concatenate([np.empty((0, made.shape[1]), np.float32), *_directions(column, made.shape[1])])
    # Copies that were cut to length 1 or scaled keep the direction: each is compared at the template's own length.
    nearest = (made @ stored.T).max(axis=1, initial=-1.0) / lengths
    distance = lengths * np.sqrt(2 * np.clip(1 - nearest, 0, None))
    again = int(np.count_nonzero(distance <= face_recogniser.SAME_PICTURE[_RECOGNISED]))
    return Clue(KIND, f"{again} of {len(faces)}")


def _faces(values: Iterable[bytes | str], limits: Limits) -> Iterator[NDArray[np.uint8]]:
    """Yield the largest face of each photo, as the recogniser wants it."""
    from efface.engines import face_recogniser  # noqa: PLC0415 - loads the networks
    from efface.engines.face_finder import FaceFinder  # noqa: PLC0415 - as above

    finder: FaceFinder | None = None
    for value in islice((value for value in values if len(value) >= _LEAST_BYTES), _VALUES):
        for inner in unwrap.unwrap(value):
            if not sniff.media_type(inner.data[: sniff.HEAD_BYTES]).startswith("image/"):
                continue
            finder = finder or FaceFinder("standard")
            try:
                found = _largest(inner.data, finder, limits)
                if found is not None:
                    yield face_recogniser.aligned(*found)
            except EffaceError:
                continue  # a photo that cannot be looked at is a gap of its own field


def _largest(
    data: bytes, finder: FaceFinder, limits: Limits
) -> tuple[NDArray[np.uint8], tuple[tuple[float, float], ...]] | None:
    from efface.engines import pictures  # noqa: PLC0415 - needed for photos only

    pixels = next(pictures.frames(data, limits=limits, long_side_px=finder.long_side_px)).pixels
    faces = [face for face in finder.find(pixels) if face.landmarks is not None]
    best = max(faces, key=lambda face: face.box[2] * face.box[3], default=None)
    return None if best is None or best.landmarks is None else (pixels, best.landmarks)


def _directions(column: Column, dimension: int) -> Iterator[Templates]:
    """Yield the vectors of a column, cut to length 1."""
    left = _VECTORS
    for numbers in _numbers(column, dimension):
        rows = numbers[:left]
        left -= len(rows)
        yield rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-9))
        if not left:
            return


def _numbers(column: Column, dimension: int) -> Iterator[Templates]:
    for block in column.blocks() if column.blocks is not None else ():
        if block.dimension == dimension:
            yield np.frombuffer(block.data, np.dtype(block.dtype)).reshape(-1, dimension).astype(np.float32)
    for found in vector_cells.read(column.cells()):
        if found.rows is not None and found.rows.numbers.shape[1] == dimension:
            yield found.rows.numbers[found.rows.passed].astype(np.float32)
