"""Empty cells of a MySQL or MariaDB table in batches by its key, then have the table written anew.

Each batch locks its rows, empties them and reads them again in one transaction; what is read must add up to what
was expected, other columns included. Columns that the server would set to the current time are set to themselves.

Not promised: undo and redo logs, the doublewrite buffer and the binary log keep old values until they are recycled;
tables of a storage engine without transactions, or without a primary key, are refused.
Source: MySQL 8.4 and MariaDB 10.11 reference manuals: SELECT ... FOR UPDATE, OPTIMIZE TABLE (InnoDB), FLUSH TABLES
... FOR EXPORT, INFORMATION_SCHEMA COLUMNS, TRIGGERS, INNODB_SYS_TABLESPACES; InnoDB page format (offset 34: space).
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from efface.engines.database_dialects import habits_of
from efface.engines.database_erase import Decision, Outlook, Row, RowSum, Survey, surveyed
from efface.engines.database_session import SqlSession
from efface.engines.database_sql import after_key, cell_of
from efface.engines.mysql_outlook import Layout, layout_of, outlook_of
from efface.errors import EffaceError, LimitExceededError, RemovalError
from efface.model.vocabulary import Cleaning, Way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from efface.engines.database import Login, Session
    from efface.engines.database_erase import Rest, Value
    from efface.engines.keyed_fragments import KeyedFragments

__all__ = ["MysqlEraser", "key_of"]

_BATCH_ROWS = 200
_BATCH_BYTES = 16 << 20
_REWRITE_S = 6 * 3600.0
_SPACES = (  # MySQL 8, MariaDB
    """SELECT t.NAME, d.PATH, t.SPACE FROM information_schema.INNODB_TABLESPACES t
    JOIN information_schema.INNODB_DATAFILES d ON d.SPACE = t.SPACE""",
    """SELECT t.NAME, d.PATH, t.SPACE FROM information_schema.INNODB_SYS_TABLESPACES t
    JOIN information_schema.INNODB_SYS_DATAFILES d ON d.SPACE = t.SPACE""",
    "SELECT NAME, FILENAME, SPACE FROM information_schema.INNODB_SYS_TABLESPACES",
)
_SPACE_AT = 34
_SAFE = re.compile(r"[0-9A-Za-z_]")


class MysqlEraser:
    """One table, or some columns of it.

    Args:
        login: How to get in.
        session: Bounds of the session.
        table: Schema and name.
        columns: The columns that are to lose values.
        step: Called before each batch and each step, with a word.
        cascade: Whether what depends on it may go with it.
    """

    way = Way.NULL

    def __init__(  # noqa: PLR0913 - what a removal depends on
        self,
        login: Login,
        session: Session,
        table: tuple[str, str],
        columns: Sequence[str],
        step: Callable[[str], None],
        *,
        cascade: bool = False,
    ) -> None:
        habits = replace(habits_of(login.scheme), settings=_writing, isolation="READ COMMITTED")
        self._session = SqlSession(login, session, habits)
        self._bounds = session
        self._table = table
        self._step = step
        self._cascade = cascade
        try:
            self._layout: Layout = self._session.do(self._read_layout, columns)
        except BaseException:
            self._session.close()
            raise

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def outlook(self) -> Outlook:
        """Return what a removal would do; nothing is changed."""
        outlook: Outlook = self._session.do(outlook_of, *self._table, self._layout)
        return outlook

    def survey(self, rest: Rest, key: bytes, fragments: KeyedFragments | None = None) -> Survey:
        """Read the whole table; nothing is changed."""
        return surveyed(self._all_rows(), self._decision(rest), key, fragments)

    def _read_layout(self, connection: Any, columns: Sequence[str]) -> Layout:  # noqa: ANN401 - SQLAlchemy's
        return layout_of(connection, *self._table, columns)

    def _decision(self, rest: Rest) -> Decision:
        return Decision(self._layout.columns, rest, self.way)

    def _all_rows(self) -> Iterator[Row]:
        for rows in self._batches(partial(self._session.do, self._read)):
            self._step("read")
            yield from rows

    def empty(self, rest: Rest, key: bytes) -> int:
        """Have go what goes, a batch in each transaction; return how many cells, or rows."""
        decision = self._decision(rest)
        count = 0
        last: tuple[Any, ...] | None = None
        rows = _BATCH_ROWS
        while True:
            self._step("batch")
            last, seen, size, changed = self._session.do(self._emptied, last, rows, decision, key)
            count += int(changed)
            if seen < rows:
                return count
            rows = _next(rows, size)

    def _emptied(
        self,
        connection: Any,  # noqa: ANN401 - SQLAlchemy's
        last: tuple[Any, ...] | None,
        count: int,
        decision: Decision,
        key: bytes,
    ) -> tuple[tuple[Any, ...] | None, int, int, int]:
        """Change one batch; done a second time it changes nothing, so it may be repeated on a new connection."""
        with connection.begin():
            rows = self._read(connection, last, count, lock=True)
            expected, actual = RowSum(key, decision.columns), RowSum(key, decision.columns)
            changed = 0
            for row in rows:
                count, left = self._change(connection, row, decision)
                changed += count
                if left is not None:
                    expected.add(row.other, left)
            if changed:
                mine = {row.place for row in rows}
                for row in self._read(connection, last, None, lock=True, until=key_of(rows[-1])):
                    if row.place in mine:  # another one was added meanwhile, and is none of this batch
                        actual.add(row.other, row.values)
                if expected.hexdigest() != actual.hexdigest():
                    raise RemovalError(
                        "the database changed more than it was told to: the batch was taken back"
                    )
                self._step("commit")
        return (key_of(rows[-1]) if rows else last), len(rows), _size(rows), changed

    def _change(
        self,
        connection: Any,  # noqa: ANN401 - SQLAlchemy's
        row: Row,
        decision: Decision,
    ) -> tuple[int, Sequence[Value] | None]:
        """Change one row where something in it goes; return how much did, and what it holds now."""
        left = decision.of(row)
        changes = decision.changes(row, left)
        if changes:
            self._update(connection, row, left)
        return changes, left

    def _update(self, connection: Any, row: Row, left: Sequence[Value]) -> None:  # noqa: ANN401
        import sqlalchemy as sa  # noqa: PLC0415 - an extra

        columns, table = self._layout.columns, self._layout.table
        new: dict[str, Any] = {name: table.c[name] for name in self._layout.clocks}
        for column, old, value in zip(columns, row.values, left, strict=True):
            if old != value:
                new[column.name] = (None if column.may_be_null else column.empty) if value is None else value
        keys = [table.c[name] == part for name, part in zip(self._layout.key, key_of(row), strict=True)]
        done = connection.execute(sa.update(table).where(*keys).values(new))
        if done.rowcount > 1:
            raise RemovalError("a key stands for several rows: the batch was taken back")

    @staticmethod
    def _batches(read: Callable[[tuple[Any, ...] | None, int], list[Row]]) -> Iterator[list[Row]]:
        last: tuple[Any, ...] | None = None
        count = _BATCH_ROWS
        while True:
            rows = read(last, count)
            if rows:
                last = key_of(rows[-1])
                yield rows
            if len(rows) < count:
                return
            count = _next(count, _size(rows))

    def _read(
        self,
        connection: Any,  # noqa: ANN401 - SQLAlchemy's
        last: tuple[Any, ...] | None,
        count: int | None,
        *,
        lock: bool = False,
        until: tuple[Any, ...] | None = None,
    ) -> list[Row]:
        import sqlalchemy as sa  # noqa: PLC0415 - an extra

        table, layout = self._layout.table, self._layout
        keys = [table.c[name] for name in layout.key]
        there = set(table.c.keys())
        values = [table.c[each.name] if each.name in there else sa.null() for each in layout.columns]
        query = sa.select(*keys, layout.others, *values).order_by(*keys).limit(count)
        if last is not None:
            query = query.where(after_key(keys, last))
        if until is not None:
            query = query.where(sa.not_(after_key(keys, until)))
        if lock:
            query = query.with_for_update()
        rows = []
        for found in connection.execute(query):
            cells = tuple(None if value is None else cell_of(value) for value in found[len(keys) + 1 :])
            if any(cell is not None and len(cell) > self._bounds.value_bytes for cell in cells):
                raise LimitExceededError(
                    f"a value is larger than artefact_bytes = {self._bounds.value_bytes}"
                )
            rows.append(Row(tuple(found[: len(keys)]), str(found[len(keys)] or ""), cells))
        return rows

    # -- afterwards ------------------------------------------------------------------------------------

    def clean(self) -> frozenset[Cleaning]:
        """Write the table anew and out of memory, as far as the user may; return what was done."""
        may = self.outlook().steps
        done = set()
        if Cleaning.REWRITE in may:
            self._step("rewrite")
            if self._session.do(self._optimized):
                done.add(Cleaning.REWRITE)
        if Cleaning.CHECKPOINT in may:
            self._step("checkpoint")
            with suppress(EffaceError):  # told by its absence
                self._session.do(self._flushed)
                done.add(Cleaning.CHECKPOINT)
        return frozenset(done)

    def _optimized(self, connection: Any) -> bool:  # noqa: ANN401
        connection.exec_driver_sql(f"SET SESSION wait_timeout = {int(_REWRITE_S)}")
        _patience(connection, _REWRITE_S)
        answers = connection.exec_driver_sql(f"OPTIMIZE TABLE {self._layout.quoted}").fetchall()
        _patience(connection, self._bounds.statement_seconds)
        return any(row[2] == "status" and row[3] == "OK" for row in answers)

    def _flushed(self, connection: Any) -> None:  # noqa: ANN401
        connection.exec_driver_sql(f"FLUSH TABLES {self._layout.quoted} FOR EXPORT")
        connection.exec_driver_sql("UNLOCK TABLES")

    def flush(self) -> None:
        """Have what is in memory written, where the user may."""
        with suppress(EffaceError):
            self._session.do(self._flushed)

    def files(self) -> list[str]:
        """Return the table's files where they are this server's, on this machine, and can be read; else none."""
        try:
            folder, found = self._session.do(self._spaces)
            paths = [os.path.join(folder, path) for path, _ in found]
            good = all(_is_space(path, space) for path, (_, space) in zip(paths, found, strict=True))
        except (EffaceError, OSError):
            return []
        return paths if good else []

    def _spaces(self, connection: Any) -> tuple[str, list[tuple[str, int]]]:  # noqa: ANN401
        folder = str(connection.exec_driver_sql("SELECT @@datadir").scalar())
        name = "/".join(map(_filename, self._table)).lower()
        for query in _SPACES:
            try:
                rows = connection.exec_driver_sql(query).fetchall()
            except Exception:  # noqa: BLE001, S112 - another system's word for it
                continue
            mine = [(str(path), int(space)) for each, path, space in rows if _is_of(str(each).lower(), name)]
            if mine:
                return folder, mine
        return folder, []


def _is_of(space: str, table: str) -> bool:
    return space == table or space.startswith(f"{table}#p#")


def _filename(name: str) -> str:
    """Return a name as the server writes it into file names: `@` and four hexadecimal digits.

    Not promised: letters for which the server has shorter codes; the file is then not found, and not checked.
    """
    return "".join(each if _SAFE.match(each) else f"@{ord(each):04x}" for each in name)


def _is_space(path: str, space: int) -> bool:
    with open(path, "rb") as file:
        file.seek(_SPACE_AT)
        return int.from_bytes(file.read(4), "big") == space


def _patience(connection: Any, seconds: float) -> None:  # noqa: ANN401
    is_maria = "mariadb" in str(connection.exec_driver_sql("SELECT VERSION()").scalar()).lower()
    setting = f"max_statement_time = {seconds}" if is_maria else f"max_execution_time = {int(seconds * 1000)}"
    connection.exec_driver_sql(f"SET SESSION {setting}")


def _writing(session: Session, version: str) -> Iterator[str]:
    for statement in habits_of("mysql").settings(session, version):
        if "READ ONLY" not in statement and "sql_mode" not in statement:
            yield statement
    yield "SET SESSION innodb_lock_wait_timeout = 5"
    yield "SET SESSION foreign_key_checks = 1"
    yield "SET SESSION sql_mode = 'STRICT_ALL_TABLES'"  # what does not fit is an error, and not cut to size


def key_of(row: Row) -> tuple[Any, ...]:
    """Return the values of the key of a row."""
    assert isinstance(row.place, tuple)  # noqa: S101 - made in `_read`
    return row.place


def _size(rows: Sequence[Row]) -> int:
    return sum(len(value) for row in rows for value in row.values if value is not None)


def _next(count: int, size: int) -> int:
    return max(1, min(_BATCH_ROWS, _BATCH_BYTES * count // max(size, 1)))
