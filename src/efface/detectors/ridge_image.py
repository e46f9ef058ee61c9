"""Find pictures of fingerprints and palm prints: grey pictures that show friction ridges.

Source: ISO/IEC 2382-37 (sample); ISO/IEC 19794-4 for such pictures in records, which have their own detector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from efface.detectors import ridges, vocabulary
from efface.detectors.face_image import TYPES
from efface.detectors.level import level_of
from efface.engines import pictures
from efface.model import Characteristic, Clue, Finding, Form, Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from efface.detectors.ridges import Ridges
    from efface.model import Artefact, Gap, Limits, Payload, Surroundings

__all__ = ["RidgeImage"]

_GREY = frozenset({"1", "L", "LA", "I", "I;16", "I;16B", "F"})
_KINDS = ("template", "sample", "store", "mention")
_NEAR = 3
_SMALLEST_PX = 96
_TILE_PX = 640  # a card of ten prints is looked at tile by tile
_TILES = 64
_COLOUR = 6  # mean difference of channels in what is grey all the same
_BY_RIDGES = 0.7  # measured on five generated prints only
_BY_NAME_TOO = 0.95


class RidgeImage:
    """One finding for a picture whose ridges pass the measure of `ridges`, whoever's they are.

    Pictures that are stored in colour are looked at only under a name that speaks of fingers or palms.

    Not promised: prints that are blurred, faint, smaller than 96 pixels or of less than about 300 points an
    inch; photos of fingers; what tells a finger from a palm but the name.
    """

    name = "ridge-image"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether it is a picture that this installation decodes."""
        return media_type in TYPES

    def detect(
        self, artefact: Artefact, payload: Payload, surroundings: Surroundings, mode: Mode, limits: Limits
    ) -> Iterator[Finding | Gap]:
        """Yield the one finding of a picture, or nothing; FormatError where it cannot be read."""
        word = _word(surroundings)
        if word is None and mode is Mode.FAST:
            return
        data = payload.read()
        if word is None and pictures.is_plainly_coloured(data):
            return
        info = pictures.probe(data)
        if min(info.width_px, info.height_px) < _SMALLEST_PX or (word is None and info.mode not in _GREY):
            return
        for frame in pictures.frames(data, limits=limits):
            grey = _grey(frame.pixels)
            found = None if grey is None else _best(grey)
            if found is not None:
                yield self._finding(artefact, surroundings, word, found)
                return

    def _finding(
        self, artefact: Artefact, surroundings: Surroundings, word: vocabulary.Match | None, found: Ridges
    ) -> Finding:
        level, why = level_of(surroundings, form=Form.SAMPLE)
        clues = (
            Clue("ridge_blocks", str(found.blocks)),
            Clue("ridge_share", f"{found.share:.2f}", found.share),
            Clue("ridge_distance_px", f"{found.length_px:.1f}"),
            *((Clue("outer_name", word.word, word.weight),) if word else ()),
            *why,
        )
        return Finding(
            f"{self.name}@{self.version}",
            Form.SAMPLE,
            word.characteristic if word else Characteristic.FINGERPRINT,
            artefact.locator,
            _BY_NAME_TOO if word else _BY_RIDGES,
            1,
            level,
            clues,
        )


def _word(surroundings: Surroundings) -> vocabulary.Match | None:
    names = surroundings.names[:_NEAR]
    found = (
        vocabulary.best(names, *_KINDS, characteristic=characteristic)
        for characteristic in (Characteristic.FINGERPRINT, Characteristic.PALM)
    )
    return next((word for word in found if word), None)


def _grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    red, green, blue = (pixels[..., channel] for channel in range(3))
    if np.abs(red[::8, ::8].astype(int) - blue[::8, ::8]).mean() > _COLOUR:
        return None
    return green


def _best(grey: NDArray[np.uint8]) -> Ridges | None:
    """Return the measure of the first tile that is a print."""
    height, width = grey.shape
    tiles = (
        grey[top : top + _TILE_PX, left : left + _TILE_PX]
        for top in range(0, height, _TILE_PX)
        for left in range(0, width, _TILE_PX)
    )
    for _, tile in zip(range(_TILES), tiles, strict=False):
        found = ridges.measure(tile)
        if found is not None and found.is_print:
            return found
    return None
