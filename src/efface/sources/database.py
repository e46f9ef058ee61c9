"""Databases on servers: every table of every schema, read-only, by random rows or in ranges; views by their structure.

Structure comes first: a column whose type or length cannot hold a sample or a template is not read at all.
"""

from __future__ import annotations

import atexit
import os
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from efface.engines.database import Login, NeedsPasswordError, Session
from efface.errors import AccessError, EffaceError, UnsupportedError, UsageError
from efface.model import Collection, Gap, GapReason, Limits, Locator, Mode, Surroundings, Unit
from efface.sources import credentials
from efface.sources.database_url import (
    Address,
    environment_of,
    fragment_of,
    is_database,
    parse_address,
    rows_of,
)
from efface.sources.database_values import FieldColumn, gap_of, large_objects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.engines.database import Reader, Rows, Table
    from efface.model import Column, Part, Sampling

__all__ = ["Database", "close_all", "enter", "login_of", "session_of"]

_FAST_ROWS = 1_000
_LARGE_OBJECTS = ("pg_catalog", "pg_largeobject")
_SIBLINGS = 200
_STATEMENT_S = 60.0
_VIEW_S = 10.0  # of a query that somebody else wrote


_open: dict[tuple[str, Session], Reader] = {}
"""Sessions of this process, by place."""


class Database:
    """Tables, partitions, materialised views, foreign tables, views and large objects of a database.

    A unit is a table, a draw from it, or a range of it. The session can only read, as far as the system lets a
    session say so; each statement is a transaction of its own.

    A plain view stores nothing, and reading it runs the query of its owner. It is listed by its structure, and
    the first of its rows are read only where it is not known that what it shows is read in its own place.

    Not promised: what a view puts together out of tables that are read; schemas of the system itself; temporary
    tables; rows that were deleted; rows that are written or moved while the scan runs (the next scan looks again).
    """

    name = "database"
    version = 2

    def claims(self, target: str) -> bool:
        """Return whether the target is the address of a database that is not a file of this machine."""
        return is_database(target)

    def units(self, target: str) -> Iterator[Unit | Gap]:
        """List the tables as `units_in` does in a standard scan."""
        return self.units_in(target, Mode.STANDARD, Limits())

    def units_in(self, target: str, mode: Mode, limits: Limits) -> Iterator[Unit | Gap]:
        """List the tables: in a thorough scan in ranges with all their rows, else as draws.

        Raises:
            UsageError: The address holds a password or cannot be understood, or nothing answers there.
        """
        address = parse_address(target)
        try:
            reader = _let_in(address, session_of(limits))
        except UnsupportedError as error:
            yield Gap(address.locator, "list", GapReason.UNSUPPORTED, str(error))
            return
        drawn = (
            0
            if mode is Mode.THOROUGH
            else min(limits.cells, _FAST_ROWS if mode is Mode.FAST else limits.cells)
        )
        try:
            for table in reader.tables(drawn=drawn):
                yield self._unit(address.locator, table)
        except EffaceError as error:
            yield gap_of(address.locator, "list", error)

    def _unit(self, base: Locator, table: Table) -> Unit | Gap:
        place = base.at(fragment_of(table.schema, table.name, table.rows))
        if table.trouble is not None:
            return gap_of(base.at(fragment_of(table.schema, table.name)), "list", table.trouble)
        return Unit(place.uri, table.size_bytes, table.stamp or _never_again(), self.name)

    def open(self, unit: Unit, limits: Limits) -> Collection:
        """Open a table; its columns are read as they are looked at."""
        place = Locator.parse(unit.uri)
        try:
            schema, table, rows = rows_of(place.fragment or "")
        except ValueError:
            raise AccessError("is not a table of a database") from None
        reader = _reader(place.container, session_of(limits, _VIEW_S if rows.is_view else _STATEMENT_S))
        reader.stamp(schema, table)  # refused here when it is gone
        return Collection(place, lambda: _parts(reader, (schema, table), rows, place, limits))

    def stamp(self, unit: Unit) -> str:
        """Return what shows whether a table changed; what never comes again where nothing reliable does."""
        place = Locator.parse(unit.uri)
        schema, table, _ = rows_of(place.fragment or "")
        return _reader(place.container, Session()).stamp(schema, table) or _never_again()


def _let_in(address: Address, session: Session) -> Reader:
    """Return a session; a password that is asked for comes from the keyring or a person, once."""
    base = address.locator.uri
    user, password = environment_of(address.login.scheme, os.environ)
    login = replace(address.login, user=address.login.user or user, password=password)
    for again in (True, False):
        _remember(base, login)
        reader = _reader_of(login, session)
        try:
            next(iter(reader.tables(drawn=1)), None)
        except NeedsPasswordError:
            asked = credentials.password_of(base, login.user) if again else None
            if asked is None:
                raise UsageError(
                    "the database does not let this user in without the right password",
                    to_do="Give it in PGPASSWORD, MYSQL_PWD or EFFACE_DB_PASSWORD, in ~/.pgpass or ~/.my.cnf, "
                    "in the keyring, or at a terminal; the user in the address or in PGUSER, MYSQL_USER.",
                ) from None
            login = replace(login, password=asked)
        except AccessError as error:
            raise UsageError(str(error), to_do="Check host, port, database and user.") from None
        else:
            return _kept_open(base, session, reader)
    raise AssertionError  # pragma: no cover


def _reader(base: Locator, session: Session) -> Reader:
    """Return the session of this process in a database that was listed, maybe by another process."""
    reader = _open.get((base.uri, session))
    return reader or _kept_open(base.uri, session, _reader_of(login_of(base), session))


def enter(target: str, limits: Limits) -> None:
    """Make sure that the database of an address lets the user in, and keep how for this process and its workers.

    Raises:
        UsageError: It does not, or the address cannot be understood.
        UnsupportedError: Its driver is not installed.
    """
    _let_in(parse_address(target), session_of(limits))


def login_of(base: Locator) -> Login:
    """Return how to get into a database that was entered, maybe by another process.

    Raises:
        AccessError: It was not.
    """
    kept = credentials.kept(base.uri)
    if not kept:
        raise AccessError("nothing is known of how to get into the database: name it as a target")
    parameters = tuple((name[1:], value) for name, value in kept.items() if name.startswith("?"))
    where = (kept["scheme"], kept["host"], int(kept["port"]), kept["database"])
    return Login(*where, kept["user"], kept["password"], parameters)


def _kept_open(base: str, session: Session, reader: Reader) -> Reader:
    """Keep a session for the next table, in the place of an older one."""
    older = _open.pop((base, session), None)
    if older is not None:
        older.close()
    _open[base, session] = reader
    return reader


@atexit.register
def close_all() -> None:
    """End every session of this process."""
    while _open:
        _open.popitem()[1].close()


def session_of(limits: Limits, longest: float = _STATEMENT_S) -> Session:
    """Return the bounds of a session that follow from those of a run."""
    return Session(min(longest, limits.artefact_seconds / 2), limits.artefact_bytes)


def _remember(base: str, login: Login) -> None:
    plain = {"scheme": login.scheme, "host": login.host, "port": str(login.port), "database": login.database}
    secret = {"user": login.user, "password": login.password}
    credentials.keep(base, plain | secret | {f"?{name}": value for name, value in login.parameters})


def _reader_of(login: Login, session: Session) -> Reader:
    if login.scheme == "postgresql":
        from efface.engines.postgres import PostgresReader  # noqa: PLC0415 - only when such a target is named

        return PostgresReader(login, session)
    from efface.engines.database_sql import SqlReader  # noqa: PLC0415

    return SqlReader(login, session)


def _never_again() -> str:
    return f"?{secrets.token_hex(8)}"


def _parts(
    reader: Reader, table: tuple[str, str], rows: Rows, place: Locator, limits: Limits
) -> Iterator[Column | Part | Gap | Sampling]:
    base = place.container
    try:
        fields = reader.fields(*table)
        draw = reader.choose(*table, rows)
        names = (table[0], *reversed(base.path[0].split("/"))) if table[0] else (base.path[0],)
        if table == _LARGE_OBJECTS:
            yield from large_objects(reader, draw, base, names, limits)
            return
    except EffaceError as error:
        yield gap_of(base.at(fragment_of(*table)), "unpack", error)
        return
    for each in () if draw.view is not None and not draw.view.is_read else fields:
        where = base.at(fragment_of(*table, column=each.name))
        if each.trouble is not None:
            yield gap_of(where, "unpack", each.trouble)
        elif not each.skipped:
            siblings = tuple(other.name for other in fields if other.name != each.name)[:_SIBLINGS]
            others = tuple(other for other in fields if other.name != each.name and not other.skipped)
            values = FieldColumn(reader, table, each, draw, where, limits.artefact_bytes, others)
            yield values.column(Surroundings((each.name, table[1], *names), siblings))
            yield from values.told()
