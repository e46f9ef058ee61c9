"""What runs inside a cluster's worker: a batch of tasks, done by a `Pool` underneath.

Nothing of a scanned file is decoded in the cluster's own process. Nothing is raised to the cluster, whose logs
would quote the arguments. Requests and answers are compressed JSON.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import zlib
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from efface import __version__
from efface.examine import configuration
from efface.model import Limits, Locator, Mode
from efface.runs.pool import Lost, Pool
from efface.sources.filesystem import Filesystem

__all__ = ["identity", "leave", "packed", "seen", "unpacked", "work"]

_IDLE_S = 60.0
"""A session that sends nothing for so long, perhaps since its machine is gone, gets new processes when it does."""


@dataclass(slots=True)
class _Kept:
    """The processes that one thread of the cluster's worker keeps for one session."""

    pool: Pool
    session: str
    busy: threading.Lock = field(default_factory=threading.Lock)
    used_at: float = 0.0


_kept: dict[tuple[str, int], _Kept] = {}
_left: set[str] = set()
_lock = threading.Lock()


def packed(value: dict[str, Any]) -> bytes:
    """Return plain values as compressed JSON."""
    return zlib.compress(json.dumps(value).encode(), 1)


def unpacked(data: bytes) -> dict[str, Any]:
    """Return what `packed` made."""
    value: dict[str, Any] = json.loads(zlib.decompress(data))
    return value


def seen(unit: dict[str, Any]) -> list[int] | None:
    """Return size and time of last change in whole seconds of a unit's file as this machine sees it.

    Finer times differ between the machines of one network file system; None where there is no such file.
    """
    try:
        info = os.stat(Locator.parse(unit["uri"]).path[0], follow_symlinks=False)
    except (OSError, ValueError):
        return None
    return [info.st_size, int(info.st_mtime)]


def identity(request: bytes) -> bytes:
    """Return the version and configuration that this worker would look with."""
    asked = unpacked(request)
    return packed(_identity(asked["mode"], Limits(**asked["limits"])))


@cache
def _identity(mode: str, limits: Limits) -> dict[str, str]:
    return {"version": __version__, "configuration": configuration(Mode(mode), limits)}


def work(request: bytes) -> bytes:
    """Do a batch; whatever fails is told, not raised."""
    started = time.perf_counter()
    try:
        asked = unpacked(request)
        if asked["same"]["version"] != __version__:
            return packed({"refused": {"version": __version__}, "address": socket.gethostname()})
        theirs = _identity(asked["mode"], Limits(**asked["limits"]))
        if theirs != asked["same"]:
            return packed({"refused": theirs, "address": socket.gethostname()})
        outcomes = _done(asked)
    except Exception as error:  # noqa: BLE001 - the cluster would write the arguments to its log
        return packed({"failed": type(error).__name__, "address": socket.gethostname()})
    return packed({"outcomes": outcomes, "seconds": time.perf_counter() - started})


def leave(session: bytes) -> bytes:
    """End the processes of a session, also those that are at work."""
    name = session.decode()
    with _lock:
        _left.add(name)
        for key, kept in list(_kept.items()):
            if kept.session != name:
                continue
            if kept.busy.acquire(blocking=False):
                del _kept[key]
                kept.pool.close()
            else:
                kept.pool.stop()  # its thread finds out and puts it away
    return b""


def _done(asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Do the tasks in this thread's own processes; nothing is given when the session ended meanwhile."""
    key = (asked["session"], threading.get_ident())
    kept = _taken(key, asked)
    outcomes: list[dict[str, Any]] = []
    complete = False
    try:
        for outcome in kept.pool.run(asked["tasks"]):
            if asked["session"] in _left:
                return []
            told = {"key": outcome.task["key"]}
            if isinstance(outcome, Lost):
                outcomes.append({**told, "lost": outcome.reason, "at": outcome.at})
            else:
                outcomes.append({**told, "result": outcome.result, **_other(outcome.task["unit"])})
        complete = asked["session"] not in _left
    finally:
        kept.used_at = time.monotonic()
        if not complete:  # a pool that was left in the middle still waits for answers
            with _lock:
                _kept.pop(key, None)
            kept.pool.close()
        kept.busy.release()
    return outcomes


def _taken(key: tuple[str, int], asked: dict[str, Any]) -> _Kept:
    """Return this thread's processes for a session, marked as busy; started when there are none."""
    with _lock:
        kept = _kept.get(key)
        if kept is None:
            kept = _kept[key] = _Kept(Pool(1, Mode(asked["mode"]), Limits(**asked["limits"])), key[0])
            threading.Thread(target=_put_away, args=(key, kept), daemon=True).start()
        kept.busy.acquire()
    return kept


def _put_away(key: tuple[str, int], kept: _Kept) -> None:
    """End processes that had nothing to do for long."""
    while True:
        time.sleep(_IDLE_S / 4)
        with _lock:
            if _kept.get(key) is not kept:
                return
            idle = kept.used_at and time.monotonic() - kept.used_at > _IDLE_S
            if idle and kept.busy.acquire(blocking=False):
                del _kept[key]
                kept.pool.close()
                return


def _other(unit: dict[str, Any]) -> dict[str, Any]:
    """Tell what this machine sees under a file's path, where that is not what was listed."""
    if unit["source"] != Filesystem.name:
        return {}
    size, modified_ns = unit["stamp"].split(":")[:2]
    now = seen(unit)
    return {} if now is None or now == [int(size), int(modified_ns) // 1_000_000_000] else {"seen": now}
