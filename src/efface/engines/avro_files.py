"""Read Avro's object container files record by record through fastavro.

Blocks are unpacked here, each within a bound, before the library decodes their records.

Source: Apache Avro 1.11, "Object Container Files" (header, blocks, codecs).
"""

from __future__ import annotations

import bz2
import json
import lzma
import zlib
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

from efface.errors import FormatError, LimitExceededError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["records"]

_PLACE = "/*"
_HEADER = {
    "type": "record",
    "name": "Header",
    "fields": [
        {"name": "magic", "type": {"type": "fixed", "name": "magic", "size": 4}},
        {"name": "meta", "type": {"type": "map", "values": "bytes"}},
        {"name": "sync", "type": {"type": "fixed", "name": "sync", "size": 16}},
    ],
}
_MAX_STORED = 256 << 20  # bytes of one block in the file; writers make blocks of some 16 KiB to 1 MiB
_MAX_BLOCK = 512 << 20


@contextmanager
def _told() -> Iterator[None]:
    """Turn whatever the library raises on damaged records into ours; its messages may hold content."""
    try:
        yield
    except (MemoryError, FormatError):
        raise
    except RecursionError:
        raise LimitExceededError("Avro: records nested too deeply") from None
    except Exception:  # noqa: BLE001 - the library raises what damaged lengths and types happen to lead to
        raise FormatError("an Avro file that is damaged") from None


def records(stream: BinaryIO, unpacked_bytes: int) -> Iterator[tuple[str, Any]]:
    """Yield place and record, one by one.

    Args:
        stream: The file.
        unpacked_bytes: Most bytes that all blocks together unpack to.

    Raises:
        FormatError: It is damaged, after what stands before the damage.
        UnsupportedError: fastavro is not installed, or a codec is not known.
    """
    try:
        from fastavro import parse_schema, schemaless_reader  # noqa: PLC0415 - only where a file is read
    except ImportError:
        raise UnsupportedError("an Avro file: install efface[files]") from None
    with _told():
        header: Any = schemaless_reader(stream, _HEADER, None)
        meta = header["meta"]
        schema = parse_schema(_plain(json.loads(meta["avro.schema"])))
    codec = meta.get("avro.codec", b"null").decode("ascii", "replace")
    unpacked = 0
    while (count := _long(stream, is_first=True)) is not None:
        block = _unpacked(stream, codec)
        unpacked += len(block)
        if unpacked > unpacked_bytes:
            raise LimitExceededError(f"more than unpacked_bytes = {unpacked_bytes}")
        reader = BytesIO(block)
        for _ in range(count):
            start = reader.tell()
            with _told():
                record = schemaless_reader(reader, schema, None)
            yield _PLACE, record
            if reader.tell() == start:  # records without any byte: a count says as many as it likes
                break
        if stream.read(16) != header["sync"]:
            raise FormatError("an Avro file that is damaged")


def _plain(schema: Any) -> Any:  # noqa: ANN401 - a schema is any JSON
    """Return a schema whose values come as they are stored: dates and decimals are of no interest here."""
    if isinstance(schema, dict):
        return {key: _plain(value) for key, value in schema.items() if key != "logicalType"}
    return [_plain(item) for item in schema] if isinstance(schema, list) else schema


def _long(stream: BinaryIO, *, is_first: bool = False) -> int | None:
    """Read a number in zigzag coding (Avro 1.11, "Binary Encoding"); None at the end of the file."""
    value = 0
    for shift in range(0, 70, 7):
        byte = stream.read(1)
        if not byte:
            if is_first and not shift:
                return None
            break
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            number = (value >> 1) ^ -(value & 1)
            if number >= 0:
                return number
            break
    raise FormatError("an Avro file that is damaged")


def _unpacked(stream: BinaryIO, codec: str) -> bytes:
    size = _long(stream) or 0
    if size > _MAX_STORED:
        raise LimitExceededError("Avro: a block of more than 256 MiB")
    data = stream.read(size)
    if len(data) < size:
        raise FormatError("an Avro file that is cut off")
    with _told():
        block = _inflated(data, codec)
    if len(block) > _MAX_BLOCK:
        raise LimitExceededError("Avro: a block that unpacks to more than 512 MiB")
    return block


def _inflated(data: bytes, codec: str) -> bytes:
    most = _MAX_BLOCK + 1
    if codec == "null":
        return data
    if codec == "deflate":
        return zlib.decompressobj(-15).decompress(data, most)
    if codec == "bzip2":
        return bz2.BZ2Decompressor().decompress(data, most)
    if codec == "xz":
        return lzma.LZMADecompressor(memlimit=_MAX_STORED).decompress(data, most)
    if codec in {"zstandard", "snappy"}:
        return _by_arrow(data, codec, most)
    raise UnsupportedError("an Avro file with a codec that is not known")


def _by_arrow(data: bytes, codec: str, most: int) -> bytes:
    try:
        import pyarrow as pa  # noqa: PLC0415
    except ImportError:
        raise UnsupportedError("an Avro file: install efface[files]") from None
    if codec == "zstandard":
        with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
            return bytes(stream.read(most))
    size = _snappy_size(data)
    if size >= most:
        raise LimitExceededError("Avro: a block that unpacks to more than 512 MiB")
    # Four bytes of checksum stand behind each block.
    return bytes(pa.Codec("snappy").decompress(data[:-4], size, asbytes=True))


def _snappy_size(data: bytes) -> int:
    """Read how long a Snappy block is unpacked (format description, 1: a number of 7 bits a byte)."""
    size = 0
    for place, byte in enumerate(data[:5]):
        size |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            break
    return size
