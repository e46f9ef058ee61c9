"""Open a PDF file, and the earlier revisions that its incremental updates leave in it.

Source: ISO 32000-2, 7.5.2 (header), 7.5.5 and 7.5.6 (trailer, incremental updates), 7.6 (encryption),
annex F (linearized files).
"""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from efface.engines.pdf_objects import guarded, library
from efface.errors import EncryptedError, FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = [
    "MAX_REVISIONS",
    "Opened",
    "end_of",
    "is_signed",
    "offsets",
    "opened",
    "rescued",
    "revision_ends",
    "start_of",
]

MAX_REVISIONS = 64
_HEADER = b"%PDF-"
_SIGNED = b"/ByteRange"
_CHUNK = 1 << 20
_HEADER_WITHIN = 1024  # bytes before the header that readers accept
_ENDING = re.compile(rb"startxref\s+(\d{1,12})\s+%%EOF")
_OBJECT = re.compile(rb"(?:\A|[\s>])(\d{1,7})\s+\d{1,5}\s+obj\b")
_TABLE = re.compile(rb"\s*(?:xref\b|\d+\s+\d+\s+obj\b)")


@dataclass(frozen=True, slots=True)
class Opened:
    """An open PDF.

    Attributes:
        pdf: The pikepdf object.
        password: What opened it; empty for none.
    """

    pdf: Any
    password: str


def rescued(data: bytes) -> bytes:
    """Return a damaged PDF with a catalogue of its own behind it, so that repair keeps every whole object.

    Raises:
        FormatError: It holds no object, or is encrypted.
    """
    if b"/Encrypt" in data:
        raise EncryptedError("encrypted and damaged")
    if not _OBJECT.search(data):
        raise FormatError("the PDF: no object in it")
    top = max(min(int(match[1]), 1 << 22) for match in _OBJECT.finditer(data)) + 1
    catalogue = b"%d 0 obj<</Type/Catalog/Pages %d 0 R>>endobj" % (top, top + 1)
    pages = b"%d 0 obj<</Type/Pages/Kids[%d 0 R]/Count 1>>endobj" % (top + 1, top + 2)
    page = b"%d 0 obj<</Type/Page/Parent %d 0 R/MediaBox[0 0 9 9]>>endobj" % (top + 2, top + 1)
    trailer = b"trailer<</Root %d 0 R/Size %d>>\nstartxref\n0\n%%%%EOF\n" % (top, top + 3)
    return b"\n".join((data, catalogue, pages, page, trailer))


@contextmanager
def opened(source: bytes | BinaryIO, passwords: Callable[[], Sequence[str]] = tuple) -> Iterator[Opened]:
    """Open a PDF with the empty password, else with the first that fits; they are asked for only then.

    Raises:
        EncryptedError: No password fits.
        FormatError: It is no PDF that can be read, even with repair.
    """
    pikepdf = library()
    detail = "encrypted; no password was given"
    for password in _one_by_one(passwords):
        if password:
            detail = "encrypted, and no password that was given opens it"
        stream = io.BytesIO(source) if isinstance(source, bytes) else source
        stream.seek(0)
        try:
            with guarded("the PDF"):
                pdf = pikepdf.open(stream, password=password, inherit_page_attributes=False)
        except EncryptedError:
            continue
        with pdf:
            yield Opened(pdf, password)
        return
    raise EncryptedError(detail)


def _one_by_one(passwords: Callable[[], Sequence[str]]) -> Iterator[str]:
    yield ""
    yield from passwords()


def offsets(pdf: Any) -> dict[tuple[int, int], int]:  # noqa: ANN401 - a pikepdf object
    """Return where each object that is not in an object stream begins."""
    with guarded("the PDF's table of objects"):
        return {key: entry.offset for key, entry in pdf.get_xref_table().items() if entry.type == 1}


def is_signed(stream: BinaryIO) -> bool:
    """Return whether a file names the bytes that a signature in it covers."""
    tail = b""
    while chunk := stream.read(_CHUNK):
        if _SIGNED in tail + chunk:
            return True
        tail = chunk[-len(_SIGNED) :]
    return False


def start_of(data: bytes) -> int:
    """Return where the header begins; 0 when there is none."""
    return max(data.find(_HEADER, 0, _HEADER_WITHIN + len(_HEADER)), 0)


def end_of(data: bytes) -> int:
    """Return where the last end marker ends, its line break included; the length when there is none."""
    at = data.rfind(b"%%EOF")
    if at < 0:
        return len(data)
    at += len(b"%%EOF")
    while at < len(data) and data[at] in b"\r\n":
        at += 1
    return at


def revision_ends(data: bytes) -> list[int]:
    """Return where the revisions before the last one end, the newest first.

    The first section of a linearized file points forward, and is none.

    Args:
        data: The file from its header on.
    """
    found = []
    for match in _ENDING.finditer(data):
        where = int(match[1])
        if where < match.start() and _TABLE.match(data, where):
            found.append(match.end())
    return found[-2::-1]
