"""One process that does tasks and tells its supervisor what it is busy with.

The messages on the pipe are JSON, one a message:
  to the worker      {"task": kind, ...}                         kinds: scan, prepare
  from the worker    {"at": uri}                                 now looking at this part
                     {"done": key, "result": {...}}              the task is finished
                     {"failed": key, "error": text}              the task could not be done at all
"""

from __future__ import annotations

import json
import os
import resource
import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from efface.model import Limits, Mode

__all__ = ["main"]


def main(pipe: Connection, mode: Mode, limits: Limits) -> None:
    """Do tasks until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor decides when to stop
    os.nice(5)
    _limit_memory(limits.memory_bytes)
    from efface.runs.tasks import Tasks  # noqa: PLC0415 - imported under the memory limit, in the worker only

    def send(message: dict[str, Any]) -> None:
        pipe.send_bytes(json.dumps(message).encode())

    tasks = Tasks(mode, limits, at=lambda uri: send({"at": uri}))
    while True:
        try:
            message = json.loads(pipe.recv_bytes())
        except (EOFError, OSError):
            return
        for task in message["tasks"]:
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
