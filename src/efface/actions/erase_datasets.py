"""Empty datasets and attributes of HDF5 files that hold templates or samples."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from efface.actions.due import Sieve
from efface.engines import hdf5_files, hdf5_values, hdf5_writing
from efface.errors import FormatError, RemovalError
from efface.formats import pixel_arrays
from efface.formats.document_values import escaped
from efface.model import Method

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.engines.hdf5_files import Found
    from efface.engines.hdf5_writing import Edit
    from efface.model import Finding, Limits

__all__ = ["EraseDatasets"]

_TYPE = "application/x-hdf5"


class EraseDatasets:
    """A dataset of vectors is left without rows; a field of it becomes "not a number", since other fields stay.

    Of texts, binary values and pictures `due` tells which go: texts and bytes of varying length become empty,
    pictures and bytes of one length 0. Other datasets, groups, links, attributes, filters and chunks stay; the
    file is written anew, so that freed space and what once was in it are not.

    Not promised: the user block stays as it is; files with references between objects are refused.
    """

    name = "erase-datasets"
    version = 1
    method = Method.CLEAR

    def accepts(self, media_type: str, finding: Finding) -> bool:
        """Return whether it is a dataset or an attribute of such a file."""
        is_inside = (finding.locator.fragment or "").startswith("/")
        return media_type == _TYPE and len(finding.locator.path) == 1 and is_inside

    def remove(self, data: bytes, findings: Sequence[Finding], limits: Limits) -> bytes | None:
        """Return the file without what was found.

        Raises:
            RemovalError: A dataset is not there or too large; a value holds what was found among other things;
                pictures at level 1 do not all show a face; or the file cannot be written as it was.
        """
        shares: dict[str, list[Finding]] = {}
        for finding in findings:
            shares.setdefault(finding.locator.fragment or "", []).append(finding)
        try:
            with hdf5_files.opened(io.BytesIO(data)) as file:
                found = {place: each for each in hdf5_files.items(file) if (place := _place(each)) in shares}
            if set(found) != set(shares):
                raise RemovalError("the file has no such dataset as was found: it has changed")
            if sum(_size(each) for each in found.values()) > limits.unpacked_bytes:
                raise RemovalError(f"more than unpacked_bytes = {limits.unpacked_bytes}")
            erasers = {place: _Eraser(each, shares[place]) for place, each in found.items()}
            changes: dict[str, dict[str, Edit]] = {}
            for place, each in found.items():
                changes.setdefault(each.where[0], {})[each.where[1]] = erasers[place].edited
            result = hdf5_writing.rewritten(data, changes)
        except FormatError as error:
            raise RemovalError(f"the file cannot be rewritten: {error}") from None
        for eraser in erasers.values():
            eraser.sieve.check()
        return result if any(eraser.is_busy for eraser in erasers.values()) else data


def _place(found: Found) -> str:
    return "/" + "/".join(map(escaped, found.path))


def _size(found: Found) -> int:
    each = (
        np.dtype(found.dtype).itemsize
        if found.dtype
        and " " not in found.dtype
        and found.dtype
        not in {
            "text",
            "bytes",
        }
        else 16
    )
    return int(np.prod(found.shape, dtype=np.float64)) * each


class _Eraser:
    def __init__(self, found: Found, findings: list[Finding]) -> None:
        self._found = found
        self._kind = hdf5_values.kind_of(found)
        self.sieve = Sieve(findings)
        self.is_busy = False

    def edited(self, values: Any) -> Any:  # noqa: ANN401 - any NumPy array
        if self._kind == "vectors":
            return self._vectors(values)
        if self._kind == "pictures":
            return self._numbers(
                values, pixel_arrays.pictures(values), pixel_arrays.shape_of_pictures(values.shape)[0]
            )
        if self._kind == "rows":
            rows = values.reshape(-1, values.shape[-1])
            return self._numbers(values, (row.tobytes() for row in rows), len(rows))
        return self._texts(values) if self._kind else values

    def _vectors(self, values: Any) -> Any:  # noqa: ANN401
        field = self._found.where[1]
        if not field or field.startswith("@"):
            self.is_busy |= bool(values.size)
            return hdf5_writing.without_rows(values)
        nothing = np.full_like(values, np.nan if values.dtype.kind == "f" else 0)
        self.is_busy |= values.tobytes() != nothing.tobytes()
        return nothing

    def _numbers(self, values: Any, each: Any, count: int) -> Any:  # noqa: ANN401
        rows = np.array(values).reshape(count, -1)
        for at, one in enumerate(each):
            self.sieve.count(one)
            left = self.sieve.rest(one)
            if left is not None and left != one:
                raise RemovalError("a value of a fixed length contains what was found among other things")
            if left is None and rows[at].any():
                self.is_busy = True
                rows[at] = 0
        return rows.reshape(values.shape)

    def _texts(self, values: Any) -> Any:  # noqa: ANN401
        result = np.array(values)
        flat = result.reshape(-1)
        for at, one in enumerate(hdf5_values.texts(values, self._found.dtype)):
            if one is None:
                continue
            self.sieve.count(one)
            left = self.sieve.rest(one)
            if left != one:
                old, flat[at] = flat[at], _as(flat[at], left, self._found.dtype)
                self.is_busy |= np.asarray(flat[at]).tobytes() != np.asarray(old).tobytes()
        return flat.reshape(values.shape)


def _as(old: Any, left: bytes | str | None, dtype: str) -> Any:  # noqa: ANN401
    """Return what is left of a value in the form of the old one."""
    if dtype in {"bytes", "list of numbers"}:
        if left is not None and dtype != "bytes":
            raise RemovalError("a list of numbers contains what was found among other things")
        return np.frombuffer(bytes(left) if isinstance(left, bytes) else b"", old.dtype)
    raw = left.encode() if isinstance(left, str) else left or b""
    return np.void(raw.ljust(old.nbytes, b"\0")) if isinstance(old, np.void) else raw
