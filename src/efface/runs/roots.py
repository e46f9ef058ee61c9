"""Name places by where they lie in what was scanned, so that a checkout elsewhere has the same names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import unquote

from efface.model import Locator

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Roots", "folder_of", "name_of", "roots_of"]

_SQLITE = "sqlite:///"


def roots_of(targets: Sequence[str]) -> list[str]:
    """Return the folder that each target's files are named from, or "" for what is no path.

    A folder is its own root; a file is named from its folder, so that its name alone counts.
    """
    return [real if os.path.isdir(real) else os.path.dirname(real) for real in map(_real, targets)]


def folder_of(target: str) -> str:
    """Return the folder that a target names, or "" where it names something else."""
    real = _real(target)
    return real if os.path.isdir(real) else ""


def name_of(target: str) -> str:
    """Return the real path that a target names, or the target itself where it names something else."""
    return _real(target) or target


def _real(target: str) -> str:
    if target.startswith("file://"):
        target = Locator.parse(target).path[0]
    elif target.startswith(_SQLITE):
        target = unquote(target.removeprefix(_SQLITE).partition("?")[0])
    elif target == "-" or "://" in target:
        return ""
    return os.path.realpath(target)


class Roots:
    """The roots of a scan, in the order of its targets."""

    def __init__(self, roots: Sequence[str]) -> None:
        numbered = {root: number for number, root in reversed(list(enumerate(roots))) if root}
        self._roots = sorted(numbered.items(), key=lambda item: -len(item[0]))

    def name(self, locator: Locator) -> str:
        """Return a place without its region, by target and way within it; elsewhere by its whole locator."""
        inside = "!/".join(("", *locator.path[1:]))
        if locator.scheme == "file":
            for root, number in self._roots:
                head = root.rstrip(os.sep) + os.sep
                if locator.path[0].startswith(head):
                    way = locator.path[0][len(head) :].replace(os.sep, "/")
                    return f"{number}:{way}{inside}"
        return f"{locator.scheme}:{locator.path[0]}{inside}"
