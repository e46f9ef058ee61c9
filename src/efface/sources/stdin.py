"""Standard input as one artefact."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from efface.errors import AccessError, LimitExceededError
from efface.model import Locator, Part, Surroundings, Unit
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Gap, Limits

__all__ = ["StandardInput"]

_URI = Locator("stdin", ("-",)).uri


class StandardInput:
    """What comes in by `-`: read once into memory, within the limit of one artefact."""

    name = "stdin"
    version = 1

    def claims(self, target: str) -> bool:
        """Return whether the target is `-`."""
        return target == "-"

    def units(self, target: str) -> Iterator[Unit | Gap]:
        """List the one thing there is."""
        del target
        yield Unit(_URI, 0, "once", self.name)

    def open(self, unit: Unit, limits: Limits) -> Part:
        """Read standard input to its end.

        Raises:
            LimitExceededError: There is more than one artefact may have.
            AccessError: It is closed.
        """
        stream = getattr(sys.stdin, "buffer", None)
        if stream is None or stream.closed:
            raise AccessError("standard input is closed")
        data = stream.read(limits.artefact_bytes + 1)
        if len(data) > limits.artefact_bytes:
            raise LimitExceededError(f"standard input is more than artefact_bytes = {limits.artefact_bytes}")
        return Part(Locator.parse(unit.uri), BytesPayload(data), Surroundings(("-",)))

    def stamp(self, unit: Unit) -> str:
        """Standard input can be read once only."""
        del unit
        raise AccessError("standard input can be read only once")
