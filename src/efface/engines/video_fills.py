"""What is to be filled in one stream, frame by frame, and whether a frame is.

A mark is where and when a scan saw a face. What is followed through the frames and touches a mark is the face that
was meant. Where everything that was found is meant, every face that is seen is covered, also one that the scan passed
over; else a face of more than a second that touches no mark was found by the scan as well, and stays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.engines.face_tracks import Sighting, overlap
from efface.engines.repaint_region import PageBox, regions
from efface.engines.video_faces import HELD_S, paths, watch
from efface.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.engines.face_tracks import Box
    from efface.engines.video import Shot
    from efface.engines.video_faces import Eyes, Path

__all__ = ["Fills", "Mark"]

_NEAR_S = 0.06  # times of marks are rounded to hundredths, and of clips joined without care to less
_TOUCHES = 0.2  # intersection over union of a path with a mark
_PASSED_OVER_S = 1.0  # a face that is seen for less may lie between the frames that a scan looked at
_RIM_PX, _DARK = 8, 48  # what a coding with loss may leave at the edge of a fill, and in it, of 255


@dataclass(frozen=True, slots=True)
class Mark:
    """A face that is to go.

    Attributes:
        begin_s: From when, in seconds from the start of the stream.
        end_s: Until when.
        box: Where; x, y, width, height in displayed pixels.
        sightings: Times and boxes at which a scan saw it; empty where only the box is known.
    """

    begin_s: float
    end_s: float
    box: Box
    sightings: tuple[tuple[float, Box], ...] = ()

    def at(self, time_s: float) -> list[Box]:
        """Return the boxes that a scan saw in a frame at a time."""
        if not self.sightings:
            return [self.box] if self.begin_s - _NEAR_S <= time_s <= self.end_s + _NEAR_S else []
        return [box for seen_s, box in self.sightings if abs(seen_s - time_s) <= _NEAR_S]

    def around(self, time_s: float) -> list[Box]:
        """Return every box that it was seen in, while it was or may have been there."""
        if not self.begin_s - HELD_S <= time_s <= self.end_s + HELD_S:
            return []
        return [self.box, *(box for _, box in self.sightings)]


class Fills:
    """The boxes of one stream.

    Args:
        data: The recording.
        index: Number of the stream.
        marks: The faces that are to go.
        is_all: Whether they are all that was found in the stream.
        eyes: What looks.

    Raises:
        FormatError: A frame cannot be decoded.
    """

    def __init__(self, data: bytes, index: int, marks: Sequence[Mark], eyes: Eyes, *, is_all: bool) -> None:
        self._index, self._marks, self._eyes, self._is_all = index, marks, eyes, is_all
        self._at: list[tuple[int, Mark, Box]] = []
        self._open = 0
        self._seen = watch(data, index, eyes, self._look_at_marks)
        if {mark for _, mark, _ in self._at} != set(marks):
            raise FormatError("it is another recording than was looked at: a face lies beside its frames")
        self._plan()

    @property
    def is_done(self) -> bool:
        """Whether all of it was filled before, so that nothing is to be written again."""
        return not self._paths and not self._open

    def boxes(self, frame: int) -> list[PageBox]:
        """Return what to fill in a frame, in displayed coordinates, without any margin."""
        time_s = self._seen.times[frame]
        found = [box for mark in self._marks for box in mark.at(time_s)]
        found += [box for mark in self._unseen for box in mark.around(time_s)]
        found += [box for path in self._paths if (box := path.box(frame)) is not None]
        return [_outward(box) for box in found]

    def check(self, result: bytes) -> int:
        """Look at every frame of a result, and return in how many a face shows or a fill is missing.

        What shows is taken into the plan, for another try.

        Raises:
            FormatError: A frame cannot be decoded, or there are more or fewer of them.
        """
        open_frames: set[int] = set()

        def look(number: int, shot: Shot) -> None:
            if number < len(self._seen.times) and not _is_filled(shot, self.boxes(number)):
                open_frames.add(number)

        left = watch(result, self._index, self._eyes, look)
        if len(left.times) != len(self._seen.times):
            raise FormatError("the result has another number of frames than the recording")
        for number, sightings in left.faces.items():
            new = [each for each in sightings if not self._stays(number, each.box)]
            if new:
                open_frames.add(number)
                now = self._seen.clock[number]
                known = self._seen.faces.setdefault(number, [])
                known += [Sighting(now, each.box, each.face) for each in new]
        self._plan()
        return len(open_frames)

    def _look_at_marks(self, number: int, shot: Shot) -> None:
        here = [(mark, box) for mark in self._marks for box in mark.at(shot.time_s)]
        self._at += [(number, mark, box) for mark, box in here]
        self._open += not _is_filled(shot, [_outward(box) for _, box in here])

    def _plan(self) -> None:
        self._paths: list[Path] = []
        self._others: list[Path] = []
        touched: set[Mark] = set()
        for path in paths(self._seen):
            meant = {mark for number, mark, box in self._at if _touches(path.box(number), box)}
            touched |= meant
            is_due = self._is_all or meant or path.seconds < _PASSED_OVER_S
            (self._paths if is_due else self._others).append(path)
        self._unseen = [mark for mark in self._marks if mark not in touched]

    def _stays(self, number: int, box: Box) -> bool:
        return any(_touches(path.box(number), box) for path in self._others)


def _touches(one: Box | None, other: Box) -> bool:
    return one is not None and overlap(one, other) >= _TOUCHES


def _outward(box: Box) -> PageBox:
    left, top = math.floor(box[0]), math.floor(box[1])
    return PageBox(None, left, top, math.ceil(box[0] + box[2]) - left, math.ceil(box[1] + box[3]) - top)


def _is_filled(shot: Shot, boxes: Sequence[PageBox]) -> bool:
    """Return whether a frame is dark and flat under every box and its margin, but for the rim."""
    height, width = shot.pixels.shape[:2]
    for region in regions(boxes, (width, height)):
        inner = region.inset(_RIM_PX, width, height)
        if inner and shot.pixels[inner.top : inner.bottom, inner.left : inner.right].max() > _DARK:
            return False
    return True
