"""What may lower a penalty for who deletes and dismantles: provisions with their words, by place and day."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import TYPE_CHECKING, Any

from efface.model.rule import Citation, Text
from efface.rules.taxonomy import Entity, package_text, taxonomy

if TYPE_CHECKING:
    from datetime import date

__all__ = ["mitigations"]


def mitigations(jurisdiction: str, as_of: date) -> tuple[Citation, ...]:
    """Return the provisions that mitigate at a place and are in force on a day, the highest first.

    Whether an authority grants it is its own decision; that a provision reaches the party is not judged.
    """
    place = Entity("Jurisdiction", jurisdiction)
    places = {place, *taxonomy().above(place)}
    return tuple(
        _citation(entry)
        for entry in _provisions()
        if Entity("Jurisdiction", entry["jurisdiction"]) in places and entry["since"] <= as_of
    )


@cache
def _provisions() -> list[dict[str, Any]]:
    return list(tomllib.loads(package_text("mitigation.toml"))["provisions"])


def _citation(entry: dict[str, Any]) -> Citation:
    return Citation(
        instrument=Text(**entry["instrument"]),
        article=entry["article"],
        quote=entry["quote"],
        paraphrase=Text(**entry["paraphrase"]),
        force=entry["force"],
        sources=tuple(entry["sources"]),
        read_on=entry["read_on"],
        confidence=entry["confidence"],
    )
