"""The guard as an ICAP server: a proxy asks it about each request (REQMOD) or response (RESPMOD).

What may pass is answered with 204, or with the message as it came where the proxy does not take a 204. What may
not is answered with a response of HTTP that holds a receipt. A message that breaks the protocol, takes too long or
is too large is never answered with "pass".

    icap://HOST:PORT/reqmod     requests
    icap://HOST:PORT/respmod    responses

Source: RFC 3507; X-Violations-Found and X-Infection-Found as proxies and their logs know them
(draft-stecher-icap-subid-00).
"""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from efface import __version__
from efface.errors import FormatError, LimitExceededError
from efface.formats.icap import Body, EndOfMessage, EndOfPreview, HttpHead, IcapReader, Request
from efface.guard import Door
from efface.guard.http_message import Message
from efface.server.receipt import PROBLEM_TYPE

if TYPE_CHECKING:
    from efface.formats.icap import Event
    from efface.server.access import Rate
    from efface.server.keeper import Doorkeeper
    from efface.server.receipt import Receipt
    from efface.server.spool import Spool

__all__ = ["IcapLimits", "IcapServer"]

_READ_BYTES: Final = 64 * 1024
_OPTIONS_TTL_S: Final = 300
_LINGER_S: Final = 10.0
_PATHS: Final = {"/reqmod": "REQMOD", "/respmod": "RESPMOD"}
_PHRASES: Final = {100: "Continue", 200: "OK", 204: "No Modifications Needed", 400: "Bad Request"} | {
    404: "ICAP Service Not Found",
    405: "Method Not Allowed For Service",
    408: "Request Timeout",
    503: "Service Overloaded",
}
_LOG: Final = logging.getLogger("efface.door")


@dataclass(frozen=True, slots=True)
class IcapLimits:
    """Budgets of connections.

    Attributes:
        connections: Most at once; a further one is told that the service is overloaded.
        idle_s: Longest silence between two messages of a connection.
        silence_s: Longest silence within a message.
        message_s: Longest time for one message to arrive.
        preview: How many bytes of a body proxies are told to show before they are told to continue; None for the
            whole body at once, which is always needed here and saves a turn. A proxy that shows some is understood
            in any case.
    """

    connections: int = 2_000
    idle_s: float = 120.0
    silence_s: float = 30.0
    message_s: float = 600.0
    preview: int | None = None


class _GoneError(Exception):
    """The other side went away."""


class IcapServer:
    """Answers connections; `handle` is the callback of `asyncio.start_server`.

    Args:
        keeper: Decides.
        limits: Budgets.
        rate: How many messages a second a peer may send; further ones wait. None for any number.
    """

    def __init__(
        self, keeper: Doorkeeper, limits: IcapLimits | None = None, rate: Rate | None = None
    ) -> None:
        self._keeper, self._limits, self._rate = keeper, limits or IcapLimits(), rate
        self._connections: set[_Connection] = set()
        keeper.metrics.gauges["efface_icap_connections"] = (
            "Connections of proxies.",
            lambda: len(self._connections),
        )
        self.is_stopping = False

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends."""
        connection = _Connection(self._keeper, self._limits, self._rate, reader, writer)
        try:
            if len(self._connections) >= self._limits.connections or self.is_stopping:
                self._keeper.metrics.turned_away("connections")
                await connection.say(503, close=True)
                return
            self._connections.add(connection)
            await connection.serve()
        except (_GoneError, ConnectionError):
            pass
        except asyncio.CancelledError:  # stopped by force; an answer that was not given is no permission
            return
        except Exception as error:  # noqa: BLE001 - a fault ends the connection, and the proxy fails closed
            _LOG.error(json.dumps({"event": "fault", "way": "icap", "error": type(error).__name__}))
        finally:
            self._connections.discard(connection)
            connection.ended.set()
            writer.close()
            with suppress(ConnectionError, TimeoutError, asyncio.CancelledError):
                async with asyncio.timeout(5):
                    await writer.wait_closed()

    async def stop(self, patience_s: float) -> None:
        """Let each connection finish the message that it is in, and close it."""
        self.is_stopping = True
        for connection in list(self._connections):
            connection.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await asyncio.gather(*(connection.ended.wait() for connection in list(self._connections)))


class _Connection:
    def __init__(
        self,
        keeper: Doorkeeper,
        limits: IcapLimits,
        rate: Rate | None,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._keeper, self._limits, self._rate = keeper, limits, rate
        self._reader, self._writer = reader, writer
        self._messages = IcapReader()
        self.ended = asyncio.Event()
        self._is_stopping = False
        self._is_idle = False
        peer = writer.get_extra_info("peername")
        self._peer = str(peer[0]) if isinstance(peer, tuple) else "local"

    def stop(self) -> None:
        """End after the message that is being answered, or at once where there is none."""
        self._is_stopping = True
        if self._is_idle:
            self._writer.close()

    async def serve(self) -> None:
        try:
            while not self._is_stopping:
                if self._rate is not None:
                    await self._rate.wait(self._peer)
                async with asyncio.timeout(self._limits.message_s):
                    request = await self._next()
                    if not isinstance(request, Request):
                        raise FormatError("expected a message")  # noqa: TRY301 - all faults end in one place
                    keep = await self._answer(request)
                if not keep or "close" in request.headers.get("connection", "").lower():
                    return
        except TimeoutError:
            await self.say(408, close=True)
        except FormatError:
            self._keeper.metrics.turned_away("not icap")
            await self.say(400, close=True)

    async def _next(self) -> Event:
        """Return the next event, reading as long as it takes within the limits."""
        while True:
            for event in self._messages.events():
                return event
            is_between = self._messages.is_between
            if is_between and self._is_stopping:
                raise _GoneError
            self._is_idle = is_between
            async with asyncio.timeout(self._limits.idle_s if is_between else self._limits.silence_s):
                data = await self._reader.read(_READ_BYTES)
            self._is_idle = False
            if not data:
                raise _GoneError
            self._messages.feed(data)

    # -- one message

    async def _answer(self, request: Request) -> bool:
        """Answer one message and return whether another one may follow on the connection."""
        method = _PATHS.get(urlsplit(request.uri).path.rstrip("/").lower())
        if request.method == "OPTIONS":
            await self._next()
            await self._options(method or "REQMOD")
            return True
        if method != request.method:
            await self.say(404 if method is None else 405, close=True)
            return False
        message = _message(request)
        with self._keeper.spool(message) as spool:
            continued, receipt = await self._received(request, spool)
            if receipt is None:
                # What a service gives out is no submission: responses are held to no form.
                form = "" if request.method == "RESPMOD" else None
                receipt = await self._keeper.decide(request.method.lower(), spool, message, schema=form)
                is_whole = True
            else:
                is_whole = False
            if not receipt.is_let_through:
                await self._refuse(receipt, close=not is_whole)
            elif request.allows_204 or (request.preview is not None and not continued):
                await self.say(204)
            else:
                await self._echo(request, spool)
            return is_whole

    async def _received(self, request: Request, spool: Spool) -> tuple[bool, Receipt | None]:
        """Take the body in; return whether the proxy was told to continue, and a receipt if it cannot be taken."""
        continued = False
        try:
            while not isinstance(event := await self._next(), EndOfMessage):
                if isinstance(event, Body):
                    try:
                        spool.write(event.data)
                    except LimitExceededError as error:
                        return continued, await self._keeper.hold(request.method.lower(), str(error))
                elif isinstance(event, EndOfPreview) and not event.is_all:
                    self._messages.go_on()
                    self._writer.write(b"ICAP/1.0 100 Continue\r\n\r\n")
                    await self._writer.drain()
                    continued = True
        except (MemoryError, OSError) as error:
            if isinstance(error, ConnectionError | TimeoutError):
                raise
            fault = "overloaded" if isinstance(error, MemoryError) else "no-space"
            return continued, await self._keeper.fault(request.method.lower(), fault)
        return continued, None

    # -- what is said

    async def say(self, status: int, extra: tuple[str, ...] = (), *, close: bool = False) -> None:
        """Answer without a message of HTTP."""
        self._start(status, "null-body=0", extra, close=close)
        await self._writer.drain()

    def _start(
        self, status: int, encapsulated: str, extra: tuple[str, ...] = (), *, close: bool = False
    ) -> None:
        lines = (
            f"ICAP/1.0 {status} {_PHRASES[status]}",
            f'ISTag: "{self._keeper.tag}"',
            f"Server: efface/{__version__}",
            "Connection: close" if close or self._is_stopping else "Connection: keep-alive",
            *extra,
            f"Encapsulated: {encapsulated}",
        )
        self._writer.write("\r\n".join((*lines, "", "")).encode("latin-1"))

    async def _options(self, method: str) -> None:
        extra = (
            f"Methods: {method}",
            "Service: efface guard",
            f"Max-Connections: {self._limits.connections}",
            f"Options-TTL: {_OPTIONS_TTL_S}",
            "Allow: 204",
            *(
                ()
                if self._limits.preview is None
                else (f"Preview: {self._limits.preview}", "Transfer-Preview: *")
            ),
        )
        await self.say(200, extra)

    async def _refuse(self, receipt: Receipt, *, close: bool) -> None:
        body = receipt.body()
        status = HTTPStatus(receipt.status)
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {PROBLEM_TYPE}\r\n"
            f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
        ).encode("ascii")
        self._start(200, f"res-hdr=0, res-body={len(head)}", _violations(receipt), close=close)
        self._writer.write(head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
        await self._writer.drain()
        if close:
            await self._linger()

    async def _linger(self) -> None:
        """Let what is still being sent run out, so that the answer is not lost with it (RFC 9112, 9.6)."""
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(_LINGER_S):
                while await self._reader.read(_READ_BYTES):
                    pass

    async def _echo(self, request: Request, spool: Spool) -> None:
        """Give the message back as it came, to a proxy that takes no 204."""
        heads = [request.http_response] if request.method == "RESPMOD" else [request.http_request]
        raw = b"".join(head.raw for head in heads if head is not None)
        names = ["res-hdr=0"] if request.method == "RESPMOD" else ["req-hdr=0"]
        kind = (
            ("res-body" if request.method == "RESPMOD" else "req-body") if request.has_body else "null-body"
        )
        shown = [*(names if raw else []), f"{kind}={len(raw)}"]
        self._start(200, ", ".join(shown))
        self._writer.write(raw)
        if request.has_body:
            for chunk in spool.written():
                self._writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                await self._writer.drain()
            self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()


def _message(request: Request) -> Message:
    """Return the head that describes the body: of a request, or of a response."""
    head: HttpHead | None = request.http_request if request.method == "REQMOD" else request.http_response
    if head is None:
        return Message("", ())
    return Message.of(head.start[1] if head.start[0] else "", head.headers)


def _violations(receipt: Receipt) -> tuple[str, ...]:
    """Return the headers by which proxies and their logs know a refusal; one line of text each."""
    rules = receipt.answer.rules or (receipt.answer.fault or f"efface-{receipt.answer.door}",)
    rows = "".join(
        f"\r\n\tbody\r\n\t{rule}\r\n\t{number}\r\n\t2" for number, rule in enumerate(rules, start=1)
    )
    resolution = 2 if receipt.answer.door is Door.REFUSE else 0
    return (
        f"X-Infection-Found: Type=2; Resolution={resolution}; Threat={rules[0]};",
        f"X-Violations-Found: {len(rules)}{rows}",
        f"X-Decision-Id: {receipt.id}",
    )
