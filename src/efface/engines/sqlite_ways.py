"""Delete rows, drop columns or drop tables of an SQLite database in memory, and prove what stayed.

As in `sqlite_file` all work is done in memory, and the result is a new file without free pages. Rows that stay, all
other tables and their values are compared; rows of other tables that refer to what goes are a reason to refuse,
unless the user lets it cascade, as the keys are defined. Triggers do not fire.

Source: SQLite documentation: ALTER TABLE (5. DROP COLUMN), DROP TABLE, Foreign Key Support, PRAGMA foreign_key_list.
"""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from efface.engines import sqlite_file, sqlite_tables
from efface.engines.database_erase import Beside, Outlook, is_named_like_work
from efface.engines.residue import Fragments, residue
from efface.engines.sqlite_cells import STAYS, Cells, encoded
from efface.engines.sqlite_tables import cell_of, quoted, text_of
from efface.errors import RemovalError, ResidueError
from efface.model.vocabulary import Way

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from efface.engines.sqlite_tables import Rest, Snapshot, Table

__all__ = ["Wanted", "outlook_of_table", "remove", "residue_left"]

_TIMES = ("date", "time")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to become of one table.

    Attributes:
        table: Its name.
        columns: Those in which something was found.
        way: How it goes; not NULL.
    """

    table: str
    columns: tuple[str, ...]
    way: Way


def remove(data: bytes, wanted: Sequence[Wanted], rest: Rest, *, cascade: bool) -> tuple[bytes, Fragments]:
    """Return a database without rows, columns or tables, and fragments of the values that went.

    Args:
        data: The database, its log taken in.
        wanted: Of each table what is to become of it.
        rest: What is to stay of a value.
        cascade: Whether rows of other tables may go as their keys say, and views may be left to fail.

    Raises:
        RemovalError: It cannot be done, something else would change, or something would break.

    Not promised: the fragments may be in tables that lose them later; `residue_left` looks at the end.
    """
    with sqlite_file.failing_softly(), closing(sqlite_file.in_memory(data)) as connection:
        sqlite_file.check_integrity(connection)
        work = _Work(connection, cascade=cascade)
        for each in wanted:
            work.decide(each, rest)
        before = work.others()
        work.change()
        if work.others() != before:
            raise RemovalError(
                "values beside the removed ones would change: --cascade allows what keys define"
            )
        fresh = sqlite_file.fresh_copy(connection)
        return fresh[:18] + data[18:20] + fresh[20:], work.removed


def residue_left(data: bytes, removed: Fragments) -> None:
    """Raise ResidueError when a database still holds fragments of what was removed."""
    if found := residue(data, removed):
        raise ResidueError(
            f"{found} fragments of the removed values are still in the database: it has a copy"
        )


class _Work:
    """One removal in an open database."""

    def __init__(self, connection: sqlite3.Connection, *, cascade: bool) -> None:
        self._connection = connection
        self._cascade = cascade
        self._codec = sqlite_tables.CODECS[connection.execute("PRAGMA main.encoding").fetchone()[0]]
        self._tables = {each.name: each for each in sqlite_tables.tables(connection)}
        self._decided: list[tuple[Wanted, dict[str, Cells], str]] = []
        self.removed = Fragments()

    def decide(self, wanted: Wanted, rest: Rest) -> None:
        """Look at every row of a table; refuse what cannot go so."""
        table = self._tables.get(wanted.table)
        if table is None or table.is_shadow or not set(wanted.columns) <= set(table.columns):
            raise RemovalError("the database has no such table as was found, or it belongs to a virtual one")
        if not self._cascade and (used := _broken(self._connection, wanted)):
            raise RemovalError(f"{', '.join(used)[:200]} would fail: --cascade leaves them to that")
        cells = {
            column: Cells(partial(_whole(rest, wanted.way), wanted.table, column), self._codec, self.removed)
            for column in wanted.columns
        }
        chosen = ", ".join(cell_of(quoted(column)) for column in cells)
        filled = 0
        for row in self._connection.execute(f"SELECT {chosen} FROM main.{quoted(table.name)} NOT INDEXED"):  # noqa: S608
            for at, each in enumerate(cells.values()):
                each.before(row[2 * at], row[2 * at + 1])
                filled += row[2 * at + 1] not in (None, b"")
        due = sum(each.count for each in cells.values())
        if not due:
            raise RemovalError("no value in it can be told to be what was found")
        if wanted.way is Way.COLUMN and filled > due:
            raise RemovalError("the column holds values that are not what was found: empty its cells instead")
        self._decided.append((wanted, cells, self._digest(table, wanted, cells, is_result=False)))

    def others(self) -> tuple[dict[str, tuple[int, str]], int] | None:
        """Return what must not change; None where the user lets it."""
        if self._cascade:
            return None
        mine = {wanted.table for wanted, _, _ in self._decided}
        shot: Snapshot = sqlite_tables.snapshot(self._connection, [], is_result=False)
        kept = {name: each for name, each in shot.tables.items() if name not in mine | {"sqlite_sequence"}}
        return kept, shot.broken_references

    def change(self) -> None:
        """Do all of it in one transaction, without triggers, and check the tables that are left."""
        connection = self._connection
        if self._cascade:
            connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN IMMEDIATE")
        for wanted, cells, _ in self._decided:
            triggers = sqlite_tables.triggers_of(connection, wanted.table)
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER main.{quoted(name)}")
            self._remove(wanted, cells)
            sqlite_tables.forget_statistics(connection, wanted.table)
            for _, statement in triggers if wanted.way is not Way.TABLE else ():
                connection.execute(statement)
        connection.execute("COMMIT")
        now = {each.name: each for each in sqlite_tables.tables(connection)}
        for wanted, cells, expected in self._decided:
            if wanted.way is Way.TABLE:
                continue
            if self._digest(now[wanted.table], wanted, cells, is_result=True) != expected:
                raise RemovalError("values beside the removed ones would change in the table")

    def _remove(self, wanted: Wanted, cells: Mapping[str, Cells]) -> None:
        target = f"main.{quoted(wanted.table)}"
        match wanted.way:
            case Way.ROW:
                self._connection.execute(f"DELETE FROM {target} WHERE {self._is_due(cells)}")  # noqa: S608
            case Way.COLUMN:
                for column in cells:
                    for index in _indexes(self._connection, wanted.table, column):
                        self._connection.execute(f"DROP INDEX main.{quoted(index)}")
                    self._connection.execute(f"ALTER TABLE {target} DROP COLUMN {quoted(column)}")
            case _:
                self._connection.execute(f"DROP TABLE {target}")

    def _is_due(self, cells: Mapping[str, Cells]) -> str:
        """Return the condition under which a row goes."""
        conditions = []
        for at, (column, each) in enumerate(cells.items()):
            self._connection.create_function(f"efface_state_{at}", 2, each.state, deterministic=True)
            conditions.append(f"efface_state_{at}({cell_of(quoted(column))}) <> {STAYS}")
        return " OR ".join(conditions)

    def _digest(self, table: Table, wanted: Wanted, cells: Mapping[str, Cells], *, is_result: bool) -> str:
        """Return a digest of what is to stay of a table."""
        names = ["rowid"] if table.has_rowid and "rowid" not in map(str.lower, table.columns) else []
        gone = wanted.columns if wanted.way is Way.COLUMN else ()
        names += [quoted(column) for column in table.columns if column not in gone]
        where = ""
        if wanted.way is Way.ROW and not is_result:
            where = f" WHERE NOT ({self._is_due(cells)})"
        digest = hashlib.sha256()
        query = f"SELECT {', '.join(names) or '1'} FROM main.{quoted(table.name)} NOT INDEXED{where}"  # noqa: S608
        for row in self._connection.execute(query):
            for value in row:
                digest.update(encoded(value))
        return digest.hexdigest()


def _whole(rest: Rest, way: Way) -> Rest:
    """Return what is to stay; with a row or a table goes what lies among other things, too."""

    def decided(table: str, column: str, value: bytes | str) -> bytes | str | None:
        try:
            left = rest(table, column, value)
        except RemovalError:
            if way is Way.COLUMN:
                raise
            return None
        return left if left == value else None

    return decided


def _indexes(connection: sqlite3.Connection, table: str, column: str) -> list[str]:
    """Return the indexes that somebody made over a column."""
    found = []
    for row in connection.execute(f"PRAGMA main.index_list({quoted(table)})").fetchall():
        name = text_of(row[1])
        columns = connection.execute(f"PRAGMA main.index_info({quoted(name)})").fetchall()
        if row[3] == b"c" and any(each[2] is not None and text_of(each[2]) == column for each in columns):
            found.append(name)
    return found


def _broken(connection: sqlite3.Connection, wanted: Wanted) -> list[str]:
    """Return views and triggers of others whose text names a table or column that is to go."""
    if wanted.way is Way.ROW:
        return []
    query = "SELECT type, name, tbl_name, sql FROM main.sqlite_schema WHERE type IN ('view', 'trigger')"
    needed = (wanted.table,) if wanted.way is Way.TABLE else wanted.columns
    found = []
    for kind, name, table, sql in connection.execute(query).fetchall():
        own = kind == b"trigger" and text_of(table).lower() == wanted.table.lower()
        text = text_of(sql).lower()
        names = any(each.lower() in text for each in needed) and wanted.table.lower() in text
        if names and not (own and wanted.way is Way.TABLE):
            found.append(f"{text_of(kind)} {text_of(name)}")
    return sorted(found)


def _referring(connection: sqlite3.Connection, table: str) -> list[str]:
    found = set()
    for each in sqlite_tables.tables(connection):
        keys = connection.execute(f"PRAGMA main.foreign_key_list({quoted(each.name)})").fetchall()
        if each.name != table and any(text_of(key[2]).lower() == table.lower() for key in keys):
            found.add(each.name)
    return sorted(found)


def outlook_of_table(data: bytes, wanted: Wanted) -> Outlook:
    """Return what would change and break with one table, and what stands beside what was found."""
    with sqlite_file.failing_softly(), closing(sqlite_file.in_memory(data)) as connection:
        name = quoted(wanted.table)
        info = connection.execute(f"PRAGMA main.table_xinfo({name})").fetchall()
        keys = {text_of(row[3]) for row in connection.execute(f"PRAGMA main.foreign_key_list({name})")}
        keys |= {text_of(row[1]) for row in info if row[5]}
        others = [row for row in info if text_of(row[1]) not in keys | set(wanted.columns)]
        facts = sum(not any(word in text_of(row[2]).lower() for word in _TIMES) for row in others)
        filled = any(row[3] for row in info if text_of(row[1]) in wanted.columns)
        beside = Beside(len(others), facts, filled, tuple(text_of(row[1]) for row in info))
        children, used = _referring(connection, wanted.table), _broken(connection, wanted)
        notes = _told(wanted.way, children, used)
        return Outlook(notes=tuple(notes), beside=beside)


def _told(way: Way, children: Sequence[str], used: Sequence[str]) -> Iterable[str]:
    words = {
        Way.ROW: "whole rows are deleted, with everything else in them",
        Way.COLUMN: "the column goes; programs that name it fail",
        Way.TABLE: "the table goes with all its rows and columns; programs that name it fail",
    }
    yield words[way]
    if children:
        yield f"{len(children)} foreign keys refer to the table"
        yield ", ".join(children)
    if used:
        yield f"{len(used)} views, triggers or routines name it"
        yield ", ".join(used)
    if work := sum(map(is_named_like_work, (*children, *used))):
        yield f"{work} of what uses it are named like attendance or payroll"
