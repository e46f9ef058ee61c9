"""Delete rows, drop columns or drop a table of PostgreSQL, with the checks and the cleaning of `postgres_erase`.

Rows go in the same batches, each in a transaction that is taken back unless the server gave back just the rows that
were wanted. A column or a table goes in one transaction: under a lock the table is read once more, and must be what
it was when it was looked at; so nothing goes that somebody wrote meanwhile.

Not promised: what other tables lose by a foreign key that cascades is not counted, and those are not written anew.
Source: PostgreSQL 18 documentation, DELETE, ALTER TABLE (DROP COLUMN), DROP TABLE, 13.3 (explicit locking).
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from efface.engines.database_erase import Erasable, Outlook, Survey
from efface.engines.postgres_breaks import outlook_by, outlook_of_nothing
from efface.engines.postgres_catalog import Relation, relations
from efface.engines.postgres_erase import PostgresEraser, named, rewritten, tids
from efface.engines.postgres_outlook import GONE, ON_DELETE, Layout
from efface.engines.postgres_types import quoted
from efface.errors import RemovalError
from efface.model.vocabulary import Way

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.engines.database_erase import Decision, Rest
    from efface.engines.keyed_fragments import KeyedFragments
    from efface.engines.postgres import PostgresReader
    from efface.model.vocabulary import Cleaning

__all__ = ["ColumnDropper", "RowDeleter", "TableDropper", "eraser_by"]

_NOBODY = "somebody changed it while it was emptied: scan it again"


class RowDeleter(PostgresEraser):
    """Rows in which one of the columns holds what was found are deleted."""

    way = Way.ROW
    event = ON_DELETE

    def outlook(self) -> Outlook:
        """Return what a removal would do; nothing is changed."""
        return outlook_by(self._session, self._layout, self.way, cascade=self._cascade)

    def _emptied(self, leaf: Relation, places: list[str], decision: Decision, key: bytes) -> int:
        gone = [row for row in self._rows(leaf, places) if not decision.row_stays(row, decision.of(row))]
        if not gone:
            return 0
        returned = self._quietly(leaf, self._deletion(leaf, [str(row.place) for row in gone]), self.event)
        self._check(decision, key, [(row.other, row.values) for row in gone], returned)
        return len(gone)

    def _deletion(self, leaf: Relation, places: Sequence[str]) -> str:
        values = ", ".join(f"{each.select} AS v{at}" for at, each in enumerate(self._layout.columns))
        return (
            f"DELETE FROM ONLY {named(leaf)} WHERE ctid = ANY ({tids(places)})"  # noqa: S608
            f" RETURNING ctid::text AS place, {self._layout.others} AS other, {values}"
        )


class _Dropper(PostgresEraser):
    """What columns and tables have in common: they go in one transaction, under a lock."""

    _seen: Survey | None = None

    def outlook(self) -> Outlook:
        """Return what a removal would do; nothing is changed."""
        return outlook_by(self._session, self._layout, self.way, cascade=self._cascade)

    def survey(self, rest: Rest, key: bytes, fragments: KeyedFragments | None = None) -> Survey:
        """Read the whole table; nothing is changed."""
        self._seen = super().survey(rest, key, fragments)
        return self._seen

    def empty(self, rest: Rest, key: bytes) -> int:
        """Drop it, unless it is gone already; return how many cells held what was found."""
        seen = self._seen or self.survey(rest, key)
        if self._is_gone():
            return 0
        self._step("batch")
        with self._session.transaction():
            self._session.do(f"LOCK TABLE {named(self._layout.root)} IN ACCESS EXCLUSIVE MODE")
            if super().survey(rest, key) != seen:
                raise RemovalError(_NOBODY)
            self._session.do(self._statement() + (" CASCADE" if self._cascade else ""))
            self._step("commit")
        self._forget()
        return seen.due

    def _is_gone(self) -> bool:
        raise NotImplementedError

    def _statement(self) -> str:
        raise NotImplementedError

    def _forget(self) -> None:
        raise NotImplementedError


class ColumnDropper(_Dropper):
    """Columns are dropped; refused when one holds a value that is not what was found."""

    way = Way.COLUMN

    def _read_layout(self, reader: PostgresReader, table: tuple[str, str], columns: Sequence[str]) -> Layout:
        """Return the layout; columns that an earlier application dropped are read as nothing."""
        fields = reader.fields(*table)
        known = {each.name for each in fields}
        if known & set(columns):
            return super()._read_layout(reader, table, columns)
        layout = super()._read_layout(reader, table, ())
        gone = Erasable("", GONE, may_be_null=True)
        return replace(layout, columns=tuple(replace(gone, name=name) for name in columns))

    def outlook(self) -> Outlook:
        """Return what a removal would do; nothing is changed."""
        return outlook_of_nothing(self._session, self._layout) if self._is_gone() else super().outlook()

    def _is_gone(self) -> bool:
        return all(each.select == GONE for each in self._layout.columns)

    def _statement(self) -> str:
        names = [f"DROP COLUMN {quoted(each.name)}" for each in self._layout.columns]
        end = " CASCADE" if self._cascade else ""
        return f"ALTER TABLE {named(self._layout.root)} {f'{end}, '.join(names)}"

    def _forget(self) -> None:
        gone = tuple(replace(each, select=GONE, empty_sql="", empty=None) for each in self._layout.columns)
        self._layout = replace(self._layout, columns=gone)


class TableDropper(_Dropper):
    """The table is dropped, with its partitions, indexes and samples."""

    way = Way.TABLE
    _files: tuple[str, ...] = ()

    def _read_layout(self, reader: PostgresReader, table: tuple[str, str], columns: Sequence[str]) -> Layout:
        """Return the layout; a table that is gone has no leaves."""
        if relations(self._session, *table):
            return super()._read_layout(reader, table, columns)
        return Layout(Relation(0, *table, "r", 0, False, 0.0, 0, 0, ""), (), (), "''")

    def outlook(self) -> Outlook:
        """Return what a removal would do; nothing is changed."""
        return outlook_of_nothing(self._session, self._layout) if self._is_gone() else super().outlook()

    def _is_gone(self) -> bool:
        return not self._layout.leaves

    def _statement(self) -> str:
        return f"DROP TABLE {named(self._layout.root)}"

    def _forget(self) -> None:
        self._layout = replace(self._layout, leaves=())

    def clean(self) -> frozenset[Cleaning]:
        """Write the planner's samples anew and have the old files let go; return what was done."""
        return rewritten(self._session, [], self.outlook().steps, self._step)

    def files(self) -> list[str]:
        """Return the table's files; once it is gone, those that are still there, and the planner's samples."""
        found = super().files()
        if not self._is_gone():
            self._files = tuple(found)
        return sorted({*found, *(path for path in self._files if os.path.exists(path))})


def eraser_by(way: Way) -> type[PostgresEraser]:
    """Return what removes from a table in one way."""
    return {Way.ROW: RowDeleter, Way.COLUMN: ColumnDropper, Way.TABLE: TableDropper}.get(way, PostgresEraser)
