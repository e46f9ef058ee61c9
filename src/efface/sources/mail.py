"""Mail: messages, mailboxes of many, and the envelopes that mail programs put around attachments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.errors import FormatError, LimitExceededError
from efface.formats import mail_type, mbox, mime, pkcs7, tnef
from efface.model import Gap, GapReason, Part, Surroundings
from efface.sources.archive import reason_of
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Column, Limits

__all__ = ["PKCS7", "TNEF", "Mail"]

TNEF, PKCS7 = "application/ms-tnef", "application/pkcs7-mime"


class Mail:
    """Attachments, pictures and bodies of messages (.eml, .mht, .emlx, Maildir), and the messages of an mbox.

    Also `winmail.dat` and signed S/MIME. A mailbox is read message by message, whatever its size.

    Not promised: Outlook's stores (.pst, .ost); what is encrypted.
    """

    name = "mail"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether it is mail."""
        return media_type in {mail_type.MESSAGE, mail_type.MBOX, mail_type.EMLX, TNEF, PKCS7}

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap]:
        """Yield the parts of a message, or the messages of a mailbox.

        Raises:
            FormatError: It cannot be taken apart.
        """
        if media_type == mail_type.MBOX:
            yield from _mailbox(part, limits)
            return
        for inner in _inside(part.payload.read(), media_type, limits):
            place = part.locator.child(inner.name)
            if isinstance(inner.data, FormatError):
                yield Gap(place, "unpack", reason_of(inner.data), str(inner.data))
                continue
            names = (inner.file_name or inner.name.rpartition("/")[2], *part.surroundings.names)
            yield Part(place, BytesPayload(inner.data), Surroundings(names), part.modified_at)


def _inside(data: bytes, media_type: str, limits: Limits) -> Iterator[mime.MailPart]:
    if media_type == TNEF:
        seen: dict[str, int] = {}
        for name, content in tnef.parts(data):
            shown = name if name.startswith("body.") else f"attachment-{name}"
            count = seen[shown] = seen.get(shown, 0) + 1
            yield mime.MailPart(shown if count == 1 else f"{shown};{count}", content, name)
    elif media_type == PKCS7:
        content = pkcs7.content(data)
        if content:
            yield mime.MailPart("signed.eml", content)
    else:
        start, stop = mail_type.message_span(data) if media_type == mail_type.EMLX else (0, len(data))
        yield from mime.parts(data[start:stop], limits)


def _mailbox(part: Part, limits: Limits) -> Iterator[Part | Gap]:
    with part.payload.open() as stream:
        for number, message in enumerate(mbox.messages(stream, limits.artefact_bytes), 1):
            place = part.locator.child(f"message-{number}.eml")
            if number > limits.entries:
                detail = f"more than entries = {limits.entries} messages: the rest was not looked at"
                yield Gap(place, "unpack", GapReason.OVER_LIMIT, detail)
                return
            if isinstance(message, LimitExceededError):
                yield Gap(place, "unpack", GapReason.OVER_LIMIT, str(message))
                continue
            names = Surroundings((f"message-{number}.eml", *part.surroundings.names))
            yield Part(place, BytesPayload(message), names, part.modified_at)
