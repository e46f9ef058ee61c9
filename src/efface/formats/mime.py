"""Take a message of mail apart: attachments, pictures, bodies, and the messages inside it.

Source: RFC 2045 to 2047, RFC 2183, RFC 2231 (MIME); RFC 1847 (encrypted parts); the Face field as mail
programs write it.
"""

from __future__ import annotations

import binascii
import email
import email.policy
import re
from dataclasses import dataclass, field
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import TYPE_CHECKING

from efface.errors import EncryptedError, FormatError, LimitExceededError
from efface.formats.uuencoded import files_in_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model.limits import Limits

__all__ = ["MAX_DEPTH", "MailPart", "charset_of", "parsed", "parts"]

MAX_DEPTH = 32
"""Entities inside one another."""

_MAX_NAME = 200
_WORD = re.compile(r"=\?[^?\s]{1,60}\?[BbQq]\?[^?]*\?=")
_CODECS = {"gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "big5": "big5hkscs"}
_SUFFIXES = {"text/plain": "txt", "text/html": "html", "message/rfc822": "eml", "application/rtf": "rtf"}
_WRONG = (MessageError, ValueError, LookupError, TypeError, AttributeError, AssertionError)


@dataclass(frozen=True, slots=True)
class MailPart:
    """A part of a message.

    Attributes:
        name: What it is called, unique in the message.
        data: Its bytes, decoded, or the error that kept them from being read.
        file_name: The name that the sender gave it.
        entity: Which header with its content it is of, counted from 0 in the order of the text.
        place: "content" where it is all of the content, "words" where it stands in a text, "field" where it
            is a field of the header.
    """

    name: str
    data: bytes | FormatError = field(repr=False)
    file_name: str = ""
    entity: int = -1
    place: str = "content"


def parts(data: bytes, limits: Limits) -> Iterator[MailPart]:
    """Yield the parts of a message in their order; those of messages inside it as `message-1/...`.

    Raises:
        FormatError: It cannot be taken apart.
        LimitExceededError: It has more parts, or deeper ones, than the limits allow.
    """
    yield from _Reading(limits).of(parsed(data), "", 0)


def parsed(data: bytes) -> Message:
    """Return a message as the library reads it.

    Raises:
        FormatError: It cannot be taken apart.
        LimitExceededError: It is nested too deeply.
    """
    try:
        return email.message_from_bytes(data, policy=email.policy.compat32)
    except _WRONG as error:
        raise FormatError(f"the message cannot be taken apart ({type(error).__name__})") from None
    except RecursionError:
        raise LimitExceededError("the message is nested too deeply") from None


class _Reading:
    def __init__(self, limits: Limits) -> None:
        self._left = limits.entries
        self._names: dict[str, int] = {}
        self._messages = 0
        self._entity = -1

    def of(self, message: Message, prefix: str, depth: int) -> Iterator[MailPart]:
        self._left -= 1
        self._entity += 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise LimitExceededError(
                "the message has more parts, or deeper ones, than entries and depth allow"
            )
        kind = message.get_content_type()
        face = message.get("Face")
        if face:
            yield from self._leaf(_base64(str(face)), f"{prefix}face-field.png", "", "field")
        if kind == "multipart/encrypted":
            yield MailPart(self._unique(f"{prefix}encrypted"), EncryptedError("a message that is encrypted"))
            return
        if message.is_multipart():
            for each in message.get_payload():
                if isinstance(each, Message):
                    yield from self.of(each, self._prefix(prefix, kind), depth + 1)
            return
        yield from self._content(message, kind, prefix)

    def _prefix(self, prefix: str, kind: str) -> str:
        if kind != "message/rfc822":
            return prefix
        self._messages += 1
        return f"{prefix}message-{self._messages}/"

    def _content(self, message: Message, kind: str, prefix: str) -> Iterator[MailPart]:
        try:
            decoded = message.get_payload(decode=True)
            data = decoded if isinstance(decoded, bytes) else b""
            file_name = _file_name(message)
        except _WRONG as error:
            place = self._unique(f"{prefix}part")
            yield MailPart(place, FormatError(f"a part of the message is broken ({type(error).__name__})"))
            return
        if kind.startswith("text/"):
            data = _in_utf8(data, message)
            for inner_name, inner in files_in_text(data) if kind == "text/plain" else ():
                yield from self._leaf(inner, f"{prefix}attachment-{inner_name}", inner_name, "words")
        if file_name:
            yield from self._leaf(data, f"{prefix}attachment-{file_name}", file_name)
            return
        main, _, sub = kind.partition("/")
        suffix = _SUFFIXES.get(kind) or (re.sub(r"[^a-z0-9]", "", sub)[:8] if main == "image" else "")
        stem = "body" if kind.startswith("text/") else ("image" if main == "image" else "part")
        yield from self._leaf(data, f"{prefix}{stem}{'.' + suffix if suffix else ''}", "")

    def _leaf(self, data: bytes, name: str, file_name: str, place: str = "content") -> Iterator[MailPart]:
        if data:
            yield MailPart(self._unique(name), data, file_name, self._entity, place)

    def _unique(self, name: str) -> str:
        count = self._names[name] = self._names.get(name, 0) + 1
        if count == 1:
            return name
        stem, dot, suffix = name.rpartition(".")
        return f"{stem};{count}{dot}{suffix}" if dot else f"{name};{count}"


def _file_name(message: Message) -> str:
    """Return the name of a part: encoded by RFC 2231 or 2047, or in bare GB 18030 as old programs write it."""
    for header, parameter in (("content-disposition", "filename"), ("content-type", "name")):
        raw = next((str(value) for key, value in message.raw_items() if key.lower() == header), "")
        if not raw:
            continue
        alone = Message()
        alone[header] = _unescaped(raw).replace("\r", "").replace("\n", "")
        value = alone.get_param(parameter, header=header)
        if value:
            whole = value if isinstance(value, str) else collapse_rfc2231_value(_known_codec(value))
            return _plain(_words(whole))
    return ""


def _known_codec(value: tuple[str | None, str | None, str]) -> tuple[str | None, str | None, str]:
    charset, language, text = value
    return _CODECS.get((charset or "").lower(), charset), language, text


def _unescaped(raw: str) -> str:
    data = raw.encode("utf-8", "surrogateescape")
    for codec in ("utf-8", "gb18030"):
        try:
            return data.decode(codec)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _words(text: str) -> str:
    """Return text with its encoded words decoded."""
    if not _WORD.search(text):
        return text
    pieces = []
    for piece, charset in decode_header(text):
        codec = _CODECS.get((charset or "").lower(), charset) or "latin-1"
        try:
            pieces.append(piece.decode(codec, "replace") if isinstance(piece, bytes) else piece)
        except LookupError:
            pieces.append(piece.decode("latin-1") if isinstance(piece, bytes) else piece)
    return "".join(pieces)


def _plain(name: str) -> str:
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable())[-_MAX_NAME:].strip()


def charset_of(message: Message) -> str:
    """Return Python's name of the encoding of a text; nothing where the message does not say."""
    charset = str(message.get_content_charset() or "")
    return _CODECS.get(charset, charset)


def _in_utf8(data: bytes, message: Message) -> bytes:
    codec = charset_of(message)
    if codec in {"", "utf-8", "us-ascii"}:
        return data
    try:
        return data.decode(codec, "replace").encode("utf-8", "replace")
    except (LookupError, ValueError):
        return data


def _base64(text: str) -> bytes:
    try:
        return binascii.a2b_base64(re.sub(r"\s", "", text))
    except (binascii.Error, ValueError):
        return b""
