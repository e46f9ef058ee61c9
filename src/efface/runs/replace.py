"""Put prepared content in a target's place, in one step, so that a kill leaves either the old or the new.

What the file system keeps beside the content is kept: mode, owner, times, extended attributes.
"""

from __future__ import annotations

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

__all__ = ["digest_of", "erase", "replace", "settle_database", "temporary_name"]

_CHUNK_BYTES = 1 << 20


def temporary_name(path: str, ref: str) -> str:
    """Return the name of the prepared content of a target: beside it, so that a rename is one step."""
    return os.path.join(os.path.dirname(path), f".efface-{ref}.new")


def digest_of(path: str) -> str | None:
    """Return the SHA-256 of a file's content in hex, or None when there is no such file."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


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


def replace(path: str, temporary: str, *, step: Callable[[str], None]) -> None:
    """Put `temporary` in the place of `path`, then overwrite the old content.

    Args:
        path: The target.
        temporary: Prepared content on the same file system, already on disk.
        step: Called with the name of each step before it is taken.

    Raises:
        OSError: It cannot be done; the target is as it was.
    """
    step("metadata")
    info = os.stat(path, follow_symlinks=False)
    shutil.copystat(path, temporary, follow_symlinks=False)
    with suppress(PermissionError):
        os.chown(temporary, info.st_uid, info.st_gid, follow_symlinks=False)
    os.chmod(temporary, stat.S_IMODE(info.st_mode))
    old = _kept_open(path)
    try:
        step("rename")
        os.replace(temporary, path)
        _sync_folder(path)
        # A file with other names is still somebody's file under those: its content is left alone.
        if old is not None and os.fstat(old).st_nlink == 0:
            step("overwrite")
            _overwrite(old)
    finally:
        if old is not None:
            os.close(old)


def erase(path: str, *, step: Callable[[str], None]) -> None:
    """Take a file away and overwrite what it held.

    Raises:
        OSError: It cannot be done; the target is as it was.
    """
    old = _kept_open(path)
    try:
        step("unlink")
        os.unlink(path)
        _sync_folder(path)
        if old is not None and os.fstat(old).st_nlink == 0:
            step("overwrite")
            _overwrite(old)
    finally:
        if old is not None:
            os.close(old)


def _kept_open(path: str) -> int | None:
    """Return a descriptor through which the old content can be overwritten once its name is gone."""
    try:
        return os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except PermissionError:
        return None  # a folder one may write in can hold a file one may not: its blocks are freed only


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
