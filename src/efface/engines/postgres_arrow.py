"""Arrow columns of PostgreSQL values as cells and blocks, without a step of Python for each number.

Source: pgvector 0.8 src/vector.c, vector_send (int16 dimension, int16 unused, big-endian float32 numbers);
Arrow columnar format 1.5 (variable-size binary and list layouts).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from efface.engines.database import SHORTEST, Batch
from efface.model import Block

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["as_blocks", "as_cells"]

_VECTOR_HEADER = 4  # bytes


def as_cells(array: Any, size_bytes: int) -> Batch:  # noqa: ANN401 - an Arrow array
    """Return values one by one; a null stands for one that is larger than a run reads."""
    import pyarrow as pa  # noqa: PLC0415 - an extra

    is_text = not pa.types.is_binary(array.type) and not pa.types.is_large_binary(array.type)
    values = array.cast(pa.large_binary()).to_pylist()  # damaged text must not stop the reading
    cells = [value for value in values if value is not None and len(value) >= SHORTEST]
    too_large = array.null_count
    if is_text:
        texts: list[bytes | str] = [value.decode("utf-8", "surrogateescape") for value in cells]
        return Batch(texts, too_large=too_large, size_bytes=size_bytes)
    return Batch(cells, too_large=too_large, size_bytes=size_bytes)


def as_blocks(array: Any, size_bytes: int) -> Batch:  # noqa: ANN401 - an Arrow array
    """Return vectors in blocks, one for each dimension."""
    import pyarrow as pa  # noqa: PLC0415 - an extra

    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        return Batch(blocks=list(_of_lists(array)), size_bytes=size_bytes)
    return Batch(blocks=list(_of_vectors(array.cast(pa.large_binary()))), size_bytes=size_bytes)


def _of_lists(array: Any) -> Iterator[Block]:  # noqa: ANN401 - an Arrow array
    offsets = np.asarray(array.offsets)
    values = array.values.fill_null(float("nan")) if array.values.null_count else array.values
    numbers = values.to_numpy(zero_copy_only=False)
    how = ("array", numbers.dtype.name)
    for dimension, rows in _by_length(offsets):
        yield Block(_bytes_of(rows(numbers)), dimension, numbers.dtype.str, how)


def _of_vectors(array: Any) -> Iterator[Block]:  # noqa: ANN401 - an Arrow array
    _, offsets_buffer, data_buffer = array.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int64)[array.offset : array.offset + len(array) + 1]
    if data_buffer is None:
        return
    data = np.frombuffer(data_buffer, np.uint8)
    for length, rows in _by_length(offsets):
        if length > _VECTOR_HEADER and length % 4 == 0:
            numbers = np.ascontiguousarray(rows(data).reshape(-1, length)[:, _VECTOR_HEADER:])
            dimension = (length - _VECTOR_HEADER) // 4
            yield Block(_bytes_of(numbers.reshape(-1)), dimension, ">f4", ("pgvector", "float32"))


def _bytes_of(numbers: NDArray[Any]) -> memoryview:
    return memoryview(np.ascontiguousarray(numbers).view(np.uint8))  # type: ignore[arg-type]


def _by_length(offsets: NDArray[Any]) -> Iterator[tuple[int, Any]]:
    """Yield each length that values have, with what takes the values of that length out of their buffer."""
    lengths = np.diff(offsets)
    for length in np.unique(lengths[lengths > 0]):
        chosen = np.flatnonzero(lengths == length)
        if chosen.size == np.count_nonzero(lengths):  # one length, as nearly always: no copy
            yield int(length), lambda data: data[offsets[0] : offsets[-1]]
        else:
            where = offsets[chosen][:, None] + np.arange(length)
            yield int(length), lambda data, where=where: data[where].reshape(-1)
