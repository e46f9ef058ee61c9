"""One endpoint that decides on the body of a request.

    POST /check   body: the payload; header X-Payload-Name: its name, percent-encoded, optional
                  200 {"door": "allow", ...}, 403 refuse, 422 quarantine
    GET  /health  200 {"status": "ok"}

It listens on loopback unless told otherwise, keeps nothing, and logs no content.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from efface import __version__
from efface.guard import Decision, Door, Guard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from efface.model import Case
    from efface.rules.pack import Pack

__all__ = ["application"]

_STATUS = {Door.ALLOW: 200, Door.REFUSE: 403, Door.QUARANTINE: 422}
_MAX_BODY_BYTES = 64 * 1024 * 1024
_MAX_NAME = 200


def application(
    case: Case | None = None, as_of: date | None = None, packs: Sequence[Pack] | None = None
) -> FastAPI:
    """Return the ASGI application.

    Args:
        case: The facts under which payloads are judged, or None to refuse all biometric data.
        as_of: The day whose law is applied; None for the day of each request.
        packs: The law; None for what ships with efface.
    """
    # One thread: the networks are not shared between threads, and one inference uses one core.
    worker = ThreadPoolExecutor(max_workers=1)

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        yield
        worker.shutdown()

    guards: dict[date, Guard] = {}

    def decide(data: bytes, name: str) -> Decision:
        day = as_of or date.today()  # noqa: DTZ011 - the law's day is local
        if day not in guards:
            guards.clear()
            guards[day] = Guard(case, day, packs=packs)
        return guards[day].decide(data, name)

    app = FastAPI(title="efface guard", version=__version__, lifespan=life)

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/check")
    async def check(request: Request) -> JSONResponse:
        name = unquote(request.headers.get("x-payload-name", "payload"))[:_MAX_NAME] or "payload"
        data = bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > _MAX_BODY_BYTES:
                return _answer(Decision(Door.QUARANTINE, f"more than {_MAX_BODY_BYTES} bytes"))
        decision = await asyncio.get_running_loop().run_in_executor(worker, decide, bytes(data), name)
        return _answer(decision)

    return app


def _answer(decision: Decision) -> JSONResponse:
    body: dict[str, Any] = {
        "door": decision.door,
        "reason": decision.reason,
        "rules": list(decision.rules),
        "findings": len(decision.findings),
        "gaps": len(decision.gaps),
    }
    return JSONResponse(body, status_code=_STATUS[decision.door])
