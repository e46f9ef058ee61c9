"""Put prepared content in a target's place, in one step, so that a kill leaves either the old or the new.

What the file system keeps beside the content is kept: mode, owner, times, extended attributes.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sqlite3
import stat
from contextlib import closing, suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

from efface.errors import RemovalError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["digest_of", "erase", "new_name", "old_name", "replace", "settle_database", "tidy", "wipe"]

_CHUNK_BYTES = 1 << 20


def new_name(path: str, ref: str) -> str:
    """Return the name of a target's prepared content: beside it, so that a rename is one step."""
    return os.path.join(os.path.dirname(path), f".efface-{ref}.new")


def old_name(path: str, ref: str) -> str:
    """Return the name under which a target's old content waits to be overwritten."""
    return os.path.join(os.path.dirname(path), f".efface-{ref}.old")


def digest_of(path: str) -> str | None:
    """Return the SHA-256 of a file's content in hex, or None when there is no such file."""
    try:
        # What a link that was put in its place points to is not the target.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise


def settle_database(path: str, *, step: Callable[[str], None]) -> None:
    """Move what lies in a database's log into its file, so that no old log is left beside a new file.

    Raises:
        RemovalError: Another program uses the database.
    """
    if not os.path.exists(path + "-wal"):
        return
    step("settle")
    with closing(
        sqlite3.connect(f"file:{quote(os.fsencode(path))}?mode=rw", uri=True, timeout=1.0)
    ) as database:
        try:
            busy, _, _ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error:
            busy = 1
    if busy or os.path.exists(path + "-wal"):
        raise RemovalError(
            "another program uses the database", to_do="Stop the program and apply the plan again."
        )


def replace(path: str, new: str, old: str, *, step: Callable[[str], None]) -> None:
    """Put `new` in the place of `path`, then overwrite the old content.

    Args:
        path: The target.
        new: Prepared content on the same file system, already on disk.
        old: A second name for the old content, so that a killed run can still be finished.
        step: Called with the name of each step before it is taken.

    Raises:
        OSError: It cannot be done; the target is as it was.
    """
    step("metadata")
    info = os.stat(path, follow_symlinks=False)
    shutil.copystat(path, new, follow_symlinks=False)
    with suppress(PermissionError):
        os.chown(new, info.st_uid, info.st_gid, follow_symlinks=False)
    os.chmod(new, stat.S_IMODE(info.st_mode))
    with suppress(OSError):  # some file systems know no second names; the old blocks are then freed only
        os.link(path, old, follow_symlinks=False)
    step("rename")
    os.replace(new, path)
    _sync_folder(path)
    step("overwrite")
    wipe(old)


def erase(path: str, old: str, *, step: Callable[[str], None]) -> None:
    """Take a file away and overwrite what it held.

    Raises:
        OSError: It cannot be done; the target is as it was.
    """
    step("unlink")
    os.rename(path, old)
    _sync_folder(path)
    step("overwrite")
    wipe(old)


def tidy(path: str, new: str, old: str, *, replaced: bool) -> None:
    """Take away what a killed run left beside a target."""
    with suppress(FileNotFoundError, NotADirectoryError):  # the folder may be gone, too
        with suppress(FileNotFoundError):
            os.unlink(new)
        if replaced:
            wipe(old)
        else:
            with suppress(FileNotFoundError):
                os.unlink(old)
        _sync_folder(path)


def wipe(old: str) -> None:
    """Overwrite and remove content that nothing else names; what another name still holds is left alone."""
    with suppress(FileNotFoundError):
        if os.stat(old, follow_symlinks=False).st_nlink == 1:
            os.chmod(old, 0o600)
            descriptor = os.open(old, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                _overwrite(descriptor)
            finally:
                os.close(descriptor)
        os.unlink(old)
        _sync_folder(old)


def _overwrite(descriptor: int) -> None:
    """Write zeros over a file's content once (NIST SP 800-88 Rev. 1, 2.5: clear).

    Not promised: journals, snapshots, copy-on-write and wear levelling may keep the old blocks.
    """
    left = os.fstat(descriptor).st_size
    os.lseek(descriptor, 0, os.SEEK_SET)
    zeros = bytes(_CHUNK_BYTES)
    with suppress(OSError):  # the name is gone already; a full disk must not turn a removal into a failure
        while left > 0:
            left -= os.write(descriptor, zeros[: min(left, _CHUNK_BYTES)])
        os.fsync(descriptor)


def _sync_folder(path: str) -> None:
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
