"""Take the pictures out of the thumbnail caches that Windows keeps for each user (`thumbcache_*.db`).

Not handled here: the index beside them, which names the files by a number only.

Source: libyal, Windows Explorer thumbnail cache database format (header, entries of versions 20 to 32).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAGIC", "pictures"]

MAGIC = b"CMMM"
_VISTA = 20
_ENTRY_BYTES = 48  # the shortest header of one
_MAX_ENTRIES = 1_000_000


def pictures(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the number of each entry, from 1, and its picture; entries without one are left out.

    Raises:
        FormatError: It is no cache, or an entry is broken; what came before was yielded.
    """
    if data[:4] != MAGIC:
        raise FormatError("no thumbnail cache")
    size_at = 32 if int.from_bytes(data[4:8], "little") == _VISTA else 24
    at = data.find(MAGIC, 4)
    for number in range(1, _MAX_ENTRIES):
        if at < 0 or at + _ENTRY_BYTES > len(data):
            return
        entry_bytes = int.from_bytes(data[at + 4 : at + 8], "little")
        size = int.from_bytes(data[at + size_at : at + size_at + 4], "little")
        if entry_bytes < _ENTRY_BYTES or size > entry_bytes:
            raise FormatError("a thumbnail cache with a broken entry")
        if size:
            stop = at + entry_bytes
            yield number, data[stop - size : stop]
        at = data.find(MAGIC, at + entry_bytes)
