"""Find where in an XML document the texts and attributes of some places stand.

Source: XML 1.0.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.parsers import expat

from efface.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Wanted = Callable[[str, "str | bytes"], bool]

__all__ = ["spans"]

_DECLARATION = re.compile(rb"^\s*<\?xml[^>]*\?>")
_ATTRIBUTE = re.compile(rb"""\s([^\s=/>"']+)\s*=\s*("[^"]*"|'[^']*')""")
_TAG = re.compile(rb"""<(?:[^<>"']|"[^"]*"|'[^']*')*>""")
_MAX_DEPTH = 200


def spans(text: str, wanted: Wanted) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and replacement of texts and attribute values that are to go; they become empty.

    Raises:
        FormatError: It is not well-formed, nested too deeply, or declares entities.
    """
    data = text.encode("utf-8", "surrogatepass")
    offset = found.end() if (found := _DECLARATION.match(data)) else 0
    reader = _Reader(data[offset:], wanted)
    try:
        reader.parser.Parse(reader.body, True)
    except expat.ExpatError as error:
        raise FormatError("XML: not well-formed") from error
    at = characters = 0
    for start, end in sorted(reader.found):
        # Offsets are bytes; characters are counted on from the span before.
        first = characters + len(data[at : start + offset].decode("utf-8", "surrogatepass"))
        characters = first + len(data[start + offset : end + offset].decode("utf-8", "surrogatepass"))
        at = end + offset
        yield first, characters, ""


class _Element:
    """An open element: its text so far and where the runs of it stand."""

    __slots__ = ("runs", "texts")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.runs: list[tuple[int, int]] = []


class _Reader:
    def __init__(self, body: bytes, wanted: Wanted) -> None:
        self.body = body
        self.found: list[tuple[int, int]] = []
        self._wanted = wanted
        self._path: list[str] = []
        self._open: list[_Element] = []
        self._text_at = -1
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._refuse
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.CommentHandler = self._close
        self.parser.ProcessingInstructionHandler = self._close
        self.parser.StartCdataSectionHandler = self._close
        self.parser.EndCdataSectionHandler = self._close

    def _place(self) -> str:
        return "/" + "/".join(self._path)

    def _close(self, *_arguments: object) -> None:
        """End a run of characters where something else begins."""
        if self._text_at >= 0:
            self._open[-1].runs.append((self._text_at, self.parser.CurrentByteIndex))
            self._text_at = -1

    def _text(self, data: str) -> None:
        self._open[-1].texts.append(data)
        if self._text_at < 0:
            self._text_at = self.parser.CurrentByteIndex

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._close()
        if len(self._path) >= _MAX_DEPTH:
            raise FormatError(f"XML: more than {_MAX_DEPTH} elements inside one another")
        self._path.append(name.rpartition(":")[2])
        self._open.append(_Element())
        wanted = {
            key
            for key, value in attributes.items()
            if self._wanted(f"{self._place()}/@{key.rpartition(':')[2]}", value)
        }
        tag = _TAG.match(self.body, self.parser.CurrentByteIndex) if wanted else None
        if tag:
            for attribute in _ATTRIBUTE.finditer(self.body, tag.start(), tag.end()):
                if attribute[1].decode("utf-8", "replace") in wanted:
                    self.found.append((attribute.start(2) + 1, attribute.end(2) - 1))

    def _end(self, _name: str) -> None:
        self._close()
        element = self._open.pop()
        text = "".join(element.texts).strip()
        if text and self._wanted(self._place(), text):
            self.found += element.runs
        self._path.pop()

    def _refuse(self, *_arguments: object) -> None:
        raise FormatError("XML: declares entities, which are not expanded here")

    def _doctype(self, _name: str, _system: str | None, _public: str | None, has_subset: int) -> None:
        self._close()
        if has_subset:
            self._refuse()
