"""One finding out of what several units gave of the same thing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from efface.model import Finding

__all__ = ["united"]


def united(findings: Iterable[Finding], repeated: set[str]) -> Iterator[Finding]:
    """Yield each finding once; one that stands there several times where it stands first.

    Args:
        findings: In any order.
        repeated: Ids of those that stand there more than once. Each part counts its own data subjects, so
            they are summed; confidence and clues are those of the surest part.
    """
    parts: dict[str, list[Finding]] = {}
    order: list[Finding] = []
    for finding in findings:
        if finding.id in repeated:
            if finding.id not in parts:
                order.append(finding)
            parts.setdefault(finding.id, []).append(finding)
        else:
            order.append(finding)
    for finding in order:
        here = parts.get(finding.id)
        yield finding if here is None else _one(here)


def _one(parts: list[Finding]) -> Finding:
    surest = max(parts, key=lambda each: each.confidence)
    levels = [each.level for each in parts if each.level is not None]
    return replace(
        surest, references=sum(each.references for each in parts), level=max(levels) if levels else None
    )
