"""What is changed as one: a file with all that lies in it, a table of a database, a large object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.model import Locator
from efface.sources.database_url import column_of, fragment_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Finding, Unit
    from efface.runs.store import Store

__all__ = ["LARGE_OBJECTS", "findings_at", "is_table", "large_object_of", "target_of", "units_at"]

LARGE_OBJECTS = ("pg_catalog", "pg_largeobject")
_SERVERS = ("postgresql", "mysql")
_OBJECT = "pg_largeobject/"


def is_table(target: Locator) -> bool:
    """Return whether a target is a table or a large object of a server that can be written to."""
    return target.scheme in _SERVERS and (target.fragment is not None or large_object_of(target) is not None)


def large_object_of(target: Locator) -> int | None:
    """Return the number of a large object, or None where the target is none."""
    name = target.path[1] if len(target.path) > 1 else ""
    number = name.removeprefix(_OBJECT)
    return int(number) if name.startswith(_OBJECT) and number.isdecimal() else None


def target_of(place: Locator) -> Locator:
    """Return what has to be changed for something at a place to go."""
    if place.scheme not in _SERVERS:
        return place.container
    if len(place.path) > 1:
        return Locator(place.scheme, place.path[:2])
    try:
        schema, table, _ = column_of(place.fragment or "")
    except ValueError:
        return place.container
    return place.container.at(fragment_of(schema, table))


def units_at(store: Store, target: Locator) -> list[Unit]:
    """Return the units of a run that a target was looked at in."""
    if not is_table(target):
        unit = store.unit(target.uri)
        return [] if unit is None else [unit]
    if large_object_of(target) is not None:
        return store.units_at(target.container.at(fragment_of(*LARGE_OBJECTS)).uri)
    return store.units_at(target.uri)


def findings_at(store: Store, target: Locator) -> Iterator[Finding]:
    """Yield the findings of a target; one that lies in several of its units is one."""
    if not is_table(target):
        yield from store.findings(target.uri)
        return
    yield from (each for each in store.findings() if target_of(each.locator) == target)
