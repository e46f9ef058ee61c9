"""Files and folders of this machine."""

from __future__ import annotations

import errno
import os
import stat
import sys
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote

from efface.engines.git_objects import is_repository
from efface.errors import AccessError, UsageError
from efface.model import Gap, GapReason, Locator, Part, Surroundings, Unit, printable
from efface.sources.git import GitHistory
from efface.sources.payloads import FilePayload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Limits

__all__ = ["Filesystem"]

_SIBLINGS = 200
_SQLITE = "sqlite:///"
"""As in SQLAlchemy: three slashes before a relative path, four before an absolute one."""
_KINDS = {
    stat.S_IFSOCK: "a socket",
    stat.S_IFIFO: "a pipe",
    stat.S_IFBLK: "a block device",
    stat.S_IFCHR: "a character device",
}


_DATABASE = b"SQLite format 3\0"
_REPOSITORY = frozenset({"HEAD", "objects", "refs"})
_LOGS = {
    "-wal": (b"", b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"),
    "-shm": (b"", (3_007_000).to_bytes(4, sys.byteorder), bytes(4)),
}
"""Endings of a database's log and log index, and what they begin with; an index that was reset begins with zeros.

Source: SQLite Database File Format, 4.1 (log header); WAL-mode File Format, 2.1 (index header).
"""


def _stamp_of(info: os.stat_result) -> str:
    return f"{info.st_size}:{info.st_mtime_ns}:{info.st_ctime_ns}:{info.st_ino}"


def _stamp(path: str, info: os.stat_result) -> str:
    """Return what shows that a file changed; a database's log is part of it."""
    try:
        return f"{_stamp_of(info)}+{_stamp_of(os.stat(path + '-wal', follow_symlinks=False))}"
    except OSError:
        return _stamp_of(info)


def _is_log(entry: os.DirEntry[str]) -> bool:
    """Return whether a file is the log or log index of the database beside it, which is read with it.

    A name alone does not hide a file: it must begin as one, too.
    """
    base, begins = entry.path[:-4], _LOGS[entry.path[-4:]]
    try:
        is_one = FilePayload(entry.path, 0).head(4) in begins
        return is_one and FilePayload(base, 0).head(len(_DATABASE)) == _DATABASE
    except AccessError:
        return False


class Filesystem:
    """Lists regular files in the order of their names; opens them read-only.

    Links inside a target are not followed: what they point to is looked at where it lies, and a link
    to something outside the target is a gap, so that nothing is missed in silence and no loop can form.
    A target that is itself a link is followed once. Pipes, sockets and devices are gaps. The write-ahead log
    of an SQLite database is read with its database and not listed beside it.

    The objects of a git repository are listed as its history.

    Not promised: files that appear behind the walk while it runs; alternate data streams.
    """

    name = "filesystem"
    version = 1

    def claims(self, target: str) -> bool:
        """Return whether the target is a path, or a URL of a file; `sqlite:///` names a database file."""
        return target != "-" and ("://" not in target or target.startswith(("file://", _SQLITE)))

    def units(self, target: str) -> Iterator[Unit | Gap]:
        """List the files of a path.

        Raises:
            UsageError: There is nothing at the path.
        """
        path = target
        if target.startswith("file://"):
            path = Locator.parse(target).path[0]
        elif target.startswith(_SQLITE):
            path = unquote(target.removeprefix(_SQLITE).partition("?")[0])
        root = os.path.realpath(path)
        try:
            info = os.stat(root, follow_symlinks=False)
        except OSError as error:
            raise UsageError(
                f"{printable(target)}: {error.strerror}", to_do="Name an existing path."
            ) from error
        if stat.S_ISDIR(info.st_mode):
            yield from self._folder(root, root)
        else:
            yield self._unit(root, info, logged=os.path.exists(root + "-wal"))

    def open(self, unit: Unit, limits: Limits) -> Part:
        """Open one file; its surroundings are its folders and the names beside it."""
        locator = Locator.parse(unit.uri)
        path = locator.path[0]
        payload = FilePayload(path, limits.artefact_bytes)
        folder, name = os.path.split(path)
        folders, beside = _around(folder)
        modified_at = datetime.fromtimestamp(payload.modified_ns / 1e9, tz=UTC)
        surroundings = Surroundings((name, *folders), beside)
        return Part(locator, payload, surroundings, modified_at)

    def stamp(self, unit: Unit) -> str:
        """Return size, times and inode as they are now."""
        try:
            path = Locator.parse(unit.uri).path[0]
            return _stamp(path, os.stat(path, follow_symlinks=False))
        except OSError as error:
            raise AccessError(f"cannot be found any more: {error.strerror}") from error

    def _folder(self, folder: str, root: str) -> Iterator[Unit | Gap]:
        pending = [folder]
        while pending:
            current = pending.pop()
            try:
                with os.scandir(current) as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
            except OSError as error:
                yield _gap(current, f"the folder cannot be listed: {error.strerror}")
                continue
            folders = []
            is_history = {entry.name for entry in entries} >= _REPOSITORY and is_repository(current)
            if is_history:  # its objects are packed in a way of their own
                yield from self.history(current)
            beside = {entry.name for entry in entries if entry.name.endswith(tuple(_LOGS))}
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if not (entry.name == "objects" and is_history):
                        folders.append(entry.path)
                elif entry.is_symlink():
                    yield from self.link(entry.path, root)
                elif not (entry.name in beside and _is_log(entry)):
                    yield self._entry(entry, logged=entry.name + "-wal" in beside)
            pending.extend(reversed(folders))

    def history(self, folder: str) -> Iterator[Unit | Gap]:
        """List what a repository keeps of the past, given its inner folder."""
        yield from GitHistory().batches(folder)

    def link(self, path: str, root: str) -> Iterator[Gap]:
        """Yield a gap where a link leads to something that the walk does not reach otherwise."""
        yield from _link(path, root)

    def _entry(self, entry: os.DirEntry[str], *, logged: bool) -> Unit | Gap:
        try:
            info = entry.stat(follow_symlinks=False)
        except OSError as error:
            return _gap(entry.path, f"cannot be examined: {error.strerror}")
        return self._unit(entry.path, info, logged=logged)

    def _unit(self, path: str, info: os.stat_result, *, logged: bool) -> Unit | Gap:
        if not stat.S_ISREG(info.st_mode):
            kind = _KINDS.get(stat.S_IFMT(info.st_mode), "not a regular file")
            return _gap(path, f"{kind}: holds no file content that could be read", GapReason.UNSUPPORTED)
        stamp = _stamp(path, info) if logged else _stamp_of(info)
        place = Locator("file", (path,))  # below a real path, and so absolute
        return Unit(place.uri, info.st_size, stamp, self.name)


def _gap(path: str, detail: str, reason: GapReason = GapReason.UNREADABLE) -> Gap:
    return Gap(Locator.of_file(path), "list", reason, detail)


def _link(path: str, root: str) -> Iterator[Gap]:
    """A link is a gap only where it leads to something that the walk does not reach otherwise."""
    try:
        real = os.path.realpath(path, strict=True)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            yield _gap(path, f"a link that cannot be followed to its end: {error.strerror}")
        return  # it leads nowhere, or round in a circle: there is nothing to look at behind it
    if real != root and not real.startswith(root.rstrip(os.sep) + os.sep):
        yield _gap(path, "a link to a place outside the target: not followed", GapReason.UNSUPPORTED)


@lru_cache(maxsize=256)
def _around(folder: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of a folder and those around it, and names in it; read once for all the files in it."""
    folders = tuple(reversed([part for part in folder.split(os.sep) if part]))
    try:
        with os.scandir(folder) as listing:
            return folders, tuple(sorted(entry.name for entry in islice(listing, _SIBLINGS)))
    except OSError:
        return folders, ()
