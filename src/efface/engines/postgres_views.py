"""What the plain views of a PostgreSQL database show, and whether their rows may and need be read.

A view stores nothing. Where every table under it may be read by the user that scans, they are read in their own
place, and the view is not. Else its first rows are, unless its query calls what is not the system's own: tables
are opened with the rights of the view's owner, but functions run with those of whoever reads, so that a view
could make a scan do anything that its user may do.

Source: PostgreSQL 18 documentation, 39.5 (rules and privileges), 52.18 (pg_depend), 52.44 (pg_rewrite); the
server's advisory CVE-2024-7348 on views that run code in a dump.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING

from efface.engines.database import View

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from efface.engines.postgres_session import PostgresSession

__all__ = ["Views"]

# What the system brings along is in no row of pg_depend. The security of rows calls functions, too, and so do domains,
# which may lie in arrays, composites and ranges. Where the security of rows holds some back, a view may show them.
_QUERY = """
SELECT v.oid::int8 AS view, format('%s.%s', n.nspname, v.relname) AS name, v.relkind::text AS kind,
  coalesce(b.oid, 0)::int8 AS base, coalesce(d.refobjsubid, 0)::int4 AS number,
  format('%s.%s', m.nspname, b.relname) AS base_name,
  coalesce(has_schema_privilege(m.oid, 'USAGE') AND has_table_privilege(b.oid, 'SELECT')
    AND NOT row_security_active(b.oid), false) AS readable,
  d.refclassid NOT IN ('pg_class'::regclass, 'pg_type'::regclass, 'pg_collation'::regclass)
    OR coalesce(t.typtype NOT IN ('b', 'e') OR t.typcategory = 'A', false)
    OR coalesce(b.relrowsecurity, false) AS runs
FROM pg_rewrite r
JOIN pg_class v ON v.oid = r.ev_class AND v.relkind IN ('v', 'm')
JOIN pg_namespace n ON n.oid = v.relnamespace AND n.nspname NOT IN ('pg_catalog', 'information_schema')
JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
LEFT JOIN pg_class b ON d.refclassid = 'pg_class'::regclass AND b.oid = d.refobjid AND b.oid <> v.oid
LEFT JOIN pg_namespace m ON m.oid = b.relnamespace
LEFT JOIN pg_type t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
WHERE r.ev_type = '1'
"""


class Views:
    """All views of a database, materialised ones too, as far as one shows another.

    Args:
        session: Where they are.

    Not promised: what functions of a view read besides its tables; views of extensions; what is shown of a table
    that inherits, where the view names its parent only.
    """

    def __init__(self, session: PostgresSession) -> None:
        self._names: dict[int, str] = {}
        self._plain: set[int] = set()
        self._readable: set[int] = set()
        self._runs: set[int] = set()
        self._bases: dict[int, set[int]] = defaultdict(set)
        self._users: dict[int, set[tuple[int, int]]] = defaultdict(set)  # view and number of the column
        for row in session.rows(_QUERY):
            view, base = row["view"], row["base"]
            self._names[view] = row["name"]
            self._plain |= {view} if row["kind"] == "v" else set()
            self._runs |= {view} if row["runs"] else set()
            if base:
                self._names[base] = row["base_name"]
                self._readable |= {base} if row["readable"] else set()
                self._bases[view].add(base)
                self._users[base].add((view, row["number"]))
        self._above = {base: {view for view, _ in users} for base, users in self._users.items()}

    def view(self, oid: int) -> View:
        """Return what a plain view shows, and whether it needs to be read."""
        tables = {each for each in self._below(oid) if each not in self._plain}
        is_elsewhere = bool(tables) and tables <= self._readable
        return View(tuple(sorted(self._names[each] for each in tables)), not is_elsewhere)

    def runs_functions(self, oid: int) -> bool:
        """Return whether reading a view calls what is not the system's own."""
        return not self._runs.isdisjoint({oid, *(self._below(oid) & self._plain)})

    def stamp(self, oid: int) -> str:
        """Return what changes when a view shows something else; "" where its rows are read."""
        view = self.view(oid)
        told = "\n".join(view.bases)
        return "" if view.is_read else hashlib.sha256(told.encode()).hexdigest()[:32]

    def using(self, oids: Iterable[int], number: int) -> tuple[str, ...]:
        """Return the views that use a column of the first table, or anything of the others, and those over them."""
        first, *others = oids
        direct = {view for view, column in self._users[first] if column in (0, number)}
        direct |= {view for each in others for view, _ in self._users[each]}
        found = direct | {above for view in direct for above in _reached(view, self._above, set(self._names))}
        return tuple(sorted(self._names[each] for each in found))

    def _below(self, oid: int) -> set[int]:
        return set(_reached(oid, self._bases, self._plain))


def _reached(start: int, steps: dict[int, set[int]], through: set[int]) -> Iterator[int]:
    """Yield what is reached from a place, going on only through some of what is met."""
    seen, waiting = {start}, [start]
    while waiting:
        for each in steps.get(waiting.pop(), set()) - seen:
            seen.add(each)
            yield each
            if each in through:
                waiting.append(each)
