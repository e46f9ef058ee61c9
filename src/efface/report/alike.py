"""Bring verdicts that say the same together, so that a paper on a million findings looks at each once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from efface.model import Verdict

__all__ = ["Alike", "alike"]


@dataclass(frozen=True, slots=True)
class Alike:
    """Verdicts that differ in their subject alone, as far as a paper tells: one of them, and all the subjects."""

    verdict: Verdict
    subjects: list[str]

    @property
    def count(self) -> int:
        """How many verdicts there are."""
        return len(self.subjects)


def alike(verdicts: Iterable[Verdict]) -> tuple[Alike, ...]:
    """Return the verdicts in groups, each group in the place of its first verdict."""
    groups: dict[Hashable, Alike] = {}
    known: dict[tuple[int, ...], tuple[Hashable, Verdict]] = {}
    for verdict in verdicts:
        # Judging shares these values among findings with the same facts; the verdict kept beside keeps them alive.
        parts = (verdict.fired, verdict.missing, verdict.readings, verdict.today)
        name = tuple(map(id, parts))
        if name not in known:
            known[name] = _key(verdict), verdict
        key = known[name][0], verdict.kind
        if key not in groups:
            groups[key] = Alike(verdict, [])
        groups[key].subjects.append(verdict.subject)
    return tuple(groups.values())


def _key(verdict: Verdict) -> Hashable:
    fired = tuple((rule.id, rule.kind, rule.because) for rule in verdict.fired)
    return fired, verdict.missing, verdict.readings, verdict.today
