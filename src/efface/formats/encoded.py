"""Find biometric records that text carries: base64 (also base64url, folded, or with escaped slashes) and hex.

A beginning listed in `text_magics` is decoded as far as its alphabet runs, and the readers of `records`
judge the result. The record's offset and size are those of the text, so that a removal covers the text; the
notes tell the encoding and the decoded size.

Not handled here: text in UTF-16, percent-encoding, text inside compressed data.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from efface.errors import FormatError
from efface.formats.records import find_all
from efface.formats.scan import MAX_RECORDS, Data, Signature, scan
from efface.formats.text_magics import TEXT_MAGICS, TextMagic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.formats.record import Record

__all__ = ["MAX_ENCODED_CHARS", "SIGNATURES", "find"]

MAX_ENCODED_CHARS = 16 << 20
_MAX_INNER_RECORDS = 64
_BASE64_RUN = re.compile(rb"(?:[A-Za-z0-9+/_-]|\\/){8,16777216}={0,2}")
_BASE64_LINE = re.compile(rb"\r?\n([A-Za-z0-9+/_-]{1,76}={0,2})(?=[\s\"'<]|\Z)")
_HEX_RUN = re.compile(rb"(?:[0-9A-Fa-f]{2}){8,8388608}")
_FOLD_WIDTHS = frozenset({60, 64, 72, 76})
_URL_TO_STANDARD = bytes.maketrans(b"-_", b"+/")


def find(data: Data, *, limit: int = MAX_RECORDS) -> Iterator[Record]:
    """Yield the records that text in the data carries in base64 or hexadecimal.

    Raises:
        LimitExceededError: The data imitates the beginnings of records more than a thousand times.
    """
    return scan(data, SIGNATURES, limit=limit)


def _read(encoding: str, content: bytes, start: int) -> tuple[Record, ...]:
    end = _hex_end(content, start) if encoding == "hex" else _base64_end(content, start)
    decoded = (_decode_hex if encoding == "hex" else _decode_base64)(content[start:end])
    found = tuple(find_all(decoded, limit=_MAX_INNER_RECORDS))
    if not found:
        raise FormatError("the decoded text holds no record")
    notes = (("encoding", encoding), ("decoded_bytes", str(len(decoded))))
    return tuple(
        replace(record, offset=start, size_bytes=end - start, notes=(*record.notes, *notes))
        for record in found
    )


def _hex_end(content: bytes, start: int) -> int:
    run = _HEX_RUN.match(content, start)
    return run.end() if run else start


def _base64_end(content: bytes, start: int) -> int:
    run = _BASE64_RUN.match(content, start)
    if not run:
        return start
    end, width = run.end(), run.end() - start
    if width not in _FOLD_WIDTHS:
        return end
    if _is_folded_line(content, start, width):
        raise FormatError("a line in the middle of folded text begins no record")
    while end - start < MAX_ENCODED_CHARS and (line := _BASE64_LINE.match(content, end)):
        if len(line[1]) > width:
            break
        end = line.end()
        if len(line[1]) < width:
            break
    return end


def _is_folded_line(content: bytes, start: int, width: int) -> bool:
    """Return whether the line before is as long: without this, every line would be decoded to the end."""
    before = content[max(0, start - width - 3) : start].rstrip(b"\r\n")
    return (
        len(before) >= width
        and bool(_BASE64_RUN.fullmatch(before[-width:]))
        and content[start - 1] in b"\r\n"
    )


def _decode_hex(text: bytes) -> bytes:
    return binascii.unhexlify(text)


def _decode_base64(text: bytes) -> bytes:
    plain = re.sub(rb"[\\\s=]", b"", text).translate(_URL_TO_STANDARD)
    if len(plain) % 4 == 1:
        plain = plain[:-1]
    return binascii.a2b_base64(plain + b"=" * (-len(plain) % 4))


def _signatures(magic: TextMagic) -> Iterator[Signature]:
    reader = partial(_read, magic.encoding)
    for anchor, distance in magic.anchors:
        yield Signature(anchor, (distance,), magic.pattern, reader)


SIGNATURES = tuple(signature for magic in TEXT_MAGICS for signature in _signatures(magic))
