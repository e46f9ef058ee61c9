"""One read-only session in a PostgreSQL database: bulk reads by COPY in binary form, as Arrow columns.

Every statement is a transaction of its own, so no snapshot is held while values are looked at. What one
statement gives is fetched as a whole before it is looked at, up to a bound, so that a slow detector does not
use up the statement's time, and so that a lost connection is made again and the statement repeated.

Source: PostgreSQL 18 documentation, 33.1.2 (connection parameters), 19.11.1 (statement behaviour); ADBC 1.1.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from efface.engines.database import NeedsPasswordError, explained, is_lost, missing
from efface.errors import AccessError, EffaceError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from efface.engines.database import Login, Session

__all__ = ["PARAMETERS", "PostgresSession"]

PARAMETERS = frozenset(
    [
        "sslmode",
        "sslrootcert",
        "sslcert",
        "sslkey",
        "sslcrl",
        "sslnegotiation",
        "ssl_min_protocol_version",
        "channel_binding",
        "gssencmode",
        "require_auth",
        "connect_timeout",
        "target_session_attrs",
        "host",
        "port",
        "user",
    ]
)
"""Parameters of a URL that are passed on."""

_HELD_BYTES = 64 << 20
_BACK_OFF_S = 1.0
_CONNECT_S = 10
_LOCK_MS = 5_000


class PostgresSession:
    """A connection that is made when it is first needed, and once again when it is lost.

    Args:
        login: How to get in.
        session: Its bounds.
    """

    def __init__(self, login: Login, session: Session) -> None:
        self._login = login
        self._session = session
        self._connection: Any = None

    def close(self) -> None:
        """End the session."""
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
            self._connection = None

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a small result.

        Raises:
            AccessError: It cannot be read.
            LimitExceededError: It took too long, or somebody else has locked it.
        """
        return [row for batch in self.batches(sql) for row in batch.to_pylist()]

    def batches(self, sql: str) -> Iterator[Any]:
        """Yield the Arrow batches of a result; raises as `rows` does."""
        held: list[Any] = []
        stream = self._batches(sql)
        try:
            try:
                _hold(stream, held)
            except Exception as error:
                if not is_lost(error):
                    raise
                self.close()
                time.sleep(_BACK_OFF_S)
                held.clear()
                stream = self._batches(sql)
                _hold(stream, held)
            while held:
                yield held.pop(0)
            yield from stream  # of what is larger than is held
        except EffaceError:
            raise
        except Exception as error:  # noqa: BLE001 - its text must not get out
            if is_lost(error):
                self.close()
            raise explained(error) from None
        finally:
            stream.close()

    def _batches(self, sql: str) -> Generator[Any, None, None]:
        with self._open().cursor() as cursor:
            cursor.execute(sql)
            reader = cursor.fetch_record_batch()
            try:
                yield from reader
            finally:
                reader.close()

    def _open(self) -> Any:  # noqa: ANN401 - an ADBC connection
        if self._connection is None:
            self._connection = self._connected()
        return self._connection

    def _connected(self) -> Any:  # noqa: ANN401 - an ADBC connection
        try:
            from adbc_driver_postgresql import dbapi  # noqa: PLC0415 - an extra
        except ImportError:
            raise missing("adbc-driver-postgresql and pyarrow") from None
        try:
            connection = dbapi.connect(_uri(self._login), autocommit=True)
        except Exception as error:  # noqa: BLE001 - of whatever kind: its text must not get out
            raise _refused(error) from None
        try:
            with connection.cursor() as cursor:
                for statement in self._settings():
                    cursor.execute(statement)
                cursor.execute("SELECT current_setting('server_encoding')")
                if cursor.fetchone() == (
                    "SQL_ASCII",
                ):  # texts of any encoding, or none: they come as they are
                    cursor.execute("SET client_encoding = 'SQL_ASCII'")
        except Exception as error:  # noqa: BLE001
            connection.close()
            raise explained(error) from None
        return connection

    def _settings(self) -> Iterator[str]:
        milliseconds = int(self._session.statement_seconds * 1000)
        yield "SET default_transaction_read_only = on"
        yield f"SET statement_timeout = {milliseconds}"
        yield f"SET lock_timeout = {min(_LOCK_MS, milliseconds)}"
        yield f"SET idle_in_transaction_session_timeout = {milliseconds}"
        yield "SET search_path = pg_catalog"  # no function or operator of a user stands before the system's
        yield "SET row_security = on"
        yield "SET extra_float_digits = 3"


def _hold(stream: Iterator[Any], held: list[Any]) -> None:
    """Fetch a result to its end, or up to a bound."""
    size = 0
    for batch in stream:
        held.append(batch)
        size += batch.nbytes
        if size > _HELD_BYTES:
            return


def _uri(login: Login) -> str:
    """Return the libpq URI; it stays in this process."""
    parameters = {"application_name": "efface", "connect_timeout": str(_CONNECT_S), "client_encoding": "UTF8"}
    parameters |= dict(login.parameters)
    host = ""
    if login.host.startswith("/"):
        parameters |= {"host": login.host, "port": str(login.port)}
    else:
        host = f"[{login.host}]" if ":" in login.host else login.host
        host += f":{login.port}"
    who = quote(login.user, safe="")
    if login.password:
        who += ":" + quote(login.password, safe="")
    place = f"{who}@{host}" if who else host
    return f"postgresql://{place}/{quote(login.database, safe='')}?{urlencode(parameters, quote_via=quote)}"


def _refused(error: Exception) -> AccessError:
    """Return why there is no connection, told from the driver's words but not in them."""
    text = str(error).lower()
    if "password" in text or "28p01" in text:
        return NeedsPasswordError("the database does not let this user in without the right password")
    for words, told in (
        (("does not exist",), "there is no such database or user"),
        (("certificate", "ssl", "tls"), "a protected connection (TLS) cannot be made as asked"),
        (("refused", "no such file"), "no server answers there"),
        (("could not translate", "name or service"), "the name of the host is not known"),
        (("timeout", "timed out"), "the server does not answer in time"),
        (("too many", "remaining connection slots"), "the server has no connection left"),
        (("pg_hba", "authentication"), "the server does not let this user in from here"),
    ):
        if any(word in text for word in words):
            return AccessError(f"cannot connect: {told}")
    return AccessError("cannot connect to the database")
