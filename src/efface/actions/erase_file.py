"""Remove an artefact whole, because nothing in it is worth keeping or can be told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.errors import RemovalError
from efface.formats.sniff import BIOMETRIC_RECORD, OCTETS
from efface.model import Form, Method

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.model import Finding, Limits

__all__ = ["EraseFile"]

_OFFSET = "offset="
_WHOLE = frozenset({"library", "model", "graph", "licence", "gallery"})
"""Signatures of files that are nothing else."""
_SURE = 0.8  # by a name that others use, too, a file is not taken
_BESIDE = frozenset({"symbol"})  # names in a program: in a library of the system they are its own
_PICKLE = "application/x-pickle"


class EraseFile:
    """Nothing of the artefact is to stay.

    It takes findings that are the artefact as a whole: a template, a record, a recording, a program. Of what
    lies inside something larger it takes two kinds: a pickle, whose parts cannot be taken out without
    running it, and records in bytes whose structure nobody knows, provided that they are at least half of
    those bytes: else the rest is something that may be worth keeping, and nothing is removed. Of a system that
    recognises people it takes files that are surely its own as a whole: libraries, networks, licences, galleries.

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
        if finding.form is Form.SYSTEM:
            return _is_whole(finding)
        fragment = finding.locator.fragment
        if fragment is None or media_type == _PICKLE:
            return True
        return fragment.startswith(_OFFSET) and media_type in (BIOMETRIC_RECORD, OCTETS)

    def remove(self, data: bytes, findings: Sequence[Finding], limits: Limits) -> None:
        """Return None: nothing is to stay.

        Raises:
            RemovalError: The records are less than half of the artefact.
        """
        del limits
        reaches = [_reach(finding, len(data)) for finding in findings]
        covered = _covered([reach for reach in reaches if reach is not None])
        if None not in reaches and 2 * covered < len(data):
            raise RemovalError(
                f"the records are {covered} of {len(data)} bytes: the rest is something else, which would go"
                " with them; look at it, and remove the file by hand if nothing of it is to stay"
            )


def _is_whole(finding: Finding) -> bool:
    """Return whether a file is a system's own as a whole: a library, a network, a licence, a gallery."""
    kinds = {
        clue.value.partition("/")[0]
        for clue in finding.clues
        if clue.name == "signature" and clue.value.partition("/")[0] not in _BESIDE
    }
    return bool(kinds) and kinds <= _WHOLE and finding.confidence >= _SURE


def _reach(finding: Finding, size_bytes: int) -> tuple[int, int] | None:
    """Return the first byte of a record and the one after its last; None for what is the artefact itself."""
    fragment = finding.locator.fragment or ""
    known = next((clue.value for clue in finding.clues if clue.name == "bytes"), "")
    if not known.isdecimal() and not fragment.startswith(_OFFSET):
        return None
    at = fragment.removeprefix(_OFFSET) if fragment.startswith(_OFFSET) else "0"
    start = min(int(at), size_bytes) if at.isdecimal() else size_bytes
    return start, min(start + int(known if known.isdecimal() else "0"), size_bytes)


def _covered(reaches: Sequence[tuple[int, int]]) -> int:
    """Return how many bytes the reaches cover together."""
    total = end = 0
    for first, last in sorted(reaches):
        total += max(last - max(first, end), 0)
        end = max(end, last)
    return total
