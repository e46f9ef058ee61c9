"""Read Parquet, Arrow (Feather) and ORC files batch by batch through pyarrow.

Only the columns asked for are decoded, some megabytes at a time. What an Arrow file claims is validated before
it is used, since its buffers are taken as they stand. Files of the first Feather version (2016 to 2020) are not
opened: pyarrow reads them without such a check, and will not read them at all in a future version.

Source: Apache Parquet format, Apache Arrow Columnar Format (IPC), Apache ORC v1; pyarrow's documentation.
"""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from efface.errors import EncryptedError, FormatError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["TYPES", "Table", "opened", "told"]

_BATCH_BYTES = 8 << 20
_BUFFER_BYTES = 1 << 20  # else a whole column of a row group is read at once
_BATCH_ROWS = (16, 4096)


class Table(Protocol):
    """A table that is open: its columns can be read as often as needed."""

    schema: Any

    def rows(self) -> int:
        """Return how many rows there are."""

    def batches(self, columns: Sequence[int]) -> Iterator[list[Any]]:
        """Yield the arrays of the columns asked for, some rows at a time."""


@contextmanager
def told() -> Iterator[None]:
    """Turn the library's errors into ours; its messages may hold content and are not kept."""
    import pyarrow as pa  # noqa: PLC0415

    try:
        yield
    except MemoryError:
        raise
    except pa.ArrowNotImplementedError:
        raise UnsupportedError("a table in a coding that the installed pyarrow does not read") from None
    except (pa.ArrowException, OSError, ValueError, KeyError, IndexError, TypeError) as error:
        text = str(error).lower()
        if "encrypt" in text or "decrypt" in text:
            raise EncryptedError("the table is encrypted") from None
        raise FormatError("the table is damaged") from None


def opened(stream: BinaryIO, media_type: str) -> Table:
    """Open a table.

    Args:
        stream: Its bytes; it stays open as long as the table is read.
        media_type: By content.

    Raises:
        EncryptedError: Its footer or the column is encrypted.
        FormatError: It is damaged.
        UnsupportedError: pyarrow is not installed.
    """
    try:
        import_module("pyarrow")
    except ImportError:
        raise UnsupportedError("a table of columns: install efface[files]") from None
    with told():
        return _READERS[media_type](stream)


class _Parquet:
    def __init__(self, stream: BinaryIO) -> None:
        from pyarrow import parquet  # noqa: PLC0415

        self._file = parquet.ParquetFile(
            stream,
            thrift_string_size_limit=1 << 26,
            thrift_container_size_limit=1 << 22,
            buffer_size=_BUFFER_BYTES,
        )
        self.schema = self._file.schema_arrow
        self._places = _places(self.schema)

    def rows(self) -> int:
        return int(self._file.metadata.num_rows)

    def batches(self, columns: Sequence[int]) -> Iterator[list[Any]]:
        names = sorted({self.schema.field(number).name for number in columns})
        with told():
            for group in range(self._file.num_row_groups):
                size = self._rows_at_once(group, names)
                for batch in self._file.iter_batches(
                    size, row_groups=[group], columns=names, use_threads=False
                ):
                    yield _picked(batch, self._places, columns)

    def _rows_at_once(self, group: int, names: Sequence[str]) -> int:
        data = self._file.metadata.row_group(group)
        share = len(names) / max(len(self.schema), 1)
        each = int(share * max(data.total_byte_size, 1) / max(data.num_rows, 1))
        return min(max(_BATCH_BYTES // max(each, 1), _BATCH_ROWS[0]), _BATCH_ROWS[1])


class _ArrowFile:
    """Arrow's file form, which is Feather's second version too, and its stream form."""

    def __init__(self, stream: BinaryIO, *, is_stream: bool = False) -> None:
        self._stream = stream
        self._is_stream = is_stream
        self.schema = self._opened([]).schema
        self._rows: int | None = None

    def _opened(self, columns: Sequence[int]) -> Any:  # noqa: ANN401
        from pyarrow import ipc  # noqa: PLC0415

        self._stream.seek(0)
        options = ipc.IpcReadOptions(included_fields=sorted(set(columns)), use_threads=False)
        if self._is_stream:
            return ipc.open_stream(self._stream, options=options)
        return ipc.open_file(self._stream, options=options)

    def _read(self, columns: Sequence[int]) -> Iterator[Any]:
        reader = self._opened(columns)
        if self._is_stream:
            yield from reader
        else:
            yield from (reader.get_batch(number) for number in range(reader.num_record_batches))

    def rows(self) -> int:
        if self._rows is None:
            with told():
                self._rows = sum(batch.num_rows for batch in self._read([0])) if len(self.schema) else 0
        return self._rows

    def batches(self, columns: Sequence[int]) -> Iterator[list[Any]]:
        wanted = sorted(set(columns))
        with told():
            for batch in self._read(wanted):
                batch.validate(full=True)
                arrays = [batch.column(wanted.index(number)) for number in columns]
                yield from _sliced(arrays, batch.num_rows, batch.nbytes)


class _Orc:
    def __init__(self, stream: BinaryIO) -> None:
        from pyarrow import orc  # noqa: PLC0415

        self._file = orc.ORCFile(stream)
        self.schema = self._file.schema
        self._places = _places(self.schema)

    def rows(self) -> int:
        return int(self._file.nrows)

    def batches(self, columns: Sequence[int]) -> Iterator[list[Any]]:
        names = sorted({self.schema.field(number).name for number in columns})
        with told():
            for stripe in range(self._file.nstripes):
                batch = self._file.read_stripe(stripe, columns=names)
                yield from _sliced(_picked(batch, self._places, columns), batch.num_rows, batch.nbytes)


def _places(schema: Any) -> list[tuple[str, int]]:  # noqa: ANN401
    """Return name and number among its namesakes for each column, as names may come twice."""
    seen: dict[str, int] = {}
    places = []
    for field in schema:
        seen[field.name] = seen.get(field.name, -1) + 1
        places.append((field.name, seen[field.name]))
    return places


def _picked(batch: Any, places: list[tuple[str, int]], columns: Sequence[int]) -> list[Any]:  # noqa: ANN401
    found: dict[str, list[Any]] = {}
    for field, array in zip(batch.schema, batch.columns, strict=True):
        found.setdefault(field.name, []).append(array)
    return [found[places[number][0]][places[number][1]] for number in columns]


def _sliced(arrays: list[Any], rows: int, size_bytes: int) -> Iterator[list[Any]]:
    each = max(size_bytes // max(rows, 1), 1)
    step = min(max(_BATCH_BYTES // each, _BATCH_ROWS[0]), _BATCH_ROWS[1])
    for at in range(0, rows, step):
        yield [array.slice(at, step) for array in arrays]


def _arrow_stream(stream: BinaryIO) -> _ArrowFile:
    return _ArrowFile(stream, is_stream=True)


_READERS: dict[str, Callable[[BinaryIO], Table]] = {
    "application/vnd.apache.parquet": _Parquet,
    "application/vnd.apache.arrow.file": _ArrowFile,
    "application/vnd.apache.arrow.stream": _arrow_stream,
    "application/vnd.apache.orc": _Orc,
}
TYPES = frozenset(_READERS)
"""Media types that are opened here."""
