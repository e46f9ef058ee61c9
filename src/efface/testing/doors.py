"""Doors for tests: a real server of each protocol on loopback, in a thread, with real processes that decide."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import uvicorn

from efface.server.icap import IcapServer
from efface.server.opening import DoorOptions, open_door

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.server.access import Rate
    from efface.server.icap import IcapLimits
    from efface.server.keeper import Doorkeeper

__all__ = ["IcapDoor", "http_door", "icap_door", "reqmod"]

_START_S = 90.0


@dataclass(slots=True)
class IcapDoor:
    """A running ICAP server.

    Attributes:
        port: On 127.0.0.1.
        keeper: What decides; only to be looked at.
        server: The server itself.
        loop: In which it runs.
    """

    port: int
    keeper: Doorkeeper
    server: IcapServer
    loop: asyncio.AbstractEventLoop


@contextmanager
def icap_door(
    options: DoorOptions | None = None, limits: IcapLimits | None = None, rate: Rate | None = None
) -> Iterator[IcapDoor]:
    """Run an ICAP server until the block ends."""
    started = threading.Event()
    doors: list[IcapDoor] = []
    failed: list[BaseException] = []
    stop = asyncio.Event()

    async def serve() -> None:
        async with open_door(options or DoorOptions(jobs=1)) as keeper:
            icap = IcapServer(keeper, limits, rate)
            server = await asyncio.start_server(icap.handle, "127.0.0.1", 0, backlog=2_048)
            port = server.sockets[0].getsockname()[1]
            doors.append(IcapDoor(port, keeper, icap, asyncio.get_running_loop()))
            started.set()
            await stop.wait()
            server.close()
            await icap.stop(2.0)

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 - told to the test
            failed.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    started.wait(_START_S)
    if failed or not doors:
        raise failed[0] if failed else RuntimeError("the door did not open in time")
    try:
        yield doors[0]
    finally:
        doors[0].loop.call_soon_threadsafe(stop.set)
        thread.join(_START_S)


@contextmanager
def http_door(app: Any) -> Iterator[int]:  # noqa: ANN401 - any ASGI application
    """Serve an application until the block ends; yield its port on 127.0.0.1."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + _START_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > until:
            raise RuntimeError("the door did not open")
        time.sleep(0.02)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(_START_S)


def reqmod(body: bytes, *, preview: int | None = None, allow: str = "204", content_type: str = "") -> bytes:
    """Return an ICAP message that asks about a POST with a body; with a preview, only up to its end."""
    kind = f"Content-Type: {content_type}\r\n" if content_type else ""
    head = f"POST http://service.invalid/form HTTP/1.1\r\nHost: service.invalid\r\n{kind}\r\n".encode()
    shown = body if preview is None else body[:preview]
    end = b"0; ieof\r\n\r\n" if preview is not None and len(body) <= preview else b"0\r\n\r\n"
    lines = [
        "REQMOD icap://127.0.0.1/reqmod ICAP/1.0",
        "Host: 127.0.0.1",
        *([f"Allow: {allow}"] if allow else []),
        *([f"Preview: {preview}"] if preview is not None else []),
        f"Encapsulated: req-hdr=0, req-body={len(head)}",
    ]
    chunk = b"%x\r\n%b\r\n" % (len(shown), shown) if shown else b""
    return "\r\n".join((*lines, "", "")).encode() + head + chunk + end
