"""Ways in which programs wrap the bytes of a picture into text."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from efface.formats import sniff, text_types, text_values, unwrap

_BYTES = bytes.fromhex("ffd8ffe000104a464946") + bytes(range(256)) * 2
_WORD = base64.b64encode(_BYTES).decode()
_ENTITY = "PHOTO;ENCODING=b;TYPE=JPEG:"


def _folded(width: int, newline: str) -> str:
    return (newline + " ").join(_WORD[at : at + width] for at in range(0, len(_WORD), width))


@pytest.mark.parametrize(
    "text",
    [
        f"BEGIN:VCARD\r\nVERSION:3.0\r\n{_ENTITY}{_folded(74, chr(13) + chr(10))}\r\nEND:VCARD\r\n",
        f"BEGIN:VCARD\nVERSION:3.0\n{_ENTITY}{_folded(74, chr(10))}\nEND:VCARD\n",
        f"dn: cn=a\njpegPhoto:: {_folded(76, chr(10))}\n\n",
        base64.encodebytes(_BYTES).decode().replace("\n", "\r\n"),
        '2026 POST {"p":"' + _WORD.replace("/", "\\/") + '"} 200\n',
        '2026 POST {"p":"' + _WORD.replace("+", "\\u002B") + '"} 200\n',
        f"2026 POST photo={quote(_WORD, safe='')}&a=b\n",
        quote(f"data:image/jpeg;base64,{_WORD}", safe=""),
    ],
    ids=[
        "a contact's photo, folded with CR LF",
        "a contact's photo, folded with LF",
        "a directory's photo (LDIF)",
        "base64 in lines that end with CR LF",
        "a log of JSON with escaped slashes",
        "a log of JSON with an escaped plus",
        "a form in a log",
        "a URI that is percent-encoded as a whole",
    ],
)
def test_a_wrapped_word_is_whole(text: str) -> None:
    """The value is the word without its wrapping: it decodes to all the bytes, from the first one on."""
    found = {
        each.data
        for _, value in text_values.values(text.encode(), "text/plain")
        for each in unwrap.unwrap(value)
    }
    assert _BYTES in found


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (json.dumps(list(_BYTES)), True),
        (json.dumps({"type": "Buffer", "data": list(_BYTES)}), True),
        (json.dumps([byte - 256 if byte > 127 else byte for byte in _BYTES]), True),
        (json.dumps(list(_BYTES[1:])), False),
        (json.dumps([255.0, 216.0, 255.0, 224.0]), False),
        (json.dumps([255, 216]), False),
    ],
    ids=[
        "a list of bytes",
        "a buffer of Node.js",
        "bytes with a sign, as Java writes them",
        "numbers that begin no picture",
        "fractions",
        "two numbers",
    ],
)
def test_lists_of_bytes(value: str, expected: bool) -> None:
    """A list that begins as a picture does is its bytes."""
    assert (_BYTES in {each.data for each in unwrap.unwrap(value)}) is expected


def _escaped(data: bytes) -> bytes:
    for byte, escape in ((b"\\", b"\\\\"), (b"'", b"\\'"), (b"\0", b"\\0"), (b"\n", b"\\n"), (b"\r", b"\\r")):
        data = data.replace(byte, escape)
    return data


@pytest.mark.parametrize(
    "start",
    [
        b"-- MySQL dump\n" + b"-- a line\n" * 600,
        b"-- MySQL dump 10.13\n",
        b"",
        b"/*!40101 SET NAMES utf8 */;\n",
    ],
    ids=["behind a long start", "at once", "without a start", "behind a comment"],
)
@pytest.mark.parametrize("prefix", [b"", b"_binary "], ids=["bare", "marked as binary"])
def test_dumps_hold_bytes_as_they_are(start: bytes, prefix: bytes) -> None:
    """A MySQL dump without --hex-blob gives the bytes of its pictures."""
    dump = start + b"INSERT INTO `p` VALUES (1," + prefix + b"'" + _escaped(_BYTES) + b"');\n"
    assert sniff.media_type(dump) == "application/sql"
    assert _BYTES in [value for _, value in text_values.values(dump, "application/sql")]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("<html>h\xe9llo \xe9t\xe9</html>".encode("latin-1"), "latin-1"),
        (b"id,name,photo\n1,\xe9t\xe9,x\n", "latin-1"),
        (bytes(range(128, 256)) * 8, None),
        (b"INSERT INTO" + bytes(range(32)), None),
    ],
    ids=["a western page", "a western table", "bytes without letters", "controls behind words"],
)
def test_western_text(head: bytes, expected: str | None) -> None:
    """Text in an old western encoding is text; other bytes above ASCII are not."""
    assert text_types.encoding_of(head) == expected
