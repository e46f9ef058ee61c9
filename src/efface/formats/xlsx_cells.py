"""Read the cells of an Excel workbook (.xlsx) from the parts of its package.

Source: ECMA-376 part 1 (SpreadsheetML), 18.2 (workbook), 18.3.1.4 (c), 18.4.9 (sst); part 2 (relationships).
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

from efface.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["STRINGS", "WORKBOOK", "Cell", "cells", "letters", "other_parts", "sheets"]

WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
STRINGS = "xl/sharedStrings.xml"
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_PLAIN = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/(?:app|core|custom)\.xml|xl/(?:workbook|styles|sharedStrings|calcChain)"
    r"\.xml|xl/_rels/workbook\.xml\.rels|xl/theme/theme\d+\.xml|xl/worksheets/sheet\d+\.xml"
)
_MOST_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell that holds something.

    Attributes:
        sheet: Name of its sheet.
        column: Letters of its column.
        row: Number of its row, from 1.
        text: Its text; of a formula the value that was stored with it.
    """

    sheet: str
    column: str
    row: int
    text: str = field(repr=False)


def other_parts(names: Mapping[str, bytes]) -> list[str]:
    """Return the names of parts that a table of cells does not need: drawings, pictures, macros, objects."""
    return [name for name in names if not _PLAIN.fullmatch(name)]


def cells(parts: Mapping[str, bytes]) -> Iterator[Cell]:
    """Yield the cells of all sheets, sheet by sheet and row by row.

    Args:
        parts: The parts of the package by name.

    Raises:
        FormatError: A part that is needed is missing, not well-formed, or declares entities.
    """
    strings = _strings(parts[STRINGS]) if STRINGS in parts else []
    for name, part in sheets(parts):
        if part not in parts:
            raise FormatError("XLSX: a sheet is missing")
        yield from _of_sheet(name, parts[part], strings)


def sheets(parts: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Return the name of each sheet and of the part that it lies in.

    Raises:
        FormatError: The workbook is missing or damaged.
    """
    if WORKBOOK not in parts or _RELATIONS not in parts:
        raise FormatError("XLSX: the workbook is missing")
    targets: dict[str, str] = {}
    found: list[tuple[str, str]] = []

    def relation(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            target = attributes.get("Target", "")
            path = target[1:] if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            targets[attributes.get("Id", "")] = path

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            key = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), "")
            found.append((attributes.get("name", ""), targets.get(key, "")))

    _parse(parts[_RELATIONS], relation)
    _parse(parts[WORKBOOK], sheet)
    return found


def _strings(data: bytes) -> list[str]:
    found: list[str] = []
    pieces: list[str] = []
    # What is said of pronunciation (rPh) is no text of the cell.
    state = {"text": False, "phonetic": False}

    def start(name: str, _attributes: dict[str, str]) -> None:
        state["phonetic"] |= name == "rPh"
        state["text"] = name == "t"

    def end(name: str) -> None:
        state["text"] = False
        if name == "rPh":
            state["phonetic"] = False
        elif name == "si":
            found.append("".join(pieces))
            pieces.clear()

    def text(words: str) -> None:
        if state["text"] and not state["phonetic"]:
            pieces.append(words)

    _parse(data, start, end, text)
    return found


class _Sheet:
    def __init__(self, name: str, strings: list[str]) -> None:
        self.name = name
        self.found: list[Cell] = []
        self._strings = strings
        self._pieces: list[str] = []
        self._at = ("", 0)
        self._kind = ""
        self._takes = False
        self._row = self._column = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._takes = name in {"v", "t"}
        if name == "row":
            self._row = _count(attributes.get("r"), self._row + 1)
            self._column = 0
        elif name == "c":
            place = _REFERENCE.fullmatch(attributes.get("r", ""))
            self._column = _number(place[1]) if place else self._column + 1
            self._at = (place[1], int(place[2])) if place else (letters(self._column), self._row)
            self._kind = attributes.get("t", "")
            self._pieces = []

    def text(self, words: str) -> None:
        if self._takes:
            self._pieces.append(words)

    def end(self, name: str) -> None:
        self._takes = False
        if name == "c" and self._pieces:
            value = "".join(self._pieces)
            if self._kind == "s":
                value = self._shared(value)
            if len(self.found) >= _MOST_CELLS:
                raise FormatError("XLSX: too many cells")
            self.found.append(Cell(self.name, *self._at, value))

    def _shared(self, number: str) -> str:
        try:
            return self._strings[int(number)]
        except (ValueError, IndexError):
            raise FormatError("XLSX: a cell refers to a text that is not there") from None


def _of_sheet(name: str, data: bytes, strings: list[str]) -> Iterator[Cell]:
    sheet = _Sheet(name, strings)
    _parse(data, sheet.start, sheet.end, sheet.text)
    yield from sheet.found


def _count(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 8 else otherwise


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def letters(number: int) -> str:
    """Return the letters of a column, counted from 1."""
    found = ""
    while number:
        number, rest = divmod(number - 1, 26)
        found = chr(65 + rest) + found
    return found


def _parse(
    data: bytes,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] = lambda _name: None,
    text: Callable[[str], None] = lambda _words: None,
) -> None:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
    parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise FormatError("XLSX: a part is not well-formed") from error


def _refuse(*_arguments: object) -> None:
    raise FormatError("XLSX: a part declares a document type, which is not expanded here")
