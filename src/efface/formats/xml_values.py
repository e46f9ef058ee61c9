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
_CHUNK = 1 << 16
_PIECE = 8 << 20  # characters
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


class _Reader:
    def __init__(self) -> None:
        self.path: list[str] = []
        self.texts: list[list[str]] = []
        self.found: list[tuple[str, str]] = []
        self.has_started = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.path) >= _MAX_DEPTH:
            raise FormatError(f"XML: more than {_MAX_DEPTH} elements inside one another")
        self.has_started = True
        self.path.append(name.rpartition(":")[2])
        self.texts.append([])
        place = "/" + "/".join(self.path)
        self.found.extend((f"{place}/@{key.rpartition(':')[2]}", value) for key, value in attributes.items())

    def end(self, _name: str) -> None:
        text = "".join(self.texts.pop()).strip()
        if text:
            self.found.append(("/" + "/".join(self.path), text))
        self.path.pop()

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
