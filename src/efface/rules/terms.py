"""What a condition of a Cedar policy reads and names, without evaluating it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cedarpy import pst

from efface.rules.facts import ACTORS, DATA_CATEGORY
from efface.rules.taxonomy import Entity

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["entity_of", "facts_read", "joined", "numbers_compared", "readings_named"]


def joined(*parts: tuple[str, ...]) -> tuple[str, ...]:
    """Return names in their order, each once."""
    return tuple(dict.fromkeys(name for part in parts for name in part))


def entity_of(uid: pst.EntityUid) -> Entity:
    """Return a Cedar entity identifier as a word of the taxonomy."""
    return Entity(str(uid.type), uid.id)


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
            return joined(facts_read(left), facts_read(right))
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
