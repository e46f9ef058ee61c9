"""ANSI/NIST-ITL transactions (.an2, .nst, .eft, .ebts) in the traditional encoding.

A transaction is a list of logical records that its Type-1 record announces in field 1.003. One of Type-1 and
Type-2 records only, such as a rejection, holds nothing biometric and is no record for efface. A transaction
of several modalities is reported once for each of them, at the same offset. GA 426-2008 uses the same
separators and logical records.

Not read here: the XML encoding; the content of any field but the record's length and the list in 1.003.

Source: ANSI/NIST-ITL 1-2011 Update 2015: record types, and Annex B, traditional encoding.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.errors import FormatError, LimitExceededError
from efface.formats.cursor import Cursor
from efface.formats.record import Record
from efface.formats.scan import MAX_RECORDS, Data, Signature, scan

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MODALITY_OF_TYPE", "SIGNATURES", "LogicalRecord", "Transaction", "find", "parse", "read"]

MODALITY_OF_TYPE = {
    3: "fingerprint",
    4: "fingerprint",
    5: "fingerprint",
    6: "fingerprint",
    7: "other",
    8: "other",
    9: "fingerprint",
    10: "face",
    11: "voice",
    12: "other",
    13: "fingerprint",
    14: "fingerprint",
    15: "palm",
    16: "other",
    17: "iris",
    18: "gene",
    19: "other",
    20: "other",
    22: "other",
    99: "other",
}
_BINARY_TYPES = range(3, 9)
_FEATURE_TYPES = frozenset({9, 12, 18})
_MAX_LOGICAL_RECORDS = 1_000
_MAX_TYPE_1_BYTES = 65_536
_PATTERN = re.compile(rb"1\.0{0,2}1:(\d{1,7})\x1d1\.0{0,2}2:(\d{4})\x1d")
_LENGTH = re.compile(rb"(\d{1,2})\.0{0,2}1:(\d{1,10})\x1d")
_CONTENTS = re.compile(rb"\x1d1\.0{0,2}3:([^\x1d\x1c]{3,})")


@dataclass(frozen=True, slots=True)
class LogicalRecord:
    """One logical record: its type, its first byte and its length."""

    record_type: int
    offset: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """The outline of a transaction.

    Attributes:
        version: Four digits of field 1.002, such as "0500".
        announced: The record types that field 1.003 lists after the Type-1 record itself.
        records: The logical records that could be walked, the Type-1 record first.
        complete: Whether every announced record was walked.
    """

    version: str
    announced: tuple[int, ...]
    records: tuple[LogicalRecord, ...]
    complete: bool

    @property
    def end(self) -> int:
        """Offset of the first byte after the last record walked."""
        return self.records[-1].offset + self.records[-1].size_bytes


def find(data: Data, *, limit: int = MAX_RECORDS) -> Iterator[Record]:
    """Yield the transactions in the data that hold something biometric, one record for each modality."""
    return scan(data, SIGNATURES, limit=limit)


def parse(data: bytes) -> Transaction:
    """Return the outline of the transaction at the beginning of the data.

    Raises:
        FormatError: The data does not begin with a sound Type-1 record.
        LimitExceededError: It announces more than 1,000 logical records.
    """
    return _parse(data, 0)


def _parse(content: bytes, start: int) -> Transaction:
    head = _PATTERN.match(content, start)
    if not head:
        raise FormatError("a transaction begins with the length and the version of its Type-1 record")
    length = int(head[1])
    if not head.end() - start < length <= min(_MAX_TYPE_1_BYTES, len(content) - start):
        raise FormatError("the Type-1 record is longer than the data or than any real one")
    announced = _announced(content[start : start + length])
    records = [LogicalRecord(1, start, length)]
    position, complete = start + length, True
    for record_type in announced:
        try:
            size = _size(content, position, record_type)
        except FormatError:
            complete = False
            break
        records.append(LogicalRecord(record_type, position, size))
        position += size
    return Transaction(head[2].decode("ascii"), announced, tuple(records), complete)


def _announced(type_1: bytes) -> tuple[int, ...]:
    field = _CONTENTS.search(type_1)
    if not field:
        raise FormatError("the Type-1 record has no list of contents")
    subfields = field[1].split(b"\x1e")
    if len(subfields) > _MAX_LOGICAL_RECORDS:
        raise LimitExceededError(f"the transaction announces more than {_MAX_LOGICAL_RECORDS} records")
    types = []
    for subfield in subfields[1:]:
        digits = subfield.partition(b"\x1f")[0]
        if not re.fullmatch(rb"\d{1,2}", digits):
            raise FormatError("the list of contents names something that is no record type")
        types.append(int(digits))
    return tuple(types)


def _size(content: bytes, position: int, record_type: int) -> int:
    if record_type in _BINARY_TYPES:
        size = Cursor(content, position).u32()
    else:
        match = _LENGTH.match(content, position)
        if not match or int(match[1]) != record_type:
            raise FormatError("an announced record does not begin where the one before it ends")
        size = int(match[2])
    if not 5 <= size <= len(content) - position:
        raise FormatError("a logical record is longer than the data")
    return size


def read(content: bytes, start: int) -> tuple[Record, ...]:
    """Return one record for each modality of the transaction at `start`.

    Raises:
        FormatError: No sound Type-1 record, or nothing biometric is announced.
    """
    outline = _parse(content, start)
    biometric = [number for number in outline.announced if number in MODALITY_OF_TYPE]
    if not biometric:
        raise FormatError("a transaction without a biometric record is none")
    notes = (
        ("version", outline.version),
        ("record_types", " ".join(str(number) for number in (1, *outline.announced))),
        *((("cut_short", "yes"), ("length", "unknown")) if not outline.complete else ()),
    )
    size, exactness = outline.end - start, 1.0 if outline.complete else 0.5
    counts = Counter(MODALITY_OF_TYPE[number] for number in biometric)
    return tuple(
        Record("ANSI/NIST-ITL", start, size, modality, _kind(modality, biometric), count, exactness, notes)
        for modality, count in counts.items()
    )


def _kind(modality: str, biometric: list[int]) -> str:
    types = {number for number in biometric if MODALITY_OF_TYPE[number] == modality}
    if types <= _FEATURE_TYPES:
        return "template" if types == {9} else "features"
    return "container" if types & _FEATURE_TYPES else "image"


SIGNATURES = (Signature(b"\x1d1", tuple(range(5, 15)), _PATTERN, read),)
