"""Take attachments and bodies out of the `winmail.dat` that Outlook puts around them.

Source: [MS-OXTNEF] 2.1.3 (attributes), 2.1.3.4 and 2.1.3.5 (properties of messages and attachments).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from efface.errors import FormatError
from efface.formats.ole_values import unpacked_rtf
from efface.formats.text_types import decoded

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAGIC", "parts"]

MAGIC = b"\x78\x9f\x3e\x22"
_NEW, _TITLE, _DATA, _METAFILE = 0x00069002, 0x00018010, 0x0006800F, 0x00068011
_OF_ATTACHMENT, _OF_MESSAGE = 0x00069005, 0x00069003
_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 64: 8, 72: 16}
_STRINGS, _BYTES = frozenset({0x1E, 0x1F}), frozenset({0x0D, 0x102})
_MANY = 0x1000
_CONTENT, _LONG_NAME, _HTML, _RTF = 0x3701, 0x3707, 0x1013, 0x1009
_GUID_BYTES = 16
_MAX_PROPERTIES = 100_000


@dataclass(slots=True)
class _Attachment:
    name: str = ""
    contents: list[bytes] = field(default_factory=list)


def parts(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each attachment, and of bodies as `body.html` and `body.rtf`.

    Raises:
        FormatError: It is no TNEF; what is cut off gives its start.
    """
    if data[:4] != MAGIC:
        raise FormatError("no TNEF")
    now: _Attachment | None = None
    for kind, body in _attributes(data):
        if kind == _NEW:
            yield from _given(now)
            now = _Attachment()
        elif kind == _OF_MESSAGE:
            for number, value in _properties(body):
                if number == _HTML:
                    yield "body.html", value
                elif number == _RTF:
                    yield "body.rtf", unpacked_rtf(value)
        elif now is not None:
            _note(now, kind, body)
    yield from _given(now)


def _note(now: _Attachment, kind: int, body: bytes) -> None:
    if kind == _TITLE:
        now.name = now.name or _text(body)
    elif kind in {_DATA, _METAFILE}:
        now.contents.append(body)
    elif kind == _OF_ATTACHMENT:
        for number, value in _properties(body):
            if number == _LONG_NAME:
                now.name = _text(value)
            elif number == _CONTENT:
                now.contents.append(
                    value[_GUID_BYTES:] if value[_GUID_BYTES : _GUID_BYTES + 4] == MAGIC else value
                )


def _given(now: _Attachment | None) -> Iterator[tuple[str, bytes]]:
    for content in now.contents if now else ():
        if content:
            yield now.name if now else "", content


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 6
    while at + 9 <= len(data):
        kind, size = (
            int.from_bytes(data[at + 1 : at + 5], "little"),
            int.from_bytes(data[at + 5 : at + 9], "little"),
        )
        yield kind, data[at + 9 : at + 9 + size]
        at += 9 + size + 2


def _properties(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of each property of text or bytes; the others are passed over."""
    at = 4
    for _ in range(min(int.from_bytes(data[:4], "little"), _MAX_PROPERTIES)):
        kind, number = (
            int.from_bytes(data[at : at + 2], "little"),
            int.from_bytes(data[at + 2 : at + 4], "little"),
        )
        at += 4
        if number >= 0x8000:
            named = int.from_bytes(data[at + 16 : at + 20], "little")
            length = int.from_bytes(data[at + 20 : at + 24], "little")
            at += 24 + (_padded(length) if named else 0)
        basic = kind & ~_MANY
        count = 1
        if kind & _MANY or basic in _STRINGS | _BYTES:
            count = int.from_bytes(data[at : at + 4], "little")
            at += 4
        if basic not in _FIXED and basic not in _STRINGS | _BYTES:
            return
        for _ in range(min(count, _MAX_PROPERTIES)):
            if at >= len(data):
                return
            if basic in _FIXED:
                at += _FIXED[basic]
                continue
            length = int.from_bytes(data[at : at + 4], "little")
            value = data[at + 4 : at + 4 + length]
            at += 4 + _padded(length)
            yield number, value.decode("utf-16-le", "replace").encode() if basic == 0x1F else value


def _padded(length: int) -> int:
    return length + -length % 4


def _text(raw: bytes) -> str:
    text = (decoded(raw.rstrip(b"\0")) or raw.decode("latin-1")).replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in text if letter.isprintable())[-200:]
