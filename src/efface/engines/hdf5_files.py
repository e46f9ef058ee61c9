"""Read HDF5 files through h5py: which datasets and attributes there are, and their values in pieces.

Nothing outside the file is ever opened: external links, virtual datasets and data kept in other files are told
and not followed. Soft links lead to what is met anyway.

Source: HDF5 File Format Specification 3.0; h5py's documentation (links, virtual and external datasets).
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from efface.errors import EffaceError, FormatError, LimitExceededError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Found", "items", "opened", "pieces", "told"]

_MAX_OBJECTS = 100_000
_MAX_DEPTH = 64
_MAX_ATTRIBUTE = 1 << 20
_PIECE_BYTES = 8 << 20
_MAX_PIECE = 512 << 20
_Waiting = tuple[tuple[str, ...], Any, bool]
_NETWORK = frozenset({"keras_version", "layer_names", "weight_names", "model_config"})


@dataclass(frozen=True, slots=True)
class Found:
    """A dataset or one field of it, or an attribute.

    Attributes:
        path: Names of the groups and of the dataset, from the outside in; an attribute's begins with `@`.
        shape: Length of each axis, those of a field included.
        dtype: NumPy's element type, or a word: "text", "bytes", "list of numbers" for those of varying length.
        where: The path in the file, and the field in a dataset of records.
        trouble: Why its values are not read, or "".
        is_parameter: Whether a program that trains networks wrote the group that it lies in.
    """

    path: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    where: tuple[str, str]
    trouble: str = ""
    is_parameter: bool = False


@contextmanager
def told() -> Iterator[None]:
    """Turn what the library raises into ours; its messages name places in the file and are not kept."""
    try:
        yield
    except (MemoryError, EffaceError):
        raise
    except RecursionError:
        raise LimitExceededError("HDF5: groups nested too deeply") from None
    except Exception:  # noqa: BLE001 - h5py raises KeyError, OSError, RuntimeError, TypeError, ValueError as it happens
        raise FormatError("an HDF5 file that is damaged, or packed in a way that is not known here") from None


@contextmanager
def opened(stream: BinaryIO) -> Iterator[Any]:
    """Open a file for reading.

    Raises:
        FormatError: It is damaged.
        UnsupportedError: h5py is not installed.
    """
    try:
        import h5py  # noqa: PLC0415 - only where a file is read
    except ImportError:
        raise UnsupportedError("an HDF5 file: install efface[files]") from None
    with told():
        file = h5py.File(stream, "r", rdcc_nbytes=0)
    try:
        yield file
    finally:
        with told():
            file.close()


def items(file: Any) -> Iterator[Found]:  # noqa: ANN401 - h5py has no types
    """Yield the datasets, fields and attributes of a file; each object once, however many links lead to it.

    Raises:
        LimitExceededError: There are more than 100,000 objects.
    """
    seen: set[int] = set()
    waiting: list[_Waiting] = [((), file, False)]
    while waiting:
        path, thing, is_network = waiting.pop()
        with told():
            found, inside = _looked_at(path, thing, is_network=is_network, seen=seen)
        yield from found
        waiting.extend(inside)
        if len(seen) > _MAX_OBJECTS:
            raise LimitExceededError(f"HDF5: more than {_MAX_OBJECTS} objects")


def _looked_at(
    path: tuple[str, ...],
    thing: Any,  # noqa: ANN401
    *,
    is_network: bool,
    seen: set[int],
) -> tuple[list[Found], list[_Waiting]]:
    import h5py  # noqa: PLC0415

    address = h5py.h5o.get_info(thing.id).addr
    if address in seen or len(path) > _MAX_DEPTH:
        return [], []
    seen.add(address)
    is_network = is_network or any(name in thing.attrs for name in _NETWORK)
    found = list(_attributes(path, thing))
    if isinstance(thing, h5py.Dataset):
        found.extend(_datasets(path, thing, is_network=is_network))
        return found, []
    inside: list[_Waiting] = []
    for name in thing if isinstance(thing, h5py.Group) else ():  # the third kind is a type with a name
        link = thing.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            outside = "a link to another file: not followed"
            found.append(Found((*path, name), (), "", (thing.name, ""), outside))
        elif isinstance(link, h5py.HardLink):
            inside.append(((*path, name), thing[name], is_network))
    return found, inside[::-1]


def _attributes(path: tuple[str, ...], thing: Any) -> Iterator[Found]:  # noqa: ANN401
    for name in thing.attrs:
        kind = thing.attrs.get_id(name)
        shape = kind.shape or ()
        if kind.get_storage_size() <= _MAX_ATTRIBUTE:
            yield Found((*path, f"@{name}"), shape, _word(kind.dtype), (thing.name, f"@{name}"))


def _datasets(path: tuple[str, ...], data: Any, *, is_network: bool) -> Iterator[Found]:  # noqa: ANN401
    trouble = ""
    if data.is_virtual or data.external:
        trouble = "a dataset whose values lie in other files: not followed"
    if data.shape is None:
        return
    kind = data.dtype
    if not kind.names:
        yield Found(path, data.shape, _word(kind), (data.name, ""), trouble, is_network)
        return
    for field in kind.names:
        inner = kind.fields[field][0]
        plain = inner.base if inner.subdtype else inner
        shape = (*data.shape, *inner.shape)
        yield Found((*path, field), shape, _word(plain), (data.name, field), trouble, is_network)


def _word(kind: np.dtype[Any]) -> str:
    import h5py  # noqa: PLC0415

    if h5py.check_string_dtype(kind) is not None:
        return "text"
    inner = h5py.check_vlen_dtype(kind)
    if inner is not None:
        return "bytes" if np.dtype(inner).itemsize == 1 and np.dtype(inner).kind == "u" else "list of numbers"
    return "" if kind.kind == "O" else kind.str


def pieces(file: Any, found: Found, rows: Sequence[int] | None = None) -> Iterator[Any]:  # noqa: ANN401
    """Yield the values along the first axis as arrays of some megabytes.

    Args:
        file: As `opened` gives it.
        found: Of `items`.
        rows: Rows that are wanted alone, in ascending order; None for all.

    Raises:
        FormatError: The values are damaged, or packed by a filter that is not there.
        LimitExceededError: One row is larger than 512 MiB.
    """
    name, field = found.where
    if field.startswith("@"):
        with told():
            yield np.asarray(file[name].attrs[field[1:]])
        return
    with told():
        data = file[name]
        each = (
            max(data.dtype.itemsize * int(np.prod(data.shape[1:], dtype=np.float64)), 1) if data.shape else 1
        )
    if each > _MAX_PIECE:
        raise LimitExceededError("HDF5: a row of more than 512 MiB")
    if not data.shape:
        with told():
            whole = data[()]
        yield np.asarray(whole[field] if field else whole)[np.newaxis]
        return
    step = max(_PIECE_BYTES // each, 1)
    for start, stop in _ranges(data.shape[0], step, rows):
        with told():
            piece = data[start:stop]
        yield piece[field] if field else piece


def _ranges(count: int, step: int, rows: Sequence[int] | None) -> Iterator[tuple[int, int]]:
    if rows is None:
        yield from ((start, min(start + step, count)) for start in range(0, count, step))
    else:
        yield from ((row, row + 1) for row in rows)
