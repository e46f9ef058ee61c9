"""Evaluate the boolean expressions of Cedar policies over facts of which some are unknown.

Strong Kleene logic: a conjunction with one false part is false whatever else is unknown, a disjunction
with one true part is true, and what stays open names every fact that could close it. A coarse word is
unknown for a finer one: conduct "in Jiangsu" may or may not be conduct in Nanjing.

Only the node types listed in `unsupported` are evaluated; a pack that uses any other is refused when it is
loaded, so that evaluation itself cannot fail.

Not promised: `x || !x` is unknown while x is, where classical logic calls it true.
Source: S. C. Kleene, Introduction to Metamathematics, sec. 64; Cedar policy language, typed tree of cedarpy.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from cedarpy import pst

from efface.rules.facts import DATA_CATEGORY, AtLeast
from efface.rules.taxonomy import Entity, Taxonomy, taxonomy
from efface.rules.terms import entity_of, facts_read, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from efface.rules.facts import Facts, Value

    Condition = Callable[[Facts], "Answer"]

__all__ = ["Answer", "compiled", "evaluate", "unsupported"]

_COMPARE: dict[str, Any] = {
    "eq": operator.eq,
    "not_eq": operator.ne,
    "less": operator.lt,
    "less_eq": operator.le,
    "greater": operator.gt,
    "greater_eq": operator.ge,
}
_MIRRORED = {"less": "greater", "less_eq": "greater_eq", "greater": "less", "greater_eq": "less_eq"}


_REMEMBERED = 256  # values of one fact, in one comparison


@dataclass(frozen=True, slots=True)
class Answer:
    """True, False or None for unknown, with its reasons.

    Attributes:
        value: The truth value.
        because: Names of the known facts that decided, or that speak so far.
        missing: Names of the facts that could decide; empty unless `value` is None.
    """

    value: bool | None
    because: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def unsupported(expr: object) -> Iterator[str]:
    """Name every node of a condition that `evaluate` does not know."""
    match expr:
        case pst.BoolLit():
            return
        case pst.UnaryOp(op="not", arg=arg):
            yield from unsupported(arg)
        case pst.BinaryOp(op="and" | "or", left=left, right=right):
            yield from unsupported(left)
            yield from unsupported(right)
        case pst.BinaryOp(op="in", left=left, right=pst.EntityLit()):
            if left not in (pst.Var("principal"), pst.Var("resource")):
                yield from _unsupported_fact(left)
        case pst.BinaryOp(op="contains", left=left, right=pst.EntityLit()):
            yield from _unsupported_fact(left)
        case pst.BinaryOp(op="contains_any", left=left, right=pst.Set(elements=elements)):
            yield from _unsupported_fact(left)
            yield from (_node_name(part) for part in elements if not isinstance(part, pst.EntityLit))
        case pst.BinaryOp(op=op, left=left, right=right) if op in _COMPARE:
            yield from _unsupported_operand(left)
            yield from _unsupported_operand(right)
        case pst.GetAttr():
            yield from _unsupported_fact(expr)
        case _:
            yield _node_name(expr)


def _unsupported_operand(expr: object) -> Iterator[str]:
    match expr:
        case pst.BoolLit() | pst.LongLit() | pst.StringLit() | pst.EntityLit():
            return
        case pst.UnaryOp(op="datetime", arg=pst.StringLit(value=text)):
            try:
                date.fromisoformat(text)
            except ValueError:
                yield "datetime of anything but a day (YYYY-MM-DD)"
        case _:
            yield from _unsupported_fact(expr)


def _unsupported_fact(expr: object) -> Iterator[str]:
    match expr:
        case pst.GetAttr(base=pst.Var(name="context")):
            return
        case _:
            yield _node_name(expr)


def _node_name(expr: object) -> str:
    return " ".join(filter(None, (type(expr).__name__, getattr(expr, "op", ""), getattr(expr, "name", ""))))


def evaluate(expr: pst.Expr, facts: Facts) -> Answer:
    """Return what a supported condition says of the facts."""
    return compiled(expr)(facts)


def compiled(expr: pst.Expr) -> Condition:
    """Return a supported condition as a function of the facts, several times as fast as walking its tree."""
    match expr:
        case pst.BoolLit(value=value):
            constant = Answer(value)
            return lambda _: constant
        case pst.UnaryOp(op="not", arg=arg):
            return _negated(compiled(arg))
        case pst.BinaryOp(op="and" | "or" as op):
            return _chained([compiled(part) for part in _flat(expr, op)], decisive=op == "or")
        case pst.BinaryOp(op=op, left=left, right=right):
            return _compared(op, left, right)
        case _:
            return _compared("eq", expr, pst.BoolLit(True))


def _flat(expr: pst.Expr, op: str) -> Iterator[pst.Expr]:
    if isinstance(expr, pst.BinaryOp) and expr.op == op:
        yield from _flat(expr.left, op)
        yield from _flat(expr.right, op)
    else:
        yield expr


def _negated(inner: Condition) -> Condition:
    def answer(facts: Facts) -> Answer:
        said = inner(facts)
        return Answer(None if said.value is None else not said.value, said.because, said.missing)

    return answer


def _chained(parts: list[Condition], *, decisive: bool) -> Condition:
    """Return `and` or `or` over parts: the first part that decides, else the reasons of all."""

    def answer(facts: Facts) -> Answer:
        said = []
        for part in parts:
            one = part(facts)
            if one.value is decisive:
                return one
            said.append(one)
        because = joined(*(one.because for one in said))
        missing = joined(*(one.missing for one in said if one.missing))
        return Answer(None if missing else not decisive, because, missing)

    return answer


def _compared(op: str, left: pst.Expr, right: pst.Expr) -> Condition:
    names = joined(facts_read(left), facts_read(right))
    if len(names) == 1 and not facts_read(right):
        return _one_fact(names[0], op, _operand(right, {}))

    def answer(facts: Facts) -> Answer:
        known = tuple(name for name in names if name in facts.values)
        missing = tuple(_asked_as(name, facts) for name in names if name not in facts.values)
        if missing:
            return _open(known, missing, facts)
        value = _decided(op, _operand(left, facts.values), _operand(right, facts.values))
        if value is None:
            return _open(known, tuple(_asked_as(name, facts) for name in names), facts)
        return Answer(value, known)

    return answer


def _one_fact(name: str, op: str, other: Any) -> Condition:  # noqa: ANN401 - the schema validator has typed both
    """Return the comparison of one fact with a constant, which nearly all are; what it said it knows again."""
    answers = {True: Answer(True, (name,)), False: Answer(False, (name,))}
    said: dict[object, bool | None] = {}

    def answer(facts: Facts) -> Answer:
        value = facts.values.get(name)
        if value is None:
            return _open((), (_asked_as(name, facts),), facts)
        if value in said:
            decided = said[value]
        else:
            decided = _decided(op, value, other)
            if len(said) < _REMEMBERED:
                said[value] = decided
        if decided is None:
            return _open((name,), (_asked_as(name, facts),), facts)
        return answers[decided]

    return answer


def _open(known: tuple[str, ...], missing: tuple[str, ...], facts: Facts) -> Answer:
    if facts.assumed and all(name in facts.assumed for name in missing):
        return Answer(facts.assumed[missing[0]], known)
    return Answer(None, known, missing)


def _asked_as(name: str, facts: Facts) -> str:
    return facts.data_asked_as if name == DATA_CATEGORY else name


def _decided(op: str, left: Any, right: Any) -> bool | None:  # noqa: ANN401 - the schema validator has typed both
    if op == "in":
        return _lies_in(left, right, taxonomy())
    if op == "contains":
        return right in left
    if op == "contains_any":
        return not left.isdisjoint(right)
    if isinstance(right, AtLeast):
        return _decided(_MIRRORED.get(op, op), right, left)
    if isinstance(left, AtLeast):
        return _bounded(op, left.low, right)
    return bool(_COMPARE[op](left, right))


def _bounded(op: str, low: int, other: Any) -> bool | None:  # noqa: ANN401 - as above
    """Return how a number of `low` or more compares with another; None where that depends on how much more."""
    if isinstance(other, AtLeast):
        return None
    if (low > other) if op in ("less_eq", "greater", "eq", "not_eq") else (low >= other):
        return op in ("greater", "greater_eq", "not_eq")
    return None


def _lies_in(one: Any, target: Entity, words: Taxonomy) -> bool | None:  # noqa: ANN401 - as above
    """Return whether a word, or any of several, lies in another; None where it is too coarse to say."""
    several = one if isinstance(one, frozenset) else (one,)
    if any(word == target or target in words.above(word) for word in several):
        return True
    return None if any(word in words.above(target) for word in several) else False


def _operand(expr: object, values: Mapping[str, Value]) -> Any:  # noqa: ANN401 - as above
    match expr:
        case pst.EntityLit(value=uid):
            return entity_of(uid)
        case pst.Set(elements=elements):
            return frozenset(_operand(element, values) for element in elements)
        case pst.UnaryOp(arg=pst.StringLit(value=text)):
            return date.fromisoformat(text)
        case pst.BoolLit(value=value) | pst.LongLit(value=value) | pst.StringLit(value=value):
            return value
        case _:
            return values[facts_read(expr)[0]]
