"""Find where in a CSV text the fields of some places stand.

Source: RFC 4180.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from efface.formats.text_values import _csv_row, _escaped, _is_header, _number_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Wanted = Callable[[str, "str | bytes"], bool]

__all__ = ["spans"]

_HEAD = 4096
_QUOTED = re.compile(r'"[^"]*(?:""[^"]*)*(?:"|$)')

Field = tuple[int, int, str]


def spans(text: str, wanted: Wanted) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and replacement of the fields that are to go; a field becomes empty."""
    sample = text[:_HEAD].partition("\n")[0]
    rows = _rows(text, max(",\t;|", key=sample.count))
    first = next(rows, None)
    if first is None:
        return
    row = [value for _, _, value in first]
    has_header = _is_header(row)
    names = row if has_header else [str(number + 1) for number in range(len(row))]
    run = _number_columns(names)
    if not has_header:
        yield from _of_row(first, names, run, wanted)
    for fields in rows:
        yield from _of_row(fields, names, run, wanted)


def _of_row(
    fields: list[Field], names: list[str], run: range, wanted: Wanted
) -> Iterator[tuple[int, int, str]]:
    row = [value for _, _, value in fields]
    if run and any(wanted(place, value) for place, value in _csv_row(row, names, run) if value[:1] == "["):
        yield from ((start, end, "") for start, end, value in fields[run.start : run.stop] if value)
    for at, (start, end, value) in enumerate(fields):
        place = f"/*/{_escaped(names[at]) if at < len(names) else at + 1}"
        if at not in run and value and wanted(place, value):
            yield start, end, ""


def _rows(text: str, separator: str) -> Iterator[list[Field]]:
    """Yield the fields of each row: start and end with quotes, and the value."""
    plain = re.compile(rf"[^{re.escape(separator)}\r\n]*")
    fields: list[Field] = []
    at = 0
    while at < len(text):
        quoted = _QUOTED.match(text, at)
        rest = plain.match(text, quoted.end() if quoted else at)
        end = rest.end() if rest else at
        value = text[at:end]
        if quoted:
            value = quoted[0][1:].removesuffix('"').replace('""', '"') + text[quoted.end() : end]
        fields.append((at, end, value))
        mark = text[end : end + 1]
        at = end + 1
        if mark != separator:
            yield fields
            fields = []
            at += text.startswith("\r\n", end)
    if fields:
        yield fields
