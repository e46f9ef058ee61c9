"""Tell a DICOM file by its start, with and without preamble.

Source: DICOM PS3.10, 7.1 (preamble, prefix `DICM`); PS3.5, 7.1 (data elements). A file without preamble starts
with group 0002 or 0008.
"""

from __future__ import annotations

import re

__all__ = ["is_dicom"]

_PREFIX_AT, _PREFIX = 128, b"DICM"
_VALUE = rb"(?:UL|UI|OB|CS|DA|TM|LO|SH|PN|ST|DT|IS)"
# Group 0002 in explicit coding; group 0008 in explicit coding; group 0008 in implicit coding, where the first
# element is the group's length, the character set, the image type or the class of the object.
_BARE = re.compile(
    rb"\x02\0[\0\x01\x02\x03\x10\x12]\0" + _VALUE + rb"|\x08\0[\0-\xff]\0" + _VALUE + rb"[\0-\xff]\0"
    rb"|\x08\0\0\0\x04\0\0\0[\0-\xff]{4}\x08\0"
    rb"|\x08\0\x05\0[\x06-\x40]\0\0\0(?:ISO_IR|ISO 2022|GB|\\)|\x08\0\x08\0[\x08-\xff]\0\0\0(?:ORIGINAL|DERIVED)"
    rb"|\x08\0\x16\0[\x10-\x40]\0\0\x001\.2\.840\.10008",
    re.DOTALL,
)


def is_dicom(head: bytes) -> bool:
    """Return whether bytes begin as a DICOM file does."""
    return head.startswith(_PREFIX, _PREFIX_AT) or _BARE.match(head) is not None
