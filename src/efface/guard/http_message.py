"""What of an HTTP message is decided on: its body as the one who receives it reads it, and long texts of its head.

A picture can be sent in a body, and a template in a query, a cookie or any other header. A body whose coding is
not undone here is not taken for one that was looked at.

Not promised: a template cut into pieces of less than 100 characters over several headers or several requests.
Source: RFC 9110, 8.3 (Content-Type), 8.4 (Content-Encoding), 14.4 (Content-Range); RFC 7578 (multipart/form-data).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Message"]

_SHORTEST = 100
"""A record of ISO/IEC 19794-2 with eight minutiae is 104 characters of base64; fewer identify nobody."""

_CODINGS = {"", "identity", "gzip", "x-gzip"}
_MULTIPART = re.compile(r"multipart/[a-z0-9.+-]+\s*;[\x20-\x7e\t]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Message:
    """The head of a message, and what it says of the body.

    Attributes:
        target: Target of the request, or "" for a response.
        headers: Names in small letters, with values.
    """

    target: str
    headers: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, target: str, headers: Iterable[tuple[str, str]]) -> Message:
        """Return a message from the parts of its head."""
        return cls(target, tuple((name.lower(), value) for name, value in headers))

    @property
    def unreadable(self) -> str:
        """Why its body cannot be looked at as it is, or ""."""
        codings = [
            each.strip().lower() for value in self._all("content-encoding") for each in value.split(",")
        ]
        types = self._all("content-type")
        if not set(codings) <= _CODINGS or len(codings) > 1:
            return "the body has a coding that is not undone here"
        if len(types) > 1:
            return "the body has more than one type"
        if codings and codings[0] in {"gzip", "x-gzip"} and types and _MULTIPART.match(types[0]):
            return "the parts of the body are compressed together"
        if self._all("content-range"):
            return "only a part of a body is sent"
        return ""

    @property
    def before(self) -> bytes:
        """Bytes without which a body of several parts cannot be read, or none."""
        types = self._all("content-type")
        if types and _MULTIPART.fullmatch(types[0]):
            return b"MIME-Version: 1.0\r\nContent-Type: " + types[0].encode("ascii") + b"\r\n\r\n"
        return b""

    @property
    def long_texts(self) -> bytes:
        """The long texts of the head as JSON, or nothing where there is none."""
        found = [
            {name: value} for name, value in (*self._of_target(), *self.headers) if len(value) >= _SHORTEST
        ]
        return json.dumps(found, ensure_ascii=False).encode("utf-8", "backslashreplace") if found else b""

    def _of_target(self) -> list[tuple[str, str]]:
        try:
            parts = urlsplit(self.target)
            fields = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=1_000)
        except ValueError:
            return [("target", unquote(self.target))]
        return [("path", unquote(each)) for each in parts.path.split("/")] + fields

    def _all(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each == name]
