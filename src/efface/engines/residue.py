"""Fragments of removed values, and the search for them in what is left.

Fragments are kept in memory only. They are taken from the inside of long values that cannot be there by
chance: binary values, and runs of base64, hexadecimal or numbers in texts. A binary value or a run too short for
that (16 to 47 bytes) is searched for as a whole. A plain value (a name, a status, a digest in hexadecimal) has
none, since it may stand elsewhere with every right.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

__all__ = ["FRAGMENT_BYTES", "Fragments", "residue", "runs_of"]

FRAGMENT_BYTES = 16
_MIN_VALUE = 48  # a shorter value has no inside to speak of: it is one fragment
_MIN_DISTINCT = 6  # fewer different bytes are padding
_KEY_BYTES = 8
_CHUNK = 1 << 22
_LOW_BITS = (1 << 22) - 1
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
        """Take fragments from the inside of a binary value, or the value itself where it is short."""
        if len(value) < _MIN_VALUE:
            self._keep(value)
            return
        for at in (len(value) // 3, len(value) * 2 // 3):  # two: one may lie across two pages of a file
            self._keep(value[at : at + FRAGMENT_BYTES])

    def _keep(self, fragment: bytes) -> None:
        is_telling = len(fragment) >= FRAGMENT_BYTES and len(set(fragment)) >= _MIN_DISTINCT
        if is_telling and len(self._found) < _MAX_FRAGMENTS:
            self._found.add(fragment)

    def update(self, fragments: Iterable[bytes]) -> None:
        """Take fragments as they are."""
        for fragment in fragments:
            self._keep(fragment)

    def add_text(self, value: bytes, codec: str = "utf-8") -> None:
        """Take fragments from the encoded runs of a text, given in UTF-8, as the codec stores it."""
        for run in runs_of(value.decode("utf-8", "replace")):
            self.add(run.encode(codec))


def runs_of(text: str) -> Iterator[str]:
    """Yield the runs of base64, hexadecimal or numbers in a text, which cannot be there by chance."""
    yield from (match[0] for match in _RUN.finditer(text))


def residue(data: bytes, fragments: Fragments) -> int:
    """Return how many of the fragments occur in the data, at any offset."""
    if not len(fragments):
        return 0
    keys: NDArray[np.uint64] = np.unique(
        np.array([int.from_bytes(fragment[:_KEY_BYTES], "little") for fragment in fragments], np.uint64)
    )
    known: dict[bytes, list[bytes]] = {}
    for fragment in fragments:
        known.setdefault(fragment[:FRAGMENT_BYTES], []).append(fragment)
    found: set[bytes] = set()
    for at in _candidates(data, keys):
        same_start = known.get(data[at : at + FRAGMENT_BYTES], ())
        found.update(fragment for fragment in same_start if data.startswith(fragment, at))
    return len(found)


def _candidates(data: bytes, keys: NDArray[np.uint64]) -> Iterator[int]:
    """Yield offsets whose next eight bytes are the start of a fragment."""
    low = np.zeros(
        _LOW_BITS + 1, np.bool_
    )  # most words are told apart by their low bits, which is far quicker
    low[keys & np.uint64(_LOW_BITS)] = True
    for chunk in range(0, len(data), _CHUNK):
        piece = data[chunk : chunk + _CHUNK + FRAGMENT_BYTES]
        for shift in range(_KEY_BYTES):
            count = (len(piece) - shift) // _KEY_BYTES
            if count <= 0:
                continue
            words = np.frombuffer(piece, "<u8", count, shift)
            near = np.flatnonzero(low[words & np.uint64(_LOW_BITS)])
            places = np.searchsorted(keys, words[near])
            hits = near[keys[np.minimum(places, len(keys) - 1)] == words[near]]
            yield from (chunk + shift + _KEY_BYTES * int(hit) for hit in hits)
