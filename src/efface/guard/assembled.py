"""Put together what a sender may have spread out, so that the detectors see it as one value.

A scan looks at each value by itself. At the door somebody may want to get past, so these are looked at, too:

- pieces of base64 or hexadecimal in several fields of one record, and of the whole submission, in their order;
- numbers that stand alone, or in short lists, in a row;
- names of fields, comments and instructions;
- what `rare_codes` takes out of a value, and JSON inside a value.

Where it ends: a piece has 24 characters or more, and pieces stand in their order; a submission that is spread
over several requests is not put together.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from efface.errors import FormatError
from efface.formats import rare_codes
from efface.formats.document_values import is_number
from efface.guard.entries import of_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from efface.guard.entries import Entry

__all__ = ["assembled", "with_inner"]

_PIECE = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_NO_PIECE = re.compile(
    r"(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
)
"""Hashes and UUIDs."""

_MIN_JOINED = 96  # characters: 72 bytes, the smallest template worth the name
_MIN_NUMBERS = 64
_MAX_NUMBERS = 8192
_LONG_NAME = 64
_INNER_JSON = 3


def with_inner(entries: Iterable[Entry], depth: int = 0) -> Iterator[Entry]:
    """Yield entries, and behind one whose text is JSON the entries of that."""
    for entry in entries:
        yield entry
        if depth < _INNER_JSON and len(entry.text) > 1 and entry.text.lstrip()[:1] in {"{", "["}:
            try:
                inner = list(of_json(entry.text))
            except FormatError:
                continue
            if len(inner) > 1 or (inner and inner[0].names):
                yield from (
                    _inside(entry, each) for each in with_inner(inner, depth + 1)
                )


def _inside(outer: Entry, inner: Entry) -> Entry:
    return type(outer)(
        f"{outer.place} {inner.place}",
        f"{outer.place} {inner.record}",
        "",
        (*inner.names, *outer.names),
        inner.text,
    )


def assembled(entries: list[Entry]) -> Iterator[tuple[str, bytes | str]]:
    """Yield place and value of all that entries make together or hide.

    Args:
        entries: Those of one submission, in its order.
    """
    seen_names: set[str] = set()
    for entry in entries:
        if entry.kind != "value" and len(entry.text) >= rare_codes.MIN_CHARS:
            yield entry.place, entry.text
        for name in entry.names:
            if len(name) >= _LONG_NAME and name not in seen_names:
                seen_names.add(name)
                yield entry.place, name
        yield from ((entry.place, found) for _, found in rare_codes.decodings(entry.text))
    yield from _joined(entries)
    yield from _numbers(entries)


def _joined(entries: list[Entry]) -> Iterator[tuple[str, str]]:
    """Yield pieces in a row: of each record, and of all together where records hold one piece each."""
    by_record: dict[str, list[Entry]] = {}
    for entry in entries:
        if _PIECE.fullmatch(entry.text) and not _NO_PIECE.fullmatch(entry.text):
            by_record.setdefault(entry.record, []).append(entry)
    everything = [entry for pieces in by_record.values() for entry in pieces]
    groups = list(by_record.values())
    if len(groups) > 1:
        groups.append(everything)
    for pieces in groups:
        text = "".join(entry.text.rstrip("=") for entry in pieces)
        if len(pieces) > 1 and len(text) >= _MIN_JOINED:
            yield pieces[0].place, text


def _numbers(entries: list[Entry]) -> Iterator[tuple[str, str]]:
    """Yield the numbers of each run of values that are numbers or short lists, as one list."""
    run: list[Entry] = []
    for entry in (*entries, None):
        if entry is not None and _is_fraction(entry.text):
            run.append(entry)
            continue
        if _MIN_NUMBERS <= len(run) <= _MAX_NUMBERS:
            yield run[0].place, "[" + ", ".join(each.text for each in run) + "]"
        run = []


def _is_fraction(text: str) -> bool:
    return len(text) <= 32 and text[:1] in "+-.0123456789" and text != "" and is_number(text)
