"""The guard around an ASGI service: a request reaches the service when it may pass, byte for byte, or not at all.

    app.add_middleware(GuardMiddleware, options=DoorOptions(settings=Settings(case, as_of)))

Requests without a body and with nothing long in their head are decided on as well, and put on record. A websocket is
refused, since what comes over it is not looked at.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from efface.guard.http_message import Message
from efface.server.asgi import (
    GoneError,
    headers_of,
    peer_of,
    say_problem,
    say_receipt,
    take_body,
    target_of,
)
from efface.server.opening import DoorOptions, open_door

if TYPE_CHECKING:
    from efface.server.access import Rate
    from efface.server.asgi import App, Event, Receive, Scope, Send
    from efface.server.keeper import Doorkeeper
    from efface.server.spool import Spool

__all__ = ["GuardMiddleware"]


class GuardMiddleware:
    """Wraps an ASGI application.

    Args:
        app: The service.
        options: What the door is made of; used where no keeper is given. Its processes start with the service's
            lifespan, or with the first request.
        keeper: A door that is open already and that somebody else closes.
        way: A word for the door in the ledger and the metrics.
        rate: How many requests a second a peer may send; further ones get 429. None for any number.
    """

    def __init__(
        self,
        app: App,
        options: DoorOptions | None = None,
        *,
        keeper: Doorkeeper | None = None,
        way: str = "service",
        rate: Rate | None = None,
    ) -> None:
        self._app, self._options, self._way, self._rate = app, options or DoorOptions(), way, rate
        self._keeper = keeper
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of ASGI."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)
        else:
            await receive()
            await send(
                {"type": "websocket.close", "code": 1008, "reason": "not looked at, so not let through"}
            )

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def opened() -> Event:
            event = await receive()
            if event["type"] == "lifespan.startup":
                await self._open()
            return event

        async def closed(event: Event) -> None:
            if event["type"].startswith("lifespan.shutdown."):
                await self._stack.aclose()
            await send(event)

        await self._app(scope, opened, closed)

    async def _open(self) -> Doorkeeper:
        async with self._opening:
            if self._keeper is None:
                self._keeper = await self._stack.enter_async_context(open_door(self._options))
        return self._keeper

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        keeper = self._keeper or await self._open()
        if self._rate is not None and (early_s := self._rate.wait_s(peer_of(scope))):
            keeper.metrics.turned_away("rate")
            await say_problem(send, 429, "too many requests", (("retry-after", str(int(early_s) + 1)),))
            return
        message = Message.of(target_of(scope), headers_of(scope))
        with keeper.spool(message) as spool:
            try:
                receipt = await take_body(receive, spool, keeper, self._way)
            except GoneError:
                keeper.metrics.turned_away("gone")
                await say_problem(send, 408, "the body did not come to its end", (("connection", "close"),))
                return
            if receipt is None:
                receipt = await keeper.decide(self._way, spool, message)
            if receipt.is_let_through:
                await self._app(scope, _again(spool, receive), send)
            else:
                await say_receipt(send, receipt)


def _again(spool: Spool, receive: Receive) -> Receive:
    """Return what gives the body to the service, as it came."""
    pieces = spool.written()
    left = spool.size_written
    is_over = False

    async def give() -> Event:
        nonlocal left, is_over
        if is_over:
            return await receive()  # whether whoever asked is still there
        piece = next(pieces, b"")
        left -= len(piece)
        is_over = left <= 0
        return {"type": "http.request", "body": piece, "more_body": not is_over}

    return give
