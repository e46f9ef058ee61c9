"""Read the rows of a PostgreSQL database that came since a position, also those whose transaction ended late.

The position is a number of a transaction: the oldest that was still running when reading began. A row that could not
be seen then was written by that transaction, by a later one, or by a part (savepoint) of one, and parts have higher
numbers than their whole. So every row whose xmin is at the position or after it is read: none is skipped, and one
that came between is read again next time. While an old transaction stays open the position stays with it.

Rows keep 32 bits of the number. A frozen row of more than 2^32 transactions ago can look new and is then read again;
where the position itself is so old, everything is read.

Source: PostgreSQL 18 documentation, 9.27.8 (pg_current_snapshot), 66.1 (transactions and identifiers), 5.6 (xmin).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.engines.postgres_catalog import relations
from efface.engines.postgres_session import PostgresSession
from efface.engines.postgres_types import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.engines.database import Login, Session
    from efface.engines.postgres_catalog import Relation

__all__ = ["Arrivals", "Position", "Row"]

_CHUNK_PAGES = 2_048  # 16 MiB of a heap in one statement
_ROUND = 1 << 32

_POSITION = """SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS at,
  (SELECT system_identifier::text FROM pg_control_system()) AS system"""
_PAGES = "SELECT pg_relation_size({oid}::oid) / current_setting('block_size')::int8 AS pages"
# The number of a row in full: the last one before the snapshot's end that has its 32 bits.
_ROWS = """SELECT r.ctid::text AS place, to_jsonb(r.*)::text AS content
FROM {table} AS r, (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::int8 AS stop) AS now
WHERE r.ctid >= '({low},0)'::tid{high}
  AND now.stop - ((now.stop - r.xmin::text::int8) & 4294967295) >= {at}"""


@dataclass(frozen=True, slots=True)
class Position:
    """From where rows are still to be read.

    Attributes:
        at: Number of a transaction, 64 bits; 0 for the beginning.
        system: Which cluster it is a number of.
    """

    at: int
    system: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row that came.

    Attributes:
        place: Its ctid, which holds until it is written again.
        content: All that the user may read of it, as JSON.
    """

    place: str
    content: bytes


class _Session(PostgresSession):
    """A session in which rows that a policy hides are an error: they would be skipped in silence."""

    def _settings(self) -> Iterator[str]:
        yield from (each for each in super()._settings() if "row_security" not in each)
        yield "SET row_security = off"


class Arrivals:
    """A session that reads what came.

    Args:
        login: How to get in.
        session: Its bounds.
    """

    def __init__(self, login: Login, session: Session) -> None:
        self._session = _Session(login, session)

    def position(self) -> Position:
        """Return from where the next reading has to begin; to be asked before anything is read.

        Raises:
            AccessError: The server does not say.
        """
        (row,) = self._session.rows(_POSITION)
        return Position(int(row["at"]), row["system"])

    def start(self, since: Position | None, now: Position) -> int:
        """Return the number from which rows are read: 0, for all of them, where the position says nothing."""
        if since is None or since.system != now.system or not 0 < since.at <= now.at:
            return 0
        return since.at if now.at - since.at < _ROUND // 2 else 0

    def tables(self) -> list[Relation]:
        """Return every table, partition and view."""
        return relations(self._session)

    def rows(self, table: Relation, start: int) -> Iterator[Row]:
        """Yield the rows of a table that came.

        Raises:
            AccessError: They cannot be read.
            LimitExceededError: A statement took too long.
        """
        (size,) = self._session.rows(_PAGES.format(oid=table.oid))
        last = max(0, size["pages"] - 1) // _CHUNK_PAGES * _CHUNK_PAGES
        for low in range(0, last + 1, _CHUNK_PAGES):
            # What is added since the size was asked belongs to the last piece.
            high = "" if low == last else f" AND r.ctid < '({low + _CHUNK_PAGES},0)'::tid"
            query = _ROWS.format(table=quoted(table.schema, table.name), low=low, high=high, at=start)
            for batch in self._session.batches(query):
                for row in batch.to_pylist():
                    yield Row(row["place"], row["content"].encode("utf-8", "surrogateescape"))

    def close(self) -> None:
        """End the session."""
        self._session.close()
