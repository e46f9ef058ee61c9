"""SQLite database files: every column of every table, read without changing a byte."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from efface.engines import sqlite_file
from efface.engines.sqlite_views import shown_in
from efface.errors import FormatError
from efface.model import Column, Gap, GapReason, Surroundings
from efface.sources.database_values import shown_clues
from efface.sources.payloads import FilePayload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from efface.model import Limits, Part

__all__ = ["Sqlite"]

_TYPE = "application/vnd.sqlite3"
_HEADER_BYTES = 100
_NUMBERS = 500
"""Of one statement: SQLite takes 999 and more (Limits In SQLite, 9)."""
_SHORTEST = 16
_BESIDE = 16  # values of each other column
"""Shorter values hold neither a template nor a picture in any encoding; leaving them out keeps names and
numbers in the database."""

_DAMAGE = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite says of damage may quote the damaged bytes, which Python then fails to turn into a text."""


class Sqlite:
    """Columns of the tables of a database file, and of one inside an archive or a cell.

    What lies in a log beside the file is read too, on a private copy, since opening both in place would write
    beside them. A view is neither run nor read, as all that it shows is in the tables of its own file; what is
    found in a column says which views show it.

    Not promised: what a view puts together out of several columns or holds in its own words; rows deleted
    earlier that still lie in free pages are not listed as findings; removal leaves none of them behind.
    """

    name = "sqlite"
    version = 2

    def accepts(self, media_type: str) -> bool:
        """Return whether it is an SQLite database."""
        return media_type == _TYPE

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap]:
        """Yield one column each for every column of every table that holds text or bytes.

        Raises:
            FormatError: It is not a database that can be opened.
        """
        del media_type
        try:
            with _opened(part) as connection:
                views = shown_in(connection)
                for table in _tables(connection):
                    yield from _columns(connection, table, part, limits, views)
        except _DAMAGE as error:
            raise _explained(error) from None


def _explained(error: Exception) -> FormatError:
    text = str(error).lower()
    if "encrypted" in text or "not a database" in text:
        return FormatError("is not a database that can be opened: damaged or encrypted")
    return FormatError("the database is damaged")


@contextmanager
def _opened(part: Part) -> Iterator[sqlite3.Connection]:
    """Open the database read-only: in place or a private copy with its log, or in memory."""
    payload = part.payload
    if isinstance(payload, FilePayload):
        with sqlite_file.settled(Path(payload.path)) as path:
            uri = f"file:{quote(os.fsencode(path))}?mode=ro&immutable=1"
            with closing(_connect(uri)) as connection:
                yield connection
    else:
        with closing(_connect(":memory:")) as connection:
            data = payload.read()
            if len(data) < _HEADER_BYTES:  # SQLite takes none at all for a lack of memory
                raise FormatError("is not a database that can be opened: cut off")
            connection.deserialize(_without_log_flag(data))
            yield connection


def _connect(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True)
    connection.text_factory = bytes  # damaged text must not stop the reading
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _without_log_flag(data: bytes) -> bytes:
    """A database in memory has no log; bytes 18 and 19 say which mode it was written in.

    Source: SQLite Database File Format, 1.3 (offsets 18 and 19; 2 stands for write-ahead logging).
    """
    return data[:18] + b"\x01\x01" + data[20:] if data[18:20] == b"\x02\x02" else data


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")


def _is_text(name: str) -> bool:
    """Return whether a name can be said in a statement; SQLite itself takes any bytes for one."""
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)


def _tables(connection: sqlite3.Connection) -> list[str]:
    """Names of the ordinary tables; shadow tables of virtual ones count, as they hold the values."""
    query = (
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND lower(name) NOT GLOB 'sqlite_*'"
        " AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    )
    return [_text(row[0]) for row in connection.execute(query)]


def _columns(
    connection: sqlite3.Connection,
    table: str,
    part: Part,
    limits: Limits,
    views: Mapping[tuple[str, str], tuple[str, ...]],
) -> Iterator[Column | Gap]:
    place = part.locator.at(f"/main.{table}")
    if not _is_text(table):
        yield Gap(
            place, "unpack", GapReason.UNREADABLE, "the table's name is no text in UTF-8: not looked into"
        )
        return
    try:
        names = [_text(row[1]) for row in connection.execute(f"PRAGMA table_xinfo({_quoted(table)})")]
        rows = int(connection.execute(f"SELECT count(*) FROM {_quoted(table)}").fetchone()[0])  # noqa: S608
    except _DAMAGE:
        yield Gap(place, "unpack", GapReason.UNREADABLE, "the table cannot be read: damaged")
        return
    drawn = _drawn(connection, table, limits.cells) if rows > limits.cells else None
    for name in names if rows else ():
        column = part.locator.at(f"/main.{table}/{name}")
        if not _is_text(name):
            yield Gap(
                column,
                "unpack",
                GapReason.UNREADABLE,
                "the column's name is no text in UTF-8: not looked into",
            )
            continue
        yield Column(
            column,
            Surroundings((name, table, *part.surroundings.names), tuple(n for n in names if n != name)),
            lambda name=name: _cells(connection, table, name, drawn, limits),  # type: ignore[misc]
            rows,
            drawn=None if drawn is None else len(drawn),
            clues=tuple(shown_clues(views.get((table.lower(), name.lower()), ()))),
            beside=lambda name=name: _beside(
                connection, table, [n for n in names if n != name], drawn, limits
            ),  # type: ignore[misc]
        )


def _drawn(connection: sqlite3.Connection, table: str, most: int) -> list[int] | None:
    """Return the numbers of rows drawn at random; None for a table whose rows have no numbers."""
    query = f"SELECT rowid FROM {_quoted(table)} ORDER BY random() LIMIT ?"  # noqa: S608 - the name is quoted
    try:
        found = [row[0] for row in connection.execute(query, (most,))]
    except _DAMAGE:
        return None
    numbers = [number for number in found if isinstance(number, int)]  # a column may have the name "rowid"
    return sorted(numbers) if len(set(numbers)) == len(found) else None


def _cells(
    connection: sqlite3.Connection, table: str, column: str, drawn: list[int] | None, limits: Limits
) -> Iterator[bytes | str]:
    """Text and binary values of one column, of the rows drawn.

    Without a draw, one more than the run tests, so that it sees that there are more.
    """
    quoted = _quoted(column)
    query = (
        f"SELECT typeof({quoted}), {quoted} FROM {_quoted(table)}"  # noqa: S608 - names are quoted
        # As bytes: the length of a text is counted only up to its first NUL.
        f" WHERE typeof({quoted}) IN ('text', 'blob') AND length(CAST({quoted} AS BLOB)) >= {_SHORTEST}"
    )
    try:
        for condition, values in _pages(drawn, limits.cells + 1):
            for kind, value in connection.execute(query + condition, values):
                yield value if kind == b"blob" else _text(value)
    except _DAMAGE as error:
        raise _explained(error) from None


def _beside(
    connection: sqlite3.Connection, table: str, names: list[str], drawn: list[int] | None, limits: Limits
) -> Iterator[bytes | str]:
    """Some values of the other columns, of the same rows."""
    some = None if drawn is None else drawn[:_BESIDE]
    for name in filter(_is_text, names):
        yield from islice(_cells(connection, table, name, some, limits), _BESIDE)


def _pages(drawn: list[int] | None, most: int) -> Iterator[tuple[str, Sequence[int]]]:
    if drawn is None:
        yield " LIMIT ?", (most,)
        return
    for at in range(0, len(drawn), _NUMBERS):
        numbers = drawn[at : at + _NUMBERS]
        yield f" AND rowid IN ({', '.join('?' * len(numbers))})", numbers
