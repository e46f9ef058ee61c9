"""What a removal from a MySQL or MariaDB table would do: columns, what hangs on them, and what the user may do.

Source: MySQL 8.4 and MariaDB 10.11 reference manuals, INFORMATION_SCHEMA (COLUMNS, TABLES, TRIGGERS,
KEY_COLUMN_USAGE, VIEWS); 13.7.3.4 (OPTIMIZE TABLE: SELECT and INSERT are needed).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from efface.engines.database_erase import Beside, Erasable, Outlook, is_named_like_work
from efface.errors import AccessError, RemovalError
from efface.model.vocabulary import Cleaning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "Layout",
    "beside_of",
    "impossible",
    "is_there",
    "layout_of",
    "of_work",
    "outlook_of",
    "steps_of",
    "triggers_on",
]

_COLUMNS = """SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, EXTRA, COLUMN_KEY, PRIVILEGES
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = :schema AND TABLE_NAME = :name ORDER BY ORDINAL_POSITION"""
_KEY = """SELECT COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = :schema
AND TABLE_NAME = :name AND CONSTRAINT_NAME = 'PRIMARY' ORDER BY ORDINAL_POSITION"""
_TABLE = """SELECT TABLE_TYPE, ENGINE, @@global.read_only
FROM information_schema.TABLES WHERE TABLE_SCHEMA = :schema AND TABLE_NAME = :name"""
_REFERENCES = """SELECT COUNT(*), COALESCE(SUM(FIND_IN_SET(REFERENCED_COLUMN_NAME, :columns) > 0), 0)
FROM information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_SCHEMA = :schema AND REFERENCED_TABLE_NAME = :name"""
_TRIGGERS = """SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = :schema
AND EVENT_OBJECT_TABLE = :name AND EVENT_MANIPULATION = :event ORDER BY 1"""
_CHILDREN = """SELECT DISTINCT TABLE_NAME FROM information_schema.KEY_COLUMN_USAGE
WHERE REFERENCED_TABLE_SCHEMA = :schema AND REFERENCED_TABLE_NAME = :name AND TABLE_NAME <> :name ORDER BY 1"""
_IN_KEYS = """SELECT DISTINCT COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = :schema
AND TABLE_NAME = :name AND (CONSTRAINT_NAME = 'PRIMARY' OR REFERENCED_TABLE_NAME IS NOT NULL)"""
_OWN_FILES = "SELECT @@innodb_file_per_table"
_TIMES = frozenset({"date", "datetime", "timestamp", "time", "year"})
_VIEWS = """SELECT TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = :schema
AND VIEW_DEFINITION LIKE :like ORDER BY 1"""
_TEXTS = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext"})
_BLOBS = frozenset({"varbinary", "tinyblob", "blob", "mediumblob", "longblob"})


@dataclass(frozen=True, slots=True)
class Layout:
    """A table as a removal sees it.

    Attributes:
        table: SQLAlchemy's, with the columns in question.
        quoted: Its name with its schema.
        key: Names of its primary key.
        columns: Those to be emptied.
        others: Expression of a digest of all other stored columns.
        clocks: Columns that an update would set to the current time.
        rights: What is granted on the columns to be emptied.
    """

    table: Any
    quoted: str
    key: tuple[str, ...]
    columns: tuple[Erasable, ...]
    others: Any = field(repr=False)
    clocks: tuple[str, ...] = ()
    rights: frozenset[str] = frozenset()


def layout_of(connection: Any, schema: str, name: str, wanted: Sequence[str]) -> Layout:  # noqa: ANN401
    """Return how a table is read and emptied.

    Raises:
        AccessError: It is gone.
        RemovalError: A column is not there, is computed, or is of a type that cannot be emptied.
    """
    import sqlalchemy as sa  # noqa: PLC0415 - an extra

    place = {"schema": schema, "name": name}
    rows = {row[0]: row for row in connection.execute(sa.text(_COLUMNS), place)}
    if not rows:
        raise AccessError("the table cannot be found any more")
    missing = [column for column in wanted if column not in rows]
    if missing:
        raise RemovalError("the table has no such column as was found: it has changed")
    key = tuple(row[0] for row in connection.execute(sa.text(_KEY), place))
    computed = {each for each, row in rows.items() if "GENERATED" in str(row[4]).upper()}
    table = sa.table(name, *(sa.column(each) for each in rows), schema=schema)
    stay = [each for each in rows if each not in wanted and each not in computed]
    parts = [sa.func.coalesce(sa.func.sha2(table.c[each], 256), "-") for each in stay]
    others = sa.func.sha2(sa.func.concat_ws(",", *parts), 256) if parts else sa.literal("")
    rights = [frozenset(str(rows[each][6]).lower().split(",")) for each in wanted or rows]
    clocks = tuple(each for each, row in rows.items() if "on update" in str(row[4]).lower())
    columns = tuple(_erasable(rows[each], each in computed) for each in wanted)
    quoted = ".".join("`" + part.replace("`", "``") + "`" for part in (schema, name))
    return Layout(table, quoted, key, columns, others, clocks, frozenset.intersection(*rights))


def _erasable(row: Any, is_computed: bool) -> Erasable:  # noqa: ANN401, FBT001 - a row of the catalogue
    if is_computed:
        raise RemovalError("the column is computed from other columns: those are to be emptied")
    kind, length = str(row[1]).lower(), re.search(r"\((\d+)\)", str(row[2]))
    empty: bytes | str | None = None
    if kind in _TEXTS:
        empty = ""
    elif kind in _BLOBS:
        empty = b""
    elif kind == "json":
        empty = "null"
    elif kind in ("binary", "vector"):
        empty = bytes(int(length[1]) * (4 if kind == "vector" else 1)) if length else None
    else:
        raise RemovalError("values of a column of this type cannot be emptied one by one: drop or rewrite it")
    return Erasable(row[0], "", row[3] == "YES", "'' " if empty is not None else "", empty, "", kind)


def outlook_of(connection: Any, schema: str, name: str, layout: Layout) -> Outlook:  # noqa: ANN401
    """Return what a removal would do and what the user may do."""
    import sqlalchemy as sa  # noqa: PLC0415 - an extra

    names = ",".join(each.name for each in layout.columns)
    place = {"schema": schema, "name": name, "columns": names, "like": f"%`{name}`%"}
    children, referenced = connection.execute(sa.text(_REFERENCES), place).one()
    triggers = triggers_on(connection, schema, name, "UPDATE")
    views = [row[0] for row in connection.execute(sa.text(_VIEWS), place)]
    refusal = ""
    for holds, why in (
        *impossible(connection, schema, name, layout),
        (
            any(each.name in layout.key for each in layout.columns),
            "the column is part of the key of its table",
        ),
        (bool(referenced), "rows of other tables refer to values of the column"),
        (
            bool(triggers),
            "a trigger fires on update and could keep a copy: drop it until the removal is done",
        ),
        ("update" not in layout.rights, "UPDATE is not granted to the user on the column"),
    ):
        if holds:
            refusal = why
            break
    notes = [*_notes(layout, triggers, views, int(children)), *of_work(connection, schema, name, views)]
    steps = steps_of(connection, may_rewrite="insert" in layout.rights)
    return Outlook(refusal, tuple(notes), steps, beside_of(connection, schema, name, layout))


def impossible(connection: Any, schema: str, name: str, layout: Layout) -> Iterator[tuple[bool, str]]:  # noqa: ANN401
    """Yield what no removal can be done under, and whether it holds."""
    import sqlalchemy as sa  # noqa: PLC0415 - an extra

    kind, engine, read_only = connection.execute(sa.text(_TABLE), {"schema": schema, "name": name}).one()
    yield bool(int(read_only or 0)), "it is a replica: remove from the server that it follows"
    yield (
        "VERSIONED" in str(kind),
        "the table keeps every earlier version of its rows: drop its history first",
    )
    yield str(engine).lower() != "innodb", "its storage engine knows no transactions"
    yield not layout.key, "the table has no primary key: its rows cannot be told apart"


def is_there(connection: Any, schema: str, name: str) -> bool:  # noqa: ANN401
    """Return whether there is such a table."""
    import sqlalchemy as sa  # noqa: PLC0415 - an extra

    return connection.execute(sa.text(_TABLE), {"schema": schema, "name": name}).first() is not None


def triggers_on(connection: Any, schema: str, name: str, event: str) -> list[str]:  # noqa: ANN401
    """Return the triggers of a table that fire on UPDATE or DELETE."""
    import sqlalchemy as sa  # noqa: PLC0415 - an extra

    place = {"schema": schema, "name": name, "event": event}
    return [row[0] for row in connection.execute(sa.text(_TRIGGERS), place)]


def steps_of(connection: Any, *, may_rewrite: bool) -> frozenset[Cleaning]:  # noqa: ANN401
    """Return what the user may do so that nothing can be recovered."""
    own_files = connection.exec_driver_sql(_OWN_FILES).scalar()
    steps = {Cleaning.CHECKPOINT, Cleaning.FILES}
    if may_rewrite and str(own_files).upper() in ("1", "ON"):
        steps.add(Cleaning.REWRITE)
    return frozenset(steps)


def beside_of(connection: Any, schema: str, name: str, layout: Layout) -> Beside:  # noqa: ANN401
    """Return what stands in the table beside what was found."""
    import sqlalchemy as sa  # noqa: PLC0415 - an extra

    place = {"schema": schema, "name": name}
    keys = {row[0] for row in connection.execute(sa.text(_IN_KEYS), place)}
    mine = {each.name for each in layout.columns}
    rows = list(connection.execute(sa.text(_COLUMNS), place))
    others = [row for row in rows if row[0] not in mine | keys]
    facts = sum(str(row[1]).lower() not in _TIMES for row in others)
    filled = any(not each.may_be_null for each in layout.columns)
    return Beside(len(others), facts, filled, tuple(row[0] for row in rows))


def of_work(connection: Any, schema: str, name: str, readers: Iterable[str]) -> Iterator[str]:  # noqa: ANN401
    """Tell of what is named like attendance or payroll among the readers and the tables that refer to it."""
    import sqlalchemy as sa  # noqa: PLC0415 - an extra

    children = [row[0] for row in connection.execute(sa.text(_CHILDREN), {"schema": schema, "name": name})]
    names = sorted(filter(is_named_like_work, {*readers, *children}))
    if names:
        yield f"{len(names)} of what uses it are named like attendance or payroll"
        yield ", ".join(names)


def _notes(layout: Layout, triggers: list[str], views: list[str], children: int) -> Iterator[str]:
    filled = sum(not each.may_be_null for each in layout.columns)
    if filled:
        yield f"{filled} columns must hold something and get an empty value"
    if triggers:
        yield f"{len(triggers)} triggers stand in the way"
        yield ", ".join(triggers)
    if views:
        yield f"{len(views)} views read the table"
        yield ", ".join(views)
    if children:
        yield f"{children} foreign keys refer to the table; its rows and keys stay"
