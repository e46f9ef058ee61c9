"""Empty values of structured text, chosen by place and content, and leave every other character as it is.

Places and values are those that `text_values` gives. Whatever a reader here makes of a text, the result is
read again with `text_values`: the chosen values must be gone and all others the same, or nothing is given back.

Sources: as for `text_values`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from efface.errors import FormatError
from efface.formats import csv_spans, json_spans, sql_spans, text_runs, xml_spans
from efface.formats.text_types import encoding_of, text_type
from efface.formats.text_values import values

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    Wanted = Callable[[str, str | bytes], bool]

__all__ = ["emptied"]

_HEAD = 4096
_SAMPLE = 65_536
_BOMS = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe\0\0": "utf-32-le",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}

Span = tuple[int, int, str]
"""Start and end in characters, and what stands there afterwards."""


def emptied(
    data: bytes,
    places: Collection[str] | None,
    media_type: str = "",
    due: Callable[[str, str | bytes], bool] | None = None,
) -> bytes:
    r"""Return a text with values of some places emptied.

    A JSON string becomes `""` and a list of numbers `[]`; a CSV field, an XML text or attribute, and a run
    in plain text become empty; a quoted value in SQL becomes `''`, a hexadecimal one NULL, a field of COPY `\N`.

    Args:
        data: The whole text in UTF-8, UTF-16 or GB 18030.
        places: Patterns as `text_values.values` gives them; None for all places.
        media_type: What it is, when known; else it is told by its start.
        due: Tells of a place and a value whether it goes; without it all values of the places go. It is
            asked once for each place and value.

    Raises:
        FormatError: It is no text, the text cannot be written back, or a value could not be emptied without
            changing others.
    """
    codec, text = _decoded(data)
    kind = media_type or text_type(data[:_HEAD], cut=len(data) > _HEAD) or "text/plain"
    wanted = _once(places, due)
    before = list(values(data, kind))
    result = _replaced(text, _spans(kind, text, wanted)).encode(codec, "surrogateescape")
    after = [(place, value) for place, value in values(result, kind) if value]
    staying = [value for place, value in before if value and not wanted(place, value)]
    if [value for _, value in after] != staying or any(wanted(place, value) for place, value in after):
        raise FormatError("a value cannot be emptied without changing others")
    return result


def _once(places: Collection[str] | None, due: Callable[[str, str | bytes], bool] | None) -> Wanted:
    """Return a test that remembers its answers, as the text is gone through three times."""
    known: dict[tuple[str, str | bytes], bool] = {}

    def wanted(place: str, value: str | bytes) -> bool:
        if places is not None and place not in places:
            return False
        if due is None:
            return True
        if (place, value) not in known:
            known[place, value] = due(place, value)
        return known[place, value]

    return wanted


def _decoded(data: bytes) -> tuple[str, str]:
    """Return the codec and the text, which the codec turns back into the same bytes."""
    codec = _codec(data)
    try:
        text = data.decode(codec, "surrogateescape")
        if text.encode(codec, "surrogateescape") == data:
            return codec, text
    except UnicodeError:
        pass
    raise FormatError("the text cannot be written back in its encoding")


def _codec(data: bytes) -> str:
    for bom, codec in _BOMS.items():
        if data.startswith(bom):
            return codec
    encoding = encoding_of(data[:_SAMPLE])
    if encoding is None:
        raise FormatError("not text in UTF-8, UTF-16 or GB 18030")
    return encoding


def _replaced(text: str, spans: Iterable[Span]) -> str:
    pieces = []
    at = 0
    for start, end, new in sorted(spans):
        if start >= at:
            pieces += [text[at:start], new]
            at = end
    return "".join([*pieces, text[at:]])


def _spans(kind: str, text: str, wanted: Wanted) -> list[Span]:
    """Return what to replace; what is not of its kind is searched as plain text, as in reading."""
    start = len(text) - len(text.lstrip("\ufeff"))
    readers = {
        "application/json": _json,
        "application/x-ndjson": _json_lines,
        "application/xml": xml_spans.spans,
        "image/svg+xml": xml_spans.spans,
        "application/sql": sql_spans.spans,
        "text/csv": csv_spans.spans,
        "text/tab-separated-values": csv_spans.spans,
    }
    reader = readers.get(kind, _runs)
    try:
        found = list(reader(text[start:], wanted))
    except FormatError:
        found = list(_runs(text[start:], wanted))
    return [(first + start, last + start, new) for first, last, new in found]


def _json(text: str, wanted: Wanted) -> Iterator[Span]:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        yield from _json_lines(text, wanted)
        return
    yield from json_spans.spans(text, "", wanted)


def _json_lines(text: str, wanted: Wanted) -> Iterator[Span]:
    at = 0
    for line in text.splitlines(keepends=True):
        bare = line.strip().rstrip(",")
        start = at + len(line) - len(line.lstrip())
        at += len(line)
        try:
            json.loads(bare or "null")
        except (ValueError, RecursionError):
            found = _runs(bare, wanted)
        else:
            found = json_spans.spans(bare, "/*", wanted)
        yield from ((first + start, last + start, new) for first, last, new in found)


def _runs(text: str, wanted: Wanted) -> Iterator[Span]:
    """Return the runs of base64, hex or numbers in plain text that go, by the reader's own patterns."""
    for run in text_runs._WORD.finditer(text):  # noqa: SLF001 - both must agree
        if wanted(text_runs._place(text, run.start()), run[0]):  # noqa: SLF001
            yield run.start(), run.end(), ""
    at = 0
    while line := text_runs._WRAPPED.search(text, at):  # noqa: SLF001
        value, at = text_runs._joined(text, line[1], line.end(1))  # noqa: SLF001
        place = text_runs._place(text, line.start())  # noqa: SLF001
        if len(value) >= text_runs._MIN_WORD and wanted(place, value):  # noqa: SLF001
            yield line.start(1), at, ""
    for start, end, place, value in text_runs.lists(text):
        if wanted(place, value):
            yield start, end, ""
