"""Empty cells of a PostgreSQL table in batches, then have everything written anew that held the old values.

1. Places of rows with something in the columns are read, window by window of pages; values come in groups of
   bounded size. 2. Each group is one transaction on one snapshot: what changed meanwhile is a conflict, and the
   group is read again. 3. What the update returns must add up to what was expected, other columns included, or the
   group is rolled back. 4. The table is written anew (VACUUM FULL, which builds every index anew too), with fresh
   samples for the planner; the planner's own table is written anew; a checkpoint lets the old files go.

Triggers of users do not fire: each group disables them, and enables them as they were, in its own transaction.

Not promised: rows that somebody adds meanwhile (the caller compares sums afterwards); the write-ahead log, its
archive, replicas and backups, which keep the old values until they are recycled.
Source: PostgreSQL 18 documentation, VACUUM (FULL), ALTER TABLE (DISABLE TRIGGER), 66.1 (file layout), pg_control.
"""

from __future__ import annotations

import glob
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from efface.engines.database_erase import Decision, Outlook, RowSum, Survey, surveyed
from efface.engines.database_erase import Row as _Row
from efface.engines.postgres import PostgresReader
from efface.engines.postgres_catalog import PAGE_BYTES, literal
from efface.engines.postgres_outlook import GONE, ON_UPDATE, layout_of, outlook_of, triggers_of
from efface.engines.postgres_types import quoted
from efface.engines.postgres_writer import PostgresWriter, is_conflict
from efface.errors import EffaceError, LimitExceededError, RemovalError
from efface.model.vocabulary import Cleaning, Way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from efface.engines.database import Login, Session
    from efface.engines.database_erase import Erasable, Rest, Row, Value
    from efface.engines.keyed_fragments import KeyedFragments
    from efface.engines.postgres_catalog import Relation
    from efface.engines.postgres_outlook import Layout

__all__ = ["PostgresEraser", "files_of", "named", "rewritten", "tids"]

_WINDOW_PAGES = 256
_GROUP_ROWS = 500
_GROUP_BYTES = 16 << 20
_TRIES = 5
_REWRITE_S = 6 * 3600.0
_STATISTICS = "pg_catalog.pg_statistic"
_ENABLE = {"O": "ENABLE", "A": "ENABLE ALWAYS", "R": "ENABLE REPLICA"}
_FILES = """
SELECT pg_relation_filepath(o.oid)::text AS path FROM (
  SELECT c.oid FROM pg_class c WHERE c.oid IN ({oids})
  UNION SELECT c.reltoastrelid FROM pg_class c WHERE c.oid IN ({oids}) AND c.reltoastrelid <> 0
  UNION SELECT i.indexrelid FROM pg_index i JOIN pg_class c ON i.indrelid IN (c.oid, c.reltoastrelid)
    WHERE c.oid IN ({oids})) AS o(oid)"""
_OLD_SNAPSHOTS = """
SELECT count(*)::int AS count FROM (
  SELECT backend_xmin AS x FROM pg_stat_activity WHERE pid <> pg_backend_pid()
  UNION ALL SELECT xmin FROM pg_replication_slots UNION ALL SELECT catalog_xmin FROM pg_replication_slots
  UNION ALL SELECT transaction FROM pg_prepared_xacts) AS s WHERE x IS NOT NULL AND age(x) >= {age}"""


class PostgresEraser:
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
    event = ON_UPDATE

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
        self._session = PostgresWriter(login, session)
        self._bounds = session
        self._step = step
        self._cascade = cascade
        reader = PostgresReader(login, session)
        try:
            self._layout: Layout = self._read_layout(reader, table, columns)
        except BaseException:
            self._session.close()
            raise
        finally:
            reader.close()

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def outlook(self) -> Outlook:
        """Return what a removal would do; nothing is changed."""
        return outlook_of(self._session, self._layout)

    def survey(self, rest: Rest, key: bytes, fragments: KeyedFragments | None = None) -> Survey:
        """Read the whole table; nothing is changed."""
        return surveyed(self._all_rows(), self._decision(rest), key, fragments)

    def _read_layout(self, reader: PostgresReader, table: tuple[str, str], columns: Sequence[str]) -> Layout:
        return layout_of(self._session, *table, reader.fields(*table), columns)

    def _decision(self, rest: Rest) -> Decision:
        return Decision(self._layout.columns, rest, self.way)

    def _all_rows(self) -> Iterator[Row]:
        for leaf in self._layout.leaves:
            for places in self._groups(leaf, only_filled=False):
                self._step("read")
                yield from self._rows(leaf, places)

    def empty(self, rest: Rest, key: bytes) -> int:
        """Have go what goes, a batch in each transaction; return how many cells, or rows."""
        decision = self._decision(rest)
        count = 0
        for _ in range(_TRIES):  # a row that somebody else updates moves, maybe to where was looked already
            changed = sum(
                self._group(leaf, places, decision, key)
                for leaf in self._layout.leaves
                for places in self._groups(leaf, only_filled=True)
            )
            count += changed
            if not changed:
                break
        return count

    def _groups(self, leaf: Relation, *, only_filled: bool) -> Iterator[list[str]]:
        """Yield places of rows, in groups of bounded size."""
        names = [quoted(each.name) for each in self._layout.columns if each.select != GONE] or ["NULL"]
        size = " + ".join(f"coalesce(pg_column_size({name}), 0)" for name in names)
        filled = " OR ".join(f"{name} IS NOT NULL" for name in names) if only_filled else "true"
        found = self._session.rows(f"SELECT pg_relation_size({leaf.oid}::oid)::int8 AS size")
        pages = int(found[0]["size"] or 0) // PAGE_BYTES
        for low in range(0, pages, _WINDOW_PAGES):
            last = low + _WINDOW_PAGES >= pages
            above = "" if last else f" AND ctid < '({low + _WINDOW_PAGES},0)'"
            rows = self._session.rows(
                f"SELECT ctid::text AS place, ({size})::int8 AS size FROM ONLY {named(leaf)}"  # noqa: S608
                f" WHERE ctid >= '({low},0)'{above} AND ({filled})"
            )
            yield from self._grouped(rows)

    def _grouped(self, rows: list[dict[str, Any]]) -> Iterator[list[str]]:
        group: list[str] = []
        size = 0
        for row in rows:
            if row["size"] > self._bounds.value_bytes:
                raise LimitExceededError(
                    f"a value is larger than artefact_bytes = {self._bounds.value_bytes}"
                )
            if group and (size + row["size"] > _GROUP_BYTES or len(group) >= _GROUP_ROWS):
                yield group
                group, size = [], 0
            group.append(row["place"])
            size += row["size"]
        if group:
            yield group

    def _rows(self, leaf: Relation, places: Sequence[str]) -> list[Row]:
        values = ", ".join(f"{each.select} AS v{at}" for at, each in enumerate(self._layout.columns))
        found = self._session.rows(
            f"SELECT ctid::text AS place, {self._layout.others} AS other, {values}"  # noqa: S608
            f" FROM ONLY {named(leaf)} WHERE ctid = ANY ({tids(places)})"
        )
        return [self._row(each) for each in found]

    def _row(self, found: dict[str, Any]) -> Row:
        values = tuple(found[f"v{at}"] for at in range(len(self._layout.columns)))
        return _Row(found["place"], found["other"], values)

    def _group(self, leaf: Relation, places: list[str], decision: Decision, key: bytes) -> int:
        """Change one group, again where somebody else changed one of its rows meanwhile."""
        for left in reversed(range(_TRIES)):
            self._step("batch")
            try:
                with self._session.transaction():
                    return self._emptied(leaf, places, decision, key)
            except EffaceError as error:
                if not left or not is_conflict(error):
                    raise
                self._session.pause()
        raise AssertionError  # pragma: no cover

    def _emptied(self, leaf: Relation, places: list[str], decision: Decision, key: bytes) -> int:
        changed = [(row, decision.of(row)) for row in self._rows(leaf, places)]
        changed = [(row, left) for row, left in changed if decision.changes(row, left)]
        if not changed:
            return 0
        returned = self._quietly(leaf, self._update(leaf, changed), self.event)
        self._check(decision, key, [(row.other, left) for row, left in changed], returned)
        return sum(decision.changes(row, left) for row, left in changed)

    def _quietly(self, leaf: Relation, statement: str, event: int) -> list[Row]:
        """Run one statement while no trigger of users fires on it, and return the rows that it gives back."""
        triggers = triggers_of(self._session, leaf, event)
        for name in triggers:
            self._session.do(f"ALTER TABLE {named(leaf)} DISABLE TRIGGER {quoted(name)}")
        returned = self._session.rows(statement)
        for name, enabled in triggers.items():
            self._session.do(f"ALTER TABLE {named(leaf)} {_ENABLE[enabled]} TRIGGER {quoted(name)}")
        return [self._row(found) for found in returned]

    def _check(
        self,
        decision: Decision,
        key: bytes,
        wanted: Sequence[tuple[str, Sequence[Value]]],
        returned: Sequence[Row],
    ) -> None:
        """Take the batch back unless the rows that the server gave are the ones that were wanted."""
        expected, actual = RowSum(key, decision.columns), RowSum(key, decision.columns)
        for other, values in wanted:
            expected.add(other, values)
        for row in returned:
            actual.add(row.other, row.values)
        if expected.hexdigest() != actual.hexdigest():
            raise RemovalError("the database changed more than it was told to: the batch was taken back")
        self._step("commit")

    def _update(self, leaf: Relation, changed: list[tuple[Row, tuple[Value, ...]]]) -> str:
        """Return one statement that empties or rewrites the cells, each row once, and gives the rows back."""
        cells = []
        for at, column in enumerate(self._layout.columns):
            gone = [
                str(row.place) for row, left in changed if row.values[at] is not None and left[at] is None
            ]
            new = [
                (str(row.place), left[at]) for row, left in changed if left[at] not in (None, row.values[at])
            ]
            cells.append(f"{quoted(column.name)} = {_cell(column, gone, new)}")
        values = ", ".join(f"{each.select} AS v{at}" for at, each in enumerate(self._layout.columns))
        places = tids([str(row.place) for row, _ in changed])
        return (
            f"UPDATE ONLY {named(leaf)} SET {', '.join(cells)} WHERE ctid = ANY ({places})"  # noqa: S608
            f" RETURNING ctid::text AS place, {self._layout.others} AS other, {values}"
        )

    # -- afterwards ------------------------------------------------------------------------------------

    def clean(self) -> frozenset[Cleaning]:
        """Write everything anew that held the old values, as far as the user may; return what was done."""
        names = [named(leaf) for leaf in self._layout.leaves]
        return rewritten(self._session, names, self.outlook().steps, self._step)

    def flush(self) -> None:
        """Have what is in memory written, where the user may."""
        with suppress(EffaceError):
            self._session.do("CHECKPOINT")

    def files(self) -> list[str]:
        """Return the files of the table, its large values, its indexes and the planner's samples."""
        return files_of(self._session, [leaf.oid for leaf in self._layout.leaves])


def rewritten(
    session: PostgresWriter, names: Sequence[str], may: frozenset[Cleaning], step: Callable[[str], None]
) -> frozenset[Cleaning]:
    """Write tables anew, then the planner's samples, then a checkpoint; return what of it was done."""
    done = set()
    with session.patient(_REWRITE_S):
        if Cleaning.REWRITE in may and _nobody_looks_back(session):
            step("rewrite")
            for name in names:
                session.do(f"VACUUM (FULL, ANALYZE) {name}")
            done.add(Cleaning.REWRITE)
        if Cleaning.STATISTICS in may and Cleaning.REWRITE in done:
            step("statistics")
            session.do(f"VACUUM (FULL) {_STATISTICS}")
            done.add(Cleaning.STATISTICS)
        if Cleaning.CHECKPOINT in may:
            step("checkpoint")
            session.do("CHECKPOINT")
            done.add(Cleaning.CHECKPOINT)
    return frozenset(done)


def _nobody_looks_back(session: PostgresWriter) -> bool:
    """Return whether no older snapshot keeps the old rows: VACUUM FULL would carry them over."""
    with session.transaction():
        mine = session.rows("SELECT pg_current_xact_id()::xid::text AS xid")[0]["xid"]
    for _ in range(_TRIES):
        age = session.rows(f"SELECT age({literal(mine)}::xid) AS age")[0]["age"]
        if not session.rows(_OLD_SNAPSHOTS.format(age=age))[0]["count"]:
            return True
        session.pause()
    return False


def files_of(session: PostgresWriter, oids: Sequence[int]) -> list[str]:
    """Return the files of relations where they are this server's, on this machine, and can be read; else none."""
    try:
        found = session.rows(
            "SELECT current_setting('data_directory') AS folder,"  # noqa: S608 - a constant
            " (SELECT system_identifier::text FROM pg_control_system()) AS server,"
            f" {literal(_STATISTICS)}::regclass::oid::int8 AS samples"
        )[0]
        if not _is_of(found["folder"], int(found["server"])):
            return []
        numbers = ",".join(str(each) for each in (*oids, found["samples"]))
        paths = session.rows(_FILES.format(oids=numbers))
    except (EffaceError, OSError, ValueError):
        return []
    files = []
    for row in paths:
        path = os.path.join(found["folder"], row["path"] or "?")
        files += [path, *glob.glob(f"{glob.escape(path)}.[0-9]*")]
    return files if all(os.access(path, os.R_OK) for path in files) else []


def _is_of(folder: str, server: int) -> bool:
    """Return whether a folder of this machine is the server's own, by the number that each server draws."""
    with open(os.path.join(folder, "global", "pg_control"), "rb") as file:
        return int.from_bytes(file.read(8), "little") == server


def named(leaf: Relation) -> str:
    """Return the quoted name of a table."""
    return quoted(leaf.schema, leaf.name)


def tids(places: Sequence[str]) -> str:
    """Return places of rows as a literal."""
    return "'{" + ",".join(f'"{place}"' for place in places) + "}'::tid[]"


def _cell(column: Erasable, gone: Sequence[str], new: Sequence[tuple[str, Value]]) -> str:
    """Return the expression of a cell after the update."""
    name, cases = quoted(column.name), ""
    if gone:
        empty = "NULL" if column.may_be_null else column.empty_sql
        cases += f" WHEN ctid = ANY ({tids(gone)}) THEN {empty}"
    for place, value in new:
        given = rf"'\x{value.hex()}'::bytea" if isinstance(value, bytes) else literal(str(value))
        cases += f" WHEN ctid = '{place}'::tid THEN {given}::{column.type_name}"
    return f"CASE{cases} ELSE {name} END" if cases else name
