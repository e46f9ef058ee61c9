"""Find the data: URIs of web pages that are more than one unbroken run of base64.

Unbroken runs are values of a text and found as such (`text_runs`). Here are the others: folded into lines, with
percent signs or character references in them, and documents (SVG, HTML, XML), which may hold pictures in turn.

Source: RFC 2397 (data: URIs); RFC 3986, 2.1 (percent-encoding); HTML Living Standard, 13.1.4 (references).
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["contents"]

_URI = re.compile(
    r"""(["'(`=]|&quot;|&#34;)?\s{0,8}data:([\w.+-]{1,60}/[\w.+-]{1,60})((?:;[\w.=+-]{1,60}){0,4}),"""
)
_FOLDED = re.compile(r"(?:[A-Za-z0-9+/_-]|%[0-9A-Fa-f]{2}|\s|\\\r?\n|&#(?:1[03]|x[aAdD]);)*={0,2}")
_UNBROKEN = re.compile(r"(?:[A-Za-z0-9+/_-]|%[0-9A-Fa-f]{2})*={0,2}")
_NOT_CODED = {'"': re.compile(r'[^"]*'), "'": re.compile(r"[^']*"), "(": re.compile(r"[^)\"']*")}
_SPACES = re.compile(r"\s|\\(?=\r?\n)|&#(?:1[03]|x[aAdD]);")
_DOCUMENTS = re.compile(r"(?:svg|xml|html)")
_URL = str.maketrans("-_", "+/")
_MIN_CHARS = 100
_MAX_URIS = 10_000


def contents(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield the media type and the bytes of each such URI, in their order.

    Not promised: URIs that a script puts together.
    """
    at = 0
    for _ in range(_MAX_URIS):
        start = _URI.search(text, at)
        if not start:
            return
        at = start.end()
        quote = start[1] or ""
        is_coded = ";base64" in start[3].lower()
        pattern = (_FOLDED if quote not in {"", "="} else _UNBROKEN) if is_coded else _NOT_CODED.get(quote)
        body = pattern.match(text, at) if pattern else None
        if not body or len(body[0]) < _MIN_CHARS:
            continue
        at = body.end()
        broken = "%" in body[0] or _SPACES.search(body[0].strip())
        if is_coded and not broken and not _DOCUMENTS.search(start[2]):
            continue
        found = _decoded(body[0], is_coded=is_coded)
        if found:
            yield start[2], found


def _decoded(body: str, *, is_coded: bool) -> bytes:
    plain = unquote_to_bytes(body)
    if not is_coded:
        return plain
    digits = _SPACES.sub("", plain.decode("latin-1")).rstrip("=").translate(_URL)
    digits = digits[:-1] if len(digits) % 4 == 1 else digits
    try:
        return binascii.a2b_base64(digits + "=" * (-len(digits) % 4))
    except binascii.Error:
        return b""
