"""Overwrite the numbers of a pickle where they stand; nothing is ever loaded, and all other opcodes stay.

Every number becomes "not a number", and whole numbers become 0: so an array keeps its length beside the list of
names that goes with it, a program that loads the file runs on, and nothing is near to what is left. Zeros would
be: some networks' vectors lie no farther from zero than from one another.

Sources: Python's `pickletools` (protocols 0 to 5); IEEE 754 (comparisons with NaN are false).
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from efface.errors import FormatError, UnsupportedError
from efface.formats import pickle_scan, vector_rows
from efface.formats.pickle_values import Call, Encoded, raw_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from efface.formats.pickle_scan import Found, Place

__all__ = ["emptied"]

_LENGTHS = {
    "SHORT_BINUNICODE": ("<B", b"\x8c"),
    "BINUNICODE": ("<I", b"X"),
    "BINUNICODE8": ("<Q", b"\x8d"),
}
_BYTES = frozenset(
    {"SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8", "BINSTRING", "SHORT_BINSTRING", ""}
)
_WHOLE = {"BININT": 4, "BININT1": 1, "BININT2": 2}
_LONGS = {"LONG1": 2, "LONG4": 5}  # opcode and length, which stay
_Edit = tuple[int, int, bytes]


def emptied(data: bytes, wanted: Collection[str | None]) -> bytes:
    """Return a pickle in which the vectors at some places are no numbers any more.

    Args:
        data: The pickle.
        wanted: Fragments, as `pickle_scan.place_of` gives them.

    Raises:
        FormatError: It is no pickle, a damaged one, or there is nothing at such a place.
        LimitExceededError: It has too many opcodes.
        UnsupportedError: Numbers stand in it in a way that cannot be overwritten.
    """
    places: dict[int, Place] = {}
    edits: dict[int, _Edit] = {}
    met = set()
    # What was read must be kept until the end: places are known by `id`.
    for found in list(pickle_scan.scan(data, places=places)):
        place = pickle_scan.place_of(found.names)
        if place in wanted and _is_vectors(found):
            met.add(place)
            for edit in _edits(found, places, data):
                edits[edit[0]] = edit
    if met != set(wanted):
        raise FormatError("the pickle holds no such vectors as were found")
    if any(end - start != len(new) for start, end, new in edits.values()) and _has_frames(data):
        raise UnsupportedError("a pickle whose frames would change their length")
    return _applied(data, sorted(edits.values()))


def _is_vectors(found: Found) -> bool:
    numbers = found.numbers
    is_rows = bool(numbers.size) and 1 <= numbers.ndim <= 4
    return is_rows and vector_rows.is_testable(numbers.dtype, numbers.shape[-1])


def _has_frames(data: bytes) -> bool:
    return data[:1] == b"\x80" and data[1:2] >= b"\x04"


def _edits(found: Found, places: dict[int, Place], data: bytes) -> Iterator[_Edit]:
    if isinstance(found.value, Call):
        yield _array_edit(found.value, found.numbers.dtype, places, data)
        return
    for item in found.value if isinstance(found.value, list | tuple) else ():
        if isinstance(item, Call):
            yield _array_edit(item, np.dtype(np.float64), places, data)
        elif id(item) in places:
            yield _number_edit(places[id(item)])
        elif isinstance(item, float):
            raise UnsupportedError("a number of a pickle that stands nowhere")


def _array_edit(call: Call, dtype: np.dtype[Any], places: dict[int, Place], data: bytes) -> _Edit:
    raw = raw_of(call)
    holder = raw.text if isinstance(raw, Encoded) else raw
    place = places.get(id(holder))
    if place is None or not isinstance(raw, bytes | bytearray | str):
        raise UnsupportedError("an array of a pickle whose numbers stand nowhere")
    new = _filling(len(raw), dtype)
    if place.opcode in _BYTES:
        return place.end - len(raw), place.end, new
    if place.opcode in _LENGTHS:
        coding, letter = _LENGTHS[place.opcode]
        text = new.decode("latin-1").encode()
        if place.opcode == "SHORT_BINUNICODE" and len(text) > 255:
            text = bytes(len(new))
        return place.start, place.end, letter + struct.pack(coding, len(text)) + text
    if place.opcode in {"UNICODE", "STRING"}:
        escaped = "".join(f"\\{'u00' if place.opcode == 'UNICODE' else 'x'}{byte:02x}" for byte in new)
        line = escaped if place.opcode == "UNICODE" else f"'{escaped}'"
        return place.start, place.end, data[place.start : place.start + 1] + line.encode() + b"\n"
    raise UnsupportedError("an array of a pickle in an opcode that is not overwritten")


def _filling(size: int, dtype: np.dtype[Any]) -> bytes:
    if dtype.kind != "f" or size % dtype.itemsize:
        return bytes(size)
    return np.full(size // dtype.itemsize, np.nan, dtype).tobytes()


def _number_edit(place: Place) -> _Edit:
    if place.opcode == "BINFLOAT":
        return place.start + 1, place.end, struct.pack(">d", math.nan)
    if place.opcode == "FLOAT":
        return place.start + 1, place.end, b"nan\n"
    if place.opcode in _WHOLE:
        return place.start + 1, place.end, bytes(_WHOLE[place.opcode])
    if place.opcode in _LONGS:
        start = place.start + _LONGS[place.opcode]
        return start, place.end, bytes(place.end - start)
    if place.opcode in {"INT", "LONG"}:
        return place.start + 1, place.end, b"0\n" if place.opcode == "INT" else b"0L\n"
    raise UnsupportedError("a number of a pickle in an opcode that is not overwritten")


def _applied(data: bytes, edits: list[_Edit]) -> bytes:
    pieces: list[bytes] = []
    at = 0
    for start, end, new in edits:
        if start < at:
            raise UnsupportedError("numbers of a pickle that lie in one another")
        pieces += (data[at:start], new)
        at = end
    return b"".join((*pieces, data[at:]))
