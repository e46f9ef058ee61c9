"""The guard over HTTP, on a real server: a status for each answer, and nothing of the payload in any."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from efface.guard import Settings
from efface.server import DoorOptions, application
from efface.server.access import Rate, Tokens
from efface.testing.doors import http_door

SMALL = replace(Settings(), limits=replace(Settings().limits, artefact_bytes=1_000_000))


class Client:
    """Speaks HTTP to the server of this test."""

    def __init__(self, port: int) -> None:
        self._port = port

    def ask(
        self, method: str, path: str, body: bytes = b"", name: str = "", token: str = ""
    ) -> tuple[int, dict[str, Any]]:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        headers = {"X-Payload-Name": name} if name else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            self.kind = answer.getheader("Content-Type")
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """A server without a case, on a free port of loopback."""
    with http_door(application(DoorOptions(SMALL, jobs=1))) as port:
        yield Client(port)


def test_a_clean_payload_passes(client: Client) -> None:
    """200, and the word allow."""
    status, answer = client.ask("POST", "/check", b'{"a": 1}', "a.json")
    assert (status, answer["door"]) == (200, "allow")


def test_a_face_is_refused(client: Client, samples: Path) -> None:
    """403 as a problem of RFC 9457, with counts and no picture in the answer."""
    status, answer = client.ask("POST", "/check", (samples / "portrait.png").read_bytes())
    assert (status, answer["status"], answer["findings"]) == (403, 403, 1)
    assert client.kind == "application/problem+json"
    assert len(json.dumps(answer)) < 1_500


def test_what_cannot_be_looked_at_waits(client: Client) -> None:
    """422 for a broken picture."""
    assert client.ask("POST", "/check", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(50))[0] == 422


def test_a_body_over_the_limit_waits(client: Client) -> None:
    """A body is not read beyond the limit."""
    assert client.ask("POST", "/check", b"x" * 1_000_001)[0] == 422


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


def test_the_endpoint_is_described(client: Client) -> None:
    """OpenAPI names the body, each status and the form of a refusal."""
    _, described = client.ask("GET", "/openapi.json")
    check = described["paths"]["/check"]["post"]
    assert set(check["responses"]) >= {"200", "403", "422", "503"}
    assert "application/problem+json" in check["responses"]["403"]["content"]
    assert "application/octet-stream" in check["requestBody"]["content"]


def test_without_its_token_nobody_is_answered() -> None:
    """401 before a byte of the payload is looked at; the right token opens; too often is 429."""
    token = "a-token-of-this-test"  # noqa: S105 - of this test only
    app = application(DoorOptions(SMALL, jobs=1), tokens=Tokens([token]), rate=Rate(0.01, burst=2))
    with http_door(app) as port:
        client = Client(port)
        assert client.ask("POST", "/check", b"{}")[0] == 401
        assert client.ask("POST", "/check", b"{}", token="another-token-of-it")[0] == 401
        assert [client.ask("POST", "/check", b"{}", token=token)[0] for _ in range(3)] == [200, 200, 429]
