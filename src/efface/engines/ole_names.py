"""Names of the streams of a compound file for people: attachments by their names, messages by their numbers.

Source: [MS-OXMSG] 2.1.3, 2.2.2 (attachments), 2.4; [MS-OXPROPS] 2.590 and others (PidTag numbers below); the
catalogue of Thumbs.db as published by libyal.
"""

from __future__ import annotations

import re
import struct
from typing import Any

from efface.formats.text_types import decoded

__all__ = ["Labels"]

_ATTACHMENT = "__attach_version1.0_#"
_DATA, _MESSAGE = "__substg1.0_37010102", "__substg1.0_3701000d"
_LONG, _SHORT, _SHOWN = "3707", "3704", "3001"
_BODIES = {"1000": "body.txt", "1013": "body.html", "1009": "body.rtf"}
_PROPERTY = re.compile(r"__substg1\.0_([0-9a-f]{4})(001e|001f|0102)", re.IGNORECASE)
_MAX_NAME_BYTES = 2_048
_WRONG = (OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, struct.error)


class Labels:
    """What the streams of one file are called.

    Args:
        document: An open compound file.
        paths: Its streams.
    """

    def __init__(self, document: Any, paths: list[list[str]]) -> None:  # noqa: ANN401 - an untyped library
        self._document = document
        self._known = {tuple(name.lower() for name in path): path for path in paths}
        self._catalogue = self._read_catalogue()

    def place(self, path: list[str]) -> str:
        """Return where a stream lies, in words: `attachment-a.jpg`, `message-1/body.html`, `Pictures`."""
        words = []
        for at, name in enumerate(path):
            low = name.lower()
            if low == _MESSAGE:
                words.append(
                    f"message-{int(path[at - 1][len(_ATTACHMENT) :] or '0', 16) + 1}" if at else "message"
                )
            elif low.startswith(_ATTACHMENT):
                if at + 1 == len(path) - 1:
                    break
            else:
                words.append(_plain(name))
        file_name = self.file_name(path)
        if file_name is not None:
            return "/".join([*words, f"attachment-{file_name}" if file_name else "attachment"])
        found = _PROPERTY.fullmatch(path[-1])
        body = _BODIES.get(found[1]) if found else None
        if body:
            return "/".join([*words[:-1], body])
        picture = self._catalogue.get(path[-1]) if len(path) == 1 else None
        return f"thumbnail-{picture}" if picture else "/".join(words) or "stream"

    def file_name(self, path: list[str]) -> str | None:
        """Return the name of an attached file whose bytes this stream holds; None for other streams."""
        if path[-1].lower() != _DATA or len(path) < 2 or not path[-2].lower().startswith(_ATTACHMENT):
            return None
        for number in (_LONG, _SHORT, _SHOWN):
            for kind in ("001f", "001e"):
                data = self._read([*path[:-1], f"__substg1.0_{number}{kind}"])
                if data:
                    return _plain(_text(data, kind))
        return ""

    def text(self, path: list[str], data: bytes) -> bytes | None:
        """Return the text of a property in UTF-8, of bodies only; None where the stream is no text property."""
        found = _PROPERTY.fullmatch(path[-1])
        if not found or (found[2].lower() == "0102" and found[1] != "1013"):
            return None
        if found[1] not in _BODIES:
            return b""
        return data if found[2] == "0102" else _text(data, found[2].lower()).encode("utf-8", "replace")

    def _read(self, path: list[str]) -> bytes:
        known = self._known.get(tuple(name.lower() for name in path))
        if known is None:
            return b""
        try:
            data: bytes = self._document.openstream(known).read(_MAX_NAME_BYTES)
        except _WRONG:
            return b""
        return data

    def _read_catalogue(self) -> dict[str, str]:
        """Return the file names in the catalogue of a folder's thumbnails; streams are numbered backwards."""
        known = self._known.get(("catalog",))
        if known is None:
            return {}
        try:
            data = self._document.openstream(known).read()
        except _WRONG:
            return {}
        names = {}
        at = int.from_bytes(data[:2], "little")
        while at + 16 <= len(data):
            size, number = (int.from_bytes(data[at + n : at + n + 4], "little") for n in (0, 4))
            if size < 16:
                break
            text = data[at + 16 : at + size].decode("utf-16-le", "replace").rstrip("\0")
            names[str(number)[::-1]] = _plain(text)
            at += size
        return names


def _text(data: bytes, kind: str) -> str:
    if kind == "001f":
        return data.decode("utf-16-le", "replace").rstrip("\0")
    return (decoded(data) or data.decode("latin-1")).rstrip("\0")


def _number(attachment: str) -> int:
    """Return the number of an attachment, from 1."""
    try:
        return int(attachment[len(_ATTACHMENT) :], 16) + 1
    except ValueError:
        return 0


def _plain(name: str) -> str:
    shown = "".join(letter for letter in name[-200:] if letter.isprintable()).replace("/", "_")
    return shown.replace("\\", "_")
