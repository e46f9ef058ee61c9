"""Look at what is to be added to a visit, and cover the faces in a picture of the scene before it is kept.

A picture is looked at as hard as efface can, every face is filled by the action that removes faces everywhere else,
and the result is looked at again. What is left, or cannot be told, is a refusal; the picture that was given is never
written anywhere.

Not promised: a face that no detector sees stays, and so do name plates, screens and documents: whoever takes a
picture looks at what is kept. Source: the decision record on flat fill.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.actions.redact_image import RedactImage
from efface.errors import FormatError, RemovalError, ResidueError, UsageError
from efface.examine import Examiner
from efface.model import Artefact, Finding, Gap, Limits, Locator, Mode, Part, Sampling, Surroundings
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Look", "Scene", "cover", "look"]

_SUFFIXES = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/tiff": "tiff",
    "image/bmp": "bmp",
}


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen in one thing.

    Attributes:
        media_type: What it is, by content.
        findings: What was found in it and in its parts.
        gaps: What could not be looked at, or only in part.
    """

    media_type: str
    findings: tuple[Finding, ...]
    gaps: tuple[Gap | Sampling, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture that may be kept.

    Attributes:
        data: Its bytes.
        suffix: What its kind is called at the end of a file's name.
        faces: How many regions were covered.
    """

    data: bytes
    suffix: str
    faces: int


def look(data: bytes, limits: Limits | None = None) -> Look:
    """Return what is in some bytes, looked at as hard as efface can."""
    part = Part(Locator("visit", ("added",)), BytesPayload(data), Surroundings(("added",)))
    results = list(Examiner(Mode.THOROUGH, limits or Limits()).examine(part))
    kinds = [
        each.media_type for each in results if isinstance(each, Artefact) and each.locator.path == ("added",)
    ]
    return Look(
        kinds[0] if kinds else "",
        tuple(each for each in results if isinstance(each, Finding)),
        tuple(each for each in results if isinstance(each, Gap | Sampling)),
    )


def cover(data: bytes, look: Callable[[bytes], Look] = look) -> Scene:
    """Return a picture of the scene without faces, and without the copies of itself that its metadata held.

    Args:
        data: The picture.
        look: The eyes.

    Raises:
        UsageError: It is no picture of a kind that can be redacted.
        RemovalError: A face, or something else, is left, or it could not be looked at as a whole.
    """
    before = look(data)
    if before.media_type not in _SUFFIXES:
        raise UsageError(
            "a photo is added as JPEG, PNG, GIF, WebP, TIFF or BMP: no other picture can be redacted here",
            to_do="Take it as JPEG, or convert it; nothing was stored.",
        )
    _require_whole(before)
    action = RedactImage()
    if not all(action.accepts(before.media_type, finding) for finding in before.findings):
        raise RemovalError("the photo holds something that cannot be covered; nothing was stored")
    try:
        covered = action.remove(data, before.findings, Limits())
    except FormatError as error:
        raise RemovalError(f"the photo cannot be redacted: {error}; nothing was stored") from None
    if covered is None:
        raise RemovalError("nothing of the photo would be left; nothing was stored")
    after = look(covered)
    _require_whole(after)
    if after.findings:
        raise ResidueError(
            f"a second look still finds {len(after.findings)} in the photo; nothing was stored"
        )
    regions = sum(
        finding.locator.box is not None and len(finding.locator.path) == 1 for finding in before.findings
    )
    return Scene(covered, _SUFFIXES[before.media_type], regions)


def _require_whole(seen: Look) -> None:
    if seen.gaps:
        raise RemovalError("the photo could not be looked at as a whole; nothing was stored")
