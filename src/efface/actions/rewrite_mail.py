"""Remove findings from mail: from attachments, pictures and texts of messages, one by one or in a mailbox."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from efface.actions.rewrite_archive import SIGNED, Outcome, by_part, each_once, erase, expected
from efface.errors import FormatError, LimitExceededError, RemovalError
from efface.formats import mail_type, mbox, mime, mime_edit, sniff
from efface.model import Method

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from efface.model import Action, Finding, Limits

__all__ = ["RewriteMail"]

_SIGNED = (b"multipart/signed", b"\ndkim-signature:")


class RewriteMail:
    """A part loses its findings by the action for its kind; all other bytes of the message stay.

    A part of which nothing is to stay becomes a note that says so, and so does a picture of a kind that no
    action covers. What lies in messages inside messages is changed where it stands.

    Refused: files that stand uuencoded in words; `winmail.dat` and signed S/MIME in one block; Outlook's stores.

    Not promised: signatures over the message (DKIM, S/MIME, OpenPGP) no longer hold; indexes that mail programs
    keep beside a mailbox are theirs to renew.
    """

    name = "rewrite-mail"
    version = 1
    method = Method.REDACT

    def accepts(self, media_type: str, finding: Finding) -> bool:
        """Return whether the finding lies in a part of a message, or in a message of a mailbox."""
        kinds = (mail_type.MESSAGE, mail_type.MBOX, mail_type.EMLX)
        return media_type in kinds and len(finding.locator.path) > 1

    def remove(self, data: bytes, findings: Sequence[Finding], limits: Limits) -> bytes | None:
        """Return the mail without the findings.

        Raises:
            RemovalError: A part is not there or cannot be changed.
        """
        return self.rewritten(data, findings, limits).data

    def warning(self, stream: BinaryIO) -> str:
        """Return what a person should know before mail is rewritten; nothing where its head says no signature."""
        head = stream.read(sniff.HEAD_BYTES).lower()
        return SIGNED if any(mark in head for mark in _SIGNED) else ""

    def rewritten(self, data: bytes, findings: Sequence[Finding], limits: Limits, depth: int = 0) -> Outcome:
        """Return the mail without the findings, with the actions that were used on its parts."""
        kind = sniff.media_type(data[: sniff.HEAD_BYTES])
        work = _Work(limits, depth)
        try:
            if len(data) > limits.artefact_bytes:
                raise LimitExceededError(f"more than artefact_bytes = {limits.artefact_bytes}")
            if kind == mail_type.MBOX:
                result = work.mailbox(data, by_part(findings))
            elif kind == mail_type.EMLX:
                start, stop = mail_type.message_span(data)
                message = work.message(data[start:stop], by_part(findings))
                is_same = message == data[start:stop]
                result = data if is_same else b"%d\n" % len(message) + message + data[stop:]
            else:
                result = work.message(data, by_part(findings))
        except FormatError as error:
            raise RemovalError(f"the mail cannot be rewritten: {error}") from None
        return Outcome(result, each_once([*work.used, self]))


class _Work:
    """One rewriting, and the actions that it took."""

    def __init__(self, limits: Limits, depth: int) -> None:
        self._limits = limits
        self._depth = depth
        self.used: list[Action] = []

    def message(self, data: bytes, groups: dict[str, list[Finding]]) -> bytes:
        """Return a message with its parts changed."""
        changes = {
            part.name: self._content(part, groups[part.name])
            for part in mime.parts(data, self._limits)
            if part.name in groups
        }
        if len(changes) < len(groups):
            raise RemovalError("the message has no such part as was found: it has changed")
        return mime_edit.edited(data, changes, self._limits)

    def mailbox(self, data: bytes, groups: dict[str, list[Finding]]) -> bytes:
        """Return a mailbox with its messages changed."""
        pieces: list[bytes] = []
        at = 0
        left = dict(groups)
        for number, message in enumerate(mbox.messages(io.BytesIO(data), len(data)), 1):
            if isinstance(message, FormatError):
                raise message
            start = data.index(message, at)
            due = left.pop(f"message-{number}.eml", None)
            new = message if due is None else self._erased(message, f"message-{number}.eml", due)
            if new is None:
                raise RemovalError("nothing of a message in the mailbox would stay")
            pieces += (data[at:start], new)
            at = start + len(message)
        if left:
            raise RemovalError("the mailbox has no such message as was found: it has changed")
        return b"".join((*pieces, data[at:]))

    def _content(self, part: mime.MailPart, due: list[Finding]) -> bytes | None:
        """Return what is to stay of a part."""
        if isinstance(part.data, FormatError):
            raise part.data
        if part.place == "field":
            return None
        name = part.file_name or part.name.rpartition("/")[2]
        kind = sniff.media_type(part.data[: sniff.HEAD_BYTES], name)
        if kind.startswith("image/") and expected(kind, due) is None:
            return None
        return self._erased(part.data, name, due)

    def _erased(self, data: bytes, name: str, due: list[Finding]) -> bytes | None:
        outcome = erase(data, name, due, self._limits, depth=self._depth + 1)
        self.used += outcome.actions
        return outcome.data
