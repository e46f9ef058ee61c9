"""Devices at listed addresses: what they tell, and that nothing of them is changed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from efface.detectors.system_device import SystemDevice
from efface.engines import device_http
from efface.engines.device_http import may_be_sent
from efface.errors import AccessError, UsageError
from efface.formats import onvif as words
from efface.formats.device_facts import DeviceFacts
from efface.model import Artefact, Form, Gap, Limits, Mode, Part
from efface.sources import credentials
from efface.sources.device import Device as Source
from efface.sources.device import address_of, authorise
from efface.testing import devices
from efface.testing.devices import PASSWORD, USER, certificate, serve
from efface.testing.devices_onvif import Terminal, onvif, serve_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from efface.model import Finding


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_http, "_PAUSE_S", 0.0)
    monkeypatch.setattr(credentials, "_vault", {})


def told(target: str, *, user: str = USER, password: str = PASSWORD) -> tuple[list[Part], list[Gap]]:
    authorise(target, user, password)
    source = Source()
    (unit,) = source.units(target)
    opened = source.open(unit, Limits())
    results = list(opened.parts())
    return [each for each in results if isinstance(each, Part)], [
        each for each in results if isinstance(each, Gap)
    ]


def findings(part: Part) -> list[Finding]:
    artefact = Artefact(part.locator, "application/json", part.payload.size_bytes)
    return list(SystemDevice().detect(artefact, part.payload, part.surroundings, Mode.STANDARD, Limits()))


@contextmanager
def unchanged(device: devices.Device, pem: Path | None = None) -> Iterator[str]:
    """Serve a device and see to it that only reads reach it, and that it holds what it held."""
    before = dict(device.galleries)
    with serve(device, pem):
        yield f"device://{device.address}"
    assert device.galleries == before
    assert all(device.logins)
    assert device.asked
    for asked, body in zip(device.asked, device.bodies, strict=True):
        method, _, target = asked.partition(" ")
        if method == "POST":
            assert any(f"<s:Body><q:{name}>" in body for _, name in words.OPERATIONS), body
        else:
            assert may_be_sent(method, target)
            assert body == ""


def one(parts: list[Part]) -> tuple[DeviceFacts, list[Finding]]:
    (part,) = parts
    return DeviceFacts.decode(part.payload.read()), findings(part)


def test_a_hikvision_terminal_tells_its_libraries_over_tls(tmp_path: Path) -> None:
    """It can recognise, holds two libraries of 12 and 3, and does not say whether it is switched on."""
    pem, pin = certificate(tmp_path)
    with unchanged(devices.hikvision(), pem) as target:
        parts, gaps = told(target)
    facts, found = one(parts)
    assert (facts.model, facts.channel, facts.pin, facts.enabled) == ("DS-K1T671", "TLS", pin, None)
    assert [(each.form, each.references) for each in found] == [
        (Form.SYSTEM, 1),
        (Form.REFERENCE_DATABASE, 12),
        (Form.REFERENCE_DATABASE, 3),
    ]
    assert ["switched on" in gap.detail for gap in gaps] == [True]


@pytest.mark.parametrize("is_deployed", [True, False])
def test_a_dahua_camera_tells_whether_a_group_is_in_use(*, is_deployed: bool) -> None:
    """Its first channel compares with a group, or with none."""
    with unchanged(devices.dahua(is_deployed=is_deployed)) as target:
        parts, _ = told(target)
    facts, found = one(parts)
    assert facts.enabled is is_deployed
    assert [each.references for each in found] == [1, 30]


def test_a_uniview_terminal_tells_its_libraries() -> None:
    """An empty library is no gallery of anybody."""
    with unchanged(devices.uniview()) as target:
        parts, _ = told(target)
    facts, found = one(parts)
    assert [each.persons for each in facts.galleries] == [5, 0]
    assert [each.references for each in found if each.form is Form.REFERENCE_DATABASE] == [5]


@pytest.mark.parametrize("wants_token", [False, True])
def test_an_onvif_device_tells_its_rules_and_identifiers(*, wants_token: bool) -> None:
    """tt:FaceRecognition runs, pt:Face is an identifier; a log-in in the envelope bears the device's own time."""
    with unchanged(onvif(wants_token=wants_token)) as target:
        parts, gaps = told(target)
    facts, found = one(parts)
    assert (facts.kinds, facts.enabled) == (("face",), True)
    assert [each.characteristic for each in found] == ["face"]
    assert any("no count" in gap.detail for gap in gaps)


def test_rules_that_only_count_or_detect_are_no_recognition() -> None:
    """A device without the rule and without such identifiers is a question for a person."""
    with unchanged(onvif(("tt:ObjectDetection",), (), ("pt:Card", "pt:PIN"))) as target:
        facts, found = one(told(target)[0])
    assert (facts.kinds, facts.enabled) == ((), None)
    assert [each.is_biometric for each in found] == [False]


def test_a_rule_that_is_supported_and_does_not_run_is_switched_off() -> None:
    """It can recognise, and is not switched on."""
    with unchanged(onvif(running=("tt:LineDetector",))) as target:
        facts, _ = one(told(target)[0])
    assert (facts.kinds, facts.enabled) == (("face",), False)


def test_a_zkteco_terminal_tells_its_counts_and_keeps_them() -> None:
    """Faces and fingers are two galleries; fingers are no more people than there are users."""
    with serve_terminal(Terminal()) as terminal:
        parts, _ = told(f"device+zk://127.0.0.1:{terminal.port}", user="", password="")
        assert set(terminal.commands) == {1000, 50, 1001}
        assert (terminal.users, terminal.fingers, terminal.faces) == (4, 6, 3)
    _, found = one(parts)
    galleries = [each for each in found if each.form is Form.REFERENCE_DATABASE]
    assert [(each.characteristic, each.references) for each in galleries] == [("face", 3), ("fingerprint", 4)]


def test_a_library_of_public_security_is_named_and_left_alone() -> None:
    """It is asked its time without a log-in, is judged by nobody here, and that is said."""
    with unchanged(devices.public_library()) as target:
        parts, gaps = told(target)
    facts, found = one(parts)
    assert facts.is_public
    assert [each.is_biometric for each in found] == [False]
    assert any("left alone" in gap.detail for gap in gaps)


def test_no_name_that_somebody_gave_is_kept() -> None:
    """Names of devices, libraries, groups and rules are left where they are."""
    for device in (devices.hikvision(), devices.dahua(), devices.uniview(), onvif()):
        with unchanged(device) as target:
            parts, _ = told(target)
        assert all(b"secret-name" not in part.payload.read() for part in parts)


@pytest.mark.parametrize("make", [devices.hikvision, devices.dahua, devices.uniview, onvif])
def test_a_wrong_password_ends_the_device_after_one_try(make: type) -> None:
    """Five protocols could be tried; the log-in is tried once, and the device is a gap."""
    device = make()
    with serve(device):
        parts, gaps = told(f"device://{device.address}", password="wrong")
    assert device.logins == [False]
    assert not parts
    assert ["refused" in gap.detail for gap in gaps] == [True]


def test_a_wrong_password_in_an_envelope_is_tried_once() -> None:
    """A fault that says "not authorised" ends the device, too."""
    device = onvif(wants_token=True)
    with serve(device):
        parts, gaps = told(f"device://{device.address}", password="wrong")
    assert device.logins == [False]
    assert not parts
    assert len(gaps) == 1


def test_a_device_without_a_log_in_of_ours_is_one_gap() -> None:
    """Without a name nothing is tried, and that is said once."""
    device = devices.hikvision()
    with serve(device):
        parts, gaps = told(f"device://{device.address}", user="", password="")
    assert (device.logins, parts) == ([], [])
    assert ["log-in" in gap.detail for gap in gaps] == [True]


def test_a_device_that_speaks_nothing_known_is_a_gap() -> None:
    """Something that answers is not thereby free of recognition."""
    with serve(devices.Device(lambda *_: (200, "<html>hello</html>"), has_login=False)) as device:
        parts, gaps = told(f"device://{device.address}")
    assert not parts
    assert ["none of the protocols" in gap.detail for gap in gaps] == [True]


def test_an_answer_that_declares_entities_is_a_gap() -> None:
    """A hostile answer of one protocol is told, and is not expanded."""
    bomb = '<!DOCTYPE a [<!ENTITY x "yyyy">]><Envelope>&x;</Envelope>'
    with serve(devices.Device(lambda *_: (200, bomb), has_login=False)) as device:
        _, gaps = told(f"device://{device.address}")
    assert any(gap.locator.path[-1] == "onvif" and "entities" in gap.detail for gap in gaps)


def test_a_place_where_nothing_answers_is_a_gap() -> None:
    """An address that nobody answers at is told as not looked at."""
    with serve(devices.hikvision()) as device:
        target = f"device://{device.address}"
    parts, gaps = told(target)
    assert not parts
    assert ["does not answer" in gap.detail for gap in gaps] == [True]


@pytest.mark.parametrize(
    "target",
    [
        "device://",
        "device://inspector:word@192.0.2.1",
        "device://192.0.2.0/24",
        "device://192.0.2.1,192.0.2.2",
        "device://192.0.2.*",
        "device://192.0.2.1/ISAPI/System/reboot",
        "device://192.0.2.1:99999",
        "device://192.0.2.1?x=1",
    ],
)
def test_ranges_logins_and_paths_are_no_address(target: str) -> None:
    """A network is never scanned, and an argument never holds a password."""
    with pytest.raises(UsageError):
        address_of(target)


def test_a_device_that_nobody_authorised_is_neither_listed_nor_opened() -> None:
    """The refusal stands in the source itself, whoever calls it."""
    with serve(devices.hikvision()) as device:
        target = f"device://{device.address}"
        with pytest.raises(UsageError, match="authorisation"):
            list(Source().units(target))
        authorise(target, USER, PASSWORD)
        (unit,) = Source().units(target)
        credentials._vault.clear()
        with pytest.raises(AccessError, match="authorisation"):
            Source().open(unit, Limits())
        assert device.asked == []


def test_listing_and_opening_send_nothing() -> None:
    """A device is asked when its parts are, and by one process only."""
    with serve(devices.hikvision()) as device:
        target = f"device://{device.address}"
        authorise(target, USER, PASSWORD)
        (unit,) = Source().units(target)
        Source().open(unit, Limits())
        assert Source().stamp(unit) != unit.stamp
        assert device.asked == []
