"""The disputed readings that verdicts turn on, with what speaks for and against each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.model.rule import Reading, Text
from efface.rules.taxonomy import taxonomy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from efface.model.verdict import Verdict

__all__ = ["readings_of"]

_NOTHING = Text("", "")


def readings_of(verdicts: Iterable[Verdict]) -> tuple[Reading, ...]:
    """Return each reading whose other choice would change one of the verdicts, by name."""
    names = sorted({other.reading for verdict in verdicts for other in verdict.readings})
    words = taxonomy().words["Reading"]
    return tuple(
        Reading(
            name,
            words[name].label,
            words[name].speaks_for or _NOTHING,
            words[name].speaks_against or _NOTHING,
        )
        for name in names
        if name in words
    )
