"""Packs and bundles of git that lie outside a repository: in an archive of it, a backup, a mail."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from efface.errors import FormatError, LimitExceededError
from efface.formats.closed_head import GIT_BUNDLE, GIT_PACK
from efface.model import Beat, Gap, GapReason, Part, Surroundings
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Column, Limits

__all__ = ["GitPack"]

_SIGNATURE, _HEADER_BYTES = b"PACK\0\0\0", 12
_BLOB, _BY_OFFSET, _BY_NAME = 3, 6, 7
_NAME_BYTES = 20
_INPUT = 1 << 16
_BEAT = 5_000


class GitPack:
    """Files of a git pack or bundle that are stored whole.

    Source: git documentation, gitformat-pack(5) and gitformat-bundle(5).

    Not promised: names of files; objects that are stored as differences, which are counted as a gap.
    """

    name = "git-pack"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether it is a pack or a bundle."""
        return media_type in {GIT_PACK, GIT_BUNDLE}

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap | Beat]:
        """Yield the files in their order.

        Raises:
            FormatError: It is damaged or cut off.
            LimitExceededError: It has more objects, or larger ones, than the limits allow.
        """
        del media_type
        data = part.payload.read()
        at = data.find(_SIGNATURE)
        if at < 0 or at + _HEADER_BYTES > len(data):
            raise FormatError("a git pack without its start")
        count = int.from_bytes(data[at + 8 : at + 12], "big")
        at += _HEADER_BYTES
        differences, left = 0, limits.unpacked_bytes
        for number in range(1, min(count, limits.entries) + 1):
            kind, at = _head(data, at)
            content, at = _inflated(data, at, min(limits.artefact_bytes, left))
            left -= len(content)
            differences += kind in {_BY_OFFSET, _BY_NAME}
            if kind == _BLOB:
                names = Surroundings((f"object-{number}", *part.surroundings.names))
                place = part.locator.child(f"object-{number}")
                yield Part(place, BytesPayload(content), names, part.modified_at)
            if number % _BEAT == 0:
                yield Beat()
        if differences:
            detail = f"{differences} objects are stored as differences, which only a repository puts together"
            yield Gap(part.locator, "unpack", GapReason.UNSUPPORTED, detail)
        if count > limits.entries:
            raise LimitExceededError(f"the pack has more than entries = {limits.entries} objects")


def _head(data: bytes, at: int) -> tuple[int, int]:
    """Return the kind of an object and where its content starts."""
    try:
        byte = data[at]
        kind = byte >> 4 & 7
        at += 1
        while byte & 0x80:
            byte, at = data[at], at + 1
        if kind == _BY_OFFSET:
            while data[at] & 0x80:
                at += 1
            at += 1
    except IndexError:
        raise FormatError("a git pack that is cut off") from None
    return kind, at + (_NAME_BYTES if kind == _BY_NAME else 0)


def _inflated(data: bytes, at: int, limit: int) -> tuple[bytes, int]:
    machine = zlib.decompressobj()
    content = bytearray()
    while not machine.eof:
        piece = machine.unconsumed_tail
        if not piece:
            piece = data[at : at + _INPUT]
            at += len(piece)
        if not piece:
            raise FormatError("a git pack that is cut off")
        try:
            content += machine.decompress(piece, 1 << 20)
        except zlib.error:
            raise FormatError("a git pack that is damaged") from None
        if len(content) > limit:
            raise LimitExceededError("an object of the pack unpacks to more than the limits allow")
    return bytes(content), at - len(machine.unused_data)
