"""What a process is busy with can be read after it died."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from efface.runs.slate import Slate

if TYPE_CHECKING:
    from collections.abc import Iterator

_WRITER = """
import os, signal, sys
from efface.runs.slate import Slate
slate = Slate(int(sys.argv[1]))
slate.write(sys.argv[2])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(params=["memfd", "file"])
def pair(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Slate, Slate]]:
    """Both ends, in memory of either kind."""
    if request.param == "file":
        monkeypatch.delattr(os, "memfd_create", raising=False)
    reader, descriptor = Slate.blank()
    writer = Slate(descriptor)
    yield reader, writer
    reader.close()
    writer.close()


@pytest.mark.parametrize("text", ["file:///a", "", "file:///门店/销售.zip!/图片.jpg", "x" * 65_524])
def test_what_was_written_is_read(pair: tuple[Slate, Slate], text: str) -> None:
    """Every name, up to the longest."""
    reader, writer = pair
    writer.write("what stood there before, which was longer")
    writer.write(text)
    assert reader.text == text


def test_a_new_slate_and_a_cleared_one_are_empty(pair: tuple[Slate, Slate]) -> None:
    """Nothing is told between two tasks."""
    reader, writer = pair
    assert reader.text == ""
    writer.write("file:///a")
    writer.clear()
    assert reader.text == ""


def test_a_text_too_long_is_none(pair: tuple[Slate, Slate]) -> None:
    """It is not cut: half a name would be the name of something else."""
    reader, writer = pair
    writer.write("file:///a")
    writer.write("x" * 65_525)
    assert reader.text == ""


def test_bytes_that_are_no_text_are_read_all_the_same() -> None:
    """A process that was taken over may write any length and any bytes; its supervisor goes on, and can store it."""
    reader, descriptor = Slate.blank()
    os.pwrite(descriptor, b"\xff" * 65_536, 0)
    os.close(descriptor)
    assert reader.text.encode()
    reader.close()


def test_every_word_is_a_sign_of_life(pair: tuple[Slate, Slate]) -> None:
    """The same text twice, a clearing, and a text too long count, too."""
    reader, writer = pair
    seen = [reader.beats]
    for text in ("a", "a", "x" * 99_999):
        writer.write(text)
        seen.append(reader.beats)
    writer.clear()
    seen.append(reader.beats)
    assert len(set(seen)) == len(seen)


def test_the_last_word_of_a_killed_process_stays() -> None:
    """It is read after the process was killed at once."""
    reader, descriptor = Slate.blank()
    command = [sys.executable, "-c", _WRITER, str(descriptor), "file:///last.jpg"]
    ended = subprocess.run(command, pass_fds=(descriptor,), check=False)
    os.close(descriptor)
    assert ended.returncode == -signal.SIGKILL
    assert reader.text == "file:///last.jpg"
    reader.close()
