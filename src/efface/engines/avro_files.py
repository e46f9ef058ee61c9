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
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

from efface.errors import FormatError, LimitExceededError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Edit = Callable[[str, Any], Any]

__all__ = ["records", "rewritten"]

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
    opened = _Opened(stream)
    for count, block in opened.blocks(unpacked_bytes):
        for _, record in opened.read(count, block.unpacked):
            yield _PLACE, record


def rewritten(data: bytes, edit: Edit, unpacked_bytes: int) -> bytes:
    """Return a file whose records went through an edit; schema, codec and marks stay.

    Records that the edit leaves as they are keep their bytes, and blocks of such records as well.

    Args:
        data: The file.
        edit: Gets the place and the record.
        unpacked_bytes: Most bytes that all blocks together unpack to.

    Raises:
        FormatError: It is damaged.
        UnsupportedError: fastavro is not installed, or a codec is not known; or a record would not come out as
            it is.
    """
    opened = _Opened(BytesIO(data))
    pieces = [data[: opened.start]]
    for count, block in opened.blocks(unpacked_bytes):
        old = block.unpacked
        new = b"".join(opened.edited(raw, record, edit) for raw, record in opened.read(count, old))
        if new == old:
            stored = block.stored
        else:
            with _told():
                stored = _deflated(new, opened.codec)
        pieces += [_coded(count), _coded(len(stored)), stored, opened.sync]
    return b"".join(pieces)


@dataclass(frozen=True, slots=True)
class _Block:
    stored: bytes = field(repr=False)
    unpacked: bytes = field(repr=False)


class _Opened:
    """A file whose header was read.

    Attributes:
        codec: Of its blocks.
        sync: The mark behind each.
        start: Where the first begins.
    """

    def __init__(self, stream: BinaryIO) -> None:
        try:
            from fastavro import parse_schema, schemaless_reader  # noqa: PLC0415 - only where a file is read
        except ImportError:
            raise UnsupportedError("an Avro file: install efface[files]") from None
        with _told():
            header: Any = schemaless_reader(stream, _HEADER, None)
            meta = header["meta"]
            self._schema = parse_schema(_plain(json.loads(meta["avro.schema"])))
        self.codec = meta.get("avro.codec", b"null").decode("ascii", "replace")
        self.sync: bytes = header["sync"]
        self.start = stream.tell()
        self._stream = stream

    def blocks(self, unpacked_bytes: int) -> Iterator[tuple[int, _Block]]:
        """Yield how many records a block has, and the block."""
        unpacked = 0
        while (count := _long(self._stream, is_first=True)) is not None:
            stored = _stored(self._stream)
            block = _Block(stored, _unpacked(stored, self.codec))
            unpacked += len(block.unpacked)
            if unpacked > unpacked_bytes:
                raise LimitExceededError(f"more than unpacked_bytes = {unpacked_bytes}")
            yield count, block
            if self._stream.read(16) != self.sync:
                raise FormatError("an Avro file that is damaged")

    def read(self, count: int, block: bytes) -> Iterator[tuple[bytes, Any]]:
        """Yield the bytes of each record, and the record."""
        from fastavro import schemaless_reader  # noqa: PLC0415

        reader = BytesIO(block)
        for _ in range(count):
            start = reader.tell()
            with _told():
                record = schemaless_reader(reader, self._schema, None)
            yield block[start : reader.tell()], record
            if reader.tell() == start:  # records without any byte: a count says as many as it likes
                break

    def edited(self, raw: bytes, record: Any, edit: Edit) -> bytes:  # noqa: ANN401 - a record is any value
        """Return the bytes of a record after an edit."""
        same, changed = self._written(record), self._written(edit(_PLACE, record))
        if same == changed:
            return raw
        if same != raw:
            raise UnsupportedError("a record of a schema in which it would not come out as it is")
        return changed

    def _written(self, record: Any) -> bytes:  # noqa: ANN401
        from fastavro import schemaless_writer  # noqa: PLC0415

        sink = BytesIO()
        with _told():
            schemaless_writer(sink, self._schema, record)
        return sink.getvalue()


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


def _coded(number: int) -> bytes:
    """Return a number that is not below 0 in zigzag coding."""
    left = number << 1
    coded = bytearray()
    while left > 0x7F:
        coded.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes((*coded, left))


def _stored(stream: BinaryIO) -> bytes:
    size = _long(stream) or 0
    if size > _MAX_STORED:
        raise LimitExceededError("Avro: a block of more than 256 MiB")
    data = stream.read(size)
    if len(data) < size:
        raise FormatError("an Avro file that is cut off")
    return data


def _unpacked(data: bytes, codec: str) -> bytes:
    with _told():
        block = _inflated(data, codec)
    if len(block) > _MAX_BLOCK:
        raise LimitExceededError("Avro: a block that unpacks to more than 512 MiB")
    return block


def _deflated(block: bytes, codec: str) -> bytes:
    if codec == "deflate":
        packer = zlib.compressobj(wbits=-15)
        return packer.compress(block) + packer.flush()
    if codec == "bzip2":
        return bz2.compress(block)
    if codec == "xz":
        return lzma.compress(block)
    if codec == "null":
        return block
    import pyarrow as pa  # noqa: PLC0415 - it was there to unpack the block

    if codec == "zstandard":
        return bytes(pa.Codec("zstd").compress(block, asbytes=True))
    return bytes(pa.Codec("snappy").compress(block, asbytes=True)) + zlib.crc32(block).to_bytes(4, "big")


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
