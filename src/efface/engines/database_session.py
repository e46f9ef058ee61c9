"""A session in a database through SQLAlchemy: made when it is first needed, and once again when it is lost."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from efface.engines.database import NeedsPasswordError, explained, is_lost, missing
from efface.errors import AccessError, EffaceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from efface.engines.database import Login, Session
    from efface.engines.database_dialects import Habits

__all__ = ["SqlSession"]

_BACK_OFF_S = 1.0


class SqlSession:
    """A connection that can only read, as far as its system lets a session say so.

    Args:
        login: How to get in.
        session: Its bounds.
        habits: How its system is spoken to.
    """

    def __init__(self, login: Login, session: Session, habits: Habits) -> None:
        self._login = login
        self._session = session
        self._habits = habits
        self._engine: Any = None

    def close(self) -> None:
        """End the session."""
        if self._engine is not None:
            with suppress(Exception):
                self._engine.dispose()
            self._engine = None

    def fetch(self, query: Any) -> list[Any]:  # noqa: ANN401 - an SQLAlchemy query
        """Return all rows of a query."""
        return self.do(lambda connection: list(connection.execute(query)))  # type: ignore[no-any-return]

    def stream(self, query: Any) -> Iterator[list[Any]]:  # noqa: ANN401 - an SQLAlchemy query
        """Yield the rows of a query some at a time."""
        try:
            with self._connect() as connection:
                result = connection.execution_options(stream_results=True).execute(query)
                yield from iter(lambda: result.fetchmany(64), [])
        except EffaceError:
            raise
        except Exception as error:  # noqa: BLE001 - a driver's error, of whatever kind
            if is_lost(error):
                self.close()
            raise explained(error) from None

    def do(self, work: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401
        """Do something on a connection; once more on a new one when it is lost."""
        for again in (True, False):
            try:
                with self._connect() as connection:
                    return work(connection, *arguments)
            except EffaceError:
                raise
            except Exception as error:  # noqa: BLE001 - a driver's error, of whatever kind
                if not is_lost(error):
                    raise explained(error) from None
                self.close()
                if not again:
                    raise explained(error) from None
                time.sleep(_BACK_OFF_S)
        raise AssertionError  # pragma: no cover

    def _connect(self) -> Any:  # noqa: ANN401
        if self._engine is None:
            self._engine = self._made()
        return self._engine.connect()

    def _made(self) -> Any:  # noqa: ANN401
        """Return an engine with one connection, tried once."""
        try:
            import sqlalchemy as sa  # noqa: PLC0415 - an extra
        except ImportError:
            raise missing("sqlalchemy and a driver") from None
        login = self._login
        url = sa.URL.create(
            self._habits.driver or login.scheme,
            login.user or None,
            login.password or None,
            login.host or None,
            login.port or None,
            login.database or None,
            {} if self._habits.connect else dict(login.parameters),
        )
        arguments = self._habits.connect(login) if self._habits.connect else {}
        try:
            engine = sa.create_engine(
                url, pool_size=1, max_overflow=1, hide_parameters=True, connect_args=arguments,
                isolation_level=self._habits.isolation,
            )  # fmt: skip
        except (ImportError, sa.exc.NoSuchModuleError):
            raise missing(f"a driver for {login.scheme}") from None
        except (sa.exc.ArgumentError, TypeError):
            raise UsageError("the address cannot be understood: a parameter is unknown") from None

        @sa.event.listens_for(engine, "connect")
        def _settings(connection: Any, _record: Any) -> None:  # noqa: ANN401
            cursor = connection.cursor()
            for statement in self._habits.settings(self._session, getattr(connection, "server_version", "")):
                cursor.execute(statement)
            cursor.close()

        try:
            engine.connect().close()
        except Exception as error:  # noqa: BLE001 - a driver's error, of whatever kind
            engine.dispose()
            if self._habits.wants_password(error):
                raise NeedsPasswordError(
                    "the database does not let this user in without the right password"
                ) from None
            raise AccessError(f"cannot connect to the database ({type(error).__name__})") from None
        return engine
