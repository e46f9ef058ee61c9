"""Tell at a glance that a text holds no value long enough to be anything, so that it need not be taken apart.

Most texts are sentences, programs and short fields. A glance costs a hundredth of a parser: bytes are put into two
classes, and a long enough row of one class is looked for. It errs to one side only: a text that holds a value of
SHORTEST_CELL characters, or a list of 64 numbers, is never called short.
"""

from __future__ import annotations

import json
import re

from efface.formats import csv_values, text_runs
from efface.model import SHORTEST_CELL

__all__ = ["has_long_values"]

_YES, _NO = b"x", b" "


def _classes(members: bytes) -> bytes:
    """Return a table that makes every byte one of two."""
    return bytes(_YES[0] if byte in members else _NO[0] for byte in range(256))


_DIGITS = b"0123456789"
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_WORDS = _classes(_LETTERS + _DIGITS + b"+/_-%\\")
_LIST = _DIGITS + b"-+.eE,;\"' \t\n\r\v\f\x1c\x1d\x1e\x1f"
_NUMBERS = _classes(_LIST)
_NUMBERS_OR_WIDE = _classes(_LIST + bytes(range(0x80, 0x100)))  # in UTF-8, whatever is not ASCII
_FIELDS = {
    mark: _classes(bytes(set(range(256)) - set(mark.encode() + b"\r\n"))) for mark in csv_values.SEPARATORS
}

_LONG_WORD = _YES * text_runs.SHORTEST_WORD
_LONG_LIST = _YES * text_runs.SHORTEST_LIST
_STEP = 32  # a list is so long that every 32nd byte of a text shows that there is none
_LONG_FIELD = _YES * SHORTEST_CELL
_MANY_COLUMNS = 63  # separators: a vector may be spread over so many columns

_WIDE_SPACES = tuple(filter(str.isspace, map(chr, range(0x80, 0x3001))))
"""What besides ASCII may stand between the numbers of a list."""

_STRING = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_FLAT_LIST = re.compile(r"\[[^\[\]{}]{127}")  # 64 numbers of one digit
_MOST = 1 << 20
"""Characters: of larger texts few are short throughout, and the glance would be for nothing."""


def has_long_values(text: str, media_type: str) -> bool:
    """Return False where a text surely holds no value that is worth looking at; else True.

    Args:
        text: The whole text.
        media_type: As `text_type` tells it; of kinds that are not known here, True is returned.

    Not promised: that a text of which it returns True holds such a value.
    """
    glance = _GLANCES.get(media_type)
    if glance is None or len(text) > _MOST:
        return True
    return _has_runs(text) or glance(text)


def _has_runs(text: str) -> bool:
    """Return whether `text_runs` could find something: it also reads what claims to be of a kind and is not."""
    data = text.encode("utf-8", "surrogatepass")
    if _LONG_WORD in data.translate(_WORDS):
        return True
    if _LONG_LIST[::_STEP] not in data[::_STEP].translate(_NUMBERS_OR_WIDE):
        return False
    if _LONG_LIST not in data.translate(_NUMBERS_OR_WIDE):
        return False
    for space in _WIDE_SPACES:
        text = text.replace(space, " ")
    return _LONG_LIST in text.encode("ascii", "replace").translate(_NUMBERS)


def _json(text: str) -> bool:
    # "$number" is how MongoDB begins the numbers of a list; as "\\u0024number" it would be the same.
    if "$number" in text or "\\u00" in text or _FLAT_LIST.search(text):
        return True
    if max(map(len, _strings(text)), default=0) >= SHORTEST_CELL:
        return True
    # What a fault makes of quotes is not known: where a text is no JSON throughout, nothing was seen.
    try:
        json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return True
    return False


def _strings(text: str) -> list[str]:
    """Return what stands between the quotes, two by two; a quote in a string has a backslash before it."""
    return _STRING.findall(text) if "\\" in text else text.split('"')[1::2]


def _json_lines(text: str) -> bool:
    return any(_json(line.strip().rstrip(",") or "null") for line in text.lstrip("\ufeff").splitlines())


def _csv(text: str) -> bool:
    mark = csv_values.separator_of(text)
    if '"' in text or text.partition("\n")[0].count(mark) >= _MANY_COLUMNS:
        return True
    return _LONG_FIELD in text.encode("ascii", "replace").translate(_FIELDS[mark])


def _nothing_else(_text: str) -> bool:
    return False


_GLANCES = {
    "text/plain": _nothing_else,
    "text/html": _nothing_else,
    "application/json": _json,
    "application/x-ndjson": _json_lines,
    "text/csv": _csv,
    "text/tab-separated-values": _csv,
}
