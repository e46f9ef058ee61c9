"""What a removal from a PostgreSQL table would do: columns, what hangs on them, and what the user may do.

Source: PostgreSQL 18 documentation, 52 (system catalogues), 5.8 (privileges), 22.5 (predefined roles).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from efface.engines.database_erase import Beside, Erasable, Outlook, is_named_like_work
from efface.engines.postgres_catalog import literal, relations
from efface.engines.postgres_types import quoted
from efface.errors import AccessError, RemovalError
from efface.model.vocabulary import Cleaning

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from efface.engines.database import Field
    from efface.engines.postgres_catalog import Relation
    from efface.engines.postgres_writer import PostgresWriter

__all__ = [
    "GONE",
    "ON_DELETE",
    "ON_UPDATE",
    "Layout",
    "beside_of",
    "has_rules",
    "impossible",
    "is_blocked",
    "is_owner",
    "layout_of",
    "numbers_of",
    "outlook_of",
    "rights_of",
    "steps_of",
    "triggers_of",
]

ON_DELETE, ON_UPDATE = 8, 16  # bits of pg_trigger.tgtype
GONE = "NULL::text"
"""What is read in the place of a column that a removal has dropped."""

_SINCE = 140_000
_MAINTAIN_SINCE = 170_000
_RULES = {ON_UPDATE: "2", ON_DELETE: "4"}  # pg_rewrite.ev_type
_NUMBERS = {"vector": "<f4", "halfvec": "<f2", "_float4": "<f4", "_float8": "<f8"}
_EMPTY = {"text": "''", "varchar": "''", "bpchar": "''", "citext": "''", "bytea": r"'\x'", "varbit": "''",
          "json": "'null'", "jsonb": "'null'", "hstore": "''", "xml": "''"}  # fmt: skip
_COLUMNS = """
SELECT a.attname::text AS name, a.attnum::int AS number, a.attnotnull OR t.typnotnull AS filled,
  a.attgenerated::text AS generated, format_type(a.atttypid, a.atttypmod) AS type,
  coalesce(b.typname, t.typname)::text AS base, a.atttypmod AS modifier
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_type b ON b.oid = nullif(t.typbasetype, 0)
WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""
_RIGHTS = """
SELECT current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS standby,
  r.rolsuper AS super, pg_has_role('pg_checkpoint', 'USAGE') AS checkpoint,
  pg_has_role('pg_read_all_settings', 'USAGE') AS settings
FROM pg_roles r WHERE r.rolname = current_user"""
_BOUND = """
SELECT count(*) FILTER (WHERE contype = 'p' AND conrelid = {oid} AND conkey && {numbers})::int AS keys,
  count(*) FILTER (WHERE contype = 'f' AND confrelid = {oid} AND confkey && {numbers})::int AS referenced,
  count(*) FILTER (WHERE contype = 'f' AND confrelid = {oid})::int AS children
FROM pg_constraint"""
_CHILDREN = """
SELECT DISTINCT c.relname::text AS name FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.contype = 'f' AND k.confrelid = {oid} AND k.conrelid <> {oid} ORDER BY 1"""
_READERS = """
SELECT DISTINCT c.relname::text AS name, c.relkind::text AS kind FROM pg_depend d
JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class c ON c.oid = w.ev_class
WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = {oid}
  AND d.refobjsubid = ANY ({numbers}) AND c.oid <> {oid} ORDER BY 1"""
_BESIDE = """
SELECT a.attname::text AS name, t.typcategory = 'D' AS time,
  EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype IN ('p', 'f')
    AND a.attnum = ANY (k.conkey)) AS key
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""
_TRIGGERS = """
SELECT tgname::text AS name, tgenabled::text AS enabled FROM pg_trigger
WHERE tgrelid = {oid} AND NOT tgisinternal AND tgtype & {event} <> 0 AND tgenabled <> 'D' ORDER BY 1"""


@dataclass(frozen=True, slots=True)
class Layout:
    """A table as a removal sees it.

    Attributes:
        leaves: Its partitions, or itself.
        columns: Those to be emptied, in the order asked for.
        others: Expression of all other stored columns as one text.
        root: The table.
    """

    root: Relation
    leaves: tuple[Relation, ...]
    columns: tuple[Erasable, ...]
    others: str


def layout_of(
    session: PostgresWriter, schema: str, name: str, fields: Sequence[Field], wanted: Sequence[str]
) -> Layout:
    """Return how a table is read and emptied.

    Raises:
        AccessError: It is gone.
        RemovalError: A column is not there, is computed, or is of a type that cannot be emptied.
    """
    family = relations(session, schema, name)
    if not family:
        raise AccessError("the table cannot be found any more")
    root = next((each for each in family if each.oid == each.root), family[0])
    rows = {row["name"]: row for row in session.rows(_COLUMNS.format(oid=root.oid))}
    known = {each.name: each for each in fields}
    columns = []
    for column in wanted:
        if column not in rows or column not in known:
            raise RemovalError("the table has no such column as was found: it has changed")
        columns.append(_erasable(session, rows[column], known[column]))
    stay = [quoted(each) for each in rows if each not in wanted and not rows[each]["generated"]]
    others = f"ROW({', '.join(stay)})::text" if stay else "'()'"
    digest = f"encode(sha256(convert_to({others}, current_setting('server_encoding'))), 'hex')"
    return Layout(root, tuple(each for each in family if each.kind != "p"), tuple(columns), digest)


def _erasable(session: PostgresWriter, row: dict[str, Any], field: Field) -> Erasable:
    if row["generated"]:
        raise RemovalError("the column is computed from other columns: those are to be emptied")
    if field.skipped or "unnest(" in field.cells:
        raise RemovalError("values of a column of this type cannot be emptied one by one: drop or rewrite it")
    as_text = f"({field.blocks})::text" if field.blocks else ""
    select = f"coalesce({as_text}, {field.cells})" if as_text and field.cells else as_text or field.cells
    empty_sql = _empty_literal(row)
    empty = None
    if empty_sql:
        inner = f"SELECT {empty_sql} AS {quoted(row['name'])}"
        empty = session.rows(f"SELECT {select} AS value FROM ({inner}) AS s")[0]["value"]  # noqa: S608
    numbers = _NUMBERS.get(row["base"], "")
    return Erasable(row["name"], select, not row["filled"], empty_sql, empty, numbers, row["type"])


def _empty_literal(row: dict[str, Any]) -> str:
    base, length = row["base"], row["modifier"]
    if base.startswith("_"):
        plain = "'{}'"
    elif base in ("vector", "halfvec"):
        plain = "'[" + ",".join(["0"] * max(length, 1)) + "]'"
    elif base == "sparsevec":
        plain = f"'{{}}/{max(length, 1)}'"
    elif base == "bit":
        plain = f"B'{'0' * max(length, 1)}'"
    else:
        plain = _EMPTY.get(base, "")
    return f"{plain}::{row['type']}" if plain else ""


def triggers_of(session: PostgresWriter, leaf: Relation, event: int = ON_UPDATE) -> dict[str, str]:
    """Return the triggers of users that an update or a deletion would fire, with how each is enabled."""
    found = session.rows(_TRIGGERS.format(oid=leaf.oid, event=event))
    return {row["name"]: row["enabled"] for row in found}


def outlook_of(session: PostgresWriter, layout: Layout) -> Outlook:
    """Return what a removal would do and what the user may do."""
    rights = rights_of(session)
    numbers = numbers_of(session, layout)
    bound = session.rows(_BOUND.format(oid=layout.root.oid, numbers=numbers))[0]
    refusal = _refusal(session, layout, rights, bound)
    notes = tuple(_notes(session, layout, bound, numbers))
    return Outlook(refusal, notes, steps_of(session, layout, rights), beside_of(session, layout))


def rights_of(session: PostgresWriter) -> dict[str, Any]:
    """Return what the user may do on the server, and its version."""
    return session.rows(_RIGHTS)[0]


def steps_of(session: PostgresWriter, layout: Layout, rights: dict[str, Any]) -> frozenset[Cleaning]:
    """Return what the user may do so that nothing can be recovered."""
    steps = set()
    if all(_may_maintain(session, each, rights) for each in layout.leaves):
        steps.add(Cleaning.REWRITE)
    if rights["super"]:
        steps.add(Cleaning.STATISTICS)
    if rights["super"] or rights["checkpoint"]:
        steps.add(Cleaning.CHECKPOINT)
    if rights["super"] or rights["settings"]:
        steps.add(Cleaning.FILES)
    return frozenset(steps)


def beside_of(session: PostgresWriter, layout: Layout) -> Beside:
    """Return what stands in the table beside what was found."""
    mine = {each.name for each in layout.columns}
    rows = [row for row in session.rows(_BESIDE.format(oid=layout.root.oid)) if row["name"] not in mine]
    others = [row for row in rows if not row["key"]]
    facts = sum(not row["time"] for row in others)
    filled = any(not each.may_be_null for each in layout.columns)
    return Beside(len(others), facts, filled, (*(row["name"] for row in rows), *sorted(mine)))


def numbers_of(session: PostgresWriter, layout: Layout) -> str:
    """Return the numbers of the columns that were found, as a literal."""
    names = ",".join(literal(each.name) for each in layout.columns)
    found = session.rows(
        f"SELECT attnum::int AS number FROM pg_attribute WHERE attrelid = {layout.root.oid}"  # noqa: S608
        f" AND attname IN ({names})"
    )
    return "'{" + ",".join(str(row["number"]) for row in found) + "}'::int2[]"


def _refusal(session: PostgresWriter, layout: Layout, rights: dict[str, Any], bound: dict[str, Any]) -> str:
    allowed = session.rows(
        f"SELECT bool_and(has_column_privilege({layout.root.oid}::oid, name, 'UPDATE')) AS may FROM (VALUES "  # noqa: S608
        + ",".join(f"({literal(each.name)})" for each in layout.columns)
        + ") AS c(name)"
    )
    for holds, why in (
        *impossible(layout, rights),
        (bool(bound["keys"]), "the column is part of the key of its table"),
        (bool(bound["referenced"]), "rows of other tables refer to values of the column"),
        (not allowed[0]["may"], "UPDATE is not granted to the user on the column"),
        (has_rules(session, layout, ON_UPDATE), "a rewrite rule stands in the place of updates of the table"),
        (
            is_blocked(session, layout, ON_UPDATE),
            "a trigger fires on update, and only the owner of the table can keep it still",
        ),
        (
            any(not each.may_be_null and not each.empty_sql for each in layout.columns),
            "the column must hold something, and nothing empty is known of its type",
        ),
    ):
        if holds:
            return why
    return ""


def impossible(layout: Layout, rights: dict[str, Any]) -> Iterable[tuple[bool, str]]:
    """Yield what no removal can be done under, and whether it holds."""
    kinds = {each.kind for each in layout.leaves}
    yield rights["version"] < _SINCE, "removal needs PostgreSQL 14 or later"
    yield bool(rights["standby"]), "it is a replica: remove from the server that it follows"
    yield "m" in kinds, "a materialised view holds what its query gave: remove from its tables and refresh it"
    yield "f" in kinds, "a foreign table is another server's: remove there"


def has_rules(session: PostgresWriter, layout: Layout, event: int) -> bool:
    """Return whether a rewrite rule stands in the place of updates or deletions."""
    kind = _RULES[event]
    oids = ",".join(str(each.oid) for each in (layout.root, *layout.leaves))
    query = f"SELECT 1 AS rule FROM pg_rewrite WHERE ev_class IN ({oids}) AND ev_type = '{kind}'"  # noqa: S608
    return bool(session.rows(query))


def is_owner(session: PostgresWriter, leaf: Relation) -> bool:
    """Return whether the user has the rights of the owner of a table."""
    query = f"SELECT pg_has_role(relowner, 'USAGE') AS owner FROM pg_class WHERE oid = {leaf.oid}"  # noqa: S608
    return bool(session.rows(query)[0]["owner"])


def is_blocked(session: PostgresWriter, layout: Layout, event: int) -> bool:
    """Return whether a trigger would fire that the user cannot keep still."""
    return any(triggers_of(session, each, event) and not is_owner(session, each) for each in layout.leaves)


def _may_maintain(session: PostgresWriter, leaf: Relation, rights: dict[str, Any]) -> bool:
    if rights["super"] or is_owner(session, leaf):
        return True
    if rights["version"] < _MAINTAIN_SINCE:
        return False
    query = f"SELECT has_table_privilege({leaf.oid}::oid, 'MAINTAIN') AS may"
    return bool(session.rows(query)[0]["may"])


def _of_work(session: PostgresWriter, layout: Layout, readers: Sequence[str]) -> Iterable[str]:
    """Tell of what is named like attendance or payroll among the readers and the tables that refer to it."""
    children = session.rows(_CHILDREN.format(oid=layout.root.oid))
    names = sorted(filter(is_named_like_work, {*readers, *(row["name"] for row in children)}))
    if names:
        yield f"{len(names)} of what uses it are named like attendance or payroll"
        yield ", ".join(names)


def _notes(session: PostgresWriter, layout: Layout, bound: dict[str, Any], numbers: str) -> Iterable[str]:
    filled = sum(not each.may_be_null for each in layout.columns)
    if filled:
        yield f"{filled} columns must hold something and get an empty value"
    triggers = sorted({name for each in layout.leaves for name in triggers_of(session, each)})
    if triggers:
        yield f"{len(triggers)} triggers of the table will not fire"
        yield ", ".join(triggers)
    readers = session.rows(_READERS.format(oid=layout.root.oid, numbers=numbers))
    if readers:
        yield f"{len(readers)} views read the column"
        yield ", ".join(row["name"] for row in readers)
    if any(row["kind"] == "m" for row in readers):
        yield "a materialised view keeps its copy until it is refreshed"
    if bound["children"]:
        yield f"{bound['children']} foreign keys refer to the table; its rows and keys stay"
    yield from _of_work(session, layout, [row["name"] for row in readers])
    computed = session.rows(
        f"SELECT count(*)::int AS count FROM pg_attribute WHERE attrelid = {layout.root.oid}"  # noqa: S608
        " AND attgenerated <> '' AND NOT attisdropped"
    )
    if computed[0]["count"]:
        yield f"{computed[0]['count']} computed columns of the table are computed anew"
