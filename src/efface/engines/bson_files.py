"""Read MongoDB's dumps document by document through pymongo's bson: `.bson` files and `mongodump --archive`.

Sources: BSON 1.1; MongoDB tools, `mongodump` archive format (magic, headers of namespaces, terminators).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, BinaryIO

from efface.errors import FormatError, LimitExceededError, UnsupportedError
from efface.formats.document_values import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["records"]

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
    try:
        from bson import CodecOptions, DatetimeConversion, decode  # noqa: PLC0415 - only where a file is read
        from bson.errors import BSONError  # noqa: PLC0415
    except ImportError:
        raise UnsupportedError("a BSON file: install efface[files]") from None
    options: Any = CodecOptions(
        unicode_decode_error_handler="replace", datetime_conversion=DatetimeConversion.DATETIME_MS
    )
    place = _PLACE
    for data in _documents(stream):
        try:
            document = decode(data, options)
        except RecursionError:
            raise LimitExceededError("BSON: a document nested too deeply") from None
        except (BSONError, ValueError, TypeError, OverflowError, ArithmeticError, struct.error):
            raise FormatError("a BSON file that is damaged") from None
        if _NAMESPACE.issuperset(document) and "collection" in document:
            place = f"/{escaped(str(document['collection']))}"
            continue
        yield place, document


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
