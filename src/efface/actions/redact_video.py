"""Cover faces in recordings in every frame, from before they come to after they go."""

from __future__ import annotations

import io
import math
from functools import cache
from typing import TYPE_CHECKING

from efface.actions import pulse
from efface.actions.rewrite_archive import Outcome, by_part, each_once, erase
from efface.engines import video
from efface.engines.video_codings import MEDIA_TYPES
from efface.engines.video_faces import Eyes
from efface.engines.video_fills import Fills, Mark
from efface.engines.video_writing import rewrite
from efface.errors import FormatError, LimitExceededError, RemovalError, ResidueError
from efface.model import Characteristic, Method, sightings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.engines.face_finder import FaceFinder
    from efface.model import Action, Box, Finding, Limits

__all__ = ["RedactVideo"]

_TRIES = 3


class RedactVideo:
    """Flat fill over the whole head in every frame of a face's track, and half a second before and after it.

    The action looks at every frame itself, follows each face both ways, and covers what it sees: a face in one frame
    only as well. Only streams in which a face was found are coded anew, in their own coding; all else is copied.
    Then every frame of the result is looked at: a face that still shows is covered in another try, and after the
    third the removal fails. Cover pictures and attached files lose what was found by the action for their kind.

    Where only some of the faces of a stream are to go, what is seen for a second or more and is none of them
    stays; what is seen for less is covered, since a scan may have passed over it.

    Refused: codings that the installed FFmpeg has no encoder of, interlaced frames, frames that change their size,
    streams that cannot be copied, frames that cannot be decoded.

    Not promised: body, clothes, gait, voice, hair outside the fill, text and place may still identify a person. Outside
    the fill frames that are coded anew are not the same numbers, but for motion JPEG and lossless codings.
    Source: the decision records on flat fill and on writing recordings.
    """

    name = "redact-video"
    version = 1
    method = Method.REDACT

    def accepts(self, media_type: str, finding: Finding) -> bool:
        """Return whether it is a face in the pictures of such a recording, or something in a part of it."""
        if media_type not in MEDIA_TYPES:
            return False
        is_face = finding.characteristic is Characteristic.FACE and finding.locator.box is not None
        return is_face or len(finding.locator.path) > 1

    def remove(self, data: bytes, findings: Sequence[Finding], limits: Limits) -> bytes | None:
        """Return the recording with every face covered.

        Raises:
            ResidueError: A face still shows after the last try.
            RemovalError: The recording is broken or cannot be written again without losing something else.
        """
        return self.rewritten(data, findings, limits).data

    def rewritten(self, data: bytes, findings: Sequence[Finding], limits: Limits, depth: int = 0) -> Outcome:
        """Return the recording without the findings, with the actions that were used on its parts."""
        inside = by_part([each for each in findings if len(each.locator.path) > 1])
        faces = [each for each in findings if len(each.locator.path) == 1]
        try:
            if len(data) > limits.artefact_bytes:
                raise LimitExceededError(f"more than artefact_bytes = {limits.artefact_bytes}")
            parts, used = _parts(data, inside, limits, depth)
            fills = self._fills(data, faces, limits)
            result = _covered(data, fills, parts, limits)
        except FormatError as error:
            raise RemovalError(f"the recording cannot be redacted: {error}") from None
        return Outcome(result, each_once([*used, self]))

    def _fills(self, data: bytes, faces: Sequence[Finding], limits: Limits) -> dict[int, Fills]:
        """Return what to fill in each stream where something is to be filled that is not yet."""
        if not faces:
            return {}
        known = [stream.index for stream in video.streams(io.BytesIO(data))]
        groups: dict[int, list[Finding]] = {}
        for face in faces:
            groups.setdefault(_stream_of(face, known), []).append(face)
        eyes = Eyes(_finder(), limits, pulse.beat)
        fills = {}
        for index, group in groups.items():
            pulse.beat()
            marks = tuple(dict.fromkeys(_mark(face) for face in group))
            fills[index] = Fills(data, index, marks, eyes, is_all=_are_all(group))
        return {index: each for index, each in fills.items() if not each.is_done}


@cache
def _finder() -> FaceFinder:
    from efface.engines.face_finder import FaceFinder  # noqa: PLC0415 - loads the networks

    return FaceFinder("standard")


def _parts(
    data: bytes, groups: dict[str, list[Finding]], limits: Limits, depth: int
) -> tuple[dict[str, bytes | None], list[Action]]:
    """Return the new content of covers and attached files, and the actions that made it."""
    used: list[Action] = []
    parts: dict[str, bytes | None] = {}
    for part in video.attached(io.BytesIO(data), limits) if groups else ():
        if part.name in groups:
            outcome = erase(part.data, part.name, groups[part.name], limits, depth=depth + 1)
            used += outcome.actions
            parts[part.name] = outcome.data
            if outcome.data == part.data:
                del parts[part.name]
                groups.pop(part.name)
    if set(groups) - set(parts):
        raise RemovalError("the recording has no such cover or attached file as was found: it has changed")
    return parts, used


def _covered(data: bytes, fills: dict[int, Fills], parts: dict[str, bytes | None], limits: Limits) -> bytes:
    """Return the recording written again, after looking at every frame of it."""
    if not fills and not parts:
        return data
    left = 0
    for _ in range(_TRIES):
        boxes = {index: each.boxes for index, each in fills.items()}
        result = rewrite(data, boxes, parts, limits, pulse.beat)
        left = sum([each.check(result) for each in fills.values()])
        if not left:
            return result
    raise ResidueError(f"a face still shows in {left} frames of the result after {_TRIES} tries")


def _stream_of(face: Finding, known: Sequence[int]) -> int:
    """Return the number of the stream that a face was found in: the first one where the finding names none."""
    index = next(iter(known), -1) if face.locator.track is None else face.locator.track
    if index not in known:
        raise FormatError("it has no such stream as was found")
    return index


def _are_all(group: Sequence[Finding]) -> bool:
    """Return whether these are all the faces that were found in their stream, as far as the findings tell."""
    counts = [int(clue.value) for face in group for clue in face.clues if clue.name == "tracks"]
    return len({face.id for face in group}) >= max(counts, default=0)


def _mark(face: Finding) -> Mark:
    box = face.locator.box
    if box is None:
        raise RemovalError("a face without a place in the frames")
    begin_s, end_s = face.locator.times or (0.0, math.inf)
    return Mark(begin_s, end_s, _sides(box), tuple((at_s, _sides(seen)) for at_s, seen in sightings(face)))


def _sides(box: Box) -> tuple[float, float, float, float]:
    return box.x, box.y, box.width, box.height
