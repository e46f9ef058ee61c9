"""Yield the values of structured text with the place that each has in it.

JSON, JSON Lines, XML, CSV, SQL dumps and plain text are read. A place is a pattern: the names on the way
to the value, with `*` for any element of a list (`/*/faceImage`, `/record/photo/@data`).
What claims to be of a kind and is not is read as plain text, so that a broken file still shows its values.

Sources: RFC 8259 (JSON), RFC 6901 (escapes in a pattern), RFC 4180 (CSV), XML 1.0, PostgreSQL's COPY format.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from efface.errors import FormatError, LimitExceededError
from efface.formats import csv_values, sql_values, text_runs, xml_values
from efface.formats.document_values import walk
from efface.formats.plain_text import has_long_values
from efface.formats.text_types import decoded, text_type

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_JSON_BYTES", "TEXT_TYPES", "Value", "values"]

Value = tuple[str, "str | bytes"]

TEXT_TYPES = frozenset(
    {
        "application/json",
        "application/x-ndjson",
        "application/xml",
        "application/sql",
        "application/rtf",
        "image/svg+xml",
    }
)
"""Media types that are read here besides `text/*`."""

MAX_JSON_BYTES = 256 << 20  # one JSON document; as objects it takes some five times that in memory
_HEAD = 4096
_JSON_START = re.compile(r"[\ufeff\s]*(?=\{)")
_BETWEEN = re.compile(r"[\s,]*")


def values(data: bytes, media_type: str = "", *, only_long: bool = False) -> Iterator[Value]:
    """Yield (pattern, value) for every string, and every long list of numbers, of a text.

    Args:
        data: The whole text.
        media_type: What it is, when known; else it is told by its start.
        only_long: Give nothing where a glance shows that every value is shorter than SHORTEST_CELL.

    Raises:
        FormatError: It is no text.
        LimitExceededError: One JSON document is larger than MAX_JSON_BYTES.

    A list of 64 or more numbers is one value: its JSON text. Numbers, truth values and nulls that stand
    alone are left out.
    """
    text = decoded(data)
    if text is None:
        raise FormatError("not text in an encoding that is known here")
    kind = media_type or text_type(data[:_HEAD], cut=len(data) > _HEAD) or "text/plain"
    if only_long and not has_long_values(text, kind):
        return
    reader = _READERS.get(kind, text_runs.values)
    if reader is text_runs.values:
        yield from text_runs.values(text)
        return
    given = False
    try:
        for value in reader(text):
            given = True
            yield value
    except LimitExceededError:
        raise
    except FormatError:
        if given:
            raise
        yield from text_runs.values(text)


def _json(text: str) -> Iterator[Value]:
    if len(text) > MAX_JSON_BYTES:
        raise LimitExceededError(f"JSON: one document of more than {MAX_JSON_BYTES} bytes")
    try:
        root = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        yield from _json_records(text)
        return
    yield from walk("", root)


def _json_records(text: str) -> Iterator[Value]:
    """Records one after another: each in a line, or each over several lines as `mongoexport --pretty` writes them."""
    given = False
    try:
        for value in _json_lines(text):
            given = True
            yield value
    except FormatError:
        if given or not (start := _JSON_START.match(text)):
            raise
        decoder, at = json.JSONDecoder(), start.end()
        try:
            while at < len(text):
                record, at = decoder.raw_decode(text, at)
                yield from walk("/*", record)
                between = _BETWEEN.match(text, at)
                at = between.end() if between else at
        except (ValueError, RecursionError):
            yield from text_runs.values(text[at:])


def _json_lines(text: str) -> Iterator[Value]:
    lines = (line.strip().rstrip(",") for line in text.lstrip("\ufeff").splitlines())
    read = False
    for line in lines:
        try:
            record = json.loads(line or "null")
        except (ValueError, RecursionError):
            if not read:
                raise FormatError("neither JSON nor JSON Lines") from None
            yield from text_runs.values(line)
            continue
        read = read or bool(line)
        yield from walk("/*", record)


_READERS = {
    "application/json": _json,
    "application/x-ndjson": _json_lines,
    "application/xml": xml_values.values,
    "image/svg+xml": xml_values.values,
    "application/sql": sql_values.values,
    "text/csv": csv_values.values,
    "text/tab-separated-values": csv_values.values,
}
