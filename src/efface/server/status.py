"""What a monitor asks: is it alive, is it ready, what did it count. It listens apart from the door.

GET /healthz   200 while the process answers
GET /readyz    200 while payloads can be decided on and put on record, else 503
GET /metrics   Prometheus' text format
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.server.asgi import headers_of, say, say_problem
from efface.server.metrics import CONTENT_TYPE

if TYPE_CHECKING:
    from efface.server.access import Tokens
    from efface.server.asgi import App, Receive, Scope, Send
    from efface.server.keeper import Doorkeeper

__all__ = ["status_application"]


def status_application(keeper: Doorkeeper, tokens: Tokens | None = None) -> App:
    """Return the ASGI application; with tokens, `/metrics` asks for one."""

    async def answer(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            await say_problem(send, 405, "only GET")
        elif scope["path"] == "/healthz":
            await say(send, 200, b"ok\n", "text/plain")
        elif scope["path"] == "/readyz":
            ready = keeper.is_ready
            await say(send, 200 if ready else 503, b"ready\n" if ready else b"not ready\n", "text/plain")
        elif scope["path"] != "/metrics":
            await say_problem(send, 404, "not here")
        elif tokens is not None and not tokens.take(dict(headers_of(scope)).get("authorization", "")):
            await say_problem(send, 401, "a bearer token is needed", (("www-authenticate", "Bearer"),))
        else:
            await say(send, 200, keeper.metrics.text().encode(), CONTENT_TYPE)

    return answer
