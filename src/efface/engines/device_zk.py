"""Ask one ZKTeco terminal for its counts over TCP: a session is opened, counts are read, the session is closed."""

from __future__ import annotations

import socket
from typing import Self

from efface.engines.device_http import NoLoginError, RefusedError
from efface.errors import AccessError, FormatError
from efface.formats import zk_packets
from efface.formats.zk_packets import Packet, Sizes

__all__ = ["PORT", "DeviceZk"]

PORT = 4370
_TIMEOUT_S = 5.0
_FRAME_BYTES = 8


class DeviceZk:
    """One terminal; use it as a context.

    Args:
        host: Name or address that the user listed.
        port: Its port.
        password: The terminal's numeric key, or "".

    Raises:
        AccessError: Nothing answers in time.
        FormatError: What answers speaks another protocol.
        NoLoginError: The terminal wants its key, and none was given, or one that is no number.
        RefusedError: It refused the key, which was given once.
    """

    def __init__(self, host: str, port: int, password: str = "") -> None:
        self._password = password
        self._session = 0
        self._reply = 0
        try:
            self._socket = socket.create_connection((host, port), timeout=_TIMEOUT_S)
        except OSError as error:
            raise AccessError(f"the terminal does not answer: {type(error).__name__}") from error

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self._socket.close()
            raise
        return self

    def _open(self) -> None:
        answer = self._ask(zk_packets.CONNECT)
        self._session = answer.session
        if answer.command == zk_packets.UNAUTHORISED:
            if not (self._password.isascii() and self._password.isdigit()):
                raise NoLoginError("the terminal wants its numeric key, and none was given")
            answer = self._ask(zk_packets.AUTH, zk_packets.key_of(int(self._password), self._session))
            if answer.command != zk_packets.OK:
                raise RefusedError("the terminal refused its key: it was asked once, and nothing more")
        if answer.command != zk_packets.OK:
            raise FormatError("the terminal opens no session")

    def __exit__(self, *_: object) -> None:
        try:
            self._ask(zk_packets.EXIT)
        except (AccessError, FormatError):
            return  # it is closed below in any case
        finally:
            self._socket.close()

    def sizes(self) -> Sizes:
        """Return the terminal's counts.

        Raises:
            FormatError: It does not give them.
        """
        answer = self._ask(zk_packets.FREE_SIZES)
        if answer.command != zk_packets.OK:
            raise FormatError("the terminal does not give its counts")
        return Sizes.decode(answer.data)

    def _ask(self, command: int, data: bytes = b"") -> Packet:
        if command not in zk_packets.ALLOWED:
            message = f"not among the commands that only read: {command}"
            raise ValueError(message)
        try:
            self._socket.sendall(Packet(command, self._session, self._reply, data).encode())
            self._reply += 1
            return Packet.decode(self._received(Packet.length(self._received(_FRAME_BYTES))))
        except OSError as error:
            raise AccessError(f"the terminal does not answer: {type(error).__name__}") from error

    def _received(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            more = self._socket.recv(size - len(found))
            if not more:
                break
            found += more
        return found
