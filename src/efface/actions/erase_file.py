"""Remove an artefact whole, because nothing in it is worth keeping or can be told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.formats.sniff import BIOMETRIC_RECORD, OCTETS
from efface.model import Method

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.model import Finding, Limits

__all__ = ["EraseFile"]

_OFFSET = "offset="
_PICKLE = "application/x-pickle"


class EraseFile:
    """Nothing of the artefact is to stay.

    It takes findings that are the artefact as a whole: a template, a record, a recording, a program. Of what
    lies inside something larger it takes two kinds: a pickle, whose parts cannot be taken out without
    running it, and a record at some offset of bytes whose structure nobody knows.

    Not promised: blocks of a disk, snapshots, backups and journals of a file system may still hold the bytes.
    Source: NIST SP 800-88 Rev. 1, table 5-1 ("clear").
    """

    name = "erase-file"
    version = 1
    method = Method.CLEAR

    def accepts(self, media_type: str, finding: Finding) -> bool:
        """Return whether the finding is the whole artefact, or cannot be told apart from it."""
        if len(finding.locator.path) != 1:
            return False
        fragment = finding.locator.fragment
        if fragment is None or media_type == _PICKLE:
            return True
        return fragment.startswith(_OFFSET) and media_type in (BIOMETRIC_RECORD, OCTETS)

    def remove(self, data: bytes, findings: Sequence[Finding], limits: Limits) -> None:
        """Return None."""
        del data, findings, limits
