"""Make a copy of a refused submission without what refuses it; everything else stays as it is.

Values go whole: a field of a table, a text or list of JSON, a text or attribute of XML, a cell of a workbook.
Pictures and documents inside a submission lose what was found in them, by the actions that a removal uses. The
copy is decided on anew, and given back only when nothing refuses it any more.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.actions.rewrite_archive import erase
from efface.engines import archive_reading, archive_writing
from efface.errors import FormatError, RemovalError
from efface.formats import sniff, xlsx_cells
from efface.formats.text_edit import emptied
from efface.guard.answer import Decision, Door
from efface.guard.assembled import ASSEMBLED
from efface.guard.places import Place, part_place
from efface.guard.schema import is_heading
from efface.guard.submission import read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from efface.guard.decision import Guard
    from efface.guard.entries import Entry
    from efface.guard.schema import Schema
    from efface.model import Finding, Limits

__all__ = ["Cleaned", "cleaned"]

_ROUNDS = 4  # what was hidden under something else is found once that is gone
_CELL = r'<c\b(?=[^>]*\br="{place}")[^>]*?(?:/>|>.*?</c>)'
_KIND = re.compile(rb'\st="[^"]*"')


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A copy, and what was taken out of it.

    Attributes:
        data: The copy.
        removed: Places that were emptied.
        decision: The answer to the copy: allow, or quarantine for what is undecided and was left.
    """

    data: bytes
    removed: tuple[Place, ...]
    decision: Decision

    def __repr__(self) -> str:
        return f"Cleaned({len(self.removed)} places)"


def cleaned(guard: Guard, data: bytes, name: str, limits: Limits, schema: Schema | None = None) -> Cleaned:
    """Return a copy of a submission that the guard does not refuse.

    Args:
        guard: Decides, before and after.
        data: The submission.
        name: Its name.
        limits: Budgets.
        schema: The form that it claims to be.

    Raises:
        RemovalError: What refuses it cannot be taken out alone; the submission as it is should go back.
    """
    removed: list[Place] = []
    for _ in range(_ROUNDS):
        decision = guard.decide(data, name, schema=schema)
        if decision.door is not Door.REFUSE:
            return Cleaned(data, tuple(removed), decision)
        if not decision.places:
            break
        try:
            left = _without(data, name, decision, limits, schema)
        except FormatError as error:
            raise RemovalError(f"the submission cannot be rewritten: {error}") from None
        if left == data:
            break
        removed += decision.places
        data = left
    raise RemovalError("what refuses the submission cannot be taken out alone")


def _without(data: bytes, name: str, decision: Decision, limits: Limits, schema: Schema | None) -> bytes:
    pieces = list(read(data, name, limits, is_heading(schema)))
    named = {
        part_place(piece.path, entry.place): (piece, entry)
        for piece in pieces
        for entry in piece.entries or ()
    }
    due: dict[tuple[str, ...], list[Entry]] = {}
    rest: set[str] = set()
    for place in decision.places:
        if place.where in named:
            piece, entry = named[place.where]
            due.setdefault(piece.path, []).append(entry)
        else:
            rest.add(place.where)
    workbooks = {piece.path for piece in pieces if piece.is_workbook}
    for path, entries in due.items():
        change = _cells_without(entries, limits) if path in workbooks else _values_without(entries)
        data = _inside(data, name, path, change, limits)
    return _parts_without(data, name, decision.findings, rest, limits) if rest else data


def _inside(
    data: bytes, name: str, path: Sequence[str], change: Callable[[bytes, str], bytes], limits: Limits
) -> bytes:
    """Return a payload in which one of its pieces was changed."""
    if not path:
        return change(data, name)
    for member in archive_reading.members(io.BytesIO(data), len(data), limits):
        if member.name == path[0] and isinstance(member.data, bytes):
            new = _inside(member.data, member.name, path[1:], change, limits)
            return archive_writing.rewrite_bytes(data, {member.index: new}, limits)
    raise RemovalError("a part of the submission is not in an archive, so that it cannot be written back")


def _values_without(entries: Sequence[Entry]) -> Callable[[bytes, str], bytes]:
    texts: dict[str, set[str]] = {}
    for entry in entries:
        if not entry.pattern:
            raise RemovalError("a comment, a name or a field of a web form cannot be emptied")
        texts.setdefault(entry.pattern, set()).add(entry.text)

    def change(data: bytes, name: str) -> bytes:
        kind = sniff.media_type(data[: sniff.HEAD_BYTES], name, len(data))
        return emptied(data, texts, kind, lambda place, value: value in texts[place])

    return change


def _cells_without(entries: Sequence[Entry], limits: Limits) -> Callable[[bytes, str], bytes]:
    """Return what empties cells of a workbook, and the shared texts that only they used."""

    def change(data: bytes, _name: str) -> bytes:
        members = list(archive_reading.members(io.BytesIO(data), len(data), limits))
        parts = {member.name: member.data for member in members if isinstance(member.data, bytes)}
        new = dict(parts)
        for sheet, part in xlsx_cells.sheets(parts):
            places = {
                entry.place.rpartition("!")[2] for entry in entries if entry.place.rpartition("!")[0] == sheet
            }
            for place in places:
                new[part] = _emptied_cell(new[part], place)
        texts = {entry.text for entry in entries}
        if xlsx_cells.STRINGS in new:
            still = {cell.text for cell in xlsx_cells.cells(new)}
            gone = texts - still
            new[xlsx_cells.STRINGS] = emptied(
                new[xlsx_cells.STRINGS], None, "application/xml", lambda _, value: value in gone
            )
        changed = {
            each.index: new[each.name] for each in members if new.get(each.name) != parts.get(each.name)
        }
        return archive_writing.rewrite_bytes(data, dict(changed), limits)

    return change


def _emptied_cell(sheet: bytes, place: str) -> bytes:
    pattern = re.compile(_CELL.format(place=re.escape(place)).encode(), re.DOTALL)

    def empty(match: re.Match[bytes]) -> bytes:
        start = match[0].partition(b">")[0].removesuffix(b"/")
        return _KIND.sub(b"", start) + b"/>"

    return pattern.sub(empty, sheet, count=1)


def _parts_without(
    data: bytes, name: str, findings: Sequence[Finding], rest: set[str], limits: Limits
) -> bytes:
    """Return a payload whose pictures and documents lost what was found in them, by the actions for their kinds."""
    own = [each for each in findings if each.locator.scheme != ASSEMBLED and each.is_biometric]
    if not own or any("…" in place for place in rest):
        raise RemovalError("what was put together out of several values cannot be taken out")
    inside = [
        each
        for each in own
        if len(each.locator.path) > 1 or not (each.locator.fragment or "").startswith("/")
    ]
    outcome = erase(data, name, inside or own, limits)
    if outcome.data is None:
        raise RemovalError("nothing of the submission would stay")
    return outcome.data
