"""Behind a real Squid: what may pass arrives byte for byte, what may not never does, and a stopped guard opens nothing."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import pytest

from efface.evidence.decisions import verify_decisions
from efface.server.icap import IcapLimits
from efface.server.opening import DoorOptions
from efface.testing import records
from efface.testing.doors import icap_door
from efface.testing.servers import require
from efface.testing.squid import free_port, squid, squid_missing

FINGER = base64.b64encode(records.finger_minutiae_record(9)).decode()


class Origin(BaseHTTPRequestHandler):
    """The service that people send records to."""

    protocol_version = "HTTP/1.1"
    arrived: ClassVar[list[bytes]] = []
    page = b"<p>hello</p>"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        Origin.arrived.append(body)
        self._send(b"%d" % len(body))

    def do_GET(self) -> None:
        Origin.arrived.append(self.path.encode())
        self._send(Origin.page)

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


class Through:
    """Asks the service through the proxy."""

    def __init__(self, proxy: int, origin: int) -> None:
        self._proxy, self._origin = proxy, origin

    def ask(
        self, method: str, path: str, body: bytes | None = None, kind: str = "", times: int = 1
    ) -> list[tuple[int, bytes]]:
        """Return status and body of the same request, several times over one connection."""
        Origin.arrived.clear()
        connection = HTTPConnection("127.0.0.1", self._proxy, timeout=120)
        try:
            told = []
            for _ in range(times):
                headers = {"Content-Type": kind} if kind else {}
                connection.request(method, f"http://127.0.0.1:{self._origin}{path}", body, headers)
                answer = connection.getresponse()
                told.append((answer.status, answer.read()))
            return told
        finally:
            connection.close()


@pytest.fixture(scope="module")
def origin() -> Iterator[int]:
    """The service, on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Origin)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module", params=[None, 0], ids=["whole bodies", "previews"])
def through(
    request: pytest.FixtureRequest, origin: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Through]:
    """A Squid that asks a guard with a ledger, which is checked at the end."""
    require(squid_missing())
    ledger = tmp_path_factory.mktemp("door") / "ledger"
    with (
        icap_door(DoorOptions(jobs=1, ledger=ledger), IcapLimits(preview=request.param)) as door,
        squid(door.port) as proxy,
    ):
        yield Through(proxy, origin)
    assert verify_decisions(ledger).decisions >= 1  # of the tests that this process was given


def multipart(name: str, content: bytes) -> bytes:
    head = f'--b\r\nContent-Disposition: form-data; name="f"; filename="{name}"\r\n\r\n'.encode()
    return head + content + b"\r\n--b--\r\n"


CLEAN = {
    "JSON": (json.dumps({"cf_sy": "违法使用人脸识别"}, ensure_ascii=False).encode(), "application/json"),
    "a form": (b"a=1&b=%E4%BA%BA%E8%84%B8", "application/x-www-form-urlencoded"),
    "a form with a file": (multipart("a.txt", b"words\n" * 50), "multipart/form-data; boundary=b"),
    "any bytes": (bytes(range(256)) * 20, "application/octet-stream"),
    "nothing": (b"", ""),
    "megabytes": (b"a line of a report that says nothing\n" * 60_000, "text/plain"),
}


@pytest.mark.parametrize(("body", "kind"), CLEAN.values(), ids=CLEAN.keys())
def test_a_clean_request_arrives_byte_for_byte(through: Through, body: bytes, kind: str) -> None:
    """Nothing is changed, lost or repeated on the way."""
    assert through.ask("POST", "/", body, kind) == [(200, b"%d" % len(body))]
    assert Origin.arrived == [body]


FORBIDDEN = {
    "JSON": (json.dumps({"bz": FINGER}).encode(), "application/json"),
    "a form": (b"a=1&bz=" + quote(FINGER, safe="").encode(), "application/x-www-form-urlencoded"),
    "a form with a file": (
        multipart("a.bin", records.finger_minutiae_record(9)),
        "multipart/form-data; boundary=b",
    ),
    "megabytes": (b"words of a report\n" * 60_000 + FINGER.encode() + b"\n", "text/plain"),
}


@pytest.mark.parametrize(("body", "kind"), FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_a_forbidden_request_never_arrives(through: Through, body: bytes, kind: str) -> None:
    """403 with a receipt in its place, and the service has seen nothing."""
    [(status, told)] = through.ask("POST", "/", body, kind)
    assert (status, Origin.arrived) == (403, [])
    assert json.loads(told)["door"] == "refuse"
    assert FINGER[:40].encode() not in told


def test_a_picture_in_a_form_never_arrives(through: Through, samples: Path) -> None:
    """A portrait that is uploaded is refused."""
    body = multipart("a.png", (samples / "portrait.png").read_bytes())
    [(status, _)] = through.ask("POST", "/", body, "multipart/form-data; boundary=b")
    assert (status, Origin.arrived) == (403, [])


def test_a_forbidden_query_never_arrives(through: Through) -> None:
    """A template in an address is refused."""
    [(status, _)] = through.ask("GET", f"/?t={quote(FINGER, safe='')}")
    assert (status, Origin.arrived) == (403, [])


def test_one_connection_serves_many_requests(through: Through) -> None:
    """The proxy keeps its connection to the guard."""
    assert through.ask("POST", "/", b"a=1", times=12) == [(200, b"3")] * 12


def test_a_response_is_looked_at_too(through: Through) -> None:
    """What a service gives out is held at the same door."""
    Origin.page = json.dumps({"bz": FINGER}).encode()
    try:
        [(status, told)] = through.ask("GET", "/")
    finally:
        Origin.page = b"<p>hello</p>"
    assert status == 403
    assert FINGER[:40].encode() not in told
    assert through.ask("GET", "/") == [(200, b"<p>hello</p>")]


LINE = b"a line of a page that says nothing\n"
IMPATIENT = "read_timeout 3 seconds\nicap_io_timeout 60 seconds\n"
"""A Squid with its bug 5352 waits as long as this for what it has already, and then says that it could not."""


def test_a_large_response_comes_whole_or_not_at_all(origin: int) -> None:
    """65,535 bytes come in any case; of a megabyte that Squid does not hand over nothing comes, nor of a forbidden one."""
    require(squid_missing())
    large = (LINE * 30_000)[: 1 << 20]
    hidden = large[:500_000] + FINGER.encode() + b"\n" + large[500_000:]
    with icap_door(DoorOptions(jobs=1)) as door, squid(door.port, IMPATIENT) as proxy:
        through = Through(proxy, origin)
        try:
            for page in (large[:65_535], large, hidden):
                Origin.page = page
                [(status, told)] = through.ask("GET", "/")
                assert status == 200 or len(page) > 65_535
                assert told == page if status == 200 else LINE not in told
        finally:
            Origin.page = b"<p>hello</p>"
    assert status != 200


def test_a_stopped_guard_lets_nothing_through(origin: int) -> None:
    """Squid asks a guard that is gone, and gives an error instead of the page."""
    require(squid_missing())
    with icap_door(DoorOptions(jobs=1)) as door, squid(door.port) as proxy:
        through = Through(proxy, origin)
        assert through.ask("POST", "/", b"a=1")[0][0] == 200
        door.loop.call_soon_threadsafe(lambda: door.loop.create_task(door.server.stop(1)))
        for _ in range(3):
            [(status, _)] = through.ask("POST", "/", b"a=1")
            assert (status >= 500, Origin.arrived) == (True, [])


def test_a_guard_that_never_was_lets_nothing_through(origin: int) -> None:
    """Nobody listens where the guard should be."""
    require(squid_missing())
    with squid(free_port()) as proxy:
        [(status, _)] = Through(proxy, origin).ask("POST", "/", b"a=1")
    assert (status >= 500, Origin.arrived) == (True, [])
