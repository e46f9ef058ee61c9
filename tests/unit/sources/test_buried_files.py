"""Files inside bytes of no known kind."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from efface.engines import buried as engine
from efface.errors import LimitExceededError
from efface.formats import sniff
from efface.model import Limits, Locator, Part, Surroundings
from efface.sources.buried_files import BuriedFiles
from efface.sources.payloads import BytesPayload

_LIMITS = Limits()


def _picture(kind: str = "JPEG", side: int = 48) -> bytes:
    out = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, (side, side, 3), np.uint8)
    Image.fromarray(noise).save(out, kind)
    return out.getvalue()


def _zipped(comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "one " * 20)
        archive.comment = comment
    return out.getvalue()


def _parts(data: bytes, media_type: str = sniff.OCTETS) -> list[bytes]:
    part = Part(Locator.of_file("/a"), BytesPayload(data), Surroundings(("a",)))
    return [
        inner.payload.read()
        for inner in BuriedFiles().parts(part, media_type, _LIMITS)
        if isinstance(inner, Part)
    ]


_JPEG, _PNG, _GIF, _WEBP = (_picture(kind) for kind in ("JPEG", "PNG", "GIF", "WEBP"))


@pytest.mark.parametrize(
    ("data", "kind", "expected"),
    [
        (b"\0" * 37 + _JPEG, sniff.OCTETS, [_JPEG]),
        (b"HDR1" + struct.pack("<I", len(_PNG)) + _PNG + b"rest", sniff.OCTETS, [_PNG]),
        (b"\1" * 9 + _GIF + b"\2" * 9 + _WEBP, sniff.OCTETS, [_GIF, _WEBP]),
        (b"MZ" + b"\0" * 99 + _zipped(), "application/vnd.microsoft.portable-executable", [_zipped()]),
        (b"words\n" * 2_000 + _JPEG, "text/plain", [_JPEG]),
        (b"<html></html>" + _JPEG + b"more" + _PNG, "text/html", [_JPEG, _PNG]),
        (_zipped() + _JPEG, "application/zip", [_JPEG]),
        (_zipped(_JPEG), "application/zip", [_JPEG]),
    ],
    ids=[
        "a photo behind zeros is found",
        "a picture behind a maker's header is found without what follows",
        "pictures one behind the other are told apart",
        "the archive of a program that unpacks itself is found",
        "a photo behind a text is found",
        "a photo behind a page and a picture behind that are found",
        "a photo behind the end of an archive is found",
        "a photo in the comment of an archive is found",
    ],
)
def test_it_finds(data: bytes, kind: str, expected: list[bytes]) -> None:
    """What lies in other bytes comes out as it is."""
    assert _parts(data, kind) == expected


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (bytes(1_000), sniff.OCTETS),
        (b"\xff\xd8\xff GIF89a PK\x03\x04 %PDF-1.4 ftypisom \x89PNG\r\n\x1a\n Rar!\x1a\x07", sniff.OCTETS),
        (b"SQLite format 3\0" * 20 + b"7z\xbc\xaf\x27\x1c\0\4" * 20, sniff.OCTETS),
        (_JPEG[:300] * 3, sniff.OCTETS),
        (_zipped(), "application/zip"),
        (_zipped(b"written by a program"), "application/zip"),
        (b"PK\x05\x06", "application/zip"),
        (b"words " * 5_000, "text/plain"),
    ],
    ids=[
        "zeros hold no file",
        "signatures without a structure are no files",
        "headers that do not fit are no files",
        "the start of a photo without its scan is none",
        "an archive with nothing behind it is left to others",
        "the comment of an archive is no file",
        "the end of an archive alone is no file",
        "a text is no file",
    ],
)
def test_it_passes_by(data: bytes, kind: str) -> None:
    """Bytes that only look like the start of a file give nothing."""
    assert _parts(data, kind) == []


def test_imitations_end_the_search() -> None:
    """So many starts that lead nowhere are over the limit, and not a hang."""
    with pytest.raises(LimitExceededError):
        engine.buried(b"\xff\xd8\xff\xe0\0\4aa" * 60_000)


def test_a_file_on_the_border_of_windows_comes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large things are read in windows that overlap; what lies where two meet is whole, and comes once."""
    monkeypatch.setattr("efface.sources.buried_files._WINDOW_BYTES", 10_000)
    monkeypatch.setattr("efface.sources.buried_files._OVERLAP_BYTES", 5_000)
    assert len(_JPEG) < 5_000
    for at in (100, 4_000, 4_999, 5_000, 5_001, 7_000, 9_990, 14_500):
        assert _parts(bytes(at) + _JPEG + bytes(9_000)) == [_JPEG], at
