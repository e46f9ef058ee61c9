"""Inspect a simulator of each protocol, and clear those that can be: what was read, found, sent and changed.

    python bench/devices.py

The simulators of `efface.testing` listen on loopback and would change if they were asked to. They are written from the
same public sources as what asks them: a table without a change says what efface sends, and nothing of any firmware.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from efface.cli.app import run
from efface.model import VerdictKind
from efface.testing import devices, devices_onvif
from efface.testing.devices import Manner
from efface.testing.inspections import inspected, judged

if TYPE_CHECKING:
    from collections.abc import Callable

_HTTP: dict[str, Callable[[], devices.Device]] = {
    "Hikvision ISAPI": devices.hikvision,
    "Dahua CGI": devices.dahua,
    "Uniview LAPI": devices.uniview,
    "ONVIF, log-in in HTTP": devices_onvif.onvif,
    "ONVIF, log-in in the envelope": lambda: devices_onvif.onvif(wants_token=True),
    "GA/T 1400": devices.public_library,
}
_CLEARED: tuple[tuple[str, Callable[[], devices.Device], Manner], ...] = (
    ("Hikvision recorder", devices.hikvision_recorder, Manner.OBEYS),
    ("Dahua camera", devices.dahua, Manner.OBEYS),
    *(("Hikvision access terminal", devices.hikvision, manner) for manner in Manner),
)
_CHANGES = (
    "PUT",
    "DELETE",
    "GET /cgi-bin/faceRecognitionServer.cgi?action=deleteGroup",
    "GET /cgi-bin/faceRecognitionServer.cgi?action=setGroup",
)


def main() -> None:
    """Print one row for each simulator, inspected; then one for each that is cleared, in each of its manners."""
    os.environ["EFFACE_DEVICE_PASSWORD"] = devices.PASSWORD
    print("| simulator | requests | log-ins refused | systems | galleries | people | gaps | changed |")
    print("|---|---|---|---|---|---|---|---|")
    for name, make in _HTTP.items():
        device = make()
        before = copy.deepcopy(device.galleries)
        with devices.serve(device):
            document = _inspected(f"http://{device.address}")
        refused = device.logins.count(False)
        _row(name, len(device.asked), refused, document, has_changed=device.galleries != before)
    terminal = devices_onvif.Terminal()
    held = (terminal.users, terminal.fingers, terminal.faces)
    with devices_onvif.serve_terminal(terminal):
        document = _inspected(f"zk://127.0.0.1:{terminal.port}")
    has_changed = held != (terminal.users, terminal.fingers, terminal.faces)
    _row("ZKTeco", len(terminal.commands), terminal.keys.count(False), document, has_changed=has_changed)
    print(
        "\n| simulator | manner | counted | requests that change | exit code | really left |\n|---|---|---|---|---|---|"
    )
    for name, make, manner in _CLEARED:
        _clear(name, make(), manner)


def _clear(name: str, device: devices.Device, manner: Manner) -> None:
    """Have a simulator cleared by the number that it counts, and print what came of it."""
    device.manner = manner
    with tempfile.TemporaryDirectory() as folder, devices.serve(device):
        path = str(Path(folder) / "run.sqlite")
        inspected(path, f"device://{device.address}", devices.USER, devices.PASSWORD)
        judged(path, VerdictKind.PROHIBITED)
        persons = _held(device)
        asked = ["decommission", path, "--clear-device", device.address, "--user", devices.USER]
        asked += ["--authorisation", "a measurement", "--confirm", str(persons)]
        with contextlib.redirect_stdout(io.StringIO()):
            code = run(asked)
    changes = sum(each.startswith(_CHANGES) for each in device.asked)
    print("|", " | ".join(map(str, (name, manner.value, persons, changes, int(code), _held(device)))), "|")


def _held(device: devices.Device) -> int:
    return sum(device.galleries.values()) + max(device.users, 0)


def _inspected(address: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        asked = ["inspect", "--device", address, "--user", devices.USER, "--authorisation", "a measurement"]
        with contextlib.redirect_stderr(io.StringIO()):
            run([*asked, "--run", str(Path(folder) / "run.sqlite"), "--quiet", "--json", str(report)])
        document: dict[str, Any] = json.loads(report.read_text("utf-8"))
        return document


def _row(name: str, requests: int, refused: int, document: dict[str, Any], *, has_changed: bool) -> None:
    findings = document["findings"]
    galleries = [each["references"] for each in findings if each["form"] == "reference_database"]
    systems = sum(each["form"] == "system" for each in findings)
    cells = [name, requests, refused, systems, len(galleries), sum(galleries), len(document["gaps"])]
    print("|", " | ".join(map(str, cells)), "|", "yes" if has_changed else "nothing", "|")


if __name__ == "__main__":
    main()
