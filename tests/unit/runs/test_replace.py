"""Replacing a file: one step, everything beside the content kept, the old content overwritten."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from efface.runs import replace as places


def steps() -> tuple[list[str], object]:
    taken: list[str] = []
    return taken, taken.append


def test_the_new_content_has_the_old_ones_mode_and_times(tmp_path: Path) -> None:
    """Permissions, times and extended attributes stay those of the original."""
    path, new, old = (tmp_path / name for name in ("a", ".new", ".old"))
    path.write_bytes(b"face")
    path.chmod(0o604)
    os.utime(path, ns=(1_000, 2_000))
    new.write_bytes(b"flat")
    places.replace(str(path), str(new), str(old), step=lambda _: None)
    info = path.stat()
    assert (path.read_bytes(), info.st_mode & 0o777, info.st_mtime_ns) == (b"flat", 0o604, 2_000)
    assert os.listdir(tmp_path) == ["a"]


def test_the_old_content_is_overwritten_before_its_name_goes(tmp_path: Path) -> None:
    """What a reader of the freed blocks would find is zeros."""
    path, new, old = (tmp_path / name for name in ("a", ".new", ".old"))
    path.write_bytes(b"face" * 1_000)
    new.write_bytes(b"flat")
    with path.open("rb") as reader:
        places.replace(str(path), str(new), str(old), step=lambda _: None)
        assert reader.read() == bytes(4_000)


def test_content_with_another_name_is_left_to_it(tmp_path: Path) -> None:
    """A hard link is somebody's file: it is not destroyed behind their back."""
    path, other, new, old = (tmp_path / name for name in ("a", "link", ".new", ".old"))
    path.write_bytes(b"face")
    os.link(path, other)
    new.write_bytes(b"flat")
    places.replace(str(path), str(new), str(old), step=lambda _: None)
    assert (path.read_bytes(), other.read_bytes()) == (b"flat", b"face")


def test_an_erased_file_is_gone_and_overwritten(tmp_path: Path) -> None:
    """A file that goes whole leaves neither a name nor its bytes."""
    path, old = tmp_path / "a", tmp_path / ".old"
    path.write_bytes(b"template")
    with path.open("rb") as reader:
        places.erase(str(path), str(old), step=lambda _: None)
        assert reader.read() == bytes(8)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("stop", ["metadata", "rename"])
def test_a_failure_before_the_rename_leaves_the_original(tmp_path: Path, stop: str) -> None:
    """Whatever fails before the one step, the target is as it was."""
    path, new, old = (tmp_path / name for name in ("a", ".new", ".old"))
    path.write_bytes(b"face")
    new.write_bytes(b"flat")

    def step(name: str) -> None:
        if name == stop:
            raise OSError(28, "no space")

    with pytest.raises(OSError, match="no space"):
        places.replace(str(path), str(new), str(old), step=step)
    assert path.read_bytes() == b"face"
    places.tidy(str(path), str(new), str(old), replaced=False)
    assert os.listdir(tmp_path) == ["a"]
    assert path.read_bytes() == b"face"


def test_what_a_kill_after_the_rename_left_is_finished(tmp_path: Path) -> None:
    """The old content still waits under its second name, and is overwritten then."""
    path, new, old = (tmp_path / name for name in ("a", ".new", ".old"))
    path.write_bytes(b"face")
    new.write_bytes(b"flat")

    def step(name: str) -> None:
        if name == "overwrite":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        places.replace(str(path), str(new), str(old), step=step)
    assert old.read_bytes() == b"face"
    with old.open("rb") as reader:
        places.tidy(str(path), str(new), str(old), replaced=True)
        assert reader.read() == bytes(4)
    assert (os.listdir(tmp_path), path.read_bytes()) == (["a"], b"flat")


def test_a_missing_file_has_no_digest(tmp_path: Path) -> None:
    """Gone is not the same as empty."""
    assert places.digest_of(str(tmp_path / "nothing")) is None
    (tmp_path / "empty").write_bytes(b"")
    assert places.digest_of(str(tmp_path / "empty")) is not None
