"""Compare the evaluator of rules with Cedar's own engine, on complete facts made from a seed.

Cedar knows no unknown facts and no words too coarse to tell, so every fact is stated and every word is one that
nothing listed lies in: then both must say the same of every rule.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import cedarpy
from cedarpy import pst

from efface.rules.facts import Facts, Value, fact_types
from efface.rules.taxonomy import Entity, taxonomy
from efface.rules.terms import entity_of

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping, Sequence

    from efface.rules.norm import Norm
    from efface.rules.pack import Pack

__all__ = ["Differential", "fired_by_cedar", "fired_by_us", "leaves", "policies_of"]

_LISTS = {"actors": "ActorKind", "activities": "Activity", "readings": "Reading"}
_WORDS = {
    "data_category": "Category",
    "jurisdiction": "Jurisdiction",
    "place": "Place",
    "purpose_kind": "Purpose",
}
_NEAR = 0.85  # how often a word is one that the chosen rule names


def leaves(kind: str) -> list[str]:
    """Return the listed words of a kind that no other listed word lies in."""
    words = taxonomy().words[kind]
    above = {parent.id for word in words for parent in taxonomy().above(Entity(kind, word))}
    return sorted(set(words) - above)


def policies_of(packs: Sequence[Pack]) -> str:
    """Return the Cedar text of several packs; policies stand in the order of the packs' norms."""
    return "\n".join(pack.texts["rules.cedar"] for pack in packs)


class Differential:
    """Draws complete facts that lie near one rule or another.

    Args:
        norms: The rules.
    """

    def __init__(self, norms: Sequence[Norm]) -> None:
        self._norms = norms
        days = {day for norm in norms for day in (norm.rule.effective_from, norm.rule.effective_until) if day}
        self._days = sorted({day + timedelta(days=off) for day in days for off in (-1, 0, 1)})
        self._numbers = sorted(
            {n + off for norm in norms for _, n in norm.numbers for off in (-1, 0, 1)} | {0}
        )
        self._leaves = {kind: leaves(kind) for kind in {*_LISTS.values(), *_WORDS.values()}}

    def facts(self, rng: random.Random) -> dict[str, Value]:
        """Return the next facts; every fact that the schema declares has a value."""
        near = _entities(rng.choice(self._norms)) if self._norms else {}
        values: dict[str, Value] = {}
        for name, kind in _WORDS.items():
            values[name] = self._word(kind, near, rng)
        for name, kind in _LISTS.items():
            values[name] = frozenset(self._word(kind, near, rng) for _ in range(rng.randint(1, 3)))
        for name in ("conduct_from", "conduct_until"):
            values[name] = self._day(rng)
        for name, kind in fact_types().items():
            if kind == "Bool":
                values[name] = rng.random() < 0.5
            elif kind == "Long":
                values[name] = rng.choice(self._numbers)
            elif kind == "datetime":
                values[name] = self._day(rng)
        return values

    def _day(self, rng: random.Random) -> date:
        return rng.choice(self._days) if self._days else date(2026, 1, 1)

    def _word(self, kind: str, near: Mapping[str, list[Entity]], rng: random.Random) -> Entity:
        named = near.get(kind)
        if named and rng.random() < _NEAR:
            target = rng.choice(named)
            below = [
                word
                for word in self._leaves[kind]
                if word == target.id or target in taxonomy().above(Entity(kind, word))
            ]
            if below:
                return Entity(kind, rng.choice(below))
        return Entity(kind, rng.choice(self._leaves[kind]))


def _entities(norm: Norm) -> dict[str, list[Entity]]:
    found: dict[str, list[Entity]] = {}
    for part in (norm.applies, norm.unless):
        for entity in _literals(part):
            found.setdefault(entity.kind, []).append(entity)
    return found


def _literals(expr: object) -> Iterator[Entity]:
    match expr:
        case pst.EntityLit(value=uid):
            yield entity_of(uid)
        case pst.Set(elements=elements):
            for element in elements:
                yield from _literals(element)
        case pst.UnaryOp(arg=arg):
            yield from _literals(arg)
        case pst.BinaryOp(left=left, right=right):
            yield from _literals(left)
            yield from _literals(right)
        case _:
            return


def fired_by_us(norms: Sequence[Norm], facts: Mapping[str, Value]) -> frozenset[int]:
    """Return the positions of the rules that apply and whose conditions are not met; -1 where one is undecided."""
    told = Facts(facts)
    fired = set()
    for position, norm in enumerate(norms):
        applies = norm.test(told).value
        met = norm.cure is not None and norm.cure(told).value
        if applies is None or met is None:
            fired.add(-1)
        elif applies and not met:
            fired.add(position)
    return frozenset(fired)


def fired_by_cedar(policies: str, many: Sequence[Mapping[str, Any]]) -> list[frozenset[int]]:
    """Return for each complete facts the positions of the policies that Cedar finds satisfied.

    Raises:
        ValueError: Cedar could not evaluate a policy.
    """
    requests, entities = [], {}
    for number, facts in enumerate(many):
        party, data = Entity("Party", f"case-{number}"), Entity("Data", f"item-{number}")
        for name in _WORDS:
            entities.update(_with_parents(facts[name]))
        for actor in facts["actors"]:
            entities.update(_with_parents(actor))
        entities[party] = _entity(party, facts["actors"])
        entities[data] = _entity(data, [facts["data_category"]])
        requests.append(
            {
                "principal": _uid(party),
                "action": 'Action::"process"',
                "resource": _uid(data),
                "context": {
                    n: _in_cedar(v) for n, v in facts.items() if n not in ("actors", "data_category")
                },
            }
        )
    fired = []
    for result in cedarpy.is_authorized_batch(requests, policies, list(entities.values())):
        if result.diagnostics.errors:
            raise ValueError(str(result.diagnostics.errors)[:200])
        fired.append(frozenset(int(name.removeprefix("policy")) for name in result.diagnostics.reasons))
    return fired


def _with_parents(entity: Entity) -> dict[Entity, dict[str, Any]]:
    return {entity: _entity(entity, taxonomy().above(entity))}


def _entity(entity: Entity, parents: Any) -> dict[str, Any]:  # noqa: ANN401 - any collection of words
    return {"uid": _uid(entity), "attrs": {}, "parents": [_uid(parent) for parent in sorted(parents)]}


def _uid(entity: Entity) -> dict[str, str]:
    return {"type": entity.kind, "id": entity.id}


def _in_cedar(value: object) -> object:
    if isinstance(value, Entity):
        return {"__entity": _uid(value)}
    if isinstance(value, frozenset):
        return [_in_cedar(member) for member in sorted(value)]
    return {"__extn": {"fn": "datetime", "arg": str(value)}} if isinstance(value, date) else value
