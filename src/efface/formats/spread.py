"""Tell a vector whose numbers lie in columns of their own (`f0`, `f1`, ... `f127`) by the columns' names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MIN_COLUMNS", "numbered_runs", "stem"]

MIN_COLUMNS = 64


def numbered_runs(names: Sequence[str]) -> list[range]:
    """Return the runs of 64 and more columns beside one another whose names differ in their number only.

    Args:
        names: In their order; an empty one for a column that is none of a vector.
    """
    stems = [name.strip().rstrip("0123456789") if name.strip()[-1:].isdigit() else None for name in names]
    found, start = [], 0
    for at in range(1, len(stems) + 1):
        if at == len(stems) or stems[at] is None or stems[at] != stems[start]:
            if stems[start] is not None and at - start >= MIN_COLUMNS:
                found.append(range(start, at))
            start = at
    return found


def stem(name: str) -> str:
    """Return what numbered names have in common, or `numbers` where they are numbers only."""
    return name.strip().rstrip("0123456789").rstrip("_-. ") or "numbers"
