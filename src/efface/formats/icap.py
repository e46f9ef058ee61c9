"""Messages of the Internet Content Adaptation Protocol, read from bytes as they arrive; no socket is known here.

    reader = IcapReader()
    reader.feed(data)
    for event in reader.events(): ...      Request, then Body ..., then EndOfPreview or EndOfMessage

After `EndOfPreview(is_all=False)` the reader waits: `go_on` asks for the rest of the body, `finish` gives the message
up, since the sender keeps the rest. Bytes of a next message that came early (pipelining) are kept and read in turn.

It is strict, because what two readers of one message read differently is a way past the door: no folded or repeated
header that matters, no trailer, no whitespace before a colon, no chunk size beyond 8 digits, sections of
`Encapsulated` in order and without holes.

Source: RFC 3507, 4.3 (messages), 4.4.1 (Encapsulated), 4.5 (Preview), 4.6 (204); RFC 9112, 7.1 (chunked).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from efface.errors import FormatError, LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Body", "EndOfMessage", "EndOfPreview", "HttpHead", "IcapReader", "Request"]

MAX_HEAD_BYTES = 64 * 1024
_MAX_CHUNK_LINE = 256
_MAX_CHUNK_DIGITS = 8
_MAX_BLANK_LINES = 4

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 - a grammar of RFC 9110, 5.6.2, not a secret
_REQUEST_LINE = re.compile(rb"(OPTIONS|REQMOD|RESPMOD) (icaps?://[\x21-\x7e]{1,2000}) ICAP/1\.0")
_HEADER = re.compile(rf"({_TOKEN}):[ \t]*([^\x00\r\n]*?)[ \t]*".encode())
_HTTP_REQUEST = re.compile(rf"({_TOKEN}) ([\x21-\xff]+) HTTP/[0-9]\.[0-9]".encode("latin-1"))
_HTTP_RESPONSE = re.compile(rb"HTTP/[0-9]\.[0-9] ([0-9]{3})(?: [^\x00\r\n]*)?")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*((?:;[^\r\n]*)?)")
_SECTION = re.compile(r"(req-hdr|res-hdr|req-body|res-body|null-body)=([0-9]{1,7})")
_SECTIONS = {
    "REQMOD": re.compile(r"(req-hdr )(req-body |null-body )"),
    "RESPMOD": re.compile(r"(req-hdr )?(res-hdr )?(res-body |null-body )"),
    "OPTIONS": re.compile(r"(null-body )?"),
}
_ONCE = {"encapsulated", "preview", "allow", "host", "connection"}


@dataclass(frozen=True, slots=True)
class HttpHead:
    """The head of a request or of a response, as it came.

    Attributes:
        raw: Its bytes, with the empty line that ends it.
        start: Method and target of a request, or "" and the status of a response.
        headers: Names in small letters, with their values as Latin-1.
    """

    raw: bytes
    start: tuple[str, str]
    headers: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        """Return every value of a header, by its name in small letters."""
        return [value for each, value in self.headers if each == name]


@dataclass(frozen=True, slots=True)
class Request:
    """What stands before the body.

    Attributes:
        method: OPTIONS, REQMOD or RESPMOD.
        uri: Of the service.
        headers: Of the ICAP message: names in small letters.
        http_request: Head of the encapsulated request, or None.
        http_response: Head of the encapsulated response, or None.
        has_body: Whether a body follows.
        preview: How many bytes the sender shows at first, or None where it sends the whole body at once.
    """

    method: str
    uri: str
    headers: dict[str, str] = field(default_factory=dict)
    http_request: HttpHead | None = None
    http_response: HttpHead | None = None
    has_body: bool = False
    preview: int | None = None

    @property
    def allows_204(self) -> bool:
        """Whether "no change" may be answered also after the whole body was read."""
        return "204" in re.split(r"[ \t]*,[ \t]*", self.headers.get("allow", ""))


@dataclass(frozen=True, slots=True)
class Body:
    """A piece of the body, without its chunk's frame."""

    data: bytes


@dataclass(frozen=True, slots=True)
class EndOfPreview:
    """The preview is over; `is_all` says that it was the whole body."""

    is_all: bool


@dataclass(frozen=True, slots=True)
class EndOfMessage:
    """The message is complete."""


Event = Request | Body | EndOfPreview | EndOfMessage


class IcapReader:
    """Reads one message after another from bytes."""

    def __init__(self) -> None:
        self._unread = bytearray()
        self._request: Request | None = None
        self._sections: list[tuple[str, int]] = []
        self._step = self._head
        self._left = 0
        self._in_preview = False
        self._previewed = 0
        self._blank = 0
        self._is_waiting = False

    def feed(self, data: bytes) -> None:
        """Take in bytes as they arrived."""
        self._unread += data

    @property
    def is_between(self) -> bool:
        """Whether nothing of a next message has arrived."""
        return self._step == self._head and not self._unread

    def events(self) -> Iterator[Event]:
        """Yield what can be told from the bytes so far.

        Raises:
            FormatError: They are no message of the protocol.
            LimitExceededError: A head is too long.
        """
        while not self._is_waiting:
            event = self._step()
            if event is None:
                return
            yield event

    def go_on(self) -> None:
        """Read on after a preview: the sender was told to continue."""
        self._is_waiting, self._in_preview = False, False
        self._step = self._chunk_size

    def finish(self) -> None:
        """Give up the rest of a previewed message, which the sender keeps."""
        self._is_waiting = False
        self._begin()

    def _begin(self) -> None:
        self._request, self._sections, self._previewed, self._blank = None, [], 0, 0
        self._step = self._head

    # -- steps: each takes what it needs from the unread bytes and returns an event, or None when too little is there

    def _head(self) -> Event | None:
        while self._unread.startswith(b"\r\n"):  # RFC 9112, 2.2: tolerated before a request line
            del self._unread[:2]
            self._blank += 1
            if self._blank > _MAX_BLANK_LINES:
                raise FormatError("expected a request, got empty lines")
        raw = self._until_empty_line()
        if raw is None:
            return None
        start, *lines = raw[:-4].split(b"\r\n")
        match = _REQUEST_LINE.fullmatch(start)
        if match is None:
            raise FormatError("expected a request line of ICAP/1.0")
        method, uri = (each.decode("ascii") for each in match.groups())
        headers = _headers(lines)
        names = Counter(name for name, _ in headers)
        if any(names[name] > 1 for name in _ONCE):
            raise FormatError("a header that may stand once stands twice")
        known = dict(headers)
        self._sections = _sections(method, known.get("encapsulated"))
        has_body = bool(self._sections) and self._sections[-1][0] != "null-body"
        preview = _preview(known.get("preview")) if has_body else None
        self._request = Request(method, uri, known, has_body=has_body, preview=preview)
        self._step = self._encapsulated
        return self._encapsulated()

    def _encapsulated(self) -> Event | None:
        request = self._request
        if request is None:
            raise FormatError("a body without a message")
        heads: dict[str, HttpHead] = {}
        end = self._sections[-1][1] if self._sections else 0
        if len(self._unread) < end:
            return None
        for (name, at), (_, until) in pairwise(self._sections):
            pattern = _HTTP_REQUEST if name == "req-hdr" else _HTTP_RESPONSE
            heads[name] = _http_head(bytes(self._unread[at:until]), pattern)
        del self._unread[:end]
        request = Request(
            request.method,
            request.uri,
            request.headers,
            heads.get("req-hdr"),
            heads.get("res-hdr"),
            request.has_body,
            request.preview,
        )
        self._in_preview = request.preview is not None
        self._step = self._chunk_size if request.has_body else self._end
        return request

    def _chunk_size(self) -> Event | None:
        line = self._line()
        if line is None:
            return None
        match = _CHUNK.fullmatch(line)
        if match is None or len(match[1]) > _MAX_CHUNK_DIGITS:
            raise FormatError("expected the size of a chunk")
        self._left = int(match[1], 16)
        if self._left:
            self._step = self._chunk
            return self._chunk()
        is_all = self._in_preview and b"ieof" in [each.strip() for each in match[2].split(b";")]
        self._step = lambda: self._last_line(is_all=is_all)
        return self._step()

    def _chunk(self) -> Event | None:
        if not self._unread:
            return None
        data = bytes(self._unread[: self._left])
        del self._unread[: len(data)]
        self._left -= len(data)
        if self._in_preview:
            self._previewed += len(data)
            if self._request is None or self._previewed > (self._request.preview or 0):
                raise FormatError("a preview is longer than it says")
        if not self._left:
            self._step = self._chunk_end
        return Body(data)

    def _chunk_end(self) -> Event | None:
        if len(self._unread) < 2:
            return None
        if self._unread[:2] != b"\r\n":
            raise FormatError("expected the end of a chunk")
        del self._unread[:2]
        self._step = self._chunk_size
        return self._chunk_size()

    def _last_line(self, *, is_all: bool) -> Event | None:
        if len(self._unread) < 2:
            return None
        if self._unread[:2] != b"\r\n":
            raise FormatError("a body with trailers, which nobody would look at")
        del self._unread[:2]
        if self._in_preview:
            if is_all:
                self._step = self._end
            else:
                self._is_waiting = True
            self._in_preview = False
            return EndOfPreview(is_all)
        return self._end()

    def _end(self) -> Event:
        self._begin()
        return EndOfMessage()

    def _line(self) -> bytes | None:
        end = self._unread.find(b"\r\n", 0, _MAX_CHUNK_LINE + 2)
        if end < 0:
            if len(self._unread) > _MAX_CHUNK_LINE:
                raise LimitExceededError(f"a line of a chunk of more than {_MAX_CHUNK_LINE} bytes")
            return None
        line = bytes(self._unread[:end])
        del self._unread[: end + 2]
        return line

    def _until_empty_line(self) -> bytes | None:
        end = self._unread.find(b"\r\n\r\n", 0, MAX_HEAD_BYTES)
        if end < 0:
            if len(self._unread) >= MAX_HEAD_BYTES:
                raise LimitExceededError(f"a head of more than {MAX_HEAD_BYTES} bytes")
            return None
        raw = bytes(self._unread[: end + 4])
        del self._unread[: end + 4]
        return raw


def _headers(lines: list[bytes]) -> list[tuple[str, str]]:
    found = []
    for line in lines:
        match = _HEADER.fullmatch(line)
        if match is None:
            raise FormatError("expected a header")
        found.append((match[1].decode("ascii").lower(), match[2].decode("latin-1")))
    return found


def _sections(method: str, value: str | None) -> list[tuple[str, int]]:
    """Return the sections of `Encapsulated` with their offsets, the body last."""
    if value is None:
        if method == "OPTIONS":
            return []
        raise FormatError("expected a header Encapsulated")
    matches = [_SECTION.fullmatch(each) for each in re.split(r"[ \t]*,[ \t]*", value)]
    found = [(match[1], int(match[2])) for match in matches if match is not None]
    if len(found) < len(matches) or not _SECTIONS[method].fullmatch("".join(f"{name} " for name, _ in found)):
        raise FormatError("sections of Encapsulated that do not go with the method")
    offsets = [offset for _, offset in found]
    if offsets[0] != 0 or any(b <= a for a, b in pairwise(offsets)):
        raise FormatError("sections of Encapsulated are not in order")
    if offsets[-1] > 2 * MAX_HEAD_BYTES:
        raise LimitExceededError(f"encapsulated heads of more than {2 * MAX_HEAD_BYTES} bytes")
    return found


def _preview(value: str | None) -> int | None:
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]{1,7}", value):
        raise FormatError("expected the length of a preview")
    return int(value)


def _http_head(raw: bytes, pattern: re.Pattern[bytes]) -> HttpHead:
    if not raw.endswith(b"\r\n\r\n") or raw.find(b"\r\n\r\n") != len(raw) - 4:
        raise FormatError("an encapsulated head does not end where it says")
    start, *lines = raw[:-4].split(b"\r\n")
    match = pattern.fullmatch(start)
    if match is None:
        raise FormatError("an encapsulated head has no start line of HTTP")
    words = [each.decode("latin-1") for each in match.groups()]
    return HttpHead(raw, (words[0], words[1]) if len(words) == 2 else ("", words[0]), tuple(_headers(lines)))
