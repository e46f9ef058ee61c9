"""Doors as an operator runs them: started, asked, reloaded, stopped, and their ledger checked."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from efface.cli.app import run
from efface.runs.exit_code import ExitCode
from efface.testing import records
from efface.testing.doors import reqmod
from efface.testing.laws import example_of, pack_texts
from efface.testing.squid import free_port

FINGER = records.finger_minutiae_record(9)
OWN = pack_texts(
    'XX-1 prohibition: context.jurisdiction in Jurisdiction::"CN"',
    pack="xx-own",
    examples=example_of("XX-1", "2021-01-01", "prohibited")
    + example_of("XX-1", "2020-12-31", "out_of_scope"),
)
CASE = '[case]\ntitle = "t"\njurisdiction = "CN-310112"\n'


class Door:
    """A door in a process of its own, and the events that it logs."""

    def __init__(self, *arguments: str | Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "efface", "guard", *map(str, arguments)],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
        )
        self.lines: list[str] = []
        self.port = int(self.until("listening")["port"])  # type: ignore[call-overload]

    def until(self, event: str) -> dict[str, object]:
        """Return the next event of a name."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            said = json.loads(line)
            if str(said["event"]).startswith(event):
                return dict(said)
        message = f"the door ended without saying {event!r}: {self.lines}"
        raise AssertionError(message)

    def stop(self) -> int:
        """Ask it to stop and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stderr is not None
        self.lines += self.process.stderr
        return self.process.wait(60)


@pytest.fixture
def opened() -> Iterator[Callable[..., Door]]:
    """Opens doors, and closes those that a test left open."""
    doors: list[Door] = []

    def open_one(*arguments: str | Path) -> Door:
        doors.append(Door(*arguments, "--jobs", "1"))
        return doors[-1]

    yield open_one
    for door in doors:
        door.process.kill()
        door.process.wait()
        if door.process.stderr is not None:
            door.process.stderr.close()


def get(port: int, path: str, token: str = "") -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def status_of(client: socket.socket, data: bytes) -> str:
    client.sendall(data)
    got = client.recv(65_536)
    while got.startswith(b"ICAP/1.0 200") and not got.endswith(b"\r\n0\r\n\r\n"):
        got += client.recv(65_536)
    return got.split(b" ", 2)[1].decode()


def written(folder: Path, texts: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def test_an_icap_door_from_start_to_stop(tmp_path: Path, opened: Callable[..., Door]) -> None:
    """It decides, counts, reloads on one connection, stops when told, and leaves a ledger that can be checked."""
    (tmp_path / "case.toml").write_text(CASE)
    token_file = tmp_path / "tokens"
    token_file.write_text("a-token-of-this-test\n")
    token_file.chmod(0o600)
    key, ledger, monitor = tmp_path / "door.pem", tmp_path / "ledger", free_port()
    own = written(tmp_path / "own", OWN)
    assert run(["keys", "new", str(key)]) == ExitCode.CLEAN
    door = opened(
        *("icap", "--listen", "127.0.0.1:0", "--case", tmp_path / "case.toml", "--packs", own),
        *("--ledger", ledger, "--key", key, "--status", f"127.0.0.1:{monitor}", "--tokens", token_file),
    )
    with socket.create_connection(("127.0.0.1", door.port), 30) as client:
        assert status_of(client, reqmod(b"{}")) == "204"
        assert status_of(client, reqmod(FINGER)) == "200"
        assert (get(monitor, "/healthz")[0], get(monitor, "/readyz")[0], get(monitor, "/else")[0]) == (
            200,
            200,
            404,
        )
        assert get(monitor, "/metrics")[0] == 401
        counted = get(monitor, "/metrics", "a-token-of-this-test")[1]
        assert 'efface_guard_decisions_total{way="reqmod",door="refuse"} 1' in counted

        (own / "rules.cedar").write_text("forbid (")
        door.process.send_signal(signal.SIGHUP)
        assert "xx-own" in str(door.until("reload refused")) or door.lines
        assert status_of(client, reqmod(FINGER)) == "200"
        written(own, OWN)
        door.process.send_signal(signal.SIGHUP)
        door.until("reloaded")
        assert status_of(client, reqmod(FINGER)) == "200"
        assert status_of(client, reqmod(b"{}")) == "204"
    assert door.stop() == 0
    assert base64.b64encode(FINGER).decode()[:40] not in "".join(door.lines)
    assert "XX-1" in "".join(door.lines)
    public = str(key.with_suffix(".pub"))
    assert run(["guard", "ledger", str(ledger), "--trust", public]) == ExitCode.CLEAN
    file = next(ledger.glob("*.jsonl"))
    file.write_text(file.read_text().replace('"door":"refuse"', '"door":"allow"', 1))
    assert run(["guard", "ledger", str(ledger), "--trust", public]) == ExitCode.FAILED


def test_a_stop_waits_for_what_is_being_answered(opened: Callable[..., Door]) -> None:
    """SIGTERM drains: who is in the middle of a message gets an answer."""
    door = opened("icap", "--listen", "127.0.0.1:0")
    with socket.create_connection(("127.0.0.1", door.port), 30) as client:
        data = reqmod(b"a=1")
        assert status_of(client, data) == "204"
        client.sendall(data[:-5])
        time.sleep(0.5)  # until it has arrived
        door.process.send_signal(signal.SIGTERM)
        threading.Timer(0.5, client.sendall, (data[-5:],)).start()
        answer = client.recv(65_536)
    assert answer.startswith(b"ICAP/1.0 204 ")
    assert b"Connection: close" in answer
    assert door.process.wait(60) == 0


def certificates(folder: Path) -> tuple[Path, Path]:
    """Write one certificate for server and client, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "door")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "cert.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths


@pytest.mark.parametrize("way", ["serve", "icap"])
def test_a_door_with_tls_takes_only_those_with_a_certificate(
    way: str, tmp_path: Path, opened: Callable[..., Door]
) -> None:
    """Whoever shows no certificate of ours is not answered."""
    certificate, key = certificates(tmp_path)
    where = ("--port", "0") if way == "serve" else ("--listen", "127.0.0.1:0")
    door = opened(way, *where, "--tls-cert", certificate, "--tls-key", key, "--client-ca", certificate)
    known = ssl.create_default_context(cafile=str(certificate))
    stranger = ssl.create_default_context(cafile=str(certificate))
    known.load_cert_chain(certificate, key)
    question = (
        reqmod(b"{}") if way == "icap" else b"POST /check HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
    )
    for context, is_answered in ((known, True), (stranger, False)):
        got = b""
        try:
            with (
                socket.create_connection(("127.0.0.1", door.port), 30) as plain,
                context.wrap_socket(plain, server_hostname="127.0.0.1") as client,
            ):
                client.sendall(question)
                got = client.recv(4_096)
        except (ssl.SSLError, ConnectionError):
            got = b""
        assert (b" 20" in got) is is_answered
    with socket.create_connection(("127.0.0.1", door.port), 30) as plain:
        plain.sendall(question)
        assert b" 20" not in plain.recv(4_096)


def test_a_proxy_before_a_service(opened: Callable[..., Door]) -> None:
    """What may pass reaches the service behind, which here is another door."""
    behind = opened("serve", "--port", "0")
    door = opened("serve", "--port", "0", "--upstream", f"http://127.0.0.1:{behind.port}")
    connection = HTTPConnection("127.0.0.1", door.port, timeout=30)
    told = []
    for body in (b"{}", FINGER):
        connection.request("POST", "/check", body)
        answer = connection.getresponse()
        told.append((answer.status, json.loads(answer.read())["door"]))
    connection.close()
    assert told == [(200, "allow"), (403, "refuse")]
    assert door.stop() == 0
    assert behind.stop() == 0
    assert sum('"event": "decided"' in line for line in behind.lines) == 1


def test_a_slow_sender_of_a_head_is_sent_away(
    opened: Callable[..., Door], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that never says what it wants is closed, while others are answered."""
    door = opened("serve", "--port", "0")
    with socket.create_connection(("127.0.0.1", door.port), 60) as slow:
        slow.sendall(b"POST /check HT")
        assert get(door.port, "/health")[0] == 200
        assert slow.recv(10) == b""


MISTAKES = {
    "a key without a ledger": ("icap", "--key", "k.pem"),
    "half of TLS": ("serve", "--tls-cert", "c.pem"),
    "clients without a certificate of one's own": ("serve", "--client-ca", "c.pem"),
    "an address that is none": ("icap", "--listen", "1344"),
    "a service behind that is none": ("serve", "--upstream", "ftp://a"),
    "a rate of nothing": ("serve", "--rate", "0"),
    "tokens that are not there": ("serve", "--tokens", "missing"),
    "a case that is not there": ("icap", "--case", "missing.toml"),
}


@pytest.mark.parametrize("arguments", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_opens_no_door(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, in words, before anything listens."""
    monkeypatch.chdir(tmp_path)
    assert run(["guard", *arguments]) == ExitCode.USAGE


def test_a_port_that_is_taken_opens_no_door(tmp_path: Path) -> None:
    """Exit code 2."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert (
            run(["guard", "icap", "--jobs", "1", "--listen", f"127.0.0.1:{taken.getsockname()[1]}"])
            == ExitCode.USAGE
        )


def test_a_stream_runs_until_told_to_stop(tmp_path: Path) -> None:
    """As an operator runs it: clean records go on, decisions are on record, SIGTERM ends it; no content in its log."""
    library = pytest.importorskip("confluent_kafka")
    host = library.Producer({"bootstrap.servers": "x", "test.mock.num.brokers": 1, "log_level": 0})
    address = ",".join(f"{each.host}:{each.port}" for each in host.list_topics(timeout=30).brokers.values())
    producer = library.Producer({"bootstrap.servers": address, "log_level": 0})
    finger = base64.b64encode(records.finger_minutiae_record(6))
    for value in (b'{"a": 1}', b'{"bz": "%s"}' % finger, b'{"a": 2}'):
        producer.produce("in", value)
    assert producer.flush(30) == 0
    process = subprocess.Popen(
        [sys.executable, "-m", "efface", "guard", "kafka", "--brokers", address, "--topic", "in", "--clean", "clean",
         "--held", "held", "--group", "g", "--jobs", "1", "--ledger", str(tmp_path / "ledger")],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    reader = library.Consumer(
        {"bootstrap.servers": address, "group.id": "r", "auto.offset.reset": "earliest", "log_level": 0}
    )
    reader.subscribe(["clean", "held"])
    found: list[Any] = []
    end = time.monotonic() + 90
    while len(found) < 3 and time.monotonic() < end:
        found += [each for each in reader.consume(10, 0.5) if each.error() is None]
    reader.close()
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=60)
    assert process.returncode == 0, log[-2000:]
    assert sorted(each.value() for each in found if each.topic() == "clean") == [b'{"a": 1}', b'{"a": 2}']
    (held,) = [each for each in found if each.topic() == "held"]
    assert dict(held.headers())["efface-door"] == b"refuse"
    assert finger.decode()[:24] not in log + repr(held.value())
    checked = subprocess.run(
        [sys.executable, "-m", "efface", "guard", "ledger", str(tmp_path / "ledger")],
        capture_output=True,
        text=True,
    )
    assert "3 decisions: 2 allow, 1 refuse" in checked.stdout
