"""The bytes of a payload as one buffer, without reading a large file into memory."""

from __future__ import annotations

import mmap
from contextlib import contextmanager
from typing import TYPE_CHECKING

from efface.errors import AccessError
from efface.sources.payloads import FilePayload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Payload

__all__ = ["mapped"]


@contextmanager
def mapped(payload: Payload) -> Iterator[bytes | mmap.mmap]:
    """Give the bytes of a payload: a large file as a read-only mapping, anything else as it is in memory.

    Raises:
        AccessError: The file cannot be mapped.
    """
    if not isinstance(payload, FilePayload) or payload.is_kept:
        yield payload.read()
        return
    with payload.open() as file:
        try:
            view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise AccessError("cannot be mapped into memory") from error
        with view:
            yield view
