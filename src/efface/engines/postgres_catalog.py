"""The tables of a PostgreSQL database, as units of work with stamps.

Source: PostgreSQL 18 documentation, 52.11 (pg_class), 27.2 (pg_stat_all_tables), 9.28 (object sizes).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from efface.engines.database import Rows, Table
from efface.engines.postgres_views import Views
from efface.errors import AccessError, EffaceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from efface.engines.postgres_session import PostgresSession

__all__ = ["LARGE_OBJECTS", "PAGE_BYTES", "Relation", "relations", "tables", "view_stamp"]

PAGE_BYTES = 8192
LARGE_OBJECTS = ("pg_catalog", "pg_largeobject")
_RANGE_BYTES = 256 << 20
_MOST_RANGES = 4_096
_FEWEST_ROWS_BYTES = 36  # of the smallest row on a page: header 24, line pointer 4, data 8
_OBJECTS = 1_000  # large objects of one unit
_ANY = "true"
_DENIED = "permission denied: SELECT is not granted to the user that scans"
_RUNS = "it shows what is not read in its own place, and runs functions of its owner: not read"

# {where} keeps it to one relation. Sizes come from the catalogue: asking the files would wait for locks.
_QUERY = """
SELECT c.oid::int8 AS oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
  CASE WHEN c.relispartition THEN pg_partition_root(c.oid)::int8 ELSE c.oid::int8 END AS root,
  has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT') AS readable,
  greatest(c.reltuples, 0)::float8 AS rows, c.relpages::int8 AS pages, coalesce(t.relpages, 0)::int8 AS toast,
  coalesce(s.n_live_tup, 0)::int8 AS live,
  CASE WHEN current_setting('track_counts') = 'on' AND NOT pg_is_in_recovery() AND c.relkind <> 'f' THEN
    concat_ws(':', c.relfilenode, s.n_tup_ins, s.n_tup_upd, s.n_tup_del,
      has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT'),
      (SELECT extract(epoch FROM d.stats_reset) FROM pg_stat_database d WHERE d.datname = current_database()),
      (SELECT md5(string_agg(concat_ws(',', a.attname, a.atttypid, a.atttypmod,
          has_column_privilege(c.oid, a.attnum, 'SELECT')), ';' ORDER BY a.attnum))
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
      (SELECT md5(string_agg(DISTINCT d.objid::text, ',' ORDER BY d.objid::text))
        FROM pg_depend d WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
        AND d.refobjid IN (c.oid, CASE WHEN c.relispartition THEN pg_partition_root(c.oid)::oid END)
        AND c.relkind <> 'v')) END AS stamp
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
WHERE c.relkind IN ('r', 'm', 'p', 'f', 'v') AND c.relpersistence <> 't'
  AND NOT (c.relkind = 'v' AND EXISTS (SELECT FROM pg_depend e
    WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e'))
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%'
  AND {where}
ORDER BY n.nspname, c.relname, c.oid
"""
_ONE = """coalesce(CASE WHEN c.relispartition THEN pg_partition_root(c.oid)::oid END, c.oid) =
  (SELECT r.oid FROM pg_class r JOIN pg_namespace m ON m.oid = r.relnamespace
   WHERE m.nspname = {schema} AND r.relname = {name})"""
_OBJECT_STAMP = """SELECT concat_ws(':', n_tup_ins, n_tup_upd, n_tup_del,
  (SELECT extract(epoch FROM d.stats_reset) FROM pg_stat_database d WHERE d.datname = current_database())) AS stamp
FROM pg_stat_all_tables WHERE relid = 'pg_largeobject'::regclass
AND current_setting('track_counts') = 'on' AND NOT pg_is_in_recovery()"""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, or a partition of one.

    Attributes:
        oid: Its number.
        schema: Its schema.
        name: Its name.
        kind: relkind: r table, m materialised view, p partitioned, f foreign, v plain view.
        root: Number of the table that it is a partition of, or its own.
        is_readable: Whether the user may read at least one column.
        rows: Estimate.
        pages: Of its heap, when it was last counted.
        toast_pages: Of its large values, when they were last counted.
        stamp: What shows that it changed, or "".
    """

    oid: int
    schema: str
    name: str
    kind: str
    root: int
    is_readable: bool
    rows: float
    pages: int
    toast_pages: int
    stamp: str

    @property
    def size_bytes(self) -> int:
        """Size when it was last counted."""
        return (self.pages + self.toast_pages) * PAGE_BYTES


def literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def relations(session: PostgresSession, schema: str = "", name: str = "") -> list[Relation]:
    """Return all tables, partitions and views, or one table with its partitions."""
    where = _ONE.format(schema=literal(schema), name=literal(name)) if name else _ANY
    return [_relation(row) for row in session.rows(_QUERY.format(where=where))]


def _relation(row: dict[str, Any]) -> Relation:
    return Relation(
        row["oid"],
        row["schema"],
        row["name"],
        row["kind"],
        row["root"],
        bool(row["readable"]),
        max(row["rows"], float(row["live"])),
        row["pages"],
        row["toast"],
        row["stamp"] or "",
    )


def tables(session: PostgresSession, *, drawn: int) -> Iterator[Table]:
    """List the units of work: whole tables, tables to draw from, ranges of their pages, or views."""
    views = Views(session)
    families: dict[int, list[Relation]] = {}
    for each in relations(session):
        families.setdefault(each.root, []).append(each)
    for family in families.values():
        root = next((each for each in family if each.oid == each.root), family[0])
        leaves = [each for each in family if each.kind != "p"]
        stamp = stamp_of(leaves)
        size = sum(leaf.size_bytes for leaf in leaves)
        if root.kind == "v":
            yield _view(root, views)
        elif not root.is_readable:
            yield Table(root.schema, root.name, Rows(), size, stamp, AccessError(_DENIED))
        elif not leaves:
            continue  # a partitioned table without a partition holds nothing
        elif drawn:
            yield _to_draw(
                session, root, leaves, Table(root.schema, root.name, Rows(drawn=drawn), size, stamp)
            )
        else:
            for leaf in leaves:
                yield from _ranges(session, root, leaf, stamp)
    yield from _objects(session, drawn)


def _view(root: Relation, views: Views) -> Table:
    """Return a view: a gap where it shows what is read nowhere else and cannot be read itself."""
    trouble = None
    if views.view(root.oid).is_read:
        trouble = AccessError(_RUNS) if views.runs_functions(root.oid) else None
        trouble = trouble if root.is_readable else AccessError(_DENIED)
    return Table(root.schema, root.name, Rows(is_view=True), 0, view_stamp(root, views), trouble)


def view_stamp(root: Relation, views: Views) -> str:
    """Return what shows that the structure of a view changed; "" where its rows are read, or nothing tells."""
    stamp = views.stamp(root.oid)
    return f"{root.stamp}:{stamp}" if stamp and root.stamp else ""


def stamp_of(leaves: Iterable[Relation]) -> str:
    """Return one stamp for a table and its partitions; "" where one of them has none."""
    stamps = sorted(f"{leaf.oid}:{leaf.stamp}" if leaf.stamp else "" for leaf in leaves)
    return hashlib.sha256("\n".join(stamps).encode()).hexdigest()[:32] if stamps and all(stamps) else ""


def _to_draw(session: PostgresSession, root: Relation, leaves: list[Relation], table: Table) -> Table:
    """Return the table for a draw; one so small that it has not more rows is read as a whole."""
    if root.kind == "f":
        return table
    pages = sum(map(_pages(session), leaves))
    is_small = pages * PAGE_BYTES <= table.rows.drawn * _FEWEST_ROWS_BYTES
    return Table(table.schema, table.name, Rows() if is_small else table.rows, table.size_bytes, table.stamp)


def _pages(session: PostgresSession) -> Any:  # noqa: ANN401 - a function
    def pages(leaf: Relation) -> int:
        """Return the pages that a table has now; the catalogue's count where it is locked."""
        try:
            found = session.rows(f"SELECT pg_relation_size({leaf.oid}::oid)::int8 AS size")
            return int(found[0]["size"] or 0) // PAGE_BYTES
        except EffaceError:
            return leaf.pages

    return pages


def _ranges(session: PostgresSession, root: Relation, leaf: Relation, stamp: str) -> Iterator[Table]:
    part = "" if leaf.oid == root.oid else str(leaf.oid)
    pages = _pages(session)(leaf) if leaf.kind in "rm" else 0
    large = leaf.toast_pages * PAGE_BYTES * (pages / leaf.pages if leaf.pages else 1)
    count = max(1, min(_MOST_RANGES, int((pages * PAGE_BYTES + large) // _RANGE_BYTES), pages))
    if count == 1 or leaf.kind == "f":
        size = int(pages * PAGE_BYTES + large)
        yield Table(root.schema, root.name, Rows(part), size, stamp)
        return
    bounds = [pages * index // count for index in range(count)]
    size = int(pages * PAGE_BYTES + large) // count
    for low, high in zip(bounds, [*bounds[1:], None], strict=True):  # the last has no end: tables grow
        yield Table(root.schema, root.name, Rows(part, low, high), size, stamp)


def object_stamp(session: PostgresSession) -> str:
    """Return the stamp of all large objects together."""
    found = session.rows(_OBJECT_STAMP)
    return str(found[0]["stamp"]) if found else ""


def _objects(session: PostgresSession, drawn: int) -> Iterator[Table]:
    query = "SELECT oid::int8 AS number FROM pg_largeobject_metadata ORDER BY oid"
    numbers = [row["number"] for row in session.rows(query)]
    if not numbers:
        return
    stamp = object_stamp(session)
    if drawn and len(numbers) > drawn:
        yield Table(*LARGE_OBJECTS, Rows(drawn=drawn), 0, stamp)
        return
    starts = numbers[::_OBJECTS]
    for low, high in zip(starts, [*starts[1:], None], strict=True):
        yield Table(*LARGE_OBJECTS, Rows("", low, high), 0, stamp)
