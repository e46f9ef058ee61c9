"""The facts of a case, as an inspector or engineer writes them down."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from efface.model.locator import Locator

__all__ = ["Case", "FactValue", "Hold"]

FactValue = bool | int | float | str | date


@dataclass(frozen=True, slots=True)
class Hold:
    """Something that must not be touched; it beats everything else.

    Attributes:
        match: Pattern over the printed URI and over the path (`**/evidence/**`).
        reason: Why, in the user's words.
        until: Last day of the hold, or None.
    """

    match: str
    reason: str
    until: date | None = None

    def covers(self, locator: Locator, on: date) -> bool:
        """Return whether the hold covers a place on a day."""
        return (self.until is None or on <= self.until) and matches(self.match, locator)


def matches(pattern: str, locator: Locator) -> bool:
    """Return whether a case file's pattern covers a place, or a container that it lies in."""
    uri = unquote(locator.uri, errors="surrogateescape")
    outer = uri.partition("#")[0]
    texts = {uri, outer, *("!/".join(locator.path[: n + 1]) for n in range(len(locator.path)))}
    # "**/" also stands for no folder at all, as in every ignore file.
    patterns = {pattern, pattern.replace("**/", "*"), pattern.removeprefix("**/")}
    return any(fnmatchcase(text, candidate) for text in texts for candidate in patterns)


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of who does what where; a fact left out is unknown, never false.

    Attributes:
        title: For people.
        jurisdiction: GB/T 2260 code with country ("CN-320100"); a city lies in its province and in CN.
        actors: Capacities in which the case's party acts.
        place: Kind of place, or "".
        purpose: In the user's words.
        purpose_kind: One word of the vocabulary, or "".
        activities: What is done: collect, store, identify_1toN ...
        conduct_from: First day of the conduct, or None.
        conduct_until: Last day, or None when it goes on.
        facts: Named facts.
        scope: Patterns of the data that the case is about; empty means all of the run.
        holds: What must not be touched.
        readings: Disputed readings that the case takes instead of the default, by name.
        persons: Ids of the signing keys of whoever may plan or apply removals, two at least; a plan is then
            signed by one and applied by another. Empty: nobody has to sign.
    """

    title: str
    jurisdiction: str
    actors: tuple[str, ...] = ()
    place: str = ""
    purpose: str = ""
    purpose_kind: str = ""
    activities: tuple[str, ...] = ()
    conduct_from: date | None = None
    conduct_until: date | None = None
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    scope: tuple[str, ...] = ()
    holds: tuple[Hold, ...] = ()
    readings: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()

    def in_scope(self, locator: Locator) -> bool:
        """Return whether the case is about a place."""
        return not self.scope or any(matches(pattern, locator) for pattern in self.scope)

    def hold_on(self, locator: Locator, on: date) -> Hold | None:
        """Return the first hold that covers a place on a day, or None."""
        return next((hold for hold in self.holds if hold.covers(locator, on)), None)
