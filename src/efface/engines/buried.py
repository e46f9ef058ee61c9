"""Find files that lie anywhere in bytes of another kind, or of none, by more than their signature.

Programs, caches, memory images and lists of strings are full of signatures by chance: a start counts only where
the structure behind it holds as well.

Source: ITU-T T.81 B.1.1; PNG third edition, 5.6; GIF89a, 18 to 20; RIFF (WebP container); ISO/IEC 14496-12, 4.3;
PKWARE APPNOTE 4.3.7 and 4.3.16; 7zFormat.txt ("Start Header"); ISO 32000-2, 7.5; [MS-CFB] 2.2; SQLite's file
format, 1.3.
"""

from __future__ import annotations

import binascii
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from efface.engines.carving import Jpeg, gif_end, jpeg_at
from efface.errors import LimitExceededError
from efface.formats import sniff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    _Kind = tuple[bytes, int, Callable[[bytes, int], int | None]]

__all__ = ["buried", "name_of"]

_MAX_FILES = 4_096
_MAX_STARTS = 50_000  # signatures that led nowhere
_MIN_SIDE_PX = 8
_MIN_BYTES = 100
_MAX_CHUNKS = 1_000_000
_LATER = 64  # ends of archives that are tried for one start

_JPEG, _PNG, _ZIP = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"PK\x03\x04"
_BRANDS = re.compile(
    rb"(?:hei[cxms]|hev[cxms]|avi[fs]|mif[12]|msf1|miaf|isom|iso[2-9]|mp4[12]|avc1|qt  |M4[AV] |3g[p2].)"
)
_NEXT_BOX = re.compile(rb"moov|mdat|free|skip|wide|meta|uuid|moof|styp|sidx|pdin")
_ZIP_METHODS = frozenset({0, 8, 9, 12, 14, 93, 95, 98, 99})
_OBJECT = re.compile(rb"\d+ \d+ obj\b")


def buried(data: bytes, *, text: bool = False) -> list[tuple[int, int]]:
    """Return the spans of the files in some bytes, in their order; what lies inside another is left to that one.

    Args:
        data: Any bytes.
        text: Whether they begin as text: then only pictures and ZIP archives are looked for.

    Raises:
        LimitExceededError: More than 4,096 files, or too many starts that lead nowhere.

    Not promised: compressed, encrypted or scattered files; bare bitmaps; recordings without a container.
    """
    found: list[tuple[int, int]] = []
    failed = 0
    behind: dict[bytes, int] = {}  # where the last file of a kind ends
    for at, (signature, back, end_of) in _starts(data, _KINDS[:3] if text else _KINDS):
        if at < behind.get(signature, 0):
            continue
        stop = end_of(data, at - back) if at >= back else None
        if stop is None:
            failed += 1
            if failed > _MAX_STARTS:
                raise LimitExceededError("too many starts of files that are none: the search was ended")
            continue
        behind[signature] = stop
        found.append((at - back, stop))
        if len(found) > _MAX_FILES:
            raise LimitExceededError(f"more than {_MAX_FILES} files in bytes of no known kind")
    outer: list[tuple[int, int]] = []
    for start, stop in sorted(found):
        if not outer or start >= outer[-1][1]:
            outer.append((start, stop))
    return outer


def _starts(data: bytes, kinds: Sequence[_Kind]) -> Iterator[tuple[int, _Kind]]:
    """Yield where signatures lie, in order, with their kinds."""
    # A single byte is looked for at next to no cost, and texts hold none of these.
    wanted = {kind[0]: kind for kind in kinds if kind[0][-1:] in data}
    if not wanted:
        return
    any_of = _any_of(tuple(wanted))
    found = any_of.search(data)
    while found:
        yield found.start(), wanted[found[0]]
        found = any_of.search(data, found.start() + 1)


@lru_cache(maxsize=64)
def _any_of(signatures: tuple[bytes, ...]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(map(re.escape, signatures)))


def name_of(number: int, content: bytes) -> str:
    """Return the name that a file found in other bytes gets: its number from 1, and its kind."""
    kind = sniff.media_type(content[: sniff.HEAD_BYTES]).rpartition("/")[2]
    return f"buried-{number}.{kind.removeprefix('vnd.').removeprefix('x-')}"


def _jpeg(data: bytes, start: int) -> int | None:
    walked = jpeg_at(data, start)
    if not isinstance(walked, Jpeg) or walked.lossless or walked.stop - start < _MIN_BYTES:
        return None
    return walked.stop if walked.width_px >= _MIN_SIDE_PX else None


def _png(data: bytes, start: int) -> int | None:
    at = start + 8
    for _ in range(_MAX_CHUNKS):
        if at + 12 > len(data):
            return len(data)
        at, kind = at + 12 + int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if kind == b"IEND":
            return min(at, len(data))
    return None


def _gif(data: bytes, start: int) -> int | None:
    if data[start + 4 : start + 6] not in {b"7a", b"9a"} or start + 13 > len(data):
        return None
    width, height = (int.from_bytes(data[start + at : start + at + 2], "little") for at in (6, 8))
    if not (_MIN_SIDE_PX <= width <= 16_384 and _MIN_SIDE_PX <= height <= 16_384):
        return None
    flags = data[start + 10]
    first = start + 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    if data[first : first + 1] not in {b"\x21", b"\x2c"}:
        return None
    stop = gif_end(data, start)
    return stop if stop - start >= _MIN_BYTES else None


def _webp(data: bytes, start: int) -> int | None:
    size = 8 + int.from_bytes(data[start + 4 : start + 8], "little")
    is_riff = data.startswith(b"RIFF", start) and size >= _MIN_BYTES
    return min(start + size, len(data)) if is_riff else None


def _film(data: bytes, start: int) -> int | None:
    """Tell HEIF, AVIF and MPEG-4 files by their brand and by the box behind it."""
    size = int.from_bytes(data[start : start + 4], "big")
    if not 16 <= size <= 256 or not _BRANDS.match(data, start + 8):
        return None
    if not _NEXT_BOX.match(data, start + size + 4):
        return None
    at = start
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if not kind.replace(b" ", b"a").isalnum() or 0 < size < 8:
            break
        at = at + size if size else len(data)
    return min(at, len(data))


def _zip(data: bytes, start: int) -> int | None:
    header = data[start : start + 30]
    if len(header) < 30 or header[4] > 63 or int.from_bytes(header[8:10], "little") not in _ZIP_METHODS:
        return None
    if not 0 < int.from_bytes(header[26:28], "little") <= 4096:
        return None
    last, at = None, start
    for _ in range(_LATER):
        at = data.find(b"PK\x05\x06", at + 4)
        if at < 0 or at + 22 > len(data):
            break
        size, offset, comment = (
            int.from_bytes(data[at + n : at + n + width], "little")
            for n, width in ((12, 4), (16, 4), (20, 2))
        )
        last = at + 22 + comment
        if at - start == size + offset or at == size + offset:
            break
    return None if last is None else min(last, len(data))


def _pdf(data: bytes, start: int) -> int | None:
    if not _OBJECT.search(data, start, start + 2048):
        return None
    following = data.find(b"%PDF-1.", start + 8)
    end = data.rfind(b"%%EOF", start, following if following >= 0 else len(data))
    return end + 5 if end >= 0 else None


def _seven_zip(data: bytes, start: int) -> int | None:
    head = data[start : start + 32]
    is_sound = len(head) == 32 and binascii.crc32(head[12:]) == int.from_bytes(head[8:12], "little")
    if not is_sound:
        return None
    return min(start + 32 + sum(int.from_bytes(head[at : at + 8], "little") for at in (12, 20)), len(data))


def _rar(data: bytes, start: int) -> int | None:
    is_four = data[start + 6 : start + 7] == b"\0" and data[start + 9 : start + 10] == b"\x73"
    is_five = data[start + 6 : start + 8] == b"\1\0" and data[start + 13 : start + 14] in {b"\1", b"\4"}
    return len(data) if is_four or is_five else None


def _compound(data: bytes, start: int) -> int | None:
    is_sound = data[start + 28 : start + 30] == b"\xfe\xff" and data[start + 30 : start + 32] in {
        b"\x09\0",
        b"\x0c\0",
    }
    return len(data) if is_sound else None


def _sqlite(data: bytes, start: int) -> int | None:
    page = int.from_bytes(data[start + 16 : start + 18], "big") or 1
    page = 65_536 if page == 1 else page
    if data[start + 21 : start + 24] != b"\x40\x20\x20" or page < 512 or page & page - 1:
        return None
    pages = int.from_bytes(data[start + 28 : start + 32], "big")
    return min(start + page * pages, len(data)) if pages else len(data)


_KINDS: tuple[_Kind, ...] = (
    (_JPEG, 0, _jpeg),
    (_PNG, 0, _png),
    (_ZIP, 0, _zip),
    (b"GIF8", 0, _gif),
    (b"WEBPVP8", 8, _webp),
    (b"ftyp", 4, _film),
    (b"%PDF-1.", 0, _pdf),
    (b"7z\xbc\xaf\x27\x1c\0", 0, _seven_zip),
    (b"Rar!\x1a\x07", 0, _rar),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, _compound),
    (b"SQLite format 3\0", 0, _sqlite),
)
"""Signature, bytes before it that belong to the file, and what tells where the file ends or that it is none."""
