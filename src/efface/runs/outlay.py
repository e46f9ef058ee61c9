"""What carrying a plan out takes, told before anything is done: room, and time where this run measured some.

New content stands beside the original until it was looked at and has taken its place, so for a moment there are two.
Not told: room for the run file and for what a program keeps in `TMPDIR`.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from efface.errors import UsageError
from efface.model import RemovalStatus, printable
from efface.report.outlay import Outlay, Room
from efface.runs.pool import MOST_BYTES_PENDING
from efface.runs.targets import is_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from efface.model import Removal
    from efface.runs.store import Store

__all__ = ["measured", "outlay_of", "refuse_without_room", "sizes_of", "take_pace"]

_PACE = "removal_pace"


def sizes_of(removals: Iterable[Removal]) -> dict[str, int]:
    """Return how large each file is now that planned removals change, with a database's log, by its path."""
    planned = (each for each in removals if each.status is RemovalStatus.PLANNED)
    paths = (each.target.path[0] for each in planned if each.target.scheme == "file")
    return {path: _size(path) + _size(path + "-wal") for path in paths}


def _size(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0  # it has gone: applying the plan will say so


def outlay_of(
    store: Store, removals: Sequence[Removal], jobs: int = 0, *, kept_in: str = "", beside: bool = True
) -> Outlay:
    """Return what carrying removals out takes.

    Args:
        store: The run, for the rate that it measured.
        removals: The removals of a plan.
        jobs: Processes; 0 for one per core.
        kept_in: Folder that a copy of every original goes to, or "".
        beside: Whether new content is made beside the originals, and not in `kept_in` alone.
    """
    sizes = sizes_of(removals)
    needed: dict[int, list[tuple[str, int]]] = {}
    for path, size in sizes.items():
        if beside:
            _add(needed, os.path.dirname(path), size)
    moments = {device: _at_a_time([size for _, size in each], jobs) for device, each in needed.items()}
    folders = {device: each[0][0] for device, each in needed.items()}
    if kept_in and sizes and (device := _device(kept_in)) is not None:
        folders.setdefault(device, kept_in)
        copies = sum(sizes.values()) + (0 if beside else _at_a_time(list(sizes.values()), jobs))
        moments[device] = moments.get(device, 0) + copies
    rooms = tuple(Room(folders[each], moments[each], _free(folders[each])) for each in folders)
    tables = sum(is_table(each.target) for each in removals if each.status is RemovalStatus.PLANNED)
    return Outlay(rooms, sum(sizes.values()), _seconds(store, sum(sizes.values())), tables)


def _add(needed: dict[int, list[tuple[str, int]]], folder: str, size: int) -> None:
    device = _device(folder)
    if device is not None:
        needed.setdefault(device, []).append((folder, size))


def _device(folder: str) -> int | None:
    """Return the file system of a folder, or of the nearest one above it that is there."""
    while True:
        try:
            return os.stat(folder).st_dev
        except OSError:
            above = os.path.dirname(folder)
            if above == folder:
                return None
            folder = above


def _free(folder: str) -> int:
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def _at_a_time(sizes: list[int], jobs: int) -> int:
    """Return the most new content that stands beside originals at a time: what workers have made ready, no more."""
    workers = min(jobs or os.cpu_count() or 1, len(sizes))
    return min(sum(sizes), workers * (MOST_BYTES_PENDING + max(sizes)))


def refuse_without_room(outlay: Outlay) -> None:
    """Refuse a plan that does not fit.

    Raises:
        UsageError: A file system has too little room; all of them are named.
    """
    short = [room for room in outlay.rooms if not room.is_enough]
    if short:
        told = "; ".join(
            f"{printable(room.folder)}: about {room.needed_bytes} bytes are needed beside the originals, and "
            f"{room.free_bytes} are free"
            for room in short
        )
        raise UsageError(
            f"the plan does not fit: {told}", to_do="Make room, or remove in parts (--only), fewer at a time."
        )


# -- how long ---------------------------------------------------------------------------------------------


@contextmanager
def measured(store: Store, size_bytes: int) -> Iterator[None]:
    """Take the time of removals from files of so many bytes, for the plans to come of this run."""
    began = time.monotonic()
    yield
    _add_pace(store, size_bytes, time.monotonic() - began)


def take_pace(store: Store, rehearsal: Store) -> None:
    """Add what a rehearsal measured to what a run did."""
    pace = json.loads(rehearsal.meta(_PACE, "{}"))
    if pace:
        _add_pace(store, pace["bytes"], pace["seconds"])


def _add_pace(store: Store, size_bytes: int, seconds: float) -> None:
    pace = json.loads(store.meta(_PACE, '{"bytes": 0, "seconds": 0}'))
    sums = {"bytes": pace["bytes"] + size_bytes, "seconds": pace["seconds"] + seconds}
    store.set_meta(_PACE, json.dumps(sums))


def _seconds(store: Store, size_bytes: int) -> float | None:
    pace = json.loads(store.meta(_PACE, "{}"))
    if not pace.get("bytes"):
        return None
    return float(size_bytes * pace["seconds"] / pace["bytes"])
