"""What would break in a PostgreSQL database if rows of a table, columns or a table went.

The server's own catalogue of dependencies answers, so nothing is guessed from texts; functions alone, whose texts
the catalogue does not look into, are searched for the name, and only named.

Source: PostgreSQL 18 documentation, 52.18 (pg_depend), 52.13 (pg_constraint), 5.15 (dependency tracking).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from efface.engines.database_erase import Outlook, is_named_like_work
from efface.engines.postgres_catalog import literal
from efface.engines.postgres_outlook import (
    ON_DELETE,
    beside_of,
    has_rules,
    impossible,
    is_blocked,
    is_owner,
    numbers_of,
    rights_of,
    steps_of,
    triggers_of,
)
from efface.model.vocabulary import Way

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from efface.engines.postgres_outlook import Layout
    from efface.engines.postgres_writer import PostgresWriter

__all__ = ["outlook_by", "outlook_of_nothing"]

_CASCADES = "cnd"  # pg_constraint.confdeltype: cascade, set null, set default
_DEPENDENTS = """
SELECT DISTINCT d.deptype::text AS kind, pg_describe_object(d.classid, d.objid, d.objsubid) AS name
FROM pg_depend d WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid IN ({oids}) AND d.deptype IN ('n', 'a')
  AND {which}
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
    AND k.conrelid IN ({oids}) AND d.deptype = 'n')
  AND NOT (d.classid = 'pg_class'::regclass AND d.objid IN ({oids}) AND d.objsubid = 0) ORDER BY 2"""
_OF_OTHERS = """d.deptype = 'n' AND NOT (d.classid = 'pg_class'::regclass AND d.objid IN ({oids}))
  AND NOT EXISTS (SELECT FROM pg_attrdef a WHERE d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid
    AND a.adrelid IN ({oids}))
  AND NOT EXISTS (SELECT FROM pg_policy p WHERE d.classid = 'pg_policy'::regclass AND p.oid = d.objid
    AND p.polrelid IN ({oids}))
  AND NOT EXISTS (SELECT FROM pg_trigger t WHERE d.classid = 'pg_trigger'::regclass AND t.oid = d.objid
    AND t.tgrelid IN ({oids}))"""
_KEYS = """
SELECT k.conname::text AS name, k.confdeltype::text AS rule, c.relname::text AS child,
  quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS quoted,
  (SELECT string_agg(quote_ident(a.attname) || ' IS NOT NULL', ' AND ') FROM pg_attribute a
    WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)) AS filled
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.confrelid = {oid} AND k.conparentid = 0 ORDER BY 1"""
_FUNCTIONS = """
SELECT p.proname::text AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND strpos(p.prosrc, {name}) > 0
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = p.oid AND e.deptype = 'e') ORDER BY 1 LIMIT 20"""
_INHERITED = """
SELECT count(*)::int AS count FROM pg_attribute a
WHERE a.attrelid = {oid} AND a.attinhcount > 0 AND a.attnum = ANY ({numbers})"""
_IN_KEY = """
SELECT count(*)::int AS count FROM pg_constraint WHERE contype = 'p' AND conrelid = {oid} AND conkey && {numbers}"""


def outlook_by(session: PostgresWriter, layout: Layout, way: Way, *, cascade: bool) -> Outlook:
    """Return what deleting rows, dropping columns or dropping a table would do."""
    rights = rights_of(session)
    if way is Way.ROW:
        reasons, notes = _of_rows(session, layout, cascade=cascade)
    else:
        names = _dependents(session, layout, way)
        reasons, notes = _of_drop(session, layout, way, names, cascade=cascade)
    refusal = next((why for holds, why in (*impossible(layout, rights), *reasons) if holds), "")
    return Outlook(refusal, tuple(notes), steps_of(session, layout, rights), beside_of(session, layout))


def outlook_of_nothing(session: PostgresWriter, layout: Layout) -> Outlook:
    """Return the outlook of a table that an earlier application dropped: what may still be cleaned."""
    return Outlook(steps=steps_of(session, layout, rights_of(session)))


def _of_rows(
    session: PostgresWriter, layout: Layout, *, cascade: bool
) -> tuple[list[tuple[bool, str]], list[str]]:
    root = layout.root
    allowed = session.rows(f"SELECT has_table_privilege({root.oid}::oid, 'DELETE') AS may")[0]["may"]
    keys = [row for row in session.rows(_KEYS.format(oid=root.oid)) if _is_used(session, row)]
    cascading = [row for row in keys if row["rule"] in _CASCADES]
    reasons = [
        (not allowed, "DELETE is not granted to the user on the table"),
        (
            has_rules(session, layout, ON_DELETE),
            "a rewrite rule stands in the place of deletions from the table",
        ),
        (
            is_blocked(session, layout, ON_DELETE),
            "a trigger fires on deletion, and only the owner of the table can keep it still",
        ),
        (len(keys) > len(cascading), "rows of other tables refer to rows of the table: remove those first"),
        (
            bool(cascading) and not cascade,
            "rows of other tables would be deleted or emptied with it: --cascade allows that",
        ),
    ]
    notes = ["whole rows are deleted, with everything else in them"]
    triggers = {name for each in layout.leaves for name in triggers_of(session, each, ON_DELETE)}
    notes += _listed(f"{len(triggers)} triggers of the table will not fire", triggers)
    notes += _listed(f"{len(keys)} foreign keys refer to rows of the table", [row["child"] for row in keys])
    if cascading:
        notes.append("rows of other tables go with them; those tables are not written anew")
    return reasons, notes + _work([row["child"] for row in keys])


def _is_used(session: PostgresWriter, key: dict[str, Any]) -> bool:
    query = f"SELECT EXISTS (SELECT FROM {key['quoted']} WHERE {key['filled']}) AS used"  # noqa: S608
    return bool(session.rows(query)[0]["used"])


def _dependents(session: PostgresWriter, layout: Layout, way: Way) -> list[tuple[str, str]]:
    """Return kind (n: stands in the way, a: goes with it) and name of what depends on columns or on a table."""
    oids = ",".join(str(each.oid) for each in (layout.root, *layout.leaves))
    which = _OF_OTHERS.format(oids=oids)
    if way is Way.COLUMN:
        which = f"d.refobjsubid = ANY ({numbers_of(session, layout)})"
    return [(row["kind"], row["name"]) for row in session.rows(_DEPENDENTS.format(oids=oids, which=which))]


def _of_drop(
    session: PostgresWriter, layout: Layout, way: Way, found: Sequence[tuple[str, str]], *, cascade: bool
) -> tuple[list[tuple[bool, str]], list[str]]:
    root = layout.root
    blocking = [name for kind, name in found if kind == "n"]
    following = [name for kind, name in found if kind == "a"]
    reasons = [
        (not is_owner(session, root), "only the owner of the table can drop it or its columns"),
        (
            bool(blocking) and not cascade,
            "views, foreign keys, computed columns or others depend on it: --cascade drops them, too",
        ),
    ]
    notes = []
    if way is Way.COLUMN:
        numbers = numbers_of(session, layout)
        place = {"oid": root.oid, "numbers": numbers}
        reasons += [
            (
                bool(session.rows(_IN_KEY.format(**place))[0]["count"]),
                "the column is part of the key of its table",
            ),
            (
                bool(session.rows(_INHERITED.format(**place))[0]["count"]),
                "the column is another table's, too",
            ),
        ]
        notes.append("the column goes; programs that name it fail")
    else:
        notes.append("the table goes with all its rows and columns; programs that name it fail")
    notes += _listed(f"{len(blocking)} objects depend on it", blocking)
    if cascade and blocking:
        notes.append("they are dropped with it")
    notes += _listed(f"{len(following)} indexes, defaults or constraints of the table go with it", following)
    named = [each.name for each in layout.columns] if way is Way.COLUMN else [root.name]
    functions = {row["name"] for name in named for row in session.rows(_FUNCTIONS.format(name=literal(name)))}
    notes += _listed(f"{len(functions)} functions name it", functions)
    return reasons, notes + _work((*blocking, *functions))


def _listed(words: str, names: Iterable[str]) -> list[str]:
    """Return a sentence and the names that it counts; nothing where there are none."""
    told = sorted(set(names))
    return [words, ", ".join(told)] if told else []


def _work(names: Iterable[str]) -> list[str]:
    told = sorted(set(filter(is_named_like_work, names)))
    return _listed(f"{len(told)} of what uses it are named like attendance or payroll", told)
