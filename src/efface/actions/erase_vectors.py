"""Take the vectors out of files of arrays and leave files that still open."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from efface.engines.residue import Fragments, residue
from efface.errors import FormatError, LimitExceededError, RemovalError, UnsupportedError
from efface.formats import faiss_empty, hnsw, npy, pickle_edit, pickle_scan, safetensors, sniff
from efface.model import Form, Method

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from efface.model import Finding, Limits

    Places = set[str | None]

__all__ = ["EraseVectors"]

_ARRAY = "application/x-npy"
_PICKLE = "application/x-pickle"


class EraseVectors:
    """Arrays and indexes are left without rows, of the same element type and vector length.

    So a program that opens the file finds an empty store rather than none or a broken one, and zeros are not
    taken for a template of someone. Two kinds keep their rows, since lists beside them count them: in pickles
    every number becomes "not a number" where it stands, and in Chroma's file of elements every vector is zero.
    All of an index goes, also when only some of its vectors are of people: it cannot tell them apart.

    A file goes whole where it cannot be written without its vectors: compressed indexes inside others, pickles
    whose numbers are held in another way, or hold a copy elsewhere. An `.npz` file is an archive of arrays.

    Not promised: names, labels and links beside the vectors stay; in a file of elements the links tell which
    vectors were near to one another.
    """

    name = "erase-vectors"
    version = 2
    method = Method.CLEAR

    def accepts(self, media_type: str, finding: Finding) -> bool:
        """Return whether it is an array, or vectors in a pickle or an index."""
        if media_type not in _EMPTY or len(finding.locator.path) != 1:
            return False
        return media_type != _PICKLE or _is_of_vectors(finding)

    def remove(self, data: bytes, findings: Sequence[Finding], limits: Limits) -> bytes | None:
        """Return the file without vectors, or None where it cannot be without them.

        Raises:
            RemovalError: The file is broken, or does not hold what was found.
        """
        del limits
        kind = sniff.media_type(data[: sniff.HEAD_BYTES], findings[0].locator.path[0] if findings else "")
        if kind not in _EMPTY:
            raise RemovalError("the file is of another kind than was found: it has changed")
        try:
            return _EMPTY[kind](data, {finding.locator.fragment for finding in findings})
        except (UnsupportedError, LimitExceededError):
            return None
        except FormatError as error:
            raise RemovalError(f"the vectors cannot be taken out: {error}") from None


def _is_of_vectors(finding: Finding) -> bool:
    is_of_vectors = any(clue.name == "dimension" for clue in finding.clues)
    return is_of_vectors and finding.form in (Form.TEMPLATE, Form.FEATURES)


def _array(data: bytes, places: Places) -> bytes:
    pickled = npy.pickled(data)
    if pickled is not None:
        if not _found(pickled) & places:
            raise UnsupportedError("what was found in Python objects is no array")
        return data[: len(data) - len(pickled)] + _pickle(pickled, places)
    header = npy.header(data)
    shape = (0, *header.shape[1:])
    target = io.BytesIO()
    array = np.empty(shape, np.dtype(header.dtype), order="F" if header.fortran_order else "C")
    np.lib.format.write_array(target, array, (data[6], data[7]), allow_pickle=False)
    return target.getvalue()


def _pickle(data: bytes, places: Places) -> bytes:
    result = pickle_edit.emptied(data, places)
    gone = Fragments()
    for found in pickle_scan.scan(data):
        if pickle_scan.place_of(found.names) in places and found.kind == "array":
            for row in found.numbers.reshape(-1, found.numbers.shape[-1] if found.numbers.ndim else 1):
                gone.add(row.tobytes())
    if residue(result, gone):
        raise UnsupportedError("a pickle that holds its numbers a second time")
    return result


def _found(pickled: bytes) -> Places:
    return {pickle_scan.place_of(found.names) for found in pickle_scan.scan(pickled)}


def _faiss(data: bytes, places: Places) -> bytes:
    del places
    return faiss_empty.emptied(data)


def _index(data: bytes, places: Places) -> bytes:
    del places
    return hnsw.emptied(data)


def _elements(data: bytes, places: Places) -> bytes:
    del places
    return hnsw.zeroed(data)


def _tensors(data: bytes, places: Places) -> bytes:
    names = {(place or "").removeprefix("/").replace("~1", "/").replace("~0", "~") for place in places}
    return safetensors.emptied(data, names)


_EMPTY: dict[str, Callable[[bytes, Places], bytes]] = {
    _ARRAY: _array,
    _PICKLE: _pickle,
    "application/vnd.faiss": _faiss,
    "application/x-hnswlib": _index,
    "application/x-hnswlib-level0": _elements,
    "application/x-safetensors": _tensors,
}
