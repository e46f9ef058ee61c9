"""Take a submission apart into its values, each with the place at which a person finds it.

| submission | a place | source |
|---|---|---|
| JSON | normalized path, `$['rows'][3]['bz']` | RFC 9535, 2.7 |
| JSON Lines | the same behind the line, `line 4: $['bz']` | |
| XML | `/ExchangeMessage[1]/Body[1]/fields[2]/CF_SY[1]` | XPath 1.0 |
| CSV | cell as spreadsheets name it, `C5` | |
| Excel (.xlsx) | `Sheet!C5` | |

A name of more than 64 characters may be content rather than a name: it is shown as `…`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from efface.errors import FormatError, LimitExceededError
from efface.formats import csv_values, xlsx_cells
from efface.formats.document_values import escaped, is_numbers, is_table, is_wrapper
from efface.formats.text_types import decoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Entry", "of_csv", "of_json", "of_workbook", "of_xml", "shown", "unique"]

_MAX_DEPTH = 64
_MAX_SHOWN = 64
_HEADER_ROWS = 10  # among which the header of a sheet is looked for
_NO_NAME = re.compile(r"[\x00-\x1f\x7f]")
_LINE = re.compile(r"[^\r\n]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of a submission.

    Attributes:
        place: Where it stands, for people.
        record: Place of the record that it belongs to.
        pattern: Its place as a scan names it, with `*` for any element of a list.
        names: Its own name, then those of what it lies in, from the inside out.
        text: The value; a number as it is written, a long list of numbers as JSON.
        kind: "value"; "aside" for comments and explanations, which are no fields; "markup" for attributes of
            namespaces.
    """

    place: str
    record: str
    pattern: str
    names: tuple[str, ...]
    text: str = field(repr=False)
    kind: str = "value"


def shown(name: str) -> str:
    """Return a name as a receipt may show it."""
    return "…" if len(name) > _MAX_SHOWN else _NO_NAME.sub("…", name)


def of_json(text: str) -> Iterator[Entry]:
    """Yield the values of one JSON text, or of several, one a line.

    Raises:
        FormatError: It is no JSON, or an object has a name twice: readers disagree on which of them counts.
        LimitExceededError: It is nested too deeply.
    """
    text = text.lstrip("\ufeff")
    try:
        yield from _walk(_loaded(text), "$", "", (), 0)
    except json.JSONDecodeError:
        pass
    else:
        return
    for number, line in enumerate(_LINE.finditer(text), 1):
        try:
            value = _loaded(line[0])
        except json.JSONDecodeError:
            raise FormatError("JSON: not well-formed") from None
        yield from _walk(value, f"line {number}: $", "/*", (), 0)


def _loaded(text: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(text, object_pairs_hook=unique)
    except RecursionError:
        raise LimitExceededError("JSON: nested too deeply") from None


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON whose names are all different.

    Raises:
        FormatError: A name stands twice.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        raise FormatError("JSON: an object has the same name twice")
    return found


def _walk(value: Any, place: str, pattern: str, names: tuple[str, ...], depth: int) -> Iterator[Entry]:  # noqa: ANN401
    if depth > _MAX_DEPTH:
        raise LimitExceededError(f"JSON: more than {_MAX_DEPTH} objects and lists inside one another")
    if isinstance(value, dict):
        wrapper, table = is_wrapper(value), is_table(value)
        for key, item in value.items():
            step = "" if wrapper else "/*" if table else f"/{escaped(key)}"
            inner = f"{place}['{_quoted(shown(key))}']"
            if isinstance(item, dict | list):
                yield from _walk(item, inner, pattern + step, (key, *names), depth + 1)
            else:
                yield Entry(inner, place, pattern + step, (key, *names), _scalar(item))
    elif isinstance(value, list):
        if is_numbers(value):
            yield Entry(place, place.rpartition("[")[0], pattern, names, json.dumps(value))
            return
        for at, item in enumerate(value):
            inner = f"{place}[{at}]"
            if isinstance(item, dict | list):
                yield from _walk(item, inner, f"{pattern}/*", names, depth + 1)
            else:
                yield Entry(inner, place, f"{pattern}/*", names, _scalar(item))
    else:
        yield Entry(place, place, pattern, names, _scalar(value))


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace("'", "\\'")


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


class _Xml:
    """Gathers the texts and attributes of elements; comments and instructions are values without a name."""

    def __init__(self) -> None:
        self.found: list[Entry] = []
        self._names: list[str] = []
        self._places: list[str] = [""]
        self._counts: list[dict[str, int]] = [{}]
        self._texts: list[list[str]] = [[]]

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._names) >= _MAX_DEPTH:
            raise LimitExceededError(f"XML: more than {_MAX_DEPTH} elements inside one another")
        own = name.rpartition(":")[2]
        counts = self._counts[-1]
        counts[own] = counts.get(own, 0) + 1
        place = f"{self._places[-1]}/{shown(own)}[{counts[own]}]"
        self._names.append(own)
        self._places.append(place)
        self._counts.append({})
        self._texts.append([])
        for key, value in attributes.items():
            local = key.rpartition(":")[2]
            kind = "markup" if key.startswith(("xmlns", "xml:", "xsi:")) else "value"
            pattern = f"{self._pattern()}/@{local}"
            names = (local, *reversed(self._names))
            self.found.append(Entry(f"{place}/@{shown(local)}", place, pattern, names, value, kind))

    def end(self, _name: str) -> None:
        text = "".join(self._texts.pop()).strip()
        if text:
            names = tuple(reversed(self._names))
            self.found.append(Entry(self._places[-1], self._places[-2], self._pattern(), names, text))
        for stack in (self._names, self._places, self._counts):
            stack.pop()

    def text(self, data: str) -> None:
        self._texts[-1].append(data)

    def aside(self, *words: str) -> None:
        place = f"{self._places[-1]}/comment()"
        self.found.append(Entry(place, self._places[-1], "", ("",), " ".join(words), "aside"))

    def _pattern(self) -> str:
        return "/" + "/".join(self._names)


def of_xml(data: bytes) -> Iterator[Entry]:
    """Yield the texts, attributes, comments and instructions of an XML document.

    Raises:
        FormatError: It is not well-formed, or has a document type, in which entities may hide.
        LimitExceededError: It is nested too deeply.
    """
    reader = _Xml()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    parser.CommentHandler = parser.ProcessingInstructionHandler = reader.aside
    parser.StartDoctypeDeclHandler = _refuse
    text = decoded(data)
    if text is None:
        raise FormatError("XML: not in an encoding that is known here")
    plain = re.sub(r"^\s*<\?xml[^>]*\?>", "", text.lstrip("\ufeff"), count=1)
    try:
        parser.Parse(plain.encode("utf-8", "replace"), True)
    except expat.ExpatError:
        raise FormatError("XML: not well-formed") from None
    yield from reader.found


def _refuse(*_arguments: object) -> None:
    raise FormatError("XML: has a document type, which is not expanded here")


def of_csv(text: str) -> Iterator[Entry]:
    """Yield the fields of a table; its header's names are those of the columns.

    Raises:
        FormatError: It is empty, or its first row holds no names.
    """
    text = text.lstrip("\ufeff")
    header = csv_values.header_of(text)
    if header is None or not header.is_row:
        raise FormatError("CSV: the first row holds no names")
    rows = csv_values.fields_of_rows(text, header.separator)
    next(rows)
    for number, row in enumerate(rows, 2):
        for at, (_, _, value) in enumerate(row):
            if value:
                name = header.names[at].strip() if at < len(header.names) else ""
                place = f"{xlsx_cells.letters(at + 1)}{number}"
                yield Entry(place, f"row {number}", header.place(at), (name,), value)


def of_workbook(parts: Mapping[str, bytes], is_heading: Callable[[str], bool]) -> Iterator[Entry]:
    """Yield the cells below the heading of each sheet of an Excel workbook.

    Args:
        parts: The parts of its package by name.
        is_heading: Tells of a text whether it is the heading of a field. The first row of which half the cells
            and at least two are headings is the header; without one the first row is.

    Raises:
        FormatError: It is damaged.
    """
    rows: dict[tuple[str, int], list[xlsx_cells.Cell]] = {}
    for cell in xlsx_cells.cells(parts):
        rows.setdefault((cell.sheet, cell.row), []).append(cell)
    headers: dict[str, dict[str, str]] = {}
    first = dict.fromkeys(sheet for sheet, _ in rows)
    for sheet in first:
        own = [cells for (name, _), cells in rows.items() if name == sheet]
        header = next((cells for cells in own[:_HEADER_ROWS] if _is_header(cells, is_heading)), own[0])
        headers[sheet] = {cell.column: cell.text.strip() for cell in header}
        for cells in own:
            if cells is header:
                continue
            above = cells[0].row < header[0].row
            for cell in cells:
                # Above the header and in a row that begins with 表格说明 stand instructions for people.
                explains = above or cells[0].text.lstrip().startswith("表格说明")
                name = headers[sheet].get(cell.column, "")
                place = f"{shown(sheet)}!{cell.column}{cell.row}"
                kind = "aside" if explains else "value"
                yield Entry(place, f"{shown(sheet)}!{cell.row}", "", (name,), cell.text, kind)


def _is_header(cells: list[xlsx_cells.Cell], is_heading: Callable[[str], bool]) -> bool:
    known = sum(is_heading(cell.text.strip()) for cell in cells)
    return known >= 2 and known * 2 >= len(cells)
