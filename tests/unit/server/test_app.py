"""The guard over HTTP, on a real server: a status for each answer, and nothing of the payload in any."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from efface.server import app as module
from efface.server import application


class Client:
    """Speaks HTTP to the server of this test."""

    def __init__(self, port: int) -> None:
        self._port = port

    def ask(self, method: str, path: str, body: bytes = b"", name: str = "") -> tuple[int, dict[str, Any]]:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request(method, path, body, {"X-Payload-Name": name} if name else {})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """A server without a case, on a free port of loopback."""
    server = uvicorn.Server(uvicorn.Config(application(), host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
        assert thread.is_alive()
    yield Client(server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join(timeout=30)


def test_a_clean_payload_passes(client: Client) -> None:
    """200, and the word allow."""
    status, answer = client.ask("POST", "/check", b'{"a": 1}', "a.json")
    assert (status, answer["door"]) == (200, "allow")


def test_a_face_is_refused(client: Client, samples: Path) -> None:
    """403, with counts and no picture in the answer."""
    status, answer = client.ask("POST", "/check", (samples / "portrait.png").read_bytes())
    assert (status, answer["findings"]) == (403, 1)
    assert len(json.dumps(answer)) < 1_000


def test_what_cannot_be_looked_at_waits(client: Client) -> None:
    """422 for a broken picture."""
    assert client.ask("POST", "/check", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(50))[0] == 422


def test_a_body_over_the_limit_waits(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body is not read beyond the limit."""
    monkeypatch.setattr(module, "_MAX_BODY_BYTES", 10)
    assert client.ask("POST", "/check", b"x" * 11)[0] == 422


@pytest.mark.parametrize("name", ["%", "%ff%fe", "..%2f..%2fetc", "a" * 5_000, "%00"])
def test_strange_names_are_only_names(client: Client, name: str) -> None:
    """A name in the header opens nothing and breaks nothing."""
    assert client.ask("POST", "/check", b"{}", name)[0] == 200


def test_health(client: Client) -> None:
    """A gateway can ask whether the guard is there."""
    assert client.ask("GET", "/health") == (200, {"status": "ok"})


def test_other_methods_are_refused(client: Client) -> None:
    """Only POST decides."""
    assert client.ask("GET", "/check")[0] == 405
