"""A payload on its way: in memory while it is small, else in an unnamed file, and never more than a limit."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Self

from efface.errors import LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Budget", "Spool"]

_IN_MEMORY = 256 * 1024
_CHUNK_BYTES = 256 * 1024


class Budget:
    """How many bytes all spools together may hold; one that would go beyond it is refused.

    Args:
        most_bytes: The sum.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.held_bytes = 0

    def take(self, count: int) -> None:
        """Count bytes in.

        Raises:
            MemoryError: They do not fit.
        """
        if self.held_bytes + count > self.most_bytes:
            raise MemoryError
        self.held_bytes += count


class Spool:
    """Bytes that are written once and read from the beginning as often as needed; close it to be rid of them.

    Args:
        limit_bytes: Most bytes that it takes.
        budget: The budget that it shares with others.
        before: Bytes that are read before what is written, such as a head that says what follows.
    """

    def __init__(self, limit_bytes: int, budget: Budget, before: bytes = b"") -> None:
        self.before = before
        self.size_written = 0
        self._limit_bytes = limit_bytes
        self._budget = budget
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - `close` closes it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def size(self) -> int:
        """How many bytes `chunks` gives."""
        return len(self.before) + self.size_written

    def write(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            LimitExceededError: There would be more than the limit.
            MemoryError: All spools together would hold too much.
            OSError: The disk is full or broken.
        """
        if self.size_written + len(data) > self._limit_bytes:
            raise LimitExceededError(f"more than {self._limit_bytes} bytes")
        self._budget.take(len(data))
        self.size_written += len(data)
        self._file.write(data)

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes from the beginning."""
        if self.before:
            yield self.before
        yield from self.written()

    def written(self) -> Iterator[bytes]:
        """Yield what was written, without what was put before it."""
        at = 0
        while True:
            self._file.seek(at)
            data = self._file.read(_CHUNK_BYTES)
            if not data:
                self._file.seek(0, 2)
                return
            at += len(data)
            yield data

    def close(self) -> None:
        """Give the bytes up."""
        if not self._file.closed:
            self._file.close()
            self._budget.held_bytes -= self.size_written
