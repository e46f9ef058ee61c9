"""Yield the values of texts too large to be read as a whole: in pieces that end where a record ends.

A record (a row, a line, a statement, an element of a list) may have up to 64 Mi characters; longer ones are passed
over and told at the end. One JSON object larger than that is not taken apart.

Sources: as for `text_values`.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING, BinaryIO

from efface.errors import FormatError, LimitExceededError
from efface.formats import csv_values, sql_values, text_runs, text_values, xml_values
from efface.formats.document_values import walk
from efface.formats.text_types import encoding_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from efface.formats.text_values import Value

__all__ = ["values"]

_HEAD = 4096
_CHUNK = 8 << 20  # bytes
_MAX_RECORD = 64 << 20  # characters
_DOUBTFUL = 32 << 20  # characters without an end that quotes allow: then quotes do not mean what they seem to
_MAX_STEPS = 10_000
_COPY = re.compile(r"^[ \t]*COPY\s+[^\n;']{1,65536}\s+FROM\s+stdin[^\n]*\n", re.IGNORECASE | re.MULTILINE)


def values(stream: BinaryIO, media_type: str) -> Iterator[Value]:
    """Yield (pattern, value) as `text_values.values` does.

    Args:
        stream: The text, at its start.
        media_type: What it is.

    Raises:
        FormatError: It is no text.
        LimitExceededError: Records of more than 64 Mi characters were passed over.
    """
    head = stream.read(_HEAD)
    stream.seek(0)
    encoding = encoding_of(head)
    if encoding is None:
        raise FormatError("not text in an encoding that is known here")
    texts = _Texts(stream, encoding)
    yield from _READERS.get(media_type, _plain)(texts)
    if texts.passed_over:
        raise LimitExceededError(f"{texts.passed_over} records of more than {_MAX_RECORD} characters")


class _Texts:
    """A text, chunk by chunk; it counts what was too long to be kept."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
        self._decoder = codecs.getincrementaldecoder(encoding)(errors)
        self.passed_over = 0

    def chunk(self) -> str:
        """Return some more text, or nothing at the end."""
        while data := self._stream.read(_CHUNK):
            if text := self._decoder.decode(data):
                return text
        return self._decoder.decode(b"", final=True)

    def pieces(self, cut: Callable[[str], int]) -> Iterator[str]:
        """Yield pieces that end where `cut` says; it returns 0 where none of the text may be given yet."""
        text = ""
        while chunk := self.chunk():
            text += chunk
            at = cut(text)
            if at:
                yield text[:at]
                text = text[at:]
            elif len(text) > _MAX_RECORD:
                self.passed_over += 1
                text = self._after_line()
        yield text

    def _after_line(self) -> str:
        while chunk := self.chunk():
            _, mark, rest = chunk.partition("\n")
            if mark:
                return rest
        return ""


def _at_line(text: str) -> int:
    return text.rfind("\n") + 1


def _at_row(text: str) -> int:
    """Return the end of the last row: a line's end with an even number of quotes before it."""
    is_open = text.count('"') % 2 == 1
    end = len(text)
    for _ in range(_MAX_STEPS):
        start = text.rfind("\n", 0, end) + 1
        if not start:
            return 0
        is_open ^= text.count('"', start, end) % 2 == 1
        if not is_open:
            return start
        end = start - 1
    return _at_line(text) if len(text) > _DOUBTFUL else 0


def _at_statement(text: str) -> int:
    """Return the end of the last statement: `;` at a line's end, outside literals."""
    is_open = _quotes(text, 0, len(text))
    end = len(text)
    for _ in range(_MAX_STEPS):
        start = text.rfind(";\n", 0, end) + 2
        if start < 2:
            return 0
        is_open ^= _quotes(text, start, end)
        if not is_open:
            return start
        end = start - 1
    return text.rfind(";\n") + 2 if len(text) > _DOUBTFUL else 0


def _quotes(text: str, start: int, end: int) -> bool:
    return (text.count("'", start, end) - text.count("\\'", start, end)) % 2 == 1


def _csv(texts: _Texts) -> Iterator[Value]:
    header = None
    for piece in texts.pieces(_at_row):
        if header is None:
            header = csv_values.header_of(piece)
            yield from csv_values.values(piece)
        else:
            yield from csv_values.values(piece, header)


def _json_lines(texts: _Texts) -> Iterator[Value]:
    for piece in texts.pieces(_at_line):
        yield from text_values.values(piece.encode("utf-8", "surrogatepass"), "application/x-ndjson")


def _json(texts: _Texts) -> Iterator[Value]:
    """A list of records, or records one after another; each is read by itself."""
    decoder = json.JSONDecoder()
    text, at, is_list = "", 0, None
    while True:
        chunk = texts.chunk()
        text, at = text[at:] + chunk, 0
        if is_list is None and text.strip("\ufeff \t\r\n"):
            text = text.lstrip("\ufeff \t\r\n")
            is_list = text.startswith("[")
            at = int(is_list)
        while match := re.compile(r"[\s,]*(?=[{\[\"])").match(text, at):
            try:
                record, at = decoder.raw_decode(text, match.end())
            except (ValueError, RecursionError):
                break
            yield from walk("/*", record)
        if not chunk:
            yield from text_runs.values(text[at:])
            return
        if len(text) - at > _MAX_RECORD:
            raise LimitExceededError(f"JSON: one document of more than {_MAX_RECORD} characters")


def _sql(texts: _Texts) -> Iterator[Value]:
    """Statements; a COPY block is cut between its rows, and each piece of it begins with the statement again."""
    columns: dict[str, list[str]] = {}
    carried = ""

    def cut(text: str) -> int:
        return _at_line(text) if _open_copy(carried + text) else _at_statement(text)

    for piece in texts.pieces(cut):
        whole = carried + piece
        yield from sql_values.values(whole, columns)
        carried = _open_copy(whole)


def _open_copy(text: str) -> str:
    """Return the COPY statement whose rows have not ended, or nothing."""
    place = max(text.rfind("\nCOPY "), text.rfind("\ncopy ")) + 1
    statement = _COPY.match(text, place)
    if not statement or text.find("\n\\.", statement.end() - 1) >= 0:
        return ""
    return statement[0]


def _xml(texts: _Texts) -> Iterator[Value]:
    yield from xml_values.values_of(iter(texts.chunk, ""))


def _plain(texts: _Texts) -> Iterator[Value]:
    for piece in texts.pieces(_at_line):
        yield from text_runs.values(piece)


_READERS: dict[str, Callable[[_Texts], Iterator[Value]]] = {
    "application/json": _json,
    "application/x-ndjson": _json_lines,
    "application/xml": _xml,
    "image/svg+xml": _xml,
    "application/sql": _sql,
    "text/csv": _csv,
    "text/tab-separated-values": _csv,
}
