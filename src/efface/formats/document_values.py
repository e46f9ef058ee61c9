"""Walk documents of dictionaries and lists, and give their values with the place that each has.

What MongoDB's extended JSON writes around a value is taken off: `{"$binary": {"base64": ...}}` stands at the place
of the field itself, and a list of `{"$numberDouble": ...}` is a list of numbers.

Sources: RFC 6901 (escapes in a pattern); MongoDB Extended JSON v1 and v2; BSON 1.1 and the BSON Binary Vector
specification (subtype 9).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["escaped", "is_number", "is_numbers", "is_table", "is_wrapper", "walk"]

_MAX_KEYS = 64  # a dictionary of more keys is a table with keys for data
_SAME_KEYS = 3  # so is one of fewer keys that all hold long lists of numbers
_VECTOR = 64  # numbers in a row that count as one value
_MAX_DEPTH = 100
_WRAPPERS = frozenset(
    {frozenset({"$binary"}), frozenset({"$binary", "$type"}), frozenset({"base64", "subType"})}
)
_NUMBERS = frozenset({"$numberDouble", "$numberInt", "$numberLong", "$numberDecimal"})
_VECTOR_TYPES = {0x03: "|i1", 0x27: "<f4"}  # of BSON's vectors; the third, packed bits, holds no numbers
_VECTOR_SUBTYPE = 9


def walk(pattern: str, value: Any, depth: int = 0) -> Iterator[tuple[str, str | bytes]]:  # noqa: ANN401 - any document
    """Yield (pattern, value) for every string, binary value and long list of numbers of a document.

    Args:
        pattern: Place of the document itself.
        value: Dictionaries, lists, strings, bytes; anything else is left out.
        depth: How deep the document already lies; what is more than 100 deep is left out.
    """
    if isinstance(value, str):
        yield pattern, value
    elif isinstance(value, bytes | bytearray | memoryview):
        yield pattern, _plain_bytes(value)
    elif isinstance(value, list):
        numbers = _unwrapped_numbers(value)
        if is_numbers(numbers):
            yield pattern, json.dumps(numbers)
        elif depth < _MAX_DEPTH:
            for item in value:
                yield from walk(f"{pattern}/*", item, depth + 1)
    elif isinstance(value, dict) and depth < _MAX_DEPTH:
        anonymous, wrapper = is_table(value), is_wrapper(value)
        for key, item in value.items():
            step = "" if wrapper else f"/{'*' if anonymous else escaped(str(key))}"
            yield from walk(f"{pattern}{step}", item, depth + 1)


def _plain_bytes(value: bytes | bytearray | memoryview) -> str | bytes:
    """Return binary data; BSON's vectors lose the two bytes before their numbers, and small ones are widened."""
    data = bytes(value)
    if getattr(value, "subtype", 0) != _VECTOR_SUBTYPE or len(data) < 2:
        return data
    kind = _VECTOR_TYPES.get(data[0])
    if kind == "<f4":
        return data[2:]
    return json.dumps(list(memoryview(data[2:]).cast("b"))) if kind else data[2:]


def is_wrapper(keys: Collection[str]) -> bool:
    """Return whether a dictionary of such keys only says how MongoDB wrote a binary value."""
    return len(keys) <= 2 and frozenset(keys) in _WRAPPERS


def _unwrapped_numbers(value: list[Any]) -> list[Any]:
    if len(value) < _VECTOR or not isinstance(value[0], dict):
        return value
    numbers = []
    for item in value:
        if not isinstance(item, dict) or len(item) != 1 or not _NUMBERS.issuperset(item):
            return value
        numbers.append(next(iter(item.values())))
    return numbers


def is_numbers(value: list[Any]) -> bool:
    """Return whether a list is a long list of numbers, or of numbers written as strings."""
    return len(value) >= _VECTOR and all(
        type(item) is float or type(item) is int or (isinstance(item, str) and is_number(item))
        for item in value
    )


def is_number(text: str) -> bool:
    """Return whether a text is one number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def is_table(value: dict[str, Any]) -> bool:
    """Tell a dictionary whose keys are data, such as the names of people."""
    if len(value) > _MAX_KEYS:
        return True
    return len(value) >= _SAME_KEYS and all(
        isinstance(item, list) and is_numbers(item) for item in value.values()
    )


def escaped(name: str) -> str:
    """Return a name as a step of a pattern (RFC 6901, 3)."""
    return name.replace("~", "~0").replace("/", "~1")
