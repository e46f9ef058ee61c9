"""Tell files of tables, documents, tensors and vector indexes by their first bytes.

Sources: Apache Avro 1.11 (object container files); Apache Arrow IPC (encapsulated messages); Apache ORC v1 (file
tail and header); BSON 1.1; safetensors' format page; hnswlib's `saveIndex`; PostgreSQL's `pg_backup_archiver.h`
(custom format); Chroma's folder layout; the Lance file format.
"""

from __future__ import annotations

import math
import re
import struct
from posixpath import basename, splitext

__all__ = ["HNSW", "HNSW_HEADER", "is_hnsw", "named_type", "store_type"]

HNSW = "application/x-hnswlib"
HNSW_HEADER = struct.Struct("<6QiI3QdQ")
"""offsetLevel0, max_elements, cur_element_count, size_data_per_element, label_offset, offsetData, maxlevel,
enterpoint_node, maxM, maxM0, M, mult, ef_construction."""

_MAGICS = (
    (b"Obj\x01", "application/vnd.apache.avro"),
    (b"PGDMP", "application/x-pgdump"),
    (b"\x6d\xe2\x99\x81", "application/bson"),
)
_NAMES = {
    "data_level0.bin": "application/x-hnswlib-level0",
    "auxiliary.idx": "application/vnd.lance",  # what an index of a dataset keeps of its vectors
}
_SUFFIXES = {
    ".lance": "application/vnd.lance",
    ".ann": "application/x-annoy",
    ".annoy": "application/x-annoy",
}
_SMALL = re.compile(rb"[\0-\x08]")
_NUMBERS_BYTES = 64
_KEY = re.compile(rb"[^\0-\x1f\x7f]{1,200}\0")
# Sizes of BSON values by type: -1 for an int32 length before, -2 a text, -3 a document, -4 binary, -5 two texts.
_BSON = {1: 8, 2: -2, 3: -3, 4: -3, 5: -4, 6: 0, 7: 12, 8: 1, 9: 8, 10: 0, 11: -5, 13: -2, 14: -2, 16: 4, 17: 8,
         18: 8, 19: 16, 255: 0, 127: 0}  # fmt: skip


def store_type(head: bytes) -> str | None:
    """Return the media type of a store by its first bytes, or None where it is none."""
    for magic, kind in _MAGICS:
        if head.startswith(magic):
            return kind
    if not _SMALL.search(head, 0, _NUMBERS_BYTES):  # a size or a count, which every one of these has there
        return None
    return next((kind for test, kind in _TESTS if test(head)), None)


def named_type(name: str) -> str | None:
    """Return the media type of a store whose content has no mark of its own, by its name."""
    own = basename(name.lower())
    return _NAMES.get(own) or _SUFFIXES.get(splitext(own)[1])


def _is_arrow_stream(head: bytes) -> bool:
    """Check the continuation mark, the length of the first message and where its flatbuffer's table lies."""
    if len(head) < 32 or head[:4] != b"\xff\xff\xff\xff":
        return False
    size, root = (int(number) for number in struct.unpack_from("<ii", head, 4))
    return 16 <= size < 1 << 26 and size % 8 == 0 and 4 <= root < min(size, 256) and root % 4 == 0


def _is_lzma(head: bytes) -> bool:
    """Check properties, size of the dictionary and size of the content of an LZMA file (LZMA SDK, "lzma.txt")."""
    if len(head) < 14 or head[0] != 0x5D or head[13] != 0:
        return False
    dictionary, size = (int(number) for number in struct.unpack_from("<IQ", head, 1))
    highest = 1 << max(dictionary.bit_length() - 1, 0)
    return (
        dictionary >= 4096
        and dictionary in {highest, highest + highest // 2}
        and (size == (1 << 64) - 1 or size < 1 << 40)
    )


def is_hnsw(head: bytes) -> bool:
    """Return whether a header is one that hnswlib writes: its sizes follow from one another."""
    if len(head) < HNSW_HEADER.size:
        return False
    (start, most, count, each, label, data, level, _, max_m, max_m0, m, mult, _) = HNSW_HEADER.unpack_from(
        head
    )
    return bool(
        start == 0
        and count <= most < 1 << 40
        and 2 <= m <= 10_000
        and max_m == m
        and max_m0 == 2 * m
        and data == 4 * max_m0 + 4
        and data < label < 1 << 24
        and each == label + 8
        and -1 <= level < 64
        and abs(mult * math.log(m) - 1.0) < 1e-6
    )


def _is_bson(head: bytes) -> bool:
    """Walk the first document as far as the head goes: names, types and sizes must fit one another."""
    size = int.from_bytes(head[:4], "little")
    if len(head) < 12 or not 12 <= size <= 64 << 20:
        return False
    end, at, count = min(size, len(head)), 4, 0
    while at < end - 1:
        step = _element(head, at)
        if step is None:
            return count >= 2 and end < size  # cut off by the head within a name
        count += 1
        at += step
    return at >= end if end < size else at == end - 1 and head[at] == 0


def _element(head: bytes, at: int) -> int | None:
    """Return how long an element is, which may reach beyond the head, or None where it is none."""
    kind = head[at]
    key = _KEY.match(head, at + 1)
    if kind not in _BSON or not key:
        return None
    start, rule = key.end(), _BSON[kind]
    if rule >= 0:
        return start - at + rule
    length = int.from_bytes(head[start : start + 4], "little", signed=True)
    if rule == -5 or length < 0:
        return None
    extra = {-2: 4, -3: 0, -4: 5}[rule]
    return start - at + length + extra if length < 1 << 26 else None


def _is_orc(head: bytes) -> bool:
    return head[:3] == b"ORC" and len(head) > 8 and min(head[3:64]) < 9


def _is_safetensors(head: bytes) -> bool:
    return head[8:10] == b'{"' and 2 <= int.from_bytes(head[:8], "little") <= 100_000_000


_TESTS = (
    (_is_orc, "application/vnd.apache.orc"),
    (_is_lzma, "application/x-lzma"),
    (_is_arrow_stream, "application/vnd.apache.arrow.stream"),
    (_is_safetensors, "application/x-safetensors"),
    (is_hnsw, HNSW),
    (_is_bson, "application/bson"),
)
