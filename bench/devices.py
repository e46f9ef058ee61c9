"""Inspect a simulator of each protocol: what was read, what was found, and what was changed.

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
from efface.testing import devices, devices_onvif

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


def main() -> None:
    """Print one row for each simulator."""
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
