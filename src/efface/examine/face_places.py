"""Cut faces out of the pictures of an artefact, at places that are known, whether or not a face is still seen there.

The walk is that of a scan, so that a place in a member of an archive or an image of a PDF is found again by its
locator. Nothing is kept but squares of pixels, in memory.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from efface.detectors.face_image import PAGED, TYPES
from efface.engines import pictures
from efface.engines.face_finder import FaceFinder
from efface.engines.face_recogniser import aligned, is_flat, points_of_box
from efface.examine.examiner import Examiner
from efface.model import Characteristic, Form, Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from efface.engines.pictures import Frame
    from efface.model import Artefact, Box, Finding, Gap, Limits, Part, Payload, Surroundings

    Pixels = NDArray[np.uint8]
    _Look = Callable[[Finding, Box, Frame], None]

__all__ = ["FacePlace", "are_faces", "faces_in", "squares_at"]

_FRAMES = 16
"""Frames of an animation that are searched for the one in which a face shows best."""
_AROUND = 1.0  # of a box's longer side, on each side of it, for the network that finds the points


@dataclass(frozen=True, slots=True, eq=False)
class FacePlace:
    """Where a face is cut out.

    Attributes:
        frame: Number of the frame or page, from 0.
        hidden: Whether it is in the colours under the alpha channel.
        points: Its five points x, y in the picture as displayed.
    """

    frame: int
    hidden: bool
    points: NDArray[np.float64]


def are_faces(findings: Iterable[Finding]) -> list[Finding]:
    """Return those that are faces in pictures."""
    return [
        each for each in findings if each.form is Form.SAMPLE and each.characteristic is Characteristic.FACE
    ]


def faces_in(part: Part, findings: Sequence[Finding], limits: Limits) -> dict[str, tuple[FacePlace, Pixels]]:
    """Return the places of faces and the squares there, by the ids of their findings.

    Faces whose points the network no longer sees are cut out where the points lie in a box on average. Findings
    without a box, and those whose picture cannot be decoded, are left out.
    """
    finder = FaceFinder("fast")
    found: dict[str, tuple[FacePlace, Pixels]] = {}
    best: dict[str, float] = {}

    def look(finding: Finding, box: Box, frame: Frame) -> None:
        score, points = _points(finder, frame, box)
        if score > best.get(finding.id, -1.0):
            best[finding.id] = score
            found[finding.id] = FacePlace(frame.index, frame.hidden, points), _square(frame, points)

    _walk(part, findings, limits, look)
    return found


def squares_at(
    part: Part, findings: Sequence[Finding], places: Mapping[str, FacePlace], limits: Limits
) -> dict[str, Pixels | None]:
    """Return what is at places now, by the ids of the findings; a place without a picture is left out.

    None stands for a place that is of one colour in one and a half times the face's box: the least fill under which
    recognisers were at chance (docs/adr/0004), and nothing in it could tell one person from another.
    """
    found: dict[str, Pixels | None] = {}

    def look(finding: Finding, box: Box, frame: Frame) -> None:
        place = places[finding.id]
        if (place.frame, place.hidden) == (frame.index, frame.hidden):
            flat = is_flat(_cut(frame, box, max(box.width, box.height) / 4)[0])
            found[finding.id] = None if flat else _square(frame, place.points)

    _walk(part, [each for each in findings if each.id in places], limits, look)
    return found


def _points(finder: FaceFinder, frame: Frame, box: Box) -> tuple[float, NDArray[np.float64]]:
    """Return how sure a network is of the face in a box, 0 where it sees none, and the face's five points."""
    cut, corner = _cut(frame, box, _AROUND * max(box.width, box.height))
    faces = finder.find(np.ascontiguousarray(cut)) if cut.size else []
    nearest = max(faces, key=lambda face: _middle(face.box, box, corner, frame.scale), default=None)
    if nearest is None or nearest.landmarks is None or _middle(nearest.box, box, corner, frame.scale) <= 0:
        return 0.0, points_of_box((box.x, box.y, box.width, box.height))
    return nearest.confidence, (np.asarray(nearest.landmarks) + corner) * frame.scale


def _cut(frame: Frame, box: Box, around: float) -> tuple[Pixels, tuple[int, int]]:
    """Return a box with what is around it, and where its corner lies in the frame's array."""
    left, top = (max(0, int((at - around) / frame.scale)) for at in (box.x, box.y))
    right, bottom = (int((at + around) / frame.scale) + 1 for at in (box.x + box.width, box.y + box.height))
    return frame.pixels[top:bottom, left:right], (left, top)


def _middle(
    face: tuple[float, float, float, float], box: Box, corner: tuple[int, int], scale: float
) -> float:
    """Return how near the middle of a face is to that of a box: 1 in it, 0 and less outside the box."""
    x = (face[0] + face[2] / 2 + corner[0]) * scale - box.x
    y = (face[1] + face[3] / 2 + corner[1]) * scale - box.y
    return 1 - max(abs(2 * x / box.width - 1), abs(2 * y / box.height - 1))


def _square(frame: Frame, points: NDArray[np.float64]) -> Pixels:
    return aligned(frame.pixels, points / frame.scale)


def _walk(part: Part, findings: Sequence[Finding], limits: Limits, look: _Look) -> None:
    """Show every frame in which a finding may lie to `look`; what cannot be opened is left out."""
    eye = _Eye(findings, look)
    for _ in Examiner(Mode.THOROUGH, limits, detectors=[eye]).examine(part):
        if not eye.left:
            return


class _Eye:
    """A detector that finds nothing: it only looks at the places that it was given."""

    name = "face-places"
    version = 1

    def __init__(self, findings: Sequence[Finding], look: _Look) -> None:
        self._look = look
        self.left: defaultdict[tuple[str, ...], list[tuple[Finding, Box]]] = defaultdict(list)
        for finding in findings:
            if finding.locator.box is not None:
                self.left[finding.locator.path].append((finding, finding.locator.box))

    def accepts(self, media_type: str) -> bool:
        """Return whether it is a picture."""
        return media_type in TYPES

    def detect(
        self, artefact: Artefact, payload: Payload, surroundings: Surroundings, mode: Mode, limits: Limits
    ) -> Iterator[Finding | Gap]:
        """Look; yield nothing."""
        del surroundings, mode
        due = self.left.pop(artefact.locator.path, [])
        if not due:
            return
        paged = artefact.media_type in PAGED
        for frame in pictures.frames(payload.read(), limits=limits):
            if not paged and frame.index >= _FRAMES:
                return
            for finding, box in due:
                if not paged or frame.index + 1 == (finding.locator.page or 1):
                    self._look(finding, box, frame)
        yield from ()
