"""`efface decommission` for devices and steps, from the command line to the certificate."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from efface.cli.app import run
from efface.engines import device_http
from efface.evidence import envelope
from efface.runs import clearing
from efface.sources import credentials, device_clearing
from efface.testing.devices import PASSWORD, USER, Device, Manner, hikvision, serve
from efface.testing.inspections import inspected
from efface.testing.office import CASE_NANJING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
NAME = "赵不凡"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_http, "_PAUSE_S", 0.0)
    monkeypatch.setattr(clearing, "_WAITS_S", (0.0,))
    monkeypatch.setattr(device_clearing, "_WAITS_S", (0.0,))
    monkeypatch.setattr(credentials, "_vault", {})
    monkeypatch.setenv("EFFACE_DEVICE_PASSWORD", PASSWORD)


@pytest.fixture
def terminal() -> Iterator[Device]:
    with serve(hikvision()) as device:
        yield device


@pytest.fixture
def site(terminal: Device, tmp_path: Path) -> list[str]:
    """Return the beginning of the command, for a run that inspected a terminal and was judged."""
    path = str(tmp_path / "run.sqlite")
    inspected(path, f"device://{terminal.address}", USER, PASSWORD)
    (tmp_path / "case.toml").write_text(CASE_NANJING + '\n[[scope]]\nmatch = "**"\n', "utf-8")
    run(
        [
            "judge",
            path,
            "--case",
            str(tmp_path / "case.toml"),
            "--as-of",
            "2026-01-01",
            "--json",
            str(tmp_path / "judged.json"),
        ]
    )
    return ["decommission", path, "--lang", "en"]


def asked(terminal: Device, *more: str) -> list[str]:
    return [
        *("--clear-device", terminal.address, "--user", USER, "--authorisation", "Order 12 of the bureau"),
        *more,
    ]


def test_from_the_plan_to_the_certificate(
    terminal: Device, site: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counted, confirmed, cleared, a camera taken down, looked at again, certified, and checked by both checkers."""
    assert run([*site, *asked(terminal)]) == 0
    plan = " ".join(capsys.readouterr().out.split())
    for word in ("DELETE /ISAPI/Intelligent/FDLib/2", "cards and rights of access", "--confirm 35"):
        assert word in plan
    assert terminal.galleries == {"blackFD/1": 12, "staticFD/2": 3}
    assert run([*site, *asked(terminal, "--confirm", "35")]) == 0
    assert "counts nobody now; it was 35" in " ".join(capsys.readouterr().out.split())
    assert (terminal.galleries, terminal.users) == ({"blackFD/1": 0}, 0)
    steps = str(tmp_path / "steps.json")
    assert run([*site, "--done", "device_off", "--by", NAME, "--note", "lobby", "--json", steps]) == 3
    (system,) = json.loads(Path(steps).read_text("utf-8"))["systems"]
    assert (system["state"], system["system"]) == ("confirmed", f"Hikvision device @ {terminal.address}")
    inspect = ["inspect", "--device", terminal.address, "--user", USER, "--authorisation", "Order 12"]
    assert run([*inspect, "--run", site[1], "--quiet", "--jobs", "1"]) == 1
    keys, certificate = tmp_path / "key.pem", tmp_path / "certificate.json"
    assert run(["keys", "new", str(keys)]) == 0
    assert run(["certify", site[1], "-o", str(certificate), "--key", str(keys)]) == 0
    public = str(next(tmp_path.glob("*.pub")))
    capsys.readouterr()
    assert run(["check", str(certificate), "--trust", public, "--lang", "en", "--html", steps]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert (
        "counted 35 people, was told to forget them (at most isapi.UserInfoDetail.Delete, isapi.FDLib.delete)"
        in shown
    )
    assert "Said by a person only" in shown
    assert "Systems taken away" in Path(steps).read_text("utf-8")
    second = [sys.executable, str(ROOT / "tools" / "check_certificate.py"), str(certificate), public]
    assert subprocess.run(second, check=False, capture_output=True).returncode == 0
    for word in (NAME, "lobby", terminal.address, PASSWORD, "Order 12"):
        assert word.encode() not in envelope.parse(certificate.read_bytes()).payload
    assert PASSWORD.encode() not in Path(site[1]).read_bytes()


def test_what_is_left_gives_4(terminal: Device, site: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A device that says OK and still counts people has not been cleared, and the list says so."""
    terminal.manner = Manner.PRETENDS
    assert run([*site, *asked(terminal, "--confirm", "35")]) == 4
    assert "not cleared: the device still counts 35" in " ".join(capsys.readouterr().out.split())
    assert run(site) == 1
    assert "35 -> 35" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["--confirm", "35"],
        ["--authorisation", "Order"],
        ["--user", "x"],
        ["--by", "x"],
        ["--note", "x"],
        ["--system", "x"],
        ["--clear-device", "192.0.2.1", "--done", "device_off", "--by", "x"],
        ["--clear-device", "192.0.2.1", "--json", "-"],
        ["--clear-device", "192.0.2.1", "--confirm", "many"],
        ["--done", "device_off"],
        ["--done", "device_off", "--by", "  "],
        ["--done", "again", "--by", "x"],
        ["--done", "device_count", "--by", "x"],
        ["--done", "service", "--by", "x"],
        ["--done", "anything", "--by", "x"],
        ["--done", "device_off", "--by", "x", "--system", "another"],
    ],
    ids=" ".join,
)
def test_what_does_not_belong_together_is_refused(
    terminal: Device, site: list[str], arguments: list[str]
) -> None:
    """Exit code 2; nothing is written, and the device hears nothing."""
    heard, before = len(terminal.asked), Path(site[1]).read_bytes()
    assert run([*site, *arguments]) == 2
    assert len(terminal.asked) == heard
    assert Path(site[1]).read_bytes() == before


def test_removing_files_leaves_an_open_device_to_its_own_command(
    terminal: Device, site: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`efface remove` neither ends nor forgets what was begun with a device."""

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(device_clearing, "clear", stopped)
        assert run([*site, *asked(terminal, "--confirm", "35")]) == 130
    run(["remove", site[1], "--apply", "--quiet"])
    assert run([*site, "--json", "-"]) == 1
    assert run([*site, *asked(terminal, "--confirm", "35")]) == 0
    assert terminal.galleries == {"blackFD/1": 0}
