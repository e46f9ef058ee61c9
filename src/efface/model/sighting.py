"""When and where a face of a recording was seen, as its finding tells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from efface.model.finding import Clue
from efface.model.locator import Box

if TYPE_CHECKING:
    from efface.model.finding import Finding

__all__ = ["sighting_clue", "sightings"]

_NAME = "box_at"
_VALUE = re.compile(r"t=(\d+\.\d{2}) xywh=(\d+),(\d+),(\d+),(\d+)")


def sighting_clue(time_s: float, box: Box) -> Clue:
    """Return the clue that says where a face was at a time, in seconds from the start of its stream."""
    return Clue(_NAME, f"t={time_s:.2f} xywh={box.x},{box.y},{box.width},{box.height}")


def sightings(finding: Finding) -> tuple[tuple[float, Box], ...]:
    """Return when and where a finding says that it was seen, to hundredths of a second; perhaps nothing."""
    matches = (_VALUE.fullmatch(clue.value) for clue in finding.clues if clue.name == _NAME)
    return tuple(
        (float(match[1]), Box(*(int(value) for value in match.groups()[1:]))) for match in matches if match
    )
