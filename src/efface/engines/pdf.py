"""Everything in a PDF file: its last state, its earlier revisions, and what stands around and between them.

Source: ISO 32000-2, 7.5 (file structure).
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from efface.engines import pdf_file
from efface.engines.carving import files_in, jpegs_in
from efface.engines.pdf_parts import PdfPart, Walk
from efface.errors import EncryptedError, FormatError, LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from efface.model.limits import Limits

__all__ = ["PdfPart", "parts", "parts_of_large"]

_PADDING = b"\0 \t\r\n"
_MIN_OUTSIDE = 32  # bytes; less holds no picture
_MAX_LOST = 1_000


def parts(data: bytes, limits: Limits, passwords: Callable[[], Sequence[str]] = tuple) -> Iterator[PdfPart]:
    """Yield the parts of a PDF, each once: those of its last state first.

    Args:
        data: The whole file.
        limits: Budgets.
        passwords: Returns what is tried where the empty password does not open it.

    Raises:
        EncryptedError: No password opens it.
        FormatError: It is no PDF that can be read.
        LimitExceededError: A budget of the file is spent.
    """
    start, end = pdf_file.start_of(data), pdf_file.end_of(data)
    walk = Walk(limits)
    body = data[start:end] if start or end < len(data) else data
    yield from _outside(data[:start], "before")
    yield from _outside(data[end:], "behind")
    known: list[str] = []
    try:
        with pdf_file.opened(body, passwords) as opened:
            known = [opened.password] if opened.password else []
            yield from walk.document(opened, body)
    except (EncryptedError, LimitExceededError):
        raise
    except FormatError as error:
        with pdf_file.opened(pdf_file.rescued(body)) as opened:
            yield from walk.document(opened, None)
        yield PdfPart("damaged", FormatError(f"{error}; what could be found in it was looked at"))
    ends = pdf_file.revision_ends(body)
    for number, cut in zip(range(len(ends), 0, -1), ends[: pdf_file.MAX_REVISIONS], strict=False):
        yield from _revision(walk, body[:cut], known, f"revision-{number}/")
    if len(ends) > pdf_file.MAX_REVISIONS:
        detail = f"more than {pdf_file.MAX_REVISIONS} revisions: the oldest were not looked at"
        yield PdfPart("revision-1", LimitExceededError(detail))
    yield from _lost(body, walk.offsets)


def parts_of_large(
    stream: BinaryIO, limits: Limits, passwords: Callable[[], Sequence[str]] = tuple
) -> Iterator[PdfPart]:
    """Yield the parts of the last state of a PDF that is too large to be read as a whole.

    Args:
        stream: Seekable reader.
        limits: Budgets.
        passwords: Returns what is tried where the empty password does not open it.

    Raises:
        FormatError: As `parts`.
    """
    with pdf_file.opened(stream, passwords) as opened:
        yield from Walk(limits).document(opened, None)
    detail = f"more than artefact_bytes = {limits.artefact_bytes}: earlier revisions were not looked at"
    yield PdfPart("revision-1", LimitExceededError(detail))


def _revision(walk: Walk, data: bytes, known: Sequence[str], prefix: str) -> Iterator[PdfPart]:
    try:
        with pdf_file.opened(data, lambda: known) as opened:
            yield from walk.document(opened, None, prefix)
    except LimitExceededError:
        raise
    except FormatError as error:
        yield PdfPart(prefix.rstrip("/"), error)


def _outside(data: bytes, where: str) -> Iterator[PdfPart]:
    """Yield what stands before the header or behind the end, and the files in it."""
    content = data.strip(_PADDING)
    if len(content) < _MIN_OUTSIDE:
        return
    spans = files_in(data)
    if not spans:
        yield PdfPart(where, data)
    for number, (first, last) in enumerate(spans, 1):
        yield PdfPart(f"{where}-{number}", data[first:last])


def _lost(data: bytes, offsets: set[int]) -> Iterator[PdfPart]:
    """Yield the JPEG files that lie between the objects of all revisions."""
    taken = [span for at in sorted(offsets) if (span := _stream_span(data, at))]
    try:
        for number, (_, found) in enumerate(islice(jpegs_in(data, taken), _MAX_LOST), 1):
            yield PdfPart(f"lost-{number}.jpg", found)
            if number == _MAX_LOST:
                yield PdfPart("lost", LimitExceededError(f"{_MAX_LOST} pictures or more between the objects"))
    except LimitExceededError as error:
        yield PdfPart("lost", error)


def _stream_span(data: bytes, at: int) -> tuple[int, int] | None:
    """Return where the data of the stream object lie that begins here, by its end marker."""
    if not 0 <= at < len(data):
        return None
    start = data.find(b"stream", at, at + 65_536)
    stop = data.find(b"endobj", at, at + 65_536)
    if start < 0 or 0 <= stop < start:
        return None
    end = data.find(b"endstream", start)
    return start, len(data) if end < 0 else end
