"""Tell in which places of a submission something stands that was found in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.actions.due import rest
from efface.errors import EffaceError
from efface.guard.entries import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from efface.guard.entries import Entry
    from efface.guard.submission import Piece
    from efface.model import Finding

__all__ = ["Place", "part_place", "places_of"]

_SHORTEST = 24  # nothing biometric is shorter
_MOST = 200


@dataclass(frozen=True, slots=True)
class Place:
    """One place inside a payload, and what is the matter there; never what stands there.

    Attributes:
        where: JSONPath, XPath, cell, or name of a part.
        why: What is there, in words that say nothing of the content.
        rules: Rules that refuse it.
        record: Place of the record that it belongs to, or "".
        record_id: What the record calls itself, or "".
    """

    where: str
    why: str
    rules: tuple[str, ...] = ()
    record: str = ""
    record_id: str = ""


def part_place(path: Sequence[str], inner: str = "") -> str:
    """Return a place behind the names of the parts that it lies in."""
    return "!/".join((*map(shown, path), *([inner] if inner else [])))


def places_of(finding: Finding, pieces: Sequence[Piece]) -> Iterator[tuple[str, Entry | None, Piece | None]]:
    """Yield every place of a finding, with its value and piece where they are known; at least one.

    A scan names a column; here its values are asked one by one, by the test that also decides what a removal
    takes. At most 200 places are told of one finding.
    """
    path, fragment = finding.locator.path[1:], finding.locator.fragment or ""
    piece = next(
        (each for each in pieces if path[: len(each.path)] == each.path and _reads(each, path)), None
    )
    if piece is None or piece.entries is None:
        inner = "" if not fragment or fragment.startswith(("/", "text")) else f"#{fragment}"
        yield (part_place(path) or "the payload") + inner, None, None
        return
    near = [entry for entry in piece.entries if piece.is_workbook or entry.pattern == fragment]
    found = [entry for entry in near or piece.entries if _holds(entry, finding)]
    for entry in found[:_MOST]:
        yield part_place(piece.path, entry.place), entry, piece
    if not found:
        yield (
            part_place(path, fragment if fragment.startswith("/") and len(fragment) < _MOST else ""),
            None,
            None,
        )


def _reads(piece: Piece, path: tuple[str, ...]) -> bool:
    """Return whether the values of a piece are where a path leads: those of a workbook lie in its sheets."""
    if piece.is_workbook:
        inner = path[len(piece.path) :]
        return len(inner) == 1 and inner[0].startswith(("xl/worksheets/", "xl/sharedStrings"))
    return path == piece.path


def _holds(entry: Entry, finding: Finding) -> bool:
    if len(entry.text) < _SHORTEST:
        return False
    try:
        return rest(entry.text, [finding]) != entry.text
    except EffaceError:  # it holds what was found among other things
        return True
