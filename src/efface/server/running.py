"""Run a door until it is told to stop: listen, answer monitors, take new rules while running, drain at the end.

SIGTERM or SIGINT: no new connection; what is being decided is answered; then everything closes.
SIGHUP: case and packs are read anew. If they are faulty the old ones stay in force and the log says so.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
import ssl
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from efface.errors import EffaceError, UsageError
from efface.server.opening import DoorOptions, open_door
from efface.server.status import status_application

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from efface.engines.kafka import KafkaPipe
    from efface.guard import Settings
    from efface.server.access import Rate, Tokens
    from efface.server.asgi import App
    from efface.server.icap import IcapLimits
    from efface.server.kafka import Topics
    from efface.server.keeper import Doorkeeper

__all__ = ["Listening", "Tls", "run_http", "run_icap", "run_stream"]

_DRAIN_S: Final = 30.0
_HEAD_S: Final = 10.0
_LOG: Final = logging.getLogger("efface.door")


@dataclass(frozen=True, slots=True)
class Tls:
    """Files of a server's TLS, in PEM.

    Attributes:
        certificate: With the chain.
        key: Of the certificate.
        client_ca: Whose certificates clients must show, or None to ask for none.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Return the context of a server.

        Raises:
            UsageError: A file cannot be read or does not fit.
        """
        try:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_cert_chain(self.certificate, self.key)
            if self.client_ca is not None:
                context.load_verify_locations(self.client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
        except (OSError, ssl.SSLError) as error:
            raise UsageError(f"certificate and key cannot be used: {type(error).__name__}") from None
        return context


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a door listens and how it is run.

    Attributes:
        host: Address of the door.
        port: Port of the door; 0 for a free one.
        tls: Or None for plain text.
        status: Address and port for monitors, or None.
        tokens: That monitors and the check endpoint ask for, or None.
        rate: Of each peer, or None.
        connections: Most at once.
        reread: Reads case and packs anew.
        told: Is called with the port once the door listens.
    """

    host: str
    port: int
    tls: Tls | None = None
    status: tuple[str, int] | None = None
    tokens: Tokens | None = None
    rate: Rate | None = None
    connections: int = 2_000
    reread: Callable[[], Settings] | None = None
    told: Callable[[int], None] | None = None


def run_http(options: DoorOptions, listening: Listening, make: Callable[[Doorkeeper], App]) -> None:
    """Run a door over HTTP until a signal ends it.

    Raises:
        EffaceError: It cannot listen, or its processes do not start.
    """

    async def serve(keeper: Doorkeeper, stop: asyncio.Event) -> None:
        bound = _bound(listening.host, listening.port)
        async with _http(make(keeper), bound, listening):
            _say_listening(listening, "http", bound)
            await stop.wait()

    asyncio.run(_run(options, listening, serve))


def run_icap(options: DoorOptions, listening: Listening, limits: IcapLimits) -> None:
    """Run an ICAP server until a signal ends it.

    Raises:
        EffaceError: It cannot listen, or its processes do not start.
    """
    from efface.server.icap import IcapServer  # noqa: PLC0415 - of this door only

    async def serve(keeper: Doorkeeper, stop: asyncio.Event) -> None:
        icap = IcapServer(keeper, limits, listening.rate)
        bound = _bound(listening.host, listening.port)
        context = None if listening.tls is None else listening.tls.context()
        server = await asyncio.start_server(icap.handle, sock=bound, ssl=context)
        _say_listening(listening, "icap", bound)
        await stop.wait()
        server.close()
        await icap.stop(_DRAIN_S)

    asyncio.run(_run(options, listening, serve))


def run_stream(
    options: DoorOptions, listening: Listening, pipe: Callable[[], KafkaPipe], topics: Topics
) -> None:
    """Run a door in a stream until a signal ends it.

    Raises:
        EffaceError: The pipe cannot be opened or go on, or the door's processes do not start.
    """
    from efface.server.kafka import Stream  # noqa: PLC0415 - of this door only

    async def serve(keeper: Doorkeeper, stop: asyncio.Event) -> None:
        opened = await asyncio.to_thread(pipe)
        try:
            _say("streaming", way="kafka")
            await Stream(keeper, opened, topics).run(stop)
        finally:
            await asyncio.to_thread(opened.close)

    asyncio.run(_run(options, listening, serve))


async def _run(options: DoorOptions, listening: Listening, serve: Any) -> None:  # noqa: ANN401 - one of the two above
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        keeper = await stack.enter_async_context(open_door(options))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        reloading = _Reloading(keeper, listening.reread)
        loop.add_signal_handler(signal.SIGHUP, reloading.begin)
        if listening.status is not None:
            bound = _bound(*listening.status)
            await stack.enter_async_context(_http(status_application(keeper, listening.tokens), bound, None))
        await serve(keeper, stop)
        _say("stopped")


class _Reloading:
    """Takes new rules, one reload at a time."""

    def __init__(self, keeper: Doorkeeper, reread: Callable[[], Settings] | None) -> None:
        self._keeper, self._reread = keeper, reread
        self._task: asyncio.Task[None] | None = None
        self._refused = 0
        keeper.metrics.gauges["efface_guard_reloads_refused"] = (
            "Reloads that were refused since their packs or case were faulty.",
            lambda: self._refused,
        )

    def begin(self) -> None:
        if self._reread is not None and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._reload(self._reread))

    async def _reload(self, reread: Callable[[], Settings]) -> None:
        try:
            await self._keeper.reload(await asyncio.to_thread(reread))
        except EffaceError as error:
            self._refused += 1
            _say("reload refused, the old rules stay in force", detail=str(error)[:2_000])
        else:
            _say("reloaded", tag=self._keeper.tag)


def _bound(host: str, port: int) -> socket.socket:
    bound = None
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        bound = socket.socket(found[0], found[1])
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(found[4])
        bound.listen(1_024)
        bound.setblocking(False)
    except OSError as error:
        if bound is not None:
            bound.close()
        raise UsageError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return bound


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs the door."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Patient(H11Protocol):
    """Closes a connection whose request does not come in time: a slow sender must not hold it for ever."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._wait()
        elif self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(_HEAD_S, self._close_if_idle)

    def _close_if_idle(self) -> None:
        self._timer = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()


@asynccontextmanager
async def _http(app: App, bound: socket.socket, listening: Listening | None) -> AsyncIterator[None]:
    """Serve an application until the block ends; then let what is being answered be answered."""
    tls = None if listening is None else listening.tls
    config = uvicorn.Config(
        app,
        http=_Patient,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=None if listening is None else listening.connections,
        timeout_graceful_shutdown=int(_DRAIN_S),
        lifespan="on" if listening is not None else "off",
        ssl_certfile=None if tls is None else str(tls.certificate),
        ssl_keyfile=None if tls is None else str(tls.key),
        ssl_ca_certs=None if tls is None or tls.client_ca is None else str(tls.client_ca),
        ssl_cert_reqs=ssl.CERT_REQUIRED if tls is not None and tls.client_ca is not None else ssl.CERT_NONE,
    )
    if tls is not None:
        tls.context()  # says in words what does not fit
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        while not server.started and not task.done():  # noqa: ASYNC110 - the server offers nothing to wait for
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await task


def _say_listening(listening: Listening, way: str, bound: socket.socket) -> None:
    port = bound.getsockname()[1]
    _say("listening", way=way, host=listening.host, port=port)
    if listening.told is not None:
        listening.told(port)


def _say(event: str, **more: object) -> None:
    _LOG.info(json.dumps({"event": event, **more}, ensure_ascii=False))
