"""What is asked of a device in each protocol, and what its answers say: can it, is it on, how many people.

A dialogue yields facts, and sentences on what the protocol leaves unknown; it yields nothing where the device does not
speak it. Names that somebody gave to libraries or people are not kept, and no list of people is asked for.

Source: Hikvision ISAPI, Dahua HTTP API 9.2 and Uniview LAPI as public code and documents show their requests and
answers; GA/T 1400.4 (`/VIID/System/Time`); ONVIF in `formats.onvif`.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from efface.errors import FormatError
from efface.formats import onvif
from efface.formats.device_facts import DeviceFacts, Gallery, count, word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from efface.engines.device_http import Answer, DeviceHttp
    from efface.engines.device_zk import DeviceZk

__all__ = ["DIALOGUES", "Told", "zk"]

Told = DeviceFacts | str

_OK = 200
_MOST_CONFIGURATIONS = 8
_FACE_RULE = "FaceRecognition"
_NO_CLOCK = "1970-01-01T00:00:00Z"
_GROUP = re.compile(r"GroupList\[(\d+)\]\.(groupID|groupSize)=(.*)")
_DEPLOYED = re.compile(r"^groupID\[\d+\]=\S", re.MULTILINE)
_BOUND = (("bindFaceUserNumber", "face"), ("bindFingerprintUserNumber", "fingerprint"))
_ID = re.compile(r"[0-9A-Za-z]{1,64}")
_TYPE = re.compile(r"[A-Za-z]{1,20}")


def isapi(device: DeviceHttp) -> Iterator[Told]:
    """Ask a Hikvision device for its face libraries, and an access terminal for how many people have a face."""
    info = device.get("/ISAPI/System/deviceInfo")
    if info.status != _OK or "DeviceInfo" not in info.text:
        return
    model = next(iter(onvif.named(info.text, "/DeviceInfo/model")), "")
    can = device.get("/ISAPI/Intelligent/FDLib/capabilities?format=json").status == _OK
    galleries, is_listed = _libraries(device) if can else ((), False)
    people = _object(device.get("/ISAPI/AccessControl/UserInfo/Count?format=json")).get("UserInfoCount")
    bound = tuple(_bound(people, but="face" if galleries else "")) if isinstance(people, dict) else ()
    kinds = tuple(dict.fromkeys(("face",) * can + tuple(each.characteristic for each in bound)))
    asked = ("System/deviceInfo", "FDLib/capabilities", "FDLib/Count", "UserInfo/Count")
    made = _facts(
        device, "isapi", "Hikvision device", "Hikvision", model, kinds, None, (*galleries, *bound), asked
    )
    users = _people(people) if isinstance(people, dict) else None
    counted = ("FDLib",) * is_listed + ("UserInfo",) * (users is not None)
    yield replace(made, people=users, counted=counted)
    if can and any(each.persons is None for each in galleries):
        yield "the device names face libraries and does not count the people in them"
    if kinds:
        yield "ISAPI as it is known here does not say whether recognition is switched on"


def _libraries(device: DeviceHttp) -> tuple[tuple[Gallery, ...], bool]:
    """Return the libraries, and whether the device listed them and counted each: a silent one is not empty."""
    answer = _object(device.get("/ISAPI/Intelligent/FDLib?format=json"))
    found = tuple(_counted(device, _rows(answer.get("FDLib"))))
    return found, "FDLib" in answer and all(each.persons is not None for each in found)


def _counted(device: DeviceHttp, listed: list[dict[str, Any]]) -> Iterator[Gallery]:
    whole = _object(device.get("/ISAPI/Intelligent/FDLib/Count?format=json"))
    counted = {
        (word(row.get("FDID")), word(row.get("faceLibType"))): count(row.get("recordDataNumber"))
        for row in _rows(whole.get("FDRecordDataInfo"))
    }
    names = [(word(row.get("FDID")), word(row.get("faceLibType"))) for row in listed]
    for identity, kind in dict.fromkeys((*names, *counted)):
        persons = counted.get((identity, kind))
        if persons is None and _ID.fullmatch(identity) and _TYPE.fullmatch(kind):
            one = f"/ISAPI/Intelligent/FDLib/Count?format=json&FDID={identity}&faceLibType={kind}"
            rows = _rows(_object(device.get(one)).get("FDRecordDataInfo"))
            persons = count(rows[0].get("recordDataNumber")) if rows else None
        yield Gallery(f"FDLib/{kind}/{identity}", "face", persons)


def _bound(people: dict[str, Any], *, but: str) -> Iterator[Gallery]:
    """Yield what people are enrolled with; faces are not counted again where libraries hold them."""
    for key, characteristic in _BOUND:
        persons = count(people.get(key))
        if persons and characteristic != but:  # none enrolled: the terminal may not even have a reader
            yield Gallery(f"UserInfo/{characteristic}", characteristic, persons)


def _people(people: dict[str, Any]) -> int | None:
    """Return how many people go with those who are enrolled; 0 where nobody is, None where it is not said."""
    users, bound = count(people.get("userNumber")), [count(people.get(key)) for key, _ in _BOUND]
    if users == 0 or (any(each is not None for each in bound) and not any(bound)):
        return 0
    return users if any(bound) else None


def dahua(device: DeviceHttp) -> Iterator[Told]:
    """Ask a Dahua device for its groups of faces, and whether one is in use on its first channel."""
    found = device.get("/cgi-bin/faceRecognitionServer.cgi?action=findGroup")
    if found.status != _OK or not _GROUP.search(found.text):
        return
    groups: dict[str, dict[str, str]] = {}
    for number, name, value in _GROUP.findall(found.text):
        groups.setdefault(number, {})[name] = value.strip()
    galleries = tuple(
        Gallery(f"group/{word(group.get('groupID'))}", "face", count(group.get("groupSize")))
        for group in groups.values()
    )
    used = device.get("/cgi-bin/faceRecognitionServer.cgi?action=getGroup&channel=1")
    enabled = (_DEPLOYED.search(used.text) is not None) if used.status == _OK else None
    asked = ("findGroup", "getGroup channel 1")
    made = _facts(device, "dahua", "Dahua device", "Dahua", "", ("face",), enabled, galleries, asked)
    yield replace(made, counted=("group",) * all(each.persons is not None for each in galleries))
    yield "only the first channel of the device was asked whether recognition is in use; lists of access units were not"


def lapi(device: DeviceHttp) -> Iterator[Told]:
    """Ask a Uniview device for its libraries of people."""
    response = _object(device.get("/LAPI/V1.0/PeopleLibraries/BasicInfo")).get("Response")
    data = response.get("Data") if isinstance(response, dict) else None
    if not isinstance(data, dict) or "LibList" not in data:
        return
    galleries = tuple(
        Gallery(f"library/{word(row.get('ID'))}", "face", count(row.get("FaceNum")))
        for row in _rows(data["LibList"])
    )
    asked = ("PeopleLibraries/BasicInfo",)
    yield _facts(device, "lapi", "Uniview device", "Uniview", "", ("face",), None, galleries, asked)
    yield "LAPI as it is known here does not say whether recognition is switched on"


def gat1400(device: DeviceHttp) -> Iterator[Told]:
    """Ask whether a view library of GA/T 1400 answers; nobody logs in there, and nothing else is asked."""
    answer = device.get("/VIID/System/Time", is_anonymous=True)
    if "SystemTimeObject" not in _object(answer):
        return
    made = _facts(device, "gat1400", "GA/T 1400 view library", "", "", (), None, (), ("System/Time",))
    yield replace(made, is_public=True)
    yield "a view library of GA/T 1400 answers here: what it holds is not asked, and it is left alone"


def onvif_device(device: DeviceHttp) -> Iterator[Told]:
    """Ask an ONVIF device for its services, rules of analytics, and identifier types of credentials."""
    listed = device.operation(onvif.DEVICE_PATH, "http://www.onvif.org/ver10/device/wsdl", "GetServices")
    services = onvif.services(listed.text) if listed.status == _OK and "Envelope" in listed.text else {}
    if not services:
        return
    asked: list[str] = ["GetServices"]

    def ask(namespace: str, name: str, argument: str = "") -> str:
        asked.append(name)
        return _operation(device, services[namespace], namespace, name, argument)

    can, enabled = False, None
    if onvif.ANALYTICS in services:
        tokens = tuple(_tokens(services, ask))
        for token in tokens[:_MOST_CONFIGURATIONS]:
            supported = onvif.named(
                ask(onvif.ANALYTICS, "GetSupportedRules", token), "/RuleDescription/@Name"
            )
            running = onvif.named(ask(onvif.ANALYTICS, "GetRules", token), "/Rule/@Type")
            is_running = any(map(_is_face, running))
            can = can or is_running or any(map(_is_face, supported))
            enabled = bool(enabled) or is_running
        if not tokens:
            yield "the device has analytics and names no configuration of them: its rules were not asked"
        elif len(tokens) > _MOST_CONFIGURATIONS:
            yield f"only the first {_MOST_CONFIGURATIONS} configurations of analytics were asked"
    kinds = ["face"] * can
    if onvif.CREDENTIAL in services:
        types = onvif.named(ask(onvif.CREDENTIAL, "GetServiceCapabilities"), "/SupportedIdentifierType")
        kinds += [onvif.RECOGNITION[each] for each in types if each in onvif.RECOGNITION]
    yield _facts(
        device, "onvif", "ONVIF device", "", "", tuple(dict.fromkeys(kinds)), enabled if can else None, (),
        tuple(dict.fromkeys(asked)),
    )  # fmt: skip
    if kinds:
        yield "ONVIF gives no count of enrolled people without the list of them, which is not asked for"


def _is_face(name: str) -> bool:
    return name.rpartition(":")[2] == _FACE_RULE


def _tokens(services: dict[str, str], ask: Callable[..., str]) -> Iterator[str]:
    if onvif.MEDIA2 in services:
        yield from onvif.named(ask(onvif.MEDIA2, "GetAnalyticsConfigurations"), "/Configurations/@token")
    elif onvif.MEDIA in services:
        yield from onvif.named(ask(onvif.MEDIA, "GetVideoAnalyticsConfigurations"), "/Configurations/@token")


def _operation(device: DeviceHttp, path: str, namespace: str, name: str, argument: str) -> str:
    """Ask an operation; where a device wants its log-in in the envelope, it is given once, in the device's time."""
    answer = device.operation(path, namespace, name, argument)
    if answer.status != _OK and "Envelope" in answer.text and onvif.is_refusal(answer.text):
        time = device.operation(
            onvif.DEVICE_PATH, "http://www.onvif.org/ver10/device/wsdl", "GetSystemDateAndTime"
        )
        token = device.token(onvif.clock(time.text) or _NO_CLOCK)
        answer = device.operation(path, namespace, name, argument, token)
        if answer.status != _OK and onvif.is_refusal(answer.text):
            raise device.refused()
    if answer.status != _OK:
        raise FormatError(f"ONVIF {name}: the device answers with status {answer.status}")
    return answer.text


def zk(terminal: DeviceZk) -> Iterator[Told]:
    """Ask a ZKTeco terminal for its counts."""
    sizes = terminal.sizes()
    galleries, kinds = [], []
    if sizes.face_capacity or sizes.faces:
        kinds.append("face")
        galleries.append(Gallery("faces", "face", sizes.faces))
    if sizes.finger_capacity or sizes.fingers:
        kinds.append("fingerprint")
        # Several fingers of one person count each: the people are no more than the terminal's users.
        galleries.append(Gallery("fingers", "fingerprint", min(sizes.fingers, sizes.users or sizes.fingers)))
    yield DeviceFacts(
        *("zk", "ZKTeco terminal", "ZKTeco", ""),
        tuple(kinds),
        None,
        tuple(galleries),
        ("free sizes",),
        "plain",
    )
    if sizes.face_capacity is None:
        yield "the terminal does not say how many faces it holds"


DIALOGUES: dict[str, Callable[[DeviceHttp], Iterator[Told]]] = {
    "gat1400": gat1400,
    "isapi": isapi,
    "dahua": dahua,
    "lapi": lapi,
    "onvif": onvif_device,
}
"""Dialogues over HTTP, in the order in which they are tried."""


def _facts(  # noqa: PLR0913, PLR0917 - the fields of the record
    device: DeviceHttp,
    protocol: str,
    system: str,
    vendor: str,
    model: str,
    kinds: tuple[str, ...],
    enabled: bool | None,  # noqa: FBT001 - a field
    galleries: tuple[Gallery, ...],
    asked: tuple[str, ...],
) -> DeviceFacts:
    channel = "TLS" if device.has_tls else "plain"
    return DeviceFacts(
        protocol, system, vendor, word(model), kinds, enabled, galleries, asked, channel, device.pin
    )


def _object(answer: Answer) -> dict[str, Any]:
    if answer.status != _OK:
        return {}
    try:
        found = json.loads(answer.text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _rows(value: object) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
