"""Fingerprint templates of Griaule: three bytes of signature, so only a blob as a whole is judged.

Inside other data three bytes prove nothing; in text, `p/8B` is found by `formats.encoded` when a long run of
base64 follows.

Source: a comment in a public attendance system and three public templates.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from efface.errors import FormatError
from efface.formats.record import Record
from efface.formats.scan import MAX_RECORDS, Data, Signature, scan
from efface.formats.vendor_blob import MAX_BLOB_BYTES, check_coded

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SIGNATURES", "find"]

_PATTERN = re.compile(rb"\xa7\xff\x01")
_MIN_BYTES = 80


def find(data: Data, *, limit: int = MAX_RECORDS) -> Iterator[Record]:
    """Yield the Griaule template that the data is, if it is one."""
    return scan(data, SIGNATURES, limit=limit)


def _read(content: bytes, start: int) -> tuple[Record, ...]:
    if start or not _MIN_BYTES <= len(content) <= MAX_BLOB_BYTES:
        raise FormatError("a Griaule template is only known as a whole blob of its size")
    check_coded(content, 3)
    notes = (("test", "weak: needs a column that says so"),)
    return (Record("Griaule template", 0, len(content), "fingerprint", "template", 1, 0.5, notes),)


SIGNATURES = (Signature(b"", (), _PATTERN, _read),)
