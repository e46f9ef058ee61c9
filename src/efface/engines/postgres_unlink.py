"""Take a large object of PostgreSQL away as a whole, and have the table that held its pieces written anew.

Source: PostgreSQL 18 documentation, 33 (large objects), 52.30 (pg_largeobject).
"""

from __future__ import annotations

import hmac
from contextlib import suppress
from typing import TYPE_CHECKING

from efface.engines.database_erase import Outlook, Survey
from efface.engines.postgres import PostgresReader
from efface.engines.postgres_catalog import LARGE_OBJECTS
from efface.engines.postgres_erase import files_of, rewritten
from efface.engines.postgres_types import quoted
from efface.engines.postgres_writer import PostgresWriter
from efface.errors import EffaceError, LimitExceededError, RemovalError
from efface.model.vocabulary import Cleaning

if TYPE_CHECKING:
    from collections.abc import Callable

    from efface.engines.database import Login, Session
    from efface.engines.database_erase import Rest
    from efface.engines.keyed_fragments import KeyedFragments

__all__ = ["LargeObjectEraser"]

_PIECE_BYTES = 4 << 20
_THERE = """SELECT pg_has_role(lomowner, 'USAGE') AS owner,
  (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS super, pg_is_in_recovery() AS standby
FROM pg_largeobject_metadata WHERE oid = {number}"""
_TABLE = "SELECT 'pg_catalog.pg_largeobject'::regclass::oid::int8 AS number"


class LargeObjectEraser:
    """One large object, by its number.

    Args:
        login: How to get in.
        session: Bounds of the session.
        number: Of the object.
        step: Called before each step, with a word.

    Not promised: columns that name the object by its number keep the number, which then stands for nothing.
    """

    def __init__(self, login: Login, session: Session, number: int, step: Callable[[str], None]) -> None:
        self._session = PostgresWriter(login, session)
        self._reader = PostgresReader(login, session)
        self._bounds = session
        self._number = number
        self._step = step

    def close(self) -> None:
        """End the sessions."""
        self._session.close()
        self._reader.close()

    def outlook(self) -> Outlook:
        """Return what a removal would do; nothing is changed."""
        found = self._session.rows(_THERE.format(number=self._number))
        rights = found[0] if found else {"owner": True, "super": False, "standby": False}
        refusal = ""
        if rights["standby"]:
            refusal = "it is a replica: remove from the server that it follows"
        elif not (rights["super"] or rights["owner"]):
            refusal = "only the owner of a large object can take it away"
        steps = frozenset(Cleaning) if rights["super"] else frozenset()
        return Outlook(refusal, ("columns that name the large object will name nothing",), steps)

    def survey(self, rest: Rest, key: bytes, fragments: KeyedFragments | None = None) -> Survey:
        """Read the object; `before` is "" where it is gone already, and `after` always."""
        del rest
        if not self._session.rows(_THERE.format(number=self._number)):
            return Survey("", "", 0, 0)
        digest = hmac.new(hmac.digest(key, b"efface/object/v1", "sha256"), digestmod="sha256")
        at = 0
        while piece := self._reader.object_bytes(self._number, at, _PIECE_BYTES):
            self._step("read")
            digest.update(piece)
            if fragments is not None:
                fragments.add(piece)
            at += len(piece)
            if at > self._bounds.value_bytes:
                raise LimitExceededError(f"larger than artefact_bytes = {self._bounds.value_bytes}")
        return Survey(digest.hexdigest(), "", 1, 1)

    def empty(self, rest: Rest, key: bytes) -> int:
        """Take the object away; return whether it was there."""
        del rest, key
        there = f"SELECT oid FROM pg_largeobject_metadata WHERE oid = {self._number}"  # noqa: S608 - a number
        self._step("batch")
        with self._session.transaction():
            if not self._session.rows(there):
                return 0
            self._session.rows(f"SELECT lo_unlink({self._number}) AS done")
            if self._session.rows(there):
                raise RemovalError("the large object is still there: nothing was changed")
            self._step("commit")
        return 1

    def clean(self) -> frozenset[Cleaning]:
        """Write the table of all large objects anew, where the user may."""
        may = frozenset(Cleaning) if self._is_super() else frozenset()
        return rewritten(self._session, [quoted(*LARGE_OBJECTS)], may, self._step)

    def _is_super(self) -> bool:
        query = "SELECT rolsuper AS super FROM pg_roles WHERE rolname = current_user"
        return bool(self._session.rows(query)[0]["super"])

    def flush(self) -> None:
        """Have what is in memory written, where the user may."""
        with suppress(EffaceError):
            self._session.do("CHECKPOINT")

    def files(self) -> list[str]:
        """Return the files of the table of all large objects."""
        return files_of(self._session, [self._session.rows(_TABLE)[0]["number"]])
