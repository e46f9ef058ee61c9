"""Checks that vendors' templates share: are the bytes coded data, and how many belong to the template."""

from __future__ import annotations

from efface.errors import FormatError

__all__ = ["MAX_BLOB_BYTES", "check_coded", "size_of_unmeasured"]

MAX_BLOB_BYTES = 8_192
_SAMPLE_BYTES = 64
_MIN_DISTINCT = 20


def check_coded(content: bytes, start: int) -> None:
    """Raise FormatError when fewer than 64 bytes follow, or they repeat as zeros, tables and text do not.

    Sixty-four random bytes hold about 57 different values; a constant in a program is followed by zeros, by
    pointers or by ASCII text.
    """
    sample = content[start : start + _SAMPLE_BYTES]
    if len(sample) < _SAMPLE_BYTES or len(set(sample)) < _MIN_DISTINCT or sample.isascii():
        raise FormatError("the bytes after the signature are no coded data")


def size_of_unmeasured(content: bytes, start: int, signature_bytes: int) -> tuple[int, bool]:
    """Return the size of a template that does not tell its own, and whether that size is known.

    A short blob that begins with the signature is the template as a whole, as a database keeps it. Inside
    other data only the signature is sure.
    """
    if start == 0 and len(content) <= MAX_BLOB_BYTES:
        return len(content), True
    return signature_bytes, False
