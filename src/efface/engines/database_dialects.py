"""What single database systems need that SQLAlchemy does not say: read-only sessions, time limits, stamps, sizes.

Sources: MariaDB 10.11 and MySQL 8.4 reference manuals (SET TRANSACTION, max_statement_time, max_execution_time,
INFORMATION_SCHEMA TABLES); PyMySQL 1.1 connections.py (connection arguments).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from efface.engines.database import Login, Session

__all__ = ["MYSQL_PARAMETERS", "Habits", "habits_of"]

MYSQL_PARAMETERS = frozenset(
    {"unix_socket", "sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout"}
)

_SYSTEM = frozenset(
    [
        "information_schema",
        "performance_schema",
        "mysql",
        "sys",
        "sys_schema",
        "pg_catalog",
        "dbsnmp",
        "outln",
        "xdb",
        "mdsys",
        "ctxsys",
        "wmsys",
        "appqossys",
        "gsmadmin_internal",
        "system",
        "audsys",
        "guest",
        "db_accessadmin",
        "db_backupoperator",
        "db_datareader",
        "db_datawriter",
        "db_ddladmin",
        "db_denydatareader",
        "db_denydatawriter",
        "db_owner",
        "db_securityadmin",
    ]
)
"""Schemas of the systems themselves; a user's tables do not belong there."""

_FRESH_S = 3
_LISTED = """
SELECT t.TABLE_NAME, COALESCE(t.DATA_LENGTH, 0),
  CASE WHEN t.UPDATE_TIME IS NOT NULL AND t.UPDATE_TIME < NOW() - INTERVAL {fresh} SECOND
    THEN CONCAT_WS(':', t.CREATE_TIME, t.UPDATE_TIME, t.ENGINE, t.AUTO_INCREMENT,
      (SELECT MD5(CONCAT(COUNT(*), COALESCE(SUM(CRC32(CONCAT(c.COLUMN_NAME, c.COLUMN_TYPE, c.PRIVILEGES))), 0)))
        FROM information_schema.COLUMNS c WHERE c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME))
    ELSE '' END
FROM information_schema.TABLES t
WHERE t.TABLE_SCHEMA = :schema AND t.TABLE_TYPE NOT LIKE '%VIEW%' AND t.TABLE_TYPE <> 'SEQUENCE'
"""
"""Tables with size and stamp. The time of the last change is kept in memory, in whole seconds, and is null after a
restart until the next change: then, and right after a change, there is no stamp."""

_USING = """
SELECT VIEW_SCHEMA, VIEW_NAME FROM information_schema.VIEW_TABLE_USAGE
WHERE TABLE_SCHEMA = :schema AND TABLE_NAME = :table
"""
"""Only views and tables that the user may see are in it, so that it does not say whether a view shows more."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How one system is spoken to.

    Attributes:
        driver: SQLAlchemy's name for it, or "" for the scheme as given.
        isolation: Isolation level of the session, or None.
        length: Function for the size of a value in bytes, or "".
        is_one_schema: Whether a database is one schema.
        connect: Makes the driver's arguments, or None.
        settings: Gives the statements that begin a session.
        listed: Gives names, sizes in bytes and stamps of the tables of a schema, or nothing.
        passwords: Numbers of the errors that ask for another password.
        shown_in: Gives the views that use a table, where the system tells; else nothing.
    """

    driver: str = ""
    isolation: str | None = None
    length: str = ""
    is_one_schema: bool = False
    connect: Callable[[Login], dict[str, Any]] | None = None
    settings: Callable[[Session, str], Iterator[str]] = lambda _session, _version: iter(())
    listed: Callable[[Any, str], list[tuple[str, int, str]]] = lambda _connection, _schema: []
    passwords: frozenset[int | str] = frozenset()
    shown_in: Callable[[Any, str, str], list[str]] = lambda _connection, _schema, _table: []

    def is_system(self, schema: str) -> bool:
        """Return whether a schema belongs to the system itself."""
        return schema.lower() in _SYSTEM or schema.startswith("APEX_")

    def wants_password(self, error: Exception) -> bool:
        """Return whether a connection failed for its password."""
        inner = getattr(error, "orig", None) or error
        first = inner.args[0] if inner.args else None
        code = first.get("C") if isinstance(first, dict) else first
        return code in self.passwords or "password" in str(inner).lower()


def habits_of(scheme: str) -> Habits:
    """Return how to speak to the system of a scheme."""
    base = scheme.partition("+")[0]
    if base == "mysql":
        return Habits(
            "mysql+pymysql" if scheme == base else "",
            "AUTOCOMMIT",
            "length",
            is_one_schema=True,
            connect=_mysql_arguments,
            settings=_mysql_settings,
            listed=_mysql_listed,
            passwords=frozenset({1045, 1698}),
            shown_in=_mysql_shown_in,
        )
    if base == "sqlite":
        return Habits(settings=lambda _session, _version: iter(("PRAGMA query_only = ON",)))
    if base == "postgresql":
        return Habits(settings=_postgres_settings, passwords=frozenset({"28P01", "28000"}))
    if base == "oracle":
        return Habits()
    return Habits()


def _mysql_arguments(login: Login) -> dict[str, Any]:
    """Return what PyMySQL takes; name and password come from ~/.my.cnf where nothing else gives them."""
    parameters = dict(login.parameters)
    arguments: dict[str, Any] = {
        "program_name": "efface",
        "charset": "utf8mb4",
        "connect_timeout": int(parameters.get("connect_timeout", 10)),
        "local_infile": False,
    }
    own = os.path.expanduser("~/.my.cnf")
    if not login.user and os.path.isfile(own):
        arguments |= {"read_default_file": own, "read_default_group": "client"}
    if "unix_socket" in parameters or login.host.startswith("/"):
        arguments["unix_socket"] = parameters.get("unix_socket", login.host)
    mode = parameters.get("sslmode", "")
    if "sslrootcert" in parameters:
        arguments["ssl_ca"] = parameters["sslrootcert"]
        arguments["ssl_verify_cert"] = True
        arguments["ssl_verify_identity"] = mode != "verify-ca"
    elif mode in {"verify-ca", "verify-full"}:
        arguments["ssl"] = {"check_hostname": mode == "verify-full", "verify_mode": "required"}
    elif mode == "require":
        arguments["ssl"] = {"check_hostname": False, "verify_mode": "none"}
    elif mode == "disable":
        arguments["ssl_disabled"] = True
    for word, key in (("ssl_cert", "sslcert"), ("ssl_key", "sslkey")):
        if key in parameters:
            arguments[word] = parameters[key]
    return arguments


def _mysql_settings(session: Session, version: str) -> Iterator[str]:
    yield "SET SESSION TRANSACTION READ ONLY"
    yield "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
    if "mariadb" in version.lower():
        yield f"SET SESSION max_statement_time = {session.statement_seconds}"
    else:
        yield f"SET SESSION max_execution_time = {int(session.statement_seconds * 1000)}"
        yield "SET SESSION information_schema_stats_expiry = 0"
    yield "SET SESSION lock_wait_timeout = 5"
    yield "SET SESSION sql_mode = ''"


def _mysql_listed(connection: Any, schema: str) -> list[tuple[str, int, str]]:  # noqa: ANN401 - SQLAlchemy's
    import sqlalchemy as sa  # noqa: PLC0415 - an extra

    query = sa.text(_LISTED.format(fresh=_FRESH_S))
    return [
        (str(n), int(size), str(stamp)) for n, size, stamp in connection.execute(query, {"schema": schema})
    ]


def _mysql_shown_in(connection: Any, schema: str, table: str) -> list[str]:  # noqa: ANN401 - SQLAlchemy's
    """Return the views over a table, and over those; MariaDB and MySQL before 8.0.13 do not tell (no such table)."""
    import sqlalchemy as sa  # noqa: PLC0415 - an extra

    found: dict[tuple[str, str], None] = {}
    waiting = [(schema, table)]
    while waiting:
        where = dict(zip(("schema", "table"), waiting.pop(), strict=True))
        try:
            rows = connection.execute(sa.text(_USING), where).fetchall()
        except sa.exc.DBAPIError as error:
            if error.connection_invalidated:
                raise
            return []
        fresh = [(str(row[0]), str(row[1])) for row in rows]
        waiting += [each for each in fresh if each not in found]
        found |= dict.fromkeys(fresh)
    return sorted(f"{view_schema}.{view}" for view_schema, view in found)


def _postgres_settings(session: Session, _version: str) -> Iterator[str]:
    yield "SET default_transaction_read_only = on"
    yield f"SET statement_timeout = {int(session.statement_seconds * 1000)}"
