"""Processes and services of this machine, as an ordinary user sees them."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from efface.errors import AccessError
from efface.model import Gap, GapReason, Locator, Part, Surroundings, Unit
from efface.sources.filesystem import Filesystem
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Limits

__all__ = ["TARGET", "Machine", "unreadable"]

TARGET = "machine:"
_PROCESSES = "/proc"
_SERVICES = (
    *("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system"),
    *("/etc/init.d", "/etc/cron.d", "/var/spool/cron"),
)
_PLACES = (
    *("/root", "/home", "/srv", "/opt", "/var/lib/docker", "/var/lib/containerd", "/var/log", "/etc"),
    "/var/spool/cron",
)
_MOST_BYTES = 1 << 20


class Machine:
    """Lists one unit for each process, and the files of services; `machine:` names it.

    A process is its command line and the names of the files that it has mapped; memory is never read. What belongs to
    another user shows its command line only, and is a gap.

    Source: proc(5), `cmdline` and `maps`; systemd.unit(5), unit file load path.

    Not promised: processes that begin or end meanwhile; kernel threads; systems without /proc, which are a gap.
    """

    name = "machine"
    version = 1

    def claims(self, target: str) -> bool:
        """Return whether the target is this machine."""
        return target == TARGET

    def units(self, target: str) -> Iterator[Unit | Gap]:
        """List the processes of this machine, and the files of its services."""
        del target
        yield from self._processes()
        for folder in _SERVICES:
            if os.path.isdir(folder):
                yield from Filesystem().units(folder)

    def _processes(self) -> Iterator[Unit | Gap]:
        try:
            numbers = sorted(int(name) for name in os.listdir(_PROCESSES) if name.isdigit())
        except OSError:
            yield Gap(
                _place("all"), "list", GapReason.UNSUPPORTED, "this system does not list its processes here"
            )
            return
        hidden = 0
        for number in numbers:
            stamp = _started(number)
            if number != os.getpid() and stamp and _read(number, "cmdline"):
                hidden += not _read(number, "maps")
                yield Unit(_place(str(number)).uri, 0, stamp, self.name)
        if hidden:
            detail = f"{hidden} processes of other users: the files that they use are not shown to this user"
            yield Gap(_place("all"), "list", GapReason.UNREADABLE, detail)

    def open(self, unit: Unit, limits: Limits) -> Part:
        """Open one process: its command line, and the names of the files that it has mapped.

        Raises:
            AccessError: It has ended.
        """
        del limits
        locator = Locator.parse(unit.uri)
        number = int(locator.path[1])
        command = _read(number, "cmdline").replace(b"\0", b" ")
        if not command:
            raise AccessError("the process has ended")
        mapped = {
            line.split(maxsplit=5)[5] for line in _read(number, "maps").splitlines() if line.count(b"/")
        }
        data = b"\n".join([command, *sorted(mapped)])
        return Part(locator, BytesPayload(data), Surroundings((str(number), "process")))

    def stamp(self, unit: Unit) -> str:
        """Return when the process began; raise AccessError when it has ended."""
        stamp = _started(int(Locator.parse(unit.uri).path[1]))
        if not stamp:
            raise AccessError("the process has ended")
        return stamp


def _place(number: str) -> Locator:
    return Locator("machine", ("process", number))


def _read(number: int, what: str) -> bytes:
    with suppress(OSError), open(f"{_PROCESSES}/{number}/{what}", "rb") as file:
        return file.read(_MOST_BYTES)
    return b""


def _started(number: int) -> str:
    """Return the time at which a process began, in ticks since the machine did (proc(5), stat, field 22)."""
    fields = _read(number, "stat").rpartition(b")")[2].split()
    return fields[19].decode("ascii") if len(fields) > 19 else ""


def unreadable() -> list[str]:
    """Return the places of a machine, among those that an inspection wants to see, that this user cannot read."""
    found = [path for path in _PLACES if os.path.isdir(path) and not os.access(path, os.R_OK | os.X_OK)]
    with suppress(OSError):
        found += [
            entry.path
            for entry in os.scandir("/home")
            if entry.is_dir() and not os.access(entry.path, os.R_OK | os.X_OK)
        ]
    return found
