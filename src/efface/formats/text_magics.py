"""How the beginnings of biometric records look in text: base64, base64url and hexadecimal.

A record that a database, a log or a protocol carries as text begins with one of these patterns. They only
tell where it is worth decoding: `formats.encoded` decodes and asks the readers.

Source: RFC 4648, 4, 5 and 8, applied to the binary beginnings in this room.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["TEXT_MAGICS", "TextMagic"]

_NOT_INSIDE_BASE64 = rb"(?<![A-Za-z0-9+/_-])"
_NOT_INSIDE_HEX = rb"(?<![0-9A-Fa-f])"
_ANY = rb"(?:\\/|[A-Za-z0-9+/_-])"
_SLASH = rb"(?:\\?/|_)"  # JSON writers may escape it


@dataclass(frozen=True, slots=True)
class TextMagic:
    """One pattern for the beginning of a coded record.

    Attributes:
        name: What kind of record begins so.
        encoding: "base64" (which includes base64url) or "hex".
        pattern: Matches at the first character of the coded record.
        anchors: Pairs of characters that every match holds, each with its distance from the beginning.
    """

    name: str
    encoding: str
    pattern: re.Pattern[bytes]
    anchors: tuple[tuple[bytes, int], ...]


def _base64(name: str, pattern: bytes, *anchors: tuple[bytes, int]) -> TextMagic:
    return TextMagic(name, "base64", re.compile(_NOT_INSIDE_BASE64 + pattern), anchors)


def _hexadecimal(name: str, pattern: bytes, *anchors: tuple[bytes, int]) -> TextMagic:
    return TextMagic(name, "hex", re.compile(_NOT_INSIDE_HEX + b"(?i:" + pattern + b")"), anchors)


TEXT_MAGICS = (
    _base64(
        "ISO/IEC 19794",
        rb"(?:Rk1S|RlNQ|RklS|RkFD|SUlS|U0RJ|RlNL|VklS|SE5E|U1BE|VkRJ|RE5B)"
        rb"A[CD][AEIMQUYcgk][w-z0-5][MNO]" + _ANY,
        (b"k1", 1), (b"lN", 1), (b"lS", 2), (b"kF", 1), (b"U0", 0), (b"E5", 1), (b"U1", 0), (b"kR", 1),
    ),
    _hexadecimal(
        "ISO/IEC 19794",
        rb"(?:464d52|465350|464952|464143|494952|534449|46534b|564952|484e44|535044|564449|444e41)00"
        rb"(?:20|3[0-9])3[0-9]3[0-9]00",
        (b"52", 4), (b"50", 4), (b"43", 4), (b"49", 4), (b"53", 2), (b"44", 4), (b"41", 4),
    ),
    _base64("PRC ID card photo (WLT)", rb"V0xmAH4AMgAA" + _SLASH + rb"4", (b"mA", 3)),
    _hexadecimal("PRC ID card photo (WLT)", rb"574c66007e00320000ff85", (b"66", 4)),
    _base64("PRC ID card fingerprint", rb"QwGIEgE" + _ANY, (b"wG", 1)),
    _hexadecimal("PRC ID card fingerprint", rb"4301881201(?:0[b-f]|1[0-4]|6[1-3])", (b"43", 0)),
    _base64(
        "ZKTeco ZKFinger 10", _ANY + rb"{2}[BFJNRVZdhlptx159]TUzIxAAA",
        (b"zI", 7), (b"zI", 6), (b"zI", 5),
    ),
    _hexadecimal("ZKTeco ZKFinger 10", rb"[0-9a-f]{4}535332310000", (b"53", 4)),
    _base64("ZKTeco ZKFinger 12 or 13", rb"apUBE" + _ANY + rb"{240}", (b"pU", 1)),
    _base64(
        "DigitalPersona", rb"AP[g-j]" + _ANY + rb"Ac[g-j]" + _ANY + rb"43NcwEE3Catx",
        (b"wE", 14), (b"wE", 13), (b"wE", 12),
    ),
    _hexadecimal("DigitalPersona", rb"00f8[0-9a-f]{2}01c8[0-9a-f]{2}e3735cc0413709ab71", (b"73", 14)),
    _base64("Griaule", rb"p" + _SLASH + rb"8B" + _ANY + rb"{104}", (b"8B", 3), (b"8B", 2)),
    _hexadecimal("Griaule", rb"a7ff01[0-9a-f]{160}", (b"01", 4)),
    _base64("ArcSoft", rb"AID6RAAAoE", (b"D6", 2)),
    _hexadecimal("ArcSoft", rb"0080fa440000a041", (b"80", 2)),
    _base64("SourceAFIS", rb"[pqrv]2d2ZXJzaW9u", (b"2Z", 3)),
    _hexadecimal("SourceAFIS", rb"(?:a[7-9a-f]|bf)6776657273696f6e", (b"67", 2)),
    _base64("WSQ", _SLASH + rb"6D" + _SLASH + rb"[opq]" + _ANY + rb"{60}", (b"6D", 2), (b"6D", 1)),
    _hexadecimal("WSQ", rb"ffa0ffa[24-8][0-9a-f]{80}", (b"a0", 2), (b"A0", 2)),
    _base64(
        "ICAO data group", rb"(?:dY|Y4|do)I" + _ANY + rb"{2}[HXn3]9hg",
        (b"hg", 9), (b"hg", 8), (b"hg", 7),
    ),
    _hexadecimal("ICAO data group", rb"(?:75|63|76)82[0-9a-f]{4}7f6182", (b"82", 2)),
    _base64("ANSI/NIST-ITL", rb"MS4wMDE6", (b"wM", 3)),
    _hexadecimal("ANSI/NIST-ITL", rb"312e3030313a3[0-9]", (b"31", 0)),
)  # fmt: skip
