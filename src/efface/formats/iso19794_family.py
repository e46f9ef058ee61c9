"""What the records of ISO/IEC 19794 and their ANSI/INCITS sisters share: magic, length, tolerance.

A record begins with a three-letter identifier and a three-character version, each closed by a zero byte.
The declared length is not always the length: the published sample of ANSI/INCITS 378-2004 is off by two and
devices pad. A walk of the structure decides, and the declared length may differ by TOLERANCE_BYTES.

The parts without a reader of their own (signature, skeleton, vascular, hand, voice, DNA) are recognised here
by magic and length alone, with an exactness of 0.6.

Source: ISO/IEC 19794-1:2011, 12 (identifiers); ISO/IEC 19794-2 to -14, record headers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from efface.errors import FormatError
from efface.formats.cursor import Cursor
from efface.formats.record import Record
from efface.formats.scan import MAX_RECORDS, Data, Signature, scan

__all__ = [
    "HEADER_ONLY_EXACTNESS",
    "MAX_VIEWS",
    "SIGNATURES",
    "TOLERANCE_BYTES",
    "Structure",
    "View",
    "Walk",
    "check_count",
    "check_end",
    "find",
    "image_encoding",
    "magic",
    "read_record",
    "representation_lengths",
    "skip_2011_capture",
    "walk_strictly",
]

TOLERANCE_BYTES = 8
MAX_VIEWS = 1_024
HEADER_ONLY_EXACTNESS = 0.5

_OTHER_PARTS = {
    b"FSP": ("ISO/IEC 19794-3", "fingerprint"),
    b"SDI": ("ISO/IEC 19794-7", "other"),
    b"FSK": ("ISO/IEC 19794-8", "fingerprint"),
    b"VIR": ("ISO/IEC 19794-9", "vein"),
    b"HND": ("ISO/IEC 19794-10", "hand"),
    b"SPD": ("ISO/IEC 19794-11", "other"),
    b"VDI": ("ISO/IEC 19794-13", "voice"),
    b"DNA": ("ISO/IEC 19794-14", "gene"),
}
_IMAGE_PARTS = frozenset({b"VIR", b"HND"})
_ENCODINGS = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\xff\x4f\xff\x51", "jpeg-2000"),
    (b"\x00\x00\x00\x0cjP  ", "jpeg-2000"),
    (b"\x89PNG", "png"),
    (b"\xff\xa0\xff", "wsq"),
    (b"BM", "bmp"),
)


@dataclass(frozen=True, slots=True)
class View:
    """One view or representation inside a record, told without its content.

    Attributes:
        offset: First byte of the picture or of the minutiae, counted from the start of the data parsed.
        size_bytes: Bytes of the picture or of the minutiae.
        position: The standard's code of finger, eye or face image type.
        quality: 0 to 100, or None when the record gives none.
        width, height: Pixels.
        resolution_x, resolution_y: The record's own unit: pixels per centimetre in minutiae records.
        points: How many minutiae or landmarks.
        encoding: How the picture is coded, "minutiae" for templates.
    """

    offset: int
    size_bytes: int
    position: int
    quality: int | None = None
    width: int = 0
    height: int = 0
    resolution_x: int = 0
    resolution_y: int = 0
    points: int = 0
    encoding: str = "raw"


@dataclass(frozen=True, slots=True)
class Structure:
    """A record whose structure was walked from end to end.

    Attributes:
        standard: Standard and year.
        declared_bytes: What the length field says.
        end: Offset of the first byte after the walk.
        kind: "image" or "template".
        views: Every view walked.
        count: How many views the header announces.
    """

    standard: str
    declared_bytes: int
    end: int
    kind: str
    views: tuple[View, ...]
    count: int


Walk = Callable[[Cursor], Structure]


def magic(identifier: bytes, versions: bytes = rb"[ 0-9]\d\d") -> re.Pattern[bytes]:
    """Compile the eight-byte beginning of a record: identifier, version and their zero bytes."""
    return re.compile(identifier + rb"\x00" + versions + rb"\x00")


def check_count(count: int, what: str) -> int:
    """Return the count of views when it is possible, else raise FormatError."""
    if not 1 <= count <= MAX_VIEWS:
        raise FormatError(f"a record with {count} {what} is none")
    return count


def check_end(cursor: Cursor, start: int, declared: int) -> int:
    """Return where the walk ended when the declared length agrees, else raise FormatError."""
    if abs(cursor.position - start - declared) > TOLERANCE_BYTES:
        raise FormatError(f"the walk took {cursor.position - start} bytes, the header says {declared}")
    return cursor.position


def image_encoding(head: bytes) -> str:
    """Name how a picture is coded by its first bytes; "raw" when no coding is recognised."""
    return next((name for prefix, name in _ENCODINGS if head.startswith(prefix)), "raw")


def skip_2011_capture(cursor: Cursor, *, certified: bool) -> int | None:
    """Skip what every representation of the 2011 edition begins with, and return its first quality score.

    Source: ISO/IEC 19794-1:2011, 12: capture date (9), technology (1), vendor (2), device type (2), quality
    blocks (1 + 5 each), certification blocks (1 + 3 each, when the header's flag says so).
    """
    cursor.skip(14)
    scores = [cursor.take(5)[0] for _ in range(cursor.u8())]
    if certified:
        cursor.skip(3 * cursor.u8())
    return next((score for score in scores if score <= 100), None)


def representation_lengths(cursor: Cursor, count: int, minimum: int) -> Iterator[tuple[int, int]]:
    """Yield start and length of each representation that begins with its own four-byte length."""
    for _ in range(count):
        start = cursor.position
        length = cursor.u32()
        if length < minimum:
            raise FormatError(f"a representation of {length} bytes is shorter than its own header")
        yield start, length


def walk_strictly(content: bytes, start: int, walks: Sequence[Walk]) -> Structure:
    """Return the first walk that succeeds, else raise the FormatError of the last."""
    failure = FormatError("no edition of the standard is known for this version")
    for walk in walks:
        try:
            return walk(Cursor(content, start))
        except FormatError as error:
            failure = error
    raise failure


def read_record(
    content: bytes, start: int, modality: str, walks: Sequence[Walk], header: Walk
) -> tuple[Record, ...]:
    """Return the record at `start`: walked, or known by a sound header only.

    Raises:
        FormatError: Neither the structure nor the header is sound.
    """
    try:
        found, exactness = walk_strictly(content, start, walks), 1.0
    except FormatError:
        found, exactness = header(Cursor(content, start)), HEADER_ONLY_EXACTNESS
    declared_end = start + found.declared_bytes
    end = max(found.end, min(declared_end, len(content)))
    notes = [
        ("version", content[start + 4 : start + 7].decode("ascii").strip()),
        ("declared_bytes", str(found.declared_bytes)),
        ("structure", "walked" if exactness == 1.0 else "header only"),
    ]
    if declared_end > len(content) + TOLERANCE_BYTES:
        notes.append(("cut_short", "yes"))
    if found.views:
        notes.append(("encodings", " ".join(sorted({view.encoding for view in found.views}))))
        notes.append(("quality_present", "yes" if any(v.quality is not None for v in found.views) else "no"))
        notes.append(("points", str(sum(view.points for view in found.views))))
    return (
        Record(
            found.standard, start, end - start, modality, found.kind, found.count, exactness, tuple(notes)
        ),
    )


def _read_other_part(content: bytes, start: int) -> tuple[Record, ...]:
    identifier = content[start : start + 3]
    standard, modality = _OTHER_PARTS[identifier]
    declared = Cursor(content, start + 8).u32()
    if not 16 <= declared <= len(content) - start + TOLERANCE_BYTES:
        raise FormatError("the declared length does not fit the data")
    size = min(declared, len(content) - start)
    kind = "image" if identifier in _IMAGE_PARTS else "features"
    notes = (
        ("version", content[start + 4 : start + 7].decode("ascii").strip()),
        ("structure", "header only"),
    )
    return (Record(standard, start, size, modality, kind, 1, 0.6, notes),)


SIGNATURES = tuple(
    Signature(identifier[2:] + b"\x00", (2,), magic(identifier), _read_other_part)
    for identifier in _OTHER_PARTS
)


def find(data: Data, *, limit: int = MAX_RECORDS) -> Iterator[Record]:
    """Yield records of the parts of ISO/IEC 19794 that have no module of their own."""
    return scan(data, SIGNATURES, limit=limit)
