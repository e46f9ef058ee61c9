"""Starts of files that are known and not opened, or opened by the recording's decoder alone."""

from __future__ import annotations

import pytest

from efface.examine.unopened import unopened
from efface.formats import closed_head, sniff
from efface.model import GapReason


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"ANDROID BACKUP\n5\n1\nnone\n", "application/x-android-backup"),
        (b"MSWIM\0\0\0\xd0\0\0\0", "application/x-ms-wim"),
        (b"\x60\xea\x22\0\x1e", "application/x-arj"),
        (b"\1\2\3\4\5\6\7**ACE**\x14", "application/x-ace-compressed"),
        (b"\0\1\0\0Standard ACE DB\0", "application/x-msaccess"),
        (b"KDMV\1\0\0\0", "application/x-vmdk"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "application/postscript"),
        (b"\x0a\5\1\x08\0\0\0\0", "image/vnd.zbrush.pcx"),
        (b"AT&TFORM\0\0\1\0DJVU", "image/vnd.djvu"),
        (b"Salted__" + bytes(range(200, 232)), "application/x-openssl-encrypted"),
        (b"\0\0\0\x08wide\0\0\1\0mdat", "video/quicktime"),
        (b"\0\0\0\x6cmoov\0\0\0\x64mvhd", "video/quicktime"),
        ((b"\0\0\0\0G" + b"\1" * 187) * 4, "video/mp2t"),
        (b"\0\0\1\xb0\1\0\0\1\xb5\x89", "video/mp4v-es"),
        (b"\x02#!SILK_V3\x0c\0", "audio/x-silk"),
    ],
)
def test_it_is_told_and_not_passed_by(head: bytes, kind: str) -> None:
    """Such a start has a media type of its own, and is a gap where nothing takes it."""
    assert sniff.media_type(head.ljust(600, b"\xf5")) == kind
    assert unopened(kind, "x.bin", understood=False) is not None


@pytest.mark.parametrize(
    "head",
    [
        b"Standard Jet DB",
        b"icnsabcd",
        b"moov is a word",
        b"SIMPLE words",
        b"Game of thrones, part 1",
        b"`words`",
    ],
)
def test_words_are_no_signature(head: bytes) -> None:
    """Texts that begin alike stay texts."""
    assert sniff.media_type(head) == "text/plain"


def test_cut_off_starts_are_nothing() -> None:
    """A start that ends before its sign does is not told by what is missing."""
    assert closed_head.closed_type(b"\1\2\3\4\5\6\7**ACE*") is None
    assert closed_head.closed_type(b"G") is None


def test_what_is_encrypted_says_so() -> None:
    """Encrypted kinds give the reason that they are."""
    for kind in closed_head.ENCRYPTED:
        closed = unopened(kind, "a", understood=False)
        assert closed
        assert closed[0] == GapReason.ENCRYPTED


@pytest.mark.parametrize("name", ["a.csv", "b.json", "c.xml", "d.vcf", "e.tga", "f.m2ts"])
def test_a_name_that_promises_more_than_the_content_is_a_gap(name: str) -> None:
    """Bytes that nothing knows under such a name are damaged or encrypted, and not clean."""
    assert unopened(sniff.OCTETS, name, understood=False) is not None
