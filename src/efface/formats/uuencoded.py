"""Find files that stand in the words of a message: uuencoded, or in yEnc.

Source: POSIX.1-2017, uuencode; yEnc draft 1.3 (2002).
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["files_in_text"]

_BEGIN = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,200})\r?\n", re.MULTILINE)
_YBEGIN = re.compile(rb"^=ybegin [^\r\n]*?name=([^\r\n]{1,200})\r?\n(?:=ypart [^\r\n]*\r?\n)?", re.MULTILINE)
_MAX_FILES = 1_000
_YENC = bytes((byte - 42) % 256 for byte in range(256))


def files_in_text(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file; a file that is cut off gives its start."""
    for count, begin in enumerate(_BEGIN.finditer(data)):
        if count >= _MAX_FILES:
            return
        content = _uudecoded(data, begin.end())
        if content:
            yield _name(begin[1]), content
    for count, begin in enumerate(_YBEGIN.finditer(data)):
        if count >= _MAX_FILES:
            return
        end = data.find(b"=yend", begin.end())
        lines = data[begin.end() : len(data) if end < 0 else end]
        yield _name(begin[1]), _ydecoded(lines)


def _name(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace").replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in text if letter.isprintable()).strip() or "unnamed"


def _uudecoded(data: bytes, at: int) -> bytes:
    pieces = []
    while at < len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        line = data[at:end].rstrip(b"\r")
        at = end + 1
        if line[:1] in {b"", b"`", b" "} or line == b"end":
            break
        try:
            pieces.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Some programs leave trailing spaces out, others put a sum behind the line.
            wanted = ((line[0] - 32 & 63) * 4 + 5) // 3
            try:
                pieces.append(binascii.a2b_uu(line[:wanted].ljust(wanted)))
            except binascii.Error:
                break
    return b"".join(pieces)


def _ydecoded(lines: bytes) -> bytes:
    joined = lines.replace(b"\r\n", b"").replace(b"\n", b"")
    pieces = joined.split(b"=")
    out = [pieces[0].translate(_YENC)]
    for piece in pieces[1:]:
        out += [bytes((byte - 64 - 42) % 256 for byte in piece[:1]), piece[1:].translate(_YENC)]
    return b"".join(out)
