"""Files of Lance datasets as LanceDB writes them, without its library.

Source: Lance's `file2.proto`, `file.proto`, `encodings_v2_0.proto` and `encodings_v2_1.proto`; files of pylance 14.0.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from efface.formats.protobuf import first, varint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["lance_file"]

_KINDS = {"f4": "float", "f2": "halffloat", "f8": "double"}


def lance_file(
    vectors: NDArray[Any],
    *,
    version: str = "2.1",
    nulls: Sequence[int] = (),
    path: Sequence[str] = ("vector",),
    told: int = 1,
) -> bytes:
    """Return a file with a column of texts and one of vectors.

    Args:
        vectors: Shape (count, dimension), of float16, float32 or float64.
        version: Of the format: "0.2", "2.0" or "2.1".
        nulls: Rows that are null.
        path: Name of the column of vectors, behind those of structures.
        told: How often its page is named, which is once in a sound file.
    """
    rows = vectors.copy()
    rows[list(nulls)] = 0
    schema = _schema(vectors, path)
    if version == "0.2":
        return _first(rows, schema, len(path), told)
    zipped = version == "2.1"
    page = _zip(rows, nulls) if zipped else rows.tobytes()
    body = bytes(64) + page
    coding = (_zip_coding if zipped else _flat_coding)(rows, nulls=bool(nulls))
    described = [_column(b"", 0, 0, 0), _column(coding, 64, len(page), len(rows)) * told]
    if not zipped:  # then structures have columns, too
        described[1:1] = [_column(b"", 0, 0, 0)] * (len(path) - 1)
    return _closed(body, described, schema, (2, 1) if zipped else (0, 3))


def _first(rows: NDArray[Any], schema: bytes, depth: int, told: int) -> bytes:
    """Lay out batches of at most 16 rows, as one page of each field, and a table of pages; the rest is behind it."""
    starts = range(0, len(rows), 16)
    size = rows[0].nbytes
    pages = [struct.pack("<QQ", 64 + at * size, min(16, len(rows) - at)) for at in starts] * told
    offsets = b"".join(varint(number) for number in range(len(pages) + 1))
    body = bytes(64) + rows.tobytes() + bytes(16 * len(pages) * depth) + b"".join(pages)
    table = len(body) - 16 * len(pages) * (depth + 1)
    fields = _prefixed(_each(schema))
    metadata = _number(1, len(body)) + _message(2, offsets) + _number(3, table)
    footer = struct.pack("<QHH4s", len(body) + len(fields), 0, 2, b"LANC")
    return body + fields + _prefixed(metadata) + footer


def _prefixed(message: bytes) -> bytes:
    return struct.pack("<I", len(message)) + message


def _each(schema: bytes) -> bytes:
    """Return the fields alone, as a manifest has them."""
    return first(schema, 1) or b""


def _closed(body: bytes, described: list[bytes], schema: bytes, version: tuple[int, int]) -> bytes:
    """Put schema, descriptions, their tables and the footer behind the pages."""
    at, out = len(body) + len(schema), [body, schema]
    table = []
    for each in described:
        table.append(struct.pack("<QQ", at, len(each)))
        out.append(each)
        at += len(each)
    shared = struct.pack("<QQ", len(body), len(schema))
    footer = struct.pack(
        "<QQQIIHH4s", len(body) + len(schema), at, at + 16 * len(table), 1, len(table), *version, b"LANC"
    )
    return b"".join((*out, *table, shared, footer))


def _number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def _message(field: int, body: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(body)) + body


def _schema(vectors: NDArray[Any], path: Sequence[str]) -> bytes:
    kind = f"fixed_size_list:{_KINDS[vectors.dtype.str[1:]]}:{vectors.shape[1]}"
    fields = [("name", -1, "string")]
    fields += [(name, at or -1, kind if name == path[-1] else "struct") for at, name in enumerate(path)]
    made = b"".join(
        _message(1, _message(2, name.encode()) + _number(3, number) + _number(4, parent % (1 << 64))
                 + _message(5, kind.encode()))
        for number, (name, parent, kind) in enumerate(fields)
    )  # fmt: skip
    return _message(1, made) + _number(2, len(vectors))


def _column(coding: bytes, start: int, size: int, rows: int) -> bytes:
    if not coding:
        return b""
    direct = _message(2, _message(1, coding))
    page = _message(1, varint(start)) + _message(2, varint(size)) + _number(3, rows) + _message(4, direct)
    return _message(2, page)


def _flat_coding(rows: NDArray[Any], *, nulls: bool) -> bytes:
    flat = _message(1, _number(1, 8 * rows.itemsize) + _message(2, b""))
    listed = _number(1, rows.shape[1]) + _message(2, _message(2, _message(1, _message(1, flat))))
    values = _message(3, listed)
    masked = _message(2, _message(2, values)) if nulls else _message(1, _message(1, values))
    return _message(1, b"/lance.encodings.ArrayEncoding") + _message(2, _message(2, masked))


def _zip_coding(rows: NDArray[Any], *, nulls: bool) -> bytes:
    flat = _message(1, _number(1, 8 * rows.itemsize))
    listed = _number(1, rows.shape[1]) + _message(2, flat) + (_number(3, 1) if nulls else b"")
    layout = (_number(2, 1) if nulls else b"") + _number(5, len(rows)) + _number(6, len(rows))
    zipped = _message(3, layout + _message(7, _message(11, listed)))
    return _message(1, b"/lance.encodings21.PageLayout") + _message(2, zipped)


def _zip(rows: NDArray[Any], nulls: Sequence[int]) -> bytes:
    """Put before each row, where some are null, a mark of it and one of each of its numbers."""
    if not nulls:
        return bytes(rows.tobytes())
    valid = b"\xff" * ((rows.shape[1] + 7) // 8)
    return b"".join(
        (b"\1" if number in nulls else b"\0") + valid + row.tobytes() for number, row in enumerate(rows)
    )
