"""The guard before a service, in its process and as a proxy: clean requests arrive byte for byte, others never."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from fastapi import FastAPI, Request

from efface.errors import UsageError
from efface.server import DoorOptions, GuardMiddleware
from efface.server.access import Rate
from efface.server.proxy import Proxy
from efface.testing import records
from efface.testing.doors import http_door

FINGER = base64.b64encode(records.finger_minutiae_record(9)).decode()
SEEN: list[tuple[str, str, dict[str, str], bytes]] = []


class Origin(BaseHTTPRequestHandler):
    """A service that keeps what arrives, and sends it back."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        SEEN.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(201 if self.command == "POST" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "keep-alive, X-Hop")
        self.send_header("X-Hop", "1")
        self.send_header("X-End", "1")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_HEAD = _answer  # noqa: N815 - as `http.server` calls them

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def origin() -> Iterator[int]:
    """The service behind, on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Origin)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def door(origin: int) -> Iterator[int]:
    """The proxy before it."""
    proxy = Proxy(f"http://127.0.0.1:{origin}/app")
    with http_door(GuardMiddleware(proxy, DoorOptions(jobs=1), way="proxy")) as port:
        yield port


def ask(
    port: int, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    SEEN.clear()
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(
            method, path, body, headers or {}, encode_chunked=not isinstance(body, bytes | None)
        )
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_a_clean_request_arrives_byte_for_byte(door: int) -> None:
    """Method, path, query, header and body are those that were sent."""
    body = bytes(range(256)) * 5_000
    status, _, back = ask(door, "POST", "/a%2Fb?x=%20y", body, {"X-Own": "1", "Content-Type": "x/y"})
    assert (status, back) == (201, body)
    method, path, headers, arrived = SEEN[0]
    assert (method, path, arrived) == ("POST", "/app/a%2Fb?x=%20y", body)
    assert (headers["x-own"], headers["content-type"], headers["content-length"]) == (
        "1",
        "x/y",
        str(len(body)),
    )


def test_fields_of_one_connection_end_there(door: int) -> None:
    """RFC 9110, 7.6.1: what Connection names goes, on both ways, and Via is added."""
    headers = {
        "Connection": "X-Own, close",
        "X-Own": "1",
        "Keep-Alive": "1",
        "TE": "gzip",
        "Proxy-Authorization": "x",
    }
    _, back, _ = ask(door, "GET", "/", headers=headers)
    arrived = SEEN[0][2]
    assert not {"x-own", "keep-alive", "te", "proxy-authorization", "upgrade"} & set(arrived)
    assert arrived["via"] == back["via"] == "1.1 efface"
    assert "x-hop" not in back
    assert back["x-end"] == "1"


def test_a_body_in_chunks_arrives_whole(door: int) -> None:
    """The frame may change; the bytes do not."""
    pieces = [b"a" * 70_000, b"b", b"c" * 10]
    assert ask(door, "POST", "/", iter(pieces), {"Transfer-Encoding": "chunked"})[2] == b"".join(pieces)
    assert SEEN[0][3] == b"".join(pieces)


def test_a_head_request_has_no_body(door: int) -> None:
    """HEAD is answered as the service answers it."""
    assert ask(door, "HEAD", "/")[::2] == (200, b"")


FORBIDDEN: dict[str, tuple[str, str, bytes | None, dict[str, str]]] = {
    "JSON": ("POST", "/", json.dumps({"bz": FINGER}).encode(), {"Content-Type": "application/json"}),
    "a form": (
        "POST",
        "/",
        b"a=1&bz=" + FINGER.replace("+", "%2B").encode(),
        {"Content-Type": "application/x-www-form-urlencoded"},
    ),
    "a part of a form with files": (
        "POST",
        "/",
        b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n" + FINGER.encode() + b"\r\n--b--\r\n",
        {"Content-Type": "multipart/form-data; boundary=b"},
    ),
    "a query": ("GET", f"/?t={FINGER.replace('+', '%2B')}", None, {}),
    "a header": ("GET", "/", None, {"X-Data": FINGER}),
    "a cookie": ("GET", "/", None, {"Cookie": f"a=b; t={FINGER}"}),
}


@pytest.mark.parametrize(("method", "path", "body", "headers"), FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_a_forbidden_request_never_arrives(
    door: int, method: str, path: str, body: bytes | None, headers: dict[str, str]
) -> None:
    """403 with a receipt, and the service has seen nothing."""
    status, back, told = ask(door, method, path, body, headers)
    assert (status, back["content-type"], SEEN) == (403, "application/problem+json", [])
    assert json.loads(told)["findings"] >= 1
    assert FINGER[:40].encode() not in told


def test_a_body_that_breaks_off_never_arrives(door: int) -> None:
    """Half a request is not passed on."""
    SEEN.clear()
    with socket.create_connection(("127.0.0.1", door), 10) as half:
        half.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{}")
    assert ask(door, "GET", "/")[0] == 200
    assert [each[0] for each in SEEN] == ["GET"]


def test_smuggled_framing_is_refused(door: int) -> None:
    """Two lengths, or a length and chunks, are two readings of one message."""
    SEEN.clear()
    for framing in (
        b"Content-Length: 3\r\nContent-Length: 4\r\n",
        b"Content-Length: 3\r\nTransfer-Encoding: gzip\r\n",
    ):
        with socket.create_connection(("127.0.0.1", door), 10) as client:
            client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\nabcd")
            assert b" 400 " in client.recv(4_096).partition(b"\r\n")[0]
    assert SEEN == []


def test_a_websocket_is_refused(door: int) -> None:
    """What comes over it would not be looked at."""
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "x" * 24,
        "Sec-WebSocket-Version": "13",
    }
    status, _, _ = ask(door, "GET", "/", headers=headers)
    assert status != 101
    assert all("upgrade" not in each[2] for each in SEEN)


def test_a_service_that_is_away_is_said() -> None:
    """502, as a problem."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        proxy = Proxy(f"http://127.0.0.1:{taken.getsockname()[1]}")
        with http_door(GuardMiddleware(proxy, DoorOptions(jobs=1))) as port:
            status, back, _ = ask(port, "POST", "/", b"{}")
    assert (status, back["content-type"]) == (502, "application/problem+json")


@pytest.mark.parametrize(
    "address", ["ftp://a", "http://", "http://a:x", "http://u:p@a", "http://a/?q=1", "a"]
)
def test_what_is_no_address_of_a_service_is_refused(address: str) -> None:
    """A door before nothing is not opened."""
    with pytest.raises(UsageError):
        Proxy(address)


def test_a_service_of_one_s_own_is_guarded_in_its_process() -> None:
    """The middleware opens with the service, gives the body on, and sends away who asks too often."""
    app = FastAPI()
    arrived = []

    @app.post("/records")
    async def take(request: Request) -> dict[str, int]:
        arrived.append(await request.body())
        return {"size": len(arrived[-1])}

    app.add_middleware(GuardMiddleware, options=DoorOptions(jobs=1), rate=Rate(0.01, burst=2))
    with http_door(app) as port:
        assert ask(port, "POST", "/records", b'{"a": 1}')[::2] == (200, b'{"size":8}')
        assert ask(port, "POST", "/records", json.dumps({"x": FINGER}).encode())[0] == 403
        assert ask(port, "POST", "/records", b"{}")[0] == 429
    assert arrived == [b'{"a": 1}']
