"""What removal from any server speaks: which columns, what became of their rows, and what stands in the way.

A removal is checked by sums: of each row a keyed digest is taken over its other columns and over what is to stay
of the emptied ones, and the digests are added up, so that the order of the rows does not matter. The sum is the
same before, in the middle and afterwards, as long as nobody else changes the table: it tells a removal that was
stopped from a table that somebody changed, and it is the proof that all other values stayed.

Not promised: the old values are gone once a batch is committed; nothing is kept aside that could bring them back.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

from efface.engines.database import SHORTEST
from efface.errors import RemovalError
from efface.formats.vectors import parse_vector
from efface.model.vocabulary import Cleaning, Way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from efface.engines.keyed_fragments import KeyedFragments

__all__ = [
    "Beside",
    "Decision",
    "Erasable",
    "Eraser",
    "Outlook",
    "Rest",
    "Row",
    "RowSum",
    "Survey",
    "Value",
    "is_named_like_work",
    "surveyed",
]

Value: TypeAlias = "bytes | str | None"
Rest: TypeAlias = "Callable[[str, bytes | str], bytes | str | None]"
"""Given column and value, returns what is to stay of the value: itself, a part, or None for nothing."""

_SUM_BITS = 256
_WORK = re.compile(
    r"attendance|payroll|salar|wages|time_?sheet|time_?card|punch|clock_?in|roster|kaoqin|gongzi|xinzi|daka"
    r"|考勤|工资|薪|打卡|排班|出勤",
    re.IGNORECASE,
)
"""Names of tables and views that people are paid by; ours, from stores in Chinese and English."""


@dataclass(frozen=True, slots=True)
class Erasable:
    """A column that is to lose values.

    Attributes:
        name: Its name.
        select: Expression that reads a value as text or bytes.
        may_be_null: Whether a cell may hold nothing; else it gets the empty value.
        empty_sql: Literal of the empty value of its type, or "" where there is none.
        empty: That value as `select` reads it.
        numbers: The array interface's word for the numbers that the server stores of a vector, or "".
        type_name: Type as the server writes it.
    """

    name: str
    select: str
    may_be_null: bool
    empty_sql: str = ""
    empty: Value = None
    numbers: str = ""
    type_name: str = ""


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands in a table beside what was found.

    Attributes:
        columns: How many columns that are neither found nor part of a key.
        facts: How many of those are no times.
        filled: Whether a column that was found must hold something.
        names: All columns.
    """

    columns: int
    facts: int
    filled: bool
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a removal from a table would do, and what it could not.

    Attributes:
        refusal: Why it cannot be done at all, or "".
        notes: What changes with it or would break, a sentence each.
        steps: What the user may do afterwards so that nothing can be recovered.
        beside: What stands beside it; None of a large object.
    """

    refusal: str = ""
    notes: tuple[str, ...] = ()
    steps: frozenset[Cleaning] = frozenset()
    beside: Beside | None = None

    @property
    def missing(self) -> tuple[Cleaning, ...]:
        """The steps that cannot be done, in their order."""
        return tuple(each for each in Cleaning if each not in self.steps)


@dataclass(frozen=True, slots=True)
class Row:
    """A row: where it is, a digest of its other columns, and the values of the columns to be emptied."""

    place: object = field(repr=False)
    other: str = field(repr=False)
    values: tuple[Value, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Survey:
    """A table as a whole.

    Attributes:
        before: Keyed digest of the rows as they are: 64 hex digits.
        after: Keyed digest of the rows as they are to be.
        rows: How many there are.
        due: How many cells hold something that goes.
    """

    before: str
    after: str
    rows: int
    due: int


class Eraser(Protocol):
    """One session in one database, which may write, for one table."""

    def outlook(self) -> Outlook:
        """Return what a removal would do; nothing is changed."""

    def survey(self, rest: Rest, key: bytes, fragments: KeyedFragments | None = None) -> Survey:
        """Read the whole table; nothing is changed. Fragments of what goes are kept where asked for."""

    def empty(self, rest: Rest, key: bytes) -> int:
        """Have go what goes, a batch in each transaction; return how many cells, or rows that were deleted."""

    def flush(self) -> None:
        """Have what is in memory written, where the user may."""

    def clean(self) -> frozenset[Cleaning]:
        """Make what is gone unrecoverable, as far as the user may; return what was done."""

    def files(self) -> list[str]:
        """Return the table's files where they are on this machine and can be read; else nothing."""

    def close(self) -> None:
        """End the session."""


class Decision:
    """What is to become of the cells of some columns, and of their rows.

    Args:
        columns: The columns.
        rest: What is to stay of a value.
        way: How what goes is to go.
    """

    def __init__(self, columns: Sequence[Erasable], rest: Rest, way: Way = Way.NULL) -> None:
        self.columns = tuple(columns)
        self._rest = rest
        self._way = way

    def of(self, row: Row) -> tuple[Value, ...]:
        """Return the values that are to stay in a row; None for a cell that goes.

        Raises:
            RemovalError: A cell has to hold something, and its type has no empty value; or a column is to go
                with a value that is to stay.
        """
        left = tuple(
            self._left(column, value) for column, value in zip(self.columns, row.values, strict=True)
        )
        for column, value, stays in zip(self.columns, row.values, left, strict=True):
            if self._way is Way.COLUMN and stays is not None and stays != column.empty and len(stays):
                raise RemovalError(
                    "the column holds values that are not what was found: empty its cells instead"
                )
            if self._way is not Way.NULL:
                continue
            if value is not None and stays is None and not (column.may_be_null or column.empty_sql):
                raise RemovalError("a column must hold something, and nothing empty is known of its type")
        return left

    def row_stays(self, row: Row, left: Sequence[Value]) -> bool:
        """Return whether a row is to be there afterwards."""
        return self._way is not Way.TABLE and (self._way is not Way.ROW or not self.changes(row, left))

    def _left(self, column: Erasable, value: Value) -> Value:
        if value is None or value == column.empty or len(value) < SHORTEST:
            return value
        try:
            return self._rest(column.name, value) or None
        except RemovalError:
            if self._way in (Way.ROW, Way.TABLE):  # among other things, which go with it
                return None
            raise

    def changes(self, row: Row, left: Sequence[Value]) -> int:
        """Return how many cells of a row are to change."""
        return sum(old != new for old, new in zip(row.values, left, strict=True))

    def keep_fragments(self, row: Row, left: Sequence[Value], fragments: KeyedFragments) -> None:
        """Keep fragments of what goes, in the bytes that the server stores."""
        for column, old, new in zip(self.columns, row.values, left, strict=True):
            if old is None or old == new:
                continue
            vector = parse_vector(old) if column.numbers and isinstance(old, str) else None
            if vector is not None:
                fragments.add(vector.values.astype(column.numbers).tobytes())
            elif isinstance(old, bytes):
                fragments.add(old)
            else:
                fragments.add_text(old)


class RowSum:
    """The sum of keyed digests of rows, in whatever order.

    Args:
        key: Secret of the run.
        columns: The columns to be emptied, to know their empty values.
    """

    def __init__(self, key: bytes, columns: Sequence[Erasable]) -> None:
        self._key = hmac.digest(key, b"efface/rows/v1", "sha256")
        self._empty = tuple(column.empty for column in columns)
        self._total = 0
        self.rows = 0

    def add(self, other: str, values: Iterable[Value]) -> None:
        """Add one row."""
        parts = [other.encode("utf-8", "surrogateescape")]
        parts += [_encoded(value, empty) for value, empty in zip(values, self._empty, strict=True)]
        message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        self._total += int.from_bytes(hmac.digest(self._key, message, "sha256"), "big")
        self.rows += 1

    def hexdigest(self) -> str:
        """Return the digest of all rows: 64 hex digits."""
        total = (self._total % (1 << _SUM_BITS)).to_bytes(_SUM_BITS // 8, "big")
        return hmac.digest(self._key, self.rows.to_bytes(8, "big") + total, "sha256").hex()


def surveyed(
    rows: Iterable[Row], decision: Decision, key: bytes, fragments: KeyedFragments | None = None
) -> Survey:
    """Return the survey of all rows of a table; fragments of what goes are kept where asked for."""
    before, after = RowSum(key, decision.columns), RowSum(key, decision.columns)
    due = 0
    for row in rows:
        left = decision.of(row)
        due += decision.changes(row, left)
        before.add(row.other, row.values)
        if decision.row_stays(row, left):
            after.add(row.other, left)
        if fragments is not None:
            decision.keep_fragments(row, left, fragments)
    return Survey(before.hexdigest(), after.hexdigest(), before.rows, due)


def is_named_like_work(name: str) -> bool:
    """Return whether a table or view is named like attendance or payroll: people's pay may hang on it."""
    return _WORK.search(name) is not None


def _encoded(value: Value, empty: Value) -> bytes:
    if value is None or value == empty:
        return b"E"
    return b"B" + value if isinstance(value, bytes) else b"T" + value.encode("utf-8", "surrogatepass")
