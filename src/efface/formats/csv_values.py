"""Read the fields of CSV texts with their column's name; a vector spread over numbered columns is one value.

Commas, tabs, semicolons and bars separate, whichever the first line has most of outside quotes. Rows may be
ragged. Numbers may have a decimal comma where semicolons or tabs separate.

Source: RFC 4180.
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from efface.errors import FormatError
from efface.formats.document_values import escaped, is_number
from efface.formats.spread import numbered_runs, stem

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "SEPARATORS",
    "Field",
    "Header",
    "fields_of_rows",
    "header_of",
    "row_values",
    "separator_of",
    "values",
]

_HEAD = 65_536
_MAX_FIELD = 64 << 20  # characters
_LONG_LINE = 1 << 18  # characters; the csv module takes four bytes and more for each of a field
_QUOTED = re.compile(r'"[^"]*(?:""[^"]*)*(?:"|$)')
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+(?:[eE][-+]?\d+)?")
SEPARATORS = ",\t;|"

Field = tuple[int, int, str]
"""Start and end of a field with its quotes, and its value."""


class Header:
    """The names of the columns, and which of them are one vector.

    Attributes:
        names: One for each column of the first row.
        separator: What stands between fields.
        runs: Columns that hold the numbers of one vector.
        is_row: Whether the first row holds names, and no values.
    """

    def __init__(self, first: list[str], separator: str) -> None:
        self.is_row = _is_header(first)
        self.names = first if self.is_row else [str(number + 1) for number in range(len(first))]
        self.separator = separator
        self.runs = numbered_runs(self.names)
        self._places = [f"/*/{escaped(name)}" for name in self.names]

    def vectors(self, row: list[str]) -> tuple[list[tuple[range, str, str]], set[int]]:
        """Return the vectors of a row as columns, place and text, and all columns that they take."""
        found = [(run, *vector) for run in self.runs if (vector := self._vector(row, run))]
        return found, {at for run, _, _ in found for at in run}

    def place(self, at: int) -> str:
        """Return the place of a column's values."""
        return self._places[at] if at < len(self._places) else f"/*/{at + 1}"

    def _vector(self, row: list[str], run: range) -> tuple[str, str] | None:
        spread = [row[at].strip() for at in run if at < len(row)]
        if self.separator in ";\t":
            spread = [item.replace(",", ".") if _DECIMAL_COMMA.fullmatch(item) else item for item in spread]
        if len(spread) < len(run) or not all(map(is_number, spread)):
            return None
        name = stem(self.names[run.start]) if self.is_row else "numbers"
        return f"/*/{escaped(name)}", "[" + ", ".join(spread) + "]"


def separator_of(text: str) -> str:
    """Return the separator that the first line has most of outside quotes."""
    line = _QUOTED.sub("", text[:_HEAD].lstrip("\ufeff").partition("\n")[0])
    return max(SEPARATORS, key=line.count)


def header_of(text: str) -> Header | None:
    """Return the header of a text that begins with one, or None where there is nothing."""
    separator = separator_of(text)
    first = next(fields_of_rows(text, separator), None)
    return None if first is None else Header([value.lstrip("\ufeff") for _, _, value in first], separator)


def values(text: str, header: Header | None = None) -> Iterator[tuple[str, str]]:
    """Yield (`/*/column`, value) for the fields of all rows.

    Args:
        text: Whole rows.
        header: That of the text that these rows are a piece of; else the first row has it.

    Raises:
        FormatError: A field is longer than 64 Mi characters, or the quoting is broken.
    """
    is_start = header is None
    header = header or header_of(text)
    if header is None:
        return
    try:
        for number, row in enumerate(_rows(text, header.separator)):
            if number or not (is_start and header.is_row):
                yield from row_values(row, header)
    except csv.Error as error:
        raise FormatError("CSV: a field is longer than 64 MiB, or a row is broken") from error


def row_values(row: list[str], header: Header) -> Iterator[tuple[str, str]]:
    """Yield place and value of one row: first the vectors spread over it, then the fields."""
    vectors, taken = header.vectors(row)
    for _, place, text in vectors:
        yield place, text
    for at, field in enumerate(row):
        if field and at not in taken:
            yield header.place(at), field


def _is_header(row: list[str]) -> bool:
    named = [field.strip() for field in row if field.strip()]
    if all(len(field) <= 128 and not is_number(field) for field in named):
        return True
    # Data frames name the columns of an array by their number.
    numbers = [field for field in named if field.isdigit()]
    counted = [str(number) for number in range(len(numbers))]
    rest = [field for field in named if not field.isdigit()]
    return len(numbers) >= 64 and numbers == counted and not any(map(is_number, rest))


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    """Yield the fields of each row; those of long lines without the module that copies them several times."""
    csv.field_size_limit(_MAX_FIELD)  # the module's own limit of 128 KiB is less than a photo
    at = 1 if text.startswith("\ufeff") else 0
    while at < len(text):
        lines = _Lines(text, at)
        for row in csv.reader(lines, delimiter=separator):
            at = lines.at
            yield row
        at = lines.at
        if at < len(text):
            fields = next(fields_of_rows(text, separator, at))
            at = fields[-1][1] + 1
            at += text.startswith("\n", at) and text[at - 1] == "\r"
            yield [_checked(value) for _, _, value in fields]


def _checked(value: str) -> str:
    if len(value) > _MAX_FIELD:
        raise FormatError("CSV: a field is longer than 64 MiB, or a row is broken")
    return value


class _Lines:
    """The lines of a text up to the first long one, without a list of them; `at` is how far it got."""

    def __init__(self, text: str, at: int) -> None:
        self._text = text
        self.at = at
        self._is_open = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        end = self._text.find("\n", self.at) + 1 or len(self._text)
        # A long line within an open quote belongs to the row before it, and so to the reader that has it.
        if self.at >= len(self._text) or (end - self.at > _LONG_LINE and not self._is_open):
            raise StopIteration
        line = self._text[self.at : end]
        self._is_open ^= line.count('"') % 2 == 1
        self.at = end
        return line


def fields_of_rows(text: str, separator: str, at: int = 0) -> Iterator[list[Field]]:
    """Yield the fields of each row with where they stand, from an offset on."""
    plain = re.compile(rf"[^{re.escape(separator)}\r\n]*")
    fields: list[Field] = []
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
