"""Walk the fields of a message in Protocol Buffers' encoding, without a schema.

Source: Protocol Buffers, "Encoding": wire types 0, 1, 2 and 5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from efface.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Field", "fields", "first", "number", "varint", "varints"]

_MAX_VARINT_BYTES = 10


class Field(NamedTuple):
    """One field: its number, its body where it has a length (else None), its number's value, and all its bytes."""

    number: int
    body: bytes | None
    value: int
    whole: bytes


def fields(message: bytes) -> Iterator[Field]:
    """Yield the fields in their order.

    Raises:
        FormatError: The bytes are no such message, or are cut off.
    """
    at = 0
    while at < len(message):
        start = at
        tag, at = _read(message, at)
        body, value = None, 0
        match tag & 7:
            case 0:
                value, at = _read(message, at)
            case 1:
                at += 8
            case 2:
                size, at = _read(message, at)
                body, at = message[at : at + size], at + size
            case 5:
                at += 4
            case kind:
                raise FormatError(f"not a protocol buffer: wire type {kind} at byte {start}")
        if at > len(message):
            raise FormatError(f"not a protocol buffer: the field at byte {start} runs past the end")
        yield Field(tag >> 3, body, value, message[start:at])


def first(message: bytes, *path: int) -> bytes | None:
    """Return the body at a path of field numbers, taking the first field of each; None where there is none."""
    found: bytes | None = message
    for step in path:
        if found is None:
            break
        found = next((field.body for field in fields(found) if field.number == step), None)
    return found


def number(message: bytes, wanted: int) -> int:
    """Return the value of a number field; 0, which is not written, where it is not there."""
    return next((field.value for field in fields(message) if field.number == wanted), 0)


def varints(message: bytes, wanted: int) -> list[int]:
    """Return the values of a repeated number field, packed into one field or not."""
    found: list[int] = []
    for field in fields(message):
        if field.number != wanted:
            continue
        if field.body is None:
            found.append(field.value)
            continue
        at = 0
        while at < len(field.body):
            value, at = _read(field.body, at)
            found.append(value)
    return found


def varint(value: int) -> bytes:
    """Return a number as it is written."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(message[at : at + _MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, at + index + 1
    raise FormatError(f"not a protocol buffer: an unfinished number at byte {at}")
