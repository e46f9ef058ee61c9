"""One endpoint that decides on the body of a request.

    POST /check   body: the payload; header X-Payload-Name: its name, percent-encoded, optional
                  header X-Payload-Schema: id of the form that it claims to be, optional
                  200 {"door": "allow", ...}, 403 refuse, 422 quarantine, 503 it could not be decided
    GET  /health  200 {"status": "ok"}

An answer that is not 200 is a problem of RFC 9457. Nothing is kept but what the ledger and the quarantine keep, if
there are any; no content is logged. `/openapi.json` describes it.
"""

from __future__ import annotations

import json
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Annotated
from urllib.parse import unquote

from fastapi import FastAPI, Header, Request, Response
from pydantic import BaseModel, Field

from efface import __version__
from efface.guard import schemas
from efface.server.asgi import GoneError, peer_of, take_body
from efface.server.opening import DoorOptions, open_door
from efface.server.receipt import PROBLEM_TYPE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

    from efface.server.access import Rate, Tokens
    from efface.server.keeper import Doorkeeper
    from efface.server.receipt import Receipt

__all__ = ["application"]

_MAX_NAME = 200


class Basis(BaseModel):
    """The legal basis of a rule."""

    rule: str
    zh: str
    en: str


class Told(BaseModel):
    """A decision. It repeats nothing of the payload; names of fields and members stand in `places`."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    door: Annotated[str, Field(pattern="^(allow|refuse|quarantine)$")]
    reason: str
    rules: list[str]
    basis: list[Basis]
    places: list[str]
    findings: int
    gaps: int
    fault: str
    at: str
    digest: str


def application(
    options: DoorOptions | None = None,
    *,
    keeper: Doorkeeper | None = None,
    tokens: Tokens | None = None,
    rate: Rate | None = None,
) -> FastAPI:
    """Return the ASGI application.

    Args:
        options: What the door is made of; used where no keeper is given.
        keeper: A door that is open already and that somebody else closes.
        tokens: Of which one must stand in `Authorization`, or None to ask for none.
        rate: How many requests a second a peer may send, or None.
    """
    door: list[Doorkeeper] = [] if keeper is None else [keeper]

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if not door:
                door.append(await stack.enter_async_context(open_door(options or DoorOptions())))
            yield

    app = FastAPI(title="efface guard", version=__version__, lifespan=life)

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/check", responses=_RESPONSES, openapi_extra=_BODY, response_model=Told)
    async def check(
        request: Request,
        x_payload_name: Annotated[str, Header(description="Name of the payload, percent-encoded.")] = "",
        x_payload_schema: Annotated[
            str, Header(description="Form that it claims to be.", json_schema_extra={"enum": list(schemas())})
        ] = "",
        authorization: Annotated[str, Header(description="Bearer token, where tokens are asked for.")] = "",
    ) -> Response:
        """Say whether a payload may pass."""
        if tokens is not None and not tokens.take(authorization):
            door[0].metrics.turned_away("token")
            return _problem(401, "a bearer token is needed", {"WWW-Authenticate": "Bearer"})
        if rate is not None and (early_s := rate.wait_s(peer_of(request.scope))):
            door[0].metrics.turned_away("rate")
            return _problem(429, "too many requests", {"Retry-After": str(int(early_s) + 1)})
        if (wrong := _wrong_schema(x_payload_schema, door[0].schema)) is not None:
            door[0].metrics.turned_away("schema")
            return _problem(400, wrong, {"Connection": "close"})
        name = unquote(x_payload_name)[:_MAX_NAME] or "payload"
        with door[0].spool() as spool:
            try:
                receipt = await take_body(request.receive, spool, door[0], "check")
            except GoneError:
                door[0].metrics.turned_away("gone")
                return _problem(408, "the body did not come to its end", {"Connection": "close"})
            form = x_payload_schema or None
            return _answer(receipt or await door[0].decide("check", spool, name=name, schema=form))

    return app


_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Told, "description": said, "content": {PROBLEM_TYPE: {}}}
    for status, said in {
        403: "Refused: the rules stand in `rules` and `basis`.",
        422: "Held: it could not be told, or not be looked at; a person has to.",
        503: "It could not be decided; nothing may pass.",
    }.items()
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def _wrong_schema(named: str, required: str) -> str | None:
    """Return why a form cannot be named, or None where it can."""
    if named and named not in schemas():
        return f"no such form; known: {', '.join(schemas())}"
    return f"this door takes {required} only" if named and required and named != required else None


def _answer(receipt: Receipt) -> Response:
    kind = "application/json" if receipt.is_let_through else PROBLEM_TYPE
    again = {"Retry-After": "5"} if receipt.answer.fault else None
    return Response(receipt.body(), receipt.status, again, kind)


def _problem(status: int, detail: str, headers: dict[str, str]) -> Response:

    body = json.dumps({"type": "about:blank", "status": status, "detail": detail})
    return Response(body, status, headers, PROBLEM_TYPE)
