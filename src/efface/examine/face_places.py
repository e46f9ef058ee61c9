"""Cut faces out of the pictures of an artefact, at places that are known, whether or not a face is still seen there.

The walk is that of a scan, so that a place in a member of an archive or an image of a PDF is found again by its
locator. Nothing is kept but squares of pixels, in memory.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.detectors.face_image import PAGED, TYPES
from efface.engines import pictures
from efface.engines.face_finder import FaceFinder
from efface.engines.face_square import is_covered, points_in, square
from efface.examine.examiner import Examiner
from efface.model import Characteristic, Form, Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from efface.engines.face_square import Pixels, Points
    from efface.engines.pictures import Frame
    from efface.model import Artefact, Box, Finding, Gap, Limits, Part, Payload, Surroundings

    _Look = Callable[[Finding, Box, Frame], None]

__all__ = ["FacePlace", "are_faces", "faces_in", "squares_at"]

_FRAMES = 16
"""Frames of an animation that are searched for the one in which a face shows best."""


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
    points: Points


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
        score, points = points_in(finder, frame, _area(box))
        if score > best.get(finding.id, -1.0):
            best[finding.id] = score
            found[finding.id] = FacePlace(frame.index, frame.hidden, points), square(frame, points)

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
            covered = is_covered(frame, _area(box))
            found[finding.id] = None if covered else square(frame, place.points)

    _walk(part, [each for each in findings if each.id in places], limits, look)
    return found


def _area(box: Box) -> tuple[int, int, int, int]:
    return box.x, box.y, box.width, box.height


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
