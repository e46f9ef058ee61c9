"""Count whom a device knows, tell it to forget them, and count again; at an address that a user is authorised for.

What is sent stands in `engines.device_clear`. What a device says of itself is all that is known: it is counted by the
same dialogues as in an inspection, before and afterwards, and an answer "OK" counts for nothing.

Not promised: that a device which counts nobody has erased anything from its memory; backups on platforms; recorders.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.engines.device_clear import Clearing, DeviceClear, request_of
from efface.engines.device_http import DeviceHttp, RefusedError
from efface.errors import AccessError, EffaceError, FormatError
from efface.formats.device_facts import DeviceFacts
from efface.sources.device import reached
from efface.sources.device_dialogues import DIALOGUES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.engines.device_http import Answer

__all__ = [
    "AT_WORK",
    "LOGIN_REFUSED",
    "PARTS",
    "PROTOCOLS",
    "Sent",
    "Told",
    "clear",
    "count",
    "parts_of",
    "persons_of",
    "told_of",
]

PROTOCOLS = ("isapi", "dahua")
"""Protocols with known requests that clear; galleries in other devices are cleared by a person."""

ACCEPTED, REFUSED, AT_WORK = "accepted", "refused", "at_work"
UNANSWERED, LOGIN_REFUSED = "unanswered", "login_refused"
"""What comes back; after the last two nothing more is sent, and after the last one nothing is asked, either."""

_OK = 200
_PEOPLE = "UserInfo"
PARTS = {Clearing.PEOPLE: _PEOPLE, Clearing.LIBRARY: "FDLib", Clearing.GROUP: "group"}
_CHANNEL = "1"  # the only one that is asked whether a group is in use
_FIND_GROUPS = "/cgi-bin/faceRecognitionServer.cgi?action=findGroup"
_OF_ANOTHER = "/LAPI/V1.0/PeopleLibraries/BasicInfo"
_WAITS_S = (1.0, 1.0, 2.0, 2.0, 4.0, 4.0, 8.0, 8.0, 15.0, 15.0)  # for an access terminal that is at work


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that a device is to be told.

    Attributes:
        clearing: Which request.
        identity: Of the library, group or channel, or "".
        persons: How many people it counts there.
    """

    clearing: Clearing
    identity: str = ""
    persons: int = 0

    @property
    def line(self) -> str:
        """Method and path with query, as they go out."""
        request = request_of(self.clearing, self.identity)
        return f"{request.method} {request.target}"

    @property
    def takes(self) -> str:
        """What goes with it: "people", "library" or "undeploy"."""
        return {Clearing.PEOPLE: "people", Clearing.UNDEPLOY: "undeploy"}.get(self.clearing, "library")


@dataclass(frozen=True, slots=True)
class Sent:
    """What was told, and what came back: one of the words above."""

    told: Told
    answer: str


def told_of(facts: DeviceFacts) -> tuple[Told, ...]:
    """Return what a device has to be told so that it counts nobody, in turn; nothing where it counts nobody.

    Raises:
        FormatError: A library has an identifier of an odd form.
    """
    found: list[Told] = []
    if facts.protocol == "isapi":
        if facts.people:
            found.append(Told(Clearing.PEOPLE, "", facts.people))
        found += _libraries(facts, Clearing.LIBRARY)
    elif facts.protocol == "dahua":
        groups = list(_libraries(facts, Clearing.GROUP))
        found += [Told(Clearing.UNDEPLOY, _CHANNEL)] if facts.enabled and groups else []
        found += groups
    for each in found:
        request_of(each.clearing, each.identity)
    return tuple(found)


def _libraries(facts: DeviceFacts, clearing: Clearing) -> Iterator[Told]:
    for gallery in facts.galleries:
        if gallery.persons and gallery.name.partition("/")[0] == PARTS[clearing]:
            yield Told(clearing, gallery.name.rpartition("/")[2], gallery.persons)


def parts_of(told: tuple[Told, ...]) -> frozenset[str]:
    """Return the parts of a device that have to be counted for it to be known what became of the requests."""
    return frozenset(PARTS[each.clearing] for each in told if each.clearing in PARTS)


def persons_of(facts: DeviceFacts, parts: frozenset[str] = frozenset()) -> int | None:
    """Return how many people a device counts, those without a face who go with the others among them.

    Whoever stands in two of its lists counts twice.

    Args:
        facts: What it said.
        parts: Parts that must have been counted.

    Returns:
        The number, or None where a part that must be counted, or any gallery, is not.
    """
    counts = [each.persons for each in facts.galleries if each.name.partition("/")[0] != _PEOPLE]
    counts.append(facts.people or 0)
    if not facts.counted or not parts <= set(facts.counted) or None in counts:
        return None
    return sum(each for each in counts if each is not None)


def count(target: str, protocol: str, pin: str = "") -> DeviceFacts | None:
    """Return what a device says of itself in one protocol, and that it is public security's where it is.

    Args:
        target: The device, authorised.
        protocol: One of `PROTOCOLS`.
        pin: SHA-256 of the certificate that it showed before, or "".

    Returns:
        Its facts, or None where it does not speak the protocol (any more).

    Raises:
        AccessError: Nothing answers, or the log-in is refused: then nothing more may be asked.
    """
    device = reached(target, DeviceHttp, pin)
    for each in ("gat1400", protocol):
        for told in DIALOGUES[each](device):
            if isinstance(told, DeviceFacts):
                return told
    return _emptied(device) if protocol == "dahua" else None


def _emptied(device: DeviceHttp) -> DeviceFacts | None:
    """Return the facts of a Dahua device without a group, which lists nothing: an empty text with the status OK.

    What answers another vendor's path in the same way answers everything so, and has counted nothing.
    """
    answer = device.get(_FIND_GROUPS)
    if answer.status != _OK or answer.text.strip() or device.get(_OF_ANOTHER).status == _OK:
        return None
    return DeviceFacts("dahua", "Dahua device", "Dahua", kinds=("face",), counted=("group",), pin=device.pin)


def clear(target: str, told: tuple[Told, ...], pin: str = "") -> tuple[Sent, ...]:
    """Send what a device is to be told, one after another, and wait where it works on; stop where nothing comes back.

    Libraries that an access terminal has emptied along with its people are left as they are.

    Args:
        target: The device, authorised.
        told: What `told_of` gave.
        pin: SHA-256 of the certificate that it showed when it was counted, or "".

    Returns:
        What was sent. It says nothing of what the device holds now: count.
    """
    sent: list[Sent] = []
    try:
        device = reached(target, DeviceClear, pin)
        for each in told:
            if not _is_gone(target, each, sent, pin):
                sent.append(Sent(each, _answer(device, each)))
            if sent[-1].answer in (UNANSWERED, LOGIN_REFUSED):
                break
    except RefusedError:  # of a count in between: nothing more may be asked
        return (*sent, Sent(sent[-1].told, LOGIN_REFUSED))
    except EffaceError:  # before a request, or between two: what was sent is known
        return tuple(sent)
    return tuple(sent)


def _is_gone(target: str, told: Told, sent: list[Sent], pin: str) -> bool:
    """Return whether a library counts nobody since its terminal was told to forget its people."""
    if told.clearing is not Clearing.LIBRARY or not any(
        each.told.clearing is Clearing.PEOPLE for each in sent
    ):
        return False
    facts = count(target, "isapi", pin)
    if facts is None or "FDLib" not in facts.counted:
        return False
    return all(each.identity != told.identity for each in _libraries(facts, told.clearing))


def _answer(device: DeviceClear, told: Told) -> str:
    try:
        answer = device.clear(told.clearing, told.identity)
        if not _is_accepted(told.clearing, answer):
            return REFUSED
        if told.clearing is Clearing.PEOPLE and not _is_over(device):
            return AT_WORK
    except RefusedError:
        return LOGIN_REFUSED
    except (AccessError, FormatError):
        return UNANSWERED
    return ACCEPTED


def _is_accepted(clearing: Clearing, answer: Answer) -> bool:
    if answer.status != _OK:
        return False
    if clearing in (Clearing.UNDEPLOY, Clearing.GROUP):
        return answer.text.strip() == "OK"
    try:
        said = json.loads(answer.text)
    except (ValueError, RecursionError):
        return True  # libraries are answered in XML, too
    return not isinstance(said, dict) or said.get("statusCode", 1) == 1


def _is_over(device: DeviceClear) -> bool:
    """Wait until an access terminal says that it has done, or does not say it; False where it is still at work."""
    for wait_s in _WAITS_S:
        if device.progress() != "processing":
            return True
        time.sleep(wait_s)
    return device.progress() != "processing"
