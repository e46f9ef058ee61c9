"""Sums of rows and decisions over cells, without a server."""

from __future__ import annotations

import random

import pytest

from efface.engines.database_erase import Decision, Erasable, Outlook, Row, RowSum
from efface.engines.keyed_fragments import KeyedFragments
from efface.errors import RemovalError
from efface.model import Cleaning

KEY = b"k" * 32
NULLABLE = Erasable("face", "face", may_be_null=True)
FILLED = Erasable("face", "face", may_be_null=False, empty_sql="''", empty="")
STUBBORN = Erasable("face", "face", may_be_null=False)
BLOB = random.Random(5).randbytes(300)


def total(rows: list[tuple[str, tuple[bytes | str | None, ...]]], column: Erasable = NULLABLE) -> str:
    found = RowSum(KEY, [column])
    for other, values in rows:
        found.add(other, values)
    return found.hexdigest()


ROWS = [("a", (b"x" * 70,)), ("b", ("text",)), ("c", (None,))]


def test_the_order_of_rows_does_not_matter_and_everything_else_does() -> None:
    """An update moves rows; another value, another neighbour, a row more or less, a type are other tables."""
    same = total(ROWS)
    assert total(ROWS[::-1]) == same
    assert len(same) == 64
    for other in (
        ROWS[:2],
        [*ROWS, ROWS[0]],
        [("a", (b"y" * 70,)), *ROWS[1:]],
        [("z", (b"x" * 70,)), *ROWS[1:]],
        [("a", ("x" * 70,)), *ROWS[1:]],
        [("b", (b"x" * 70,)), ("a", ("text",)), ROWS[2]],
    ):
        assert total(other) != same


def test_another_key_gives_another_sum() -> None:
    """Who has not the run's secret cannot confirm a guess of a row."""
    other = RowSum(b"o" * 32, [NULLABLE])
    for each in ROWS:
        other.add(*each)
    assert other.hexdigest() != total(ROWS)


def test_empty_and_null_are_one_where_the_column_must_hold_something() -> None:
    """What is expected before is what is read afterwards."""
    assert total([("a", (None,))], FILLED) == total([("a", ("",))], FILLED)
    assert total([("a", (None,))], NULLABLE) != total([("a", ("",))], NULLABLE)


def test_short_values_are_never_asked_about() -> None:
    """A scan does not look at them either."""
    asked: list[bytes | str] = []

    def rest(_column: str, value: bytes | str) -> None:
        asked.append(value)

    decision = Decision([NULLABLE], rest)
    assert decision.of(Row("1", "", ("short",))) == ("short",)
    assert decision.of(Row("1", "", (None,))) == (None,)
    assert decision.of(Row("1", "", (BLOB,))) == (None,)
    assert asked == [BLOB]


def test_a_cell_that_must_hold_something_of_an_unknown_type_is_refused() -> None:
    """Rather than filled with a guess."""
    with pytest.raises(RemovalError, match="nothing empty is known"):
        Decision([STUBBORN], lambda *_: None).of(Row("1", "", (BLOB,)))


def test_only_what_goes_leaves_fragments() -> None:
    """What stays may be in the files with every right."""
    fragments = KeyedFragments()
    decision = Decision([NULLABLE], lambda _, value: value)
    row = Row("1", "", (BLOB,))
    decision.keep_fragments(row, decision.of(row), fragments)
    assert len(fragments) == 0
    decision.keep_fragments(row, (None,), fragments)
    assert len(fragments) == 4


def test_what_is_missing_is_told_in_order() -> None:
    """Every step is either possible or missing."""
    assert Outlook(steps=frozenset({Cleaning.CHECKPOINT})).missing == (
        Cleaning.REWRITE,
        Cleaning.STATISTICS,
        Cleaning.FILES,
    )
