"""Delete rows, drop columns or drop a table of MySQL or MariaDB, with the checks and the cleaning of `mysql_erase`.

Rows go in the same batches by the key, each in one transaction. The server ends a transaction by itself before it
changes a table's definition: so a column or a table is locked (`LOCK TABLES ... WRITE`), read once more, and must be
what it was when it was looked at.

Not promised: what other tables lose by a foreign key that cascades is not counted, and those are not written anew.
Source: MySQL 8.4 and MariaDB 10.11 reference manuals: DELETE, ALTER TABLE (DROP COLUMN), DROP TABLE, LOCK TABLES,
13.3.3 (statements that cause an implicit commit).
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from efface.engines.database_erase import Erasable, Outlook, Survey, surveyed
from efface.engines.mysql_breaks import mysql_outlook_by
from efface.engines.mysql_erase import MysqlEraser, key_of
from efface.engines.mysql_outlook import Layout, is_there, layout_of, steps_of
from efface.errors import RemovalError
from efface.model.vocabulary import Cleaning, Way

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from efface.engines.database_erase import Decision, Rest, Row, Value
    from efface.engines.keyed_fragments import KeyedFragments

__all__ = ["mysql_eraser_by"]

_NOBODY = "somebody changed it while it was emptied: scan it again"


class _Way(MysqlEraser):
    def outlook(self) -> Outlook:
        """Return what a removal would do; nothing is changed."""
        look = partial(mysql_outlook_by, cascade=self._cascade)
        outlook: Outlook = self._session.do(look, self._table, self._layout, self.way)
        return outlook


class _RowDeleter(_Way):
    way = Way.ROW

    def _change(self, connection: Any, row: Row, decision: Decision) -> tuple[int, Sequence[Value] | None]:  # noqa: ANN401
        import sqlalchemy as sa  # noqa: PLC0415 - an extra

        left = decision.of(row)
        if decision.row_stays(row, left):
            return 0, left
        table = self._layout.table
        keys = [table.c[name] == part for name, part in zip(self._layout.key, key_of(row), strict=True)]
        done = connection.execute(sa.delete(table).where(*keys))
        if done.rowcount > 1:
            raise RemovalError("a key stands for several rows: the batch was taken back")
        return 1, None


class _Dropper(_Way):
    """What columns and tables have in common: they go in one statement, under a lock."""

    _seen: Survey | None = None

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
        self._session.do(self._dropped, seen, rest, key)
        self._forget()
        return seen.due

    def _dropped(self, connection: Any, seen: Survey, rest: Rest, key: bytes) -> None:  # noqa: ANN401
        connection.exec_driver_sql(f"LOCK TABLES {self._layout.quoted} WRITE")
        try:
            rows = (row for batch in self._batches(partial(self._read, connection)) for row in batch)
            if surveyed(rows, self._decision(rest), key) != seen:
                raise RemovalError(_NOBODY)
            self._step("commit")
            connection.exec_driver_sql(self._statement())
        finally:
            connection.exec_driver_sql("UNLOCK TABLES")

    def _is_gone(self) -> bool:
        raise NotImplementedError

    def _statement(self) -> str:
        raise NotImplementedError

    def _forget(self) -> None:
        raise NotImplementedError


class _ColumnDropper(_Dropper):
    way = Way.COLUMN

    def _read_layout(self, connection: Any, columns: Sequence[str]) -> Layout:  # noqa: ANN401
        """Return the layout; columns that an earlier application dropped are read as nothing."""
        layout = layout_of(connection, *self._table, ())
        if set(columns) & set(layout.table.c.keys()):
            return super()._read_layout(connection, columns)
        return replace(layout, columns=tuple(Erasable(each, "", may_be_null=True) for each in columns))

    def outlook(self) -> Outlook:
        """Return what a removal would do; of columns that are gone, what may still be cleaned."""
        if not self._is_gone():
            return super().outlook()
        may_rewrite = "insert" in self._layout.rights
        return Outlook(steps=self._session.do(partial(steps_of, may_rewrite=may_rewrite)))

    def _is_gone(self) -> bool:
        return not {each.name for each in self._layout.columns} & set(self._layout.table.c.keys())

    def _statement(self) -> str:
        names = ", ".join(f"DROP COLUMN `{each.name.replace('`', '``')}`" for each in self._layout.columns)
        return f"ALTER TABLE {self._layout.quoted} {names}"

    def _forget(self) -> None:
        self._layout = self._session.do(self._read_layout, [each.name for each in self._layout.columns])


class _TableDropper(_Dropper):
    way = Way.TABLE
    _files: tuple[str, ...] = ()

    def _read_layout(self, connection: Any, columns: Sequence[str]) -> Layout:  # noqa: ANN401
        """Return the layout; a table that is gone has none of anything."""
        if is_there(connection, *self._table):
            return super()._read_layout(connection, columns)
        return Layout(None, "", (), (), None)

    def _all_rows(self) -> Iterator[Row]:
        if not self._is_gone():
            yield from super()._all_rows()

    def outlook(self) -> Outlook:
        """Return what a removal would do; of a table that is gone, what may still be cleaned."""
        if not self._is_gone():
            return super().outlook()
        return Outlook(steps=self._session.do(partial(steps_of, may_rewrite=True)))

    def clean(self) -> frozenset[Cleaning]:
        """Nothing is left to be written anew where the table had a file of its own."""
        return self.outlook().steps - {Cleaning.FILES}

    def flush(self) -> None:
        """Have what is in memory written, where the user may."""
        if not self._is_gone():
            super().flush()

    def files(self) -> list[str]:
        """Return the table's files; once it is gone, those that are still there."""
        if not self._is_gone():
            self._files = tuple(super().files())
        return [path for path in self._files if os.path.exists(path)]

    def _is_gone(self) -> bool:
        return self._layout.table is None

    def _statement(self) -> str:
        return f"DROP TABLE {self._layout.quoted}"

    def _forget(self) -> None:
        self._layout = Layout(None, "", (), (), None)


def mysql_eraser_by(way: Way) -> type[MysqlEraser]:
    """Return what removes from a table in one way."""
    return {Way.ROW: _RowDeleter, Way.COLUMN: _ColumnDropper, Way.TABLE: _TableDropper}.get(way, MysqlEraser)
