"""Open a stream with libarchive under several passwords, of which libarchive tries one after the other.

libarchive-c takes one password only; this is its reader of streams with as many as there are.

Source: libarchive, archive_read_add_passphrase(3), archive_read_open(3), archive_read_set_seek_callback(3).
"""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

__all__ = ["stream_reader"]

_BLOCK_BYTES = 65_536
_CODECS = ("utf-8", "gb18030")  # a program takes the bytes of its own system's encoding


@contextmanager
def stream_reader(library: Any, stream: BinaryIO, kind: str, passwords: Sequence[str]) -> Iterator[Any]:  # noqa: ANN401 - ctypes objects of an untyped library
    """Yield an open archive of libarchive-c.

    Args:
        library: The module `libarchive`.
        stream: Seekable reader at offset 0.
        kind: "all", or "raw" for one compressed stream.
        passwords: What is tried on encrypted members.
    """
    if not passwords:
        with library.stream_reader(stream, kind, block_size=_BLOCK_BYTES) as archive:
            yield archive
        return
    ffi = library.ffi
    buffer = ctypes.create_string_buffer(_BLOCK_BYTES)

    def read(_archive: Any, _context: Any, place: Any) -> int:  # noqa: ANN401
        count: int = stream.readinto(buffer)  # type: ignore[attr-defined]
        ctypes.cast(place, ctypes.POINTER(ctypes.c_void_p))[0] = ctypes.addressof(buffer)
        return count

    def seek(_archive: Any, _context: Any, offset: int, whence: int) -> int:  # noqa: ANN401
        return stream.seek(offset, whence)

    callbacks = ffi.READ_CALLBACK(read), ffi.SEEK_CALLBACK(seek)  # kept alive as long as the archive
    with library.read.new_archive_read(kind) as pointer:
        for word in dict.fromkeys(each.encode(codec, "replace") for each in passwords for codec in _CODECS):
            ffi.read_add_passphrase(pointer, word)
        ffi.read_set_seek_callback(pointer, callbacks[1])
        ffi.read_open(pointer, None, ffi.NO_OPEN_CB, callbacks[0], ffi.NO_CLOSE_CB)
        yield library.read.ArchiveRead(pointer, "utf-8")
