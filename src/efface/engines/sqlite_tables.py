"""What is in the tables of an open SQLite database, and how their columns are emptied.

Source: SQLite documentation: PRAGMA table_list, table_xinfo, foreign_key_check; The Schema Table; Generated
Columns; ANALYZE (tables sqlite_stat1 to sqlite_stat4).
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from efface.engines.sqlite_cells import EMPTIED, REWRITTEN, Cells, encoded
from efface.errors import RemovalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from efface.engines.residue import Fragments

__all__ = [
    "CODECS",
    "Emptied",
    "Rest",
    "Snapshot",
    "Table",
    "broken_references",
    "cell_of",
    "empty",
    "filled",
    "forget_statistics",
    "quoted",
    "resolve",
    "snapshot",
    "tables",
    "text_of",
    "triggers_of",
]

Rest: TypeAlias = "Callable[[str, str, bytes | str], bytes | str | None]"
"""Given table, column and value, returns what is to stay of the value: itself, a part, or None for nothing."""

_SETTINGS = ("page_size", "encoding", "auto_vacuum", "user_version", "application_id")
_STATISTICS = ("sqlite_stat1", "sqlite_stat3", "sqlite_stat4")
_CONTENT = re.compile(
    rb"""content\s*=\s*(?:'([^']*)'|"([^"]*)"|\[([^\]]*)\]|`([^`]*)`|([^\s,)'"]+))""", re.IGNORECASE
)
CODECS = {b"UTF-8": "utf-8", b"UTF-16le": "utf-16-le", b"UTF-16be": "utf-16-be"}


@dataclass(frozen=True, slots=True)
class Table:
    """An ordinary table.

    Attributes:
        name: Its name.
        columns: Names of its stored columns.
        generated: Names of its generated columns.
        has_rowid: Whether it has row numbers.
        is_shadow: Whether it belongs to a virtual table.
    """

    name: str
    columns: tuple[str, ...]
    generated: tuple[str, ...]
    has_rowid: bool
    is_shadow: bool


@dataclass(frozen=True, slots=True)
class Emptied:
    """A table and which of its columns are to lose values."""

    name: str
    columns: dict[str, Cells]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What must be the same before and after: schema, settings, and rows with a digest for each table."""

    schema: tuple[tuple[bytes | None, ...], ...]
    settings: tuple[bytes | int, ...]
    tables: dict[str, tuple[int, str]]
    broken_references: int


def tables(connection: sqlite3.Connection) -> list[Table]:
    """Return the ordinary tables of `main`, SQLite's own excepted."""
    found = []
    for _, name, kind, _, no_rowid, _ in connection.execute("PRAGMA main.table_list").fetchall():
        text = text_of(name)
        if kind not in (b"table", b"shadow") or text.startswith("sqlite_"):
            continue
        info = connection.execute(f"PRAGMA main.table_xinfo({quoted(text)})").fetchall()
        stored = tuple(text_of(row[1]) for row in info if row[6] == 0)
        generated = tuple(text_of(row[1]) for row in info if row[6] in (2, 3))
        found.append(Table(text, stored, generated, not no_rowid, kind == b"shadow"))
    return found


def resolve(
    connection: sqlite3.Connection, cells: Mapping[str, Sequence[str]], rest: Rest, removed: Fragments
) -> list[Emptied]:
    """Return what to empty, by the names of the schema; RemovalError where that is not possible."""
    codec = CODECS[connection.execute("PRAGMA main.encoding").fetchone()[0]]
    known = {table.name: table for table in tables(connection)}
    wanted = []
    for name, columns in cells.items():
        table = known.get(name)
        if table is None:
            raise RemovalError(f"there is no ordinary table {name!r} in the database")
        if table.is_shadow:
            raise RemovalError(f"{name!r} belongs to a virtual table: its columns cannot be emptied alone")
        for column in columns:
            if column in table.generated:
                raise RemovalError(f"{column!r} of {name!r} is computed from other columns")
            if column not in table.columns:
                raise RemovalError(f"there is no column {column!r} in {name!r}")
        chosen = {column: Cells(partial(rest, name, column), codec, removed) for column in columns}
        wanted.append(Emptied(name, chosen))
    if not any(table.columns for table in wanted):
        raise RemovalError("no column was named")
    _check_no_index_of_words(connection, {table.name.lower() for table in wanted})
    return wanted


def snapshot(connection: sqlite3.Connection, emptied: Sequence[Emptied], *, is_result: bool) -> Snapshot:
    """Return what must not change; rows are read one by one.

    Args:
        connection: The database.
        emptied: Columns that lose values. Before, it is decided which; the snapshot is of the rows without
            them. In the result, those are expected to be empty.
        is_result: Whether it is the database afterwards.
    """
    cells = {table.name: table.columns for table in emptied}
    digests = {}
    for table in tables(connection):
        digests[table.name] = _digest(connection, table, cells.get(table.name, {}), is_result=is_result)
    if _exists(connection, "sqlite_sequence"):
        sequence = Table("sqlite_sequence", ("name", "seq"), (), has_rowid=True, is_shadow=False)
        digests["sqlite_sequence"] = _digest(connection, sequence, {}, is_result=is_result)
    schema = connection.execute(
        "SELECT type, name, tbl_name, sql FROM main.sqlite_schema ORDER BY type, name, tbl_name"
    ).fetchall()
    settings = tuple(connection.execute(f"PRAGMA main.{name}").fetchone()[0] for name in _SETTINGS)
    return Snapshot(tuple(schema), settings, digests, broken_references(connection))


def empty(connection: sqlite3.Connection, emptied: Sequence[Emptied]) -> dict[str, int]:
    """Take the values away in one transaction; return how many cells held some, for each table.

    A cell becomes NULL, or an empty value of its own type where the column must not be NULL. Triggers of
    the tables are taken away for the transaction, so that no copy is written elsewhere, and then put back.
    """
    counts = {}
    connection.execute("BEGIN IMMEDIATE")
    triggers = [trigger for table in emptied for trigger in triggers_of(connection, table.name)]
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER main.{quoted(name)}")
    for table in emptied:
        counts[table.name] = sum(cells.count for cells in table.columns.values())
        for column, cells in table.columns.items():
            if cells.count:
                _empty_column(connection, table.name, column, cells)
        if counts[table.name]:
            forget_statistics(connection, table.name)
    for _, statement in triggers:
        connection.execute(statement)
    connection.execute("COMMIT")
    return counts


def filled(connection: sqlite3.Connection, emptied: Sequence[Emptied]) -> int:
    """Return how many cells of the columns still hold a value that was to go."""
    return sum(
        cells.state(kind.decode(), raw) == EMPTIED
        for table in emptied
        for column, cells in table.columns.items()
        for kind, raw in connection.execute(_in_order(cell_of(quoted(column)), table.name))
    )


def text_of(name: bytes) -> str:
    """Return a name of the schema, which may be no text."""
    return name.decode("utf-8", "surrogateescape")


def quoted(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _exists(connection: sqlite3.Connection, name: str) -> bool:
    query = "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?"
    return connection.execute(query, (name,)).fetchone() is not None


def _check_no_index_of_words(connection: sqlite3.Connection, names: set[str]) -> None:
    """Refuse where a full-text index lists the words of a table: it would go on holding the values."""
    query = "SELECT name, sql FROM main.sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL TABLE%'"
    for name, statement in connection.execute(query).fetchall():
        for groups in _CONTENT.findall(statement):
            if text_of(b"".join(groups)).lower() in names:
                raise RemovalError(f"the full-text index {text_of(name)!r} holds words of the table")


def _digest(
    connection: sqlite3.Connection, table: Table, cells: Mapping[str, Cells], *, is_result: bool
) -> tuple[int, str]:
    """Return how many rows there are and a digest of their numbers and values."""
    names = ["rowid"] if table.has_rowid and "rowid" not in map(str.lower, table.columns) else []
    plain = [quoted(column) for column in table.columns if column not in cells]
    chosen = [cell_of(quoted(column)) for column in cells]
    selected = ", ".join((*names, *plain, *chosen)) or "1"
    readers = [each.after if is_result else each.before for each in cells.values()]
    first = len(names) + len(plain)
    digest = hashlib.sha256()
    count = 0
    for row in connection.execute(_in_order(selected, table.name)):
        count += 1
        for value in row[:first] if readers else row:
            digest.update(encoded(value))
        for number, read in enumerate(readers):
            digest.update(read(*row[first + 2 * number : first + 2 * number + 2]))
    return count, digest.hexdigest()


def _in_order(selected: str, table: str) -> str:
    """Query: rows by the table's own key, since an index over what is emptied has another order afterwards."""
    return f"SELECT {selected} FROM main.{quoted(table)} NOT INDEXED"  # noqa: S608 - quoted


def cell_of(name: str) -> str:
    """Return the expression of type and value of a cell, of a text the bytes that are stored; by its quoted name."""
    return f"typeof({name}), CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) ELSE {name} END"


def broken_references(connection: sqlite3.Connection) -> int:
    """Return how many rows refer to none; -1 where that cannot be told."""
    try:
        return sum(1 for _ in connection.execute("PRAGMA main.foreign_key_check"))
    except sqlite3.OperationalError:  # a reference to a table that does not exist cannot break further
        return -1


def triggers_of(connection: sqlite3.Connection, table: str) -> list[tuple[str, str]]:
    """Return name and definition of each trigger of a table."""
    query = "SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger' AND lower(tbl_name) = lower(?)"
    return [(text_of(name), text_of(sql)) for name, sql in connection.execute(query, (table,)).fetchall()]


def _empty_column(connection: sqlite3.Connection, table: str, column: str, cells: Cells) -> None:
    name, target = quoted(column), f"main.{quoted(table)}"
    connection.create_function("efface_state", 2, cells.state, deterministic=True)
    connection.create_function("efface_new", 2, cells.new, deterministic=True)
    cell = cell_of(name)
    connection.execute(
        f"UPDATE {target} SET {name} = efface_new({cell}) WHERE efface_state({cell}) = {REWRITTEN}"  # noqa: S608
    )
    of_its_type = f"CASE typeof({name}) WHEN 'text' THEN '' ELSE x'' END"
    for value in ("NULL", of_its_type):
        try:
            connection.execute(
                f"UPDATE {target} SET {name} = {value} WHERE efface_state({cell}) = {EMPTIED}"  # noqa: S608
            )
        except sqlite3.IntegrityError:
            continue
        return
    raise RemovalError(f"{column!r} of {table!r} may be neither NULL nor empty: remove its rows or the file")


def forget_statistics(connection: sqlite3.Connection, table: str) -> None:
    """Delete the planner's statistics of a table, which may quote values of its indexes."""
    for statistics in _STATISTICS:
        if _exists(connection, statistics):
            connection.execute(f"DELETE FROM main.{statistics} WHERE lower(tbl) = lower(?)", (table,))  # noqa: S608
