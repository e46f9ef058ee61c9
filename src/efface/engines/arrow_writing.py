"""Write Parquet, Arrow (Feather) and ORC files anew with some columns changed, and all else as it was.

Row groups, batches, compression, statistics, dictionaries, page indexes and metadata are as before; those of a
changed column tell of what is left of it. What cannot be written with the same schema is refused.

Not promised: encodings and sizes of pages, checksums of pages, bloom filters, boundaries of ORC's stripes, the
name of the writer.

Sources: Apache Parquet format (footer); Apache Arrow IPC (messages, `RecordBatch.compression`); Apache ORC v1.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

from efface.engines import arrow_tables
from efface.errors import FormatError, LimitExceededError, RemovalError

if TYPE_CHECKING:
    from collections.abc import Callable

    Edit = Callable[[Any], Any]

__all__ = ["rewritten"]

_CODECS = {"UNCOMPRESSED": "NONE", "LZ4_RAW": "LZ4"}
_PLAIN = frozenset({"PLAIN", "RLE", "BIT_PACKED", "PLAIN_DICTIONARY", "RLE_DICTIONARY"})
_DICTIONARIES = frozenset({"PLAIN_DICTIONARY", "RLE_DICTIONARY"})
_VERSIONS = {"1.0", "2.4", "2.6"}
_BODY_CODECS = ("lz4", "zstd")


def rewritten(data: bytes, media_type: str, edit: Edit, unpacked_bytes: int) -> bytes:
    """Return a table file whose batches went through an edit.

    Args:
        data: The file.
        media_type: One of `arrow_tables.TYPES`.
        edit: Gets a record batch and gives one of the same schema and length.
        unpacked_bytes: Most bytes that the batches may unpack to.

    Raises:
        EncryptedError: It is encrypted.
        FormatError: It is damaged.
        LimitExceededError: It unpacks to more.
        RemovalError: It cannot be written with the same schema.
        UnsupportedError: pyarrow is not installed.
    """
    arrow_tables.opened(io.BytesIO(data), media_type)
    with arrow_tables.told():
        result = _WRITERS[media_type](data, _bounded(edit, unpacked_bytes))
        old, new = (arrow_tables.opened(io.BytesIO(each), media_type) for each in (data, result))
        if not new.schema.equals(old.schema, check_metadata=True) or new.rows() != old.rows():
            raise RemovalError("the table cannot be written with the same schema")
    return result


def _bounded(edit: Edit, unpacked_bytes: int) -> Edit:
    unpacked = 0

    def checked(batch: Any) -> Any:  # noqa: ANN401
        nonlocal unpacked
        unpacked += batch.nbytes
        if unpacked > unpacked_bytes:
            raise LimitExceededError(f"more than unpacked_bytes = {unpacked_bytes}")
        return edit(batch)

    return checked


def _edited(table: Any, edit: Edit) -> Any:  # noqa: ANN401 - a table
    import pyarrow as pa  # noqa: PLC0415

    batches = table.combine_chunks().to_batches()
    return pa.Table.from_batches([edit(batch) for batch in batches], table.schema)


def _parquet(data: bytes, edit: Edit) -> bytes:
    from pyarrow import parquet  # noqa: PLC0415

    source = parquet.ParquetFile(
        io.BytesIO(data), thrift_string_size_limit=1 << 26, thrift_container_size_limit=1 << 22
    )
    sink = io.BytesIO()
    with parquet.ParquetWriter(sink, source.schema_arrow, **_settings(source.metadata)) as writer:
        for number in range(source.num_row_groups):
            table = _edited(source.read_row_group(number, use_threads=False), edit)
            writer.write_table(table, row_group_size=max(table.num_rows, 1))
    if not parquet.ParquetFile(io.BytesIO(sink.getvalue())).schema.equals(source.schema):
        raise RemovalError("the table cannot be written with the same schema")
    return sink.getvalue()


def _settings(metadata: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return how a Parquet file was written, as far as its footer says."""
    settings: dict[str, Any] = {
        "version": metadata.format_version if metadata.format_version in _VERSIONS else "2.6",
        "store_schema": b"ARROW:schema" in (metadata.metadata or {}),
    }
    if not metadata.num_row_groups:
        return settings
    group = metadata.row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    paths = [column.path_in_schema for column in columns]
    coded = {
        column.path_in_schema for column in columns if _DICTIONARIES.intersection(map(str, column.encodings))
    }
    others = {column.path_in_schema: set(map(str, column.encodings)) - _PLAIN for column in columns}
    chosen = {path: min(found) for path, found in others.items() if found and path not in coded}
    return settings | {
        "compression": {
            path: _CODECS.get(column.compression, column.compression)
            for path, column in zip(paths, columns, strict=True)
        },
        "use_dictionary": sorted(coded),
        "column_encoding": chosen or None,
        "write_statistics": [column.path_in_schema for column in columns if column.is_stats_set],
        "write_page_index": any(column.has_column_index for column in columns),
        "use_compliant_nested_type": not any(".list.item" in path for path in paths),
        "use_deprecated_int96_timestamps": any(column.physical_type == "INT96" for column in columns),
        "store_decimal_as_integer": _has_decimals_of_integers(metadata.schema),
        "sorting_columns": group.sorting_columns or None,
    }


def _has_decimals_of_integers(schema: Any) -> bool:  # noqa: ANN401
    columns = [schema.column(number) for number in range(len(schema))]
    return any(
        column.converted_type == "DECIMAL" and column.physical_type.startswith("INT") for column in columns
    )


def _arrow_file(data: bytes, edit: Edit) -> bytes:
    from pyarrow import ipc  # noqa: PLC0415

    reader = ipc.open_file(io.BytesIO(data))
    sink = io.BytesIO()
    options = ipc.IpcWriteOptions(compression=_compression(data[8:]), unify_dictionaries=True)
    footer = {"metadata": reader.metadata} if getattr(reader, "metadata", None) else {}
    with ipc.new_file(sink, reader.schema, options=options, **footer) as writer:
        for number in range(reader.num_record_batches):
            batch, own = reader.get_batch_with_custom_metadata(number)
            batch.validate(full=True)
            writer.write_batch(edit(batch), custom_metadata=own)
    return sink.getvalue()


def _arrow_stream(data: bytes, edit: Edit) -> bytes:
    from pyarrow import ipc  # noqa: PLC0415

    source = io.BytesIO(data)
    reader = ipc.open_stream(source)
    sink = io.BytesIO()
    options = ipc.IpcWriteOptions(compression=_compression(data))
    with ipc.new_stream(sink, reader.schema, options=options) as writer:
        for batch, own in reader.iter_batches_with_custom_metadata():
            batch.validate(full=True)
            writer.write_batch(edit(batch), custom_metadata=own)
    if data[source.tell() :]:
        raise RemovalError("something lies behind the end of the stream")
    return sink.getvalue()


def _compression(stream: bytes) -> str | None:
    """Return the codec of the first record batch of a stream of messages (`Message.fbs`, `Schema.fbs`)."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import ipc  # noqa: PLC0415

    for message in ipc.MessageReader.open_stream(pa.BufferReader(stream)):
        if message.type == "record batch":
            try:
                return _codec(message.metadata.to_pybytes())
            except (struct.error, IndexError):
                raise FormatError("the table is damaged") from None
    return None


def _codec(message: bytes) -> str | None:
    batch = _child(message, int.from_bytes(message[:4], "little"), 2)
    own = _child(message, batch, 3) if batch else 0
    if not own:
        return None
    codec = _slot(message, own, 0)
    return _BODY_CODECS[message[codec] if codec else 0]


def _slot(data: bytes, table: int, number: int) -> int:
    """Return where a field of a flatbuffer's table lies, or 0 where it is not set."""
    (back,) = struct.unpack_from("<i", data, table)
    (size,) = struct.unpack_from("<H", data, table - back)
    at = 4 + 2 * number
    offset = struct.unpack_from("<H", data, table - back + at)[0] if at + 2 <= size else 0
    return table + int(offset) if offset else 0


def _child(data: bytes, table: int, number: int) -> int:
    at = _slot(data, table, number)
    return at + int(struct.unpack_from("<I", data, at)[0]) if at else 0


def _orc(data: bytes, edit: Edit) -> bytes:
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import orc  # noqa: PLC0415

    source = orc.ORCFile(io.BytesIO(data))
    sink = io.BytesIO()
    settings = {
        "compression": source.compression,
        "compression_block_size": source.compression_size or 1 << 16,
        "row_index_stride": source.row_index_stride,
        "file_version": source.file_version,
    }
    with orc.ORCWriter(sink, **settings) as writer:
        for number in range(source.nstripes):
            batch = source.read_stripe(number)
            writer.write(pa.Table.from_batches([edit(batch)]))
        if not source.nstripes:
            writer.write(source.schema.empty_table())
    return sink.getvalue()


_WRITERS: dict[str, Callable[[bytes, Edit], bytes]] = {
    "application/vnd.apache.parquet": _parquet,
    "application/vnd.apache.arrow.file": _arrow_file,
    "application/vnd.apache.arrow.stream": _arrow_stream,
    "application/vnd.apache.orc": _orc,
}
