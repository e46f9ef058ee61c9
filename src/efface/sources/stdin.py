"""Standard input as one artefact."""

from __future__ import annotations

import atexit
import os
import secrets
import sys
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING

from efface.errors import AccessError, LimitExceededError
from efface.model import Gap, GapReason, Locator, Part, Surroundings, Unit
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Limits

__all__ = ["StandardInput"]

_LOCATOR = Locator("stdin", ("-",))
_CHUNK_BYTES = 1 << 20
_MOST_BYTES = 8 << 30


class StandardInput:
    """What comes in by `-`, read once by the process that lists it and kept until that process ends.

    Other processes cannot read it a second time, so it is kept in memory that has a path (`memfd_create`),
    or, where there is no such thing, in a temporary file of its owner; the unit's stamp is that path and a
    number that never comes again.
    """

    name = "stdin"
    version = 1

    def claims(self, target: str) -> bool:
        """Return whether the target is `-`."""
        return target == "-"

    def units(self, target: str) -> Iterator[Unit | Gap]:
        """Read standard input to its end and list the one thing there is; a gap when it is closed."""
        del target
        stream = getattr(sys.stdin, "buffer", None)
        if stream is None or stream.closed:
            yield Gap(_LOCATOR, "list", GapReason.UNREADABLE, "standard input is closed")
            return
        path, descriptor = _kept()
        size = 0
        while size <= _MOST_BYTES and (chunk := stream.read(_CHUNK_BYTES)):
            view = memoryview(chunk)
            while view:
                view = view[os.write(descriptor, view) :]
            size += len(chunk)
        # The same path may come again in another run of a container: no two readings have the same stamp.
        yield Unit(_LOCATOR.uri, size, f"{path}?{secrets.token_hex(8)}", self.name)

    def open(self, unit: Unit, limits: Limits) -> Part:
        """Open what was read.

        Raises:
            LimitExceededError: There is more than one artefact may have.
            AccessError: The process that read it has ended.
        """
        if unit.size_bytes > limits.artefact_bytes:
            raise LimitExceededError(f"standard input is more than artefact_bytes = {limits.artefact_bytes}")
        try:
            with open(unit.stamp.rpartition("?")[0], "rb") as file:
                data = file.read(limits.artefact_bytes + 1)
        except OSError as error:
            raise AccessError("standard input can be read only once") from error
        if len(data) != unit.size_bytes:
            raise AccessError("standard input can be read only once")
        return Part(_LOCATOR, BytesPayload(data), Surroundings(("-",)))

    def stamp(self, unit: Unit) -> str:
        """Standard input can be read once only."""
        del unit
        raise AccessError("standard input can be read only once")


def _kept() -> tuple[str, int]:
    """Return a path that other processes of this user can read, and a descriptor to write to it."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("efface-stdin")
        return f"/proc/{os.getpid()}/fd/{descriptor}", descriptor
    descriptor, path = tempfile.mkstemp(prefix="efface-")
    atexit.register(_forget, path)
    return path, descriptor


def _forget(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
