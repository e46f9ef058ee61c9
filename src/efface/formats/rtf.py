r"""Take pictures and embedded objects out of RTF.

Source: Microsoft, Rich Text Format 1.9.1 (pictures: `\pict`; objects: `\objdata`); [MS-OLEDS] 2.2.4 and 2.2.5
(OLE 1.0 objects).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from efface.formats.dib import bitmap_file
from efface.formats.ole_values import native_object

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["parts"]

_DESTINATION = re.compile(rb"\\(pict|objdata)(?![a-z])")
_TOKEN = re.compile(
    rb"\\bin(\d{1,9}) ?|\\([a-z]+)-?\d{0,10} ?|([{}])|\\'[0-9A-Fa-f]{2}|\\.|([0-9A-Fa-f\s]+)|.", re.DOTALL
)
_KINDS = {b"jpegblip": "jpg", b"pngblip": "png", b"emfblip": "emf", b"wmetafile": "wmf", b"dibitmap": "bmp"}
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SPACE = re.compile(rb"\s+")
_MAX_PARTS = 10_000
_MAX_TOKENS = 1_000_000  # of one destination
_EMBEDDED = 2


def parts(data: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Yield the name, the file name (of packaged files) and the bytes of each picture and object."""
    at = pictures = objects = 0
    while (start := _DESTINATION.search(data, at)) and pictures + objects < _MAX_PARTS:
        content, kind, at = _group(data, start.end())
        if not content:
            continue
        if start[1] == b"pict":
            pictures += 1
            picture = bitmap_file(content) if kind == "bmp" else content
            if picture:
                yield f"picture-{pictures}{'.' + kind if kind else ''}", "", picture
        else:
            objects += 1
            name, inner = _object(content)
            if inner:
                yield f"object-{objects}{'-' + name if name else ''}", name, inner


def _group(data: bytes, at: int) -> tuple[bytes, str, int]:
    """Return the bytes of a destination, the picture's kind, and where its group ends."""
    pieces: list[bytes] = []
    digits = bytearray()
    kind, depth = "", 1
    for _ in range(_MAX_TOKENS):
        token = _TOKEN.match(data, at)
        if not token:
            break
        at = token.end()
        if token[3]:
            depth += 1 if token[3] == b"{" else -1
            if not depth:
                break
        elif depth > 1:
            continue  # names and numbers of the picture
        elif token[1]:
            pieces += [_bytes(digits), data[at : at + int(token[1])]]
            digits.clear()
            at += int(token[1])
        elif token[2]:
            kind = _KINDS.get(token[2], kind)
        elif token[4]:
            digits += token[4]
    return b"".join([*pieces, _bytes(digits)]), kind, at


def _bytes(digits: bytearray) -> bytes:
    text = _SPACE.sub(b"", bytes(digits)).decode("ascii")
    return bytes.fromhex(text[: len(text) // 2 * 2])


def _object(data: bytes) -> tuple[str, bytes]:
    """Return the file name and the bytes of an object: a compound file, a packaged file, or its own data."""
    start = data.find(_COMPOUND)
    if start >= 0:
        return "", data[start:]
    if int.from_bytes(data[4:8], "little") != _EMBEDDED:
        return "", b""
    at = 8
    for _ in range(3):  # class, topic, item
        at += 4 + int.from_bytes(data[at : at + 4], "little")
    return native_object(data[at:])
