"""The append-only list inside a run file: canonical entries under one Merkle root.

    ledger(seq INTEGER PRIMARY KEY, entry BLOB, leaf BLOB)

`entries.Kind` lists what may be appended. `seq` counts from 1 without a hole; `leaf` is the leaf hash
of `entry`. Triggers refuse to update, delete or insert out of turn.

Not promised: who owns the file can drop the table or cut its end. Cutting is seen only beside a root
that was kept elsewhere, such as in a certificate; every other change is found by `verify`.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from efface.errors import EvidenceError
from efface.evidence import canonical, shapes
from efface.evidence.entries import Kind, entry_adapter
from efface.evidence.merkle import Frontier, leaf_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from efface.evidence.entries import LedgerEntry

__all__ = ["Kind", "Ledger", "create_table"]

_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS ledger(seq INTEGER PRIMARY KEY, entry BLOB NOT NULL, leaf BLOB NOT NULL)",
    """CREATE TRIGGER IF NOT EXISTS ledger_no_update BEFORE UPDATE ON ledger
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER IF NOT EXISTS ledger_no_delete BEFORE DELETE ON ledger
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    # INSERT OR REPLACE deletes without firing the trigger above, so the turn is checked as well.
    """CREATE TRIGGER IF NOT EXISTS ledger_in_turn BEFORE INSERT ON ledger
        WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM ledger)
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
)


def create_table(connection: sqlite3.Connection) -> None:
    """Create the ledger's table and triggers where they are missing, in the caller's transaction."""
    for statement in _SCHEMA:
        connection.execute(statement)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """The ledger of one run file; it never commits, the caller does.

    Args:
        connection: A connection to a file on which `create_table` was called.
        now: The clock, as aware times.
    """

    def __init__(self, connection: sqlite3.Connection, *, now: Callable[[], datetime] = _utc_now) -> None:
        self._connection = connection
        self._now = now
        self._frontier = Frontier()
        self._last_leaf = b""
        self._last_at = ""

    def append(self, entry: Mapping[str, Any]) -> int:
        """Append one entry in the caller's transaction and return its `seq`.

        Args:
            entry: Fields of one kind of `entries`, without `at` and `previous`, which the ledger writes.
                Where the clock went back, `at` repeats the time of the entry before.

        Raises:
            EvidenceError: The entry does not fit its schema, or another writer was faster.
        """
        if "at" in entry or "previous" in entry:
            raise EvidenceError("`at` and `previous` are written by the ledger")
        self._catch_up()
        at = max(shapes.printed(self._now()), self._last_at)
        previous = self._frontier.root().hex()
        data = canonical.dumps({**entry, "at": at, "previous": previous})
        shapes.read(entry_adapter, data)
        leaf, seq = leaf_hash(data), self._frontier.size + 1
        try:
            self._connection.execute("INSERT INTO ledger VALUES (?, ?, ?)", (seq, data, leaf))
        except sqlite3.IntegrityError as error:
            raise EvidenceError(f"entry {seq} cannot be appended: {error}") from error
        self._add(leaf, at)
        return seq

    def read(self) -> Iterator[dict[str, Any]]:
        """Yield all entries, oldest first."""
        for _, data, _ in self._rows():
            yield canonical.loads(data)

    def root(self) -> bytes:
        """Return the root over all entries."""
        self._catch_up()
        return self._frontier.root()

    @property
    def size(self) -> int:
        """How many entries there are."""
        self._catch_up()
        return self._frontier.size

    def verify(self) -> None:
        """Check every entry, hash, time and turn.

        Raises:
            EvidenceError: It names the first `seq` that does not hold.
        """
        frontier, last_at, seq = Frontier(), "", 0
        try:
            for seq, data, leaf in self._rows():
                last_at = _verified(seq, data, leaf, frontier, last_at)
                frontier.append(leaf)
        except sqlite3.DatabaseError as error:
            raise EvidenceError(f"the ledger cannot be read after entry {seq}: {error}") from error

    def _rows(self, after: int = 0) -> Iterator[tuple[int, bytes, bytes]]:
        query = "SELECT seq, entry, leaf FROM ledger WHERE seq > ? ORDER BY seq"
        yield from self._connection.execute(query, (after,))

    def _catch_up(self) -> None:
        """Read what others appended; start anew where a transaction was rolled back."""
        size = self._frontier.size
        row = self._connection.execute("SELECT leaf FROM ledger WHERE seq = ?", (size,)).fetchone()
        # Each entry holds the root before it, so an equal last leaf means an equal beginning.
        if size and (row is None or row[0] != self._last_leaf):
            self._frontier, self._last_at = Frontier(), ""
        for seq, data, leaf in self._rows(self._frontier.size):
            at = _verified(seq, data, leaf, self._frontier, self._last_at)
            self._add(leaf, at)

    def _add(self, leaf: bytes, at: str) -> None:
        self._frontier.append(leaf)
        self._last_leaf, self._last_at = leaf, at


def _verified(seq: int, data: object, leaf: bytes, before: Frontier, last_at: str) -> str:
    """Return the time of an entry that continues a ledger."""
    if seq != before.size + 1:
        raise EvidenceError(f"ledger entry {before.size + 1}: it is missing")
    if not isinstance(data, bytes) or leaf_hash(data) != leaf:
        raise EvidenceError(f"ledger entry {seq}: it is not what its leaf was made of")
    entry = _read(seq, data)
    if entry.previous != before.root().hex():
        raise EvidenceError(f"ledger entry {seq}: it does not continue the entries before it")
    if entry.at < last_at:
        raise EvidenceError(f"ledger entry {seq}: its time lies before that of the entry before it")
    return entry.at


def _read(seq: int, data: bytes) -> LedgerEntry:
    try:
        canonical.loads(data)
        return shapes.read(entry_adapter, data)
    except EvidenceError as error:
        raise EvidenceError(f"ledger entry {seq}: {error}") from None
