"""Addresses of databases: what a person types, what a login needs, and what a locator shows of it.

Source: RFC 3986, 3.2 (authority); PostgreSQL 18 documentation, 33.1.1.2 (connection URIs); SQLAlchemy 2.0,
"Database URLs".
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from efface.engines.database import Login, Rows
from efface.engines.database_dialects import MYSQL_PARAMETERS
from efface.engines.postgres_session import PARAMETERS as POSTGRES_PARAMETERS
from efface.errors import UsageError
from efface.model import Locator

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Address", "column_of", "fragment_of", "is_database", "parse_address", "rows_of"]

_ALIASES = {"postgres": "postgresql", "mariadb": "mysql"}
_PORTS = {"postgresql": 5432, "mysql": 3306, "oracle": 1521, "mssql": 1433}
_SYSTEMS = frozenset(
    [
        "postgresql",
        "postgres",
        "mysql",
        "mariadb",
        "oracle",
        "mssql",
        "db2",
        "ibm_db_sa",
        "duckdb",
        "clickhouse",
        "clickhousedb",
        "cockroachdb",
        "redshift",
        "snowflake",
        "firebird",
        "hana",
        "dm",
        "kingbase",
        "opengauss",
        "oceanbase",
        "starrocks",
        "doris",
        "trino",
        "presto",
        "hive",
        "databricks",
    ]
)
"""Schemes that name a database by themselves; with `+driver` any SQLAlchemy scheme does."""
_NO_DATABASES = frozenset({"git", "svn", "hg", "http", "https"})
_SECRETS = re.compile(r"passw|pwd|secret|token|odbc_connect|credential|private_key", re.IGNORECASE)
_NAMING = ("service_name", "sid", "instance", "warehouse", "schema", "role", "catalog")
"""Parameters that are part of which database it is."""
_ENVIRONMENT = {
    "postgresql": ("PGUSER", "PGPASSWORD"),
    "mysql": ("MYSQL_USER", "MYSQL_PWD"),
    "": ("EFFACE_DB_USER", "EFFACE_DB_PASSWORD"),
}
_ESCAPES = (("~", "~0"), ("/", "~1"), (".", "~2"), (";", "~3"))
"""As JSON pointers escape (RFC 6901, 3), with the two marks that are ours."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is, without a password.

    Attributes:
        login: How to get in, as far as the address says.
        locator: The database as a place; neither user nor parameters are in it.
    """

    login: Login
    locator: Locator


def is_database(target: str) -> bool:
    """Return whether a target is the address of a database server, or of anything that SQLAlchemy reads."""
    scheme, mark, _ = target.partition("://")
    base, plus, driver = scheme.lower().partition("+")
    if not mark or not re.fullmatch(r"[a-z][a-z0-9_]*", base) or base in _NO_DATABASES:
        return False
    return base in _SYSTEMS or bool(plus and driver)


def parse_address(target: str) -> Address:
    """Return what an address says.

    Raises:
        UsageError: It holds a password, or cannot be understood.
    """
    try:
        parts = urlsplit(target)
        port = parts.port
        secret = parts.password is not None
        parameters = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        raise UsageError("the address of the database cannot be understood") from None
    if secret or any(_SECRETS.search(name) for name, _ in parameters):
        raise UsageError(
            "a password in an argument can be read by everybody on this machine",
            to_do="Give it in PGPASSWORD, MYSQL_PWD or EFFACE_DB_PASSWORD, in ~/.pgpass or ~/.my.cnf, in the "
            "keyring (keyring set efface USER@PLACE), or when asked at a terminal.",
        )
    scheme = parts.scheme.lower()
    base = _ALIASES.get(scheme.partition("+")[0], scheme.partition("+")[0])
    scheme = base + (f"+{scheme.partition('+')[2]}" if "+" in scheme else "")
    _refuse_unknown(scheme, parameters)
    given = dict(parameters)
    host = (parts.hostname or "") if base == "sqlite" else _host(base, parts.hostname, given)
    port = port or int(given.pop("port", "0") or 0) or (_PORTS.get(base, 0) if host else 0)
    user = unquote(parts.username or "") or given.pop("user", "")
    database = unquote(parts.path[1:])
    if base == "postgresql" and not database:
        raise UsageError("name the database", to_do="As in postgresql://host:5432/database.")
    kept = tuple(sorted(given.items()))
    login = Login(scheme, host, port, database, user, "", kept)
    return Address(login, Locator(base if base in _PORTS else scheme, (_shown(login, base),)))


def _host(base: str, host: str | None, given: dict[str, str]) -> str:
    named = (
        given.pop("host", "")
        if base == "postgresql"
        else given.get("unix_socket", "")
        if base == "mysql"
        else ""
    )
    fallback = os.environ.get("PGHOST", "localhost") if base == "postgresql" else "localhost"
    return unquote(host or "").lower() or named or (fallback if base in {"postgresql", "mysql"} else "")


def _refuse_unknown(scheme: str, parameters: list[tuple[str, str]]) -> None:
    known = {"postgresql": POSTGRES_PARAMETERS, "mysql": MYSQL_PARAMETERS}.get(scheme)
    for name, _ in parameters:
        if known is not None and name not in known:
            raise UsageError(
                f"unknown parameter {name!r} in the address of the database",
                to_do=f"Known are: {', '.join(sorted(known))}.",
            )


def _shown(login: Login, base: str) -> str:
    host = f"[{login.host}]" if ":" in login.host or login.host.startswith("/") else login.host
    place = f"{host}:{login.port}" if login.port else host
    if login.database or base not in _PORTS:
        place += f"/{login.database}"
    naming = [f"{name}={value}" for name, value in login.parameters if name in _NAMING]
    return place + (f";{';'.join(naming)}" if naming else "")


def environment_of(scheme: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """Return user and password that the environment gives for a kind of database."""
    found = ["", ""]
    for base in (scheme.partition("+")[0], ""):
        for place, name in enumerate(_ENVIRONMENT.get(base, ())):
            found[place] = found[place] or environment.get(name, "")
    return found[0], found[1]


def _escaped(name: str) -> str:
    for mark, code in _ESCAPES:
        name = name.replace(mark, code)
    return name


def _plain(name: str) -> str:
    for mark, code in reversed(_ESCAPES):
        name = name.replace(code, mark)
    return name


def fragment_of(schema: str, table: str, rows: Rows | None = None, column: str | None = None) -> str:
    """Return the fragment of a column, of a table, or of rows of a table."""
    fragment = f"/{_escaped(schema)}.{_escaped(table)}" if schema else f"/{_escaped(table)}"
    if column is not None:
        return f"{fragment}/{column.replace('~', '~0').replace('/', '~1')}"
    if rows is not None and rows.part:
        fragment += f";part={rows.part}"
    if rows is not None and (rows.low is not None or rows.high is not None):
        ends = ("" if end is None else str(end) for end in (rows.low, rows.high))
        fragment += f";rows={','.join(ends)}"
    if rows is not None and rows.is_view:
        fragment += ";view"
    return fragment + (f";drawn={rows.drawn}" if rows is not None and rows.drawn else "")


def column_of(fragment: str) -> tuple[str, str, str]:
    """Return schema, table and column of a fragment that `fragment_of` made of a column.

    Raises:
        ValueError: It is none.
    """
    name, mark, column = fragment.removeprefix("/").partition("/")
    if not (fragment.startswith("/") and mark and column):
        message = "not the place of a column"
        raise ValueError(message)
    schema, table, _ = rows_of(name)
    return schema, table, column.replace("~1", "/").replace("~0", "~")


def rows_of(fragment: str) -> tuple[str, str, Rows]:
    """Return schema, table and rows of a fragment that `fragment_of` made.

    Raises:
        ValueError: It is none.
    """
    name, *options = fragment.removeprefix("/").split(";")
    schema, mark, table = name.partition(".")
    given = dict(option.partition("=")[::2] for option in options)
    low, _, high = given.get("rows", ",").partition(",")
    rows = Rows(
        given.get("part", ""),
        int(low) if low else None,
        int(high) if high else None,
        int(given.get("drawn", 0)),
        "view" in given,
    )
    return (_plain(schema), _plain(table), rows) if mark else ("", _plain(schema), rows)
