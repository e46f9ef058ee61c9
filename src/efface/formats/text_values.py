"""Yield the values of structured text with the place that each has in it.

JSON, JSON Lines, XML, CSV, SQL dumps and plain text are read. A place is a pattern: the names on the way
to the value, with `*` for any element of a list (`/*/faceImage`, `/record/photo/@data`).
What claims to be of a kind and is not is read as plain text, so that a broken file still shows its values.

Sources: RFC 8259 (JSON), RFC 6901 (escapes in a pattern), RFC 4180 (CSV), XML 1.0, PostgreSQL's COPY format.
"""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

from efface.errors import FormatError, LimitExceededError
from efface.formats import sql_values, text_runs, xml_values
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
_MAX_KEYS = 64  # a dictionary of more keys is a table with keys for data
_SAME_KEYS = 3  # so is one of fewer keys that all hold long lists of numbers
_VECTOR = 64  # numbers in a row that count as one value
_MAX_FIELD = 64 << 20  # characters of one CSV field
_MAX_DEPTH = 100
_HEAD = 4096


def values(data: bytes, media_type: str = "") -> Iterator[Value]:
    """Yield (pattern, value) for every string, and every long list of numbers, of a text.

    Args:
        data: The whole text in UTF-8, UTF-16 or GB 18030.
        media_type: What it is, when known; else it is told by its start.

    Raises:
        FormatError: It is no text.
        LimitExceededError: One JSON document is larger than MAX_JSON_BYTES.

    A list of 64 or more numbers is one value: its JSON text. Numbers, truth values and nulls that stand
    alone are left out.
    """
    text = decoded(data)
    if text is None:
        raise FormatError("not text in UTF-8, UTF-16 or GB 18030")
    kind = media_type or text_type(data[:_HEAD], cut=len(data) > _HEAD) or "text/plain"
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
        yield from _json_lines(text)
        return
    yield from _walk("", root, 0)


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
        yield from _walk("/*", record, 0)


def _walk(pattern: str, value: Any, depth: int) -> Iterator[Value]:  # noqa: ANN401 - JSON is any
    if isinstance(value, str):
        yield pattern, value
    elif isinstance(value, list):
        if is_numbers(value):
            yield pattern, json.dumps(value)
        elif depth < _MAX_DEPTH:
            for item in value:
                yield from _walk(f"{pattern}/*", item, depth + 1)
    elif isinstance(value, dict) and depth < _MAX_DEPTH:
        anonymous = _is_table(value)
        for key, item in value.items():
            yield from _walk(f"{pattern}/{'*' if anonymous else _escaped(key)}", item, depth + 1)


def is_numbers(value: list[Any]) -> bool:
    """Return whether a list is a long list of numbers, or of numbers written as strings."""
    return len(value) >= _VECTOR and all(
        type(item) is float or type(item) is int or (isinstance(item, str) and _is_number(item))
        for item in value
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_table(value: dict[str, Any]) -> bool:
    """Tell a dictionary whose keys are data, such as the names of people."""
    if len(value) > _MAX_KEYS:
        return True
    return len(value) >= _SAME_KEYS and all(
        isinstance(item, list) and is_numbers(item) for item in value.values()
    )


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _csv(text: str) -> Iterator[Value]:
    sample = text[:_HEAD].partition("\n")[0]
    separator = max(",\t;|", key=sample.count)
    csv.field_size_limit(_MAX_FIELD)  # the module's own limit of 128 KiB is less than a photo
    lines = csv.reader(text.lstrip("\ufeff").splitlines(keepends=True), delimiter=separator)
    try:
        first = next(lines, None)
        if first is None:
            return
        names = first if _is_header(first) else [str(number + 1) for number in range(len(first))]
        run = _number_columns(names)
        if names is not first:
            yield from _csv_row(first, names, run)
        for row in lines:
            yield from _csv_row(row, names, run)
    except csv.Error as error:
        raise FormatError("CSV: a field is longer than 64 MiB, or a row is broken") from error


def _csv_row(row: list[str], names: list[str], run: range) -> Iterator[Value]:
    spread = [row[at].strip() for at in run if at < len(row)]
    if len(spread) >= _VECTOR and all(_is_number(item) for item in spread):
        name = names[run.start].rstrip("0123456789").rstrip("_-. ") or "numbers"
        yield f"/*/{_escaped(name)}", "[" + ", ".join(spread) + "]"
    for at, field in enumerate(row):
        if at not in run and field:
            yield f"/*/{_escaped(names[at]) if at < len(names) else at + 1}", field


def _is_header(row: list[str]) -> bool:
    return all(0 < len(field.strip()) <= 128 and not _is_number(field) for field in row if field.strip())


def _number_columns(names: list[str]) -> range:
    """Return the longest run of columns that differ in their number only: a vector spread over a row."""
    stems = [name.strip().rstrip("0123456789") if name.strip()[-1:].isdigit() else None for name in names]
    best, start = range(0), 0
    for at in range(1, len(stems) + 1):
        if at == len(stems) or stems[at] is None or stems[at] != stems[start]:
            if stems[start] is not None and at - start > len(best):
                best = range(start, at)
            start = at
    return best if len(best) >= _VECTOR else range(0)


_READERS = {
    "application/json": _json,
    "application/x-ndjson": _json_lines,
    "application/xml": xml_values.values,
    "image/svg+xml": xml_values.values,
    "application/sql": sql_values.values,
    "text/csv": _csv,
    "text/tab-separated-values": _csv,
}
