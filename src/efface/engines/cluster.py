"""A Dask cluster: functions of one byte string that run in the cluster's workers.

What crosses the wire of ours is the name of a function and byte strings; keys are a token and a number, so that
neither the scheduler's log nor its pages show a place. Dask itself sends pickles between its processes, so a
cluster is trusted as much as the machines it runs on.

Source: Dask.distributed, "Client", "Resilience", "TLS/SSL" (distributed.dask.org).
"""

from __future__ import annotations

import logging
import os
import queue
import re
import secrets
import socket
import time
from concurrent.futures import CancelledError
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from efface.errors import AccessError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Cluster"]

_URL = re.compile(r"(dask|tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?/?")
_PORT = 8786  # of a Dask scheduler, unless it was told another
_FORMS = "Name it as dask://HOST:8786, or tls://HOST:8786 with Dask's own settings for certificates."
_LOOK_AGAIN_S = 2.0
_RESULT_S = 5.0


class Cluster:
    """A connection to a Dask scheduler.

    Args:
        url: `dask://host:port` or `tcp://host:port`; `tls://host:port` takes certificates from Dask's settings.
        connect_s: How long to try.
        alone_s: How long to wait for a worker when there is none.

    Raises:
        UsageError: The URL names no such engine, it cannot be reached, it has no worker, or the extra is missing.

    Not promised: that work begun on a worker ends at once when it is cancelled; what has not begun does not begin.
    """

    def __init__(self, url: str, *, connect_s: float = 10.0, alone_s: float = 60.0) -> None:
        address = _address(url)
        self._alone_s = alone_s
        self._token = secrets.token_hex(8)
        self._sent = 0
        self._open: dict[int, Any] = {}
        self._ended: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._client = _connected(address, url, connect_s)
        self._slots = 0
        self._counted_at = self._seen_at = time.monotonic()
        try:
            self._client.wait_for_workers(1, timeout=connect_s)
            self._count()
        except (OSError, TimeoutError) as error:
            self._client.close(timeout=2)
            raise UsageError(
                f"{url}: the engine has no worker", to_do="Start its workers: `dask worker HOST:8786`."
            ) from error

    @property
    def slots(self) -> int:
        """How many functions the workers run at the same time, as last counted; it may change at any moment."""
        return self._slots

    def everywhere(self, function: Callable[[bytes], bytes], argument: bytes) -> dict[str, bytes | Exception]:
        """Run a function once in each worker that is there now; give back what it returned or raised, by address."""
        try:
            answers: dict[str, Any] = self._client.run(function, argument, on_error="return")
        except OSError as error:
            raise _lost() from error
        return answers

    def submit(self, function: Callable[[bytes], bytes], argument: bytes) -> int:
        """Let some worker run a function; return the number under which `finished` tells its end."""
        self._sent += 1
        number = self._sent
        # A key of its own for each call: two clients with one key would share one result.
        future = self._client.submit(function, argument, key=f"efface-{self._token}-{number}", pure=False)
        self._open[number] = future
        future.add_done_callback(lambda _: self._ended.put(number))
        return number

    def finished(self, timeout_s: float) -> tuple[int, bytes | None] | None:
        """Wait for an end: its number with its result, or with None when it ended every worker that tried it.

        Returns:
            None when nothing ended in time.

        Raises:
            AccessError: The scheduler is gone, there has been no worker for too long, or the function raised.
        """
        self._count()
        try:
            number = self._ended.get(timeout=timeout_s)
        except queue.Empty:
            if self._client.status != "running":
                raise _lost() from None
            return None
        return self._result(number)

    def close(self, farewell: Callable[[bytes], bytes] | None = None, argument: bytes = b"") -> None:
        """Take back what has not begun, run a last function in each worker, and leave; nothing is raised."""
        if self._client.status == "running":  # else nobody hears it: each call would wait for a connection
            with suppress(Exception):
                self._client.cancel(list(self._open.values()), force=True)
                if farewell is not None:
                    self._client.run(farewell, argument, on_error="ignore")
        self._open.clear()
        with suppress(Exception):
            self._client.close(timeout=5)

    def _result(self, number: int) -> tuple[int, bytes | None] | None:
        distributed: Any = import_module("distributed")
        future = self._open[number]
        try:
            result = future.result(timeout=_RESULT_S)
        except TimeoutError:  # its worker died between the end and now: the scheduler has it done again
            self._ended.put(number)
            return None
        except distributed.KilledWorker:
            result = None
        except (CancelledError, distributed.client.FutureCancelledError) as error:
            raise _lost() from error
        except Exception as error:
            # The type only: a foreign message may hold anything.
            raise AccessError(
                f"the engine could not do its work ({type(error).__name__})",
                to_do="Look at the logs of its workers, then run the same command again: it goes on from there.",
            ) from error
        del self._open[number]
        return number, result

    def _count(self) -> None:
        """Count the workers' threads now and then; a cluster may grow, shrink and come back."""
        now = time.monotonic()
        if self._slots and now - self._counted_at < _LOOK_AGAIN_S:
            return
        self._counted_at = now
        try:
            self._slots = sum(self._client.nthreads().values())
        except (OSError, TimeoutError) as error:
            raise _lost() from error
        if self._slots:
            self._seen_at = now
        elif now - self._seen_at > self._alone_s:
            raise AccessError(
                "the engine has lost all of its workers",
                to_do="Start them and run the same command again: it goes on from there.",
            )


def _address(url: str) -> str:
    match = _URL.fullmatch(url)
    if match is None:  # it is not repeated: somebody may have put a password into it
        raise UsageError("what --engine says is not the address of an engine", to_do=_FORMS)
    scheme, host, port = match.groups()
    return f"{'tls' if scheme == 'tls' else 'tcp'}://{host}:{port or _PORT}"


def _connected(address: str, url: str, connect_s: float) -> Any:  # noqa: ANN401 - the library is partly untyped
    try:
        distributed: Any = import_module("distributed")  # an optional extra
    except ImportError as error:
        raise UsageError("the engine needs Dask: install efface[cluster]", to_do="") from error
    if "EFFACE_DEBUG" not in os.environ:
        # Dask writes to standard error whatever it thinks of its connections; we say it in our own words.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
    host, _, port = address.partition("://")[2].rpartition(":")
    try:
        # Dask tries again and again until its time is over, also where nobody listens.
        socket.create_connection((host.strip("[]"), int(port)), timeout=connect_s).close()
        return distributed.Client(address, timeout=connect_s, set_as_default=False)
    except Exception as error:  # what its connections raise is not listed anywhere
        raise UsageError(
            f"{url}: the engine cannot be reached ({type(error).__name__})",
            to_do="Check host and port, and that `dask scheduler` runs there; with tls://, its certificates.",
        ) from error


def _lost() -> AccessError:
    return AccessError(
        "the connection to the engine is lost",
        untouched="What was done is kept.",
        to_do="Run the same command again when it is back: it goes on from there.",
    )
