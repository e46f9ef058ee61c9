"""What is not opened is a gap: by its content, or by its name where the content says nothing."""

from __future__ import annotations

import pytest

from efface.examine.unopened import unopened
from efface.formats.sniff import OCTETS
from efface.model import GapReason

UNSUPPORTED, UNREADABLE = GapReason.UNSUPPORTED, GapReason.UNREADABLE

CASES = {
    "a PDF": ("application/pdf", "a.pdf", False, UNSUPPORTED),
    "a PDF under another name": ("application/pdf", "a.txt", False, UNSUPPORTED),
    "a video": ("video/mp4", "a.mp4", False, UNSUPPORTED),
    "a picture that nothing decodes": ("image/jxl", "a.jxl", False, UNSUPPORTED),
    "a picture that is decoded": ("image/png", "a.png", True, None),
    "a fingerprint picture, which is a record": ("image/x-wsq", "a.wsq", False, None),
    "noise under a picture's name": (OCTETS, "a.JPG", False, UNREADABLE),
    "a text under a picture's name": ("text/plain", "a.png", True, UNREADABLE),
    "noise under a database's name, as an encrypted one is": (OCTETS, "crm.db", False, UNREADABLE),
    "noise under an archive's name": (OCTETS, "a.7z", False, UNREADABLE),
    "noise under no telling name": (OCTETS, "a.bin", False, None),
    "an empty file under a picture's name": ("application/x-empty", "a.png", False, None),
    "a text": ("text/plain", "a.txt", True, None),
    "a program": ("application/x-elf", "a", False, None),
}


@pytest.mark.parametrize(("media_type", "name", "understood", "reason"), CASES.values(), ids=CASES.keys())
def test_what_counts_as_not_looked_at(
    media_type: str, name: str, understood: bool, reason: GapReason | None
) -> None:
    """Nothing that may hold data passes in silence."""
    found = unopened(media_type, name, understood=understood)
    assert (found and found[0]) == reason


def test_a_gap_says_what_it_was() -> None:
    """The sentence names the kind, never a content."""
    closed = unopened("application/pdf", "secret name.pdf", understood=False)
    assert closed is not None
    assert "PDF" in closed[1]
    assert "secret" not in closed[1]
