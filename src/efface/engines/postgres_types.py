"""Which PostgreSQL types may hold biometric data, and what reads them.

Source: PostgreSQL 18 documentation, chapter 8 (data types) and 52.65 (pg_type); pgvector 0.8 README (types).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.engines.database import SHORTEST, Field

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Type", "field_of", "quoted"]

_SMALL = frozenset(
    [
        "bool",
        "int2",
        "int4",
        "int8",
        "float4",
        "float8",
        "numeric",
        "money",
        "date",
        "time",
        "timetz",
        "timestamp",
        "timestamptz",
        "interval",
        "uuid",
        "inet",
        "cidr",
        "macaddr",
        "macaddr8",
        "oid",
        "xid",
        "xid8",
        "cid",
        "tid",
        "regclass",
        "regtype",
        "regproc",
        "pg_lsn",
        "char",
        "name",
        "tsvector",
        "tsquery",
        "point",
        "line",
        "lseg",
        "box",
        "path",
        "polygon",
        "circle",
        "geometry",
        "geography",
        "raster",
        "ltree",
        "lquery",
        "isbn",
        "ean13",
        "lo",
        "pg_snapshot",
        "txid_snapshot",
    ]
)
"""Types of which no value, or no array of values but numbers, can be a sample or a template."""
_FLOATS = {"float4": "float4", "float8": "float8", "numeric": "float8"}
_INTEGERS = frozenset({"int2", "int4", "int8", "char"})
_TEXTS = frozenset({"text", "varchar", "bpchar", "citext"})
_VECTORS = frozenset({"vector", "halfvec", "sparsevec"})
_BITS = frozenset({"bit", "varbit"})


@dataclass(frozen=True, slots=True)
class Type:
    """A row of pg_type.

    Attributes:
        name: typname.
        schema: Its schema.
        kind: typtype: b base, c composite, d domain, e enum, r range, m multirange, p pseudo.
        base: Of a domain, what it is made of; else 0.
        modifier: typtypmod of a domain; else -1.
        element: Of an array, the type of its elements; else 0.
        is_array: Whether it is a true array.
    """

    name: str
    schema: str
    kind: str
    base: int
    modifier: int
    element: int
    is_array: bool


def quoted(*names: str) -> str:
    """Return names as one quoted SQL name."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def field_of(name: str, number: int, modifier: int, types: Mapping[int, Type]) -> Field:  # noqa: PLR0911
    """Return what reads a column of a type, or why nothing does."""
    column, label = quoted(name), types[number].name
    number, modifier = _base(number, modifier, types)
    kind = types[number]
    if kind.is_array:
        element, _ = _base(kind.element, modifier, types)
        return _array(name, label, column, types[element])
    if kind.name in _VECTORS:
        return Field(
            name, label, blocks=f"{column}::{quoted(kind.schema, 'vector')}", where=f"{column} IS NOT NULL"
        )
    if kind.kind in "erm" or kind.name in _SMALL:
        return Field(name, label, skipped="values of this type are too small")
    if kind.name in _TEXTS | _BITS and 0 < _length(kind.name, modifier) < SHORTEST:
        return Field(name, label, skipped=f"its values have fewer than {SHORTEST} characters")
    if kind.name == "bytea":
        return Field(name, label, cells=f"{column}::bytea", where=_long_enough(column))
    if kind.name in _TEXTS:
        return Field(name, label, cells=f"{column}::text", where=_long_enough(column))
    if kind.kind == "c" or kind.name == "hstore":
        return Field(name, label, cells=f"to_json({column})::text", where=f"{column} IS NOT NULL")
    return Field(name, label, cells=f"{column}::text", where=f"{column} IS NOT NULL")


def _array(name: str, label: str, column: str, element: Type) -> Field:
    if element.name in _FLOATS:
        cast = f"CASE WHEN array_ndims({column}) = 1 THEN {column}::{_FLOATS[element.name]}[] END"
        return Field(
            name, label, blocks=cast, cells=f"to_json({column})::text", where=f"array_ndims({column}) > 1"
        )
    as_json = Field(name, label, cells=f"to_json({column})::text", where=f"{column} IS NOT NULL")
    if element.name in _INTEGERS:
        return as_json
    if element.kind in "erm" or element.name in _SMALL:
        return Field(name, label, skipped="values of this type are too small")
    if element.name in _TEXTS:
        return Field(name, label, cells=f"unnest({column}::text[])", where=f"{column} IS NOT NULL")
    if element.name == "bytea":
        return Field(name, label, cells=f"unnest({column}::bytea[])", where=f"{column} IS NOT NULL")
    return as_json


def _long_enough(column: str) -> str:
    return f"octet_length({column}) >= {SHORTEST}"


def _base(number: int, modifier: int, types: Mapping[int, Type]) -> tuple[int, int]:
    while types[number].kind == "d":
        number, modifier = types[number].base, types[number].modifier
    return number, modifier


def _length(name: str, modifier: int) -> int:
    """Return the most characters that a column takes, or -1; of character types, the modifier is that plus 4."""
    return modifier if name in _BITS else modifier - 4
