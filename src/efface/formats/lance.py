"""Find the vectors in files of Lance datasets (LanceDB), which hold columns in pages of their own codings.

A file ends in a footer, which leads to a description of each column and to the schema. Lists of a fixed number of
floating-point numbers are stored as they are, so they are given, whichever version of the dataset they belong to and
whether or not their rows were deleted since: a deletion is noted in another file. Other values are packed in many
ways; they are told and not decoded.

Source: Lance's `file.proto` (format before 2.0, schema), `file2.proto` (footer, column metadata),
`encodings_v2_0.proto` (array encodings of format 2.0), `encodings_v2_1.proto` (page layouts since 2.1), as
pylance 14.0 writes them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from efface.errors import FormatError, LimitExceededError
from efface.formats import protobuf
from efface.model import Block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from mmap import mmap

    Data = bytes | mmap
    Column = tuple[tuple[str, ...], str]
    Pages = Callable[[int, int, int], "list[_Page] | None"]

__all__ = ["Stored", "Unread", "blocks", "columns"]

_FOOTER = struct.Struct("<QQQIIHH4s")
"""First column's description, table of descriptions, of global buffers, how many buffers and columns, version."""
_FIRST_FOOTER = struct.Struct("<QHH4s")
_FIRST = (0, 2)
"""The last version of the first format."""
_ENTRY = struct.Struct("<QQ")  # position and size
_MAX_COLUMNS = 100_000
_PIECE_BYTES = 8 << 20
_DIMENSIONS = range(16, 65_537)
_NUMBERS = {"float": (32, "<f4"), "halffloat": (16, "<f2"), "double": (64, "<f8"), "lance.bfloat16": (16, ""),
            "int8": (8, "|i1")}  # fmt: skip
_PLAIN = ("null", "bool", "int", "uint", "float", "halffloat", "double", "date", "time", "duration", "decimal",
          "struct")  # fmt: skip
_LISTS = frozenset({"list", "large_list", "list.struct", "large_list.struct"})
_MAX_DEPTH = 64
_LIST = "fixed_size_list:"
_ENCODINGS = {"/lance.encodings.ArrayEncoding": 0, "/lance.encodings21.PageLayout": 1}


@dataclass(frozen=True, slots=True)
class _Page:
    """Rows of one size, one after another: where they begin, bytes of a row, bytes before its vector, how many."""

    start: int
    stride: int
    skip: int
    rows: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A column of vectors.

    Attributes:
        path: Its name, behind those of the structures it lies in.
        dimension: Numbers in one vector.
        kind: The format's word for its type of numbers.
        count: How many rows, nulls and deleted ones among them.
    """

    path: tuple[str, ...]
    dimension: int
    kind: str
    count: int
    pages: tuple[_Page, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unread:
    """A column whose values are not decoded: its name and the format's word for its type."""

    path: tuple[str, ...]
    kind: str


def columns(data: Data) -> Iterator[Stored | Unread]:
    """Yield the columns that hold vectors, texts, bytes or lists; numbers and dates are left out.

    Raises:
        FormatError: It is damaged or cut off.
        LimitExceededError: There are more than 100,000 columns.
    """
    if len(data) < _FOOTER.size or data[-4:] != b"LANC":
        raise FormatError("a Lance file that is cut off or damaged")
    found, pages_of = _later(data) if _FOOTER.unpack(data[-_FOOTER.size :])[5:7] > _FIRST else _first(data)
    room = len(data)  # pages that lie upon one another would make much of little
    for number, (path, kind) in enumerate(found):
        if kind.startswith(_LIST):
            for column in _vectors(path, kind, partial(pages_of, number), len(data)):
                room -= sum(page.rows * page.stride for page in getattr(column, "pages", ()))
                if room < 0:
                    raise FormatError("a Lance file whose columns hold more than there is")
                yield column
        elif not kind.startswith(_PLAIN):
            yield Unread(path, kind)


def _first(data: Data) -> tuple[list[Column], Pages]:
    """Read where columns lie in the format before 2.0: a table of pages, for each field one of each batch."""
    start, *_ = _FIRST_FOOTER.unpack(data[-_FIRST_FOOTER.size :])
    metadata = _prefixed(data, start)
    found = _fields(_prefixed(data, protobuf.number(metadata, 1)), by_leaf=False)
    table, batches = protobuf.number(metadata, 3), len(protobuf.varints(metadata, 2)) - 1

    def pages_of(number: int, dimension: int, bits: int) -> list[_Page] | None:
        pages = []
        for batch in range(batches):
            at = table + (number * batches + batch) * _ENTRY.size
            if at > len(data) - _ENTRY.size:
                raise FormatError("a Lance file that is cut off or damaged")
            position, rows = _ENTRY.unpack(data[at : at + _ENTRY.size])
            pages.append(_Page(position, dimension * bits // 8, 0, rows))
        return pages

    return found, pages_of


def _prefixed(data: Data, start: int) -> bytes:
    """Return a message behind its size."""
    size = int.from_bytes(data[start : start + 4], "little") if 0 <= start <= len(data) - 4 else len(data)
    if start + 4 + size > len(data):
        raise FormatError("a Lance file that is cut off or damaged")
    return data[start + 4 : start + 4 + size]


def _later(data: Data) -> tuple[list[Column], Pages]:
    """Read where columns lie since 2.0: a description of each."""
    _, table, shared, _, count, major, _, _ = _FOOTER.unpack(data[-_FOOTER.size :])
    if count > _MAX_COLUMNS:
        raise LimitExceededError(f"more than {_MAX_COLUMNS} columns")
    found = _fields(protobuf.first(_entry(data, shared), 1) or b"", by_leaf=major >= 2)
    if len(found) != count:
        raise FormatError("a Lance file whose columns do not fit its schema")

    def pages_of(number: int, dimension: int, bits: int) -> list[_Page] | None:
        pages = []
        for each in protobuf.fields(_entry(data, table + number * _ENTRY.size)):
            if each.number == 2 and each.body is not None:
                page = _page(each.body, dimension, bits)
                if page is None:
                    return None
                pages.append(page)
        return pages

    return found, pages_of


def _entry(data: Data, at: int) -> bytes:
    """Return what an entry of a table, a position and a size, leads to."""
    if not 0 <= at <= len(data) - _ENTRY.size:
        raise FormatError("a Lance file that is cut off or damaged")
    start, size = _ENTRY.unpack(data[at : at + _ENTRY.size])
    if start + size > len(data):
        raise FormatError("a Lance file that is cut off or damaged")
    return data[start : start + size]


def _fields(schema: bytes, *, by_leaf: bool) -> list[tuple[tuple[str, ...], str]]:
    """Return path and type of each column: of every field, or since 2.1 of those without fields inside."""
    named: dict[int, tuple[int, str, str]] = {}
    for each in protobuf.fields(schema):
        if each.number == 1 and each.body is not None:
            texts = (protobuf.first(each.body, 2) or b"", protobuf.first(each.body, 5) or b"")
            name, kind = (text.decode("utf-8", "replace") for text in texts)
            named[protobuf.number(each.body, 3)] = (protobuf.number(each.body, 4), name, kind)
            if len(named) > _MAX_COLUMNS:
                raise LimitExceededError(f"more than {_MAX_COLUMNS} columns")
    outer = {parent for parent, _, _ in named.values()}
    ways = {key: _way(named, key) for key in named}
    if by_leaf:
        return [way for key, way in ways.items() if key not in outer]
    return [(path, "struct" if key in outer else kind) for key, (path, kind) in ways.items()]


def _way(named: dict[int, tuple[int, str, str]], key: int) -> tuple[tuple[str, ...], str]:
    """Follow a field to the outermost one; a schema that leads in circles ends at a depth nobody writes.

    Plain values in a list are of the list's type, since nothing tells them apart from it.
    """
    path: list[str] = []
    kind = named[key][2]
    while key in named and len(path) < _MAX_DEPTH:
        key, name, outer = named[key]
        path.append(name)
        kind = outer if outer in _LISTS and kind.startswith(_PLAIN) else kind
    return tuple(reversed(path)), kind


def _vectors(
    path: tuple[str, ...], kind: str, pages_of: Callable[[int, int], list[_Page] | None], end: int
) -> Iterator[Stored | Unread]:
    numbers, _, dimension = kind.removeprefix(_LIST).rpartition(":")
    if not dimension.isdecimal() or len(dimension) > 9 or int(dimension) not in _DIMENSIONS:
        if numbers.partition(":")[0] not in _NUMBERS:  # lists of lists and the like
            yield Unread(path, kind)
        return
    pages = pages_of(int(dimension), _NUMBERS[numbers][0]) if numbers in _NUMBERS else None
    if pages is None:
        yield Unread(path, kind)
        return
    if any(page.start + page.rows * page.stride > end for page in pages):
        raise FormatError("a Lance file that is cut off or damaged")
    yield Stored(path, int(dimension), numbers, sum(page.rows for page in pages), tuple(pages))


def _page(page: bytes, dimension: int, bits: int) -> _Page | None:
    """Return where a page's vectors lie, or None where they are packed in a way that is not decoded."""
    coded = protobuf.first(page, 4, 2, 1) or b""
    name, coding = protobuf.first(coded, 1) or b"", protobuf.first(coded, 2)
    rows = protobuf.number(page, 3)
    starts, sizes = protobuf.varints(page, 1), protobuf.varints(page, 2)
    which = _ENCODINGS.get(name.decode("ascii", "replace"))
    if coding is None or which is None or len(starts) != len(sizes):
        return None
    found = _zipped(coding, dimension, bits) if which else _array(coding, dimension, bits)
    if found is None:
        return None
    buffer, stride, skip = found
    if not starts and not rows:
        return _Page(0, stride, skip, 0)
    if buffer >= len(starts) or sizes[buffer] != rows * stride:
        return None
    return _Page(starts[buffer], stride, skip, rows)


def _array(coding: bytes, dimension: int, bits: int) -> tuple[int, int, int] | None:
    """Format 2.0: a list of flat numbers, either of which may have a buffer that tells its nulls apart."""
    listed = protobuf.first(_unmasked(coding), 3)
    if listed is None or protobuf.number(listed, 1) != dimension:
        return None
    flat = protobuf.first(_unmasked(protobuf.first(listed, 2) or b""), 1)
    if flat is None or protobuf.number(flat, 1) != bits or protobuf.first(flat, 3) is not None:
        return None
    place = protobuf.first(flat, 2) or b""
    if protobuf.number(place, 2):  # not in the page
        return None
    return protobuf.number(place, 1), dimension * bits // 8, 0


def _unmasked(coding: bytes) -> bytes:
    nullable = protobuf.first(coding, 2)
    if nullable is None:
        return coding
    return protobuf.first(nullable, 1, 1) or protobuf.first(nullable, 2, 2) or b""


def _zipped(coding: bytes, dimension: int, bits: int) -> tuple[int, int, int] | None:
    """Since 2.1: whole rows one after another, each behind its mark of null and those of its numbers."""
    layout = protobuf.first(coding, 3)
    listed = protobuf.first(layout or b"", 7, 11)
    if layout is None or listed is None or protobuf.number(listed, 1) != dimension:
        return None
    flat = protobuf.first(listed, 2, 1)
    if flat is None or protobuf.number(flat, 1) != bits or protobuf.first(flat, 2) is not None:
        return None
    if protobuf.number(layout, 1) or protobuf.number(layout, 5) != protobuf.number(layout, 6):
        return None  # lists of vectors, whose rows are not one vector each
    masks = protobuf.number(layout, 2)
    mark = 0 if not masks else 1 if masks <= 8 else 2
    valid = (dimension + 7) // 8 if protobuf.number(listed, 3) else 0
    return 0, mark + valid + dimension * bits // 8, mark + valid


def blocks(data: Data, stored: Stored) -> Iterator[Block]:
    """Yield the vectors, some megabytes at a time; rows of zeros, which nulls are stored as, are left out."""
    width = stored.dimension * _NUMBERS[stored.kind][0] // 8
    for page in stored.pages:
        step = max(_PIECE_BYTES // page.stride, 1)
        for at in range(0, page.rows, step):
            many = min(step, page.rows - at)
            start = page.start + at * page.stride
            raw = np.frombuffer(data[start : start + many * page.stride], np.uint8).reshape(many, page.stride)
            vectors = raw[:, page.skip : page.skip + width]
            kept = np.ascontiguousarray(vectors[vectors.any(axis=1)])
            if len(kept):
                yield _block(kept, stored)


def _block(rows: np.ndarray[tuple[int, int], np.dtype[np.uint8]], stored: Stored) -> Block:
    how = ("lance", stored.kind)
    if stored.kind == "lance.bfloat16":
        wide = (rows.view("<u2").astype("<u4") << 16).view(np.uint8)
        return Block(wide.reshape(-1).data, stored.dimension, "<f4", how)
    return Block(rows.reshape(-1).data, stored.dimension, _NUMBERS[stored.kind][1], how)
