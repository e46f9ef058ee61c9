"""In which ways what a column of a table holds can go, and which of them a plan proposes.

The rule of the proposal, the first that holds:

1. Every column beside keys holds what was found: the table.
2. The column must hold something, and nothing but keys and times stands beside it: the rows.
3. A rule prohibits every finding of the column: the column. Applying it looks at all values first, and refuses
   when one of them is something else.
4. Otherwise the cells become NULL, or empty.

A proposal is told and never done by itself: rows, columns and tables are what other programs find, so a person
decides. Without a word from the user cells are emptied.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from efface.actions.erase_table_cells import EraseTableCells
from efface.errors import UsageError
from efface.model import Method, VerdictKind, Way

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "PROPOSED",
    "DeleteTableRows",
    "DropTable",
    "DropTableColumns",
    "Ways",
    "action_by",
    "proposed",
    "way_of",
    "ways_of",
]

PROPOSED = "proposed"
"""The word that stands for what the plan proposes."""


class DeleteTableRows(EraseTableCells):
    """Rows in which a column holds what was found are deleted, deleted ones that are only marked so, too.

    Not promised: what other tables lose by foreign keys that cascade is not counted.
    """

    name = "delete-table-rows"


class DropTableColumns(EraseTableCells):
    """Columns are dropped; refused when a value in one is not what was found."""

    name = "drop-table-columns"


class DropTable(EraseTableCells):
    """The table is dropped, with everything in it."""

    name = "drop-table"
    method = Method.CLEAR


_BY_WAY: Mapping[Way, type[EraseTableCells]] = {
    Way.NULL: EraseTableCells,
    Way.ROW: DeleteTableRows,
    Way.COLUMN: DropTableColumns,
    Way.TABLE: DropTable,
}


def action_by(way: Way) -> EraseTableCells:
    """Return the action that removes from a server's table in one way."""
    return _BY_WAY[way]()


def way_of(actions: Iterable[str]) -> Way:
    """Return the way of a removal that names its actions; that of cells where it names none of the others."""
    names = {each.partition("@")[0] for each in actions}
    return next((way for way, action in _BY_WAY.items() if action.name in names), Way.NULL)


@dataclass(frozen=True, slots=True)
class Ways:
    """What the user decided.

    Attributes:
        everywhere: For every table that is not named; None where the plan's proposal is to be followed.
        of: For tables by name, `schema.table`.
        cascade: Whether what depends on it may go with it.
    """

    everywhere: Way | None = Way.NULL
    of: Mapping[str, Way | None] = field(default_factory=dict)
    cascade: bool = False

    def chosen(self, table: str) -> Way | None:
        """Return what was decided for a table; None for what is proposed."""
        return self.of.get(table, self.everywhere)


def ways_of(words: Iterable[str], *, cascade: bool = False) -> Ways:
    """Return what a user decided: `WAY` for every table, `WAY=schema.table` for one.

    Raises:
        UsageError: A word is no way, or decides twice over the same.
    """
    everywhere: Way | None = Way.NULL
    of: dict[str, Way | None] = {}
    seen = set()
    for each in words:
        word, _, table = each.partition("=")
        if word != PROPOSED and word not in set(Way):
            known = ", ".join((*Way, PROPOSED))
            raise UsageError(f"{word[:40]!r} is no way to remove from a table", to_do=f"Give one of {known}.")
        if table in seen or (not table and "=" in each):
            raise UsageError(f"{each[:60]!r} decides nothing, or twice over the same table")
        seen.add(table)
        way = None if word == PROPOSED else Way(word)
        if table:
            of[table] = way
        else:
            everywhere = way
    return Ways(everywhere, of, cascade)


def proposed(*, columns: int, facts: int, filled: bool, kinds: Iterable[str]) -> Way:
    """Return the way that a plan proposes.

    Args:
        columns: How many columns of the table are neither found nor part of a key.
        facts: How many of those are no times.
        filled: Whether a column that was found must hold something.
        kinds: Of the verdicts on its findings.
    """
    if not columns:
        return Way.TABLE
    if filled and not facts:
        return Way.ROW
    if set(kinds) == {VerdictKind.PROHIBITED.value}:
        return Way.COLUMN
    return Way.NULL
