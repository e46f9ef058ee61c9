from __future__ import annotations

import pytest

from efface.formats import audio_header
from efface.testing import prints


def _flac(rate: int = 16_000, channels: int = 1, samples: int = 80_000) -> bytes:
    bits = rate << 44 | (channels - 1) << 41 | 15 << 36 | samples
    return b"fLaC\0\0\0\x22" + bytes(10) + bits.to_bytes(8, "big") + bytes(16)


def _ogg(packet: bytes) -> bytes:
    return b"OggS\0\2" + bytes(20) + b"\1" + bytes([len(packet)]) + packet


HEADERS = {
    "WAVE": (prints.recording(3.0, 8_000), 0, ("wave", 1, 8_000, 3.0)),
    "WAVE in two channels": (prints.recording(2.0, 44_100, 2), 0, ("wave", 2, 44_100, 2.0)),
    "WAVE that was never closed": (
        prints.recording(2.0, 8_000)[:40] + bytes(4) + bytes(32_000),
        0,
        ("wave", 1, 8_000, 2.0),
    ),
    "FLAC": (_flac(), 0, ("flac", 1, 16_000, 5.0)),
    "AMR": (b"#!AMR\n" + (b"\x3c" + bytes(31)) * 100, 0, ("amr", 1, 8_000, 2.0)),
    "AMR, wide": (b"#!AMR-WB\n" + (b"\x04" + bytes(17)) * 50, 0, ("amr", 1, 16_000, 1.0)),
    "Opus": (_ogg(b"OpusHead\1\1" + bytes(9)), 40_000, ("opus", 1, 48_000, 10.0)),
    "Vorbis": (
        _ogg(
            b"\1vorbis"
            + bytes(4)
            + b"\1"
            + (16_000).to_bytes(4, "little")
            + bytes(4)
            + (80_000).to_bytes(4, "little")
        ),
        30_000,
        ("vorbis", 1, 16_000, 3.0),
    ),
    "MPEG": (b"\xff\xfb\x50\xc0" + bytes(100), 40_000, ("mpeg", 1, 44_100, 5.0)),
    "MPEG behind a tag": (
        b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + b"\xff\xf3\x40\xc0",
        40_020,
        ("mpeg", 1, 22_050, 10.0),
    ),
}


@pytest.mark.parametrize("case", HEADERS)
def test_headers(case: str) -> None:
    """Channels, rate and duration are read from every kind of header."""
    data, size, wanted = HEADERS[case]
    found = audio_header.read(data, size or len(data))
    assert found is not None
    assert (found.coding, found.channels, found.rate_hz) == wanted[:3]
    assert found.seconds == pytest.approx(wanted[3], rel=0.05)


REFUSED = {
    "nothing": b"",
    "text": b"hello " * 20,
    "a WAVE header that is cut off": prints.recording()[:30],
    "a WAVE file without a format": b"RIFF\0\0\0\0WAVEdata\4\0\0\0abcd",
    "a FLAC file without a rate": _flac(rate=0),
    "a FLAC file without samples": _flac(samples=0),
    "Ogg of something else": _ogg(b"\x80theora" + bytes(20)),
    "MPEG of another layer": b"\xff\xfd\x50\xc0" + bytes(100),
    "MPEG of an unknown rate": b"\xff\xfb\x5c\xc0" + bytes(100),
    "an AMR file without frames": b"#!AMR\n",
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_says_nothing(case: str) -> None:
    """A header that says nothing gives nothing."""
    assert audio_header.read(REFUSED[case], len(REFUSED[case])) is None
