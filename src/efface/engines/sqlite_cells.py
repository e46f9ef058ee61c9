"""Which cells of a column go, decided once and recognised again afterwards.

The rows are read in the same order before and after: so it is known of each cell whether it was to go, and
one that was not must have the same type and value, bit by bit.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

from efface.engines.residue import Fragments
from efface.errors import RemovalError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EMPTIED", "REWRITTEN", "STAYS", "Cells", "encoded"]

STAYS, EMPTIED, REWRITTEN = 0, 1, 2
_DIGEST_BYTES = 16


class Cells:
    """The cells of one column.

    Args:
        rest: Returns what is to stay of a value: the same value, another, or None for nothing. It is asked
            once for each cell.
        codec: How the database stores texts.
        removed: Where fragments of what goes are kept.
    """

    def __init__(
        self, rest: Callable[[bytes | str], bytes | str | None], codec: str, removed: Fragments
    ) -> None:
        self._rest = rest
        self._codec = codec
        self._removed = removed
        self._emptied: set[bytes] = set()
        self._new: dict[bytes, bytes | str] = {}
        self._marks = bytearray()
        self._at = 0

    @property
    def count(self) -> int:
        """How many cells hold something that goes."""
        return len(self._marks) - self._marks.count(STAYS)

    def before(self, kind: bytes, raw: object) -> bytes:
        """Decide over the next cell, and return how it is to be encoded afterwards.

        Args:
            kind: Its type, as SQLite's `typeof` names it.
            raw: Its value; a text in the bytes that the database stores.
        """
        mark = STAYS
        if isinstance(raw, bytes) and raw:
            mark = self._decided(kind, raw)
        self._marks.append(mark)
        if mark == EMPTIED:
            return b"E"
        return self._encoded(kind, self._stored(self._new[_digest(kind, raw)]) if mark else raw)

    def after(self, kind: bytes, raw: object) -> bytes:
        """Return the encoding of the next cell of the result, in the order of `before`."""
        mark = self._marks[self._at] if self._at < len(self._marks) else STAYS
        self._at += 1
        if mark == EMPTIED and raw in (None, b""):
            return b"E"
        return self._encoded(kind, raw)

    def state(self, kind: str, raw: object) -> int:
        """Return whether a cell with this value stays, is emptied or is rewritten."""
        if not isinstance(raw, bytes) or not raw:
            return STAYS
        digest = _digest(kind.encode(), raw)
        return EMPTIED if digest in self._emptied else REWRITTEN if digest in self._new else STAYS

    def new(self, kind: str, raw: object) -> bytes | str:
        """Return what a cell that is rewritten holds afterwards."""
        return self._new[_digest(kind.encode(), raw)]

    def _decided(self, kind: bytes, raw: bytes) -> int:
        value = raw.decode(self._codec, "replace") if kind == b"text" else raw
        left = self._rest(value)
        if left is not None and left == value:
            return STAYS
        if left and self._stored(value) != raw:
            raise RemovalError("a damaged text holds what was found among other things")
        digest = _digest(kind, raw)
        self._remember(value, left)
        if not left:
            self._emptied.add(digest)
            return EMPTIED
        self._new[digest] = left
        return REWRITTEN

    def _remember(self, value: bytes | str, left: bytes | str | None) -> None:
        """Keep fragments of what goes, but not of what stays of the same value."""
        gone = Fragments()
        if isinstance(value, str):
            gone.add_text(value.encode("utf-8", "replace"), self._codec)
        else:
            gone.add(value)
        stays = self._stored(left or b"")
        self._removed.update(fragment for fragment in gone if fragment not in stays)

    def _stored(self, value: bytes | str) -> bytes:
        return value.encode(self._codec, "replace") if isinstance(value, str) else value

    @staticmethod
    def _encoded(kind: bytes, raw: object) -> bytes:
        return kind[:1] + encoded(raw)


def _digest(kind: bytes, raw: object) -> bytes:
    data = raw if isinstance(raw, bytes) else b""
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES, person=kind).digest()


def encoded(value: object) -> bytes:
    """Return the bytes that stand for a value of SQLite in a digest."""
    match value:
        case None:
            return b"N"
        case int():
            return b"I%d;" % value
        case float():
            return b"F" + struct.pack("<d", value)
        case bytes():
            return b"B%d:" % len(value) + value
    raise RemovalError("a value of an unknown type")
