"""Messages of ICAP from bytes: what they hold, however they are cut, and what is no message."""

from __future__ import annotations

import pytest

from efface.errors import FormatError
from efface.formats.icap import Body, EndOfMessage, EndOfPreview, IcapReader, Request
from efface.testing.doors import reqmod

OPTIONS = b"OPTIONS icap://h/reqmod ICAP/1.0\r\nHost: h\r\n\r\n"
HEAD = b"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"


def read(data: bytes, step: int = 0) -> list[object]:
    reader = IcapReader()
    events: list[object] = []
    for at in range(0, len(data), step or len(data)):
        reader.feed(data[at : at + (step or len(data))])
        events += reader.events()
    return events


def body_of(events: list[object]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, Body))


def message(encapsulated: str, rest: bytes, method: str = "REQMOD", extra: str = "") -> bytes:
    return (
        f"{method} icap://h/x ICAP/1.0\r\nHost: h\r\n{extra}Encapsulated: {encapsulated}\r\n\r\n".encode()
        + rest
    )


@pytest.mark.parametrize("step", [0, 1, 7])
def test_a_request_is_read_however_it_is_cut(step: int) -> None:
    """The same events come from one piece and from single bytes."""
    events = read(reqmod(b"a=1&b=2"), step)
    assert isinstance(events[0], Request)
    assert events[0].http_request is not None
    assert events[0].http_request.start == ("POST", "http://service.invalid/form")
    assert events[0].allows_204
    assert body_of(events) == b"a=1&b=2"
    assert isinstance(events[-1], EndOfMessage)


def test_a_response_has_two_heads() -> None:
    """RESPMOD brings the request that the response answers."""
    data = message(
        f"req-hdr=0, res-hdr={len(HEAD)}, res-body={len(HEAD + ANSWER)}",
        HEAD + ANSWER + b"2\r\nhi\r\n0\r\n\r\n",
        "RESPMOD",
    )
    request, *rest = read(data)
    assert isinstance(request, Request)
    assert request.http_response is not None
    assert request.http_response.start == ("", "200")
    assert request.http_response.all("content-type") == ["text/plain"]
    assert body_of(rest) == b"hi"


def test_pipelined_messages_come_one_after_another() -> None:
    """What came early is kept and read in its turn."""
    events = read(OPTIONS + reqmod(b"first") + reqmod(b"second"))
    assert [type(event).__name__ for event in events].count("EndOfMessage") == 3
    assert body_of(events) == b"firstsecond"


def test_after_a_preview_the_reader_waits() -> None:
    """What follows a preview is read only when the sender was told to continue."""
    reader = IcapReader()
    reader.feed(reqmod(b"0123456789", preview=4))
    assert list(reader.events())[-1] == EndOfPreview(is_all=False)
    reader.feed(b"6\r\n456789\r\n0\r\n\r\n")
    assert list(reader.events()) == []
    reader.go_on()
    assert list(reader.events()) == [Body(b"456789"), EndOfMessage()]


def test_a_preview_that_is_the_whole_body_ends_the_message() -> None:
    """`ieof` says that nothing follows."""
    assert read(reqmod(b"0123", preview=4))[-2:] == [EndOfPreview(is_all=True), EndOfMessage()]


def test_a_preview_that_is_given_up_frees_the_connection() -> None:
    """The sender keeps the rest, so the next bytes are the next message."""
    reader = IcapReader()
    reader.feed(reqmod(b"0123456789", preview=4))
    list(reader.events())
    reader.finish()
    reader.feed(OPTIONS)
    assert isinstance(next(iter(reader.events())), Request)


BROKEN = {
    "another protocol": b"GET / HTTP/1.1\r\n\r\n",
    "another version": b"REQMOD icap://h/x ICAP/1.1\r\nHost: h\r\n\r\n",
    "no Encapsulated": b"REQMOD icap://h/x ICAP/1.0\r\nHost: h\r\n\r\n",
    "Encapsulated twice": message("null-body=0", HEAD, extra="Encapsulated: req-hdr=0, null-body=3\r\n"),
    "a folded header": message("req-hdr=0, null-body=1", b"", extra="X: a\r\n b\r\n"),
    "a space before the colon": message("req-hdr=0, null-body=1", b"", extra="X : a\r\n"),
    "sections out of order": message("req-body=0, req-hdr=5", HEAD),
    "a section that begins late": message("req-hdr=5, req-body=99", HEAD),
    "a section of a response in a request": message("res-hdr=0, res-body=30", ANSWER),
    "an unknown section": message("opt-body=0", HEAD),
    "a head that ends before its section": message(
        f"req-hdr=0, null-body={len(HEAD) + 4}", HEAD + b"\r\n\r\n"
    ),
    "a head that is cut": message(f"req-hdr=0, null-body={len(HEAD) - 2}", HEAD),
    "a head with a bare line feed": message("req-hdr=0, null-body=22", b"GET / HTTP/1.1\nA: b\r\n\r\n"),
    "a preview that is no number": message(f"req-hdr=0, req-body={len(HEAD)}", HEAD, extra="Preview: -1\r\n"),
    "a chunk size that is no number": message(f"req-hdr=0, req-body={len(HEAD)}", HEAD + b"0x5\r\nhello\r\n"),
    "a chunk size of nine digits": message(
        f"req-hdr=0, req-body={len(HEAD)}", HEAD + b"000000005\r\nhello\r\n"
    ),
    "a chunk that is longer than it says": message(
        f"req-hdr=0, req-body={len(HEAD)}", HEAD + b"2\r\nhello\r\n"
    ),
    "a trailer": message(f"req-hdr=0, req-body={len(HEAD)}", HEAD + b"0\r\nX-Late: 1\r\n\r\n"),
    "a preview that is longer than it says": reqmod(b"0123456789").replace(b"Allow", b"Preview: 3\r\nAllow"),
    "a head without an end": b"REQMOD icap://h/x ICAP/1.0\r\n" + b"X: " + bytes(70_000),
    "a chunk line without an end": message(f"req-hdr=0, req-body={len(HEAD)}", HEAD + b"5;" + b"a" * 400),
    "nothing but empty lines": b"\r\n" * 9,
}


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_what_two_readers_could_read_differently_is_refused(data: bytes, step: int) -> None:
    """No message is guessed from bytes that break the protocol."""
    with pytest.raises(FormatError):
        read(data, step if len(data) < 2_000 else 0)
