"""Dumps and tensor files as pg_dump and safetensors write them, without those programs.

Source: PostgreSQL's `pg_backup_archiver.c` and `pg_backup_custom.c`; safetensors' format page.
"""

from __future__ import annotations

import json
import struct
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["pg_archive", "safetensors"]

_WORDS = {"float64": "F64", "float32": "F32", "float16": "F16", "int8": "I8", "int64": "I64"}


def _integer(value: int) -> bytes:
    return bytes([value < 0]) + abs(value).to_bytes(4, "little")


def _text(value: str | None) -> bytes:
    return _integer(-1) if value is None else _integer(len(value.encode())) + value.encode()


def _entry(number: int, name: str, statement: str, version: int) -> bytes:
    parts = [
        _integer(number),
        _integer(1),
        _text("0"),
        _text("0"),
        _text(name),
        _text("TABLE DATA"),
        _integer(3),
    ]
    parts += [_text(None), _text(None), _text(statement), _text("public"), _text("")]
    parts += [_text("")] if version >= 14 else []
    parts += [_integer(0)] if version >= 16 else []
    parts += [_text("owner"), _text("false"), _text("7"), _text(None), b"\2" + bytes(8)]
    return b"".join(parts)


def pg_archive(
    tables: Mapping[str, str], objects: tuple[bytes, ...] = (), *, version: int = 14, is_packed: bool = True
) -> bytes:
    """Return an archive in the custom format.

    Args:
        tables: The rows, in COPY's text form, by COPY statement.
        objects: Large objects.
        version: Minor number of the archive's version.
        is_packed: Whether blocks are compressed.
    """
    coding = bytes([int(is_packed)]) if version >= 15 else _integer(-1 if is_packed else 0)
    head = (
        b"PGDMP" + bytes([1, version, 0, 4, 8, 1]) + coding + _integer(0) * 7 + _text("db") + _text("17") * 2
    )
    entries = [_entry(number, "t", statement, version) for number, statement in enumerate(tables, 10)]
    blocks = [
        b"\1" + _integer(number) + _stored(rows.encode() + b"\\.\n\n\n", is_packed=is_packed)
        for number, rows in enumerate(tables.values(), 10)
    ]
    if objects:
        stored = (
            _integer(16_400 + at) + _stored(data, is_packed=is_packed) for at, data in enumerate(objects)
        )
        blocks.append(b"\3" + _integer(9) + b"".join(stored) + _integer(0))
    return b"".join((head, _integer(len(entries)), *entries, *blocks))


def _stored(data: bytes, *, is_packed: bool) -> bytes:
    data = zlib.compress(data) if is_packed else data
    pieces = [data[at : at + 4096] for at in range(0, len(data), 4096)]
    return b"".join(_integer(len(piece)) + piece for piece in pieces) + _integer(0)


def safetensors(tensors: Mapping[str, NDArray[Any]]) -> bytes:
    """Return a file of tensors by name."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, tensor in tensors.items():
        data = tensor.tobytes()
        offsets = [len(body), len(body) + len(data)]
        header[name] = {
            "dtype": _WORDS[tensor.dtype.name],
            "shape": list(tensor.shape),
            "data_offsets": offsets,
        }
        body += data
    head = json.dumps(header).encode()
    return struct.pack("<Q", len(head)) + head + body
