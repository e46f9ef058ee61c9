"""Find whole files inside other bytes by their structure: where one starts, and where it ends.

A start that cannot be walked is no file. A JPEG counts once its first scan begins; where its end marker is
missing, it reaches to the end.

Source: ITU-T T.81 B.1.1 and B.2; PNG third edition, 5.3; GIF89a, 17 to 27; RIFF (WebP container); ISO/IEC
14496-12, 4.2 (boxes); the signatures of formats/sniff.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.errors import LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Jpeg", "files_in", "gif_end", "jpeg_at", "jpegs_in", "without"]

_MAX_FAILED = 200_000  # segments walked in vain, over all starts of one search
_MAX_SEGMENTS = 4096  # of one header
_MAX_CHUNKS = 1_000_000
_MAX_FILES = 4096  # found one behind the other

_SOS, _EOI, _SOI = 0xDA, 0xD9, 0xD8
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_LOSSLESS = frozenset({0xC3, 0xC7, 0xCB, 0xCF})
_IN_SCAN = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
# Some makers of old cameras change the first byte of a preview, so that it starts with anything, D8 FF.
_JPEG_START = re.compile(rb"\xd8\xff[\xc0-\xc7\xc9-\xcf\xdb\xdd\xe0-\xef\xfe]")
_PNG, _GIF, _BOX = b"\x89PNG\r\n\x1a\n", (b"GIF87a", b"GIF89a"), b"ftyp"
_FILE_START = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF(?=....(?:WEBP|AVI |WAVE))|\0\0..(?=ftyp)"
    rb"|PK\x03\x04|8BPS\0[\1\2]|7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|%PDF-|\x1aE\xdf\xa3|\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    rb"|\0\0\0\x0cjP  \r\n\x87\n|\0\0\0\x0cJXL \r\n\x87\n",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Jpeg:
    """A JPEG inside other bytes.

    Attributes:
        start: Offset of its first byte.
        stop: Offset behind its end marker, or behind all bytes when it has none.
        width_px: Width in its frame header.
        height_px: Height in its frame header; 0 when it stands behind the first scan.
        lossless: True for the process that cameras use for raw data, which no viewer shows.
    """

    start: int
    stop: int
    width_px: int
    height_px: int
    lossless: bool


def jpeg_at(data: bytes, start: int) -> Jpeg | int:
    """Return the JPEG whose two bytes of start marker lie here, or how many segments were walked in vain."""
    frame: tuple[int, int, bool] | None = None
    at = start + 2
    for count in range(_MAX_SEGMENTS):
        while data[at : at + 2] == b"\xff\xff":
            at += 1
        if data[at : at + 1] != b"\xff" or at + 4 > len(data):
            return count + 1
        marker, size = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker < 0xC0 or 0xD0 <= marker <= _EOI or size < 2:
            return count + 1
        if marker in _FRAMES:
            height, width = (int.from_bytes(data[at + n : at + n + 2], "big") for n in (5, 7))
            frame = (width, height, marker in _LOSSLESS)
        at += 2 + size
        if marker == _SOS:
            return Jpeg(start, _scan_end(data, at), *frame) if frame else count + 1
    return _MAX_SEGMENTS


def _scan_end(data: bytes, at: int) -> int:
    """Return where the picture ends whose first scan's data start here."""
    while found := _IN_SCAN.search(data, at):
        marker, at = data[found.start() + 1], found.end()
        if marker == _EOI:
            return at
        if marker == _SOI:  # it was cut off, and another begins
            return found.start()
        at += int.from_bytes(data[at : at + 2], "big")
    return len(data)


def jpegs_in(data: bytes, taken: Sequence[tuple[int, int]] = ()) -> Iterator[tuple[Jpeg, bytes]]:
    """Yield each JPEG with its bytes, the first byte restored where a maker changed it.

    Args:
        data: Any bytes.
        taken: Spans (start, stop) in which no JPEG may start, such as the strips of a page.

    Raises:
        LimitExceededError: So many starts lead nowhere that the search was ended.
    """
    spans = iter(sorted(taken))
    span = next(spans, None)
    at = failed = 0
    while found := _JPEG_START.search(data, at):
        start = max(found.start() - 1, 0)
        while span and span[1] <= start:
            span = next(spans, None)
        if span and span[0] <= start:
            at = span[1]
            continue
        at = found.start() + 2
        walked = jpeg_at(data, start) if found.start() else 1
        if isinstance(walked, int):
            failed += walked
            if failed > _MAX_FAILED:
                raise LimitExceededError("too many starts of pictures that are none: the search was ended")
            continue
        at = walked.stop
        yield walked, b"\xff" + data[start + 1 : walked.stop]


def files_in(data: bytes) -> list[tuple[int, int]]:
    """Return the spans of the files that lie one behind the other in bytes, whatever stands between them.

    Kinds whose end cannot be told reach to the end of the bytes.

    Raises:
        LimitExceededError: More than 4,096 files, or too many starts that lead nowhere.
    """
    spans: list[tuple[int, int]] = []
    at = failed = 0
    while found := _FILE_START.search(data, at):
        start = found.start()
        stop = _end(data, start)
        if stop is None:
            at = start + 1
            failed += 1
            if failed > _MAX_FAILED // _MAX_SEGMENTS * 16:
                raise LimitExceededError("too many starts of files that are none: the search was ended")
            continue
        spans.append((start, stop))
        if len(spans) > _MAX_FILES:
            raise LimitExceededError(f"more than {_MAX_FILES} files behind one another")
        at = stop
    return spans


def _end(data: bytes, start: int) -> int | None:
    """Return where the file ends that starts here; None where it is no file after all."""
    if data.startswith(b"\xff\xd8", start):
        walked = jpeg_at(data, start)
        return walked.stop if isinstance(walked, Jpeg) else None
    if data.startswith(_PNG, start):
        return _png_end(data, start)
    if data.startswith(_GIF, start):
        return gif_end(data, start)
    if data.startswith(b"RIFF", start):
        size = 8 + int.from_bytes(data[start + 4 : start + 8], "little")
        return min(start + size + size % 2, len(data))
    if data.startswith(_BOX, start + 4) or data.startswith((b"jP  ", b"JXL "), start + 4):
        return _boxes_end(data, start)
    return len(data)


def _png_end(data: bytes, start: int) -> int:
    at = start + 8
    for _ in range(_MAX_CHUNKS):
        if at + 12 > len(data):
            break
        at, kind = at + 12 + int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if kind == b"IEND":
            return min(at, len(data))
    return len(data)


def _boxes_end(data: bytes, start: int) -> int:
    """Return where boxes end: at the first that has no plausible kind or does not fit."""
    at = start
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if not (kind.isascii() and kind.replace(b" ", b"a").isalnum()) or 0 < size < 8:
            break
        at = at + size if size else len(data)
    return min(max(at, start + 8), len(data))


def gif_end(data: bytes, start: int = 0) -> int:
    """Return where a GIF ends: behind its trailer byte, or at the end when its blocks do not reach it."""
    at = start + 13 + _colour_table(data, start + 10)
    while at < len(data):
        match data[at]:
            case 0x3B:
                return at + 1
            case 0x21:
                at = _skip_blocks(data, at + 2)
            case 0x2C:
                at = _skip_blocks(data, at + 11 + _colour_table(data, at + 9))
            case _:
                break
    return len(data)


def _colour_table(data: bytes, flags_at: int) -> int:
    flags = data[flags_at] if flags_at < len(data) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _skip_blocks(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1


def without(data: bytes, spans: Sequence[tuple[int, int]], start: int = 0) -> bytes:
    """Return what lies from `start` on and in none of the spans."""
    pieces = []
    for first, last in sorted(spans):
        pieces.append(data[start : max(first, start)])
        start = max(start, last)
    return b"".join([*pieces, data[start:]])
