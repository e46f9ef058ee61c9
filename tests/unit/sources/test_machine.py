"""Processes are seen as an ordinary user sees them, and services by their files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from efface.errors import AccessError
from efface.model import Gap, GapReason, Limits, Unit
from efface.sources import machine as module
from efface.sources.machine import Machine

if not os.path.isdir("/proc/self"):
    pytest.skip("needs /proc", allow_module_level=True)


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()", "face_recognition_server.py"],
        stdin=subprocess.PIPE,
    ) as child:
        yield child
        child.kill()


def unit_of(number: int) -> Unit:
    return next(
        each
        for each in Machine().units("machine:")
        if isinstance(each, Unit) and each.uri.endswith(f"/{number}")
    )


def test_a_process_is_its_command_line_and_its_files(process: subprocess.Popen[bytes]) -> None:
    """The part holds both as text, one a line, and names itself a process."""
    part = Machine().open(unit_of(process.pid), Limits())
    lines = part.payload.read().splitlines()
    assert lines[0].endswith(b"face_recognition_server.py ")
    assert any(line.startswith(b"/") for line in lines[1:])
    assert part.surroundings.names == (str(process.pid), "process")


def test_its_stamp_is_when_it_began(process: subprocess.Popen[bytes]) -> None:
    """A number that the system gives to another process later has another stamp."""
    unit = unit_of(process.pid)
    assert Machine().stamp(unit) == unit.stamp


def test_a_process_that_ended_is_refused(process: subprocess.Popen[bytes]) -> None:
    """What is gone cannot be opened, and has no stamp."""
    unit = unit_of(process.pid)
    process.kill()
    process.wait()
    with pytest.raises(AccessError):
        Machine().open(unit, Limits())
    with pytest.raises(AccessError):
        Machine().stamp(unit)


def test_files_that_are_not_shown_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes of other users are one gap with their number."""
    real = module._read
    monkeypatch.setattr(module, "_read", lambda number, what: b"" if what == "maps" else real(number, what))
    listed = [each for each in Machine().units("machine:") if isinstance(each, Gap)]
    assert any(gap.reason is GapReason.UNREADABLE and "other users" in gap.detail for gap in listed)


def test_a_system_without_processes_in_files_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told that nothing was seen."""
    monkeypatch.setattr(module, "_PROCESSES", "/nowhere")
    first = next(iter(Machine().units("machine:")))
    assert isinstance(first, Gap)
    assert first.reason is GapReason.UNSUPPORTED


def test_only_this_machine_is_claimed() -> None:
    """No path, and no other machine."""
    assert Machine().claims("machine:")
    assert not any(Machine().claims(target) for target in ("machine", "machine://other", "/proc", "-"))


def test_places_that_cannot_be_read_are_known_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor names them."""
    monkeypatch.setattr(os, "access", lambda path, _mode: path != "/etc")
    assert "/etc" in module.unreadable()
