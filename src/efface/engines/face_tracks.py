"""Join the faces of single frames into tracks: one face from when it comes to when it goes.

A face of the next frame continues the track whose box it overlaps, or whose box it can have come from at the
pace of a person who walks close by. Where two could be meant, the nearer one is; a doubt begins a new track, so
that the number of tracks errs upwards. Who somebody is plays no part.

Source: Bewley et al., "Simple online and realtime tracking" (2016), for joining by overlap.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from efface.engines.face_finder import Face

__all__ = ["Box", "Sighting", "Track", "Tracks", "overlap"]

Box = tuple[float, float, float, float]
"""x, y, width, height in displayed pixels."""

_SAME = 0.3  # intersection over union that makes it the same face whatever the time between
_LARGEST_CHANGE = 2.0  # of a box's length between two sightings
_REACH, _REACH_A_SECOND, _MOST_REACH = 0.25, 1.5, 1.25  # how far a face moves, in lengths of its box
_LOST_S = 1.0  # a face not seen for longer comes back as another track


@dataclass(frozen=True, slots=True)
class Sighting:
    """A face at a time."""

    time_s: float
    box: Box
    face: Face


@dataclass(slots=True)
class Track:
    """The sightings of one face, in their order; all but a few are forgotten as it grows.

    Attributes:
        first_s: When it is first seen.
        last: The last sighting.
        best: The surest sighting.
        count: In how many frames it is seen.
        kept: Sightings about a second apart, at most 16, for showing where it was; or every one of them.
        keeps_all: Whether every sighting is kept.
    """

    first_s: float
    last: Sighting
    best: Sighting
    count: int = 1
    kept: list[Sighting] = field(default_factory=list)
    keeps_all: bool = False
    _step_s: float = 1.0

    def add(self, sighting: Sighting) -> None:
        """Take in the next sighting."""
        self.count += 1
        self.last = sighting
        if sighting.face.confidence > self.best.face.confidence:
            self.best = sighting
        if self.keeps_all:
            self.kept.append(sighting)
        elif sighting.time_s - self.kept[-1].time_s >= self._step_s:
            self.kept.append(sighting)
            if len(self.kept) > _MOST_KEPT:
                self.kept = self.kept[::2]
                self._step_s *= 2


_MOST_KEPT = 16


class Tracks:
    """All tracks of one stream; give it the faces of each frame in their order.

    Args:
        gap_s: Usual time between two frames that are looked at.
        keep_all: Whether tracks keep every sighting, for following them, rather than a few.
    """

    def __init__(self, gap_s: float, *, keep_all: bool = False) -> None:
        self._keep_all = keep_all
        self._lost_s = max(_LOST_S, 2.5 * gap_s)
        self._open: list[Track] = []
        self._closed: list[Track] = []

    def __len__(self) -> int:
        return len(self._open) + len(self._closed)

    def see(self, time_s: float, sightings: Iterable[Sighting]) -> None:
        """Join the faces of one frame to the tracks."""
        if self._open and time_s < max(track.last.time_s for track in self._open):
            self._close(self._open)  # the clock was set back: another recording was joined on
        self._close([track for track in self._open if time_s - track.last.time_s > self._lost_s])
        new = list(sightings)
        pairs = sorted(
            (
                (nearness, number, index)
                for number, track in enumerate(self._open)
                for index, sighting in enumerate(new)
                if (nearness := _nearness(track.last, sighting)) is not None
            ),
            reverse=True,
        )
        joined: set[int] = set()
        grown: set[int] = set()
        for _, number, index in pairs:
            if number not in grown and index not in joined:
                grown.add(number)
                joined.add(index)
                self._open[number].add(new[index])
        for index, sighting in enumerate(new):
            if index not in joined:
                self._open.append(
                    Track(sighting.time_s, sighting, sighting, kept=[sighting], keeps_all=self._keep_all)
                )

    def all(self) -> list[Track]:
        """Return every track, in the order of their beginning."""
        return sorted([*self._closed, *self._open], key=lambda track: (track.first_s, track.best.box))

    def _close(self, which: list[Track]) -> None:
        gone = {id(track) for track in which}
        self._closed += which
        self._open = [track for track in self._open if id(track) not in gone]


def _nearness(one: Sighting, other: Sighting) -> float | None:
    """Return how likely two sightings are of one face, for ordering; None when they cannot be."""
    share = overlap(one.box, other.box)
    if share >= _SAME:
        return 1.0 + share
    size, larger = sorted((max(one.box[2:]), max(other.box[2:])))
    if larger > _LARGEST_CHANGE * size:
        return None
    distance = max(
        abs(one.box[axis] + one.box[axis + 2] / 2 - other.box[axis] - other.box[axis + 2] / 2)
        for axis in (0, 1)
    )
    reach = min(_MOST_REACH, _REACH + _REACH_A_SECOND * (other.time_s - one.time_s)) * larger
    return 1.0 - distance / reach if distance < reach else None


def overlap(one: Box, other: Box) -> float:
    """Return the intersection of two boxes over their union, 0 to 1."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (one[2] * one[3] + other[2] * other[3] - width * height)
