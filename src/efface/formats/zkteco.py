"""Fingerprint templates of ZKTeco devices, and the lines of their PUSH protocol.

ZKFinger 10 has an exact test: `SS21` at byte 2, a big-endian length at byte 8, and the first two bytes are
`IC` masked with that length. The templates of version 9 and of versions 12 and 13 have no such test; they
are only looked for at the beginning of a short blob, and marked with a low exactness. Lines of the PUSH
protocol name their own content and are exact in logs and captures.

Source: public templates of twelve devices (all pass the exact test); the vendor's PUSH protocol manual,
data types of BIODATA.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from efface.errors import FormatError
from efface.formats.cursor import Cursor
from efface.formats.record import Record
from efface.formats.scan import MAX_RECORDS, Data, Signature, scan
from efface.formats.vendor_blob import MAX_BLOB_BYTES, check_coded

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SIGNATURES", "find", "is_version_10"]

_V10 = re.compile(rb"..SS21\x00\x00", re.DOTALL)
_V10_CONSTANT = bytes.fromhex("0408050709ced00000")
_V10_LENGTHS = range(64, 8_193)
_V9 = re.compile(rb"\xa1\xca[\x00-\x3f]|\x9a\xca\x59")
_V12 = re.compile(rb"\x6a\x95\x01[\x10-\x1f]")
_MIN_WEAK_BYTES = 200

_MODALITY_OF_BIOTYPE = {
    b"1": "fingerprint", b"2": "face", b"3": "voice", b"4": "iris", b"5": "retina",
    b"6": "palm", b"7": "vein", b"8": "palm", b"9": "face",
}  # fmt: skip
_MODALITY_OF_LINE = {b"fp": "fingerprint", b"templatev10": "fingerprint", b"identitycard": "face"}
_IMAGE_LINES = frozenset({b"biophoto", b"userpic", b"attphoto"})
_LINE = re.compile(
    rb"(?<![A-Za-z0-9_])"
    rb"(FP|BIODATA|BIOPHOTO|FACE|USERPIC|ATTPHOTO|templatev10|biodata|biophoto|userpic|identitycard)"
    rb"[ \t]{1,8}"
    rb"(?i:(?=[^\r\n]{0,512}?\bpin=)(?:\w{1,24}=[^\s]{0,256}[ \t]{1,8}){0,24}?"
    rb"(?:tmp|content|template|photojpg|photo|fptemplate1)=)([A-Za-z0-9+/=_-]{64,})"
)
_TYPE = re.compile(rb"\btype=(\d{1,2})\b", re.IGNORECASE)


def find(data: Data, *, limit: int = MAX_RECORDS) -> Iterator[Record]:
    """Yield templates and protocol lines in the data; weak tests only apply to the data as a whole."""
    return scan(data, SIGNATURES, limit=limit)


def is_version_10(data: bytes) -> bool:
    """Return whether the data begins with a template that passes the exact test of ZKFinger 10."""
    return bool(_V10.match(data)) and len(data) >= 10 and _mask_agrees(data, 0)


def _mask_agrees(content: bytes, start: int) -> bool:
    first, second, high, low = (content[start + index] for index in (0, 1, 8, 9))
    return (first ^ high, second ^ low) == (0x49, 0x43)


def _read_v10(content: bytes, start: int) -> tuple[Record, ...]:
    length = Cursor(content, start + 8).u16()
    if length not in _V10_LENGTHS:
        raise FormatError("the length of the template is impossible")
    exact = _mask_agrees(content, start)
    if not exact and content[start + 11 : start + 20] != _V10_CONSTANT:
        raise FormatError("neither the mask nor the constant of ZKFinger 10 is there")
    check_coded(content, start + 20 if len(content) - start >= 84 else start + 10)
    size = min(length, len(content) - start)
    notes = [("version", "10"), ("declared_bytes", str(length)), ("mask", "agrees" if exact else "differs")]
    if size < length:
        notes.append(("cut_short", "yes"))
    exactness = 1.0 if exact and size == length else 0.9 if exact else 0.8
    return (Record("ZKTeco ZKFinger 10", start, size, "fingerprint", "template", 1, exactness, tuple(notes)),)


def _read_weak(standard: str, exactness: float, content: bytes) -> tuple[Record, ...]:
    if not _MIN_WEAK_BYTES <= len(content) <= MAX_BLOB_BYTES:
        raise FormatError("a weak test only applies to a blob of a template's size")
    check_coded(content, 4)
    notes = (("test", "weak: needs a column or a protocol that says so"),)
    return (Record(standard, 0, len(content), "fingerprint", "template", 1, exactness, notes),)


def _read_v9(content: bytes, start: int) -> tuple[Record, ...]:
    return _read_weak("ZKTeco ZKFinger 9", 0.3, content[start:])


def _read_v12(content: bytes, start: int) -> tuple[Record, ...]:
    return _read_weak("ZKTeco ZKFinger 12 or 13", 0.4, content[start:])


def _read_line(content: bytes, start: int) -> tuple[Record, ...]:
    match = _LINE.match(content, start)
    if not match:
        raise FormatError("no line of the PUSH protocol")
    word = match[1].lower()
    biotype = _TYPE.search(content, start, match.start(2))
    modality = _MODALITY_OF_LINE.get(word) or _MODALITY_OF_BIOTYPE.get(biotype[1] if biotype else b"")
    if not modality:
        modality = "other" if word == b"biodata" else "face"
    notes = (("table", word.decode("ascii")), ("payload_bytes", str(len(match[2]))), ("encoding", "base64"))
    kind = "image" if word in _IMAGE_LINES else "template"
    size = match.end() - start
    return (Record("ZKTeco PUSH protocol line", start, size, modality, kind, 1, 1.0, notes),)


_LINE_ANCHORS = {
    b"FP": 0, b"IO": 1, b"FA": 0, b"RP": 3, b"TP": 2, b"v1": 8, b"bi": 0, b"rp": 3, b"yc": 7,
}  # fmt: skip

SIGNATURES = (
    Signature(b"S2", (3,), _V10, _read_v10),
    Signature(b"", (), _V9, _read_v9),
    Signature(b"", (), _V12, _read_v12),
    *(Signature(anchor, (distance,), _LINE, _read_line) for anchor, distance in _LINE_ANCHORS.items()),
)
