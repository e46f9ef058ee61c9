"""The requests that clear: which there are, and that nothing else can be sent."""

from __future__ import annotations

import pytest

from efface.engines import device_clear, device_http
from efface.engines.device_clear import Clearing, DeviceClear, request_of
from efface.engines.device_http import DeviceHttp, RefusedError, may_be_sent
from efface.errors import AccessError, FormatError
from efface.testing.devices import PASSWORD, USER, Device, Manner, hikvision, serve


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_http, "_PAUSE_S", 0.0)


def client(device: Device, *, password: str = PASSWORD) -> DeviceClear:
    return DeviceClear("127.0.0.1", device.port, has_tls=False, user=USER, password=password)


def test_the_table_is_four_requests() -> None:
    """Method, path and body of each, as the sources have them."""
    made = {each: request_of(each, "" if each is Clearing.PEOPLE else "1") for each in Clearing}
    assert {each: (request.method, request.target) for each, request in made.items()} == {
        Clearing.PEOPLE: ("PUT", "/ISAPI/AccessControl/UserInfoDetail/Delete?format=json"),
        Clearing.LIBRARY: ("DELETE", "/ISAPI/Intelligent/FDLib/1"),
        Clearing.UNDEPLOY: ("GET", "/cgi-bin/faceRecognitionServer.cgi?action=setGroup&channel=1"),
        Clearing.GROUP: ("GET", "/cgi-bin/faceRecognitionServer.cgi?action=deleteGroup&groupID=1"),
    }
    assert [request.body for request in made.values() if request.body] == [
        b'{"UserInfoDetail":{"mode":"all"}}'
    ]


@pytest.mark.parametrize("clearing", Clearing)
def test_what_only_reads_cannot_send_them(clearing: Clearing) -> None:
    """An inspection has no way to clear: the table of reads has none of these, and its client no such method."""
    request = request_of(clearing, "" if clearing is Clearing.PEOPLE else "1")
    assert not may_be_sent(request.method, request.target)
    assert not may_be_sent("GET", request.target)
    assert not hasattr(DeviceHttp, "clear")


@pytest.mark.parametrize("clearing", [Clearing.LIBRARY, Clearing.GROUP, Clearing.UNDEPLOY])
@pytest.mark.parametrize(
    "identity",
    ["", "1/../../System/reboot", "1?x=1", "1&action=x", "1 HTTP/1.1\r\nX: y", "../FDLib/2", "1" * 65, "１"],
)
def test_an_identifier_of_an_odd_form_is_not_sent(clearing: Clearing, identity: str) -> None:
    """A device that names its libraries so that another path comes out is left to a person."""
    with serve(hikvision()) as device:
        with pytest.raises(FormatError):
            client(device).clear(clearing, identity)
        assert device.asked == []


def test_everybody_is_told_without_an_identifier() -> None:
    """A name beside the request for all people is a fault, and nothing is sent."""
    with serve(hikvision()) as device, pytest.raises(FormatError):
        client(device).clear(Clearing.PEOPLE, "1")


def test_a_refused_log_in_ends_it() -> None:
    """One wrong password: no second guess, and nothing was changed."""
    with serve(hikvision()) as device:
        asked = client(device, password="wrong")
        for _ in range(2):
            with pytest.raises(RefusedError):
                asked.clear(Clearing.LIBRARY, "1")
        assert device.logins == [False]
        assert device.galleries == {"blackFD/1": 12, "staticFD/2": 3}


def test_no_answer_is_an_access_error() -> None:
    """Whether the device did it is not known here: here it did."""
    device = hikvision()
    device.manner = Manner.DROPS
    with serve(device):
        with pytest.raises(AccessError):
            client(device).clear(Clearing.LIBRARY, "1")
        assert device.galleries == {"staticFD/2": 3}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('{"UserInfoDetailDeleteProcess": {"status": "processing"}}', "processing"),
        ('{"UserInfoDetailDeleteProcess": {"status": "success", "percent": 100}}', "success"),
        ('{"UserInfoDetailDeleteProcess": {"status": "whatever"}}', ""),
        ('{"UserInfoDetailDeleteProcess": []}', ""),
        ("<html>", ""),
        ("[" * 100_000, ""),
    ],
)
def test_progress_is_a_word_of_the_protocol_or_nothing(answer: str, expected: str) -> None:
    """What is none of its words says nothing."""
    with serve(Device(lambda *_: (200, answer), has_login=False)) as device:
        assert client(device).progress() == expected


def test_it_is_as_slow_as_what_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two requests there is the same pause, and there is a largest number of them."""
    waited: list[float] = []
    monkeypatch.setattr(device_http, "_PAUSE_S", 0.25)
    monkeypatch.setattr(device_http.time, "sleep", waited.append)
    with serve(hikvision()) as device:
        client(device).clear(Clearing.LIBRARY, "1")
    assert 0 < waited[1] <= 0.25
    assert issubclass(device_clear.DeviceClear, DeviceHttp)
