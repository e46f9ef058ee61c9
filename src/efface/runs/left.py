"""Say what a run that ended by its time did not look at, by folder, so that it is a gap and never clean."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from efface.model import Gap, GapReason, Locator

if TYPE_CHECKING:
    from efface.runs.store import Store

__all__ = ["tell_left"]

_MOST = 40
"""Most folders that are named; deeper ones are told together."""
_DEEPEST = 8


def tell_left(store: Store, configuration: str) -> None:
    """Write a gap for each folder with files that a configuration has listed and not looked at."""
    left = [Locator.parse(unit.uri) for unit, _, _ in store.next_units(configuration)]
    with store.transaction():
        for folder, count in folders(left).items():
            detail = f"{count} files were listed and not looked at within run_seconds"
            store.add_gap(Gap(folder, "open", GapReason.TIMEOUT, detail))


def folders(places: list[Locator]) -> dict[Locator, int]:
    """Return how many of some places lie in which folder, in at most a readable number of folders."""
    for depth in range(_DEEPEST, 0, -1):
        found = Counter(_folder(place, depth) for place in places)
        if len(found) <= _MOST or depth == 1:
            return dict(sorted(found.items(), key=lambda each: (-each[1], each[0].uri)))
    return {}


def _folder(place: Locator, depth: int) -> Locator:
    parts = place.path[0].split("/")
    return Locator(place.scheme, ("/".join(parts[: min(depth + 1, len(parts) - 1)]) or "/",))
