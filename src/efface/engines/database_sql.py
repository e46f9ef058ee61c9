"""Read any database that SQLAlchemy has a dialect and an installed driver for: MySQL and MariaDB, and others.

Tables with a primary key are read page by page in its order, each page in a statement of its own that is
fetched as a whole before it is looked at; tables without one in one go.
"""

from __future__ import annotations

import json
import random
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from efface.engines.database import SHORTEST, VIEW_ROWS, Batch, Draw, Field, Rows, Table, View
from efface.engines.database_dialects import Habits, habits_of
from efface.engines.database_session import SqlSession
from efface.errors import AccessError, EffaceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.engines.database import Login, Session

__all__ = ["SqlReader", "after_key", "cell_of"]

_CHUNK_BYTES = 16 << 20
_MOST_ROWS = 5_000
_RANGE_BYTES = 256 << 20
_RANGE_ROWS = 500_000
_MOST_RANGES = 4_096
_KEYS = 200  # of one IN list
_BACK_OFF_S = 1.0
_DENSE = 0.05  # share of the numbers between lowest and highest key that are keys; below, keys are listed
_SMALL_TYPES = frozenset(
    [
        "Integer",
        "Boolean",
        "Date",
        "DateTime",
        "Time",
        "Interval",
        "Enum",
        "Uuid",
        "YEAR",
        "BIT",
        "TIMESTAMP",
        "INET4",
        "INET6",
        "UUID",
        "ROWVERSION",
    ]
)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is known of one table: its columns, and the names of its key."""

    columns: tuple[tuple[str, Any], ...]
    key: tuple[str, ...]
    is_numbered: bool


class SqlReader:
    """One session in one database, which can only read as far as the dialect lets a session say so.

    Args:
        login: How to get in.
        session: Bounds of the session.

    A view is always read, by its first rows: no system tells all the tables under one to a user who may not see them.

    Not promised: the size of a value is not known before it is fetched where the dialect is not MySQL's.
    """

    def __init__(self, login: Login, session: Session) -> None:
        self._login = login
        self._session = session
        self._habits: Habits = habits_of(login.scheme)
        self._connection = SqlSession(login, session, self._habits)
        self._shapes: dict[tuple[str, str], _Shape] = {}

    def close(self) -> None:
        """End the session."""
        self._connection.close()

    # -- what there is ---------------------------------------------------------------------------------

    def tables(self, *, drawn: int) -> Iterator[Table]:
        """List the units of work, in the order of their names."""
        for schema in self._schemas():
            known = {
                name: (size, stamp) for name, size, stamp in self._connection.do(self._habits.listed, schema)
            }
            if not known:
                names = self._connection.do(self._names, schema)
                known = dict.fromkeys(names, (0, ""))
            for name, (size, stamp) in sorted(known.items()):
                if drawn:
                    yield Table(schema, name, Rows(drawn=drawn), size, stamp)
                else:
                    yield from self._ranges(Table(schema, name, Rows(), size, stamp))
            for name in sorted(self._connection.do(self._views, schema)):
                yield Table(schema, name, Rows(is_view=True))

    def _names(self, connection: Any, schema: str) -> list[str]:  # noqa: ANN401 - SQLAlchemy's
        return list(self._inspector(connection).get_table_names(schema=schema or None))

    def _views(self, connection: Any, schema: str) -> list[str]:  # noqa: ANN401 - SQLAlchemy's
        try:
            return list(self._inspector(connection).get_view_names(schema=schema or None))
        except NotImplementedError:  # a dialect that knows of no views
            return []

    def _schemas(self) -> list[str]:
        if self._habits.is_one_schema and self._login.database:
            return [self._login.database]
        found = self._connection.do(lambda c: self._inspector(c).get_schema_names())
        return sorted(name for name in found if not self._habits.is_system(name))

    def _ranges(self, table: Table) -> Iterator[Table]:
        try:
            shape = self._shape(table.schema, table.name)
            count = self._count_ranges(table, shape) if shape.is_numbered else 1
            low, high = self._ends(table.schema, table.name, shape) if count > 1 else (0, 0)
        except EffaceError as error:
            yield Table(table.schema, table.name, Rows(), table.size_bytes, table.stamp, error)
            return
        if count < 2:
            yield table
            return
        starts = [low + (high - low + 1) * index // count for index in range(count)]
        size = table.size_bytes // count
        for start, end in zip([None, *starts[1:]], [*starts[1:], None], strict=True):
            yield Table(table.schema, table.name, Rows("", start, end), size, table.stamp)

    def _count_ranges(self, table: Table, shape: _Shape) -> int:
        if table.size_bytes:
            return min(_MOST_RANGES, table.size_bytes // _RANGE_BYTES)
        del shape
        return min(_MOST_RANGES, self._count(table.schema, table.name) // _RANGE_ROWS)

    def stamp(self, schema: str, name: str) -> str:
        """Return the stamp of a table as it is now, or "" where there is no reliable one."""
        for found, _, stamp in self._connection.do(self._habits.listed, schema):
            if found == name:
                return str(stamp)
        names = (*self._connection.do(self._names, schema), *self._connection.do(self._views, schema))
        if name not in names:
            raise AccessError("the table cannot be found any more")
        return ""

    def fields(self, schema: str, name: str) -> list[Field]:
        """List the columns of a table; what is too small to hold anything says so."""
        shown_in = tuple(self._connection.do(self._habits.shown_in, schema, name))
        fields = [self._field(*column) for column in self._shape(schema, name).columns]
        return [replace(field, shown_in=shown_in) for field in fields]

    def _field(self, name: str, kind: Any) -> Field:  # noqa: ANN401 - an SQLAlchemy type
        label, names = type(kind).__name__, {each.__name__ for each in type(kind).__mro__}
        if names & _SMALL_TYPES or ("Numeric" in names and "ARRAY" not in names):
            return Field(name, label, skipped="values of this type are too small")
        length = getattr(kind, "length", None)
        if names & {"String", "_Binary", "LargeBinary"} and isinstance(length, int) and 0 < length < SHORTEST:
            return Field(name, label, skipped=f"its values have fewer than {SHORTEST} characters")
        return Field(name, label, cells=name)

    def _shape(self, schema: str, name: str) -> _Shape:
        if (schema, name) not in self._shapes:
            if len(self._shapes) > 1_000:
                self._shapes.clear()
            self._shapes[schema, name] = self._connection.do(lambda c: self._seen(c, schema, name))
        return self._shapes[schema, name]

    def _seen(self, connection: Any, schema: str, name: str) -> _Shape:  # noqa: ANN401
        import sqlalchemy as sa  # noqa: PLC0415 - an extra

        inspector = self._inspector(connection)
        try:
            columns = inspector.get_columns(name, schema=schema or None)
        except sa.exc.NoSuchTableError:
            raise AccessError("the table cannot be found any more") from None
        key = inspector.get_pk_constraint(name, schema=schema or None).get("constrained_columns") or []
        types = {column["name"]: column["type"] for column in columns}
        numbered = len(key) == 1 and isinstance(types[key[0]], sa.Integer)
        return _Shape(tuple(types.items()), tuple(key), numbered)

    @staticmethod
    def _inspector(connection: Any) -> Any:  # noqa: ANN401
        import sqlalchemy as sa  # noqa: PLC0415 - an extra

        return sa.inspect(connection)

    # -- which rows ------------------------------------------------------------------------------------

    def choose(self, schema: str, name: str, rows: Rows) -> Draw:
        """Choose the rows of one unit of work."""
        if rows.is_view:
            return Draw(Rows(), first=VIEW_ROWS, view=View())
        if not rows.drawn:
            return Draw(rows)
        total = self._count(schema, name)
        if total <= rows.drawn:
            return Draw(Rows(), None, total)
        shape = self._shape(schema, name)
        if not shape.key:
            return Draw(Rows(), None, total, first=rows.drawn)
        keys = self._numbers(schema, name, shape, total, rows.drawn) if shape.is_numbered else None
        if keys is None:
            keys = self._reservoir(schema, name, shape, rows.drawn)
        return Draw(sorted(keys), len(keys), total)

    def _count(self, schema: str, name: str) -> int:
        import sqlalchemy as sa  # noqa: PLC0415 - an extra

        found = self._fetch(sa.select(sa.func.count()).select_from(self._table(schema, name, ())))
        return int(found[0][0])

    def _ends(self, schema: str, name: str, shape: _Shape) -> tuple[int, int]:
        import sqlalchemy as sa  # noqa: PLC0415 - an extra

        key = self._table(schema, name, shape.key).c[shape.key[0]]
        low, high = self._fetch(sa.select(sa.func.min(key), sa.func.max(key)))[0]
        return int(low or 0), int(high or 0)

    def _numbers(
        self, schema: str, name: str, shape: _Shape, total: int, most: int
    ) -> list[tuple[Any, ...]] | None:
        """Draw numbers and keep those that are keys: every key has the same chance. None where too few are."""
        import sqlalchemy as sa  # noqa: PLC0415 - an extra

        low, high = self._ends(schema, name, shape)
        span = high - low + 1
        if total < _DENSE * span:
            return None
        key = self._table(schema, name, shape.key).c[shape.key[0]]
        wanted = min(span, int(most * span / total * 1.1) + 10)
        tried = secrets.SystemRandom().sample(range(low, high + 1), wanted)
        found: list[tuple[Any, ...]] = []
        for at in range(0, len(tried), _MOST_ROWS):
            found += self._fetch(sa.select(key).where(key.in_(tried[at : at + _MOST_ROWS])))
        chosen = [tuple(row) for row in found]
        return chosen if len(chosen) <= most else secrets.SystemRandom().sample(chosen, most)

    def _reservoir(self, schema: str, name: str, shape: _Shape, most: int) -> list[tuple[Any, ...]]:
        """Draw from all the keys there are, which are read one after another.

        Source: J. S. Vitter, Random Sampling with a Reservoir, ACM TOMS 11 (1985), algorithm R.
        """
        dice = random.Random(secrets.randbits(64))  # noqa: S311 - a draw, not a secret
        kept: list[tuple[Any, ...]] = []
        seen = 0
        for rows in self._pages(schema, name, shape, (), Rows(), None):
            for row in rows:
                seen += 1
                if len(kept) < most:
                    kept.append(tuple(row))
                elif (place := dice.randrange(seen)) < most:
                    kept[place] = tuple(row)
        return kept

    # -- values ----------------------------------------------------------------------------------------

    def batches(self, schema: str, name: str, each: Field, draw: Draw, *, blocks: bool) -> Iterator[Batch]:
        """Yield the values of one field in the chosen rows."""
        if blocks:
            return
        shape = self._shape(schema, name)
        if isinstance(draw.keys, list):
            pages = self._picked(schema, name, shape, each.name, draw.keys)
        else:
            pages = self._pages(schema, name, shape, (each.name,), draw.keys, draw.first)
        for rows in pages:
            yield _batch([row[-1] for row in rows])

    def _value(self, column: Any) -> tuple[Any, list[Any]]:  # noqa: ANN401 - SQLAlchemy expressions
        """Return what selects a value and which rows have one; a null stands for what is too large."""
        import sqlalchemy as sa  # noqa: PLC0415 - an extra

        length = self._habits.length
        if not length:
            return column, [column.is_not(None)]
        size = getattr(sa.func, length)(column)
        return sa.case((size <= self._session.value_bytes, column)), [size >= SHORTEST]

    def _pages(  # noqa: PLR0913, PLR0917 - what to read, in full
        self, schema: str, name: str, shape: _Shape, wanted: tuple[str, ...], rows: Rows, first: int | None
    ) -> Iterator[list[Any]]:
        """Yield rows of key and value in the order of the key, each page with the key after the last one."""
        import sqlalchemy as sa  # noqa: PLC0415 - an extra

        table = self._table(schema, name, dict.fromkeys((*shape.key, *wanted)))
        keys = [table.c[each] for each in shape.key]
        values, conditions = self._value(table.c[wanted[0]]) if wanted else (None, [])
        query = sa.select(*keys, *(() if values is None else (values,))).where(*conditions)
        if rows.low is not None:
            query = query.where(keys[0] >= rows.low)
        if rows.high is not None:
            query = query.where(keys[0] < rows.high)
        if not keys or first is not None:
            yield from self._connection.stream(query if first is None else query.limit(first))
            return
        count, last = 64 if wanted else _MOST_ROWS, None
        while True:
            page = query if last is None else query.where(after_key(keys, last))
            found = self._fetch(page.order_by(*keys).limit(count))
            if found:
                last = tuple(found[-1])[: len(keys)]
                yield found
            if len(found) < count:
                return
            count = _next_count(count, found) if wanted else count

    def _picked(
        self, schema: str, name: str, shape: _Shape, wanted: str, keys: list[tuple[Any, ...]]
    ) -> Iterator[list[Any]]:
        import sqlalchemy as sa  # noqa: PLC0415 - an extra

        table = self._table(schema, name, dict.fromkeys((*shape.key, wanted)))
        columns = [table.c[each] for each in shape.key]
        value, conditions = self._value(table.c[wanted])
        at, count = 0, 32
        while at < len(keys):
            here = keys[at : at + count]
            if len(columns) == 1:
                chosen = columns[0].in_([key[0] for key in here])
            else:
                chosen = sa.or_(*(sa.and_(*map(_same, columns, key)) for key in here))
            found = self._fetch(sa.select(value).where(*conditions, chosen))
            yield found
            at += count
            count = min(_KEYS, _next_count(count, found))

    @staticmethod
    def _table(schema: str, name: str, columns: Any) -> Any:  # noqa: ANN401
        import sqlalchemy as sa  # noqa: PLC0415 - an extra

        return sa.table(name, *(sa.column(each) for each in columns), schema=schema or None)

    def objects(self, draw: Draw) -> Iterator[tuple[int, int | EffaceError]]:
        """Yield nothing: large objects outside of tables are PostgreSQL's."""
        del draw
        yield from ()

    def object_bytes(self, number: int, offset: int, count: int) -> bytes:
        """Return nothing, as there are none."""
        del number, offset, count
        return b""

    def _fetch(self, query: Any) -> list[Any]:  # noqa: ANN401 - an SQLAlchemy query
        return self._connection.fetch(query)


def after_key(keys: list[Any], last: tuple[Any, ...]) -> Any:  # noqa: ANN401 - SQLAlchemy expressions
    """Return the condition that a key of several columns comes after another one, in words all dialects know."""
    import sqlalchemy as sa  # noqa: PLC0415 - an extra

    return sa.or_(
        *(
            sa.and_(*(map(_same, keys[:place], last[:place])), keys[place] > last[place])
            for place in range(len(keys))
        )
    )


def _same(column: Any, value: Any) -> Any:  # noqa: ANN401 - SQLAlchemy expressions
    return column == value


def _next_count(count: int, rows: list[Any]) -> int:
    size = sum(len(row[-1]) for row in rows if hasattr(row[-1], "__len__"))
    return max(1, min(_CHUNK_BYTES * count // max(size, 1), count * 4, _MOST_ROWS))


def _batch(values: list[Any]) -> Batch:
    cells: list[bytes | str] = []
    too_large = size = 0
    for value in values:
        if value is None:
            too_large += 1
            continue
        cell = cell_of(value)
        if len(cell) >= SHORTEST:
            cells.append(cell)
            size += len(cell)
    return Batch(cells, too_large=too_large, size_bytes=size)


def cell_of(value: Any) -> bytes | str:  # noqa: ANN401 - of any driver
    """Return a value as text or bytes, whatever its driver made of it."""
    if isinstance(value, str | bytes):
        return value
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, default=str)
    if hasattr(value, "read"):  # a large object of a driver that does not fetch it by itself
        return cell_of(value.read())
    return str(value)
