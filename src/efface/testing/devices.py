"""Devices on loopback for tests: they speak the real protocols, note every request, and show if they were changed.

A simulator answers requests that change something as a device would, and does change: so a test that finds it
unchanged says something. How it takes such a request is its manner. What they know of the protocols is the sources of
`sources/device_dialogues.py` and `engines/device_clear.py`; no firmware is in them.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import ssl
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = [
    "PASSWORD",
    "USER",
    "Device",
    "DroppedError",
    "Manner",
    "certificate",
    "dahua",
    "hikvision",
    "hikvision_recorder",
    "public_library",
    "serve",
    "uniview",
]

USER, PASSWORD = "inspector", "canary-7f3e-password"
_REALM = "simulated"
_PAIR = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')

Answer = tuple[int, str]


class Manner(StrEnum):
    """How a device takes a request that changes it."""

    OBEYS = "obeys"
    REFUSES = "refuses"  # 403, and nothing changes
    UNKNOWING = "unknowing"  # 400, as firmware that has no such request
    PRETENDS = "pretends"  # "OK", and nothing changes
    HANGS = "hangs"  # "OK", at work for ever, and nothing changes
    DROPS = "drops"  # it does it, and the connection ends without an answer
    DROPS_FIRST = "drops_first"  # the connection ends, and nothing changes
    MUTE = "mute"  # it does it, and gives no count from then on


class DroppedError(Exception):
    """The connection ends without an answer."""


@dataclass
class Device:
    """One device.

    Attributes:
        answer: What it says to method, path with query, and body.
        galleries: What it holds: identifier to number of people. Requests that change it do.
        has_login: Whether it wants a log-in.
        algorithm: Of its Digest challenge: "MD5", "SHA-256", or "Basic" for the scheme that gives a password away.
        redirect: Where it sends everybody, or "".
        asked: Every request: method and path with query.
        bodies: Every body.
        logins: Every log-in that was tried, and whether it was right.
        headers: Every `Authorization` header.
        port: Once it is served.
        users: People of an access terminal, with those who have a card and no face.
        is_deployed: Whether its first channel is compared with a group.
        manner: How it takes requests that change it.
        is_mute: Whether it gives no count any more.
    """

    answer: Callable[[Device, str, str, str], Answer]
    galleries: dict[str, int] = field(default_factory=dict)
    has_login: bool = True
    algorithm: str = "MD5"
    redirect: str = ""
    asked: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    logins: list[bool] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    port: int = 0
    password: str = PASSWORD
    users: int = 0
    is_deployed: bool = False
    manner: Manner = Manner.OBEYS
    is_mute: bool = False

    @property
    def address(self) -> str:
        """Address on loopback."""
        return f"127.0.0.1:{self.port}"

    def change(self, does: Callable[[], object], said: str) -> Answer:
        """Take a request that changes something, in the device's manner.

        Raises:
            DroppedError: The connection ends here.
        """
        refusals = {Manner.REFUSES: 403, Manner.UNKNOWING: 400}
        if self.manner in refusals:
            return refusals[self.manner], ""
        if self.manner in (Manner.OBEYS, Manner.DROPS, Manner.MUTE):
            does()
        self.is_mute = self.manner is Manner.MUTE
        if self.manner in (Manner.DROPS, Manner.DROPS_FIRST):
            raise DroppedError
        return 200, said


def hikvision(people: int = 12, *, blacklist: int = 3, users: int = 20) -> Device:
    """Return a Hikvision access terminal with two face libraries; the first holds the faces of its people."""
    return Device(_hikvision, {"blackFD/1": people, "staticFD/2": blacklist}, users=users)


def hikvision_recorder(people: int = 12, *, blacklist: int = 3) -> Device:
    """Return a Hikvision recorder with two face libraries and no people of its own."""
    return Device(_hikvision, {"blackFD/1": people, "staticFD/2": blacklist}, users=-1)


def _hikvision(device: Device, method: str, target: str, body: str) -> Answer:
    path, query = _split(target)
    if method != "GET":
        return _hikvision_changed(device, method, path, query, body)
    if device.is_mute and ("Count" in path or path.endswith("FDLib")):
        return 503, ""
    if path == "/ISAPI/AccessControl/UserInfoDetail/DeleteProcess":
        status = "processing" if device.manner is Manner.HANGS else "success"
        return 200, json.dumps({"UserInfoDetailDeleteProcess": {"status": status}})
    rows = [
        {"FDID": identity, "faceLibType": kind, "name": "secret-name", "recordDataNumber": people}
        for key, people in device.galleries.items()
        for kind, _, identity in (key.partition("/"),)
        if query.get("FDID", [identity])[0] == identity
    ]
    people = {"userNumber": device.users, "bindFaceUserNumber": 12 if device.users else 0}
    people["bindFingerprintUserNumber"] = 0
    said = {
        "/ISAPI/System/deviceInfo": "<DeviceInfo version='2.0'><deviceName>secret-name</deviceName>"
        "<model>DS-K1T671</model></DeviceInfo>",
        "/ISAPI/Intelligent/FDLib/capabilities": json.dumps({"FDNameLen": 64}),
        "/ISAPI/Intelligent/FDLib": json.dumps({"statusCode": 1, "FDLib": rows}),
        "/ISAPI/Intelligent/FDLib/Count": json.dumps({"statusCode": 1, "FDRecordDataInfo": rows}),
    }
    if device.users >= 0:
        said["/ISAPI/AccessControl/UserInfo/Count"] = json.dumps({"UserInfoCount": people})
    return (200, said[path]) if path in said else (404, "")


def _hikvision_changed(
    device: Device, method: str, path: str, query: dict[str, list[str]], body: str
) -> Answer:
    said = json.dumps({"statusCode": 1, "statusString": "OK"})
    if method == "PUT" and path == "/ISAPI/Intelligent/FDLib/FDSearch/Delete":
        key = f"{query['faceLibType'][0]}/{query['FDID'][0]}"
        return device.change(lambda: device.galleries.update({key: 0}), said)
    if method == "PUT" and path == "/ISAPI/AccessControl/UserInfoDetail/Delete" and device.users >= 0:
        if json.loads(body)["UserInfoDetail"]["mode"] != "all":
            return 400, ""
        return device.change(lambda: _without_people(device), said)
    keys = [key for key in device.galleries if path == f"/ISAPI/Intelligent/FDLib/{key.partition('/')[2]}"]
    if method == "DELETE" and keys:
        return device.change(lambda: device.galleries.pop(keys[0]), said)
    return 404, ""


def _without_people(device: Device) -> None:
    device.users = 0
    device.galleries["blackFD/1"] = 0


def dahua(people: int = 30, *, is_deployed: bool = True) -> Device:
    """Return a Dahua camera with one group of faces, which its first channel may be compared with."""
    return Device(_dahua, {"10000": people}, is_deployed=is_deployed)


def _dahua(device: Device, method: str, target: str, body: str) -> Answer:  # noqa: PLR0911 - one for each request
    del body
    path, query = _split(target)
    if path != "/cgi-bin/faceRecognitionServer.cgi" or method != "GET":
        return 404, ""
    action = query.get("action", [""])[0]
    if device.is_mute:
        return 503, ""
    if action == "findGroup":
        lines = [
            line
            for number, (group, people) in enumerate(device.galleries.items())
            for line in (
                f"GroupList[{number}].groupID={group}",
                f"GroupList[{number}].groupName=secret-name",
                f"GroupList[{number}].groupSize={people}",
            )
        ]
        return 200, "\r\n".join(lines)
    if action == "getGroup":
        return 200, "groupID[0]=10000\r\nsimilary[0]=80\r\n" if device.is_deployed else ""
    if action == "setGroup" and "list[0].groupID" not in query:
        return device.change(lambda: setattr(device, "is_deployed", False), "OK")
    if action == "deleteGroup" and query["groupID"][0] in device.galleries:
        return device.change(lambda: device.galleries.pop(query["groupID"][0]), "OK")
    return 501, ""


def uniview(people: int = 5) -> Device:
    """Return a Uniview access terminal with an employees' and an empty visitors' library."""
    return Device(_uniview, {"3": people, "4": 0}, algorithm="SHA-256")


def _uniview(device: Device, method: str, target: str, body: str) -> Answer:
    del body
    path, _ = _split(target)
    if path == "/LAPI/V1.0/PeopleLibraries/BasicInfo" and method == "GET":
        rows = [
            {"ID": int(key), "Type": int(key), "PersonNum": people, "FaceNum": people, "Name": "secret-name"}
            for key, people in device.galleries.items()
        ]
        answer = {"ResponseCode": 0, "StatusCode": 0, "Data": {"Num": len(rows), "LibList": rows}}
        return 200, json.dumps({"Response": answer})
    return 404, ""


def public_library() -> Device:
    """Return a view library as GA/T 1400 has it; it wants a log-in for anything but its time."""
    return Device(_public_library, has_login=False)


def _public_library(device: Device, method: str, target: str, body: str) -> Answer:
    del device, body
    if (method, target) == ("GET", "/VIID/System/Time"):
        return 200, json.dumps({"SystemTimeObject": {"VIIDServerID": "3" * 20, "TimeMode": "1"}})
    return 404, ""


def _split(target: str) -> tuple[str, dict[str, list[str]]]:
    parts = urlsplit(target)
    return parts.path, parse_qs(parts.query)


def certificate(folder: Path) -> tuple[Path, str]:
    """Write a certificate of this moment with its key, as a device signs its own; return it and its SHA-256."""
    from cryptography import x509  # noqa: PLC0415 - only for TLS
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - as above

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "simulated device")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "device.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path, made.fingerprint(hashes.SHA256()).hex()


@contextmanager
def serve(device: Device, pem: Path | None = None) -> Iterator[Device]:
    """Serve a device on a free port of loopback, with TLS where a certificate is given."""
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Handler", (_Handler,), {"device": device, "nonces": set()})
    )
    server.daemon_threads = True
    if pem is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # a client that speaks TLS to a plain port
    device.port = server.server_port
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield device
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Answers for one device; a subclass of it names the device."""

    device: Device
    nonces: set[str]
    timeout = 2

    def _do(self) -> None:
        device = self.device
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        device.asked.append(f"{self.command} {self.path}")
        device.bodies.append(body)
        login = self.headers.get("Authorization") or ""
        if login:
            device.headers.append(login)
        if device.redirect:
            self._say(302, "", {"Location": device.redirect})
        elif device.has_login and not self._is_let_in(login):
            self._challenge()
        else:
            try:
                said = device.answer(device, self.command, self.path, body)
            except DroppedError:
                self.close_connection = True
            else:
                self._say(*said)

    do_GET = do_POST = do_PUT = do_DELETE = _do  # noqa: N815 - names that http.server calls

    def _is_let_in(self, login: str) -> bool:
        if not login:
            return False
        pairs = {name: quoted or plain for name, quoted, plain in _PAIR.findall(login)}
        is_right = (
            pairs.get("nonce") in self.nonces
            and pairs.get("uri") == self.path
            and pairs.get("username") == USER
            and pairs.get("response") == _response(self.device, pairs, self.command)
        )
        self.device.logins.append(is_right)
        return is_right

    def _challenge(self) -> None:
        if self.device.algorithm == "Basic":
            self._say(401, "", {"WWW-Authenticate": f'Basic realm="{_REALM}"'})
            return
        nonce = secrets.token_hex(8)
        self.nonces.add(nonce)
        said = f'Digest realm="{_REALM}", qop="auth", nonce="{nonce}", algorithm={self.device.algorithm}'
        self._say(401, "", {"WWW-Authenticate": said})

    def _say(self, status: int, body: str, headers: dict[str, str] | None = None) -> None:
        data = body.encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _response(device: Device, pairs: dict[str, str], method: str) -> str:
    def digest(text: str) -> str:
        return hashlib.new(device.algorithm.replace("-", ""), text.encode()).hexdigest()

    secret = digest(f"{USER}:{_REALM}:{device.password}")
    middle = ":".join(pairs.get(name, "") for name in ("nonce", "nc", "cnonce", "qop"))
    request = digest(f"{method}:{pairs.get('uri', '')}")
    return digest(f"{secret}:{middle}:{request}")
