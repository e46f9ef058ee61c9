"""Put together what a sender may have spread out, so that the detectors see it as one value.

A scan looks at each value by itself. At the door somebody may want to get past, so these are looked at, too:

- pieces of base64 or hexadecimal in several fields of one record, and of the whole submission, in their order, also
  one in each of several sentences;
- numbers that stand alone, or in short lists, in a row;
- names of fields, comments and instructions;
- what `rare_codes` takes out of a value, and JSON inside a value.

Where it ends: a piece has 24 characters or more, and pieces stand in their order; a submission that is spread
over several requests is not put together.
"""

from __future__ import annotations

import io
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from efface.engines import archive_reading, pdf
from efface.errors import FormatError
from efface.formats import rare_codes, sniff
from efface.formats.document_values import is_number
from efface.formats.unwrap import unwrap
from efface.guard.entries import of_json
from efface.model import Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from efface.engines.archive_reading import Member
    from efface.engines.pdf import PdfPart
    from efface.guard.entries import Entry

__all__ = ["ASSEMBLED", "assembled", "with_inner"]

ASSEMBLED = "assembled"
"""Scheme of what was put together: its fragment is a place for people."""

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
_LAYERS = 4
_MOST_LAYERS = 256
_MAX_TAKEN_OUT = 64 << 20
_HEAD = 4096
_ARCHIVES = Limits(artefact_bytes=16 << 20, unpacked_bytes=64 << 20, entries=200)


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
                yield from (_inside(entry, each) for each in with_inner(inner, depth + 1))


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
    texts: dict[str, str] = {}
    for entry in entries:
        texts.setdefault(entry.text, entry.place)
        if entry.kind != "value":
            yield entry.place, entry.text
        for name in entry.names:
            if len(name) >= _LONG_NAME and name not in texts:
                texts[name] = entry.place
                yield entry.place, name
    for text, place in texts.items():
        yield from ((place, found) for found in _taken_out(text))
    for place, text in _joined(entries):
        yield place, text
        yield from ((place, found) for found in _taken_out(text))
    yield from _numbers(entries)


def _taken_out(text: str) -> Iterator[bytes | str]:
    """Yield what comes out of a text when codings and archives are taken off, layer by layer."""
    left = _MAX_TAKEN_OUT
    pending: list[tuple[bytes | str, int]] = [(text, 0)]
    known: set[bytes | str] = {text}
    while pending:
        value, depth = pending.pop(0)
        for found in _layers(value):
            left -= len(found)
            if left < 0:
                return
            if found not in known:
                known.add(found)
                yield found
                if depth < _LAYERS and len(known) < _MOST_LAYERS:
                    pending.append((found, depth + 1))


def _layers(value: bytes | str) -> Iterator[bytes | str]:
    if len(value) < rare_codes.MIN_CHARS:
        return
    if isinstance(value, bytes):
        yield from _unpacked(value)
    else:
        yield from (found for _, found in rare_codes.decodings(value))
    for inner in unwrap(value):
        if inner.how:
            yield inner.data
            yield from _unpacked(inner.data)
            plain = inner.data[:_HEAD].isascii() and inner.data.isascii()
            if plain and len(inner.data) >= rare_codes.MIN_CHARS:
                yield from (found for _, found in rare_codes.decodings(inner.data.decode()))


def _unpacked(data: bytes) -> Iterator[bytes]:
    """Yield what archives and PDFs hold: a scan looks at it, too, but knows nothing of a vector without a name."""
    kind = sniff.media_type(data[: sniff.HEAD_BYTES])
    single = kind in archive_reading.COMPRESSED
    parts: Iterator[PdfPart | Member] = iter(())
    if kind == "application/pdf":
        parts = (part for part in pdf.parts(data, _ARCHIVES) if part.spot and part.spot.kind == "attachment")
    elif single or kind == "application/zip":
        parts = archive_reading.members(io.BytesIO(data), len(data), _ARCHIVES, single=single)
    with suppress(FormatError):
        yield from (part.data for part in parts if isinstance(part.data, bytes))


def _joined(entries: list[Entry]) -> Iterator[tuple[str, str]]:
    """Yield pieces in a row: of each record, and of all together where records hold one piece each."""
    inside = [(each, _longest_piece(each.text)) for each in entries]
    runs = [(each, run) for each, run in inside if run]
    pieces = [(each, run) for each, run in runs if run == each.text]
    longer = [
        (each, each.text)
        for each in entries
        if len(each.text) >= rare_codes.MIN_CHARS and max(each.text) <= "\xff"
    ]
    known: list[list[tuple[Entry, str]]] = []
    for some in (pieces, runs, longer):
        if some in known:
            continue
        known.append(some)
        records: dict[str, list[tuple[Entry, str]]] = {}
        for entry, text in some:
            records.setdefault(entry.record, []).append((entry, text))
        for group in (*records.values(), *([some] if len(records) > 1 else [])):
            whole = "".join(text.rstrip("=") for _, text in group[:-1]) + group[-1][1]
            if len(group) > 1 and len(whole) >= _MIN_JOINED:
                yield f"{group[0][0].place} … {group[-1][0].place}", whole


def _longest_piece(text: str) -> str:
    """Return the longest piece in a text, which may be a sentence around it, or ""."""
    found = max(_PIECE.findall(text), key=len, default="")
    return "" if _NO_PIECE.fullmatch(found) else found


def _numbers(entries: list[Entry]) -> Iterator[tuple[str, str]]:
    """Yield the numbers of each run of values that are numbers or short lists, as one list."""
    run: list[Entry] = []
    for entry in (*entries, None):
        if entry is not None and _is_fraction(entry.text):
            run.append(entry)
            continue
        if _MIN_NUMBERS <= len(run) <= _MAX_NUMBERS:
            yield f"{run[0].place} … {run[-1].place}", "[" + ", ".join(each.text for each in run) + "]"
        run = []


def _is_fraction(text: str) -> bool:
    return len(text) <= 32 and text[:1] in "+-.0123456789" and text != "" and is_number(text)
