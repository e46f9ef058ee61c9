"""Tell records in which nothing can hide without looking at them with every detector.

Most records at the door are short texts. What no detector can find anything in need not be shown to them, and
this is when that is so: a flat JSON object of fewer than 64 values whose names all differ, in which

- no value or name has 24 characters of printable ASCII in a row: no coding of bytes is shorter;
- long values have fewer than 96 such characters together, plain English words left out: so broken codings have no
  room either (the smallest template has 72 bytes, 96 characters of base64);
- no character stands between U+0080 and U+00FF, or is a control: as bytes are written one to a character.

Anything else takes the long way. That both ways answer alike is held by a test over generated records and
hidden payloads, in tests/unit/guard/test_plain.py.
"""

from __future__ import annotations

import json
import re

from efface.errors import FormatError
from efface.guard.entries import unique

__all__ = ["plain_record"]

_MOST_BYTES = 16 << 10
_MOST_VALUES = 63
_SHORT = 24
_MOST_ASCII = 95
_RUN = re.compile(r"[!-~]{24}")
_BYTES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\xc0-\xd6\xd8-\xf6\xf8-\xff\ud800-\udfff]")
"""A control, or a Latin-1 letter; × ÷ § ° · and their like stand in sentences."""

_WORD = re.compile(r"(?<![!-~])[(\"']?[A-Z]?[a-z]{1,14}[)\"']?[.,;:]?(?![!-~])")
"""In no coding of a whole template all pieces are words of small letters: base64 has capitals, base32 has digits."""

_WORTH_LOOKING = (b"\\", b"\xc2", b"\xc3", b"\x7f")
_SCALARS = frozenset({str, int, float, bool, type(None)})
_decode = json.JSONDecoder(object_pairs_hook=unique).decode


def plain_record(data: bytes) -> dict[str, object] | None:
    """Return the fields of a record in which nothing can hide, or None where it has to be looked at."""
    if not data.startswith(b"{") or len(data) > _MOST_BYTES:
        return None
    try:
        record = _decode(data.decode())
    except (ValueError, RecursionError, FormatError):
        return None
    if not isinstance(record, dict) or len(record) > _MOST_VALUES:
        return None
    values = record.values()
    if not _SCALARS.issuperset(map(type, values)):
        return None
    texts = [*record, *map(str, values)]
    # Without escapes a letter of Latin-1 begins with one of two bytes in UTF-8, and no other control is JSON.
    if any(mark in data for mark in _WORTH_LOOKING) and _BYTES.search("\n".join(texts)):
        return None
    long = " ".join([text for text in texts if len(text) >= _SHORT])
    return record if not _RUN.search(long) and _room(long) <= _MOST_ASCII else None


def _room(text: str) -> int:
    """Return in how many characters something could be coded; those of plain words of English count when few."""
    count = len(text.encode("ascii", "ignore"))
    if count <= _MOST_ASCII:
        return count
    return len(_WORD.sub("", text).replace(" ", "").encode("ascii", "ignore"))
