"""Take the vectors out of NumPy files and leave a file that still opens."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from efface.errors import FormatError, RemovalError, UnsupportedError
from efface.formats import npy
from efface.model import Method

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.model import Finding, Limits

__all__ = ["EraseVectors"]

_TYPE = "application/x-npy"


class EraseVectors:
    """An array of templates becomes an array without rows, of the same element type and vector length.

    So a program that opens the file finds an empty store rather than none or a broken one, and zeros are not
    taken for a template of someone. An array of Python objects holds a pickle, which cannot be edited without
    running it: that file goes whole. An `.npz` file is an archive of such files.
    """

    name = "erase-vectors"
    version = 1
    method = Method.CLEAR

    def accepts(self, media_type: str, finding: Finding) -> bool:
        """Return whether it is an array."""
        return media_type == _TYPE and len(finding.locator.path) == 1

    def remove(self, data: bytes, findings: Sequence[Finding], limits: Limits) -> bytes | None:
        """Return the array without rows, or None for an array of Python objects.

        Raises:
            RemovalError: The file is broken.
        """
        del findings, limits
        try:
            header = npy.header(data)
        except UnsupportedError:
            return None
        except FormatError as error:
            raise RemovalError(f"the array cannot be emptied: {error}") from None
        shape = (0, *header.shape[1:])
        target = io.BytesIO()
        array = np.empty(shape, np.dtype(header.dtype), order="F" if header.fortran_order else "C")
        np.lib.format.write_array(target, array, (data[6], data[7]), allow_pickle=False)
        return target.getvalue()
