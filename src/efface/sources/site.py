"""Files of a machine or a mounted disk image, the likely places first."""

from __future__ import annotations

import heapq
import os
import time
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING

from efface.model import Gap, GapReason, Limits, Locator, Mode
from efface.sources.filesystem import Filesystem
from efface.sources.likelihood import folder_likelihood, likelihood

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Unit

__all__ = ["IMAGE", "Site"]

IMAGE = "root://"
"""Scheme of a target that is the root folder of a mounted disk image."""

_SHARE = 0.4  # of the time of a run that a triage lists in
_TOLD = 40  # folders that a triage names with what it left out
_DEPTH = 3  # names of a folder that stand for it there


class Site(Filesystem):
    """Lists the files of a path as `filesystem` does; `root:///mnt/image` names the root of a disk image.

    In an image, absolute links lead into the image. The history of a repository is listed in `thorough`
    only: what was deleted from a source tree does not run.

    A `fast` walk is a triage: folders are taken in the order in which such software is likely to lie in them, and
    files whose names tell of none are counted and not listed. It ends after a part of `run_seconds`; what it
    did not list is a gap.

    Not promised: that a triage finds what bears a name that tells nothing, in a place that tells nothing.
    """

    name = "site"
    version = 1

    def __init__(self) -> None:
        self._is_image = False
        self._mode = Mode.STANDARD

    def claims(self, target: str) -> bool:
        """Return whether the target is a path, a URL of a file, or the root of an image."""
        return target.startswith(IMAGE) or super().claims(target)

    def units(self, target: str) -> Iterator[Unit | Gap]:
        """List the files of a path or an image.

        Raises:
            UsageError: There is nothing at the path.
        """
        self._is_image = target.startswith(IMAGE)
        yield from super().units("file://" + target.removeprefix(IMAGE) if self._is_image else target)

    def units_in(self, target: str, mode: Mode, limits: Limits) -> Iterator[Unit | Gap]:
        """List the files of a path or an image; in `fast` the likely ones, the likely folders first."""
        self._mode = mode
        self._until = time.monotonic() + _SHARE * limits.run_seconds
        yield from self.units(target)

    def history(self, folder: str) -> Iterator[Unit | Gap]:
        """List what a repository keeps of the past where all there is is asked for."""
        if self._mode is Mode.THOROUGH:
            yield from super().history(folder)

    def link(self, path: str, root: str) -> Iterator[Gap]:
        """Yield a gap for a link out of the target; a link of an image leads into it."""
        if not (self._is_image and os.path.isabs(os.readlink(path))):
            yield from super().link(path, root)

    def _folder(self, folder: str, root: str) -> Iterator[Unit | Gap]:
        if self._mode is not Mode.FAST:
            yield from super()._folder(folder, root)
            return
        order = count()
        pending = [(-1.0, next(order), folder)]
        passed: Counter[str] = Counter()
        while pending and time.monotonic() < self._until:
            _, _, current = heapq.heappop(pending)
            try:
                with os.scandir(current) as listing:
                    for entry in listing:
                        if entry.is_dir(follow_symlinks=False):
                            way = entry.path.removeprefix(root)
                            heapq.heappush(pending, (-folder_likelihood(way), next(order), entry.path))
                        elif entry.is_symlink():
                            continue  # what it points to is listed where it lies
                        elif likelihood(entry.path.removeprefix(root)) > 0:
                            yield self._entry(entry, logged=False)
                        else:
                            passed[_short(current, root)] += 1
            except OSError as error:
                detail = f"the folder cannot be listed: {error.strerror}"
                yield Gap(Locator.of_file(current), "list", GapReason.UNREADABLE, detail)
        left = Counter(_short(path, root) for _, _, path in pending)
        yield from _told(
            passed, GapReason.OVER_LIMIT, "{} files whose names tell of no such software: not looked at"
        )
        yield from _told(left, GapReason.TIMEOUT, "{} folders were not listed within the time of the triage")


def _short(path: str, root: str) -> str:
    way = path.removeprefix(root).strip("/").split("/")
    return os.path.join(root, *way[:_DEPTH])


def _told(counts: Counter[str], reason: GapReason, sentence: str) -> Iterator[Gap]:
    most = counts.most_common(_TOLD)
    for path, number in most:
        yield Gap(Locator.of_file(path), "list", reason, sentence.format(number))
    rest = counts.total() - sum(number for _, number in most)
    if rest:
        top = os.path.commonpath(list(counts))
        yield Gap(Locator.of_file(top), "list", reason, sentence.format(rest) + " (other folders)")
