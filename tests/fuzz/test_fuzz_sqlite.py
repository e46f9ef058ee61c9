"""Whatever bytes come, a database is read, emptied, refused or a gap, and nothing else."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from hypothesis import given, settings
from hypothesis import strategies as st

from efface.engines import sqlite_file
from efface.errors import FormatError, RemovalError
from efface.model import Column, Limits, Locator, Part, Surroundings
from efface.sources.payloads import BytesPayload
from efface.sources.sqlite import Sqlite

LIMITS = Limits(artefact_bytes=1 << 20, cells=50)
SETTINGS = settings(max_examples=200, derandomize=True, deadline=None)


def database() -> bytes:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("PRAGMA page_size = 1024")
        db.execute("CREATE TABLE face(name TEXT, face_feature BLOB)")
        db.execute("CREATE INDEX by_name ON face(name)")
        db.executemany("INSERT INTO face VALUES (?, ?)", [(f"n{n}", bytes([n]) * 700) for n in range(12)])
        db.execute("DELETE FROM face WHERE name = 'n3'")
        db.commit()
        return db.serialize()


VALID = database()


def attempt(data: bytes) -> None:
    """Read every column and empty one."""
    part = Part(Locator("file", ("/a.db",)), BytesPayload(data), Surroundings(("a.db",)))
    try:
        for each in Sqlite().parts(part, "application/vnd.sqlite3", LIMITS):
            if isinstance(each, Column):
                assert sum(1 for _ in each.cells()) <= LIMITS.cells + 1
    except FormatError:
        pass
    try:
        result, _ = sqlite_file.erase_bytes(data, {"face": ["face_feature"]}, LIMITS)
    except (FormatError, RemovalError):
        return
    assert bytes([5]) * 100 not in result


@SETTINGS
@given(
    edits=st.lists(st.tuples(st.integers(0, len(VALID)), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.integers(0, len(VALID)),
    whole=st.booleans(),
)
def test_mutated_databases(edits: list[tuple[int, int]], cut: int, whole: bool) -> None:
    """A valid database with changed bytes, and cut, is read as far as it goes, or refused."""
    data = bytearray(VALID)
    for place, byte in edits:
        data[place % len(data)] = byte
    attempt(bytes(data if whole else data[:cut]))


@SETTINGS
@given(st.binary(max_size=3_000))
def test_random_bytes_behind_the_magic(data: bytes) -> None:
    """Bytes that only begin like a database are refused."""
    attempt(b"SQLite format 3\0" + data)
