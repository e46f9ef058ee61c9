"""Take a mailbox apart into its messages.

Source: RFC 4155 (mbox).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from efface.errors import LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

__all__ = ["messages"]

_CHUNK = 1 << 20
_POSTMARK = re.compile(rb"\n\r?\nFrom (?=\S+[^\n]{8,120}\d{2}:\d{2})")
_KEPT = 256  # bytes of one chunk in which a postmark may begin that the next one ends


def messages(stream: BinaryIO, limit: int) -> Iterator[bytes | LimitExceededError]:
    """Yield the messages of a mailbox without their postmarks, with no more than one in memory."""
    pieces: list[bytes] = []
    size, rest = 0, b""
    while True:
        chunk = stream.read(_CHUNK)
        window = rest + chunk
        at = 0
        for mark in _POSTMARK.finditer(window):
            yield _message([*pieces, window[at : mark.start() + 1]], limit)
            pieces, size, at = [], 0, mark.end() - len(b"From ")
        if not chunk:
            yield _message([*pieces, window[at:]], limit)
            return
        kept = max(len(window) - _KEPT, at)
        if size <= limit:
            pieces.append(window[at:kept])
        size += kept - at
        rest = window[kept:]


def _message(pieces: list[bytes], limit: int) -> bytes | LimitExceededError:
    whole = b"".join(pieces)
    if len(whole) > limit:
        return LimitExceededError(f"a message of more than artefact_bytes = {limit}")
    whole = whole.lstrip(b"\r\n")
    return whole.partition(b"\n")[2] if whole.startswith(b"From ") else whole
