"""What every database reader speaks: how to get in, tables, fields, batches of values, and plain words for errors.

The message of a database may quote content, so none is ever passed on: only its SQLSTATE or number, with words
of our own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from efface.errors import AccessError, EffaceError, FormatError, LimitExceededError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Block

__all__ = [
    "EXTRA",
    "SHORTEST",
    "VIEW_ROWS",
    "Batch",
    "Draw",
    "Field",
    "Login",
    "NeedsPasswordError",
    "Reader",
    "Rows",
    "Session",
    "Table",
    "View",
    "explained",
    "is_lost",
    "missing",
]

EXTRA = "install efface[databases]"
SHORTEST = 64
"""Characters or bytes below which a value holds no vector, no picture and no template in any coding; leaving
shorter ones out keeps names and numbers in the database, and whole columns of them unread."""

VIEW_ROWS = 100
"""Of a view: enough to see what a column holds, and little of a query that somebody else wrote."""

_TIMEOUTS = {"57014", "1969", "3024"}  # query_canceled; MariaDB max_statement_time; MySQL max_execution_time
_LOCKS = {"55P03", "1205", "40P01", "1213"}
_DENIED = {"42501", "1044", "1045", "1142", "1143", "1227", "1370"}
_GONE = {"42P01", "3F000", "1146", "1049"}
_WORDS = {
    "due to statement timeout": "57014",
    "due to lock timeout": "55P03",
    "permission denied": "42501",
    "could not serialize access": "40001",
    "deadlock detected": "40P01",
}
"""SQLSTATEs of PostgreSQL's words, for where the driver gives the words only."""
_LOST = {"57P01", "57P02", "57P03", "2006", "2013", "2055", "1927", "1053", "4031"}


@dataclass(frozen=True, slots=True)
class Login:
    """How to get into a database; the password is never shown.

    Attributes:
        scheme: "postgresql", "mysql", or any other scheme with the driver that SQLAlchemy is to use.
        host: Name, address, or folder of a Unix socket; "" where there is none.
        port: TCP port, or 0.
        database: Name, or "" for all of a MySQL server.
        user: Name, or "" for the driver's own choice.
        password: Password, or "" for the driver's own search (PGPASSWORD, .pgpass, ~/.my.cnf).
        parameters: Of the URL (TLS and the like).
    """

    scheme: str
    host: str
    port: int
    database: str
    user: str = ""
    password: str = field(default="", repr=False)
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """Bounds of a session, besides that it can never write.

    Attributes:
        statement_seconds: Longest statement.
        value_bytes: Largest value that is fetched.
    """

    statement_seconds: float = 60.0
    value_bytes: int = 512 << 20


@dataclass(frozen=True, slots=True)
class Rows:
    """Which rows of a table one unit of work is about.

    Attributes:
        part: Partition, as the reader names it, or "".
        low: First page or key, or None for the first there is.
        high: First page or key after the last, or None for no end.
        drawn: How many rows to draw at random at most, or 0 for all.
        is_view: Whether they are what a plain view shows: at most `VIEW_ROWS` of the first.
    """

    part: str = ""
    low: int | None = None
    high: int | None = None
    drawn: int = 0
    is_view: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table as listed.

    Attributes:
        schema: Its schema.
        name: Its name.
        rows: Which of its rows a unit covers.
        size_bytes: Size of those, as far as known.
        stamp: What shows that it changed, or "" where nothing reliable does.
        trouble: Why it cannot be read, or None.
    """

    schema: str
    name: str
    rows: Rows = Rows()
    size_bytes: int = 0
    stamp: str = ""
    trouble: EffaceError | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a table.

    Attributes:
        name: Its name.
        type_name: Type, as the database says it.
        skipped: Why it cannot hold biometric data, or "".
        blocks: What selects its values as vectors, or "".
        cells: What selects its values one by one, or "".
        where: Condition of `cells`, or "".
        trouble: Why it cannot be read, or None.
        shown_in: Views that use it, as far as the system tells.
    """

    name: str
    type_name: str
    skipped: str = ""
    blocks: str = ""
    cells: str = ""
    where: str = ""
    trouble: EffaceError | None = None
    shown_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """What is known of a plain view, which stores nothing: reading it runs the query of its owner.

    Attributes:
        bases: Tables that it shows, through other views too; empty where the system does not tell.
        is_read: Whether its rows are looked at: only where what it shows is not read in its own place.
    """

    bases: tuple[str, ...] = ()
    is_read: bool = True


@dataclass(frozen=True, slots=True)
class Draw:
    """Rows chosen for one unit of work.

    Attributes:
        keys: What picks them, in the reader's own terms.
        drawn: How many were drawn at random, or None when all are read.
        total: How many rows there are, where known.
        first: How many of the first rows are read, where nothing can be drawn; else None.
        view: The view that they are from, or None for a table.
    """

    keys: Any = field(repr=False)
    drawn: int | None = None
    total: int | None = None
    first: int | None = None
    view: View | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Some values of one field.

    Attributes:
        cells: Texts and binary values.
        blocks: Vectors.
        too_large: How many values were larger than a run reads.
        size_bytes: Of all values.
    """

    cells: list[bytes | str] = field(default_factory=list, repr=False)
    blocks: list[Block] = field(default_factory=list, repr=False)
    too_large: int = 0
    size_bytes: int = 0


class Reader(Protocol):
    """One session in one database, which can only read."""

    def tables(self, *, drawn: int) -> Iterator[Table]:
        """List tables and views, one entry for each unit of work; `drawn` rows of each at most, 0 for all."""

    def stamp(self, schema: str, name: str) -> str:
        """Return the stamp of a table as it is now; raise AccessError when it is gone."""

    def fields(self, schema: str, name: str) -> list[Field]:
        """List the columns of a table; raise AccessError when it is gone."""

    def choose(self, schema: str, name: str, rows: Rows) -> Draw:
        """Choose the rows of one unit of work."""

    def batches(self, schema: str, name: str, each: Field, draw: Draw, *, blocks: bool) -> Iterator[Batch]:
        """Yield the values of one field in the chosen rows, as vectors or one by one."""

    def objects(self, draw: Draw) -> Iterator[tuple[int, int | EffaceError]]:
        """Yield number and size of each large object chosen."""

    def object_bytes(self, number: int, offset: int, count: int) -> bytes:
        """Return a piece of a large object."""

    def close(self) -> None:
        """End the session."""


class NeedsPasswordError(AccessError):
    """The server asks for a password, or does not take the one it got."""


def missing(library: str) -> UnsupportedError:
    """Return the error for a driver that is not installed."""
    return UnsupportedError(f"needs {library}: {EXTRA}")


def _code(error: BaseException) -> str:
    """Return the SQLSTATE or number of a database's error, or ""."""
    state = getattr(error, "sqlstate", None)
    if state:
        return str(state)
    inner = getattr(error, "orig", None) or error
    first = inner.args[0] if inner.args else None
    if isinstance(first, dict):  # pg8000: fields of the server's message, C being the SQLSTATE
        return str(first.get("C", ""))
    if isinstance(error, OSError):  # how Arrow hands on what a driver says in the middle of a result
        return next((code for words, code in _WORDS.items() if words in str(error)), "")
    return str(first) if isinstance(first, int) and first > 0 else ""


def is_lost(error: BaseException) -> bool:
    """Return whether the connection has ended, rather than a statement."""
    code = _code(error)
    if code:
        return code in _LOST or code.startswith("08")
    if getattr(error, "connection_invalidated", False):
        return True
    if isinstance(error, OSError):
        return "connection" in str(error).lower()
    return type(error).__module__.startswith("adbc") and type(error).__name__ == "OperationalError"


def explained(error: BaseException) -> EffaceError:  # noqa: PLR0911 - a table of causes
    """Return an error of ours for one of a driver, with its code and none of its text."""
    if isinstance(error, EffaceError):
        return error
    code = _code(error)
    told = f" ({code})" if code else f" ({type(error).__name__})"
    if code in _TIMEOUTS:
        return LimitExceededError(f"the statement took too long{told}")
    if code in _LOCKS:
        return LimitExceededError(f"it is locked by somebody else{told}")
    if code in _DENIED:
        return AccessError(f"permission denied{told}", to_do="Grant SELECT to the user that scans.")
    if code in _GONE:
        return AccessError(f"cannot be found any more{told}")
    if is_lost(error):
        return AccessError(f"the connection was lost{told}")
    if isinstance(error, UnicodeError):
        return FormatError("a text does not keep to its encoding")
    return AccessError(f"the database cannot read it{told}")
