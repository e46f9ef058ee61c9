"""Read a case file: who does what where, in the words of the taxonomy.

A word or key that nothing knows is refused with a hint; nothing is guessed. All faults are told at once.
"""

from __future__ import annotations

from datetime import date  # noqa: TC003 - pydantic reads the annotations at run time
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from efface.errors import UsageError
from efface.model.case import Case, Hold
from efface.rules.facts import case_to_facts, contradictions, fault_in_fact
from efface.rules.tables import Table, parse_toml, read_table
from efface.rules.taxonomy import Entity, taxonomy

__all__ = ["case_to_facts", "parse_case"]

_MAX_ENTRIES = 1000


class _Word:
    """Checks that the taxonomy knows a word of one kind; an empty word is an unknown fact."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __call__(self, word: str) -> str:
        entity = Entity(self._kind, word)
        if word and not taxonomy().knows(entity):
            raise ValueError(f"no {self._kind} is called {word[:100]!r}{taxonomy().hint(entity)}")
        return word


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


Jurisdiction = Annotated[str, AfterValidator(_not_blank), AfterValidator(_Word("Jurisdiction"))]
Actor = Annotated[str, AfterValidator(_not_blank), AfterValidator(_Word("ActorKind"))]
Activity = Annotated[str, AfterValidator(_not_blank), AfterValidator(_Word("Activity"))]
Place = Annotated[str, AfterValidator(_Word("Place"))]
Purpose = Annotated[str, AfterValidator(_Word("Purpose"))]
Reading = Annotated[str, AfterValidator(_not_blank), AfterValidator(_Word("Reading"))]
Pattern = Annotated[str, AfterValidator(_not_blank)]


class _CaseTable(Table):
    title: str
    jurisdiction: Jurisdiction
    actors: list[Actor] = Field(default=[])
    place: Place = ""
    purpose: str = ""
    purpose_kind: Purpose = ""
    activities: list[Activity] = Field(default=[])
    conduct_from: date | None = None
    conduct_until: date | None = None
    readings: list[Reading] = Field(default=[])

    @model_validator(mode="after")
    def _dates_in_order(self) -> Self:
        if self.conduct_from and self.conduct_until and self.conduct_until < self.conduct_from:
            raise ValueError("conduct_until lies before conduct_from")
        return self


class _Scope(Table):
    match: Pattern


class _Hold(Table):
    match: Pattern
    reason: Annotated[str, AfterValidator(_not_blank)]
    until: date | None = None


KeyId = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Removal(Table):
    persons: Annotated[list[KeyId], Field(max_length=_MAX_ENTRIES)]

    @model_validator(mode="after")
    def _two_at_least(self) -> Self:
        if len(set(self.persons)) < max(2, len(self.persons)):
            raise ValueError("persons: expected two different keys at least, each once")
        return self


class _File(Table):
    case: _CaseTable
    facts: dict[str, bool | int | float | date | str] = Field(default={})
    scope: list[_Scope] = Field(default=[], max_length=_MAX_ENTRIES)
    hold: list[_Hold] = Field(default=[], max_length=_MAX_ENTRIES)
    removal: _Removal | None = None


def parse_case(text: str) -> Case:
    """Return the case that a TOML text states.

    Raises:
        UsageError: The text is no case file; every fault is listed.
    """
    raw, broken = parse_toml(text)
    if broken is not None:
        raise UsageError(f"case file: {broken}")
    table, faults = read_table(raw, _File)
    stated = raw.get("facts", {})
    if isinstance(stated, dict):
        checked = ((name, fault_in_fact(name, value)) for name, value in stated.items())
        faults += [f"facts.{name[:100]}: {fault}" for name, fault in checked if fault]
        faults += [f"facts: {fault}" for fault in contradictions(stated)]
    if table is None or faults:
        raise UsageError("\n".join(("case file:", *(f"  - {fault}" for fault in dict.fromkeys(faults)))))
    about = table.case
    return Case(
        title=about.title,
        jurisdiction=about.jurisdiction,
        actors=tuple(about.actors),
        place=about.place,
        purpose=about.purpose,
        purpose_kind=about.purpose_kind,
        activities=tuple(about.activities),
        conduct_from=about.conduct_from,
        conduct_until=about.conduct_until,
        facts=table.facts,
        scope=tuple(scope.match for scope in table.scope),
        holds=tuple(Hold(hold.match, hold.reason, hold.until) for hold in table.hold),
        readings=tuple(about.readings),
        persons=tuple(table.removal.persons) if table.removal else (),
    )
