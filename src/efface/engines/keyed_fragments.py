"""Fragments of removed values as keyed digests, and the search for them in the files of a server.

Of each value some pieces of 16 bytes are taken, and of each piece only digests under a key that is made anew and
never leaves the memory: a keyed 64-bit sum, by which most places of a file are passed over, and an HMAC, which
decides. Neither can be turned back into a value, nor be used to recognise anybody elsewhere.

Not promised: what a server compresses, encrypts or cuts in the middle of a piece does not show; so the caller
searches before the removal too, and says how many pieces could be seen at all.
Source: RFC 2104 (HMAC); M. Dietzfelbinger et al., A Reliable Randomized Algorithm for the Closest-Pair Problem,
J. Algorithms 25 (1997), 2 (multiplicative hashing).
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING

import numpy as np

from efface.engines.residue import FRAGMENT_BYTES, runs_of

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

__all__ = ["KeyedFragments"]

_PER_VALUE = 4
_MOST = 200_000
_MIN_DISTINCT = 6  # fewer different bytes are padding
_CHUNK_BYTES = 1 << 22
_WORD = 8
_TABLE_BITS = 22


class KeyedFragments:
    """Digests of pieces of values; its text form says only how many.

    Args:
        per_value: How many pieces of each value; None for all that lie side by side.
        most: How many pieces of all values together, since each takes about 200 bytes of memory; None for no bound.
    """

    def __init__(self, per_value: int | None = _PER_VALUE, most: int | None = _MOST) -> None:
        self._per_value = per_value
        self._most = most
        self._key = secrets.token_bytes(32)
        self._low = np.uint64(secrets.randbits(64) | 1)
        self._high = np.uint64(secrets.randbits(64) | 1)
        self._digests: set[bytes] = set()
        self._sums: set[int] = set()

    def __len__(self) -> int:
        return len(self._digests)

    def __repr__(self) -> str:
        return f"KeyedFragments({len(self)})"

    def add(self, value: bytes) -> None:
        """Take pieces of a binary value, as the server stores it."""
        count = len(value) // FRAGMENT_BYTES
        if self._per_value is None or count <= self._per_value:
            places: Iterable[int] = range(0, count * FRAGMENT_BYTES, FRAGMENT_BYTES)
        else:
            share = (len(value) - FRAGMENT_BYTES) / (self._per_value + 1)
            places = [int(share * (number + 1)) for number in range(self._per_value)]
        for at in places:
            self._keep(value[at : at + FRAGMENT_BYTES])

    def add_text(self, text: str) -> None:
        """Take pieces of the coded runs of a text: base64, hexadecimal, numbers. Words have none."""
        for run in runs_of(text):
            self.add(run.encode())

    def _keep(self, piece: bytes) -> None:
        is_full = self._most is not None and len(self._digests) >= self._most
        if len(set(piece)) >= _MIN_DISTINCT and not is_full:
            self._digests.add(self._digest(piece))
            self._sums.add(int(self._sums_at(piece, 0)[0]))

    def _digest(self, piece: bytes) -> bytes:
        return hmac.digest(self._key, piece, "sha256")[:FRAGMENT_BYTES]

    def _sums_at(self, data: bytes, shift: int) -> NDArray[np.uint64]:
        """Return the keyed sum of the 16 bytes at shift, shift + 8, shift + 16 and so on."""
        count = (len(data) - shift) // _WORD
        words: NDArray[np.uint64] = np.frombuffer(data, np.dtype("<u8"), max(count, 0), shift)
        with np.errstate(over="ignore"):
            return np.asarray(words[:-1] * self._low + words[1:] * self._high, np.uint64)

    def found_in(self, paths: Iterable[str | os.PathLike[str]]) -> int:
        """Return how many of the pieces occur in files, at any offset.

        Raises:
            OSError: A file cannot be read. One that is gone meanwhile holds nothing.
        """
        found: set[bytes] = set()
        if not self._digests:
            return 0
        sums = np.array(sorted(self._sums), np.uint64)
        table = np.zeros(1 << _TABLE_BITS, np.bool_)
        table[sums >> np.uint64(64 - _TABLE_BITS)] = True
        for path in paths:
            for data in _chunks(path):
                for at in self._candidates(data, sums, table):
                    digest = self._digest(data[at : at + FRAGMENT_BYTES])
                    if digest in self._digests:
                        found.add(digest)
        return len(found)

    def _candidates(self, data: bytes, sums: NDArray[np.uint64], table: NDArray[np.bool_]) -> Iterator[int]:
        for shift in range(min(_WORD, len(data) - FRAGMENT_BYTES + 1)):
            here = self._sums_at(data, shift)
            near = np.flatnonzero(table[here >> np.uint64(64 - _TABLE_BITS)])
            places = np.minimum(np.searchsorted(sums, here[near]), len(sums) - 1)
            yield from (shift + _WORD * int(hit) for hit in near[sums[places] == here[near]])


def _chunks(path: str | os.PathLike[str]) -> Iterator[bytes]:
    """Yield a file in pieces that overlap, so that nothing lies across two."""
    try:
        file = open(path, "rb")  # noqa: SIM115 - a file that is gone is no error, one that cannot be read is
    except FileNotFoundError:
        return
    with file:
        rest = b""
        while piece := file.read(_CHUNK_BYTES):
            yield rest + piece
            rest = (rest + piece)[1 - FRAGMENT_BYTES :]
