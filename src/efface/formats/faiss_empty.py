"""Write FAISS index files anew without vectors: the same kinds inside one another, dimension, metric and settings.

What was learned from the vectors goes with them, since of few vectors it is those vectors: the coarse index of an
inverted file, the ranges of a scalar quantiser, the graph. Such an index is left untrained, as FAISS itself
writes one that was never trained.

Source: FAISS 1.15, `impl/index_write.cpp` and `impl/index_read.cpp`.
"""

from __future__ import annotations

import struct

from efface.errors import FormatError, UnsupportedError

__all__ = ["emptied"]

_HEADER = struct.Struct("<4siqqqBi")
_FLAT = (b"IxFI", b"IxF2", b"IxFl")
_MAPS = (b"IxMp", b"IxM2")
_GRAPHS = (b"IHNf", b"IHNs")
_MAX_DEPTH = 8
_NONE = bytes(8)  # a list of no elements is its length alone


def emptied(data: bytes) -> bytes:
    """Return an index without vectors.

    Raises:
        FormatError: It is cut off or damaged.
        UnsupportedError: It is of a kind that is not written here, or something stands behind it.
    """
    reader = _Reader(data)
    result = _index(reader, 0)
    if reader.at != len(data):
        raise UnsupportedError("something stands behind a FAISS index")
    return result


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        piece = self._data[self.at : self.at + size]
        if len(piece) < size:
            raise FormatError("a FAISS index is cut off or damaged")
        self.at += size
        return piece

    def number(self) -> int:
        return int.from_bytes(self.take(8), "little")

    def listed(self, size: int) -> bytes:
        """Return a list as it stands: its length, and elements of so many bytes."""
        start = self.at
        count = self.number()
        if count > (len(self._data) - self.at) // size:
            raise FormatError("a FAISS index is cut off or damaged")
        self.at += count * size
        return self._data[start : self.at]


def _index(reader: _Reader, depth: int) -> bytes:
    kind, dimension, _count, one, two, trained, metric = _HEADER.unpack(reader.take(_HEADER.size))
    argument = reader.take(4) if metric > 1 else b""
    if depth > _MAX_DEPTH:
        raise FormatError("FAISS indexes too deep inside one another")
    body, is_trained = _body(reader, kind, depth + 1)
    return _HEADER.pack(kind, dimension, 0, one, two, trained and is_trained, metric) + argument + body


def _body(reader: _Reader, kind: bytes, depth: int) -> tuple[bytes, bool]:
    """Return what stands behind a header, without vectors, and whether the index may still count as trained."""
    if kind in _FLAT:
        reader.listed(4)
        return _NONE, True
    if kind in _MAPS:
        inner = _index(reader, depth)
        reader.listed(8)
        return inner + _NONE, _is_trained(inner)
    if kind == b"IxRF":
        return _index(reader, depth) + _index(reader, depth) + reader.take(4), False
    if kind == b"IxSQ":
        quantizer = _quantizer(reader)
        reader.listed(1)
        return quantizer + _NONE, False
    if kind in _GRAPHS:
        graph, inner = _graph(reader), _index(reader, depth)
        return graph + inner, _is_trained(inner)
    if kind in {b"IwFl", b"IwSq"}:
        return _inverted(reader, kind, depth), False
    raise UnsupportedError("a FAISS index of a kind that is not written without its vectors")


def _is_trained(index: bytes) -> bool:
    return bool(_HEADER.unpack_from(index)[5])


def _quantizer(reader: _Reader) -> bytes:
    head = reader.take(28)  # type, range, its argument, dimension, bytes of a code
    reader.listed(4)
    return head + _NONE


def _graph(reader: _Reader) -> bytes:
    settings = reader.listed(8) + reader.listed(4)
    for size in (4, 8, 4):  # levels, offsets, neighbours
        reader.listed(size)
    reader.take(8)  # where a search begins, and the highest level
    offsets = struct.pack("<QQ", 1, 0)
    return settings + _NONE + offsets + _NONE + struct.pack("<ii", -1, -1) + reader.take(12)


def _inverted(reader: _Reader, kind: bytes, depth: int) -> bytes:
    settings = reader.take(16)
    coarse = _index(reader, depth)
    direct = reader.take(1)
    reader.listed(8)
    if direct == b"\x02":
        reader.listed(16)
    body = settings + coarse + direct + _NONE * (2 if direct == b"\x02" else 1)
    if kind == b"IwSq":
        body += _quantizer(reader) + reader.take(9)  # size of a code, whether codes are differences
    return body + _lists(reader)


def _lists(reader: _Reader) -> bytes:
    mark = reader.take(4)
    if mark == b"il00":
        return mark
    if mark != b"ilar":
        raise UnsupportedError("a FAISS index whose lists lie elsewhere")
    lists, size = reader.number(), reader.number()
    word = reader.take(4)
    numbers = reader.listed(8)
    sizes = struct.unpack(f"<{len(numbers) // 8 - 1}Q", numbers[8:])
    if word not in {b"full", b"sprs"} or (word == b"full" and len(sizes) != lists):
        raise FormatError("a FAISS index is damaged: lists of an unknown kind")
    for many in sizes if word == b"full" else sizes[1::2]:
        reader.take(many * (size + 8))
    return mark + struct.pack("<QQ4sQ", lists, size, b"sprs", 0)
