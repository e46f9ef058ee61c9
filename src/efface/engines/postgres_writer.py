"""A session in a PostgreSQL database that may write, for a removal and nothing else.

It is never made again inside a piece of work: a statement that was part of a transaction must not be repeated
outside of it.

Source: PostgreSQL 18 documentation, 13.2.2 (repeatable read), 19.11.1 (statement behaviour).
"""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from efface.engines.database import explained, is_lost
from efface.engines.postgres_session import PostgresSession
from efface.errors import EffaceError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PostgresWriter", "is_conflict"]

_CONFLICTS = ("(40001)", "(40P01)")
_PAUSE_S = 0.2


def is_conflict(error: EffaceError) -> bool:
    """Return whether somebody else changed the same rows meanwhile: it may be tried again."""
    return any(code in str(error) for code in _CONFLICTS)


class PostgresWriter(PostgresSession):
    """A connection that may write; what is lost in the middle is lost, and the caller begins the batch anew."""

    def batches(self, sql: str) -> Iterator[Any]:
        """Return the Arrow batches of a result, fetched whole; nothing is repeated."""
        try:
            yield from list(self._batches(sql))
        except EffaceError:
            raise
        except Exception as error:  # noqa: BLE001 - its text must not get out
            if is_lost(error):
                self.close()
            raise explained(error) from None

    def do(self, sql: str) -> None:
        """Run a statement that gives nothing."""
        self.rows(sql)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do everything inside as one snapshot, or nothing of it."""
        self.do("BEGIN ISOLATION LEVEL REPEATABLE READ")
        try:
            yield
        except BaseException:
            with suppress(EffaceError):
                if self._connection is not None:
                    self.do("ROLLBACK")
            raise
        self.do("COMMIT")

    @contextmanager
    def patient(self, seconds: float) -> Iterator[None]:
        """Let statements take longer: a table is written anew in one."""
        self.do(f"SET statement_timeout = {int(seconds * 1000)}")
        try:
            yield
        finally:
            with suppress(EffaceError):
                if self._connection is not None:
                    self.do(f"SET statement_timeout = {int(self._session.statement_seconds * 1000)}")

    def pause(self) -> None:
        """Wait a little before something is tried again."""
        time.sleep(_PAUSE_S)

    def _settings(self) -> Iterator[str]:
        for statement in super()._settings():
            if "read_only" not in statement and "row_security" not in statement:
                yield statement
        yield "SET row_security = off"  # a row that a policy hides is an error, and not left behind in silence
        yield "SET synchronous_commit = on"
