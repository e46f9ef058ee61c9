"""One device over HTTP: what can be sent, and what a refusal means."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from efface.engines import device_http
from efface.engines.device_http import DeviceHttp, NoLoginError, RefusedError, may_be_sent
from efface.engines.device_zk import DeviceZk
from efface.errors import AccessError, FormatError, LimitExceededError
from efface.formats import onvif
from efface.testing.devices import PASSWORD, USER, Device, certificate, hikvision, serve
from efface.testing.devices_onvif import Terminal, serve_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INFO = "/ISAPI/System/deviceInfo"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_http, "_PAUSE_S", 0.0)


@pytest.fixture
def camera() -> Iterator[Device]:
    with serve(hikvision()) as device:
        yield device


def client(
    device: Device, *, user: str = USER, password: str = PASSWORD, has_tls: bool = False
) -> DeviceHttp:
    return DeviceHttp("127.0.0.1", device.port, has_tls=has_tls, user=user, password=password)


@pytest.mark.parametrize(
    "target",
    [
        "/ISAPI/Intelligent/FDLib/FDSearch/Delete?format=json&FDID=1&faceLibType=blackFD",
        "/ISAPI/Intelligent/FDLib/FDSearch?format=json",
        "/ISAPI/AccessControl/UserInfo/Delete?format=json",
        "/cgi-bin/faceRecognitionServer.cgi?action=deleteGroup&groupID=1",
        "/cgi-bin/faceRecognitionServer.cgi?action=findGroup&action=deleteGroup",
        "/LAPI/V1.0/PeopleLibraries/3/People",
        "/VIID/Faces",
        "/ISAPI/System/deviceInfo/../reboot",
        "/ISAPI/System/deviceInfo\r\nX: y",
        "/ISAPI/System/reboot",
        "/",
    ],
)
def test_nothing_else_can_be_sent(camera: Device, target: str) -> None:
    """What is not in the list of reads is refused before anything is sent."""
    with pytest.raises(ValueError, match="only read"):
        client(camera).get(target)
    assert camera.asked == []


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH", "HEAD", "get"])
def test_no_other_method_may_be_sent(method: str) -> None:
    """A path that may be read may not be written."""
    assert may_be_sent("GET", INFO)
    assert not may_be_sent(method, INFO)


def test_no_other_operation_can_be_sent(camera: Device) -> None:
    """An operation outside the table, and a path of an odd form, are refused before anything is sent."""
    with pytest.raises(KeyError):
        client(camera).operation("/onvif/device_service", onvif.ANALYTICS, "DeleteRules")
    with pytest.raises(FormatError):
        client(camera).operation("//evil\r\n", onvif.ANALYTICS, "GetRules", "t")
    assert camera.asked == []


def test_no_other_command_can_be_sent() -> None:
    """A terminal is sent no command that clears."""
    with serve_terminal(Terminal()) as terminal, DeviceZk("127.0.0.1", terminal.port) as asked:
        with pytest.raises(ValueError, match="only read"):
            asked._ask(14)
        assert 14 not in terminal.commands


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_log_in_is_answered_without_the_password(camera: Device, algorithm: str) -> None:
    """Digest: the password itself is in no request."""
    camera.algorithm = algorithm
    assert client(camera).get(INFO).status == 200
    assert camera.logins == [True]
    assert not any(PASSWORD in said for said in (*camera.headers, *camera.bodies, *camera.asked))


def test_a_refused_log_in_is_never_tried_again(camera: Device) -> None:
    """One wrong password ends the device: no second guess, whatever is asked then."""
    asked = client(camera, password="wrong")
    for _ in range(3):
        with pytest.raises(RefusedError):
            asked.get(INFO)
    assert camera.logins == [False]
    assert len(camera.asked) == 2


def test_a_scheme_that_gives_the_password_away_gets_none(camera: Device) -> None:
    """Basic is not answered, even where TLS would hide it from others."""
    camera.algorithm = "Basic"
    with pytest.raises(NoLoginError):
        client(camera).get(INFO)
    assert camera.headers == []


def test_without_a_name_nobody_logs_in(camera: Device) -> None:
    """No name, and no word of one, goes out."""
    with pytest.raises(NoLoginError):
        client(camera, user="").get(INFO)
    assert camera.headers == []


def test_a_redirect_is_not_followed(camera: Device) -> None:
    """Another host is never asked, whatever a device says."""
    with serve(hikvision()) as other:
        camera.redirect = f"http://{other.address}/ISAPI/System/deviceInfo"
        assert client(camera).get(INFO).status == 302
        assert other.asked == []


def test_a_large_answer_is_a_limit(camera: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device cannot fill the memory."""
    monkeypatch.setattr(device_http, "_MOST_BYTES", 10)
    with pytest.raises(LimitExceededError):
        client(camera).get(INFO)


def test_a_device_is_not_asked_for_ever(camera: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a largest number of requests to one device."""
    monkeypatch.setattr(device_http, "_MOST_REQUESTS", 2)
    asked = client(camera)
    asked.get(INFO)
    with pytest.raises(LimitExceededError):
        asked.get(INFO)
    assert len(camera.asked) == 2


def test_a_device_is_asked_slowly(camera: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two requests there is a pause."""
    waited: list[float] = []
    monkeypatch.setattr(device_http, "_PAUSE_S", 0.25)
    monkeypatch.setattr(device_http.time, "sleep", waited.append)
    client(camera).get(INFO)
    assert waited[0] == 0
    assert 0 < waited[1] <= 0.25


def test_what_does_not_answer_is_an_access_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A silent place is given up after a time-out."""
    monkeypatch.setattr(device_http, "_TIMEOUT_S", 0.05)
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as silent,
        pytest.raises(AccessError, match="Timeout"),
    ):
        DeviceHttp("127.0.0.1", silent.getsockname()[1], has_tls=False).get(INFO)


def test_the_certificate_is_noted_and_may_not_change(camera: Device, tmp_path: Path) -> None:
    """A device signs its own certificate; its digest is kept, and another one ends the dialogue."""
    pem, pin = certificate(tmp_path)
    with serve(hikvision(), pem) as device:
        asked = client(device, has_tls=True)
        assert asked.get(INFO).status == 200
        assert asked.pin == pin
        asked.pin = "0" * 64
        with pytest.raises(AccessError, match="certificate"):
            asked.get(INFO)
        assert len(device.asked) == 2


@pytest.mark.parametrize(("given", "keys"), [("1234", [True]), ("4321", [False]), ("word", []), ("", [])])
def test_the_key_of_a_terminal_is_given_once(given: str, keys: list[bool]) -> None:
    """A terminal's key is numeric; a wrong one is not followed by another."""
    with serve_terminal(Terminal(key=1234)) as terminal:
        if keys == [True]:
            with DeviceZk("127.0.0.1", terminal.port, given) as asked:
                assert asked.sizes().faces == 3
        else:
            expected = RefusedError if keys else NoLoginError
            with pytest.raises(expected), DeviceZk("127.0.0.1", terminal.port, given):
                pass
        assert terminal.keys == keys
        assert terminal.commands.count(1102) == len(keys)
