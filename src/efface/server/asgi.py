"""What the doors over HTTP share: take a body in within limits, and answer with a receipt (ASGI 3).

Source: the ASGI specification 3.0, HTTP and websocket messages; RFC 9457 (problem details).
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from efface.errors import LimitExceededError
from efface.server.receipt import PROBLEM_TYPE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from efface.server.keeper import Doorkeeper
    from efface.server.receipt import Receipt
    from efface.server.spool import Spool

    Scope = MutableMapping[str, Any]
    Event = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Event]]
    Send = Callable[[Event], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

__all__ = [
    "GoneError",
    "headers_of",
    "peer_of",
    "say",
    "say_problem",
    "say_receipt",
    "take_body",
    "target_of",
]

SILENCE_S: Final = 30.0
BODY_S: Final = 600.0


class GoneError(Exception):
    """Whoever asked went away, or fell silent, before the body was there."""


def headers_of(scope: Scope) -> list[tuple[str, str]]:
    """Return the headers of a request as text."""
    return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]


def target_of(scope: Scope) -> str:
    """Return path and query of a request as they came."""
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{path}?{query}" if query else path


def peer_of(scope: Scope) -> str:
    """Return the address of whoever asks."""
    client = scope.get("client")
    return str(client[0]) if client else "local"


async def take_body(receive: Receive, spool: Spool, keeper: Doorkeeper, way: str) -> Receipt | None:
    """Take a body in; return a receipt if it cannot be taken.

    Raises:
        GoneError: It does not come to its end.
    """
    try:
        async with asyncio.timeout(BODY_S):
            more = True
            while more:
                async with asyncio.timeout(SILENCE_S):
                    event = await receive()
                if event["type"] == "http.disconnect":
                    raise GoneError
                spool.write(event.get("body", b""))
                more = event.get("more_body", False)
    except LimitExceededError as error:
        return await keeper.hold(way, str(error))
    except TimeoutError:
        raise GoneError from None
    except MemoryError:
        return await keeper.fault(way, "overloaded")
    except OSError:
        return await keeper.fault(way, "no-space")
    return None


async def say(
    send: Send, status: int, body: bytes, content_type: str, headers: tuple[tuple[str, str], ...] = ()
) -> None:
    """Answer with a body."""
    named = (("content-type", content_type), ("content-length", str(len(body))), *headers)
    raw = [(name.encode("ascii"), value.encode("latin-1")) for name, value in named]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


async def say_receipt(send: Send, receipt: Receipt) -> None:
    """Answer with the receipt of a payload that may not pass."""
    again = (("retry-after", "5"),) if receipt.answer.fault else ()
    await say(send, receipt.status, receipt.body(), PROBLEM_TYPE, (("cache-control", "no-store"), *again))


async def say_problem(
    send: Send, status: int, detail: str, headers: tuple[tuple[str, str], ...] = ()
) -> None:
    """Answer with a problem that is not a decision."""
    problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    await say(send, status, json.dumps(problem).encode(), PROBLEM_TYPE, headers)
