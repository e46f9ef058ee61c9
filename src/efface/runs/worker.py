"""One process that does tasks and tells its supervisor what it is busy with.

It is started as a program of its own, so that nothing of the calling program is run again in it, and
without the current folder on its import path, so that a scanned folder cannot put code into it.

The messages on the pipe are JSON, one a line:
  to the worker      {"mode": word, "limits": {...}, "secrets": {...},
                      "look": word}                              once, first
                     {"tasks": [{"task": kind, "key": ...}]}     kinds: scan, prepare,
                                                                      survey, erase_table
  from the worker    {"ready": true}                             everything heavy is loaded
                     {"done": key, "result": {...}}              the task is finished
                     {"failed": key, "error": text, "at": uri}   the task could not be done at all

What part it looks at stands on the slate, empty between two tasks.
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
from efface.runs.slate import Slate
from efface.sources.credentials import take

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["main"]


def main(descriptor: int, memory: int) -> None:
    """Do tasks until the pipe behind a file descriptor closes; the other one is the slate's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor decides when to stop
    pipe = socket.socket(fileno=descriptor)
    lines = pipe.makefile("rb")
    slate = Slate(memory)
    first = json.loads(lines.readline())
    limits = Limits(**first["limits"])
    _limit_memory(limits.memory_bytes)
    from efface.examine import look_named  # noqa: PLC0415 - imported under the memory limit
    from efface.runs.tasks import Tasks  # noqa: PLC0415 - as above

    take(first.get("secrets", {}))

    def send(message: dict[str, Any]) -> None:
        pipe.sendall(json.dumps(message).encode() + b"\n")

    look = look_named(first.get("look", "data"))
    tasks = Tasks(Mode(first["mode"]), limits, at=slate.write, look=look)
    send({"ready": True})
    # The supervisor closes its end when it stops, at any moment.
    with suppress(OSError):
        for line in lines:
            for task in json.loads(line)["tasks"]:
                send(_done(task, tasks.do, slate))


def _done(
    task: dict[str, Any], do: Callable[[dict[str, Any]], dict[str, Any]], slate: Slate
) -> dict[str, Any]:
    try:
        return {"done": task["key"], "result": do(task)}
    except MemoryError:
        return {"failed": task["key"], "error": "MemoryError", "at": slate.text}
    except Exception as error:  # noqa: BLE001 - the isolation of one artefact: a crash becomes a gap
        return {"failed": task["key"], "error": type(error).__name__, "at": slate.text}
    finally:
        slate.clear()


def _limit_memory(memory_bytes: int) -> None:
    """Let an allocation fail rather than the machine: what needs more becomes a gap."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bound = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (bound, hard))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
