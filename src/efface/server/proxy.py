"""A reverse proxy: what the guard lets through goes on to one service behind it, and its answer comes back.

Bodies are passed on in pieces. Fields that are about one connection are taken off on both ways, and `Via` is added.
An upgrade is not passed on. The service behind is asked over plain HTTP/1.1, or TLS with `https://`.

Source: RFC 9110, 7.6.1 (Connection), 7.6.3 (Via), 9.2.2 (idempotent methods); RFC 9112 (HTTP/1.1).
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import h11

from efface.errors import UsageError
from efface.server.asgi import headers_of, say_problem, target_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from efface.server.asgi import Receive, Scope, Send

__all__ = ["Proxy"]

_READ_BYTES: Final = 64 * 1024
_CONNECT_S: Final = 10.0
_SILENCE_S: Final = 300.0
_MOST_IDLE: Final = 64
_AGAIN: Final = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"}
_HOP_BY_HOP: Final = {
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


class _UpstreamError(Exception):
    """The service behind does not answer, or not in HTTP; `is_unheard` says that it gave no byte of an answer."""

    def __init__(self, *, is_unheard: bool) -> None:
        super().__init__()
        self.is_unheard = is_unheard


@dataclass(slots=True, eq=False)
class _Line:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    state: h11.Connection


class Proxy:
    """An ASGI application that asks another service.

    Args:
        upstream: `http://HOST:PORT` or `https://HOST:PORT`, with a path that is put before each request's, or none.

    Raises:
        UsageError: It is no such address.
    """

    def __init__(self, upstream: str) -> None:
        try:
            parts = urlsplit(upstream)
            port = parts.port
        except ValueError:
            raise UsageError("the address of the service behind cannot be read") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.username:
            raise UsageError("expected http://HOST:PORT or https://HOST:PORT for the service behind")
        self._host = parts.hostname
        self._port = port or (443 if parts.scheme == "https" else 80)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._before = parts.path.rstrip("/")
        self._idle: list[_Line] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            self.close()
            return
        request = h11.Request(
            method=scope["method"],
            target=(self._before + target_of(scope)).encode("latin-1"),
            headers=[*_end_to_end(headers_of(scope)), ("via", "1.1 efface"), *_framing(scope)],
        )
        is_repeatable = scope["method"] in _AGAIN and not _has_body(scope)
        try:
            await self._asked(request, receive, send, fresh=not is_repeatable)
        except _UpstreamError as error:
            if not (is_repeatable and error.is_unheard):
                await say_problem(send, 502, "the service behind does not answer")
                return
            try:
                await self._asked(request, receive, send, fresh=True)
            except _UpstreamError:
                await say_problem(send, 502, "the service behind does not answer")

    def close(self) -> None:
        """Close the connections that are kept."""
        for line in self._idle:
            line.writer.close()
        self._idle.clear()

    async def _asked(self, request: h11.Request, receive: Receive, send: Send, *, fresh: bool) -> None:
        line = await self._line(fresh=fresh)
        is_begun = is_reusable = False
        try:
            await _send_request(line, request, receive)
            while True:
                event = await _next_event(line)
                if isinstance(event, h11.Response):
                    is_begun = True
                    headers = [(n.decode("ascii"), v.decode("latin-1")) for n, v in event.headers]
                    raw = [(n.encode("ascii"), v.encode("latin-1")) for n, v in _end_to_end(headers)]
                    await send(
                        {
                            "type": "http.response.start",
                            "status": event.status_code,
                            "headers": [*raw, (b"via", b"1.1 efface")],
                        }
                    )
                elif isinstance(event, h11.Data):
                    await send({"type": "http.response.body", "body": bytes(event.data), "more_body": True})
                elif isinstance(event, h11.EndOfMessage):
                    await send({"type": "http.response.body", "body": b""})
                    is_reusable = line.state.our_state is h11.DONE and line.state.their_state is h11.DONE
                    return
                elif not isinstance(event, h11.InformationalResponse):
                    raise _UpstreamError(is_unheard=not is_begun)
        except (OSError, h11.ProtocolError, TimeoutError):
            if is_begun:
                raise  # a part of the answer has gone out; the connection of whoever asked is cut
            raise _UpstreamError(is_unheard=line.state.their_state is h11.SEND_RESPONSE) from None
        finally:
            self._put_back(line, is_reusable=is_reusable)

    async def _line(self, *, fresh: bool) -> _Line:
        while self._idle and not fresh:
            line = self._idle.pop()
            if not line.reader.at_eof() and not line.writer.is_closing():
                return line
            line.writer.close()
        try:
            async with asyncio.timeout(_CONNECT_S):
                reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._tls)
        except (OSError, TimeoutError):
            raise _UpstreamError(is_unheard=False) from None
        return _Line(reader, writer, h11.Connection(h11.CLIENT))

    def _put_back(self, line: _Line, *, is_reusable: bool) -> None:
        if is_reusable and len(self._idle) < _MOST_IDLE:
            line.state.start_next_cycle()
            self._idle.append(line)
        else:
            line.writer.close()


async def _send_request(line: _Line, request: h11.Request, receive: Receive) -> None:
    line.writer.write(line.state.send(request) or b"")
    more = True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise _UpstreamError(is_unheard=False)
        if event.get("body"):
            line.writer.write(line.state.send(h11.Data(data=event["body"])) or b"")
            await line.writer.drain()
        more = event.get("more_body", False)
    line.writer.write(line.state.send(h11.EndOfMessage()) or b"")
    await line.writer.drain()


async def _next_event(line: _Line) -> object:
    while (event := line.state.next_event()) is h11.NEED_DATA:
        async with asyncio.timeout(_SILENCE_S):
            line.state.receive_data(await line.reader.read(_READ_BYTES))
    return event


def _end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    every = list(headers)
    named = {
        each.strip().lower()
        for name, value in every
        if name.lower() == "connection"
        for each in value.split(",")
    }
    return [(name, value) for name, value in every if name.lower() not in _HOP_BY_HOP | named]


def _has_body(scope: Scope) -> bool:
    return any(name in {"content-length", "transfer-encoding"} for name, _ in headers_of(scope))


def _framing(scope: Scope) -> list[tuple[str, str]]:
    """Return how a body is framed that came in chunks: in chunks again."""
    names = {name for name, _ in headers_of(scope)}
    return [("transfer-encoding", "chunked")] if "transfer-encoding" in names else []


async def _live(receive: Receive, send: Send) -> None:
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return
