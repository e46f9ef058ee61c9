r"""Take off codings that hardly any program writes, but anyone can who wants to get bytes past a reader.

What usual programs write is taken off by `unwrap`. Here: base32, base85 in both common alphabets, hexadecimal
and decimal bytes between separators, quoted-printable, character references and escapes, text written
backwards, bytes as the characters of the same number, usual codings inside a sentence, and base64 or hexadecimal
with other letters right before it.

Not promised: a coding of one's own, a key, pieces in another order, several of these one inside another. What
comes out may mean nothing: whoever calls this looks at it.

Sources: RFC 4648, 6 (base32); PDF 32000-1, 7.4.3 (ASCII85); the alphabet of RFC 1924 (base85); RFC 2045, 6.7
(quoted-printable); HTML Living Standard, 13.1.4 (references).
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from functools import partial
from typing import TYPE_CHECKING

from efface.formats import text_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["MIN_CHARS", "decodings"]

MIN_CHARS = 64
"""Shorter texts hold nothing biometric in any of these codings."""

_MAX_CHARS = 32 << 20
_BASE32 = re.compile(r"[A-Z2-7]{64,}={0,6}|[a-z2-7]{64,}={0,6}")
_BASE32_HEX = re.compile(r"[0-9A-V]{64,}={0,6}")
_ASCII85 = re.compile(r"[!-uz\s]+")
_BASE85 = re.compile(r"[0-9A-Za-z!#$%&()*+;<=>?@^_`{|}~-]+")
_HEX_BYTES = re.compile(r"(?:(?:0x|\\x|%|=|\$)?[0-9A-Fa-f]{2}[\s,;:_.-]{0,3}){32,}")
_HEX_MARKS = re.compile(r"0x|\\x|[^0-9A-Fa-f]")
_NUMBERS = re.compile(r"[\[\](){}\s]*(?:-?\d{1,3}[\s,;:|.]{1,3}){31,}-?\d{1,3}[\[\](){}\s]*")
_NUMBER = re.compile(r"-?\d{1,3}")
_QUOTED = re.compile(r"=[0-9A-Fa-f]{2}")
_REFERENCE = re.compile(r"&#(?:(\d{1,3})|[xX]([0-9A-Fa-f]{1,2}));?|\\u00([0-9A-Fa-f]{2})|\\([0-3][0-7]{2})")
_BASE64 = re.compile(r"[A-Za-z0-9+/_=-]+")
_HEX_RUN = re.compile(r"[0-9A-Fa-f]{64,}")
_SPACED = re.compile(r"[A-Za-z0-9+/_=-]{1,60}(?:[\s.,;|:*~^]{1,3}[A-Za-z0-9+/_=-]{1,60}){3,}")
_FEW = 8
_SEPARATORS = re.compile(r"[\s.,;|:*~^]+")


def decodings(text: str) -> Iterator[tuple[str, bytes | str]]:
    """Yield what a text may be in one of these codings, with a word for it.

    Args:
        text: One value; texts of fewer than MIN_CHARS or more than 32 Mi characters give nothing.
    """
    if not MIN_CHARS <= len(text) <= _MAX_CHARS:
        return
    stripped = text.strip()
    for word, reader in _READERS:
        try:
            found = reader(text if reader is _characters else stripped)  # strip takes controls off, too
        except (ValueError, binascii.Error, OverflowError):
            continue
        if found and len(found) >= MIN_CHARS // 4:
            yield word, found
    for _, run in text_runs.values(text):
        if run != stripped:
            yield "run", run


def _base32(text: str) -> bytes | None:
    if not _BASE32.fullmatch(text):
        return None
    plain = text.rstrip("=").upper()
    return base64.b32decode(_whole(plain))


def _base32_hex(text: str) -> bytes | None:
    if not _BASE32_HEX.fullmatch(text):
        return None
    return base64.b32hexdecode(_whole(text.rstrip("=")))


def _whole(plain: str) -> str:
    """Return base32 cut to whole bytes and filled up."""
    plain = plain[: len(plain) - (1 if len(plain) % 8 in {1, 3, 6} else 0)]
    return plain + "=" * (-len(plain) % 8)


def _ascii85(text: str) -> bytes | None:
    plain = text.removeprefix("<~").removesuffix("~>")
    return base64.a85decode(plain) if _ASCII85.fullmatch(plain) else None


def _base85(text: str) -> bytes | None:
    plain = "".join(text.split())
    return base64.b85decode(plain) if _BASE85.fullmatch(plain) else None


def _hex_bytes(text: str) -> bytes | None:
    if not _HEX_BYTES.fullmatch(text + " "):
        return None
    return bytes.fromhex(_HEX_MARKS.sub("", text))


def _decimal_bytes(text: str) -> bytes | None:
    if not _NUMBERS.fullmatch(text):
        return None
    numbers = [int(number) for number in _NUMBER.findall(text)]
    return bytes(number & 0xFF for number in numbers) if all(-129 < each < 256 for each in numbers) else None


def _quoted_printable(text: str) -> bytes | None:
    if len(_QUOTED.findall(text)) < _FEW or not text.isascii():
        return None
    return quopri.decodestring(text)


def _references(text: str) -> bytes | None:
    """Return bytes or characters that are written as numbers of characters."""
    if len(_REFERENCE.findall(text[:4096])) < _FEW:
        return None

    def character(match: re.Match[str]) -> str:
        number = (
            int(match[1]) if match[1] else int(match[4], 8) if match[4] else int(match[2] or match[3], 16)
        )
        return chr(number & 0xFF)

    return _REFERENCE.sub(character, text).encode("latin-1", "ignore")


def _backwards(text: str) -> str | None:
    return text[::-1] if _BASE64.fullmatch(text) else None


def _behind(count: int, text: str) -> bytes | None:
    """Return base64 that begins some characters later: what stands before it moves it out of its groups of four."""
    if not _BASE64.fullmatch(text):
        return None
    plain = text[count:].rstrip("=").replace("-", "+").replace("_", "/")
    plain = plain[: len(plain) - (len(plain) % 4 == 1)]
    return base64.b64decode(plain + "=" * (-len(plain) % 4))


def _hex_behind(text: str) -> bytes | None:
    """Return the longest run of hexadecimal in a word, read from its end: letters before it may be digits, too."""
    runs = _HEX_RUN.findall(text) if _BASE64.fullmatch(text) else []
    run = max(runs, key=len, default="")
    return bytes.fromhex(run[len(run) % 2 :]) if run and (run != text or len(run) % 2) else None


def _spaced(text: str) -> str | None:
    """Return base64 or hexadecimal that is broken into small pieces; words of a language come out as nonsense."""
    return _SEPARATORS.sub("", text) if _SPACED.fullmatch(text) else None


def _characters(text: str) -> bytes | None:
    """Return bytes that stand as the characters of the same number, as `atob` of browsers gives them."""
    if text.isascii():
        return None
    high = sum("\x80" <= mark <= "\xff" for mark in text[:4096])
    return text.encode("latin-1") if high >= _FEW else None


_READERS: tuple[tuple[str, Callable[[str], bytes | str | None]], ...] = (
    ("base32", _base32),
    ("base32hex", _base32_hex),
    ("ascii85", _ascii85),
    ("base85", _base85),
    ("hex bytes", _hex_bytes),
    ("decimal bytes", _decimal_bytes),
    ("quoted-printable", _quoted_printable),
    ("references", _references),
    ("backwards", _backwards),
    ("base64 behind one", partial(_behind, 1)),
    ("base64 behind two", partial(_behind, 2)),
    ("base64 behind three", partial(_behind, 3)),
    ("hexadecimal behind", _hex_behind),
    ("spaced", _spaced),
    ("characters", _characters),
)
