"""Read from a table of an SQLite database which picture each row names, and whether it still holds a vector."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING

from efface.engines import sqlite_file, sqlite_tables
from efface.engines.sqlite_tables import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["pictures_of"]

_PICTURE = re.compile(r"\.(?:jpe?g|png|bmp|webp|gif|tiff?|heic|avif|jp2)(?:[?#].*)?$", re.IGNORECASE)
_MAX_BYTES = 2048  # of a path or an address
_SHARE = 0.5  # of the filled cells of a column that names pictures


def pictures_of(data: bytes, table: str, vectors: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yield for each row the picture that it names, and whether a column of vectors holds something.

    Args:
        data: The database, its log taken in.
        table: Its name.
        vectors: Columns in which vectors were found.

    Raises:
        RemovalError: The bytes are no database that can be opened.

    Limits: one column, the one with most names of pictures; a column counts when half of its filled cells are some.
    """
    with sqlite_file.failing_softly(), closing(sqlite_file.in_memory(data)) as connection:
        known = {each.name: each for each in sqlite_tables.tables(connection)}
        if table not in known or not set(vectors) <= set(known[table].columns):
            return
        holds = " OR ".join(f"length({quoted(name)}) > 0" for name in vectors)
        best: list[tuple[str, bool]] = []
        for column in known[table].columns:
            if column in vectors:
                continue
            name = quoted(column)
            query = (
                f"SELECT CAST({name} AS BLOB), {holds} FROM main.{quoted(table)} NOT INDEXED"  # noqa: S608
                f" WHERE typeof({name}) = 'text' AND length({name}) BETWEEN 1 AND {_MAX_BYTES}"
            )
            rows = [(raw.decode("utf-8", "replace"), bool(full)) for raw, full in connection.execute(query)]
            named = [row for row in rows if _PICTURE.search(row[0])]
            if len(named) >= max(1, _SHARE * len(rows)) and len(named) > len(best):
                best = named
        yield from best
