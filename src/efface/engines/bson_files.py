"""Read MongoDB's dumps document by document through pymongo's bson: `.bson` files and `mongodump --archive`.

Sources: BSON 1.1; MongoDB tools, `mongodump` archive format (magic, headers of namespaces, terminators).
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

from efface.errors import FormatError, LimitExceededError, UnsupportedError
from efface.formats.document_values import escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Edit = Callable[[str, dict[str, Any]], dict[str, Any]]

__all__ = ["records", "rewritten"]

_PLACE = "/*"
_ARCHIVE = 0x8199E26D
_TERMINATOR = 0xFFFFFFFF
_MAX_DOCUMENT = 64 << 20  # MongoDB's own limit is 16 MiB
_NAMESPACE = {"db", "collection", "EOF", "CRC"}


def records(stream: BinaryIO, unpacked_bytes: int) -> Iterator[tuple[str, Any]]:
    """Yield place and document, one by one; those of an archive under the name of their collection.

    Args:
        stream: The file.
        unpacked_bytes: Not used: nothing is compressed inside.

    Raises:
        FormatError: It is damaged, after what stands before the damage.
        UnsupportedError: pymongo is not installed.
    """
    del unpacked_bytes
    place = _PLACE
    for data in _documents(stream):
        document = _decoded(data)
        if _NAMESPACE.issuperset(document) and "collection" in document:
            place = f"/{escaped(str(document['collection']))}"
            continue
        yield place, document


def rewritten(data: bytes, edit: Edit, unpacked_bytes: int) -> bytes:
    """Return a file whose documents went through an edit; those that it leaves as they are keep their bytes.

    Args:
        data: The file.
        edit: Gets the place and the document.
        unpacked_bytes: Not used: nothing is compressed inside.

    Raises:
        FormatError: It is damaged.
        UnsupportedError: pymongo is not installed; it is an archive of `mongodump`, which has checksums; or a
            document with types or doubled keys that would not come out as they are.
    """
    del unpacked_bytes
    if data[:4] == _ARCHIVE.to_bytes(4, "little"):
        raise UnsupportedError("an archive of mongodump, whose checksums would no longer hold")
    pieces = []
    for old in _documents(BytesIO(data)):
        document = _decoded(old)
        new = edit(_PLACE, document)
        same = _encoded(document)
        changed = _encoded(new)
        if same not in {changed, old}:
            raise UnsupportedError("a document with types or keys that would not come out as they are")
        pieces.append(old if changed == same else changed)
    return b"".join(pieces)


def _decoded(data: bytes) -> dict[str, Any]:
    try:
        from bson import CodecOptions, DatetimeConversion, decode  # noqa: PLC0415 - only where a file is read
        from bson.errors import BSONError  # noqa: PLC0415
    except ImportError:
        raise UnsupportedError("a BSON file: install efface[files]") from None
    options: Any = CodecOptions(
        unicode_decode_error_handler="replace", datetime_conversion=DatetimeConversion.DATETIME_MS
    )
    try:
        return dict(decode(data, options))
    except RecursionError:
        raise LimitExceededError("BSON: a document nested too deeply") from None
    except (BSONError, ValueError, TypeError, OverflowError, ArithmeticError, struct.error):
        raise FormatError("a BSON file that is damaged") from None


def _encoded(document: dict[str, Any]) -> bytes:
    from bson import encode  # noqa: PLC0415
    from bson.errors import BSONError  # noqa: PLC0415

    try:
        return bytes(encode(document))
    except RecursionError:
        raise LimitExceededError("BSON: a document nested too deeply") from None
    except (BSONError, ValueError, TypeError, OverflowError, ArithmeticError, struct.error):
        raise FormatError("a BSON file that is damaged") from None


def _documents(stream: BinaryIO) -> Iterator[bytes]:
    while head := stream.read(4):
        if len(head) < 4:
            raise FormatError("a BSON file that is cut off")
        (size,) = struct.unpack("<I", head)
        if size in {_ARCHIVE, _TERMINATOR}:
            continue
        if size < 5:
            raise FormatError("a BSON file that is damaged")
        if size > _MAX_DOCUMENT:
            raise LimitExceededError("BSON: a document of more than 64 MiB")
        rest = stream.read(size - 4)
        if len(rest) < size - 4:
            raise FormatError("a BSON file that is cut off")
        yield head + rest
