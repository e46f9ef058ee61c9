"""Tell mail from other text: one message, a mailbox of many, or a message as Apple's program stores it.

Source: RFC 5322, 2.1 and 3.6 (header fields); RFC 4155 (mbox).
"""

from __future__ import annotations

import re

__all__ = ["EMLX", "MBOX", "MESSAGE", "mail_type", "message_span"]

MESSAGE, MBOX, EMLX = "message/rfc822", "application/mbox", "application/vnd.apple.emlx"
_FIELD = re.compile(rb"([A-Za-z][A-Za-z0-9-]{1,60}):[ \t\r\n]")
_POSTMARK = re.compile(rb"From \S+[^\n]{8,120}\d{2}:\d{2}[^\n]{0,40}\r?\n")
_LENGTH = re.compile(rb"\d{1,10} *\r?\n")
_LENGTH_LINE = re.compile(rb"(?:\xef\xbb\xbf)?\s*(\d{1,10})[ \r]*\n")
_OWN = frozenset(
    {b"received", b"message-id", b"mime-version", b"return-path", b"delivered-to", b"x-mozilla-status"}
)
_USUAL = frozenset(
    {b"from", b"to", b"cc", b"subject", b"date", b"sender", b"reply-to", b"content-type", b"x-mailer", *_OWN}
)


def mail_type(head: bytes) -> str | None:
    """Return the media type of mail by its first bytes, or None where they are something else."""
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if head[:5] == b"From ":
        postmark = _POSTMARK.match(head)
        return MBOX if postmark and _is_message(head[postmark.end() :], least=1) else None
    length = _LENGTH.match(head) if head[:1].isdigit() else None
    if length:
        return EMLX if _is_message(head[length.end() :], least=2) else None
    return MESSAGE if _FIELD.match(head) and _is_message(head, least=2) else None


def message_span(data: bytes) -> tuple[int, int]:
    """Return where the message begins and ends in a file of Apple's program: behind its length in digits."""
    length = _LENGTH_LINE.match(data)
    if length is None:
        return 0, len(data)
    return length.end(), min(length.end() + int(length[1]), len(data))


def _is_message(head: bytes, *, least: int) -> bool:
    """Return whether every line is a field of a header or goes on with one, and some are those of mail."""
    names: set[bytes] = set()
    lines = head.splitlines()
    for line in lines:
        if not line.strip():
            break
        if line[:1] in b" \t":
            continue
        field = _FIELD.match(line + b"\n")
        if not field:
            if names and line is lines[-1] and head[-1:] != b"\n":
                break  # cut off in the middle of a line
            return line[:1] == b">" and bool(names)
        names.add(field[1].lower())
    usual = names & _USUAL
    is_sure = least == 1 or bool(usual & _OWN) or (b"from" in usual and bool(usual & {b"subject", b"date"}))
    return len(usual) >= least and is_sure
