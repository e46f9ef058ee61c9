"""Find where in a CSV text the fields of some places stand.

Source: RFC 4180.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.formats.csv_values import Header, fields_of_rows, separator_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from efface.formats.csv_values import Field

    Wanted = Callable[[str, "str | bytes"], bool]

__all__ = ["spans"]


def spans(text: str, wanted: Wanted) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and replacement of the fields that are to go; a field becomes empty."""
    separator = separator_of(text)
    rows = fields_of_rows(text, separator)
    first = next(rows, None)
    if first is None:
        return
    header = Header([value.lstrip("\ufeff") for _, _, value in first], separator)
    if not header.is_row:
        yield from _of_row(first, header, wanted)
    for fields in rows:
        yield from _of_row(fields, header, wanted)


def _of_row(fields: list[Field], header: Header, wanted: Wanted) -> Iterator[tuple[int, int, str]]:
    row = [value for _, _, value in fields]
    vectors, taken = header.vectors(row)
    for run, place, text in vectors:
        if wanted(place, text):
            yield from ((start, end, "") for start, end, value in fields[run.start : run.stop] if value)
    for at, (start, end, value) in enumerate(fields):
        if value and at not in taken and wanted(header.place(at), value):
            yield start, end, ""
