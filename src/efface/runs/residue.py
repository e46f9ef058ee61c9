"""What is still there after a removal, and what is lost that was to stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from efface.model import Box, Finding

__all__ = ["is_same", "lost_from", "residue_of"]

_SAME_FACE = 0.3
"""Intersection over union from which a box in the result is taken for a finding that was to stay: filling
the neighbour moves a network's box by a few pixels."""


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
    """Return whether two findings are of one thing at one place: the same, or boxes that cover one another."""
    if finding.id == other.id:
        return True
    one, two = finding.locator.box, other.locator.box
    return (
        one is not None
        and two is not None
        and finding.locator.path == other.locator.path
        and finding.locator.page == other.locator.page
        and (finding.form, finding.characteristic) == (other.form, other.characteristic)
        and _overlap(one, two) >= _SAME_FACE
    )


def _overlap(one: Box, two: Box) -> float:
    width = min(one.x + one.width, two.x + two.width) - max(one.x, two.x)
    height = min(one.y + one.height, two.y + two.height) - max(one.y, two.y)
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / (one.width * one.height + two.width * two.height - both)
