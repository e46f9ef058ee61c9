"""Find faces in pictures: every frame and page, in coordinates as displayed.

Source: ISO/IEC 2382-37, 37.03.18 (sample); networks and figures in docs/detectors.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from efface.detectors import portrait
from efface.detectors.level import level_of
from efface.detectors.mosaic import LEAST_PX, has_mosaic
from efface.engines import pictures
from efface.errors import FormatError
from efface.model import Box, Characteristic, Clue, Finding, Form, Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.engines.face_finder import Face, FaceFinder
    from efface.engines.pictures import Frame
    from efface.model import Artefact, Gap, Limits, Payload, Surroundings

__all__ = ["PAGED", "TYPES", "FaceImage"]

TYPES = frozenset(
    {
        "image/jpeg",
        "image/png",
        "image/gif",
        "image/webp",
        "image/tiff",
        "image/bmp",
        "image/avif",
        "image/heic",
        "image/heif",
        "image/vnd.adobe.photoshop",
        "application/dicom",
        "image/vnd.microsoft.icon",
        "image/jp2",
        "image/jpx",
        "image/x-portable-anymap",
        "image/x-portable-pixmap",
        "image/x-portable-graymap",
        "image/x-portable-bitmap",
    }
)
PAGED = frozenset({"image/tiff", "image/vnd.microsoft.icon", "image/vnd.adobe.photoshop"})
"""Kinds whose frames are pages with pictures of their own, rather than one picture in motion."""

_WHOLE_PIXELS = 64_000_000
"""A larger picture is not decoded whole to tell a mosaic, and none is in `fast`."""

_SAME_PLACE = 0.3
"""Intersection over union from which boxes in two frames of an animation are taken for one face."""


@dataclass(slots=True)
class _Sighting:
    """One face over the frames in which it is seen."""

    box: tuple[float, float, float, float]
    best: Face
    last: tuple[float, float, float, float]
    frames: list[int] = field(default_factory=list)
    hidden: bool = False


class FaceImage:
    """Faces as `sample` findings with a box; level by what stands beside the picture.

    In an animation one face is one finding whose box covers all its frames; a page of a TIFF or an icon
    is a picture of its own.

    Not promised: faces smaller than the networks see (docs/detectors.md states recall by size), faces
    from behind, drawings.
    """

    name = "face-image"
    version = 6

    def __init__(self) -> None:
        self._finders: dict[str, FaceFinder] = {}

    def accepts(self, media_type: str) -> bool:
        """Return whether it is a picture that this installation decodes."""
        return media_type in TYPES

    def detect(
        self, artefact: Artefact, payload: Payload, surroundings: Surroundings, mode: Mode, limits: Limits
    ) -> Iterator[Finding | Gap]:
        """Yield one finding for each face; FormatError after the frames before a break."""
        finder = self._finder(mode)
        paged = artefact.media_type in PAGED
        sightings: list[_Sighting] = []
        pages: list[tuple[int, list[_Sighting], Frame]] = []
        data, frame = payload.read(), None
        try:
            for frame in pictures.frames(data, limits=limits, long_side_px=finder.long_side_px):
                if paged:
                    sightings = []
                    pages.append((frame.index + 1, sightings, frame))
                _see(sightings, finder.find(frame.pixels), frame)
        finally:
            # What was seen before a broken frame is a finding all the same.
            if frame is not None:
                several = len({page for page, _, _ in pages}) > 1
                found = [
                    (page, seen, shown, _unreduced(shown, seen, data, mode, limits))
                    for page, seen, shown in (pages if paged else [(1, sightings, frame)])
                ]
                yield from self._findings(artefact, surroundings, found, several=several)

    def _finder(self, mode: Mode) -> FaceFinder:
        if mode not in self._finders:
            from efface.engines.face_finder import FaceFinder  # noqa: PLC0415 - loads the networks

            self._finders[mode] = FaceFinder(mode)
        return self._finders[mode]

    def _findings(
        self,
        artefact: Artefact,
        surroundings: Surroundings,
        found: list[tuple[int, list[_Sighting], Frame, Frame | None]],
        *,
        several: bool,
    ) -> Iterator[Finding]:
        for page, sightings, frame, unreduced in found:
            for seen in sightings:
                shown = portrait.look(seen.best, [other.best for other in sightings], frame)
                level, reasons = level_of(
                    surroundings, form=Form.SAMPLE, portrait=shown.is_portrait, aligned=shown.is_aligned
                )
                box = _displayed(seen.box, frame)
                yield Finding(
                    f"{self.name}@{self.version}",
                    Form.SAMPLE,
                    Characteristic.FACE,
                    artefact.locator.at_box(box, page=page if several else None),
                    round(seen.best.confidence, 3),
                    1,
                    level,
                    (*_clues(seen, frame, box, unreduced), *shown.clues, *reasons),
                )


def _see(sightings: list[_Sighting], faces: list[Face], frame: Frame) -> None:
    """Add the faces of one frame to what was seen before."""
    for face in faces:
        x, y, width, height = (value * frame.scale for value in face.box)
        box = (x, y, x + width, y + height)
        same = max(sightings, key=lambda seen: _overlap(seen.last, box), default=None)
        if same is None or _overlap(same.last, box) < _SAME_PLACE:
            sightings.append(_Sighting(box, face, box, [frame.index], frame.hidden))
            continue
        same.box = (
            min(same.box[0], box[0]),
            min(same.box[1], box[1]),
            max(same.box[2], box[2]),
            max(same.box[3], box[3]),
        )
        same.last = box
        same.hidden = same.hidden and frame.hidden
        if frame.index not in same.frames:
            same.frames.append(frame.index)
        if face.confidence > same.best.confidence:
            same.best = face


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / (_area(one) + _area(other) - both)


def _area(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _displayed(box: tuple[float, float, float, float], frame: Frame) -> Box:
    """Return the box in whole pixels, outward, inside the picture."""
    left, top = max(0, int(box[0])), max(0, int(box[1]))
    right, bottom = min(frame.width_px, int(box[2]) + 1), min(frame.height_px, int(box[3]) + 1)
    return Box(left, top, max(1, right - left), max(1, bottom - top))


def _unreduced(frame: Frame, seen: list[_Sighting], data: bytes, mode: Mode, limits: Limits) -> Frame | None:
    """Return the picture as it is, for a mosaic to be told; None where it costs too much or no face is large."""
    if frame.scale == 1.0:
        return frame
    longest = max((max(x2 - x1, y2 - y1) for x1, y1, x2, y2 in (each.box for each in seen)), default=0.0)
    if mode is Mode.FAST or longest < LEAST_PX:
        return None
    smaller = replace(limits, picture_pixels=min(limits.picture_pixels, _WHOLE_PIXELS))
    try:
        return next(pictures.frames(data, limits=smaller), None)
    except (FormatError, MemoryError):  # it was decoded smaller: what was found there stays found
        return None


def _clues(seen: _Sighting, frame: Frame, box: Box, unreduced: Frame | None) -> Iterator[Clue]:
    yield Clue("face_px", str(max(box.width, box.height)))
    yield Clue("picture_px", f"{frame.width_px}x{frame.height_px}")
    yield Clue("networks", seen.best.networks, 0.2 if "+" in seen.best.networks else 0.0)
    if len(seen.frames) > 1:
        yield Clue("frames", str(len(seen.frames)))
    if seen.hidden:
        yield Clue("hidden_by_alpha", "yes")
    if unreduced is not None and has_mosaic(unreduced, box):
        yield Clue("mosaic", "yes")
