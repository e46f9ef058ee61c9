"""Read archives and compressed files member by member with libarchive, within budgets, never to disk."""

from __future__ import annotations

import bz2
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from efface.engines.archive_stream import stream_reader
from efface.engines.libarchive_runtime import load
from efface.errors import EncryptedError, FormatError, LimitExceededError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from efface.model import Limits

__all__ = ["COMPRESSED", "Member", "decoded_name", "members", "unique_names"]

COMPRESSED = frozenset(
    {
        "application/gzip",
        "application/x-bzip2",
        "application/x-xz",
        "application/zstd",
        "application/x-lz4",
        "application/x-lzma",
        "application/x-compress",
        "application/x-lzip",
    }
)
"""One compressed stream: what is in it may be an archive again."""

_FLOOR_BYTES = 64 * 1024 * 1024
_BZIP2 = b"BZh"
_BLOCK_BYTES = 1 << 20
_ENCRYPTED_WORDS = ("passphrase", "encrypted", "encryption")
_CODECS = ("utf-8", "gb18030")


@dataclass(frozen=True, slots=True)
class Member:
    """One regular file in an archive.

    Attributes:
        index: Its position among all entries, folders and links counted too, from 0.
        name: Its name, unique in the archive; a repeated name has ";2", ";3" ... behind it.
        data: Its bytes, or the error that kept them from being read.
        mtime_s: Time of last change in seconds since the epoch, or None.
    """

    index: int
    name: str
    data: bytes | FormatError
    mtime_s: int | None


def decoded_name(raw: bytes) -> str:
    """Return a member's name as text: UTF-8, else GB 18030, else UTF-8 with escaped bytes."""
    for codec in _CODECS:
        try:
            return raw.decode(codec)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "surrogateescape")


def unique_names() -> _Names:
    """Return a new counter that makes the names of one archive's members unique."""
    return _Names()


class _Names:
    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def unique(self, name: str) -> str:
        count = self._seen[name] = self._seen.get(name, 0) + 1
        return name if count == 1 else f"{name};{count}"


class _Budget:
    """Bytes and entries that one archive may still give."""

    def __init__(self, size_bytes: int, limits: Limits) -> None:
        self._left = min(limits.unpacked_bytes, max(_FLOOR_BYTES, size_bytes * limits.unpacked_ratio))
        self._ratio_bound = self._left < limits.unpacked_bytes
        self.entries = limits.entries
        self.member_bytes = limits.artefact_bytes

    def take(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            name = "unpacked_ratio" if self._ratio_bound else "unpacked_bytes"
            raise LimitExceededError(f"the archive unpacks to more than {name} allows")


def members(
    stream: BinaryIO,
    size_bytes: int,
    limits: Limits,
    *,
    single: bool = False,
    passwords: Sequence[str] = (),
) -> Iterator[Member]:
    """Yield the regular files of an archive in their order.

    Args:
        stream: Seekable reader at offset 0.
        size_bytes: Size of the archive, for the ratio budget.
        limits: Budgets.
        single: The file is one compressed stream without an archive in it.
        passwords: What is tried on encrypted members.

    Raises:
        FormatError: The archive cannot be read at all, or not further.
        LimitExceededError: A budget of the whole archive is spent.
    """
    budget = _Budget(size_bytes, limits)
    start = stream.read(len(_BZIP2))
    stream.seek(0)
    if single and start == _BZIP2:
        yield Member(0, "content", _of_bzip2(stream, budget), None)
        return
    names = unique_names()
    with _reader(stream, "raw" if single else "all", passwords) as (library, archive):
        try:
            for index, entry in enumerate(archive):
                if index >= budget.entries:
                    raise LimitExceededError(f"the archive has more than entries = {budget.entries} members")
                if not entry.isfile or entry.linkname:
                    continue
                name = names.unique("content" if single else _name(library, entry))
                yield Member(index, name, _data(library, entry, budget), _mtime(entry))
        except library.ArchiveError as error:
            raise _explained(error) from None


def _of_bzip2(stream: BinaryIO, budget: _Budget) -> bytes | FormatError:
    """Read a bzip2 stream here: the libarchive that is carried would start a program for it."""
    chunks: list[bytes] = []
    size = 0
    try:
        with bz2.BZ2File(stream) as content:
            while block := content.read(_BLOCK_BYTES):
                size += len(block)
                budget.take(len(block))
                if size > budget.member_bytes:
                    return LimitExceededError(
                        f"the member is more than artefact_bytes = {budget.member_bytes}"
                    )
                chunks.append(block)
    except EOFError:
        return FormatError("truncated")
    except (OSError, ValueError):
        return FormatError("damaged")
    return b"".join(chunks)


@contextmanager
def _reader(stream: BinaryIO, kind: str, passwords: Sequence[str]) -> Iterator[tuple[Any, Any]]:
    library = load()
    try:
        with stream_reader(library, stream, kind, passwords) as archive:
            yield library, archive
    except library.ArchiveError as error:
        raise _explained(error) from None


def _name(library: Any, entry: Any) -> str:  # noqa: ANN401 - ctypes objects of an untyped library
    raw = library.ffi.entry_pathname(entry._entry_p)  # noqa: SLF001 - the only way to the undecoded name
    if raw:
        return decoded_name(raw)
    return library.ffi.entry_pathname_w(entry._entry_p) or "unnamed"  # noqa: SLF001


def _mtime(entry: Any) -> int | None:  # noqa: ANN401
    value = entry.mtime
    return None if value is None else int(value)


def _data(library: Any, entry: Any, budget: _Budget) -> bytes | FormatError:  # noqa: ANN401
    """Read one member; what concerns only this member is returned as its error."""
    chunks: list[bytes] = []
    size = 0
    try:
        for block in entry.get_blocks():
            size += len(block)
            budget.take(len(block))
            if size > budget.member_bytes:
                return LimitExceededError(f"the member is more than artefact_bytes = {budget.member_bytes}")
            chunks.append(bytes(block))
    except library.ArchiveError as error:
        return _explained(error)
    return b"".join(chunks)


def _explained(error: Exception) -> FormatError:
    """Say what libarchive said, without the names that it may have put into its message."""
    text = str(error).lower()
    if any(word in text for word in _ENCRYPTED_WORDS):
        return EncryptedError("encrypted; no password was given")
    if "unsupported" in text or "not supported" in text:
        return UnsupportedError("compressed in a way that libarchive cannot read")
    if "unrecognized archive format" in text:
        return FormatError("no archive format fits the content")
    if "truncated" in text or "premature" in text:
        return FormatError("truncated")
    return FormatError("damaged")
