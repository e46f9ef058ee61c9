"""Find faces in recordings and report them as tracks: from when to when, and where at key times.

Source: W3C Media Fragments URI 1.0, 4.2.1 and 4.2.2 (time and place in one fragment).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.detectors.level import level_of
from efface.engines import video
from efface.engines.face_tracks import Sighting, Tracks
from efface.errors import FormatError, LimitExceededError
from efface.model import Beat, Box, Characteristic, Clue, Finding, Form, Mode, Sampling, sighting_clue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.engines.face_finder import FaceFinder
    from efface.engines.face_tracks import Track
    from efface.engines.video import Shot, Stream
    from efface.model import Artefact, Gap, Level, Limits, Locator, Payload, Surroundings

__all__ = ["FaceVideo"]

_PACES = {
    Mode.FAST: video.Pace(every_s=1.0, keys_only=True, long_side_px=640),
    Mode.STANDARD: video.Pace(every_s=0.5, long_side_px=1280),
    Mode.THOROUGH: video.Pace(),
}
_SHORTEST_S = 0.04
_MOST_TRACKS = 10_000
_BEAT_FRAMES = 25


class FaceVideo:
    """Faces as `sample` findings with times and a box, one for each track, in every stream of a recording.

    `fast` looks at key frames, at most one a second; `standard` at two frames a second; `thorough` at every
    frame. What a mode passes over is said as a sampling.

    Not promised: that a track is one person or a person one track: somebody who leaves and comes back is two.
    A face shown for less than half a second may lie between the frames that `standard` looks at.
    """

    name = "face-video"
    version = 5

    def __init__(self) -> None:
        self._finders: dict[Mode, FaceFinder] = {}

    def accepts(self, media_type: str) -> bool:
        """Return whether it is a recording; one that the decoder does not know is a gap."""
        return media_type.startswith("video/")

    def detect(
        self, artefact: Artefact, payload: Payload, surroundings: Surroundings, mode: Mode, limits: Limits
    ) -> Iterator[Finding | Gap | Sampling | Beat]:
        """Yield one finding for each track; FormatError after the frames before a break."""
        with payload.open() as reader:
            found = video.streams(reader)
        level, reasons = level_of(surroundings, form=Form.SAMPLE)
        for number, stream in enumerate(found):
            scene = _Scene(artefact.locator, f"&track={stream.index}" if number else "", level, reasons)
            with payload.open() as reader:
                yield from self._stream(
                    scene, video.shots(reader, stream.index, limits, _PACES[mode]), stream, mode
                )

    def _stream(
        self, scene: _Scene, shots: Iterator[Shot | None], stream: Stream, mode: Mode
    ) -> Iterator[Finding | Sampling | Beat]:
        finder = self._finder(mode)
        tracks, looked_at, passed = Tracks(_PACES[mode].every_s), 0, 0
        broken: FormatError | None = None
        try:
            for shot in shots:
                if (looked_at + passed) % _BEAT_FRAMES == 0:
                    yield Beat()
                if shot is None:
                    passed += 1
                    continue
                looked_at += 1
                scene.size_px = shot.width_px, shot.height_px
                tracks.see(shot.time_s, _sightings(finder, shot))
                if len(tracks) > _MOST_TRACKS:
                    raise LimitExceededError(f"more than {_MOST_TRACKS} tracks of faces in one stream")
        except FormatError as error:
            broken = error
        # What was seen before a break is a finding all the same.
        if mode is not Mode.THOROUGH:
            yield Sampling(scene.place, "frames", looked_at, max(stream.frames or 0, looked_at + passed))
        scene.tracks = len(tracks)
        yield from (self._finding(scene, track) for track in tracks.all())
        if broken is not None:
            raise broken

    def _finder(self, mode: Mode) -> FaceFinder:
        if mode not in self._finders:
            from efface.engines.face_finder import FaceFinder  # noqa: PLC0415 - loads the networks

            # Every frame at several sizes would cost a hundred times the recording's own time: a face that is
            # too small in one frame comes nearer in another.
            self._finders[mode] = FaceFinder("fast" if mode is Mode.FAST else "standard")
        return self._finders[mode]

    def _finding(self, scene: _Scene, track: Track) -> Finding:
        box = _displayed(track.best, scene.size_px)
        end_s = max(track.last.time_s, track.first_s + _SHORTEST_S)
        fragment = f"t={track.first_s:.2f},{end_s:.2f}&xywh=pixel:{box.x},{box.y},{box.width},{box.height}"
        return Finding(
            f"{self.name}@{self.version}",
            Form.SAMPLE,
            Characteristic.FACE,
            scene.place.at(fragment + scene.track_name),
            round(track.best.face.confidence, 3),
            1,
            scene.level,
            (*_clues(track, scene, box), *scene.reasons),
        )


@dataclass(slots=True)
class _Scene:
    """What is the same for all the tracks of one stream."""

    place: Locator
    track_name: str
    level: Level
    reasons: tuple[Clue, ...]
    size_px: tuple[int, int] = (1, 1)
    tracks: int = 0


def _sightings(finder: FaceFinder, shot: Shot) -> list[Sighting]:
    found = []
    for face in finder.find(shot.pixels):
        x, y, width, height = (value * shot.scale for value in face.box)
        found.append(Sighting(shot.time_s, (x, y, width, height), face))
    return found


def _displayed(sighting: Sighting, size_px: tuple[int, int]) -> Box:
    """Return the box in whole pixels, outward, inside the frame."""
    x, y, width, height = sighting.box
    left, top = (min(max(0, int(start)), side - 1) for start, side in zip((x, y), size_px, strict=True))
    right, bottom = min(size_px[0], int(x + width) + 1), min(size_px[1], int(y + height) + 1)
    return Box(left, top, max(1, right - left), max(1, bottom - top))


def _clues(track: Track, scene: _Scene, box: Box) -> Iterator[Clue]:
    yield Clue("face_px", str(max(box.width, box.height)))
    yield Clue("picture_px", "{}x{}".format(*scene.size_px))
    yield Clue("frames", str(track.count))
    yield Clue("tracks", str(scene.tracks))  # of its stream: whoever removes one of them knows of the others
    networks = track.best.face.networks
    yield Clue("networks", networks, 0.2 if "+" in networks else 0.0)
    yield from (sighting_clue(each.time_s, _displayed(each, scene.size_px)) for each in track.kept)
