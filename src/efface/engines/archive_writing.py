"""Rewrite archives and compressed files with some members replaced or left out.

ZIP and tar are copied in their own bytes; cpio and 7z are read and written by libarchive, which keeps names,
modes, times, owners and links. A compressed stream has one member, as in reading: what is packed in it, an
archive perhaps, which is rewritten first.

Not kept: the level of compression, what a gzip header says beside its time and name, and in 7z the place of
a member that becomes empty, since that format lists empty files last.
Limits: rar, iso, cab, ar, rpm, deb and xar cannot be written back.
Source: RFC 1952, 2.3 (gzip header); the notes of the kinds in their modules.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from efface.engines.archive_tar import is_tar, rewrite_tar
from efface.engines.archive_zip import rewrite_zip
from efface.engines.libarchive_runtime import load
from efface.errors import EncryptedError, FormatError, LimitExceededError, RemovalError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from efface.model.limits import Limits

__all__ = ["rewrite", "rewrite_bytes"]

_HEAD = 512
_FLOOR_BYTES = 64 * 1024 * 1024  # as in reading: below this no ratio counts
_BLOCK = 65_536
_STREAMS = {
    b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4", b"\x5d\0\0": "lzma", b"LZIP": "lzip", b"\x1f\x9d": "compress",
}  # fmt: skip
_FORMATS = {
    b"7z\xbc\xaf\x27\x1c": "7zip", b"070701": "cpio_newc", b"070702": "cpio_newc", b"070707": "cpio",
}  # fmt: skip
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


def rewrite(source: BinaryIO, out: BinaryIO, replace: Mapping[int, bytes | None], limits: Limits) -> None:
    """Write an archive with some members replaced, or left out where the replacement is None.

    Args:
        source: Seekable reader of the archive.
        out: Writer at offset 0; what it holds is of no use when an error is raised.
        replace: New bytes by the index that reading gives the members: every entry counts, folders and
            links too. A compressed stream has one member, 0, which cannot be left out.
        limits: Budgets; `entries`, `unpacked_bytes` and `unpacked_ratio` are used.

    Raises:
        RemovalError: The kind cannot be written back, a member is encrypted, or the archive is broken.
        LimitExceededError: The archive is larger than the limits allow.
    """
    try:
        source.seek(0)
        head = source.read(_HEAD)
        source.seek(0)
        _rewrite(head, source, out, replace, limits)
    except LimitExceededError:
        raise
    except FormatError as error:
        raise RemovalError(f"the archive cannot be rewritten: {error}") from None
    except (EOFError, OSError, lzma.LZMAError, ValueError, OverflowError) as error:
        raise RemovalError(f"the archive cannot be rewritten ({type(error).__name__})") from None


def rewrite_bytes(data: bytes, replace: Mapping[int, bytes | None], limits: Limits) -> bytes:
    """Return an archive in memory with some members replaced or left out; as `rewrite` does."""
    out = io.BytesIO()
    rewrite(io.BytesIO(data), out, replace, limits)
    return out.getvalue()


def _rewrite(
    head: bytes, source: BinaryIO, out: BinaryIO, replace: Mapping[int, bytes | None], limits: Limits
) -> None:
    stream = _kind(_STREAMS, head)
    form = _kind(_FORMATS, head)
    if not replace:
        shutil.copyfileobj(source, out)
    elif stream:
        _pack(stream, head, _only(replace), out)
    elif head.startswith(_ZIP):
        rewrite_zip(source, out, replace, limits.entries)
    elif is_tar(head):
        rewrite_tar(source, out, replace, limits.entries)
    elif form:
        _Transfer(form, replace, limits).run(source, out)
    else:
        raise UnsupportedError("this kind of archive cannot be written back")


def _kind(kinds: Mapping[bytes, str], head: bytes) -> str:
    return next((kind for magic, kind in kinds.items() if head.startswith(magic)), "")


def _only(replace: Mapping[int, bytes | None]) -> bytes:
    content = replace.get(0)
    if set(replace) != {0} or content is None:
        raise FormatError("a compressed file has one member, which goes with the file")
    return content


def _pack(kind: str, head: bytes, content: bytes, out: BinaryIO) -> None:
    if kind == "gzip":
        name, time = _gzip_header(head)
        with gzip.GzipFile(name, "wb", 6, out, time) as writer:
            writer.write(content)
    elif kind == "bzip2":
        out.write(bz2.compress(content))
    elif kind in ("xz", "lzma"):
        out.write(lzma.compress(content, lzma.FORMAT_XZ if kind == "xz" else lzma.FORMAT_ALONE))
    else:
        library = load()
        try:
            with library.custom_writer(_written(out), "raw", kind) as archive:
                archive.add_file_from_memory("data", len(content), content)
        except library.ArchiveError:
            raise UnsupportedError(f"streams of the kind {kind} cannot be written") from None


def _gzip_header(head: bytes) -> tuple[str, int]:
    """Return name and time of a gzip header."""
    time = int.from_bytes(head[4:8], "little")
    if len(head) < 12 or head[3] & 0x0C != 0x08:  # a name, and no extra field before it
        return "", time
    return head[10:].partition(b"\0")[0].decode("latin-1"), time


def _written(out: BinaryIO) -> Any:  # noqa: ANN401 - a C callback
    def write(block: Any) -> int:  # noqa: ANN401 - a C array
        return out.write(bytes(block))

    return write


@dataclass(slots=True)
class _Transfer:
    """Copies an archive with libarchive, entry by entry."""

    form: str
    replace: Mapping[int, bytes | None]
    limits: Limits
    left: int = 0

    def run(self, source: BinaryIO, out: BinaryIO) -> None:
        library = load()
        size = source.seek(0, 2)
        source.seek(0)
        self.left = min(self.limits.unpacked_bytes, max(_FLOOR_BYTES, size * self.limits.unpacked_ratio))
        count = 0
        try:
            with (
                library.stream_reader(source, block_size=_BLOCK) as reader,
                library.custom_writer(_written(out), self.form) as writer,
            ):
                for count, entry in enumerate(reader, 1):
                    if count > self.limits.entries:
                        raise LimitExceededError(f"the archive has more than entries = {self.limits.entries}")
                    self._entry(library.ffi, writer._pointer, entry, count - 1)  # noqa: SLF001
        except library.ArchiveError as error:
            if "ncrypt" in str(error) or "assphrase" in str(error):
                raise EncryptedError("the archive is encrypted") from None
            raise FormatError("broken, or of a variant that cannot be written back") from None
        if unknown := [index for index in self.replace if not 0 <= index < count]:
            raise FormatError(f"the archive has no member {min(unknown)}")

    def _entry(self, ffi: Any, pointer: Any, entry: Any, index: int) -> None:  # noqa: ANN401 - C objects
        """Write one entry as it was read, its name undecoded: with its own blocks, or the replacement."""
        data = self.replace.get(index)
        if index in self.replace and data is None:
            return
        if data is not None:
            if not entry.isfile or entry.linkpath:
                raise UnsupportedError("a member that is no plain file cannot be replaced")
            entry.size = len(data)
        ffi.write_header(pointer, entry._entry_p)  # noqa: SLF001
        for block in entry.get_blocks(_BLOCK) if data is None else [data]:
            self.left -= len(block)
            if self.left < 0:
                raise LimitExceededError("the archive unpacks to more than unpacked_bytes or unpacked_ratio")
            if block:
                ffi.write_data(pointer, block, len(block))
        ffi.write_finish_entry(pointer)
