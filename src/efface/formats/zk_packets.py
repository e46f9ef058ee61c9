"""Packets of ZKTeco's terminals over TCP, as far as a terminal's counts go.

A packet is a frame (`50 50 82 7D`, length) and four 16-bit numbers, little-endian: command, checksum, session and
reply; data follow. The answer to "free sizes" is a row of 32-bit numbers.

Source: the constants of pyzk (`zk/const.py`, `zk/base.py`), public code; no specification of the vendor's is public.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from efface.errors import FormatError

__all__ = [
    "ALLOWED",
    "AUTH",
    "CONNECT",
    "EXIT",
    "FREE_SIZES",
    "OK",
    "UNAUTHORISED",
    "Packet",
    "Sizes",
    "key_of",
]

CONNECT, EXIT, AUTH, FREE_SIZES = 1000, 1001, 1102, 50
OK, UNAUTHORISED = 2000, 2005
ALLOWED = frozenset({CONNECT, AUTH, FREE_SIZES, EXIT})
"""Every command that is ever sent: a session is opened and closed, and counts are read."""

_FRAME = struct.Struct("<HHI")
_HEAD = struct.Struct("<4H")
_START = (0x5050, 0x7D82)
_MOST = 4096
_USERS, _FINGERS, _FINGERS_CAPACITY = 4, 6, 14
_FACES_AT, _NUMBERS = 80, 20


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet.

    Attributes:
        command: What is asked or answered.
        session: Number of the session.
        reply: Running number.
        data: What follows.
    """

    command: int
    session: int = 0
    reply: int = 0
    data: bytes = b""

    def encode(self) -> bytes:
        """Return the packet in its frame."""
        blank = _HEAD.pack(self.command, 0, self.session, self.reply) + self.data
        packet = _HEAD.pack(self.command, _checksum(blank), self.session, self.reply) + self.data
        return _FRAME.pack(*_START, len(packet)) + packet

    @staticmethod
    def length(frame: bytes) -> int:
        """Return how many bytes follow a frame.

        Raises:
            FormatError: It is no frame, or of a length that no answer here has.
        """
        if len(frame) != _FRAME.size:
            raise FormatError("the terminal ended the connection")
        first, second, length = _FRAME.unpack(frame)
        if (first, second) != _START or not _HEAD.size <= length <= _MOST:
            raise FormatError("the terminal does not answer in its protocol")
        return int(length)

    @classmethod
    def decode(cls, packet: bytes) -> Packet:
        """Return the packet after its frame; its checksum is not asked for, as TCP has one.

        Raises:
            FormatError: It is too short.
        """
        if len(packet) < _HEAD.size:
            raise FormatError("the terminal ended the connection")
        command, _, session, reply = _HEAD.unpack_from(packet)
        return cls(command, session, reply, packet[_HEAD.size :])


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a terminal counts; None where its firmware does not say.

    Attributes:
        users: People.
        fingers: Templates of fingers.
        finger_capacity: How many it could hold.
        faces: Faces.
        face_capacity: How many it could hold.
    """

    users: int
    fingers: int
    finger_capacity: int
    faces: int | None = None
    face_capacity: int | None = None

    @classmethod
    def decode(cls, data: bytes) -> Sizes:
        """Return the counts of an answer to "free sizes".

        Raises:
            FormatError: It is too short, or a count is below zero.
        """
        if len(data) < 4 * _NUMBERS:
            raise FormatError("the terminal gives fewer counts than are known")
        numbers = struct.unpack_from(f"<{_NUMBERS}i", data)
        faces = struct.unpack_from("<3i", data, _FACES_AT) if len(data) >= _FACES_AT + 12 else None
        found = cls(
            numbers[_USERS],
            numbers[_FINGERS],
            numbers[_FINGERS_CAPACITY],
            faces[0] if faces else None,
            faces[2] if faces else None,
        )
        if min(found.users, found.fingers, found.faces or 0) < 0:
            raise FormatError("the terminal gives a count below zero")
        return found


def key_of(password: int, session: int) -> bytes:
    """Return what answers a terminal that asks for its numeric key: its bits reversed, with the session, masked."""
    turned = int(f"{password & 0xFFFFFFFF:032b}"[::-1], 2)
    mixed = struct.pack("<I", (turned + session) & 0xFFFFFFFF)
    masked = bytes(a ^ b for a, b in zip(mixed, b"ZKSO", strict=True))
    swapped, ticks = masked[2:] + masked[:2], 50
    return bytes((swapped[0] ^ ticks, swapped[1] ^ ticks, ticks, swapped[3] ^ ticks))


def _checksum(packet: bytes) -> int:
    even = packet + b"\0" * (len(packet) % 2)
    total: int = sum(struct.unpack(f"<{len(even) // 2}H", even))
    while total > 0xFFFF:
        total -= 0xFFFF
    return (~total) & 0xFFFF
