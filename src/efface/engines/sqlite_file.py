"""Empty cells of an SQLite database file and prove that nothing else changed and nothing is left.

The original is only read. What is pending in its log is taken in on a private copy (`settled`, the one way
in which a database with a log is opened); everything after that happens in memory, so that no further copy
of the removed values reaches the disk:

1. read the database, with its log, into memory; 2. decide which cells go, and write down a digest of every
table without them; 3. empty them in one transaction; 4. write a new file, which has no free pages and no leftovers;
5. compare schema, settings, rows and all other values; 6. check its integrity; 7. search it for fragments of
the removed values.

Limits: the database and its log fit into `artefact_bytes`; in memory it takes about three times its size.
Source: SQLite documentation: VACUUM INTO, Database File Format (1.3, offsets 18 and 19), PRAGMA statements,
Generated Columns, FTS5 (external content tables).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import uuid
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from efface.engines import sqlite_tables
from efface.engines.residue import Fragments, residue
from efface.errors import LimitExceededError, RemovalError, ResidueError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from efface.engines.sqlite_tables import Rest, Snapshot
    from efface.model.limits import Limits

__all__ = [
    "Report",
    "check_integrity",
    "columns",
    "erase",
    "erase_bytes",
    "failing_softly",
    "fresh_copy",
    "in_memory",
    "settled",
    "whole",
]

_WAL, _JOURNAL = "-wal", "-journal"
_LOG_MODE, _PLAIN_MODE = b"\x02\x02", b"\x01\x01"
_HEADER_BYTES = 100
_MAGIC = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Report:
    """What was done, in names and counts.

    Attributes:
        cells: How many cells were emptied, for each table.
        rows: How many rows the emptied tables have, before as after.
        fragments: How many fragments of removed values the new file was searched for.
    """

    cells: dict[str, int]
    rows: dict[str, int]
    fragments: int


def columns(data: bytes) -> dict[str, tuple[str, ...]]:
    """Return the columns of every ordinary table of a database in memory.

    Raises:
        RemovalError: The bytes are no database that can be opened.
    """
    with failing_softly(), closing(in_memory(data)) as connection:
        return {table.name: table.columns for table in sqlite_tables.tables(connection)}


@contextmanager
def settled(source: Path) -> Iterator[Path]:
    """Give the path of a database that nothing is pending for, as a reader of the source sees it.

    That is the source itself, to be opened read-only and immutable; where a `-wal` or `-journal` lies beside
    it, it is a copy with that taken in, in a folder of its own (mode 0700) in the system's temporary folder,
    which is removed at the end. Opening the source with its log would write beside it.

    Raises:
        sqlite3.Error: The log cannot be taken in.
        OSError: There is no room for the copy, or the source is gone.
    """
    beside = _beside(source)
    if not beside:
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="efface-") as private:
        copy = Path(private, "copy")
        for path in (source, *beside):
            shutil.copyfile(path, f"{copy}{str(path).removeprefix(str(source))}")
        with closing(sqlite3.connect(f"file:{quote(str(copy))}", uri=True)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            connection.execute("PRAGMA journal_mode = DELETE").fetchall()
        yield copy


def whole(source: Path, limits: Limits) -> bytes:
    """Return the bytes of a database as a reader sees it, its log taken in; the mode of the log stays noted.

    Args:
        source: The database; never written, and nothing is written beside it.
        limits: Budgets; `artefact_bytes` is used, for the file and its log together.

    Raises:
        RemovalError: It cannot be read, or its log not taken in.
        LimitExceededError: It is larger than the limit.
    """
    with failing_softly():
        size = sum(path.stat().st_size for path in (source, *_beside(source)))
        if size > limits.artefact_bytes:
            raise LimitExceededError(f"the database has more than artefact_bytes = {limits.artefact_bytes}")
        with source.open("rb") as file:
            logged = file.read(20)[18:] == _LOG_MODE
        with settled(source) as path:
            data = path.read_bytes()
        return data[:18] + _LOG_MODE + data[20:] if logged else data


def _nothing(_table: str, _column: str, _value: bytes | str) -> None:
    """Nothing of any value is to stay."""


def erase(
    source: Path, out: Path, cells: Mapping[str, Sequence[str]], limits: Limits, rest: Rest = _nothing
) -> Report:
    """Write a database without values of some columns.

    Args:
        source: The database; a `-wal` or `-journal` beside it is taken into account. Never written.
        out: A path that does not exist yet, in a folder on the same file system as the result is to be.
        cells: Column names for each table, of the schema `main`.
        limits: Budgets; `artefact_bytes` is used.
        rest: Given table, column and a text or binary value, returns what is to stay of it: the value itself,
            another of its type, or None for nothing. Without it all values of the columns go. Numbers stay.

    Raises:
        RemovalError: It cannot be done, or the result is not what it should be; `out` does not exist.
        ResidueError: The new file still holds fragments of the removed values: another table or column
            has a copy.
        LimitExceededError: The database is larger than the limit.

    Not promised: the caller removes the original and its `-wal`, `-shm` and `-journal`.
    """
    data = whole(source, limits)
    with failing_softly():
        result, report = _erased(data, cells, rest)
        _written(out, result)
    return report


def erase_bytes(
    data: bytes, cells: Mapping[str, Sequence[str]], limits: Limits, rest: Rest = _nothing
) -> tuple[bytes, Report]:
    """Return a database in memory without values of some columns; as `erase` does for a file."""
    if len(data) > limits.artefact_bytes:
        raise LimitExceededError(f"the database has more than artefact_bytes = {limits.artefact_bytes}")
    with failing_softly():
        return _erased(data, cells, rest)


@contextmanager
def failing_softly() -> Iterator[None]:
    """Turn errors of SQLite into RemovalError; their texts may hold values, so only the kind is told."""
    try:
        yield
    except (sqlite3.Error, UnicodeError) as error:  # a name, or what SQLite says of damage, may be no text
        raise RemovalError(f"the database cannot be rewritten ({type(error).__name__})") from None
    except OSError as error:
        raise RemovalError(f"the database cannot be copied: {error.strerror}") from None
    except MemoryError:
        raise RemovalError("the database needs more memory than there is") from None


def _beside(source: Path) -> list[Path]:
    return [path for ending in (_WAL, _JOURNAL) if _has_bytes(path := Path(f"{source}{ending}"))]


def _has_bytes(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def in_memory(data: bytes) -> sqlite3.Connection:
    """Open a database in memory; RemovalError where the bytes are none."""
    if not data.startswith(_MAGIC) or len(data) < _HEADER_BYTES:
        raise RemovalError("the file is no SQLite database")
    connection = sqlite3.connect(":memory:", isolation_level=None, uri=True)
    try:
        connection.text_factory = bytes  # damaged text must come back as it is
        connection.deserialize(data[:18] + _PLAIN_MODE + data[20:])  # a database in memory has no log
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA secure_delete = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _erased(data: bytes, cells: Mapping[str, Sequence[str]], rest: Rest) -> tuple[bytes, Report]:
    removed = Fragments()
    with closing(in_memory(data)) as connection:
        emptied = sqlite_tables.resolve(connection, cells, rest, removed)
        check_integrity(connection)
        before = sqlite_tables.snapshot(connection, emptied, is_result=False)
        counts = sqlite_tables.empty(connection, emptied)
        fresh = fresh_copy(connection)
    # The log mode, and the schema's version, which the copy has counted up: the same twice gives the same.
    result = fresh[:18] + data[18:20] + fresh[20:40] + data[40:44] + fresh[44:]
    with closing(in_memory(result)) as connection:
        check_integrity(connection)
        after = sqlite_tables.snapshot(connection, emptied, is_result=True)
        left = sqlite_tables.filled(connection, emptied)
    _check_same(before, after)
    if left:
        raise ResidueError("a column that was emptied still holds values")
    found = residue(result, removed)
    if found:
        raise ResidueError(
            f"{found} fragments of the removed values are still in the database: another column has a copy",
        )
    rows = {table.name: before.tables[table.name][0] for table in emptied}
    return result, Report(counts, rows, len(removed))


def fresh_copy(connection: sqlite3.Connection) -> bytes:
    """Return a new database of the same content: `VACUUM INTO` keeps row numbers, plain `VACUUM` may not."""
    name = f"file:/efface-{uuid.uuid4().hex}?vfs=memdb"
    with closing(sqlite3.connect(name, uri=True)) as target:
        connection.execute("VACUUM INTO ?", (name,))
        return target.serialize()


def check_integrity(connection: sqlite3.Connection) -> None:
    """Raise RemovalError when the database is damaged."""
    answers = connection.execute("PRAGMA integrity_check(1)").fetchall()
    if answers != [(b"ok",)]:
        raise RemovalError("the database is damaged")


def _check_same(before: Snapshot, after: Snapshot) -> None:
    if before.schema != after.schema or before.settings != after.settings:
        raise RemovalError("the new database has another schema or other settings")
    differing = [name for name, table in before.tables.items() if after.tables.get(name) != table]
    if differing or before.tables.keys() != after.tables.keys():
        raise RemovalError(f"values beside the removed ones would change in {len(differing)} tables")
    if before.broken_references != after.broken_references:
        raise RemovalError("rows of other tables refer to values that would be removed")


def _written(out: Path, result: bytes) -> None:
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(result)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        out.unlink(missing_ok=True)
        raise
