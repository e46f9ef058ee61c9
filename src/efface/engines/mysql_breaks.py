"""What would break in a MySQL or MariaDB database if rows of a table, columns or a table went.

The server knows foreign keys and indexes. Views, triggers, routines and computed columns it keeps as texts: those
that name the column or the table are told, and taken for users of it.

Source: MySQL 8.4 and MariaDB 10.11 reference manuals, INFORMATION_SCHEMA (REFERENTIAL_CONSTRAINTS, STATISTICS,
ROUTINES, TABLE_PRIVILEGES, SCHEMA_PRIVILEGES, USER_PRIVILEGES).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from efface.engines.database_erase import Outlook
from efface.engines.mysql_outlook import beside_of, impossible, of_work, steps_of, triggers_on
from efface.model.vocabulary import Way

if TYPE_CHECKING:
    from collections.abc import Iterable

    from efface.engines.mysql_outlook import Layout

__all__ = ["mysql_outlook_by"]

_KEYS = """SELECT k.TABLE_SCHEMA, k.TABLE_NAME, k.COLUMN_NAME, r.DELETE_RULE
FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r
ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME
WHERE k.REFERENCED_TABLE_SCHEMA = :schema AND k.REFERENCED_TABLE_NAME = :name ORDER BY 1, 2, 3"""
_OWN_KEYS = """SELECT COUNT(*) FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = :schema
AND TABLE_NAME = :name AND REFERENCED_TABLE_NAME IS NOT NULL AND FIND_IN_SET(COLUMN_NAME, :columns) > 0"""
_INDEXES = """SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = :schema
AND TABLE_NAME = :name AND FIND_IN_SET(COLUMN_NAME, :columns) > 0 ORDER BY 1"""
_TEXTS = (
    """SELECT TABLE_NAME, VIEW_DEFINITION FROM information_schema.VIEWS WHERE TABLE_SCHEMA = :schema""",
    """SELECT TRIGGER_NAME, CONCAT('`', EVENT_OBJECT_TABLE, '` ', ACTION_STATEMENT) FROM information_schema.TRIGGERS
    WHERE TRIGGER_SCHEMA = :schema AND (:own = 1 OR EVENT_OBJECT_TABLE <> :name)""",
    """SELECT ROUTINE_NAME, ROUTINE_DEFINITION FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = :schema""",
)
_COMPUTED = """SELECT COLUMN_NAME, GENERATION_EXPRESSION FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = :schema
AND TABLE_NAME = :name AND GENERATION_EXPRESSION <> ''"""
_GRANTED = """SELECT COUNT(*) FROM (
  SELECT PRIVILEGE_TYPE, GRANTEE FROM information_schema.USER_PRIVILEGES
  UNION ALL SELECT PRIVILEGE_TYPE, GRANTEE FROM information_schema.SCHEMA_PRIVILEGES
    WHERE :schema LIKE TABLE_SCHEMA
  UNION ALL SELECT PRIVILEGE_TYPE, GRANTEE FROM information_schema.TABLE_PRIVILEGES
    WHERE TABLE_SCHEMA = :schema AND TABLE_NAME = :name
) AS g WHERE PRIVILEGE_TYPE = :right AND REPLACE(GRANTEE, '''', '') = CURRENT_USER()"""
_ROLE = "SELECT COALESCE(NULLIF(CURRENT_ROLE(), 'NONE'), '')"
_RIGHT = {Way.ROW: "DELETE", Way.COLUMN: "ALTER", Way.TABLE: "DROP"}
_CASCADES = ("CASCADE", "SET NULL", "SET DEFAULT")


def mysql_outlook_by(
    connection: Any,  # noqa: ANN401 - SQLAlchemy's
    table: tuple[str, str],
    layout: Layout,
    way: Way,
    *,
    cascade: bool,
) -> Outlook:
    """Return what deleting rows, dropping columns or dropping a table would do."""
    found = _Found(connection, table, layout)
    reasons, notes = found.rows(cascade) if way is Way.ROW else found.drop(way, cascade)
    reasons = [*impossible(connection, *table, layout), *reasons]
    right = _RIGHT[way]
    reasons.append((not found.may(right), f"{right} is not granted to the user on the table"))
    refusal = next((why for holds, why in reasons if holds), "")
    may_rewrite = way is Way.TABLE or "insert" in layout.rights
    steps = steps_of(connection, may_rewrite=may_rewrite)
    return Outlook(refusal, tuple(notes), steps, beside_of(connection, *table, layout))


class _Found:
    """What the server tells of what uses one table."""

    def __init__(self, connection: Any, table: tuple[str, str], layout: Layout) -> None:  # noqa: ANN401
        self._connection = connection
        self._table = table
        self._columns = [each.name for each in layout.columns]

    def rows(self, cascade: bool) -> tuple[list[tuple[bool, str]], list[str]]:  # noqa: FBT001 - the user's word
        keys = [key for key in self._ask(_KEYS) if self._is_used(*key[:3])]
        cascading = [key for key in keys if key[3] in _CASCADES]
        triggers = triggers_on(self._connection, *self._table, "DELETE")
        reasons = [
            (
                bool(triggers),
                "a trigger fires on deletion and could keep a copy: drop it until the removal is done",
            ),
            (
                len(keys) > len(cascading),
                "rows of other tables refer to rows of the table: remove those first",
            ),
            (
                bool(cascading) and not cascade,
                "rows of other tables would be deleted or emptied with it: --cascade allows that",
            ),
        ]
        notes = ["whole rows are deleted, with everything else in them"]
        notes += _listed("{} triggers stand in the way", triggers)
        notes += _listed("{} foreign keys refer to rows of the table", [key[1] for key in keys])
        if cascading:
            notes.append("rows of other tables go with them; those tables are not written anew")
        return reasons, notes + list(of_work(self._connection, *self._table, ()))

    def drop(self, way: Way, cascade: bool) -> tuple[list[tuple[bool, str]], list[str]]:  # noqa: FBT001 - the user's
        keys = [key for key in self._ask(_KEYS) if key[1] != self._table[1]]
        readers = self._readers(way)
        reasons = [(bool(keys), "foreign keys of other tables refer to it: drop those first")]
        if way is Way.COLUMN:
            computed = [row[0] for row in self._ask(_COMPUTED) if self._names(row[1], self._columns)]
            reasons += [
                (self._ask(_OWN_KEYS)[0][0] > 0, "the column is part of a foreign key: drop that first"),
                (bool(computed), "columns of the table are computed from it: drop those first"),
            ]
            notes = ["the column goes; programs that name it fail"]
            words = "{} indexes, defaults or constraints of the table go with it"
            notes += _listed(words, [row[0] for row in self._ask(_INDEXES)])
        else:
            notes = ["the table goes with all its rows and columns; programs that name it fail"]
        reasons.append(
            (
                bool(readers) and not cascade,
                "views, triggers or routines name it and would fail: --cascade leaves them to that",
            )
        )
        notes += _listed("{} foreign keys refer to the table", [key[1] for key in keys])
        notes += _listed("{} views, triggers or routines name it", readers)
        return reasons, notes + list(of_work(self._connection, *self._table, readers))

    def may(self, right: str) -> bool:
        """Return whether a right is granted; with a role, which grants what is not listed, it is left to the server."""
        if self._connection.exec_driver_sql(_ROLE).scalar():
            return True
        return int(self._ask(_GRANTED, right=right)[0][0]) > 0

    def _readers(self, way: Way) -> list[str]:
        found = set()
        own = int(way is Way.COLUMN)  # triggers of the table itself go with it
        for query in _TEXTS:
            for name, text in self._ask(query, own=own):
                column_too = way is Way.TABLE or self._names(text, self._columns)
                if column_too and self._names(text, [self._table[1]]):
                    found.add(str(name))
        return sorted(found)

    @staticmethod
    def _names(text: object, names: Iterable[str]) -> bool:
        lowered = str(text or "").lower()
        return any(name.lower() in lowered for name in names)

    def _ask(self, query: str, **more: object) -> list[Any]:
        import sqlalchemy as sa  # noqa: PLC0415 - an extra

        schema, name = self._table
        place = {"schema": schema, "name": name, "columns": ",".join(self._columns), **more}
        asked = sa.text(query)
        return list(self._connection.execute(asked, {each: place[each] for each in asked.compile().params}))

    def _is_used(self, schema: str, table: str, column: str) -> bool:
        import sqlalchemy as sa  # noqa: PLC0415 - an extra

        child = sa.table(table, sa.column(column), schema=schema)
        query = sa.select(sa.literal(1)).select_from(child).where(child.c[column].is_not(None)).limit(1)
        return self._connection.execute(query).first() is not None


def _listed(words: str, names: Iterable[str]) -> list[str]:
    told = sorted(set(names))
    return [words.format(len(told)), ", ".join(told)] if told else []
