"""Change the content of single parts of a message, and leave every other byte of it alone.

Source: RFC 2045, 6 (transfer encodings); RFC 2046, 5.1 (multipart); RFC 5322, 2.2 (header fields).
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from email.message import Message
from typing import TYPE_CHECKING

from efface.errors import FormatError, LimitExceededError, UnsupportedError
from efface.formats.mime import MAX_DEPTH, charset_of, parsed, parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from efface.formats.mime import MailPart
    from efface.model.limits import Limits

__all__ = ["NOTE", "edited"]

NOTE = "A part of this message was removed, since it held biometric data."
"""What stands in the place of a part that went whole."""

_HEADER_END = re.compile(rb"\n\r?\n")
_CONTENT_FIELD = re.compile(rb"^content-[a-z-]+:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE)
_FACE_FIELD = re.compile(rb"^face:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE)
_LENGTH_FIELD = re.compile(rb"^(content-length:[ \t]*)(\d{1,12})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_LINE = 76
_AS_IS = frozenset({"", "7bit", "8bit", "binary"})


@dataclass(frozen=True, slots=True)
class _Entity:
    """A header with its content: where it begins, where its content begins and where that ends."""

    message: Message
    start: int
    body: int
    stop: int


def edited(data: bytes, changes: Mapping[str, bytes | None], limits: Limits) -> bytes:
    """Return a message with the content of parts changed.

    Args:
        data: The message.
        changes: New contents by the names that `mime.parts` gives; None puts a note in the part's place.
        limits: Budgets, as for `mime.parts`.

    Raises:
        UnsupportedError: A part stands in the words of a text.
        FormatError: There is no such part, or the message is not built so that it could be changed alone.
        LimitExceededError: It has more parts, or deeper ones, than the limits allow.
    """
    before = list(parts(data, limits))
    due = {part.name: part for part in before if part.name in changes}
    if len(due) < len(changes):
        raise FormatError("the message has no such part as was found: it has changed")
    entities = _entities(data)
    out = data
    for name, part in sorted(due.items(), key=lambda item: -item[1].entity):
        entity = entities[part.entity]
        new = _entity(data, entity, part, changes[name])
        out = out[: entity.start] + new + out[entity.stop :]
    _check(before, list(parts(out, limits)), changes)
    return _with_length(out, entities[0], len(data) - entities[0].body)


def _with_length(out: bytes, root: _Entity, before: int) -> bytes:
    """Return a message that tells its length, as mailboxes have it, with the new one."""
    told = _LENGTH_FIELD.search(out, 0, root.body)
    if told is None or int(told[2]) != before:
        return out
    length = len(out) - _body(out, 0, len(out))
    return out[: told.start(2)] + str(length).encode() + out[told.end(2) :]


def _entities(data: bytes) -> list[_Entity]:
    """Return the entities of a message as `mime.parts` counts them."""
    found: list[_Entity] = []
    _enter(parsed(data), data, 0, len(data), found, 0)
    return found


def _enter(  # noqa: PLR0913, PLR0917 - one entity of a tree, and where the tree is kept
    message: Message, data: bytes, start: int, stop: int, found: list[_Entity], depth: int
) -> None:
    if depth > MAX_DEPTH:
        raise LimitExceededError("the message is nested too deeply")
    body = _body(data, start, stop)
    found.append(_Entity(message, start, body, stop))
    kind = message.get_content_type()
    if not message.is_multipart() or kind == "multipart/encrypted":
        return
    inner = [each for each in message.get_payload() if isinstance(each, Message)]
    spans = _spans(message, data, body, stop)
    if len(spans) != len(inner):
        if kind != "message/delivery-status":
            raise FormatError("the parts of the message cannot be told apart by its boundaries")
        spans = [(stop, stop)] * len(inner)  # fields without content
    for each, (first, last) in zip(inner, spans, strict=True):
        _enter(each, data, first, last, found, depth + 1)


def _body(data: bytes, start: int, stop: int) -> int:
    """Return where the content of an entity begins."""
    for empty in (b"\n", b"\r\n"):
        if data.startswith(empty, start, stop):
            return start + len(empty)
    end = _HEADER_END.search(data, start, stop)
    return stop if end is None else end.end()


def _spans(message: Message, data: bytes, start: int, stop: int) -> list[tuple[int, int]]:
    """Return where the entities inside one begin and end, without the line breaks that belong to boundaries."""
    if message.get_content_maintype() == "message":
        return [(start, stop)]
    boundary = message.get_boundary()
    if not boundary:
        return []
    mark = re.compile(
        rb"^--" + re.escape(boundary.encode("utf-8", "surrogateescape")) + rb"(--)?[ \t]*(?:\r?\n|\Z)",
        re.MULTILINE,
    )
    spans: list[tuple[int, int]] = []
    begun: int | None = None
    for found in mark.finditer(data, start, stop):
        if begun is not None and found.start() > begun:
            spans.append((begun, max(begun, _without_break(data, found.start()))))
        begun = found.end()
        if found[1]:
            return spans
    if begun is not None:
        spans.append((begun, stop))
    return spans


def _without_break(data: bytes, at: int) -> int:
    """Return where a line ends that the given one follows."""
    return at - 2 if data[at - 2 : at] == b"\r\n" else at - 1


def _entity(data: bytes, entity: _Entity, part: MailPart, new: bytes | None) -> bytes:
    """Return an entity with other content, or with a note in its place."""
    header, body = data[entity.start : entity.body], data[entity.body : entity.stop]
    line = b"\r\n" if b"\r\n" in data else b"\n"
    if part.place == "field":
        return _FACE_FIELD.sub(b"", header) + body
    if part.place == "words":
        raise UnsupportedError("a file stands uuencoded or in yEnc in the words of the message")
    if new is None:
        return _note(header, line)
    if new == part.data:
        return header + body
    return header + _encoded(entity.message, body, new, line)


def _note(header: bytes, line: bytes) -> bytes:
    """Return an entity that says that something was removed; fields that do not describe the content stay."""
    kept = _CONTENT_FIELD.sub(b"", header).rstrip(b"\r\n")
    fields = [
        b"Content-Type: text/plain; charset=us-ascii",
        b'Content-Disposition: attachment; filename="removed.txt"',
    ]
    return line.join(([kept] if kept else []) + [*fields, b"", NOTE.encode(), b""])


def _encoded(message: Message, body: bytes, new: bytes, line: bytes) -> bytes:
    """Return content as the header says that it is coded, in lines as long as before."""
    coding = str(message.get("content-transfer-encoding", "")).strip().lower()
    content = _in_charset(message, new)
    end = body[len(body.rstrip(b"\r\n")) :]
    if coding == "base64":
        long = len(body.lstrip().partition(b"\n")[0].rstrip()) // 4 * 4 or _LINE
        text = binascii.b2a_base64(content, newline=False)
        return line.join(text[at : at + long] for at in range(0, len(text), long)) + end
    if coding == "quoted-printable":
        is_text = message.get_content_maintype() == "text"
        return (
            binascii.b2a_qp(content, istext=is_text).replace(b"=\n", b"=" + line)
            if is_text
            else (binascii.b2a_qp(content, istext=False).replace(b"\n", line))
        )
    if coding in _AS_IS:
        return content
    raise UnsupportedError("a part of the message is coded in a way that is not written")


def _in_charset(message: Message, new: bytes) -> bytes:
    """Return a text, which comes in UTF-8, in the encoding that its header names."""
    codec = charset_of(message)
    if message.get_content_maintype() != "text" or codec in {"", "utf-8", "us-ascii"}:
        return new
    try:
        return new.decode().encode(codec)
    except (LookupError, ValueError):
        raise UnsupportedError("a text of the message does not go back into its encoding") from None


def _check(before: list[MailPart], after: list[MailPart], changes: Mapping[str, bytes | None]) -> None:
    """Raise FormatError unless the changed parts are as they should be, and all others as they were."""
    wanted = [
        changes[part.name] if part.name in changes and part.place != "field" else part.data
        for part in before
        if part.name not in changes or part.place != "field"
    ]
    contents = [NOTE.encode() if each is None else each for each in wanted if each != b""]
    found = [_told(part.data) for part in after]
    if [_told(each) for each in contents] != found:
        raise FormatError("the message could not be changed so that everything else in it stays as it is")


def _told(data: bytes | FormatError) -> object:
    """Return what makes two contents the same: a note counts without the line break behind it."""
    if isinstance(data, FormatError):
        return type(data)
    return NOTE.encode() if data.rstrip(b"\r\n") == NOTE.encode() else data
