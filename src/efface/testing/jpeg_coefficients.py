"""Read the quantised coefficients of a JPEG with nothing but the standard: a second opinion on what was changed.

Plain and slow, about a second for half a million pixels. Sequential and progressive Huffman coding of 8 bits.
Not promised: arithmetic coding, lossless and hierarchical JPEG, concealment of damage.
Source: ITU-T T.81 B.2 (markers), Annex C (code tables), F.2 (sequential), G.1.2 and G.2 (progressive).
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["Coefficients", "Component", "read_coefficients"]

_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_SCAN_END = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]", re.DOTALL)
_ZIGZAG_BLOCK = 64

Codes = list[tuple[int, int]]  # by the next 16 bits: the length of the code, and what it stands for


@dataclass
class Component:
    """One component.

    Attributes:
        number: Its identifier in the frame.
        across: Horizontal sampling factor.
        down: Vertical sampling factor.
        table: Number of its quantisation table.
        blocks: Height, width and 64 coefficients in zigzag order, as int16; only blocks that show something.
    """

    number: int
    across: int
    down: int
    table: int
    blocks: NDArray[np.int16] = field(default_factory=lambda: np.zeros((0, 0, 64), np.int16))
    shown: tuple[int, int] = (0, 0)
    stride: int = 0
    values: array[int] = field(default_factory=lambda: array("h"))


@dataclass
class Coefficients:
    """What a JPEG codes.

    Attributes:
        kind: Second byte of the frame marker (0xC0 baseline, 0xC2 progressive).
        size: Width and height in pixels.
        components: In the order of the frame.
        tables: Quantisation tables by number, in zigzag order.
        restart_interval: Of the last scan, in MCUs; 0 without restarts.
        scans: How many.
    """

    kind: int = 0
    size: tuple[int, int] = (0, 0)
    components: list[Component] = field(default_factory=list)
    tables: dict[int, tuple[int, ...]] = field(default_factory=dict)
    restart_interval: int = 0
    scans: int = 0


def read_coefficients(data: bytes) -> Coefficients:
    """Return the coefficients of the first image in a well-formed JPEG."""
    found = Coefficients()
    codes: dict[int, Codes] = {}
    at = 2
    while data[at + 1] != 0xD9:
        marker, size = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        body, at = data[at + 4 : at + 2 + size], at + 2 + size
        if marker == 0xDB:
            found.tables |= _quantisation(body)
        elif marker in (0xC0, 0xC1, 0xC2):
            _frame(found, marker, body)
        elif marker == 0xC4:
            codes |= _huffman(body)
        elif marker == 0xDD:
            found.restart_interval = int.from_bytes(body, "big")
        elif marker == 0xDA:
            end = _SCAN_END.search(data, at)
            stop = end.start() if end else len(data)
            _Scan(found, codes, body).read(data[at:stop])
            at = stop
    for each in found.components:
        padded = np.array(each.values, np.int16).reshape(-1, each.stride, _ZIGZAG_BLOCK)
        each.blocks = padded[: each.shown[1], : each.shown[0]]
    return found


def _quantisation(body: bytes) -> dict[int, tuple[int, ...]]:
    tables = {}
    while body:
        width = 1 + (body[0] >> 4)
        steps = body[1 : 1 + 64 * width]
        tables[body[0] & 15] = tuple(
            int.from_bytes(steps[at : at + width], "big") for at in range(0, 64 * width, width)
        )
        body = body[1 + 64 * width :]
    return tables


def _huffman(body: bytes) -> dict[int, Codes]:
    tables = {}
    while body:
        values = iter(body[17:])
        codes: Codes = []
        for length, count in enumerate(body[1:17], start=1):
            for _ in range(count):
                codes += [(length, next(values))] * (1 << (16 - length))
        tables[body[0]] = codes + [(16, 0)] * (65_536 - len(codes))
        body = body[17 + sum(body[1:17]) :]
    return tables


def _frame(found: Coefficients, marker: int, body: bytes) -> None:
    found.kind = marker
    found.size = int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big")
    found.components = [
        Component(body[at], body[at + 1] >> 4, body[at + 1] & 15, body[at + 2])
        for at in range(6, len(body), 3)
    ]
    most = max(each.across for each in found.components), max(each.down for each in found.components)
    units = [-(-size // (8 * factor)) for size, factor in zip(found.size, most, strict=True)]
    for each in found.components:
        each.shown = (
            -(-found.size[0] * each.across // (8 * most[0])),
            -(-found.size[1] * each.down // (8 * most[1])),
        )
        each.stride = units[0] * each.across
        each.values = array("h", bytes(2 * _ZIGZAG_BLOCK * each.stride * units[1] * each.down))


class _Scan:
    """One scan: which components, which band, which bit of it."""

    def __init__(self, found: Coefficients, codes: dict[int, Codes], header: bytes) -> None:
        found.scans += 1
        self.interval = found.restart_interval
        chosen = [(header[at], header[at + 1]) for at in range(1, 1 + 2 * header[0], 2)]
        by_number = {each.number: each for each in found.components}
        self.parts = [
            (by_number[number], codes.get(tables >> 4, []), codes.get(0x10 | tables & 15, []))
            for number, tables in chosen
        ]
        self.start, self.end = header[-3], header[-2]
        self.high, self.low = header[-1] >> 4, header[-1] & 15
        self.progressive = found.kind == 0xC2
        self.bits = _Bits(b"")
        self.run = 0
        self.before = [0] * len(self.parts)

    def read(self, data: bytes) -> None:
        segments = iter(_RESTART.split(data))
        for number, unit in enumerate(self._units()):
            if number == 0 or (self.interval and number % self.interval == 0):
                self.bits = _Bits(next(segments).replace(b"\xff\0", b"\xff"))
                self.run = 0
                self.before = [0] * len(self.parts)
            for part, at in unit:
                self._block(part, at)

    def _units(self) -> Iterator[list[tuple[int, int]]]:
        """Yield the blocks of each MCU: which part, and where its coefficients begin."""
        first = self.parts[0][0]
        if len(self.parts) == 1:
            for row in range(first.shown[1]):
                for column in range(first.shown[0]):
                    yield [(0, _ZIGZAG_BLOCK * (row * first.stride + column))]
            return
        for top in range(len(first.values) // (_ZIGZAG_BLOCK * first.stride * first.down)):
            for left in range(first.stride // first.across):
                yield [
                    (
                        part,
                        _ZIGZAG_BLOCK * ((top * each.down + row) * each.stride + left * each.across + column),
                    )
                    for part, (each, _, _) in enumerate(self.parts)
                    for row in range(each.down)
                    for column in range(each.across)
                ]

    def _block(self, part: int, at: int) -> None:
        component, dc_codes, ac_codes = self.parts[part]
        values = component.values
        if self.start == 0 and self.high == 0:
            size = self.bits.code(dc_codes)
            self.before[part] += self.bits.signed(size)
            values[at] = self.before[part] << self.low
        elif self.start == 0:
            values[at] |= self.bits.take(1) << self.low
        if self.end == 0:
            return
        if self.high:
            self._refine(values, at, ac_codes)
        else:
            self._band(values, at, ac_codes)

    def _band(self, values: array[int], at: int, codes: Codes) -> None:
        if self.run:
            self.run -= 1
            return
        index = max(self.start, 1)
        while index <= self.end:
            zeros, size = divmod(self.bits.code(codes), 16)
            if size:
                index += zeros
                values[at + index] = self.bits.signed(size) << self.low
                index += 1
            elif zeros == 15:
                index += 16
            else:
                self.run = (1 << zeros) - 1 + self.bits.take(zeros)
                return

    def _refine(self, values: array[int], at: int, codes: Codes) -> None:
        bit = 1 << self.low
        index = self.start
        while index <= self.end and not self.run:
            zeros, size = divmod(self.bits.code(codes), 16)
            new = 0
            if size:
                new = bit if self.bits.take(1) else -bit
            elif zeros < 15:
                self.run = (1 << zeros) + self.bits.take(zeros)
                break
            index = self._pass_over(values, at, index, zeros)
            if new:
                values[at + index] = new
            index += 1
        if self.run:
            self._pass_over(values, at, index, _ZIGZAG_BLOCK)
            self.run -= 1

    def _pass_over(self, values: array[int], at: int, index: int, zeros: int) -> int:
        """Refine what is known already until so many zeros are passed, and return the place of the next zero."""
        while index <= self.end:
            value = values[at + index]
            if value:
                if self.bits.take(1):
                    values[at + index] = value + (1 << self.low if value > 0 else -(1 << self.low))
            elif zeros == 0:
                return index
            else:
                zeros -= 1
            index += 1
        return index


class _Bits:
    """Bits of the entropy-coded data between two restarts, without its stuffed bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data + bytes(8)
        self._at = 0

    def code(self, codes: Codes) -> int:
        length, value = codes[self._peek() >> 16]
        self._at += length
        return value

    def take(self, count: int) -> int:
        value = self._peek() >> (32 - count)
        self._at += count
        return value

    def signed(self, size: int) -> int:
        if size == 0:
            return 0
        value = self.take(size)
        return value if value >> (size - 1) else value - (1 << size) + 1

    def _peek(self) -> int:
        byte, bit = divmod(self._at, 8)
        return (int.from_bytes(self._data[byte : byte + 5], "big") >> (8 - bit)) & 0xFFFF_FFFF
