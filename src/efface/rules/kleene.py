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

from efface.rules.facts import ACTORS, DATA_CATEGORY, AtLeast
from efface.rules.taxonomy import Entity, Taxonomy, taxonomy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.rules.facts import Facts

__all__ = [
    "Answer",
    "entity_of",
    "evaluate",
    "facts_read",
    "numbers_compared",
    "readings_named",
    "unsupported",
]

_COMPARE: dict[str, Any] = {
    "eq": operator.eq,
    "not_eq": operator.ne,
    "less": operator.lt,
    "less_eq": operator.le,
    "greater": operator.gt,
    "greater_eq": operator.ge,
}
_MIRRORED = {"less": "greater", "less_eq": "greater_eq", "greater": "less", "greater_eq": "less_eq"}


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


def _joined(*parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for part in parts for name in part))


def entity_of(uid: pst.EntityUid) -> Entity:
    """Return a Cedar entity identifier as a word of the taxonomy."""
    return Entity(str(uid.type), uid.id)


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


def facts_read(expr: object) -> tuple[str, ...]:
    """Return the names of all facts that a supported condition reads, in the order of the text."""
    match expr:
        case pst.GetAttr(attr=name):
            return (name,)
        case pst.Var(name=name):
            return (ACTORS if name == "principal" else DATA_CATEGORY,)
        case pst.UnaryOp(arg=arg):
            return facts_read(arg)
        case pst.BinaryOp(left=left, right=right):
            return _joined(facts_read(left), facts_read(right))
        case _:
            return ()


def readings_named(expr: object) -> frozenset[str]:
    """Return the disputed readings that a supported condition turns on."""
    match expr:
        case pst.EntityLit(value=uid):
            return frozenset({uid.id} if str(uid.type) == "Reading" else ())
        case pst.UnaryOp(arg=arg):
            return readings_named(arg)
        case pst.BinaryOp(left=left, right=right):
            return readings_named(left) | readings_named(right)
        case pst.Set(elements=elements):
            return frozenset().union(*(readings_named(element) for element in elements))
        case _:
            return frozenset()


def numbers_compared(expr: object) -> Iterator[tuple[str, int]]:
    """Yield each fact that a supported condition compares with a whole number, and the number."""
    match expr:
        case pst.BinaryOp(left=pst.GetAttr(attr=name), right=pst.LongLit(value=number)):
            yield name, number
        case pst.BinaryOp(left=pst.LongLit(value=number), right=pst.GetAttr(attr=name)):
            yield name, number
        case pst.BinaryOp(left=left, right=right):
            yield from numbers_compared(left)
            yield from numbers_compared(right)
        case pst.UnaryOp(arg=arg):
            yield from numbers_compared(arg)
        case _:
            return


def evaluate(expr: pst.Expr, facts: Facts) -> Answer:
    """Return what a supported condition says of the facts."""
    match expr:
        case pst.BoolLit(value=value):
            return Answer(value)
        case pst.UnaryOp(op="not", arg=arg):
            inner = evaluate(arg, facts)
            return Answer(None if inner.value is None else not inner.value, inner.because, inner.missing)
        case pst.BinaryOp(op="and", left=left, right=right):
            return _combine(evaluate(left, facts), evaluate(right, facts), decisive=False)
        case pst.BinaryOp(op="or", left=left, right=right):
            return _combine(evaluate(left, facts), evaluate(right, facts), decisive=True)
        case pst.BinaryOp(op=op, left=left, right=right):
            return _compare(op, left, right, facts)
        case _:
            return _compare("eq", expr, pst.BoolLit(True), facts)


def _combine(left: Answer, right: Answer, *, decisive: bool) -> Answer:
    for part in (left, right):
        if part.value is decisive:
            return part
    because = _joined(left.because, right.because)
    if left.value is None or right.value is None:
        return Answer(None, because, _joined(left.missing, right.missing))
    return Answer(not decisive, because)


def _compare(op: str, left: object, right: object, facts: Facts) -> Answer:
    names = _joined(facts_read(left), facts_read(right))
    known = tuple(name for name in names if name in facts.values)
    missing = tuple(_asked_as(name, facts) for name in names if name not in facts.values)
    if missing:
        return _open(known, missing, facts)
    one, other = _operand(left, facts), _operand(right, facts)
    value = _lies_in(one, other, taxonomy()) if op == "in" else _decided(op, one, other)
    if value is None:
        return _open(known, tuple(_asked_as(name, facts) for name in names), facts)
    return Answer(value, known)


def _open(known: tuple[str, ...], missing: tuple[str, ...], facts: Facts) -> Answer:
    if facts.assumed and all(name in facts.assumed for name in missing):
        return Answer(facts.assumed[missing[0]], known)
    return Answer(None, known, missing)


def _asked_as(name: str, facts: Facts) -> str:
    return facts.data_asked_as if name == DATA_CATEGORY else name


def _decided(op: str, left: Any, right: Any) -> bool | None:  # noqa: ANN401 - the schema validator has typed both
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


def _operand(expr: object, facts: Facts) -> Any:  # noqa: ANN401 - as above
    match expr:
        case pst.EntityLit(value=uid):
            return entity_of(uid)
        case pst.Set(elements=elements):
            return frozenset(_operand(element, facts) for element in elements)
        case pst.UnaryOp(arg=pst.StringLit(value=text)):
            return date.fromisoformat(text)
        case pst.BoolLit(value=value) | pst.LongLit(value=value) | pst.StringLit(value=value):
            return value
        case _:
            return facts.values[facts_read(expr)[0]]
