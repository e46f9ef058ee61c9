"""Look at every frame of a recording, follow each face through it, and say what to cover in each frame.

Faces of single frames are joined to tracks. A track is then followed from both of its ends through candidates that
are no face by themselves: a head that turns away is still there. Where it is not seen for up to a second, it is
where it would be on its way; before its first and after its last sighting it is where it was, for half a second
each. A face in one frame only is a track like any other.

Source: Bewley et al., "Simple online and realtime tracking" (2016); Zhang et al., "ByteTrack" (2022), for weak
candidates that continue a track.
"""

from __future__ import annotations

import io
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from efface.engines import video
from efface.engines.face_tracks import Sighting, Tracks, overlap
from efface.errors import LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from efface.engines.face_finder import FaceFinder
    from efface.engines.face_tracks import Box, Track
    from efface.engines.video import Shot
    from efface.model.limits import Limits

__all__ = ["HELD_S", "Eyes", "Path", "Seen", "paths", "watch"]

HELD_S = 0.5
"""How long a face is covered before it is first and after it is last seen."""
_AROUND_S = (
    0.1  # boxes of one face that are covered together: they tremble, and a face may be ahead of its box
)
_FOLLOWED_S, _SAME = 0.2, 0.3  # longest time between two weak candidates of a track, and their least overlap
_NEW_SCENE_S = 2.0  # put between the frames of recordings that were joined, where the clock is set back
_MOST_BOXES = 20_000_000
_OFTEN = 10


@dataclass(slots=True)
class Seen:
    """What every frame of a stream shows.

    Attributes:
        times: Seconds from the start of the stream, for each frame.
        clock: The same, but never going back.
        faces: Faces by number of frame, counted from 0.
        doubtful: Candidates that are no face by themselves.
    """

    times: list[float] = field(default_factory=list)
    clock: list[float] = field(default_factory=list)
    faces: dict[int, list[Sighting]] = field(default_factory=dict)
    doubtful: dict[int, list[Sighting]] = field(default_factory=dict)

    def tick(self, time_s: float) -> float:
        """Take in the time of the next frame, and return what the clock says."""
        passed = time_s - self.times[-1] if self.times else 0.0
        now = (self.clock[-1] if self.clock else 0.0) + (passed if passed >= 0 else _NEW_SCENE_S)
        self.times.append(time_s)
        self.clock.append(now)
        return now


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Where one face is to be covered.

    Attributes:
        start: Number of the first frame.
        corners: Left, top, right, bottom in displayed pixels; shape (frames, 4).
        seconds: From the first to the last sighting.
    """

    start: int
    corners: NDArray[np.float32]
    seconds: float

    def box(self, frame: int) -> Box | None:
        """Return the box in a frame, or None outside its frames."""
        if not self.start <= frame < self.start + len(self.corners):
            return None
        left, top, right, bottom = (float(value) for value in self.corners[frame - self.start])
        return left, top, right - left, bottom - top


@dataclass(frozen=True, slots=True, eq=False)
class Eyes:
    """What looks at frames, and how.

    Attributes:
        finder: What looks.
        limits: Budgets; `picture_pixels` and `film_frames` are used.
        beat: Called every second or so.
    """

    finder: FaceFinder
    limits: Limits
    beat: Callable[[], None]


def watch(data: bytes, index: int, eyes: Eyes, each: Callable[[int, Shot], None]) -> Seen:
    """Look at every frame of a stream of a recording, by its number; `each` is called with frames and their numbers.

    Raises:
        FormatError: A frame cannot be decoded.
        LimitExceededError: A budget is exceeded.
    """
    seen = Seen()
    boxes = 0
    for number, shot in enumerate(_all_shots(data, index, eyes.limits)):
        if number % _OFTEN == 0:
            eyes.beat()
        now = seen.tick(shot.time_s)
        for found, where in zip(eyes.finder.look(shot.pixels), (seen.faces, seen.doubtful), strict=True):
            if found:
                where[number] = [Sighting(now, face.box, face) for face in found]
                boxes += len(found)
        if boxes > _MOST_BOXES:
            raise LimitExceededError(f"more than {_MOST_BOXES} faces in the frames of one stream")
        each(number, shot)
    return seen


def _all_shots(data: bytes, index: int, limits: Limits) -> Iterator[Shot]:
    """Yield every frame; the generator below it ends with an error where one could not be decoded."""
    for shot in video.shots(io.BytesIO(data), index, limits, video.Pace()):
        if shot is not None:
            yield shot


def paths(seen: Seen) -> list[Path]:
    """Return where each face is to be covered, in every frame from before it comes to after it goes."""
    tracks = Tracks(0.0, keep_all=True)
    for number, now in enumerate(seen.clock):
        tracks.see(now, seen.faces.get(number, ()))
    return [_path(_followed(track, seen), seen) for track in tracks.all()]


def _followed(track: Track, seen: Seen) -> list[Sighting]:
    """Return the sightings of a track with the weak ones before and after it, in their order."""
    first, last = (bisect_left(seen.clock, each.time_s) for each in (track.kept[0], track.kept[-1]))
    before = _onwards(track.kept[0], range(first - 1, -1, -1), seen)
    after = _onwards(track.kept[-1], range(last + 1, len(seen.clock)), seen)
    return [*reversed(before), *track.kept, *after]


def _onwards(begin: Sighting, frames: Iterable[int], seen: Seen) -> list[Sighting]:
    found: list[Sighting] = []
    now = begin
    for number in frames:
        if abs(seen.clock[number] - now.time_s) > _FOLLOWED_S:
            break
        near = max(seen.doubtful.get(number, ()), key=lambda each: overlap(each.box, now.box), default=None)
        if near is not None and overlap(near.box, now.box) >= _SAME:
            found.append(near)
            now = near
    return found


def _path(sightings: list[Sighting], seen: Seen) -> Path:
    """Return the boxes of a track in each frame: between sightings on a line, at the ends held."""
    begin_s, end_s = sightings[0].time_s, sightings[-1].time_s
    start = bisect_left(seen.clock, begin_s - HELD_S)
    stop = bisect_right(seen.clock, end_s + HELD_S)
    clock = np.array(seen.clock[start:stop])
    at = np.array([each.time_s for each in sightings])
    boxes = np.array([each.box for each in sightings], np.float64)
    boxes[:, 2:] += boxes[:, :2]
    line = np.stack([np.interp(clock, at, boxes[:, side]) for side in range(4)], axis=1)
    return Path(start, _together(line, clock), end_s - begin_s)


def _together(line: NDArray[np.float64], clock: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return for each frame what the boxes of the frames around it cover together."""
    lows = np.minimum(np.searchsorted(clock, clock - _AROUND_S), np.maximum(np.arange(len(clock)) - 1, 0))
    highs = np.maximum(np.searchsorted(clock, clock + _AROUND_S, "right"), np.arange(len(clock)) + 2)
    hull = np.empty(line.shape, np.float32)
    for number, (low, high) in enumerate(zip(lows, highs, strict=True)):
        around = line[low:high]
        hull[number, :2], hull[number, 2:] = around[:, :2].min(axis=0), around[:, 2:].max(axis=0)
    return hull
