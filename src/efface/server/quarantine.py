"""A folder that keeps what waits for a person: the payload as it came, and its receipt beside it."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from efface.errors import AccessError, LimitExceededError

if TYPE_CHECKING:
    from pathlib import Path

    from efface.server.receipt import Receipt
    from efface.server.spool import Spool

__all__ = ["Quarantine"]


class Quarantine:
    """Keeps payloads for their owner only, until a person takes them out.

    Args:
        folder: Made where it is missing.
        most_bytes: Most bytes that it holds; beyond it, what would be held is refused.

    Raises:
        AccessError: The folder cannot be used.
    """

    def __init__(self, folder: Path, most_bytes: int = 16 * 1024**3) -> None:
        self._folder, self._most_bytes = folder, most_bytes
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._held_bytes = sum(path.stat().st_size for path in folder.iterdir())
        except OSError as error:
            raise AccessError(f"the quarantine cannot be used: {error.strerror}") from error

    def keep(self, receipt: Receipt, payload: Spool) -> None:
        """Write a payload and its receipt, whole or not at all.

        Raises:
            LimitExceededError: The folder is full.
            OSError: The disk is.
        """
        if self._held_bytes + payload.size_written > self._most_bytes:
            raise LimitExceededError(f"the quarantine holds {self._most_bytes} bytes")
        content, told = self._folder / f"{receipt.id}.bin", self._folder / f"{receipt.id}.json"
        try:
            with open(_new(content), "wb") as file:
                file.writelines(payload.written())
                file.flush()
                os.fsync(file.fileno())
            with open(_new(told), "wb") as file:
                file.write(receipt.body())
        except OSError:
            for path in (content, told):
                with suppress(OSError):
                    path.unlink()
            raise
        self._held_bytes += payload.size_written


def _new(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
