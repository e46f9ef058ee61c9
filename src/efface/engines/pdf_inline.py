"""Change images that stand inside instructions of a PDF, and leave every other byte of the instructions alone.

Source: ISO 32000-2, 8.9.7 (inline images), tables 91 to 93.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from efface.engines.pdf_content import inline_images
from efface.engines.pdf_objects import filters_of, guarded, library, parameters_of
from efface.errors import FormatError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from efface.engines.pdf_objects import Dictionary

__all__ = ["edited"]

_BEGIN = re.compile(rb"(?:\A|(?<=[\s>\])]))BI(?=[\s/])")
_SPACE = b"\0\t\n\x0c\r "
_LINE = 76
_REPLACED = frozenset({"/Length", "/L", "/Subtype", "/Filter", "/DecodeParms"})


def edited(pieces: list[bytes], change: Callable[[Dictionary], bool]) -> list[bytes]:
    """Return streams of instructions with their images changed; a stream without such comes back as it is.

    Args:
        pieces: The streams that a reader joins, decoded.
        change: Changes an image in place, and returns whether it did.

    Raises:
        FormatError: The instructions cannot be read, or an image not be found in their bytes.
        UnsupportedError: An image begins in one stream and ends in another.
    """
    content = b"\n".join(pieces)
    spans = [(start, stop, new) for start, stop, new in _spans(content, change) if new is not None]
    out, at = [], 0
    for piece in pieces:
        own = [span for span in spans if at <= span[0] < at + len(piece)]
        if any(stop > at + len(piece) for _, stop, _ in own):
            raise UnsupportedError("an image in the instructions of a page lies in two streams")
        for start, stop, new in reversed(own):
            piece = piece[: start - at] + (new or b"") + piece[stop - at :]  # noqa: PLW2901
        out.append(piece)
        at += len(pieces[len(out) - 1]) + 1
    return out


def _spans(content: bytes, change: Callable[[Dictionary], bool]) -> Iterator[tuple[int, int, bytes | None]]:
    """Yield where each image begins and ends, and what is to stand there; None for the same."""
    at = 0
    for image in inline_images(content):
        with guarded("an image inside instructions of the PDF"):
            raw = bytes(image.read_raw_bytes())
        start, stop = _place(content, raw, at)
        yield start, stop, _written(image) if change(image) else None
        at = stop


def _place(content: bytes, raw: bytes, at: int) -> tuple[int, int]:
    """Return where the next image with these data begins, and where it ends."""
    found = content.find(raw, at)
    while found >= 0:
        head = content[at : found - 1]
        end = found + len(raw)
        while content[end : end + 1] and content[end] in _SPACE:
            end += 1
        marks = list(_BEGIN.finditer(content, at, found))
        is_data = head.endswith(b"ID") and content[found - 1] in _SPACE
        if marks and is_data and content[end : end + 2] == b"EI":
            return marks[0].start(), end + 2
        found = content.find(raw, found + 1)
    raise FormatError("an image inside instructions of the PDF cannot be told from what is around it")


def _written(image: Dictionary) -> bytes:
    """Return an image as instructions, its data in letters: no reader takes some of them for the end."""
    pikepdf = library()
    with guarded("an image inside instructions of the PDF"):
        filters = filters_of(image)
        parameters = [parameters_of(image, n) for n in range(len(filters))]
        entries = {str(key): value for key, value in image.items() if key not in _REPLACED}
        entries["/Filter"] = pikepdf.Array(map(pikepdf.Name, ["/ASCII85Decode", *filters]))
        if any(len(each) for each in parameters):
            entries["/DecodeParms"] = pikepdf.Array([pikepdf.Dictionary(), *parameters])
        data = base64.a85encode(bytes(image.read_raw_bytes()), wrapcol=_LINE) + b"~>"
        words = b" ".join(b"%s %s" % (key.encode(), _value(entries[key])) for key in sorted(entries))
    return b"BI " + words + b"\nID " + data + b"\nEI"


def _value(value: object) -> bytes:
    pikepdf = library()
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, pikepdf.Object):
        return bytes(value.unparse(resolved=True))
    return str(value).encode()
