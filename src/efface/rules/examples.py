"""Run the examples that stand beside the rules of a pack: they are its tests."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from efface.model.case import Case
from efface.model.rule import Example
from efface.model.vocabulary import VerdictKind
from efface.rules.facts import DATA_CATEGORY, case_to_facts, contradictions, fault_in_fact
from efface.rules.norm import apply
from efface.rules.taxonomy import Entity, taxonomy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model.case import FactValue
    from efface.rules.norm import Norm
    from efface.rules.pack_tables import Examples, ExampleTable

__all__ = ["as_example", "faults_in_examples"]


def as_example(example: ExampleTable) -> Example:
    """Return an example as a value of the model."""
    return Example(example.name, example.kind != VerdictKind.OUT_OF_SCOPE, str(example.kind))


def faults_in_examples(table: Examples, norms: dict[str, Norm]) -> Iterator[str]:
    """Name every example that fails, and every rule without the examples that it needs.

    A rule needs one example that fires, one that does not, and one on each side of its dates.
    """
    sound: list[ExampleTable] = []
    for example in table.examples:
        faults = [f"examples.toml: {example.name}: {fault}" for fault in _faults_in(example, table, norms)]
        yield from faults
        if not faults:
            sound.append(example)
    for rule_id, norm in norms.items():
        yield from _missing_examples(norm, [example for example in sound if example.rule == rule_id])


def _faults_in(example: ExampleTable, table: Examples, norms: dict[str, Norm]) -> Iterator[str]:
    if example.rule not in norms:
        yield f"no sound rule is called {example.rule!r}"
        return
    if example.case not in table.cases:
        yield f"no case is called {example.case!r}"
        return
    case = _case_of(example, table)
    faults = list(_faults_in_words(case))
    yield from faults
    if not faults:
        said = apply(norms[example.rule], case_to_facts(case, example.as_of)).kind
        if said != example.kind:
            yield f"expected {example.kind}, the rule says {said}"


def _case_of(example: ExampleTable, table: Examples) -> Case:
    base = table.cases[example.case]
    facts: dict[str, FactValue] = {**base.facts, **example.facts}
    if example.data:
        facts[DATA_CATEGORY] = example.data
    own = example.model_dump(include=set(type(base).model_fields) - {"facts"}, exclude_none=True)
    shared = base.model_dump(exclude={"facts"}) | own
    return Case(
        title=example.name,
        jurisdiction=shared["jurisdiction"],
        actors=tuple(shared["actors"]),
        place=shared["place"],
        purpose_kind=shared["purpose_kind"],
        activities=tuple(shared["activities"]),
        conduct_from=example.conduct_from,
        conduct_until=example.conduct_until,
        facts=facts,
        readings=tuple(example.readings),
    )


def _faults_in_words(case: Case) -> Iterator[str]:
    used = [Entity("Jurisdiction", case.jurisdiction)]
    used += [Entity("ActorKind", actor) for actor in case.actors]
    used += [Entity("Activity", activity) for activity in case.activities]
    used += [Entity("Place", case.place)] if case.place else []
    used += [Entity("Purpose", case.purpose_kind)] if case.purpose_kind else []
    used += [Entity("Reading", reading) for reading in case.readings]
    for entity in used:
        if not taxonomy().knows(entity):
            yield f"no {entity.kind} is called {entity.id!r}{taxonomy().hint(entity)}"
    yield from (f"facts: {fault}" for fault in contradictions(case.facts))
    for name, value in case.facts.items():
        fault = fault_in_fact(name, value)
        if fault:
            yield f"facts.{name}: {fault}"


def _missing_examples(norm: Norm, examples: list[ExampleTable]) -> Iterator[str]:
    fires = {(example.as_of, example.kind != VerdictKind.OUT_OF_SCOPE) for example in examples}
    needed = {
        "one that fires": any(fired for _, fired in fires),
        "one that does not fire": any(not fired for _, fired in fires),
    }
    first = norm.rule.effective_from
    if first is not None:
        eve = first - timedelta(days=1)
        needed[f"one that fires on its first day, {first}"] = (first, True) in fires
        needed[f"one that does not fire on the day before, {eve}"] = (eve, False) in fires
    last = norm.rule.effective_until
    if last is not None:
        eve = last - timedelta(days=1)
        begun = {(example.conduct_from, example.kind != VerdictKind.OUT_OF_SCOPE) for example in examples}
        needed[f"one that fires on conduct from its last day, {eve}"] = (eve, True) in begun
        needed[f"one that does not fire on conduct from the day after, {last}"] = (last, False) in begun
    for what, there in needed.items():
        if not there:
            yield f"examples.toml: {norm.rule.id}: an example is missing: {what}"
