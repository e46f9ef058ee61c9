"""Fingerprint templates of DigitalPersona (U.are.U readers): fifteen bytes of signature, no length.

Source: ten public files with templates, in base64 and base64url.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from efface.formats.record import Record
from efface.formats.scan import MAX_RECORDS, Data, Signature, scan
from efface.formats.vendor_blob import check_coded, size_of_unmeasured

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SIGNATURES", "find"]

_PATTERN = re.compile(
    rb"\x00\xf8[\x00-\xff]\x01\xc8[\x00-\xff]\xe3\x73\x5c\xc0\x41\x37\x09\xab\x71", re.DOTALL
)
_SIGNATURE_BYTES = 15


def find(data: Data, *, limit: int = MAX_RECORDS) -> Iterator[Record]:
    """Yield DigitalPersona templates in the data, at any offset."""
    return scan(data, SIGNATURES, limit=limit)


def _read(content: bytes, start: int) -> tuple[Record, ...]:
    check_coded(content, start + _SIGNATURE_BYTES)
    size, known = size_of_unmeasured(content, start, _SIGNATURE_BYTES)
    notes = () if known else (("length", "unknown"),)
    return (
        Record("DigitalPersona template", start, size, "fingerprint", "template", 1, 1.0, notes),
    )  # fmt: skip


SIGNATURES = (Signature(b"\xab\x71", (13,), _PATTERN, _read),)
