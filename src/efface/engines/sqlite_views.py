"""Which columns the views of an SQLite database show, as SQLite says when it compiles them; none is run.

Source: SQLite documentation, sqlite3_set_authorizer (SQLITE_READ names table and column of every access while a
statement is compiled) and EXPLAIN.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict

__all__ = ["shown_in"]

_MOST_VIEWS = 200  # one that SQLite gives up, as it refers to others too often, takes it half a second
_MOST_READS = 5_000
"""Accesses of one view. Views of views of views double them at each step, and SQLite's time grows with their square."""
_DAMAGE = (sqlite3.Error, UnicodeError)


def shown_in(connection: sqlite3.Connection) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the views that use a column, by table and column in lower case, through other views too.

    A view that cannot be compiled (a table or function is missing, its name is no text, it reads more than 5,000
    times) shows nothing here; of more than 200 views the first are told.
    """
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    query = "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name LIMIT ?"
    views = connection.execute(query, (_MOST_VIEWS,)).fetchall()
    for (name,) in views:
        for place in _used(connection, name):
            found[place].add(name.decode("utf-8", "replace"))
    return {place: tuple(sorted(names)) for place, names in found.items()}


def _used(connection: sqlite3.Connection, name: bytes) -> set[tuple[str, str]]:
    used: set[tuple[str, str]] = set()
    left = _MOST_READS

    def note(action: int, table: str | None, column: str | None, *_: str | None) -> int:
        nonlocal left
        left -= 1
        if action == sqlite3.SQLITE_READ:
            used.add(((table or "").lower(), (column or "").lower()))
        return sqlite3.SQLITE_OK if left > 0 else sqlite3.SQLITE_DENY

    connection.set_authorizer(note)
    try:
        quoted = name.decode().replace('"', '""')
        connection.execute(f'EXPLAIN SELECT * FROM main."{quoted}"').close()  # noqa: S608 - quoted, never run
    except _DAMAGE:
        return set()
    finally:
        connection.set_authorizer(None)
    return used
