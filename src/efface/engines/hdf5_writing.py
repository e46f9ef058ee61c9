"""Write HDF5 files anew with some datasets changed, through h5py; freed space and old values do not come along.

Groups, links, attributes, user block, filters, chunks and orders of creation stay; datasets that are not changed are
copied by the library as they are stored. Groups and changed datasets carry no time, so that the same file always
becomes the same bytes. References between objects point at addresses and are refused.

Source: HDF5 File Format Specification 3.0; the library's reference manual (`H5Ocopy`, `H5Dcreate`, `H5Acreate`).
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from efface.engines import hdf5_files
from efface.engines.hdf5_files import told
from efface.errors import RemovalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Edit = Callable[[Any], Any]

__all__ = ["rewritten", "without_rows"]

_MAX_DEPTH = 64


def rewritten(data: bytes, changes: Mapping[str, Mapping[str, Edit]]) -> bytes:
    """Return a file in which some values went through an edit.

    Args:
        data: The file.
        changes: By the name of an object in the file: by field, "" for the whole of a dataset, "@name" for an
            attribute, a function of the array of values. What it gives has the same element type, and the same
            shape or no rows.

    Raises:
        FormatError: It is damaged.
        RemovalError: It holds references between objects, or groups too deep inside one another.
        UnsupportedError: h5py is not installed.
    """
    with hdf5_files.opened(io.BytesIO(data)) as source, told():
        import h5py  # noqa: PLC0415

        by_address = {_address(source[name]): dict(edits) for name, edits in changes.items()}
        sink = io.BytesIO()
        size = source.userblock_size
        ordered = bool(source.id.get_create_plist().get_link_creation_order())
        with h5py.File(sink, "w", userblock_size=size, track_order=ordered) as target:
            _Copying(by_address).group(source, target, 0)
        result = sink.getvalue()
        return data[:size] + result[size:]


def without_rows(values: Any) -> Any:  # noqa: ANN401 - any NumPy array
    """Return an array of no rows, of the same element type and length of rows."""
    return values[:0]


def _address(thing: Any) -> int:  # noqa: ANN401 - h5py has no types
    import h5py  # noqa: PLC0415

    return int(h5py.h5o.get_info(thing.id).addr)


def _timeless(thing: Any) -> Any:  # noqa: ANN401
    plist = thing.id.get_create_plist()
    plist.set_obj_track_times(False)
    return plist


class _Copying:
    def __init__(self, changes: dict[int, dict[str, Edit]]) -> None:
        self._changes = changes
        self._met: dict[int, Any] = {}

    def group(self, source: Any, target: Any, depth: int) -> None:  # noqa: ANN401
        import h5py  # noqa: PLC0415

        if depth > _MAX_DEPTH:
            raise RemovalError("groups too deep inside one another")
        address = _address(source)
        self._met[address] = target
        self._attributes(source, target, self._changes.get(address, {}))
        for name in source:
            link = source.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                target[name] = link
                continue
            thing = source[name]
            known = self._met.get(_address(thing))
            if known is not None:
                target[name] = known
            elif isinstance(thing, h5py.Group):
                plist = _timeless(thing)
                inner = h5py.Group(h5py.h5g.create(target.id, name.encode(), gcpl=plist))
                self.group(thing, inner, depth + 1)
            else:
                self._met[_address(thing)] = self._object(name, thing, source, target)

    def _object(self, name: str, thing: Any, source: Any, target: Any) -> Any:  # noqa: ANN401
        import h5py  # noqa: PLC0415

        for each in thing.attrs:
            _refuse_references(thing.attrs.get_id(each).dtype)
        edits = self._changes.get(_address(thing), {})
        if isinstance(thing, h5py.Dataset):
            _refuse_references(thing.dtype)
        if isinstance(thing, h5py.Dataset) and (edits or thing.dtype.hasobject):
            # The library's own copy of values of varying length ends the process where they are damaged.
            new = _changed(name, thing, target, edits)
        else:
            plist = h5py.h5p.create(h5py.h5p.OBJECT_COPY)
            plist.set_copy_object(h5py.h5o.COPY_WITHOUT_ATTR_FLAG)
            h5py.h5o.copy(source.id, name.encode(), target.id, name.encode(), plist)
            new = target[name]
        self._attributes(thing, new, edits)
        return new

    def _attributes(self, source: Any, target: Any, edits: dict[str, Edit]) -> None:  # noqa: ANN401
        import h5py  # noqa: PLC0415

        for name in source.attrs:
            old = source.attrs.get_id(name)
            _refuse_references(old.dtype)
            kind, space = old.get_type().copy(), old.get_space()
            if old.shape is None:
                h5py.h5a.create(target.id, name.encode(), kind, space)
                continue
            values = np.zeros(old.shape, old.dtype)
            if values.size:
                old.read(values)
            if f"@{name}" in edits:
                values = np.asarray(edits[f"@{name}"](values))
                space = h5py.h5s.create_simple(values.shape) if values.shape else space
            new = h5py.h5a.create(target.id, name.encode(), kind, space)
            if values.size:
                new.write(values)


def _refuse_references(kind: Any) -> None:  # noqa: ANN401
    import h5py  # noqa: PLC0415

    inner = h5py.check_vlen_dtype(kind)
    fields = [kind.fields[name][0] for name in kind.names] if kind.names else []
    if h5py.check_ref_dtype(kind) is not None:
        raise RemovalError("the file holds references between its objects, which would point elsewhere")
    for each in (*fields, *([np.dtype(inner)] if inner is not None else [])):
        _refuse_references(each)


def _changed(name: str, data: Any, target: Any, edits: dict[str, Edit]) -> Any:  # noqa: ANN401
    """Write a dataset with its values changed, its filters and chunks as they were."""
    import h5py  # noqa: PLC0415

    values = data[()]
    if not isinstance(values, np.ndarray):
        values = np.array(values, data.dtype)
    for field, edit in edits.items():
        if field and not field.startswith("@"):
            values[field] = edit(values[field])
        elif not field:
            values = edit(values)
    is_chunked = data.chunks is not None
    limits = data.id.get_space().get_simple_extent_dims(maxdims=True) if values.shape else ()
    space = (
        h5py.h5s.create_simple(values.shape, limits if is_chunked else values.shape)
        if values.shape
        else h5py.h5s.create(h5py.h5s.SCALAR)
    )
    plist = _timeless(data)
    new = h5py.Dataset(h5py.h5d.create(target.id, name.encode(), data.id.get_type().copy(), space, plist))
    if values.size:
        new[...] = values
    return new
