"""`efface inspect --device` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from efface.cli.app import run
from efface.sources import credentials
from efface.testing.devices import PASSWORD, USER, certificate, hikvision, serve


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("EFFACE_DEVICE_PASSWORD", PASSWORD)
    monkeypatch.setattr(credentials, "_vault", {})


def test_a_device_is_asked_and_no_output_holds_the_log_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reports name system, gallery and authorisation; neither they nor the run file hold the password."""
    pem, pin = certificate(tmp_path)
    names = {kind: tmp_path / f"out.{kind}" for kind in ("json", "sarif", "html", "csv", "sbom")}
    outputs = [part for kind, name in names.items() for part in (f"--{kind}", str(name))]
    with serve(hikvision(), pem) as device:
        asked = ["inspect", "--device", device.address, "--authorisation", "Order 12 of the bureau"]
        assert (
            run([*asked, "--user", USER, "--run", str(tmp_path / "run.sqlite"), "--lang", "en", *outputs])
            == 1
        )
        assert all(device.logins)
        assert device.galleries == {"blackFD/1": 12, "staticFD/2": 3}
    document = json.loads(names["json"].read_text("utf-8"))
    galleries = [each for each in document["findings"] if each["form"] == "reference_database"]
    assert [each["references"] for each in galleries] == [12, 3]
    assert "Order 12 of the bureau" in json.dumps(document["notes"])
    assert pin in names["json"].read_text("utf-8")
    said = "".join(capsys.readouterr()).encode()
    for written in (said, *(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())):
        assert PASSWORD.encode() not in written
        assert b"secret-name" not in written


def test_the_terminal_shows_how_many_people_a_device_knows(capsys: pytest.CaptureFixture[str]) -> None:
    """The question of the visit is answered where it was asked."""
    with serve(hikvision()) as device:
        asked = ["--device", f"http://{device.address}", "--authorisation", "order", "--user", USER]
        assert run(["inspect", *asked, "--lang", "en"]) == 1
    assert "people: 15; switched on: not known" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--authorisation", ""],
        ["--authorisation", "   "],
        ["--authorisation", "x" * 501],
    ],
    ids=["none", "empty", "blank", "endless"],
)
def test_without_an_authorisation_nothing_is_asked(arguments: list[str], tmp_path: Path) -> None:
    """Exit code 2; no run is begun, and the device hears nothing."""
    with serve(hikvision()) as device:
        assert run(["inspect", "--device", device.address, "--user", USER, *arguments]) == 2
        assert device.asked == []
    assert not list(tmp_path.rglob("*.sqlite"))


@pytest.mark.parametrize("address", ["10.0.0.0/8", "ftp://192.0.2.1", f"{USER}:word@192.0.2.1", "a b", ""])
def test_what_is_not_one_device_is_refused(address: str) -> None:
    """Ranges, other schemes and log-ins in an address give 2."""
    assert run(["inspect", "--device", address, "--authorisation", "order"]) == 2


def test_a_device_in_two_ways_is_refused() -> None:
    """Each way would try the log-in once."""
    twice = ["--device", "http://192.0.2.1", "--device", "https://192.0.2.1"]
    assert run(["inspect", *twice, "--authorisation", "order"]) == 2


def test_more_than_a_list_by_hand_is_refused() -> None:
    """A network written out address by address is a network."""
    listed = [part for number in range(65) for part in ("--device", f"192.0.2.{number}")]
    assert run(["inspect", *listed, "--authorisation", "order"]) == 2


def test_a_device_as_a_plain_target_is_refused() -> None:
    """`device://` without --device has no authorisation, in an inspection or a scan."""
    with serve(hikvision()) as device:
        target = f"device://{device.address}"
        assert run(["inspect", target]) == 2
        assert run(["scan", target]) == 2
        assert device.asked == []
