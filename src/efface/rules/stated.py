"""Say what a case states, as questions and answers in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.model.rule import Text
from efface.rules.facts import fact_types, questions_for_facts
from efface.rules.taxonomy import Entity, taxonomy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from efface.model.case import Case, FactValue

__all__ = ["stated"]

_YES, _NO = Text("是", "yes"), Text("否", "no")


def stated(case: Case) -> tuple[tuple[Text, Text], ...]:
    """Return each fact that a case states: the question and its answer; what it leaves out is left out."""
    return tuple(_pairs(case))


def _pairs(case: Case) -> Iterator[tuple[Text, Text]]:
    asked = questions_for_facts()
    words = {
        "jurisdiction": ("Jurisdiction", (case.jurisdiction,)),
        "actors": ("ActorKind", case.actors),
        "place": ("Place", (case.place,)),
        "purpose_kind": ("Purpose", (case.purpose_kind,)),
        "activities": ("Activity", case.activities),
        "readings": ("Reading", case.readings),
    }
    for name, (kind, ids) in words.items():
        given = [each for each in ids if each]
        if given:
            yield asked[name], _labels(kind, given)
    for name, day in (("conduct_from", case.conduct_from), ("conduct_until", case.conduct_until)):
        if day is not None:
            yield asked[name], Text(day.isoformat(), day.isoformat())
    for name, value in case.facts.items():
        yield asked[name], _answer(name, value)


def _labels(kind: str, ids: Sequence[str]) -> Text:
    labels = [taxonomy().label(Entity(kind, each)) for each in ids]
    return Text("、".join(label.zh for label in labels), ", ".join(label.en for label in labels))


def _answer(name: str, value: FactValue) -> Text:
    if isinstance(value, bool):
        return _YES if value else _NO
    if isinstance(value, str) and fact_types().get(name) in taxonomy().words:
        return _labels(fact_types()[name], [value])
    return Text(str(value), str(value))
