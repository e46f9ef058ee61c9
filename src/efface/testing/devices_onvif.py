"""An ONVIF device and a ZKTeco terminal on loopback for tests, which note what they are asked.

They are written from the specifications and share no code with what asks them.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import TYPE_CHECKING

from efface.testing.devices import USER, Device

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Terminal", "onvif", "serve_terminal"]

_CLOCK = (
    "<d:GetSystemDateAndTimeResponse><d:SystemDateAndTime><t:UTCDateTime><t:Time><t:Hour>3</t:Hour>"
    "<t:Minute>4</t:Minute><t:Second>5</t:Second></t:Time><t:Date><t:Year>2031</t:Year><t:Month>1</t:Month>"
    "<t:Day>2</t:Day></t:Date></t:UTCDateTime></d:SystemDateAndTime></d:GetSystemDateAndTimeResponse>"
)
_SERVICES = {
    "http://www.onvif.org/ver10/device/wsdl": "device_service",
    "http://www.onvif.org/ver20/media/wsdl": "media2",
    "http://www.onvif.org/ver20/analytics/wsdl": "analytics",
    "http://www.onvif.org/ver10/credential/wsdl": "credential",
}


def onvif(
    rules: tuple[str, ...] = ("tt:FaceRecognition", "tt:LineDetector"),
    running: tuple[str, ...] = ("tt:FaceRecognition",),
    identifiers: tuple[str, ...] = ("pt:Card", "pt:Face"),
    *,
    wants_token: bool = False,
) -> Device:
    """Return an ONVIF device.

    Args:
        rules: Names of the rules that it supports.
        running: Types of the rules that run.
        identifiers: Identifier types of its credentials.
        wants_token: Whether it wants its log-in in the envelope, rather than in HTTP.
    """

    def answer(device: Device, method: str, target: str, body: str) -> tuple[int, str]:
        del target
        found = re.search(r"<s:Body><q:(\w+)>", body)
        if method != "POST" or not found:
            return 404, ""
        name = found[1]
        if (
            wants_token
            and name not in ("GetServices", "GetSystemDateAndTime")
            and not _is_let_in(device, body)
        ):
            code = "<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value>"
            return 400, _envelope(f"<s:Fault>{code}</s:Subcode></s:Code></s:Fault>")
        said = {
            "GetServices": "".join(
                f"<d:Service><d:Namespace>{namespace}</d:Namespace>"
                f"<d:XAddr>http://192.0.2.99/onvif/{path}</d:XAddr></d:Service>"
                for namespace, path in _SERVICES.items()
            ),
            "GetSystemDateAndTime": _CLOCK,
            "GetAnalyticsConfigurations": '<d:Configurations token="va&amp;1"/>',
            "GetSupportedRules": "".join(f'<t:RuleDescription Name="{rule}"/>' for rule in rules),
            "GetRules": "".join(f'<d:Rule Name="secret-name" Type="{rule}"/>' for rule in running),
            "GetServiceCapabilities": "".join(
                f"<d:SupportedIdentifierType>{each}</d:SupportedIdentifierType>" for each in identifiers
            ),
        }.get(name)
        return (400, "") if said is None else (200, _envelope(f"<d:Answer>{said}</d:Answer>"))

    return Device(answer, has_login=not wants_token)


def _envelope(body: str) -> str:
    spaces = 'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:d="urn:d" xmlns:t="urn:t"'
    return f'<?xml version="1.0"?><s:Envelope {spaces}><s:Body>{body}</s:Body></s:Envelope>'


def _is_let_in(device: Device, body: str) -> bool:
    parts = dict(re.findall(r"<[wu]:(Username|Password|Nonce|Created)(?: [^>]*)?>([^<]*)<", body))
    if not parts:
        return False
    text = base64.b64decode(parts["Nonce"]) + parts["Created"].encode() + device.password.encode()
    digest = base64.b64encode(hashlib.sha1(text, usedforsecurity=False).digest()).decode()
    is_right = (parts["Username"], parts["Created"], parts["Password"]) == (
        USER,
        "2031-01-02T03:04:05Z",
        digest,
    )
    device.logins.append(is_right)
    return is_right


@dataclass
class Terminal:
    """A ZKTeco terminal.

    Attributes:
        users: People in it.
        fingers: Templates of fingers in it.
        faces: Faces in it, or None where its firmware does not count them.
        key: Its numeric key; 0 for none.
        commands: Every command that it got.
        port: Once it is served.
    """

    users: int = 4
    fingers: int = 6
    faces: int | None = 3
    key: int = 0
    commands: list[int] = field(default_factory=list)
    keys: list[bool] = field(default_factory=list)
    port: int = 0


@contextmanager
def serve_terminal(terminal: Terminal) -> Iterator[Terminal]:
    """Serve a terminal on a free port of loopback."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(2)
            is_open = not terminal.key
            while frame := self.request.recv(8):
                packet = self.request.recv(struct.unpack("<HHI", frame)[2])
                command, given, session, reply = struct.unpack_from("<4H", packet)
                if _sum(packet[:2] + b"\0\0" + packet[4:]) != given:
                    return  # a terminal does not answer a packet that was damaged
                terminal.commands.append(command)
                if command == 1102:
                    is_open = _key(terminal.key, session) == packet[8:]
                    terminal.keys.append(is_open)
                answer, data = (2000, b"") if is_open else (2005, b"")
                if command == 50 and is_open:
                    data = _sizes(terminal)
                elif command in (14, 18, 19) and is_open:  # what clears or deletes
                    terminal.users = terminal.fingers = terminal.faces = 0
                said = struct.pack("<4H", answer, 0, 77, reply) + data
                self.request.sendall(struct.pack("<HHI", 0x5050, 0x7D82, len(said)) + said)

    server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # a client that went away
    terminal.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield terminal
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _sizes(terminal: Terminal) -> bytes:
    numbers = [0] * 20
    numbers[4], numbers[6], numbers[14], numbers[15] = terminal.users, terminal.fingers, 3000, 3000
    faces = () if terminal.faces is None else (terminal.faces, 0, 500)
    return struct.pack(f"<{20 + len(faces)}i", *numbers, *faces)


def _sum(packet: bytes) -> int:
    total = sum(
        packet[at] | (packet[at + 1] << 8 if at + 1 < len(packet) else 0) for at in range(0, len(packet), 2)
    )
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def _key(key: int, session: int) -> bytes:
    turned = sum(1 << (31 - bit) for bit in range(32) if key >> bit & 1) + session
    _, b, c, d = ((turned >> 8 * at & 0xFF) ^ mask for at, mask in enumerate(b"ZKSO"))
    return bytes((c ^ 50, d ^ 50, 50, b ^ 50))
