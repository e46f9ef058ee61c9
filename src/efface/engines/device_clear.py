"""Tell one device over HTTP to forget whom it knows: a table of requests of its own, apart from those that read.

A request is sent only if it is one of `Clearing`, made here from its name and the identifier of a library. There is no
way to send another one, and no way for what only reads to send one of these.

Source: ISAPI Developer Guide, FingerPrint Terminals Pro Series (`UserInfoDetail/Delete`, `DeleteProcess`); the vendor's
example code for `DELETE /ISAPI/Intelligent/FDLib/<FDID>`; Dahua HTTP API v3.98, 9.2.3 (`deleteGroup`) and 9.2.4
(`setGroup` without a list). No device of a vendor stood at hand.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from efface.engines.device_http import DeviceHttp
from efface.errors import FormatError

if TYPE_CHECKING:
    from efface.engines.device_http import Answer

__all__ = ["Clearing", "DeviceClear", "Request", "request_of"]


class Clearing(StrEnum):
    """The requests that clear, by the names that a ledger keeps."""

    PEOPLE = "isapi.UserInfoDetail.Delete"  # all people of an access terminal, with their cards and rights of access
    LIBRARY = "isapi.FDLib.delete"  # one library of faces
    UNDEPLOY = "dahua.setGroup"  # no group is compared with on a channel any more
    GROUP = "dahua.deleteGroup"  # one group of faces


@dataclass(frozen=True, slots=True)
class Request:
    """What goes out: method, path with query, and body or None."""

    method: str
    target: str
    body: bytes | None = None


_ID = re.compile(r"[0-9A-Za-z]{1,64}", re.ASCII)
_EVERYBODY: Final = b'{"UserInfoDetail":{"mode":"all"}}'
_DAHUA: Final = "/cgi-bin/faceRecognitionServer.cgi?action="
_REQUESTS: Final = {
    Clearing.PEOPLE: Request("PUT", "/ISAPI/AccessControl/UserInfoDetail/Delete?format=json", _EVERYBODY),
    Clearing.LIBRARY: Request("DELETE", "/ISAPI/Intelligent/FDLib/{}"),
    Clearing.UNDEPLOY: Request("GET", _DAHUA + "setGroup&channel={}"),
    Clearing.GROUP: Request("GET", _DAHUA + "deleteGroup&groupID={}"),
}
"""Every request that is ever sent to clear."""

_PROGRESS: Final = "/ISAPI/AccessControl/UserInfoDetail/DeleteProcess?format=json"


def request_of(clearing: Clearing, identity: str = "") -> Request:
    """Return what goes out for the library, group or channel of an identifier.

    Raises:
        FormatError: The identifier is missing, is not wanted, or is of an odd form.
    """
    made = _REQUESTS[clearing]
    wants = "{}" in made.target
    if wants != bool(identity) or (wants and not _ID.fullmatch(identity)):
        raise FormatError("the device names a library by an identifier of an odd form: a person clears it")
    return Request(made.method, made.target.format(identity), made.body)


class DeviceClear(DeviceHttp):
    """One device that may be told to forget; slow, over the same certificate, and with one log-in, as what reads."""

    def clear(self, clearing: Clearing, identity: str = "") -> Answer:
        """Send one request that clears.

        Raises:
            FormatError: The identifier is of an odd form; nothing was sent.
            RefusedError: The device refused the log-in, now or before.
            NoLoginError: It wants one that it cannot have.
            AccessError: Nothing came back: whether the device did it is not known.
        """
        request = request_of(clearing, identity)
        return self._asked(
            request.method, request.target, request.body, is_anonymous=False, media_type="application/json"
        )

    def progress(self) -> str:
        """Return how far an access terminal is with its people: "processing", "success", "failed", or "" if unknown."""
        answer = self._asked("GET", _PROGRESS, None, is_anonymous=False)
        try:
            status = json.loads(answer.text)["UserInfoDetailDeleteProcess"]["status"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return ""
        return status if status in ("processing", "success", "failed") else ""
