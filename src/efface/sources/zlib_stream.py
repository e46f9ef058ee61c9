"""A zlib stream that is a file of its own, as joblib and many programs' caches write it."""

from __future__ import annotations

import zlib
from contextlib import closing
from typing import TYPE_CHECKING

from efface.errors import FormatError, LimitExceededError
from efface.model import Part, Surroundings
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Column, Gap, Limits

__all__ = ["ZlibStream"]

_CHUNK = 1 << 20
_RATIO_FLOOR = 64 << 20


class ZlibStream:
    """What a zlib stream (RFC 1950) unpacks to, as one part."""

    name = "zlib-stream"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether it is a zlib stream."""
        return media_type == "application/zlib"

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap]:
        """Yield the content.

        Raises:
            FormatError: It is damaged or cut off.
            LimitExceededError: It unpacks to more than the limits allow.
        """
        del media_type
        most = min(
            limits.unpacked_bytes,
            limits.artefact_bytes,
            max(_RATIO_FLOOR, limits.unpacked_ratio * part.payload.size_bytes),
        )
        unpacker = zlib.decompressobj()
        content = bytearray()
        with closing(part.payload.open()) as stream:
            while not unpacker.eof and (data := unpacker.unconsumed_tail or stream.read(_CHUNK)):
                try:
                    content += unpacker.decompress(data, _CHUNK)
                except zlib.error:
                    raise FormatError("a zlib stream that is damaged") from None
                if len(content) > most:
                    raise LimitExceededError(f"unpacks to more than {most} bytes")
        if not unpacker.eof:
            raise FormatError("a zlib stream that is cut off")
        names = part.surroundings.names
        around = Surroundings(("content", *names), part.surroundings.siblings)
        yield Part(part.locator.child("content"), BytesPayload(bytes(content)), around)
