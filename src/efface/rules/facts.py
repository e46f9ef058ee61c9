"""What a case and a finding say, in the words that rules are written in; what they leave out is unknown."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from efface.errors import UsageError
from efface.model.rule import Text
from efface.model.vocabulary import Characteristic, Form, Level
from efface.rules.taxonomy import Entity, closest, package_text, taxonomy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from efface.model.case import Case, FactValue

__all__ = [
    "DATA_CATEGORY",
    "AtLeast",
    "Facts",
    "Value",
    "case_to_facts",
    "category_of",
    "contradictions",
    "fact_types",
    "fault_in_fact",
    "questions_for_facts",
    "schema",
]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A whole number that is this or more; how much more is unknown."""

    low: int


Value = bool | int | float | str | date | Entity | frozenset[Entity] | AtLeast

ACTORS = "actors"
DATA_CATEGORY = "data_category"
UNKNOWN_FEATURES = "unknown_features"
CASE_KEYS = frozenset(
    {"jurisdiction", "place", "purpose_kind", "activities", "conduct_from", "conduct_until", "readings"}
)
"""Facts that a case file gives in its [case] table, under the same names."""

_FACT_LINE = re.compile(r"^    (\w+): ([\w<>]+),$", re.MULTILINE)
_CATEGORY_OF_CHARACTERISTIC = {
    Characteristic.VOICE: "voiceprint",
    Characteristic.PALM: "palmprint",
    Characteristic.EAR: "auricle",
    Characteristic.OTHER: "other_biometric",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """Named values; a name without one is unknown.

    Attributes:
        values: The stated facts.
        data_asked_as: The name under which a person is asked for the kind of data.
        assumed: What every condition on an unknown fact is taken to be, to see what an answer would decide.
    """

    values: Mapping[str, Value]
    data_asked_as: str = DATA_CATEGORY
    assumed: Mapping[str, bool] = field(default_factory=dict)

    def shown(self, name: str) -> str:
        """Return a fact as `name = value`."""
        value = self.values[name]
        if isinstance(value, frozenset):
            return f"{name} = {', '.join(sorted(entity.id for entity in value))}"
        if isinstance(value, bool):
            return f"{name} = {str(value).lower()}"
        if isinstance(value, AtLeast):
            return f"{name} >= {value.low}"
        return f"{name} = {value.id if isinstance(value, Entity) else value}"


@cache
def schema() -> str:
    """Return the Cedar schema that every rule pack is checked against."""
    return package_text("packs", "schema.cedarschema")


@cache
def fact_types() -> dict[str, str]:
    """Return the name and Cedar type of every fact that a case file may state under [facts]."""
    declared = {name: kind for name, kind in _FACT_LINE.findall(schema()) if name not in CASE_KEYS}
    return {DATA_CATEGORY: "Category", UNKNOWN_FEATURES: "Category"} | declared


@cache
def questions_for_facts() -> dict[str, Text]:
    """Return the question that asks a person for each fact."""
    return {name: Text(question["zh"], question["en"]) for name, question in _table().items()}


@cache
def _table() -> dict[str, dict[str, Any]]:
    return tomllib.loads(package_text("facts.toml"))


@cache
def _implied() -> tuple[tuple[str, str], ...]:
    """Return every fact with each fact that it implies by itself."""
    return tuple((name, other) for name, row in _table().items() for other in row.get("implies", ()))


def contradictions(facts: Mapping[str, object]) -> Iterator[str]:
    """Name every pair of stated facts of which one implies the other, and which are stated against that."""
    known = _completed(dict(facts))
    for name, other in _implied():
        if known.get(name) is True and known.get(other) is False:
            yield f"{name} = true and {other} = false contradict each other"


def _completed(values: dict[str, Any]) -> dict[str, Any]:
    """Return facts with all that they imply; what is stated stays as it is."""
    before = -1
    while before != len(values):
        before = len(values)
        for name, other in _implied():
            if values.get(name) is True:
                values.setdefault(other, True)
            if values.get(other) is False:
                values.setdefault(name, False)
    return values


def fault_in_fact(name: str, value: object) -> str | None:
    """Return what is wrong with a stated fact, or None."""
    kind = fact_types().get(name)
    if kind is None:
        return f"no fact has this name{closest(name, fact_types())}"
    if kind == "Bool":
        return None if isinstance(value, bool) else "expected true or false"
    if kind == "Long":
        whole = isinstance(value, int) and not isinstance(value, bool)
        return None if whole else "expected a whole number"
    if kind == "datetime":
        return None if isinstance(value, date) else "expected a day such as 2025-06-01"
    if not isinstance(value, str):
        return f"expected a word of the kind {kind}"
    entity = Entity(kind, value)
    return None if taxonomy().knows(entity) else f"no {kind} has this name{taxonomy().hint(entity)}"


def _value(name: str, stated: FactValue) -> Value:
    kind = fact_types().get(name, "")
    if kind in taxonomy().words and isinstance(stated, str):
        return Entity(kind, stated)
    return stated


def case_to_facts(case: Case, as_of: date) -> Facts:
    """Return what a case says on a day, in the words of the rules.

    Conduct that goes on, or that ends after `as_of`, ends on `as_of` for the law of that day. Lists
    (actors, activities) are complete as given; an empty one, like an empty word, is unknown. What stated facts
    imply is known, too (facts.toml).

    Args:
        case: A case whose words the taxonomy knows, as `parse_case` returns it.
        as_of: The day whose law is applied.

    Raises:
        UsageError: A fact of the case is none, or not of its type, or two contradict each other.
    """
    faults = ((name, fault_in_fact(name, value)) for name, value in case.facts.items())
    broken = [f"facts.{name}: {fault}" for name, fault in faults if fault]
    broken += [f"facts: {fault}" for fault in contradictions(case.facts)]
    if broken:
        raise UsageError("\n".join(broken))
    values: dict[str, Value] = {name: _value(name, stated) for name, stated in case.facts.items()}
    values["jurisdiction"] = Entity("Jurisdiction", case.jurisdiction)
    values["readings"] = frozenset(Entity("Reading", reading) for reading in case.readings)
    values["conduct_until"] = min(case.conduct_until or as_of, as_of)
    if case.conduct_from is not None:
        values["conduct_from"] = case.conduct_from
    if case.place:
        values["place"] = Entity("Place", case.place)
    if case.purpose_kind:
        values["purpose_kind"] = Entity("Purpose", case.purpose_kind)
    if case.actors:
        values[ACTORS] = frozenset(Entity("ActorKind", actor) for actor in case.actors)
    if case.activities:
        values["activities"] = frozenset(Entity("Activity", activity) for activity in case.activities)
    return Facts(_completed(values))


def category_of(form: Form, characteristic: Characteristic, level: Level | None) -> str | None:
    """Return the legal kind of data of a finding, or None where nothing decides it.

    A picture with a face is face information only when it is enrolled; whether face recognition is
    applied to pictures that are not is a fact of the case (`fr_enabled_on_source`).
    """
    face = characteristic is Characteristic.FACE
    if characteristic is Characteristic.UNKNOWN:
        return None
    if form is Form.SYSTEM:
        return "face_recognition_system" if face else "other_recognition_system"
    enrolled = level is Level.ENROLLED
    if form is Form.SAMPLE and characteristic is Characteristic.VOICE and not enrolled:
        return "voice_recording"
    if not face:
        return _CATEGORY_OF_CHARACTERISTIC.get(characteristic, characteristic.value)
    if form is Form.SAMPLE:
        return "enrolled_face_image" if enrolled else "face_image"
    return "face_gallery" if form is Form.REFERENCE_DATABASE else "face_template"
