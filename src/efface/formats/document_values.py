"""Walk documents of dictionaries and lists, and give their values with the place that each has.

What MongoDB's extended JSON writes around a value is taken off: `{"$binary": {"base64": ...}}` stands at the place
of the field itself, and a list of `{"$numberDouble": ...}` is a list of numbers.

Sources: RFC 6901 (escapes in a pattern); MongoDB Extended JSON v1 and v2; BSON 1.1 and the BSON Binary Vector
specification (subtype 9).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from efface.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    Change = Callable[[str, str | bytes], str | bytes | None]

__all__ = ["changed", "escaped", "is_number", "is_numbers", "is_table", "is_wrapper", "walk"]

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
        step = _steps(value)
        for key, item in value.items():
            yield from walk(f"{pattern}{step(key)}", item, depth + 1)


def changed(pattern: str, value: Any, change: Change, depth: int = 0) -> Any:  # noqa: ANN401
    """Return a document in which the values that `walk` gives went through a change.

    Args:
        pattern: As for `walk`.
        value: The document, which stays as it is.
        change: Gets place and value; gives the value, what is to stay of it, or None. What is not to stay becomes
            an empty text, no bytes, or a list without numbers; fields stay.
        depth: As for `walk`.

    Raises:
        FormatError: A list of numbers or a vector of BSON would be changed in part.
    """
    if isinstance(value, str):
        return change(pattern, value) or ""
    if isinstance(value, bytes | bytearray | memoryview):
        return _changed_bytes(value, change(pattern, _plain_bytes(value)))
    if isinstance(value, list):
        numbers = _unwrapped_numbers(value)
        if is_numbers(numbers):
            text = json.dumps(numbers)
            return _whole_or_nothing(value, text, change(pattern, text), [])
        return (
            value
            if depth >= _MAX_DEPTH
            else [changed(f"{pattern}/*", each, change, depth + 1) for each in value]
        )
    if isinstance(value, dict) and depth < _MAX_DEPTH:
        step = _steps(value)
        return {key: changed(f"{pattern}{step(key)}", item, change, depth + 1) for key, item in value.items()}
    return value


def _steps(value: dict[str, Any]) -> Callable[[str], str]:
    """Return what tells the step to each key of a dictionary."""
    if is_wrapper(value):
        return lambda _: ""
    return (lambda _: "/*") if is_table(value) else lambda key: f"/{escaped(str(key))}"


def _changed_bytes(value: Any, left: str | bytes | None) -> Any:  # noqa: ANN401 - bytes, or BSON's kind of it
    plain, kind = _plain_bytes(value), getattr(value, "subtype", None)
    if kind is None:
        return left or b""
    if kind == _VECTOR_SUBTYPE:
        return _whole_or_nothing(value, plain, left, type(value)(bytes(value)[:2], kind))
    return value if left == plain else type(value)(left or b"", kind)


def _whole_or_nothing(value: Any, shown: str | bytes, left: str | bytes | None, nothing: Any) -> Any:  # noqa: ANN401
    if left is not None and left != shown:
        raise FormatError("numbers that would be changed in part")
    return nothing if left is None else value


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
