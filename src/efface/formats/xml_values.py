"""Yield the texts and attributes of an XML document with the path of element names that leads to each.

Entities and internal document types are refused before they are expanded, so no document can grow.

Source: XML 1.0; the attack known as exponential entity expansion.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.parsers import expat

from efface.errors import FormatError
from efface.formats import text_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["values", "values_of"]

_MAX_DEPTH = 200
_VECTOR = 64  # numbers in a row that count as one value besides
_LONGEST = 8192
_FRACTION = re.compile(r"-?\d{0,3}\.\d{2,20}(?:[eE][-+]?\d{1,3})?|-?\d(?:\.\d{1,20})?[eE]-\d{1,3}")
_CHUNK = 1 << 16
_PIECE = 8 << 20  # characters
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


class _Run:
    """Numbers with fractions in a row, by their place, inside one element."""

    __slots__ = ("current", "longest")

    def __init__(self) -> None:
        self.current: dict[str, list[str]] = {}
        self.longest: dict[str, list[str]] = {}

    def add(self, place: str, text: str) -> None:
        if _FRACTION.fullmatch(text):
            run = self.current.setdefault(place, [])
            if len(run) <= _LONGEST:
                run.append(text)
            if len(run) > len(self.longest.get(place, ())):
                self.longest[place] = run
        else:
            self.current.pop(place, None)


class _Reader:
    def __init__(self) -> None:
        self.path: list[str] = []
        self.texts: list[list[str]] = []
        self.found: list[tuple[str, str]] = []
        self.runs: list[_Run] = []
        self.has_started = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.path) >= _MAX_DEPTH:
            raise FormatError(f"XML: more than {_MAX_DEPTH} elements inside one another")
        self.has_started = True
        self.path.append(name.rpartition(":")[2])
        self.texts.append([])
        self.runs.append(_Run())
        place = "/" + "/".join(self.path)
        for key, value in attributes.items():
            key = key.rpartition(":")[2]  # noqa: PLW2901 - without its prefix
            self.found.append((f"{place}/@{key}", value))
            if key == "value":
                self._count(f"{place}/@{key}", value, self.runs[-2:-1])

    def end(self, _name: str) -> None:
        text = "".join(self.texts.pop()).strip()
        if text:
            place = "/" + "/".join(self.path)
            self.found.append((place, text))
            self._count(place, text, self.runs[-3:-1])
        for place, numbers in self.runs.pop().longest.items():
            if len(numbers) >= _VECTOR:
                self.found.append((place, f"[{', '.join(numbers)}]"))
        self.path.pop()

    @staticmethod
    def _count(place: str, text: str, runs: list[_Run]) -> None:
        """Add a number to the runs of the elements around it: a vector may be spread over cells of a row."""
        for run in runs:
            run.add(place, text)

    def text(self, data: str) -> None:
        self.texts[-1].append(data)

    def drained(self) -> list[tuple[str, str]]:
        """Return what was found since it was last asked."""
        found, self.found = self.found, []
        return found


def _refuse(*_arguments: object) -> None:
    raise FormatError("XML: declares entities, which are not expanded here")


def _no_subset(_name: str, _system: str | None, _public: str | None, has_subset: int) -> None:
    if has_subset:
        _refuse()


def values(text: str) -> Iterator[tuple[str, str]]:
    """Yield (path, text) for each element with text and each attribute.

    What follows a fault is read as plain text.

    Raises:
        FormatError: It declares entities, or its very beginning is not well-formed.
    """
    yield from values_of(text[at : at + _PIECE] for at in range(0, len(text), _PIECE))


def values_of(texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the same of a document that comes in pieces.

    Raises:
        FormatError: It declares entities, or its very beginning is not well-formed.
    """
    reader = _Reader()
    parser = _parser(reader)
    fed = 0
    pieces = iter(texts)
    data = b""
    try:
        for number, text in enumerate(pieces):
            # The declaration may name the encoding that the text had before it was decoded.
            plain = text if number else _DECLARATION.sub("", text.lstrip("\ufeff"), count=1)
            fed, data = fed + len(data), plain.encode("utf-8", "replace")
            for at in range(0, len(data), _CHUNK):
                parser.Parse(data[at : at + _CHUNK], False)
                yield from reader.drained()
        fed, data = fed + len(data), b""
        parser.Parse(b"", True)
    except (expat.ExpatError, FormatError) as error:
        found = reader.drained()
        if parser.CurrentByteIndex <= 0 or not reader.has_started:
            raise FormatError("XML: not well-formed, or declares entities") from error
        yield from found
        yield from text_runs.values(data[max(parser.CurrentByteIndex - fed, 0) :].decode("utf-8", "replace"))
        for text in pieces:
            yield from text_runs.values(text)


def _parser(reader: _Reader) -> expat.XMLParserType:
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = _refuse
    parser.StartDoctypeDeclHandler = _no_subset
    return parser
