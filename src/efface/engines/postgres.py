"""Read a PostgreSQL database: tables by ranges of pages or random draws, columns as Arrow, large objects in pieces.

Source: PostgreSQL 18 documentation, SELECT (TABLESAMPLE), 63.6 (TID range scans since version 14), 33.4
(large objects: lo_get, lo_lseek64).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from efface.engines.database import SHORTEST, VIEW_ROWS, Batch, Draw, Field
from efface.engines.postgres_arrow import as_blocks, as_cells
from efface.engines.postgres_catalog import (
    LARGE_OBJECTS,
    PAGE_BYTES,
    Relation,
    object_stamp,
    relations,
    stamp_of,
    tables,
    view_stamp,
)
from efface.engines.postgres_session import PostgresSession
from efface.engines.postgres_types import Type, field_of, quoted
from efface.engines.postgres_views import Views
from efface.errors import AccessError, EffaceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.engines.database import Login, Rows, Session, Table

__all__ = ["PostgresReader"]

_TID_RANGES_SINCE = 140_000
_CHUNK_BYTES = 16 << 20
_MOST_PAGES = 16_384
_MOST_KEYS = 2_000
_WHOLE_DRAW_BYTES = 1 << 30
"""Up to this size each row is drawn by itself; of larger tables pages are drawn first and rows in them second."""
_LO_READ = 0x40000  # INV_READ


@dataclass(frozen=True, slots=True)
class _Piece:
    """Rows of one relation: pages from low to high, or single ones, or all without any order."""

    source: str
    condition: str
    low: int = 0
    high: int | None = None
    pages: int = 0
    keys: tuple[str, ...] | None = None
    has_pages: bool = True


class PostgresReader:
    """One session in one PostgreSQL database, which can only read.

    Args:
        login: How to get in.
        session: Bounds of the session.

    Not promised: rows that were deleted and are not yet vacuumed; what plain views compute out of tables that are
    read; that what is known of the views is newer than the session.
    """

    def __init__(self, login: Login, session: Session) -> None:
        self._session = PostgresSession(login, session)
        self._value_bytes = session.value_bytes
        self._types: dict[int, Type] = {}
        self._version = 0
        self._known_views: Views | None = None

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def tables(self, *, drawn: int) -> Iterator[Table]:
        """List the units of work, in the order of their names, and the large objects last."""
        return tables(self._session, drawn=drawn)

    def stamp(self, schema: str, name: str) -> str:
        """Return the stamp of a table as it is now."""
        if (schema, name) == LARGE_OBJECTS:
            return object_stamp(self._session)
        family = self._family(schema, name)
        if family[0].kind == "v":
            self._known_views = None  # asked when it is opened, so that what is said of it is not old
            return view_stamp(family[0], self._views())
        return stamp_of(each for each in family if each.kind != "p")

    def _views(self) -> Views:
        if self._known_views is None:
            self._known_views = Views(self._session)
        return self._known_views

    def _family(self, schema: str, name: str) -> list[Relation]:
        family = relations(self._session, schema, name)
        if not family:
            raise AccessError("the table cannot be found any more")
        return family

    def fields(self, schema: str, name: str) -> list[Field]:
        """List the columns of a table, with what reads each."""
        if (schema, name) == LARGE_OBJECTS:
            return []
        family = self._family(schema, name)
        root = self._root(family)
        found = self._session.rows(
            "SELECT attname::text AS name, attnum::int4 AS number, atttypid::int8 AS type, atttypmod AS modifier,"  # noqa: S608 - a number
            " has_column_privilege(attrelid, attnum, 'SELECT') AS readable FROM pg_attribute"
            f" WHERE attrelid = {root.oid} AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        )
        tables = [root.oid, *(each.oid for each in family if each.oid != root.oid)]
        views = self._views()
        return [replace(self._field(row), shown_in=views.using(tables, row["number"])) for row in found]

    def _field(self, row: dict[str, Any]) -> Field:
        if row["type"] not in self._types:
            self._read_types()
        if row["type"] not in self._types:
            return Field(row["name"], "", trouble=AccessError("its type cannot be found"))
        if not row["readable"]:
            return Field(row["name"], "", trouble=AccessError("permission denied on this column"))
        return field_of(row["name"], row["type"], row["modifier"], self._types)

    def _read_types(self) -> None:
        query = (
            "SELECT t.oid::int8 AS oid, t.typname::text AS name, n.nspname::text AS schema, t.typtype::text AS kind,"
            " t.typbasetype::int8 AS base, t.typtypmod AS modifier, t.typelem::int8 AS element,"
            " (t.typlen = -1 AND t.typelem <> 0 AND e.typarray = t.oid) AS is_array"
            " FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_type e ON e.oid = t.typelem"
        )
        for row in self._session.rows(query):
            number = row.pop("oid")
            self._types[number] = Type(**{**row, "is_array": bool(row["is_array"])})

    @staticmethod
    def _root(family: list[Relation]) -> Relation:
        return next((each for each in family if each.oid == each.root), family[0])

    def choose(self, schema: str, name: str, rows: Rows) -> Draw:
        """Choose the rows of one unit of work."""
        if (schema, name) == LARGE_OBJECTS:
            return self._choose_objects(rows)
        family = self._family(schema, name)
        root = self._root(family)
        if root.kind == "v":
            source = quoted(root.schema, root.name)
            piece = _Piece(source, "true", has_pages=False)
            return Draw([piece], first=VIEW_ROWS, view=self._views().view(root.oid))
        leaves = [each for each in family if each.kind != "p" and rows.part in ("", str(each.oid))]
        pieces = [self._piece(root, leaf, rows) for leaf in leaves]
        if not rows.drawn:
            return Draw(pieces)
        if not all(piece.has_pages for piece in pieces):  # a foreign table, or one with a foreign partition
            return Draw(pieces, None, None, first=rows.drawn)
        total = self._count(root, pieces)
        if total <= rows.drawn:
            return Draw(pieces, None, total)
        drawn = self._drawn(root, pieces, total, rows.drawn)
        return Draw(drawn, sum(len(piece.keys or ()) for piece in drawn), total)

    def _piece(self, root: Relation, leaf: Relation, rows: Rows) -> _Piece:
        """Return how a partition is read: by itself, or through its table where only that may be read."""
        has_pages = leaf.kind in "rm"
        pages = 0
        if has_pages:
            size = self._session.rows(f"SELECT pg_relation_size({leaf.oid}::oid)::int8 AS size")
            pages = int(size[0]["size"] or 0) // PAGE_BYTES
        if leaf.is_readable or leaf.oid == root.oid:
            source, condition = f"ONLY {quoted(leaf.schema, leaf.name)}", "true"
        else:
            source, condition = quoted(root.schema, root.name), f"tableoid = {leaf.oid}"
        return _Piece(source, condition, rows.low or 0, rows.high, pages, None, has_pages)

    def _count(self, root: Relation, pieces: list[_Piece]) -> int:
        """Return how many rows there are: counted where that is quick, else estimated from some pages."""
        pages = max(1, sum(piece.pages for piece in pieces))
        share = min(100.0, 100.0 * _WHOLE_DRAW_BYTES / (pages * PAGE_BYTES))
        sample = "" if share >= 100 else f" TABLESAMPLE SYSTEM ({share:.6f})"
        found = self._session.rows(f"SELECT count(*)::int8 AS rows FROM {_whole(root)}{sample}")  # noqa: S608
        return int(found[0]["rows"] * 100 / share)

    def _drawn(self, root: Relation, pieces: list[_Piece], total: int, most: int) -> list[_Piece]:
        """Draw rows, every one with the same chance, and keep where each lies."""
        pages = max(1, sum(piece.pages for piece in pieces))
        share = min(1.0, 1.05 * most / total + 3 / total)
        by_page = min(1.0, max(_WHOLE_DRAW_BYTES / (pages * PAGE_BYTES), share))
        sample = f"BERNOULLI ({100 * share:.9f})"
        condition = "true"
        if by_page < 1:
            sample, condition = f"SYSTEM ({100 * by_page:.9f})", f"random() < {share / by_page:.9f}"
        found = self._session.rows(
            f"SELECT tableoid::int8 AS part, ctid::text AS place FROM {_whole(root)}"  # noqa: S608 - quoted, numbers
            f" TABLESAMPLE {sample} WHERE {condition}"
        )
        if len(found) > most:
            found = secrets.SystemRandom().sample(found, most)
        places: dict[int, list[str]] = {}
        for row in found:
            places.setdefault(row["part"], []).append(row["place"])
        leaves = {each.oid: each for each in self._family(root.schema, root.name)}
        result = []
        for part, here in sorted(places.items()):
            if part not in leaves:
                continue
            leaf, keys = leaves[part], tuple(sorted(here))
            may = leaf.is_readable or leaf.oid == root.oid
            source = f"ONLY {quoted(leaf.schema, leaf.name)}" if may else quoted(root.schema, root.name)
            result.append(_Piece(source, "true" if may else f"tableoid = {part}", keys=keys))
        return result

    def batches(self, schema: str, name: str, each: Field, draw: Draw, *, blocks: bool) -> Iterator[Batch]:
        """Yield the values of one field in the chosen rows."""
        del schema, name
        for piece in draw.keys:
            yield from self._piece_batches(piece, each, draw.first, blocks=blocks)

    def _piece_batches(
        self, piece: _Piece, each: Field, first: int | None, *, blocks: bool
    ) -> Iterator[Batch]:
        for condition, learn in self._conditions(piece):
            size = 0
            for batch in self._session.batches(self._query(piece, condition, each, first, blocks=blocks)):
                size += batch.nbytes
                yield (as_blocks if blocks else as_cells)(batch.column(0), batch.nbytes)
            learn(size)

    def _query(self, piece: _Piece, condition: str, each: Field, first: int | None, *, blocks: bool) -> str:
        rows = f"FROM {piece.source} WHERE {piece.condition} AND {condition}"
        limit = "" if first is None else f" LIMIT {first}"
        if blocks:
            return f"SELECT {each.blocks} AS value {rows}{limit}"
        inner = f"SELECT {each.cells} AS value {rows} AND {each.where}{limit}"
        return (
            f"SELECT CASE WHEN octet_length(value) <= {self._value_bytes} THEN value END AS value"  # noqa: S608
            f" FROM ({inner} OFFSET 0) AS s WHERE octet_length(value) >= {SHORTEST}"
        )

    def _conditions(self, piece: _Piece) -> Iterator[tuple[str, Any]]:
        """Yield conditions that take a piece in steps, whose length follows from what the last one gave."""
        step = _Step()
        if piece.keys is not None:
            at = 0
            while at < len(piece.keys):
                count = step.next(_MOST_KEYS)
                places = ",".join(f'"{place}"' for place in piece.keys[at : at + count])
                yield f"ctid = ANY ('{{{places}}}'::tid[])", step.learn
                at += count
        elif not piece.has_pages or self._server() < _TID_RANGES_SINCE:
            low = "true" if not piece.low else f"ctid >= '({piece.low},0)'"
            high = "true" if piece.high is None else f"ctid < '({piece.high},0)'"
            yield (f"{low} AND {high}" if piece.has_pages else "true"), step.learn
        else:
            yield from self._pages(piece, step)

    @staticmethod
    def _pages(piece: _Piece, step: _Step) -> Iterator[tuple[str, Any]]:
        at, end = piece.low, piece.pages if piece.high is None else piece.high
        while at < end:
            after = min(end, at + step.next(_MOST_PAGES))
            last = after == end and piece.high is None  # what was added since it was measured belongs to it
            above = "" if last else f" AND ctid < '({after},0)'"
            yield f"ctid >= '({at},0)'{above}", step.learn
            at = after

    def _server(self) -> int:
        if not self._version:
            found = self._session.rows("SELECT current_setting('server_version_num')::int AS version")
            self._version = int(found[0]["version"])
        return self._version

    # -- large objects ---------------------------------------------------------------------------------

    def _choose_objects(self, rows: Rows) -> Draw:
        low = "true" if rows.low is None else f"oid >= {rows.low}"
        high = "true" if rows.high is None else f"oid < {rows.high}"
        query = f"SELECT oid::int8 AS number FROM pg_largeobject_metadata WHERE {low} AND {high} ORDER BY oid"  # noqa: S608
        numbers = [row["number"] for row in self._session.rows(query)]
        if rows.drawn and len(numbers) > rows.drawn:
            chosen = sorted(secrets.SystemRandom().sample(numbers, rows.drawn))
            return Draw(chosen, len(chosen), len(numbers))
        return Draw(numbers, None, len(numbers))

    def objects(self, draw: Draw) -> Iterator[tuple[int, int | EffaceError]]:
        """Yield number and size of each large object chosen, or why it cannot be read."""
        for number in draw.keys:
            query = f"SELECT lo_lseek64(lo_open({number}, {_LO_READ}), 0, 2) AS size"
            try:
                yield number, int(self._session.rows(query)[0]["size"])
            except EffaceError as error:
                yield number, error

    def object_bytes(self, number: int, offset: int, count: int) -> bytes:
        """Return a piece of a large object, or b"" behind its end."""
        found = self._session.rows(f"SELECT lo_get({number}, {offset}, {count}) AS piece")
        return bytes(found[0]["piece"] or b"")


class _Step:
    """How many pages or rows the next statement takes, so that it gives about 16 MiB."""

    def __init__(self) -> None:
        self._count = 64
        self._taken = 64

    def next(self, most: int) -> int:
        self._taken = max(1, min(self._count, most))
        return self._taken

    def learn(self, size_bytes: int) -> None:
        fitting = _CHUNK_BYTES * self._taken // max(size_bytes, 1)
        self._count = max(1, min(fitting, self._taken * 4))


def _whole(root: Relation) -> str:
    name = quoted(root.schema, root.name)
    return name if root.kind == "p" else f"ONLY {name}"
