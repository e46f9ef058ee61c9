"""The bytes of an artefact: in a file, or in memory when they come out of something else."""

from __future__ import annotations

import io
import os
import stat
from typing import TYPE_CHECKING

from efface.errors import AccessError, LimitExceededError
from efface.model import printable

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["BytesPayload", "FilePayload"]

_HEAD_BYTES = 65_536


class BytesPayload:
    """Bytes that are already in memory, such as a member of an archive."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size_bytes(self) -> int:
        """Size in bytes."""
        return len(self._data)

    def head(self, count: int = 4096) -> bytes:
        """Return up to `count` bytes from the start."""
        return self._data[:count]

    def read(self) -> bytes:
        """Return all bytes."""
        return self._data

    def open(self) -> BinaryIO:
        """Return a new reader at offset 0."""
        return io.BytesIO(self._data)


class FilePayload:
    """The bytes of one regular file, opened without following a link and never written.

    The size is that of the moment of opening; `changed()` tells whether the file was written since.
    The first 64 KiB and, once read, the whole content are kept, so that many detectors cost one read.
    """

    def __init__(self, path: str, limit_bytes: int) -> None:
        self.path = path
        self._limit_bytes = limit_bytes
        descriptor, self._stat = self._opened()
        try:
            self._head = _first(descriptor, self._stat.st_size)
        finally:
            os.close(descriptor)
        self._all = self._head if len(self._head) >= self._stat.st_size else None

    @property
    def size_bytes(self) -> int:
        """Size in bytes when it was opened."""
        return self._stat.st_size

    @property
    def is_kept(self) -> bool:
        """Whether the whole content is in memory, so that a reader is none of the file."""
        return self._all is not None

    @property
    def modified_ns(self) -> int:
        """Time of last change, in nanoseconds since the epoch."""
        return self._stat.st_mtime_ns

    def head(self, count: int = 4096) -> bytes:
        """Return up to `count` bytes from the start."""
        if count <= len(self._head):
            return self._head[:count]
        with self.open() as file:
            return file.read(count)

    def read(self) -> bytes:
        """Return all bytes.

        Raises:
            LimitExceededError: The file is larger than the run reads as a whole.
            AccessError: It cannot be read any more.
        """
        if self._all is None:
            if self._stat.st_size > self._limit_bytes:
                sparse = " (a sparse file)" if self._stat.st_blocks * 512 < self._stat.st_size // 2 else ""
                raise LimitExceededError(
                    f"{self._stat.st_size} bytes{sparse} is more than artefact_bytes = {self._limit_bytes}"
                )
            try:
                with self.open() as file:
                    self._all = file.read(self._limit_bytes + 1)
            except OSError as error:
                raise AccessError(f"cannot be read: {error.strerror}") from error
        return self._all

    def open(self) -> BinaryIO:
        """Return a new reader at offset 0.

        Raises:
            AccessError: It is not a regular file, or may not be read.
        """
        if self._all is not None:
            return io.BytesIO(self._all)
        return os.fdopen(self._opened()[0], "rb")

    def _opened(self) -> tuple[int, os.stat_result]:
        try:
            # O_NONBLOCK: a pipe put in the place of a file must not hang the run.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(self.path, flags)
        except OSError as error:
            raise AccessError(f"cannot be opened: {error.strerror}") from error
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            os.close(descriptor)
            raise AccessError("is not a regular file")
        return descriptor, info

    def changed(self) -> bool:
        """Return whether the file was written or replaced since it was opened."""
        try:
            now = os.stat(self.path, follow_symlinks=False)
        except OSError:
            return True
        then = self._stat
        return (now.st_size, now.st_mtime_ns, now.st_ino) != (then.st_size, then.st_mtime_ns, then.st_ino)

    def __repr__(self) -> str:
        return f"FilePayload({printable(self.path)!r})"


def _first(descriptor: int, size: int) -> bytes:
    """Read the start without a buffer of its own; some file systems give less at once than they have, or no size."""
    head = os.read(descriptor, _HEAD_BYTES)
    while (
        len(head) < _HEAD_BYTES
        and len(head) != size
        and (more := os.read(descriptor, _HEAD_BYTES - len(head)))
    ):
        head += more
    return head
