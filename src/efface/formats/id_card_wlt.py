"""What the chip of a resident identity card of the PRC holds: the photograph (WLT) and two fingerprints.

The photograph takes 1,024 bytes and always begins with the same eleven, which tell its 102 by 126 pixels.
A fingerprint takes 512 bytes and begins with `43 01 88 12 01`, the finger's code and a quality.
In the chip's own order 256 bytes of text in UTF-16 stand before the photograph; a note tells whether they do.

Not promised: the meaning of the fingerprint's bytes after the first seven is not public.

Source: hex dumps of card readers' manuals; GA/T 1012-2019 for the fingerprint; no public text for WLT.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from efface.errors import FormatError
from efface.formats.record import Record
from efface.formats.scan import MAX_RECORDS, Data, Signature, scan

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FINGERPRINT_BYTES", "PHOTO_BYTES", "PHOTO_PREFIX", "SIGNATURES", "find"]

PHOTO_PREFIX = bytes.fromhex("574c66007e00320000ff85")
PHOTO_BYTES = 1_024
FINGERPRINT_BYTES = 512
_TEXT_BYTES = 256
_PHOTO = re.compile(re.escape(PHOTO_PREFIX))
_FINGERPRINT = re.compile(rb"\x43\x01\x88\x12\x01[\x0b-\x14\x61-\x63][\x00-\x64]")
_MIN_DISTINCT = 32  # constants in programs are followed by zeros or text, compressed data is not


def find(data: Data, *, limit: int = MAX_RECORDS) -> Iterator[Record]:
    """Yield photographs and fingerprints of identity cards in the data, at any offset."""
    return scan(data, SIGNATURES, limit=limit)


def _check_coded(body: bytes, what: str) -> None:
    if len(set(body)) < _MIN_DISTINCT:
        raise FormatError(f"the bytes after the beginning of {what} are no coded data")


def _read_photo(content: bytes, start: int) -> tuple[Record, ...]:
    body = content[start : start + PHOTO_BYTES]
    _check_coded(body[len(PHOTO_PREFIX) :], "a photograph")
    whole = len(body) == PHOTO_BYTES
    notes = [("width_px", "102"), ("height_px", "126")]
    if not whole:
        notes.append(("cut_short", "yes"))
    if _is_card_text(content[max(0, start - _TEXT_BYTES) : start]):
        notes.append(("card_text_before_bytes", str(_TEXT_BYTES)))
    exactness = 1.0 if whole else 0.8
    return (Record("PRC ID card photo (WLT)", start, len(body), "face", "image", 1, exactness, tuple(notes)),)


def _is_card_text(block: bytes) -> bool:
    if len(block) != _TEXT_BYTES:
        return False
    try:
        text = block.decode("utf-16-le")
    except UnicodeDecodeError:
        return False
    return text.isprintable() and sum(letter.isdigit() for letter in text) >= 17


def _read_fingerprint(content: bytes, start: int) -> tuple[Record, ...]:
    body = content[start : start + FINGERPRINT_BYTES]
    if len(body) < FINGERPRINT_BYTES:
        raise FormatError("a fingerprint of an identity card takes 512 bytes")
    _check_coded(body[7:], "a fingerprint")
    notes = (("finger_code", str(body[5])), ("quality_present", "yes"))
    return (
        Record("PRC ID card fingerprint", start, len(body), "fingerprint", "template", 1, 0.9, notes),
    )  # fmt: skip


SIGNATURES = (
    Signature(b"Lf", (1,), _PHOTO, _read_photo),
    Signature(b"\x88\x12", (2,), _FINGERPRINT, _read_fingerprint),
)
