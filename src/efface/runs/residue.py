"""What is still there after a removal, and what is lost that was to stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.model import sightings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from efface.model import Box, Finding

__all__ = ["is_same", "lost_from", "residue_of"]

_SAME_FACE = 0.3
"""Intersection over union from which a box in the result is taken for a finding that was to stay: filling
the neighbour moves a network's box by a few pixels."""
_SAME_TIME_S = 0.25  # frames of a recording that was coded anew may be looked at a little later or earlier


def residue_of(found: Iterable[Finding], due: Sequence[Finding], kept: Sequence[Finding]) -> list[Finding]:
    """Return what is found in a result and was not meant to stay.

    Everything biometric counts that is not one of the kept findings, whether or not it was known before:
    a result in which something new appears is not a result. Features of an unknown characteristic count
    only where they were due.
    """
    due_ids = {finding.id for finding in due}
    return [
        finding
        for finding in found
        if (finding.is_biometric or finding.id in due_ids)
        and not any(is_same(finding, stays) for stays in kept)
    ]


def lost_from(found: Sequence[Finding], kept: Iterable[Finding]) -> list[Finding]:
    """Return what was to stay and is not found in a result: a hold, or anything that nobody asked to remove."""
    return [stays for stays in kept if not any(is_same(stays, finding) for finding in found)]


def is_same(finding: Finding, other: Finding) -> bool:
    """Return whether two findings are of one thing at one place: the same, or boxes that cover one another.

    Of recordings the times must meet, too; where both tell when they were seen where, boxes of the same time.
    """
    if finding.id == other.id:
        return True
    here, there = finding.locator, other.locator
    return (
        (here.path, here.page, here.track) == (there.path, there.page, there.track)
        and (finding.form, finding.characteristic) == (other.form, other.characteristic)
        and _meet(here.times, there.times)
        and any(_overlap(one, two) >= _SAME_FACE for one, two in _pairs(finding, other))
    )


def _meet(one: tuple[float, float] | None, other: tuple[float, float] | None) -> bool:
    if one is None or other is None:
        return one is other
    return max(one[0], other[0]) <= min(one[1], other[1])


def _pairs(finding: Finding, other: Finding) -> Iterator[tuple[Box, Box]]:
    """Yield the boxes that can be compared."""
    here, there = sightings(finding), sightings(other)
    if here and there:
        yield from (
            (box, another)
            for seen_s, box in here
            for then_s, another in there
            if abs(seen_s - then_s) <= _SAME_TIME_S
        )
    elif finding.locator.box is not None and other.locator.box is not None:
        yield finding.locator.box, other.locator.box


def _overlap(one: Box, two: Box) -> float:
    width = min(one.x + one.width, two.x + two.width) - max(one.x, two.x)
    height = min(one.y + one.height, two.y + two.height) - max(one.y, two.y)
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / (one.width * one.height + two.width * two.height - both)
