"""One process that decides: a payload in, an answer out, until the pipe closes.

It is started as a program of its own, so that a crash, a hang or a decoder that eats the memory costs one
payload, which is refused, and never the door.

On the pipe, from the supervisor: one line of JSON, `Settings.message()`; then for each payload a line of JSON,
`{"name": text, "size": bytes, "schema": id of a form or ""}`, and so many bytes. To the supervisor, one line of
JSON each: `{"ready": true}` once, then `Answer.message()` for each payload.
"""

from __future__ import annotations

import json
import resource
import signal
import socket
import sys
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from efface.guard.answer import Answer
    from efface.guard.decision import Guard
    from efface.guard.settings import Settings

__all__ = ["main"]


def main(descriptor: int) -> None:
    """Decide until the pipe behind a file descriptor closes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(
            number, signal.SIG_IGN
        )  # the supervisor decides when to stop, and drains before it does
    pipe = socket.socket(fileno=descriptor)
    incoming = pipe.makefile("rb")
    first = json.loads(incoming.readline())
    _limit_memory(first["limits"]["memory_bytes"])
    from efface.guard.settings import Settings  # noqa: PLC0415 - imported under the memory limit

    settings = Settings.from_message(first)
    deciding = _Deciding(settings)
    deciding.warm_up()
    with suppress(OSError):
        _send(pipe, {"ready": True})
        for line in incoming:
            task = json.loads(line)
            _send(pipe, _answer(deciding, task, incoming).message())


class _Deciding:
    """A guard, and a new one when the day changes whose law is applied."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._day: date | None = None
        self._guard: Guard | None = None

    def warm_up(self) -> None:
        """Load what the first payload would have to wait for."""
        self.decide(b'[{"ready": true}]', "ready.json")  # no plain record: those need no detector

    def decide(self, data: bytes, name: str, form: str = "") -> Answer:
        from efface.guard.answer import Answer  # noqa: PLC0415 - imported under the memory limit
        from efface.guard.schema import schema  # noqa: PLC0415 - imported under the memory limit

        day = date.today()  # noqa: DTZ011 - the law's day is local
        if self._guard is None or day != self._day:
            self._guard, self._day = self._settings.guard(day), day
        return Answer.of(self._guard.decide(data, name, schema=schema(form) if form else None), name)


def _answer(deciding: _Deciding, task: Mapping[str, Any], incoming: BinaryIO) -> Answer:
    from efface.guard.answer import Answer  # noqa: PLC0415 - imported under the memory limit

    size = int(task["size"])
    try:
        data = incoming.read(size)
    except MemoryError:
        raise SystemExit(1) from None  # the rest of the payload is still in the pipe: begin anew
    if len(data) != size:
        raise SystemExit(1)
    try:
        return deciding.decide(data, str(task["name"]), str(task["schema"]))
    except MemoryError:
        return Answer.undecided("over-limit", "MemoryError")
    except Exception as error:  # noqa: BLE001 - the guard's decision: a crash becomes a refusal
        return Answer.undecided("crashed", type(error).__name__)


def _send(pipe: socket.socket, message: object) -> None:
    pipe.sendall(json.dumps(message).encode() + b"\n")


def _limit_memory(memory_bytes: int) -> None:
    """Let an allocation fail rather than the machine."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bound = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (bound, hard))


if __name__ == "__main__":
    main(int(sys.argv[1]))
