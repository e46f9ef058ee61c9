"""One process that does tasks and tells its supervisor what it is busy with.

It is started as a program of its own, so that nothing of the calling program is run again in it, and
without the current folder on its import path, so that a scanned folder cannot put code into it.

The messages on the pipe are JSON, one a line:
  to the worker      {"mode": word, "limits": {...}, "secrets": {...},
                      "look": word}                              once, first
                     {"tasks": [{"task": kind, "key": ...}]}     kinds: scan, prepare,
                                                                      survey, erase_table
  from the worker    {"ready": true}                             everything heavy is loaded
                     {"at": uri}                                 now looking at this part
                     {"done": key, "result": {...}}              the task is finished
                     {"failed": key, "error": text}              the task could not be done at all
"""

from __future__ import annotations

import json
import resource
import signal
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from efface.model import Limits, Mode
from efface.sources.credentials import take

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["main"]


def main(descriptor: int) -> None:
    """Do tasks until the pipe behind a file descriptor closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor decides when to stop
    pipe = socket.socket(fileno=descriptor)
    lines = pipe.makefile("rb")
    first = json.loads(lines.readline())
    limits = Limits(**first["limits"])
    _limit_memory(limits.memory_bytes)
    from efface.examine import look_named  # noqa: PLC0415 - imported under the memory limit
    from efface.runs.tasks import Tasks  # noqa: PLC0415 - as above

    take(first.get("secrets", {}))

    def send(message: dict[str, Any]) -> None:
        pipe.sendall(json.dumps(message).encode() + b"\n")

    look = look_named(first.get("look", "data"))
    tasks = Tasks(Mode(first["mode"]), limits, at=lambda uri: send({"at": uri}), look=look)
    send({"ready": True})
    # The supervisor closes its end when it stops, at any moment.
    with suppress(OSError):
        for line in lines:
            for task in json.loads(line)["tasks"]:
                _do(task, tasks.do, send)


def _do(
    task: dict[str, Any],
    do: Callable[[dict[str, Any]], dict[str, Any]],
    send: Callable[[dict[str, Any]], None],
) -> None:
    try:
        result = do(task)
    except MemoryError:
        send({"failed": task["key"], "error": "MemoryError"})
    except Exception as error:  # noqa: BLE001 - the isolation of one artefact: a crash becomes a gap
        send({"failed": task["key"], "error": type(error).__name__})
    else:
        send({"done": task["key"], "result": result})


def _limit_memory(memory_bytes: int) -> None:
    """Let an allocation fail rather than the machine: what needs more becomes a gap."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bound = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (bound, hard))


if __name__ == "__main__":
    main(int(sys.argv[1]))
