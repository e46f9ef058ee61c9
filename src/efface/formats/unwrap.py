r"""Take values out of the values that carry them: base64, hex, data URIs, URL encoding, compression, JSON.

Sources: RFC 4648 (base64, base64url, base16), RFC 2397 (data URI), RFC 3986 2.1 (percent encoding), RFC 1950
and 1952 (zlib, gzip), RFC 8259 (JSON), PostgreSQL's `bytea` (`\x...`).
"""

from __future__ import annotations

import binascii
import json
import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_BYTES", "MAX_LAYERS", "Unwrapped", "unwrap"]

MAX_LAYERS = 3
MAX_BYTES = 64 << 20
"""Most bytes that are unwrapped out of one value, over all layers."""

_MAX_VALUES = 1024  # strings of one JSON text
_MIN_CHARACTERS = 16  # shorter texts hold no biometric data
_DATA_URI = re.compile(r"\s*data:[\w.+/;=-]*?(;base64)?,", re.IGNORECASE)
_HEX = re.compile(r"(?:0x|\\\\?x)?(?:[0-9a-fA-F]{2})+")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]+|[A-Za-z0-9_-]+)={0,2}")
_OF_BYTES = frozenset({(255, 216, 255), (-1, -40, -1), (137, 80, 78), (-119, 80, 78)})
"""How lists of the bytes of a JPEG or PNG begin, where bytes have a sign and where they have none."""
_SPACES = re.compile(r"\s+|\\[rn]")
_URL = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """One thing out of a value.

    Attributes:
        data: The bytes.
        how: What was taken off, from the outside in; empty for the value itself.
    """

    data: bytes = field(repr=False)
    how: tuple[str, ...]


def unwrap(value: bytes | str, *, layers: int = MAX_LAYERS, limit: int = MAX_BYTES) -> Iterator[Unwrapped]:
    """Yield a value as bytes, and then everything that can be taken out of it, layer by layer.

    Args:
        value: Text or bytes.
        layers: How many encodings are taken off, one inside another.
        limit: Most bytes that come out together, after the value itself; what exceeds it is left out.

    Not promised: that what comes out means anything: a long word is base64 of something.
    """
    left = limit
    first = Unwrapped(value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass"), ())
    yield first
    pending = [first]
    given = 0
    while pending and given < _MAX_VALUES:
        outer = pending.pop(0)
        if len(outer.how) >= layers:
            continue
        for word, data in _inside(outer.data, left):
            if not data or len(data) > left or given >= _MAX_VALUES:
                continue
            left -= len(data)
            given += 1
            inner = Unwrapped(data, (*outer.how, word))
            yield inner
            pending.append(inner)


def _inside(data: bytes, limit: int) -> Iterator[tuple[str, bytes]]:
    if len(data) < _MIN_CHARACTERS:
        return
    if data[:2] == b"\x1f\x8b" or (data[:1] == b"x" and int.from_bytes(data[:2], "big") % 31 == 0):
        inflated = _inflate(data, limit)
        if inflated:
            yield ("gzip" if data[:1] == b"\x1f" else "zlib"), inflated
            return
    text = _text(data)
    if text is not None:
        yield from _inside_text(text)


def _inflate(data: bytes, limit: int) -> bytes:
    try:
        machine = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # 32: zlib and gzip headers both
        return machine.decompress(data, max(limit, 1))
    except zlib.error:
        return b""


def _text(data: bytes) -> str | None:
    """Return text that may carry something; most binary data is told apart by its first bytes."""
    if b"\0" in data[:64]:
        return None
    try:
        return data.decode("utf-8").strip()
    except UnicodeDecodeError:
        return None


def _inside_text(text: str) -> Iterator[tuple[str, bytes]]:
    start = text[:1]
    uri = _DATA_URI.match(text)
    if uri:
        body = text[uri.end() :]
        found = (
            _base64(_SPACES.sub("", unquote_to_bytes(body).decode("latin-1")))
            if uri[1]
            else unquote_to_bytes(body)
        )
        yield "data", found or b""
    elif start in {"{", "[", '"'}:
        yield from (("json", item) for item in _json_values(text))
    elif "%" in text and re.search(r"%[0-9A-Fa-f]{2}", text) and not re.search(r"\s", text):
        yield "url", unquote_to_bytes(text)
    else:
        yield from _encoded(text)


def _encoded(text: str) -> Iterator[tuple[str, bytes]]:
    compact = _SPACES.sub("", text) if _is_wrapped(text) else text
    if _HEX.fullmatch(compact):
        yield "hex", bytes.fromhex(re.sub(r"^(?:0x|\\+x)", "", compact))
        return
    found = _base64(compact)
    if found:
        yield "base64", found


def _is_wrapped(text: str) -> bool:
    """Return whether the lines of a text are the pieces of one long word, and not a sentence."""
    first = _SPACES.search(text)
    if first is None or first.start() < _MIN_CHARACTERS:  # a sentence is told by its first word
        return False
    return all(len(word) >= _MIN_CHARACTERS for word in _SPACES.split(text)[:-1])


def _base64(text: str) -> bytes | None:
    if not _BASE64.fullmatch(text):
        return None
    plain = text.rstrip("=").translate(_URL)
    if len(plain) % 4 == 1:
        plain = plain[:-1]  # cut off inside a group: what came before is still readable
    try:
        return binascii.a2b_base64(plain + "=" * (-len(plain) % 4))
    except binascii.Error:
        return None


def _json_values(text: str) -> Iterator[bytes]:
    try:
        root = json.loads(text)
    except (ValueError, RecursionError):
        return
    pending = [root]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            if len(value) >= _MIN_CHARACTERS:
                yield value.encode("utf-8", "surrogatepass")
        elif isinstance(value, dict):
            pending.extend(reversed(value.values()))
        elif isinstance(value, list):
            if _starts_as_picture(value):
                yield bytes(byte & 0xFF for byte in value if isinstance(byte, int))
            else:
                pending.extend(reversed(value))


def _starts_as_picture(values: list[object]) -> bool:
    """Return whether a list holds the bytes of a picture, as JavaScript and Java programs write them."""
    first = values[:3]
    return len(first) == 3 and all(isinstance(byte, int) for byte in first) and tuple(first) in _OF_BYTES
