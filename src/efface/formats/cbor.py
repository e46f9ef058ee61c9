"""Read the small part of CBOR that fingerprint templates use, strictly and within limits.

Read are unsigned and negative integers, byte and text strings of definite length, arrays and maps of both
lengths, the three float sizes, false, true and null. Everything else is refused: tags, other simple values,
strings in pieces, a key given twice, more than MAX_ITEMS items or MAX_DEPTH levels.

Source: IETF RFC 8949, 3.
"""

from __future__ import annotations

import struct

from efface.errors import FormatError, LimitExceededError
from efface.formats.cursor import Cursor

__all__ = ["MAX_DEPTH", "MAX_ITEMS", "decode"]

MAX_ITEMS = 8_192
MAX_DEPTH = 4

_BREAK, _INDEFINITE = 0xFF, 31
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_CONSTANTS = {20: False, 21: True, 22: None}


def decode(data: bytes, start: int = 0) -> tuple[object, int]:
    """Return the value at `start` and the offset of the first byte after it.

    Raises:
        FormatError: The bytes are not of the part that is read.
        LimitExceededError: More than MAX_ITEMS items or MAX_DEPTH levels.
    """
    reader = _Reader(data, start)
    return reader.value(0), reader.cursor.position


class _Reader:
    def __init__(self, data: bytes, start: int) -> None:
        self.cursor = Cursor(data, start)
        self.items = 0

    def value(self, depth: int) -> object:
        self.items += 1
        if self.items > MAX_ITEMS or depth > MAX_DEPTH:
            raise LimitExceededError(f"more than {MAX_ITEMS} items or {MAX_DEPTH} levels of CBOR")
        first = self.cursor.u8()
        major, extra = first >> 5, first & 0x1F
        if major == 7:
            return self._simple(extra)
        if extra == _INDEFINITE and major in {4, 5}:
            return self._array(None, depth) if major == 4 else self._map(None, depth)
        return self._sized(major, self._argument(extra), depth)

    def _sized(self, major: int, argument: int, depth: int) -> object:
        if major == 0:
            return argument
        if major == 1:
            return -1 - argument
        if major == 2:
            return self.cursor.take(argument)
        if major == 3:
            return self._text(argument)
        if major == 4:
            return self._array(argument, depth)
        if major == 5:
            return self._map(argument, depth)
        raise FormatError("CBOR tags are not read")

    def _argument(self, extra: int) -> int:
        if extra < 24:
            return extra
        if extra > 27:
            raise FormatError("a CBOR length in a form that is not read")
        return self.cursor.unsigned(1 << (extra - 24))

    def _simple(self, extra: int) -> object:
        if extra in _FLOATS:
            code = _FLOATS[extra]
            number: float = struct.unpack(code, self.cursor.take(struct.calcsize(code)))[0]
            return number
        if extra in _CONSTANTS:
            return _CONSTANTS[extra]
        raise FormatError("a CBOR simple value that is not read")

    def _text(self, length: int) -> str:
        try:
            return self.cursor.take(length).decode("utf-8")
        except UnicodeDecodeError:
            raise FormatError("a CBOR text that is no UTF-8") from None

    def _more(self, count: int | None, done: int) -> bool:
        if count is not None:
            return done < count
        if self.cursor.remaining and self.cursor.data[self.cursor.position] == _BREAK:
            self.cursor.skip(1)
            return False
        return True

    def _array(self, count: int | None, depth: int) -> list[object]:
        values: list[object] = []
        while self._more(count, len(values)):
            values.append(self.value(depth + 1))
        return values

    def _map(self, count: int | None, depth: int) -> dict[str, object]:
        values: dict[str, object] = {}
        while self._more(count, len(values)):
            key = self.value(depth + 1)
            if not isinstance(key, str) or key in values:
                raise FormatError("a CBOR map whose keys are not texts, each given once")
            values[key] = self.value(depth + 1)
        return values
