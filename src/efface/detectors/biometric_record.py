"""Find biometric records of standards and vendors in any file, and in the values of any column.

Sources: ISO/IEC 19794, ANSI/INCITS 378 and 381, ANSI/NIST-ITL, ICAO Doc 9303 and the vendors' formats that
`efface.formats.records` reads; ISO/IEC 2382-37 for the words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from efface.detectors import vocabulary
from efface.detectors.level import level_of
from efface.detectors.not_vectors import not_vectors
from efface.errors import FormatError, LimitExceededError
from efface.formats import encoded, npy
from efface.formats.records import find_all
from efface.formats.text_values import TEXT_TYPES
from efface.formats.unwrap import unwrap
from efface.model import Characteristic, Clue, Finding, Form, Gap, GapReason, Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from efface.formats.record import Record
    from efface.model import Artefact, Column, Limits, Locator, Payload, Surroundings

__all__ = ["BiometricRecord"]

_RECORDS = 10_000  # of one file
_RECORDS_OF_A_CELL = 64
_MIN_CELL = 24  # characters; the smallest record header in text
_SURE = 0.5  # a record whose header alone is sound; below it the name of the field must agree
_FAST_CELLS = 200
_ARRAY = "application/x-npy"
_FORMS = {
    "image": Form.SAMPLE,
    "template": Form.TEMPLATE,
    "features": Form.FEATURES,
    "container": Form.SAMPLE,
}
_UNPACKED = frozenset(
    {
        "application/zip", "application/x-tar", "application/gzip", "application/x-bzip2", "application/x-xz",
        "application/zstd", "application/x-7z-compressed", "application/vnd.rar", "application/vnd.sqlite3",
        "application/x-lz4", "application/x-lzip", "application/x-lzma", "application/x-compress",
        "application/x-cpio", "application/x-archive", "application/x-iso9660-image", "application/zlib",
        "application/vnd.ms-cab-compressed", "application/vnd.debian.binary-package", "application/x-rpm",
        "application/x-xar", "application/x-empty", "application/vnd.apache.parquet", "application/vnd.apache.orc",
        "application/vnd.apache.arrow.file", "application/vnd.apache.arrow.stream", "application/vnd.apache.avro",
        "application/bson", "application/x-hdf5", "application/x-safetensors", "application/x-pgdump",
        "application/vnd.faiss", "application/x-hnswlib", "application/x-hnswlib-level0",
    }
)  # fmt: skip


class BiometricRecord:
    """Walks the structure of records; their content is never read.

    Confidence is 0.25 + 0.74 x exactness: 0.99 where the whole structure was walked, 0.62 where only the
    header is sound. A weaker test counts only under a name that agrees with it.

    Not promised: records that are encrypted, or that have no signature, such as the card formats of
    ISO/IEC 19794-2.
    """

    name = "biometric-record"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether it looks at the bytes: of archives, databases and texts the parts come alone."""
        return not (media_type.startswith("text/") or media_type in TEXT_TYPES or media_type in _UNPACKED)

    def detect(
        self, artefact: Artefact, payload: Payload, surroundings: Surroundings, mode: Mode, limits: Limits
    ) -> Iterator[Finding | Gap]:
        """Yield one finding for each record.

        Raises:
            LimitExceededError: The file is larger than the limits allow, or imitates records.
        """
        del mode, limits
        if artefact.media_type == _ARRAY and _is_of_floats(payload.head(npy.HEAD_BYTES)):
            return
        count = 0
        for record in find_all(payload.read(), limit=_RECORDS):
            count += 1
            if _counts(record, surroundings):
                where = (
                    artefact.locator if record.offset == 0 else artefact.locator.at(f"offset={record.offset}")
                )
                yield self._finding(where, surroundings, _Pile([record], _subjects(record)))
        if count >= _RECORDS:
            detail = f"more than {_RECORDS} records: the rest was not looked at"
            yield Gap(artefact.locator, "detect", GapReason.OVER_LIMIT, detail)

    def detect_column(self, column: Column, mode: Mode, limits: Limits) -> Iterator[Finding | Gap]:
        """Yield one finding for each form of each characteristic whose records the column holds."""
        most = _FAST_CELLS if mode is Mode.FAST else limits.cells
        piles: dict[tuple[Form, Characteristic], _Pile] = {}
        imitations = False
        for tested, cell in enumerate(not_vectors(column.cells()), start=1):
            if tested > most:
                break
            try:
                records = list(_in_cell(cell))
            except LimitExceededError:
                imitations = True
                continue
            for record in records:
                if _counts(record, column.surroundings):
                    piles.setdefault((_form(record), _characteristic(record)), _Pile()).add(record)
        for pile in piles.values():
            yield self._finding(column.locator, column.surroundings, pile)
        if imitations:
            detail = "values imitate the beginnings of records: they were not looked at"
            yield Gap(column.locator, "detect", GapReason.OVER_LIMIT, detail)

    def _finding(self, where: Locator, surroundings: Surroundings, pile: _Pile) -> Finding:
        best = max(pile.kept, key=lambda record: record.exactness)
        form, characteristic = _form(best), _characteristic(best)
        level, why = level_of(surroundings, form=form)
        standards = sorted({record.standard for record in pile.kept})
        clues = (
            Clue("standard", ", ".join(standards[:4]), best.exactness),
            Clue("kind", best.kind),
            Clue("bytes", str(best.size_bytes)),
            Clue("records", str(pile.count)),
            *why,
        )
        confidence = round(min(0.99, 0.25 + 0.74 * best.exactness), 2)
        name = f"{self.name}@{self.version}"
        return Finding(name, form, characteristic, where, confidence, max(pile.count, 1), level, clues)


@dataclass(slots=True)
class _Pile:
    kept: list[Record] = field(default_factory=list)
    count: int = 0

    def add(self, record: Record) -> None:
        self.count += 1
        if all(
            record.standard != other.standard or record.exactness > other.exactness for other in self.kept
        ):
            self.kept.append(record)


def _is_of_floats(head: bytes) -> bool:
    """Return whether an array holds numbers with a point, which no record is made of."""
    try:
        return npy.header(head).dtype[1] == "f"
    except FormatError:
        return False


def _form(record: Record) -> Form:
    return _FORMS[record.kind]


def _characteristic(record: Record) -> Characteristic:
    known = record.modality in set(Characteristic)
    return Characteristic(record.modality) if known else Characteristic.OTHER


def _subjects(record: Record) -> int:
    """A record is of one person, unless it says of how many it is."""
    return int(dict(record.notes).get("subjects", "1"))


def _counts(record: Record, surroundings: Surroundings) -> bool:
    if record.exactness >= _SURE:
        return True
    kinds = ("template", "sample", "registry", "store", "mention")
    characteristic = _characteristic(record)
    return vocabulary.best(surroundings.names[:3], *kinds, characteristic=characteristic) is not None


def _in_cell(cell: bytes | str) -> Iterable[Record]:
    if len(cell) < _MIN_CELL:
        return
    found = False
    raw = b""
    for inner in unwrap(cell):
        raw = raw or inner.data
        for record in find_all(inner.data, limit=_RECORDS_OF_A_CELL):
            found = True
            yield record
        if found:
            return
    yield from encoded.find(raw, limit=_RECORDS_OF_A_CELL)
