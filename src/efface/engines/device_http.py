"""Ask one device over HTTP: only requests that read, few, slowly, and with a password once.

A request is sent only if its method and path stand in `READS`, or if it is one of the ONVIF operations that
`formats.onvif` can put into an envelope. There is no way to send another one; what clears a device stands in
`engines.device_clear`, and nothing that inspects uses it.

A password is answered to a Digest challenge. Where the device then says no, `RefusedError` ends everything about this
device: no second guess, so that no account is locked. Basic and unknown schemes get no password at all.
"""

from __future__ import annotations

import hashlib
import http.client
import re
import secrets
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.errors import AccessError, FormatError, LimitExceededError
from efface.formats import http_digest, onvif

if TYPE_CHECKING:
    from efface.formats.onvif import Token

__all__ = ["READS", "Answer", "DeviceHttp", "NoLoginError", "RefusedError", "may_be_sent"]

READS = (
    r"/ISAPI/System/deviceInfo",
    r"/ISAPI/Intelligent/FDLib/capabilities\?format=json",
    r"/ISAPI/Intelligent/FDLib\?format=json",
    r"/ISAPI/Intelligent/FDLib/Count\?format=json(&FDID=[0-9A-Za-z]{1,64}&faceLibType=[A-Za-z]{1,20})?",
    r"/ISAPI/AccessControl/UserInfo/Count\?format=json",
    r"/cgi-bin/faceRecognitionServer\.cgi\?action=findGroup",
    r"/cgi-bin/faceRecognitionServer\.cgi\?action=getGroup&channel=1",
    r"/LAPI/V1\.0/PeopleLibraries/BasicInfo",
    r"/VIID/System/Time",
)
"""Every path that is ever asked for with GET, as whole expressions."""

_ALLOWED = re.compile("|".join(f"(?:{path})" for path in READS))
_SERVICE = re.compile(r"/[\w./-]{0,200}", re.ASCII)
_TIMEOUT_S = 5.0
_PAUSE_S = 0.25
_MOST_BYTES = 256 << 10
_MOST_REQUESTS = 60
_UNAUTHORISED = 401
_SOAP = "application/soap+xml; charset=utf-8"


class RefusedError(AccessError):
    """The device refused the user's name and password; nothing more is asked of it."""

    to_do = "Check name and password with whoever runs the device, before its account is locked."


class NoLoginError(AccessError):
    """The device wants a log-in for a request, and none is at hand that it may have."""

    to_do = "Give --user, and the password in EFFACE_DEVICE_PASSWORD, in the keyring or at a terminal."


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: Of HTTP.
        text: The body; what is no UTF-8 in it is replaced.
        challenges: `WWW-Authenticate` headers.
    """

    status: int
    text: str
    challenges: list[str]


def may_be_sent(method: str, target: str) -> bool:
    """Return whether a request without a body may be sent."""
    return method == "GET" and _ALLOWED.fullmatch(target) is not None


class DeviceHttp:
    """One device.

    Args:
        host: Name or address that the user listed; no other is ever asked, and redirects are not followed.
        port: Its port.
        has_tls: Whether the connection is encrypted. The certificate is not verified, as devices sign their own: its
            digest is kept, and another one in between ends the dialogue.
        user: Name, or "" to log in nowhere.
        password: Password.

    Raises (from every request):
        AccessError: Nothing answers in time, or another certificate is shown.
        LimitExceededError: The answer is too large, or more would be asked than of any device.
    """

    def __init__(self, host: str, port: int, *, has_tls: bool, user: str = "", password: str = "") -> None:
        self._host, self._port = host, port
        self.has_tls = has_tls
        self.pin = ""
        self._user, self._password = user, password
        self._is_refused = False
        self._sent = 0
        self._last_at = 0.0

    def get(self, target: str, *, is_anonymous: bool = False) -> Answer:
        """Ask for one of `READS`, with a log-in where the device wants one.

        Raises:
            ValueError: It is none of them; nothing was sent.
            RefusedError: The device refused the log-in, now or before.
            NoLoginError: It wants one that it cannot have.
        """
        if not may_be_sent("GET", target):
            message = f"not among the requests that only read: {target!r}"
            raise ValueError(message)
        return self._asked("GET", target, None, is_anonymous=is_anonymous)

    def operation(
        self, path: str, namespace: str, name: str, argument: str = "", token: Token | None = None
    ) -> Answer:  # an envelope is made here, so that no other body can be sent
        """Ask one ONVIF operation that reads.

        Raises:
            KeyError: The operation is not one of `formats.onvif.OPERATIONS`; nothing was sent.
            FormatError: The device named a path of an odd form.
            RefusedError: The device refused the log-in, now or before.
            NoLoginError: It wants one that it cannot have.
        """
        body = onvif.envelope(namespace, name, argument, token)
        if not _SERVICE.fullmatch(path):
            raise FormatError("the device names a service by a path of an odd form")
        return self._asked("POST", path, body, is_anonymous=False)

    def token(self, created: str) -> Token:
        """Return a UsernameToken for an ONVIF operation.

        Raises:
            NoLoginError: There is no name.
        """
        if not self._user:
            raise NoLoginError("the device wants a log-in, and none was given")
        return onvif.Token(self._user, self._password, secrets.token_bytes(16), created)

    def refused(self) -> RefusedError:
        """Note that the device said no, and return the error to raise: nothing more can be asked of it."""
        self._is_refused = True
        return RefusedError(
            "the device refused the user's name and password: it was asked once, and nothing more"
        )

    def _asked(
        self,
        method: str,
        target: str,
        body: bytes | None,
        *,
        is_anonymous: bool,
        media_type: str = _SOAP,
    ) -> Answer:
        if self._is_refused:
            raise self.refused()
        first = self._send(method, target, body, None, media_type)
        if first.status != _UNAUTHORISED or is_anonymous:
            return first
        challenge = http_digest.strongest(first.challenges)
        if challenge is None:
            raise NoLoginError("the device offers no Digest log-in: the password was not sent")
        if not self._user:
            raise NoLoginError("the device wants a log-in, and none was given")
        login = http_digest.answer(
            challenge, self._user, self._password, method, target, secrets.token_hex(16)
        )
        second = self._send(method, target, body, login, media_type)
        if second.status == _UNAUTHORISED:
            raise self.refused()
        return second

    def _send(
        self, method: str, target: str, body: bytes | None, login: str | None, media_type: str
    ) -> Answer:
        self._sent += 1
        if self._sent > _MOST_REQUESTS:
            raise LimitExceededError(f"more than {_MOST_REQUESTS} requests to one device")
        time.sleep(max(0.0, self._last_at + _PAUSE_S - time.monotonic()))
        headers = {"Accept": "*/*", "User-Agent": "efface", "Connection": "close"}
        if body is not None:
            headers["Content-Type"] = media_type
        if login:
            headers["Authorization"] = login
        connection = self._connection()
        try:
            connection.connect()
            self._note(connection)
            connection.request(method, target, body=body, headers=headers)
            response = connection.getresponse()
            data = response.read(_MOST_BYTES + 1)
            challenges = response.headers.get_all("WWW-Authenticate") or []
        except (OSError, http.client.HTTPException) as error:
            raise AccessError(f"the device does not answer: {type(error).__name__}") from error
        finally:
            connection.close()
            self._last_at = time.monotonic()
        if len(data) > _MOST_BYTES:
            raise LimitExceededError(f"an answer of the device is larger than {_MOST_BYTES} bytes")
        return Answer(response.status, data.decode("utf-8", "replace"), challenges)

    def _connection(self) -> http.client.HTTPConnection:
        if not self.has_tls:
            return http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT_S)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(self._host, self._port, timeout=_TIMEOUT_S, context=context)

    def _note(self, connection: http.client.HTTPConnection) -> None:
        if not isinstance(connection.sock, ssl.SSLSocket):
            return
        pin = hashlib.sha256(connection.sock.getpeercert(binary_form=True) or b"").hexdigest()
        if self.pin and pin != self.pin:
            raise AccessError(
                "the device shows another certificate than a moment ago: nothing more was asked"
            )
        self.pin = pin
