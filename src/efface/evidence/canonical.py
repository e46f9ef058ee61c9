"""Write and read JSON of which each value has exactly one sequence of bytes.

A subset of RFC 8785 (JSON Canonicalization Scheme): numbers are whole and at most 2**53 - 1 in
magnitude, names of members are ASCII, so that sorting by code point and by UTF-16 unit agree.

Source: RFC 8785, 3.2; RFC 7493 (I-JSON), 2.1 to 2.3.
"""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

from efface.errors import EvidenceError

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_INTEGER", "dumps", "loads"]

MAX_INTEGER: Final = 2**53 - 1
MAX_DEPTH: Final = 16
MAX_BYTES: Final = 512 * 1024 * 1024
_MAX_DIGITS: Final = len(str(MAX_INTEGER)) + 1  # and a sign


def dumps(value: object) -> bytes:
    """Return the one canonical form of a value.

    Args:
        value: None, bool, int, str, or lists, tuples and dicts of such.

    Raises:
        EvidenceError: A float, a number too large, a name that is not ASCII, a lone surrogate, another
            type, or more than `MAX_DEPTH` levels.
    """
    _require_plain(value, MAX_DEPTH)
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise EvidenceError("not canonical: a text holds a lone surrogate") from None


def loads(data: bytes) -> Any:  # noqa: ANN401 - JSON is any of its types
    """Read canonical bytes; refuse every other spelling of the same value.

    Raises:
        EvidenceError: The bytes are not JSON, not canonical, or over a limit.
    """
    if len(data) > MAX_BYTES:
        raise EvidenceError(f"not read: more than {MAX_BYTES} bytes")
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_object,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
            parse_int=_integer,
        )
    except (ValueError, RecursionError):
        raise EvidenceError("not canonical: not JSON in UTF-8") from None
    if dumps(value) != data:
        raise EvidenceError("not canonical: the same value has another canonical spelling")
    return value


def _require_plain(value: object, depth: int) -> None:
    if depth < 0:
        raise EvidenceError(f"not canonical: more than {MAX_DEPTH} levels")
    if value is None or isinstance(value, bool | str):
        return
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise EvidenceError("not canonical: a number beyond 2**53 - 1")
    elif isinstance(value, dict):
        _require_members(value, depth)
    elif isinstance(value, list | tuple):
        for item in value:
            _require_plain(item, depth - 1)
    else:
        raise EvidenceError(f"not canonical: {type(value).__name__} is not allowed")


def _require_members(value: dict[object, object], depth: int) -> None:
    for name, item in value.items():
        if not isinstance(name, str) or not name.isascii():
            raise EvidenceError("not canonical: the name of a member is not an ASCII text")
        _require_plain(item, depth - 1)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise EvidenceError("not canonical: a member is there twice")
    return members


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise EvidenceError("not canonical: a number beyond 2**53 - 1")
    return int(digits)


def _refuse_number(_: str) -> NoReturn:
    raise EvidenceError("not canonical: only whole numbers are allowed")
