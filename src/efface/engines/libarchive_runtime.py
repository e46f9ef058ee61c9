"""Load libarchive-c with the libarchive that the wheel `archi` carries, so that no system package is needed.

libarchive-c looks for its library once, when it is imported, in the environment variable LIBARCHIVE; so that
variable names the carried library during the import and is put back afterwards. A variable that the user has
set wins.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

from efface.errors import UnsupportedError

__all__ = ["load"]

_VARIABLE = "LIBARCHIVE"
_CARRIER = "archi"


@cache
def load() -> Any:  # noqa: ANN401 - an untyped library
    """Return the module `libarchive`, loaded once for the process.

    Raises:
        UnsupportedError: No libarchive could be loaded.
    """
    before = os.environ.get(_VARIABLE)
    carried = None if before else _carried()
    try:
        if carried is not None:
            _preload(carried.parent)
            os.environ[_VARIABLE] = str(carried)
        return import_module("libarchive")
    except (ImportError, OSError, TypeError, AttributeError) as error:
        raise UnsupportedError(f"libarchive cannot be loaded ({type(error).__name__})") from None
    finally:
        if before is None:
            os.environ.pop(_VARIABLE, None)


def _carried() -> Path | None:
    """Return the path of the library inside the carrier's wheel, or None where it is not installed."""
    try:
        listed = files(_CARRIER) or []
    except PackageNotFoundError:
        return None
    for entry in listed:
        if entry.name.startswith("libarchive") and (".so" in entry.name or entry.name.endswith(".dylib")):
            path = Path(str(entry.locate()))
            if path.is_file():
                return path
    return None


def _preload(folder: Path) -> None:
    """Load the libraries beside it first: some wheels are built without a search path of their own."""
    for path in sorted(folder.iterdir()):
        if not path.name.startswith("libarchive"):
            try:
                ctypes.CDLL(str(path))
            except OSError:  # only an error if libarchive itself does not load, which its import will say
                continue
