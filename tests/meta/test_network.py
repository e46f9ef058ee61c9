"""Nothing leaves the machine: a scan works with every way to the network closed."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from efface.evidence.keys import SigningKey
from efface.testing import records, stores
from efface.testing.ledgers import small_story

_CLOSED = '''
"""Refuse every address but those of this machine's own processes, and write down who asked."""
import os, socket

def _refuse(name):
    def refuse(self, *arguments):
        if self.family != socket.AF_UNIX:
            with open(os.environ["ASKED"], "a") as file:
                file.write(f"{name} {self.family}\\n")
            raise PermissionError("the network is closed in this test")
        return getattr(_Socket, name)(self, *arguments)
    return refuse

_Socket = socket.socket
socket.socket = type("socket", (_Socket,), {n: _refuse(n) for n in ("connect", "connect_ex", "sendto", "bind")})

def _resolve(*arguments, **_):
    with open(os.environ["ASKED"], "a") as file:
        file.write("getaddrinfo\\n")
    raise PermissionError("the network is closed in this test")

socket.getaddrinfo = socket.gethostbyname = _resolve
'''


@pytest.fixture
def closed(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which no process, worker or not, reaches a network."""
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_CLOSED)
    (folder / "asked").touch()
    state = {"XDG_STATE_HOME": str(tmp_path / "state"), "ASKED": str(folder / "asked"), "LANG": "C.UTF-8"}
    return os.environ | state | {"PYTHONPATH": str(folder)}


def efface(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "efface", *arguments], env=environment, capture_output=True, text=True
    )


def asked(environment: dict[str, str]) -> str:
    return Path(environment["ASKED"]).read_text()


def test_a_scan_asks_no_network_for_anything(closed: dict[str, str], tmp_path: Path) -> None:
    """Text with addresses in it, an archive, a record and vectors are looked at without a connection."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "page.html").write_text(
        '<img src="http://photos.invalid/face.jpg"><a href="ftp://host.invalid">x</a>'
    )
    (tree / "page.xml").write_text('<!DOCTYPE a [<!ENTITY b SYSTEM "http://host.invalid/b">]><a>&b;</a>')
    (tree / "record.bin").write_bytes(records.finger_minutiae_record(1))
    (tree / "people.json").write_text(stores.json_store(stores.face_vectors(3, 128)))
    with zipfile.ZipFile(tree / "a.zip", "w") as archive:
        archive.writestr("record.bin", records.face_image_record(1))
    run, report = str(tmp_path / "run.sqlite"), str(tmp_path / "report.html")
    done = efface(closed, "scan", str(tree), "--run", run, "--mode", "fast", "--jobs", "1", "--html", report)
    assert done.returncode == 1, done.stderr
    assert asked(closed) == ""


def test_an_inspection_asks_no_network_for_anything(closed: dict[str, str], tmp_path: Path) -> None:
    """Without --device, addresses of devices and services in what is read are not asked."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "settings.ini").write_text("url = http://192.0.2.1/ISAPI/Intelligent/FDLib\n")
    (tree / "app.py").write_text("import face_recognition\n")
    done = efface(
        closed, "inspect", str(tree), "--run", str(tmp_path / "run.sqlite"), "--jobs", "1", "--quiet"
    )
    assert done.returncode == 1, done.stderr
    assert asked(closed) == ""


@pytest.mark.parametrize(
    "arguments",
    [("doctor",), ("rules", "list"), ("keys", "new", "KEY")],
    ids=" ".join,
)
def test_a_command_asks_no_network_for_anything(
    arguments: tuple[str, ...], closed: dict[str, str], tmp_path: Path
) -> None:
    """Law, keys and the state of the installation lie on the machine."""
    done = efface(closed, *(str(tmp_path / "key.pem") if each == "KEY" else each for each in arguments))
    assert done.returncode == 0, done.stdout + done.stderr
    assert asked(closed) == ""


def test_a_stamp_is_asked_for_without_asking_anybody(closed: dict[str, str], tmp_path: Path) -> None:
    """A request is a file; whoever wants the stamp takes it to an authority."""
    key = SigningKey.new()
    (tmp_path / "c.json").write_bytes(small_story().certificate(key))
    files = str(tmp_path / "c.json"), "-o", str(tmp_path / "c.tsq")
    done = efface(closed, "stamp", "request", *files)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "c.tsq").stat().st_size > 50
    assert asked(closed) == ""


def test_the_closed_door_is_closed(closed: dict[str, str]) -> None:
    """What opens a connection here is refused and written down, so silence means something."""
    code = "import socket; socket.create_connection(('127.0.0.1', 9), timeout=1)"
    done = subprocess.run([sys.executable, "-c", code], env=closed, capture_output=True, text=True)
    assert done.returncode != 0
    assert asked(closed) != ""
