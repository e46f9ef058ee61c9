"""Read what the header of a sound file says: channels, rate and duration; the sound itself is never read.

Sources: RIFF WAVE (Multimedia Programming Interface 1.0, 1991); RFC 9639 8.2 (FLAC STREAMINFO); RFC 4867 5 (AMR
files); RFC 3533 6 (Ogg pages), RFC 7845 5.1 (Opus), Vorbis I 4.2.2; ISO/IEC 11172-3 2.4.2.3 (MPEG audio).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = ["HEAD_BYTES", "Sound", "read"]

HEAD_BYTES = 65_536
"""How much of a file's start is needed."""

_AMR = {
    b"#!AMR\n": ((12, 13, 15, 17, 19, 20, 26, 31, 5), 8_000),
    b"#!AMR-WB\n": ((17, 23, 32, 36, 40, 46, 50, 58, 60, 5), 16_000),
}
_AMR_SECONDS = 0.02  # one frame
_MP3_KBITS = {
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MP3_RATES = (44_100, 48_000, 32_000)
_CHUNKS = 64


@dataclass(frozen=True, slots=True)
class Sound:
    """What a header says.

    Attributes:
        coding: "wave", "flac", "amr", "opus", "vorbis" or "mpeg".
        channels: How many.
        rate_hz: Samples a second of each.
        seconds: Duration; for codings without one in the header, from the size.
    """

    coding: str
    channels: int
    rate_hz: int
    seconds: float


def read(head: bytes, size_bytes: int) -> Sound | None:
    """Return what a header says, or None where it is none, or says nothing that can be.

    Args:
        head: The first HEAD_BYTES.
        size_bytes: Size of the file.
    """
    for reader in (_wave, _flac, _amr, _ogg, _mpeg):
        try:
            found = reader(head, size_bytes)
        except (struct.error, IndexError):
            found = None
        if found is not None:
            return found if found.channels and found.rate_hz and found.seconds > 0 else None
    return None


def _wave(head: bytes, size_bytes: int) -> Sound | None:
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return None
    at, kind = 12, (0, 0, 0)
    for _ in range(_CHUNKS):
        name, length = head[at : at + 4], int.from_bytes(head[at + 4 : at + 8], "little")
        if name == b"fmt ":
            _, channels, rate, bytes_a_second = struct.unpack_from("<HHII", head, at + 8)
            kind = (channels, rate, bytes_a_second)
        elif name == b"data" and kind[2]:
            # A recorder that was stopped leaves 0 or the largest number as the length.
            length = min(length or size_bytes, size_bytes - at - 8)
            return Sound("wave", kind[0], kind[1], length / kind[2])
        elif not name:
            return None
        at += 8 + length + length % 2
    return None


def _flac(head: bytes, size_bytes: int) -> Sound | None:
    del size_bytes
    if head[:4] != b"fLaC" or head[4] & 127 or len(head) < 26:
        return None
    bits = int.from_bytes(head[18:26], "big")
    rate, channels, samples = bits >> 44, (bits >> 41 & 7) + 1, bits & (1 << 36) - 1
    return Sound("flac", channels, rate, samples / rate if rate else 0.0)


def _amr(head: bytes, size_bytes: int) -> Sound | None:
    for magic, (sizes, rate) in _AMR.items():
        if not head.startswith(magic):
            continue
        at, frames = len(magic), 0
        while at < len(head):
            kind = head[at] >> 3 & 15
            at += 1 + (sizes[kind] if kind < len(sizes) else 0)
            frames += 1
        seconds = frames * _AMR_SECONDS * max(1.0, size_bytes / max(at, 1))
        return Sound("amr", 1, rate, seconds)
    return None


def _ogg(head: bytes, size_bytes: int) -> Sound | None:
    if head[:4] != b"OggS":
        return None
    packet = head[27 + head[26] :]
    if packet.startswith(b"OpusHead"):
        coding, channels, rate, bits = "opus", packet[9], 48_000, 32_000
    elif packet.startswith(b"\x01vorbis"):
        channels, rate = packet[11], int.from_bytes(packet[12:16], "little")
        nominal = int.from_bytes(packet[20:24], "little", signed=True)
        coding, bits = "vorbis", nominal if nominal > 0 else 64_000
    else:
        return None
    return Sound(coding, channels, rate, size_bytes * 8 / bits)


def _mpeg(head: bytes, size_bytes: int) -> Sound | None:
    at = 0
    if head[:3] == b"ID3":
        at = 10 + sum((byte & 127) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=False))
    word = int.from_bytes(head[at : at + 4], "big")
    version = {3: 1, 2: 2}.get(word >> 19 & 3)
    bitrate, rate = word >> 12 & 15, word >> 10 & 3
    if word >> 21 != 0x7FF or version is None or word >> 17 & 3 != 1 or bitrate in {0, 15} or rate == 3:
        return None
    kbits = _MP3_KBITS[version, 3][bitrate - 1]
    channels = 1 if word >> 6 & 3 == 3 else 2
    return Sound("mpeg", channels, _MP3_RATES[rate] // version, (size_bytes - at) * 8 / (kbits * 1000))
