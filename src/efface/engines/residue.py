"""Fragments of removed values, and the search for them in what is left.

Fragments are kept in memory only. They are taken from the inside of long values that cannot be there by
chance: binary values, and runs of base64, hexadecimal or numbers in texts. A short or plain value (a name, a
status) has none, since it may stand elsewhere with every right.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["FRAGMENT_BYTES", "Fragments", "residue"]

FRAGMENT_BYTES = 16
_MIN_VALUE = 48  # shorter values are keys, digests or words
_MIN_DISTINCT = 6  # fewer different bytes are padding
_KEY_BYTES = 8
_CHUNK = 1 << 22
_MAX_FRAGMENTS = 400_000
_RUN = re.compile(r"[A-Za-z0-9+/_-]{40,}|(?:[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?[,;\s]+){6,}")


class Fragments:
    """A set of fragments; its text form says only how many."""

    def __init__(self) -> None:
        self._found: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._found)

    def __repr__(self) -> str:
        return f"Fragments({len(self)})"

    def add(self, value: bytes) -> None:
        """Take fragments from the inside of a binary value."""
        if len(value) < _MIN_VALUE:
            return
        for at in (len(value) // 3, len(value) * 2 // 3):  # two: one may lie across two pages of a file
            fragment = value[at : at + FRAGMENT_BYTES]
            whole = len(fragment) == FRAGMENT_BYTES and len(set(fragment)) >= _MIN_DISTINCT
            if whole and len(self._found) < _MAX_FRAGMENTS:
                self._found.add(fragment)

    def add_text(self, value: bytes, codec: str = "utf-8") -> None:
        """Take fragments from the encoded runs of a text, given in UTF-8, as the codec stores it."""
        text = value.decode("utf-8", "replace")
        for match in _RUN.finditer(text):
            self.add(match[0].encode(codec))


def residue(data: bytes, fragments: Fragments) -> int:
    """Return how many of the fragments occur in the data, at any offset."""
    if not len(fragments):
        return 0
    keys: NDArray[np.uint64] = np.unique(
        np.array([int.from_bytes(fragment[:_KEY_BYTES], "little") for fragment in fragments], np.uint64)
    )
    known = set(fragments)
    found: set[bytes] = set()
    for at in _candidates(data, keys):
        fragment = data[at : at + FRAGMENT_BYTES]
        if fragment in known:
            found.add(fragment)
    return len(found)


def _candidates(data: bytes, keys: NDArray[np.uint64]) -> Iterator[int]:
    """Yield offsets whose next eight bytes are the start of a fragment."""
    for chunk in range(0, len(data), _CHUNK):
        piece = data[chunk : chunk + _CHUNK + FRAGMENT_BYTES]
        for shift in range(_KEY_BYTES):
            count = (len(piece) - shift) // _KEY_BYTES
            if count <= 0:
                continue
            words = np.frombuffer(piece, "<u8", count, shift)
            places = np.searchsorted(keys, words)
            hits = np.flatnonzero(keys[np.minimum(places, len(keys) - 1)] == words)
            yield from (chunk + shift + _KEY_BYTES * int(hit) for hit in hits)
