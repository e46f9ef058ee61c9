"""Read a payload as the parts of a submission: tables, documents of fields, forms of web pages, archives of these.

Whatever is not read here is still looked at by the detectors; only its fields are not known by name.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from efface.engines import archive_reading
from efface.errors import FormatError, LimitExceededError
from efface.formats import mime, sniff, xlsx_cells
from efface.formats.text_types import decoded
from efface.guard import entries
from efface.guard.entries import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from efface.model import Limits

__all__ = ["Piece", "as_message", "read"]

_JSON = frozenset({"application/json", "application/x-ndjson"})
_TABLES = frozenset({"text/csv", "text/tab-separated-values"})
_ZIP, _MESSAGE, _COMPOUND = "application/zip", "message/rfc822", "application/x-ole-storage"
_OLD_SHEETS = re.compile(
    rb"W\0o\0r\0k\0b\0o\0o\0k\0\0\0|\0B\0o\0o\0k\0\0\0", re.IGNORECASE
)  # of Excel 97, of Excel 5
_MULTIPART = re.compile(rb"\s*--([^\r\n]{1,70})\r?\n(?:[A-Za-z-]{1,40}:[^\r\n]{0,1000}\r?\n){1,10}")
_PAIR = r"[\w.%+\[\]-]{1,200}=[^&\s]*"
_WEB_FORM = re.compile(rf"{_PAIR}(?:&{_PAIR})*")
_DEPTH = 3  # archives in archives
_WHOLE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of a submission.

    Attributes:
        path: Names that lead to it inside the payload; empty for the payload itself.
        entries: Its values, or None where it is of a kind that is not read by fields.
        fault: Why it could not be read although it is of such a kind, or "".
        others: Names of parts that a table has no need of: pictures, drawings, macros.
        is_workbook: Whether it is an Excel workbook.
        is_frame: Whether it only holds other pieces.
        loose: Texts that are no fields, to be looked at for what hides in them.
    """

    path: tuple[str, ...]
    entries: tuple[Entry, ...] | None = field(default=None, repr=False)
    fault: str = ""
    others: tuple[str, ...] = ()
    is_workbook: bool = False
    is_frame: bool = False
    loose: tuple[Entry, ...] = field(default=(), repr=False)


def as_message(data: bytes) -> bytes | None:
    """Return the body of a multipart request as the message that it is, or None for anything else.

    Such a body begins with its boundary; the header that names it travels apart.
    """
    start = _MULTIPART.match(data)
    if not start:
        return None
    boundary = start[1].rstrip().replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    head = b'MIME-Version: 1.0\r\nContent-Type: multipart/form-data; boundary="' + boundary + b'"\r\n\r\n'
    return head + data[start.start(1) - 2 :]


def read(
    data: bytes,
    name: str,
    limits: Limits,
    is_heading: Callable[[str], bool],
    path: tuple[str, ...] = (),
) -> Iterator[Piece]:
    """Yield the pieces of a submission, outermost first.

    Args:
        data: The payload.
        name: Its name, which tells kinds of text apart.
        limits: Budgets of archives.
        is_heading: Tells whether a text is the heading of a field, for tables whose header is not the first row.
        path: Names that lead to it.
    """
    kind = sniff.media_type(data[: sniff.HEAD_BYTES], name, len(data))
    try:
        if kind in _JSON:
            yield Piece(path, tuple(entries.of_json(_text(data))))
        elif kind == "application/xml":
            yield Piece(path, tuple(entries.of_xml(data)))
        elif kind in _TABLES:
            yield Piece(path, tuple(entries.of_csv(_text(data))))
        elif kind == _ZIP:
            yield from _of_archive(data, limits, is_heading, path)
        elif kind == _MESSAGE:
            yield from _of_message(data, limits, is_heading, path)
        elif kind == _COMPOUND and _OLD_SHEETS.search(data):
            yield Piece(path, fault="XLS: cells of the old Excel format are not read; .xlsx and CSV are")
        elif kind.startswith("text/"):
            yield _of_text(_text(data), kind, path)
        elif kind == sniff.OCTETS:
            yield Piece(path, loose=tuple(_of_octets(data)))
        else:
            # What is text from its first byte to its last is no file of such a kind, whatever it begins with.
            yield Piece(path, loose=() if data.isascii() else tuple(_of_octets(data)))
    except FormatError as error:
        yield Piece(path, fault=str(error))


def _text(data: bytes) -> str:
    text = decoded(data)
    if text is None:
        raise FormatError("not in an encoding that is known here")
    return text


def _of_text(text: str, kind: str, path: tuple[str, ...]) -> Piece:
    """Return the fields of a web page's form, or text that is none."""
    if kind == "text/plain" and _WEB_FORM.fullmatch(text.strip()):
        return Piece(path, tuple(_of_web_form(text.strip())))
    return Piece(path, loose=(Entry("the text", "", "", (), text, "aside"),))


def _of_octets(data: bytes) -> Iterator[Entry]:
    """Yield bytes as text where they are UTF-8: bytes that were written one to a character."""
    try:
        yield Entry("the text", "", "", (), data.decode(), "aside")
    except UnicodeDecodeError:
        return


def _of_web_form(text: str) -> Iterator[Entry]:
    for pair in text.split("&"):
        key, _, value = pair.partition("=")
        own = unquote_plus(key)
        yield Entry(f"field {entries.shown(own)}", "form", "", (own,), unquote_plus(value))


def _of_archive(
    data: bytes, limits: Limits, is_heading: Callable[[str], bool], path: tuple[str, ...]
) -> Iterator[Piece]:
    members: dict[str, bytes] = {}
    size = 0
    for member in archive_reading.members(io.BytesIO(data), len(data), limits):
        if isinstance(member.data, FormatError):
            raise member.data
        size += len(member.data)
        if size > _WHOLE_BYTES:
            raise LimitExceededError(f"unpacks to more than {_WHOLE_BYTES} bytes")
        members[member.name] = member.data
    if xlsx_cells.WORKBOOK in members:
        found = tuple(entries.of_workbook(members, is_heading))
        yield Piece(path, found, others=tuple(xlsx_cells.other_parts(members)), is_workbook=True)
        return
    if len(path) >= _DEPTH:
        raise LimitExceededError(f"more than {_DEPTH} archives inside one another")
    yield Piece(path, is_frame=True)
    for member_name, content in members.items():
        yield from read(content, member_name, limits, is_heading, (*path, member_name))


def _of_message(
    data: bytes, limits: Limits, is_heading: Callable[[str], bool], path: tuple[str, ...]
) -> Iterator[Piece]:
    """Yield the parts of a multipart body: its files as pieces, its fields as entries of one record."""
    fields: list[Entry] = []
    files: list[tuple[str, bytes]] = []
    message = mime.parsed(data)
    for number, part in enumerate(message.walk(), 1):
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        body = content if isinstance(content, bytes) else b""
        own = part.get_param("name", "", "content-disposition")
        file_name = part.get_filename()
        if isinstance(own, str) and own and not file_name and len(body) < _WHOLE_BYTES:
            fields.append(
                Entry(
                    f"field {entries.shown(own)}",
                    "form",
                    "",
                    (own,),
                    decoded(body) or body.decode("utf-8", "replace"),
                )
            )
        else:
            files.append((file_name or f"part-{number}", body))
    yield Piece(path, tuple(fields), is_frame=not fields)
    for file_name, body in files:
        if len(path) >= _DEPTH:
            raise LimitExceededError(f"more than {_DEPTH} archives inside one another")
        yield from read(body, file_name, limits, is_heading, (*path, file_name))
