"""The ICAP server over a socket: what it answers to each kind of message, and to those who are no proxies."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from efface.server.access import Rate
from efface.server.icap import IcapLimits
from efface.server.opening import DoorOptions
from efface.testing import records
from efface.testing.doors import IcapDoor, icap_door, reqmod

FINGER = records.finger_minutiae_record(9)
OPTIONS = b"OPTIONS icap://127.0.0.1/%s ICAP/1.0\r\nHost: h\r\n\r\n"


@pytest.fixture(scope="module")
def door() -> Iterator[IcapDoor]:
    """A door without a case, with one process."""
    limits = IcapLimits(connections=20, idle_s=20, silence_s=1.0, message_s=60)
    with icap_door(DoorOptions(jobs=1), limits) as opened:
        yield opened


class Client:
    """Speaks to a door over one connection."""

    def __init__(self, door: IcapDoor) -> None:
        self.socket = socket.create_connection(("127.0.0.1", door.port), 60)
        self.file = self.socket.makefile("rb")

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def ask(self, data: bytes) -> tuple[int, dict[str, str], bytes]:
        self.socket.sendall(data)
        return self.answer()

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and the encapsulated message with its chunks undone."""
        status = int(self.file.readline().split()[1])
        headers: dict[str, str] = {}
        last = ""
        while (line := self.file.readline().rstrip(b"\r\n").decode("latin-1")) != "":
            if line.startswith("\t"):
                headers[last] += " " + line.strip()
                continue
            last, _, value = line.partition(": ")
            last = last.lower()
            headers[last] = value
        sections = dict(each.split("=") for each in headers.get("encapsulated", "null-body=0").split(", "))
        body = self.file.read(int(list(sections.values())[-1]))
        if "null-body" not in sections and status == 200:
            while size := int(self.file.readline(), 16):
                body += self.file.read(size)
                self.file.readline()
            self.file.readline()
        return status, headers, body


@pytest.fixture
def client(door: IcapDoor) -> Iterator[Client]:
    """A connection to the door."""
    with closing(Client(door)) as connected:
        yield connected


@pytest.mark.parametrize(("service", "method"), [(b"reqmod", "REQMOD"), (b"respmod", "RESPMOD")])
def test_a_service_says_what_it_does(client: Client, service: bytes, method: str) -> None:
    """OPTIONS tells method, tag and that "no change" may be answered."""
    status, headers, _ = client.ask(OPTIONS % service)
    assert (status, headers["methods"], headers["allow"]) == (200, method, "204")
    assert len(headers["istag"].strip('"')) <= 32


def test_what_may_pass_is_not_changed(client: Client) -> None:
    """204, with the same tag as OPTIONS, and the connection stays."""
    _, told, _ = client.ask(OPTIONS % b"reqmod")
    status, headers, _ = client.ask(reqmod(b"a=1"))
    assert (status, headers["istag"], headers["connection"]) == (204, told["istag"], "keep-alive")


def test_without_a_204_the_message_comes_back_as_it_was(client: Client) -> None:
    """Head and body are given back byte for byte."""
    body = bytes(range(256)) * 3_000
    status, _, back = client.ask(reqmod(body, allow="", content_type="application/x-test"))
    assert status == 200
    assert back.startswith(b"POST http://service.invalid/form HTTP/1.1\r\n")
    assert back.endswith(b"\r\n\r\n" + body)


def test_a_forbidden_body_gets_a_receipt(client: Client) -> None:
    """403 in the place of the request, its headers for logs, and nothing of the payload."""
    status, headers, message = client.ask(reqmod(FINGER))
    assert status == 200
    assert message.startswith(b"HTTP/1.1 403 ")
    receipt = json.loads(message.partition(b"\r\n\r\n")[2])
    assert receipt["door"] == "refuse"
    assert headers["x-violations-found"].startswith("1 body ")
    assert headers["x-decision-id"] == receipt["instance"].rpartition(":")[2]
    assert FINGER[30:40] not in message


@pytest.mark.parametrize(("body", "status"), [(b"a=1" * 50, 204), (FINGER, 200)], ids=["clean", "forbidden"])
def test_a_preview_is_not_the_whole(client: Client, body: bytes, status: int) -> None:
    """The proxy is told to continue, and the rest decides."""
    client.socket.sendall(reqmod(body, preview=10))
    assert client.file.readline() == b"ICAP/1.0 100 Continue\r\n"
    client.file.readline()
    assert client.ask(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body) - 10, body[10:]))[0] == status


def test_a_preview_that_is_the_whole_needs_no_more(client: Client) -> None:
    """`ieof` saves the turn, and 204 is allowed without being asked for."""
    assert client.ask(reqmod(b"a=1", preview=10, allow=""))[0] == 204


def test_pipelined_messages_are_answered_in_order(client: Client) -> None:
    """Three messages in one packet give three answers, each its own."""
    client.socket.sendall(reqmod(b"a=1") + reqmod(FINGER) + reqmod(b"b=2"))
    assert [client.answer()[0] for _ in range(3)] == [204, 200, 204]


def test_a_forbidden_query_is_refused(client: Client) -> None:
    """A template needs no body to be sent."""
    import base64

    target = "http://service.invalid/?t=" + base64.urlsafe_b64encode(FINGER).decode()
    head = f"GET {target} HTTP/1.1\r\nHost: service.invalid\r\n\r\n".encode()
    data = f"REQMOD icap://h/reqmod ICAP/1.0\r\nHost: h\r\nAllow: 204\r\nEncapsulated: req-hdr=0, null-body={len(head)}\r\n\r\n"
    _, _, message = client.ask(data.encode() + head)
    assert message.startswith(b"HTTP/1.1 403 ")
    assert b'"head.json#/0/t"' in message or b"head.json" in message


NOT_LOOKED_AT = {
    "a coding that is not undone": b"Content-Encoding: br\r\n",
    "a part of a body": b"Content-Range: bytes 0-3/9\r\n",
    "two types": b"Content-Type: a/b\r\nContent-Type: c/d\r\n",
}


@pytest.mark.parametrize("header", NOT_LOOKED_AT.values(), ids=NOT_LOOKED_AT.keys())
def test_what_cannot_be_looked_at_waits(client: Client, header: bytes) -> None:
    """422: a body that is not read as its receiver reads it is not let through."""
    head = b"POST http://a/ HTTP/1.1\r\nHost: a\r\n" + header + b"\r\n"
    start = f"REQMOD icap://h/reqmod ICAP/1.0\r\nHost: h\r\nAllow: 204\r\nEncapsulated: req-hdr=0, req-body={len(head)}\r\n\r\n"
    _, _, message = client.ask(start.encode() + head + b"4\r\nabcd\r\n0\r\n\r\n")
    assert message.startswith(b"HTTP/1.1 422 ")


REFUSED = {
    "HTTP": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a service that is not there": (reqmod(b"x").replace(b"/reqmod ICAP", b"/other ICAP"), 404),
    "a method that is not the service's": (reqmod(b"x").replace(b"/reqmod ICAP", b"/respmod ICAP"), 405),
    "a chunk that breaks off": (reqmod(b"x").replace(b"0\r\n\r\n", b"zz\r\n"), 400),
}


@pytest.mark.parametrize(("data", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_message_is_refused_and_the_connection_ends(
    client: Client, data: bytes, status: int
) -> None:
    """No answer to a broken message says that anything may pass."""
    assert client.ask(data)[0] == status
    assert client.file.read() == b""


def test_a_slow_sender_is_sent_away(client: Client) -> None:
    """Silence within a message ends it; nothing is let through."""
    client.socket.sendall(reqmod(b"a=1")[:-4])
    assert client.answer()[0] == 408


def test_a_sender_who_goes_away_leaves_nothing_behind(door: IcapDoor) -> None:
    """The bytes of a message that did not come to its end are given up."""
    with closing(Client(door)) as gone:
        gone.socket.sendall(reqmod(b"a" * 100_000)[:-4])
    with closing(Client(door)) as client:
        assert client.ask(reqmod(b"a=1"))[0] == 204
    until = time.monotonic() + 20
    while door.keeper._budget.held_bytes and time.monotonic() < until:
        time.sleep(0.05)
    assert door.keeper._budget.held_bytes == 0


def test_too_many_connections_are_told_so(door: IcapDoor) -> None:
    """503, not silence; the first ones are served on."""
    clients = [Client(door) for _ in range(20)]
    try:
        assert clients[0].ask(OPTIONS % b"reqmod")[0] == 200
        with closing(Client(door)) as late:
            assert late.answer()[0] == 503
        assert clients[0].ask(reqmod(b"a=1"))[0] == 204
    finally:
        for client in clients:
            client.close()


def test_a_body_over_the_limit_is_not_read_to_its_end() -> None:
    """It is held, and its sender is told before it has sent everything."""
    from dataclasses import replace

    from efface.guard import Settings

    settings = Settings()
    small = replace(settings, limits=replace(settings.limits, artefact_bytes=1_000))
    with icap_door(DoorOptions(small, jobs=1)) as door, closing(Client(door)) as client:
        data = reqmod(b"x" * 5_000_000)
        client.socket.sendall(data[:200_000])
        _, headers, message = client.answer()
        assert message.startswith(b"HTTP/1.1 422 ")
        assert headers["connection"] == "close"


def test_a_rate_delays_and_loses_nothing() -> None:
    """A proxy that asks too often waits; each question is answered."""
    with icap_door(DoorOptions(jobs=1), rate=Rate(50.0, burst=1)) as door, closing(Client(door)) as client:
        assert [client.ask(reqmod(b"a=1"))[0] for _ in range(5)] == [204] * 5


def test_a_stopped_door_ends_idle_connections(door: IcapDoor) -> None:
    """A graceful stop does not wait for those who say nothing."""
    with icap_door(DoorOptions(jobs=1)) as own, closing(Client(own)) as client:
        assert client.ask(reqmod(b"a=1"))[0] == 204
        own.loop.call_soon_threadsafe(lambda: own.loop.create_task(own.server.stop(5)))
        assert client.file.read() == b""
