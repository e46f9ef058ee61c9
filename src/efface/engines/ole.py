"""Take everything out of an OLE compound file that may show a person, whatever program wrote it.

Word, Excel, PowerPoint and their kin (WPS, Hangul), Outlook messages and the thumbnail caches of folders are
all compound files. Every stream of every storage is looked at by its own rules, so that an object that is
embedded as a storage gives what it would give as a file.

Source: [MS-CFB] 2 (structures); [MS-OXMSG] 2.2 (storages and streams of messages); the modules of
`formats` for the streams.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

from efface.engines import ole_names
from efface.engines.carving import jpegs_in
from efface.errors import EncryptedError, FormatError, LimitExceededError
from efface.formats import office_art, office_records, ole_values
from efface.formats.embedded import is_worth_opening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from efface.model.limits import Limits

__all__ = ["OlePart", "parts"]

_FREE, _RUN_SECTORS = 0xFFFFFFFF, 4
_HEAD = 4096
_MAX_INFLATED = 128 << 20
_MIN_TEXT = 64
_WRONG = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    struct.error,
    RecursionError,
)


@dataclass(frozen=True, slots=True)
class OlePart:
    """Something inside a compound file.

    Attributes:
        name: Where it lies there, unique in the file.
        data: Its bytes, or the error that kept them from being read.
        file_name: The name that an attached or packaged file was given.
    """

    name: str
    data: bytes | FormatError = field(repr=False)
    file_name: str = ""


def parts(stream: BinaryIO, limits: Limits) -> Iterator[OlePart]:
    """Yield the parts of a compound file, each once.

    Args:
        stream: Seekable reader.
        limits: Budgets.

    Raises:
        EncryptedError: The whole document is encrypted.
        FormatError: It is no compound file that can be read.
        LimitExceededError: A budget of the file is spent.
    """
    import olefile  # noqa: PLC0415

    try:
        document = olefile.OleFileIO(stream)
        paths = document.listdir()
    except _WRONG as error:
        raise FormatError(f"the compound file: broken or cut off ({type(error).__name__})") from None
    try:
        yield from _Walk(document, limits).parts(paths)
    finally:
        document.close()


_TANGLED = "referenced more than once"  # olefile's word for an entry that is met again


class _Walk:
    def __init__(self, document: Any, limits: Limits) -> None:  # noqa: ANN401 - an untyped library
        self._document = document
        self._limits = limits
        self._left = limits.unpacked_bytes
        self._seen: set[bytes] = set()
        self._names: dict[str, int] = {}
        self._rules: dict[str, Callable[[str, bytes], Iterator[OlePart]]] = {
            "workbook": _workbook, "book": _workbook, "powerpoint document": _slides, "worddocument": _word,
            "current user": _user, "\1ole10native": _native, "\5summaryinformation": _summary,
            "__substg1.0_10090102": _packed_body,
        }  # fmt: skip

    def parts(self, paths: list[list[str]]) -> Iterator[OlePart]:
        if len(paths) > self._limits.entries:
            raise LimitExceededError(
                f"the compound file has more than entries = {self._limits.entries} streams"
            )
        roots = {path[0].lower() for path in paths}
        if "encryptedpackage" in roots:
            raise EncryptedError("an Office document that is encrypted with a password")
        labels = ole_names.Labels(self._document, paths)
        for path in paths:
            place = labels.place(path)
            data = self._data(path)
            if isinstance(data, FormatError):
                yield self._counted(OlePart(place, data))
                continue
            for part in self._stream(path, place, data, labels):
                if isinstance(part.data, FormatError) or self._is_new(part.data):
                    yield self._counted(part)
        for number, data in enumerate(self._lost(), 1):
            if self._is_new(data):
                yield self._counted(OlePart(f"lost-{number}.jpg", data))
        if any(_TANGLED in str(issue).lower() for _, issue in self._document.parsing_issues):
            raise FormatError("the compound file's directory leads in circles: streams may be missing")

    def _stream(
        self, path: list[str], place: str, data: bytes, labels: ole_names.Labels
    ) -> Iterator[OlePart]:
        file_name = labels.file_name(path)
        if file_name is not None:
            yield OlePart(place, data, file_name)
            return
        text = labels.text(path, data)
        if text is not None:
            if len(text) >= _MIN_TEXT:
                yield OlePart(place, text)
            return
        rule = self._rules.get(path[-1].lower())
        yield from rule(place, data) if rule else _any(place, data)

    def _data(self, path: list[str]) -> bytes | FormatError:
        try:
            size = self._document.get_size(path)
            if size > self._limits.artefact_bytes:
                return LimitExceededError(
                    f"a stream of more than artefact_bytes = {self._limits.artefact_bytes}"
                )
            data: bytes = self._document.openstream(path).read()
        except _WRONG as error:
            return FormatError(f"a stream of the compound file: broken or cut off ({type(error).__name__})")
        return data

    def _lost(self) -> Iterator[bytes]:
        """Yield the JPEG files in sectors that nothing uses any more: what was deleted stays there."""
        size, table = self._document.sector_size, self._document.fat
        try:
            for start, stop in _runs(table):
                self._document.fp.seek((start + 1) * size)
                data = self._document.fp.read(min((stop - start) * size, self._limits.artefact_bytes))
                yield from (found for _, found in jpegs_in(data))
        except (LimitExceededError, *_WRONG):
            return

    def _counted(self, part: OlePart) -> OlePart:
        self._left -= len(part.data) if isinstance(part.data, bytes) else 0
        if self._left < 0:
            raise LimitExceededError("the compound file unpacks to more than unpacked_bytes allows")
        count = self._names[part.name] = self._names.get(part.name, 0) + 1
        if count == 1:
            return part
        stem, dot, suffix = part.name.rpartition(".")
        name = f"{stem};{count}{dot}{suffix}" if dot else f"{part.name};{count}"
        return OlePart(name, part.data, part.file_name)

    def _is_new(self, data: bytes) -> bool:
        digest = hashlib.sha256(data).digest()
        if not data or digest in self._seen:
            return False
        self._seen.add(digest)
        return True


def _runs(table: Any) -> Iterator[tuple[int, int]]:  # noqa: ANN401 - an array of numbers
    start = None
    for number, value in enumerate(table):
        if value == _FREE:
            start = number if start is None else start
        elif start is not None:
            if number - start >= _RUN_SECTORS:
                yield start, number
            start = None
    if start is not None and len(table) - start >= _RUN_SECTORS:
        yield start, len(table)


def _pictures(place: str, data: bytes) -> Iterator[OlePart]:
    for number, (kind, picture) in enumerate(office_art.pictures(data), 1):
        yield OlePart(f"{place}-picture-{number}.{kind}", picture)


def _any(place: str, data: bytes) -> Iterator[OlePart]:
    """Yield a stream that is a file, else the pictures in it by their records, else by their own structure."""
    if is_worth_opening(data[:_HEAD]):
        yield OlePart(place, data)
        return
    inflated = _inflated(data)
    if inflated and is_worth_opening(inflated[:_HEAD]):
        yield OlePart(place, inflated)
        return
    found = False
    for part in _pictures(place, data):
        found = True
        yield part
    if not found:
        try:
            for number, (_, picture) in enumerate(jpegs_in(data), 1):
                yield OlePart(f"{place}-{number}.jpg", picture)
        except LimitExceededError as error:
            yield OlePart(place, error)
        start = data.find(b"\x89PNG\r\n\x1a\n", 1, 64)
        if start > 0:
            yield OlePart(f"{place}.png", data[start:])


def _inflated(data: bytes) -> bytes:
    """Return what was deflated without a header, as Hangul documents keep pictures."""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, _MAX_INFLATED)
    except zlib.error:
        return b""


def _workbook(place: str, data: bytes) -> Iterator[OlePart]:
    if office_records.is_encrypted_excel(data):
        yield OlePart(place, EncryptedError("a workbook that is encrypted with a password"))
        return
    group, bitmaps = office_records.workbook_pictures(data)
    yield from _pictures(place, group)
    for number, bitmap in enumerate(bitmaps, 1):
        yield OlePart(f"{place}-bitmap-{number}.bmp", bitmap)


def _slides(place: str, data: bytes) -> Iterator[OlePart]:
    for number, found in enumerate(office_records.storages_in_slides(data), 1):
        yield OlePart(f"{place}-object-{number}", found)
    yield from _pictures(place, data)


def _word(place: str, data: bytes) -> Iterator[OlePart]:
    if office_records.is_encrypted_word(data):
        yield OlePart(place, EncryptedError("a Word document that is encrypted with a password"))
        return
    yield from _any(place, data)


def _user(place: str, data: bytes) -> Iterator[OlePart]:
    """Yield a gap where the presentation's pictures are encrypted ([MS-PPT] 2.3.2, headerToken)."""
    if data[12:16] == b"\xdf\xc4\xd1\xf3":
        yield OlePart(place, EncryptedError("a presentation that is encrypted with a password"))


def _native(place: str, data: bytes) -> Iterator[OlePart]:
    name, content = ole_values.native_object(data)
    yield OlePart(f"{place}-{name}" if name else place, content, name)


def _summary(place: str, data: bytes) -> Iterator[OlePart]:
    thumbnail = ole_values.property_thumbnail(data)
    if thumbnail:
        yield OlePart(f"{place}-thumbnail", thumbnail)


def _packed_body(place: str, data: bytes) -> Iterator[OlePart]:
    yield OlePart(place, ole_values.unpacked_rtf(data))
