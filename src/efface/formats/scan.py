"""Search bytes for the starts of many kinds of record in one pass.

Every signature names a pair of bytes (its anchor) that each of its records has at a fixed distance from the
start. One table of 65,536 entries tells for all pairs at once whether any signature wants them, so that data
without a record costs one look-up per byte, whatever the number of signatures.

The rule for records inside records: the outermost record whose structure was walked is reported, and what
lies inside it is told in its notes. A record that was only found by its header covers nothing: what lies
inside it is reported too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from efface.errors import FormatError, LimitExceededError

if TYPE_CHECKING:
    import re

    from efface.formats.record import Record

__all__ = [
    "COVERING_EXACTNESS",
    "MAX_FALSE_STARTS",
    "MAX_RECORDS",
    "Data",
    "Reader",
    "Signature",
    "scan",
    "starts",
]

Data = bytes | bytearray | memoryview
_Table = np.ndarray[tuple[int], np.dtype[np.bool_]]
Reader = Callable[[bytes, int], "tuple[Record, ...]"]

MAX_RECORDS = 10_000
MAX_FALSE_STARTS = 1_024  # a whole system image held none; more is data made to waste time
COVERING_EXACTNESS = 0.9
_WINDOW_BYTES = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class Signature:
    """How one kind of record begins; one signature is another only if it is the same object.

    Attributes:
        anchor: Two bytes that every such record holds; empty when it is only looked for at offset 0,
            because its beginning is too short to be searched for inside other data.
        distances: Possible distances from the record's start to the anchor, in bytes.
        pattern: What must match at the record's start.
        read: Returns the records that start there, or raises FormatError.
    """

    anchor: bytes
    distances: tuple[int, ...]
    pattern: re.Pattern[bytes]
    read: Reader


def scan(data: Data, signatures: tuple[Signature, ...], *, limit: int = MAX_RECORDS) -> Iterator[Record]:
    """Yield the records that the signatures find, in the order of their anchors.

    Args:
        data: What to search; anything but bytes is copied once.
        signatures: What to search for.
        limit: Stop after this many records. A caller that gets as many must say that there may be more.

    Raises:
        LimitExceededError: More than MAX_FALSE_STARTS places look like a start and are none.
    """
    content = data if isinstance(data, bytes) else bytes(data)
    covered_until = false_starts = found = 0
    for start, signature in starts(content, signatures):
        if found >= limit:
            return
        if start < covered_until:
            continue
        try:
            records = signature.read(content, start)
        except FormatError:
            false_starts += 1
            if false_starts > MAX_FALSE_STARTS:
                raise LimitExceededError(
                    f"more than {MAX_FALSE_STARTS} places look like the start of a record and are none"
                ) from None
            continue
        for record in records[: limit - found]:
            found += 1
            if record.exactness >= COVERING_EXACTNESS:
                covered_until = max(covered_until, record.end)
            yield record


def starts(content: bytes, signatures: tuple[Signature, ...]) -> Iterator[tuple[int, Signature]]:
    """Yield every place where a signature's pattern matches, without reading further."""
    table, by_anchor, at_zero = _prepare(signatures)
    for signature in at_zero:
        if signature.pattern.match(content):
            yield 0, signature
    for position in _pairs_at(content, table):
        for distance, signature in by_anchor[content[position : position + 2]]:
            start = position - distance
            if start >= 0 and signature.pattern.match(content, start):
                yield start, signature


_ByAnchor = dict[bytes, list[tuple[int, Signature]]]


@lru_cache(maxsize=64)
def _prepare(
    signatures: tuple[Signature, ...],
) -> tuple[_Table, _ByAnchor, Sequence[Signature]]:
    by_anchor: _ByAnchor = {}
    for signature in signatures:
        if signature.anchor:
            choices = by_anchor.setdefault(signature.anchor, [])
            choices.extend((distance, signature) for distance in signature.distances)
    table = np.zeros(1 << 16, dtype=np.bool_)
    table[[int.from_bytes(pair, "little") for pair in by_anchor]] = True
    return table, by_anchor, [signature for signature in signatures if not signature.anchor]


def _pairs_at(content: bytes, table: _Table) -> Iterator[int]:
    for base in range(0, len(content) - 1, _WINDOW_BYTES):
        count = min(_WINDOW_BYTES, len(content) - 1 - base)
        pairs = np.ndarray((count,), "<u2", content, base, (1,))  # every byte with the one behind it
        places = table.take(pairs).nonzero()[0]
        if places.size:
            yield from (places + base).tolist()
