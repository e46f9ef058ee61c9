"""Databases through SQLAlchemy, with SQLite as the system that needs no server."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from efface.engines import database_sql
from efface.engines.database import Rows, Session
from efface.errors import AccessError, EffaceError, UnsupportedError, UsageError
from efface.model import Column, Gap, GapReason, Limits, Mode, Sampling
from efface.sources.database import Database, close_all
from efface.sources.database_url import parse_address
from efface.testing.stores import face_vectors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS = 40


@pytest.fixture
def target(tmp_path: Path) -> Iterator[str]:
    """A database with a table of each kind of key."""
    with sqlite3.connect(tmp_path / "x.db") as connection:
        keys = {
            "numbered": "id INTEGER PRIMARY KEY",
            "worded": "id TEXT PRIMARY KEY",
            "double": "id INTEGER, half INTEGER, PRIMARY KEY (id, half)",
            "keyless": "id INTEGER",
        }
        for table, key in keys.items():
            connection.execute(
                f"CREATE TABLE {table} (face_feature BLOB, name VARCHAR(20), born DATE, {key})"
            )
            for number, vector in enumerate(face_vectors(ROWS)):
                names, values = (
                    ("id, half", (number // 2, number % 2)) if table == "double" else ("id", (number,))
                )
                marks = ", ".join("?" * len(values))
                connection.execute(
                    f"INSERT INTO {table} (face_feature, {names}) VALUES (?, {marks})",
                    (vector.tobytes(), *values),
                )
    connection.close()
    yield f"sqlite+pysqlite:///{tmp_path / 'x.db'}"
    close_all()


def columns(target: str, mode: Mode = Mode.STANDARD, limits: Limits | None = None) -> dict[str, list[bytes]]:
    """Return the cells of every column, by its place, over all units."""
    limits, found = limits or Limits(), {}
    for unit in Database().units_in(target, mode, limits):
        assert not isinstance(unit, Gap)
        for part in Database().open(unit, limits).parts():
            if isinstance(part, Column):
                found.setdefault(str(part.locator.fragment), []).extend(part.cells())
    return found


def test_every_row_of_small_tables_is_read(target: str) -> None:
    """Columns that cannot hold anything are not read at all; the others as a whole."""
    vectors = sorted(vector.tobytes() for vector in face_vectors(ROWS))
    found = columns(target)
    assert {name: sorted(cells) for name, cells in found.items()} == {
        f"/main.{table}/{column}": vectors if column == "face_feature" else []
        for table, column in [
            ("double", "face_feature"),
            ("keyless", "face_feature"),
            ("numbered", "face_feature"),
            ("worded", "face_feature"),
            ("worded", "id"),
        ]
    }


def test_a_thorough_scan_goes_through_ranges_of_keys_and_misses_none(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ranges touch and do not overlap, and the last has no end."""
    monkeypatch.setattr(database_sql, "_RANGE_ROWS", 7)
    units = [str(unit.uri) for unit in Database().units_in(target, Mode.THOROUGH, Limits())]
    assert sum("numbered" in uri for uri in units) == ROWS // 7
    found = columns(target, Mode.THOROUGH)["/main.numbered/face_feature"]
    assert sorted(found) == sorted(vector.tobytes() for vector in face_vectors(ROWS))


@pytest.mark.parametrize("table", ["numbered", "worded", "double"])
def test_a_draw_gives_different_rows_and_says_how_many(target: str, table: str) -> None:
    """As many rows as asked for, none twice, with the number of all."""
    limits = Limits(cells=10)
    unit = next(u for u in Database().units_in(target, Mode.STANDARD, limits) if table in u.uri)
    column = next(part for part in Database().open(unit, limits).parts() if isinstance(part, Column))
    cells = list(column.cells())
    assert len(set(cells)) == len(cells) == column.drawn
    assert 5 <= len(cells) <= 10
    assert column.rows == ROWS


def test_without_a_key_the_first_rows_are_read_and_no_chance_is_claimed(target: str) -> None:
    """What cannot be drawn is told as not random."""
    limits = Limits(cells=10)
    unit = next(u for u in Database().units_in(target, Mode.STANDARD, limits) if "keyless" in u.uri)
    said = []
    for part in Database().open(unit, limits).parts():
        if isinstance(part, Column):
            assert part.drawn is None
            assert len(list(part.cells())) == 10
        said.append(part)
    assert [(each.looked_at, each.is_random) for each in said if isinstance(each, Sampling)] == [(10, False)]


def test_the_session_can_only_read(target: str) -> None:
    """A statement that writes fails, and its text is not repeated."""
    import sqlalchemy as sa

    reader = database_sql.SqlReader(parse_address(target).login, Session())
    with pytest.raises(EffaceError) as caught:
        reader._fetch(sa.text("DELETE FROM numbered WHERE name = 'geheim'"))
    assert "geheim" not in str(caught.value)
    reader.close()


def test_a_table_that_is_gone_is_an_access_error(target: str) -> None:
    """It can be neither opened nor read."""
    reader = database_sql.SqlReader(parse_address(target).login, Session())
    with pytest.raises(AccessError):
        reader.fields("main", "gone")
    with pytest.raises(EffaceError):
        reader.choose("main", "gone", Rows(drawn=1))
    reader.close()


def test_a_driver_that_is_not_installed_is_a_gap() -> None:
    """Never a crash, never silence."""
    found = list(Database().units("firebird+fdb://db/shop"))
    assert [(gap.reason, "install efface[databases]" in gap.detail) for gap in found] == [
        (GapReason.UNSUPPORTED, True)
    ]


def test_a_place_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A mistyped address is the caller's mistake, told before a run is touched."""
    with pytest.raises(UsageError):
        list(Database().units(f"sqlite+pysqlite:///{tmp_path}/none/x.db"))
    with pytest.raises(UsageError):
        list(Database().units("postgresql://127.0.0.1:1/shop"))


def test_values_of_any_driver_become_text_or_bytes() -> None:
    """Lists and large objects of a driver's own types are read, too."""
    numbers = [0.25] * 64
    values = [bytearray(64), memoryview(bytes(64)), "x" * 64, numbers, {"a": numbers}, None, "short"]
    batch = database_sql._batch(values)
    assert [type(cell) for cell in batch.cells] == [bytes, bytes, str, str, str]
    assert json.loads(batch.cells[3]) == numbers
    assert batch.too_large == 1


def test_unsupported_stays_unsupported() -> None:
    """An error of ours passes through untouched."""
    from efface.engines.database import explained

    error = UnsupportedError("x")
    assert explained(error) is error
