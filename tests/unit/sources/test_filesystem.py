"""Files and folders: everything is listed, or is a gap; nothing loops, hangs or is written."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from efface.errors import AccessError, LimitExceededError, UsageError
from efface.model import Gap, GapReason, Limits, Locator, Unit
from efface.sources.filesystem import Filesystem

SOURCE = Filesystem()
LOG = b"\x37\x7f\x06\x82"


def listed(target: Path) -> tuple[list[Unit], list[Gap]]:
    results = list(SOURCE.units(str(target)))
    return [r for r in results if isinstance(r, Unit)], [r for r in results if isinstance(r, Gap)]


def names(units: list[Unit]) -> list[str]:
    return [os.path.basename(Locator.parse(unit.uri).path[0]) for unit in units]


def test_files_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    """A listing is deterministic: names in order, folders behind the files beside them."""
    (tmp_path / "b").mkdir()
    for name in ("c", "a", "b/d"):
        (tmp_path / name).write_text("x")
    assert names(listed(tmp_path)[0]) == ["a", "c", "d"]


def test_undecodable_names_are_listed_and_opened(tmp_path: Path) -> None:
    """A GBK name on a UTF-8 machine is a file like any other."""
    raw = os.fsencode(tmp_path) + b"/" + "人脸".encode("gbk")
    Path(os.fsdecode(raw)).write_bytes(b"content")
    units, gaps = listed(tmp_path)
    assert not gaps
    part = SOURCE.open(units[0], Limits())
    assert part.payload.read() == b"content"


def test_a_link_loop_ends(tmp_path: Path) -> None:
    """Folders that link to themselves or to each other are listed once."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "a" / "file").write_text("x")
    units, gaps = listed(tmp_path)
    assert names(units) == ["file"]
    assert not gaps


def test_a_link_to_the_outside_is_a_gap(tmp_path: Path) -> None:
    """What a link hides outside the target was not looked at, and that is said."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (inside / "link").symlink_to(outside)
    units, gaps = listed(inside)
    assert not units
    assert [gap.reason for gap in gaps] == [GapReason.UNSUPPORTED]


def test_sockets_and_pipes_are_gaps(tmp_path: Path) -> None:
    """Special files neither hang the run nor pass for files."""
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        units, gaps = listed(tmp_path)
    assert not units
    assert [gap.detail.partition(":")[0] for gap in gaps] == ["a pipe", "a socket"]


def test_a_missing_target_is_a_usage_error(tmp_path: Path) -> None:
    """A mistyped path must not look like a clean one."""
    with pytest.raises(UsageError):
        list(SOURCE.units(str(tmp_path / "nothing")))


def test_a_file_that_became_a_pipe_does_not_hang(tmp_path: Path) -> None:
    """Between listing and opening a file may be replaced by anything."""
    (tmp_path / "x").write_text("x")
    (unit,) = listed(tmp_path)[0]
    (tmp_path / "x").unlink()
    os.mkfifo(tmp_path / "x")
    with pytest.raises(AccessError, match="regular file"):
        SOURCE.open(unit, Limits())


def test_a_file_that_became_a_link_is_refused(tmp_path: Path) -> None:
    """A link put in the place of a listed file is not followed."""
    (tmp_path / "x").write_text("x")
    (unit,) = listed(tmp_path)[0]
    (tmp_path / "x").unlink()
    (tmp_path / "x").symlink_to("/etc/hostname")
    with pytest.raises(AccessError):
        SOURCE.open(unit, Limits())


def test_a_sparse_giant_is_over_the_limit_at_once(tmp_path: Path) -> None:
    """A file of a terabyte of holes costs nothing and says why it was not read."""
    with (tmp_path / "giant").open("wb") as file:
        file.truncate(1 << 40)
    (unit,) = listed(tmp_path)[0]
    part = SOURCE.open(unit, Limits(artefact_bytes=1 << 20))
    with pytest.raises(LimitExceededError, match="sparse"):
        part.payload.read()


def test_a_changed_file_has_another_stamp(tmp_path: Path) -> None:
    """The stamp tells whether a file is to be looked at again."""
    (tmp_path / "x").write_text("x")
    (unit,) = listed(tmp_path)[0]
    assert SOURCE.stamp(unit) == unit.stamp
    (tmp_path / "x").write_text("y and more")
    assert SOURCE.stamp(unit) != unit.stamp


def test_reading_does_not_change_the_file(tmp_path: Path) -> None:
    """Finding never changes what it reads: not the content, not its times."""
    file = tmp_path / "x"
    file.write_text("x")
    before = file.stat()
    (unit,) = listed(tmp_path)[0]
    SOURCE.open(unit, Limits()).payload.read()
    after = file.stat()
    assert (before.st_mtime_ns, before.st_ctime_ns) == (after.st_mtime_ns, after.st_ctime_ns)


def test_the_surroundings_are_names_from_the_inside_out(tmp_path: Path) -> None:
    """A detector sees the file's name, its folders and what stands beside it."""
    (tmp_path / "faces").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "faces" / name).write_text("x")
    surroundings = SOURCE.open(listed(tmp_path)[0][0], Limits()).surroundings
    assert surroundings.names[:2] == ("a.jpg", "faces")
    assert surroundings.siblings == ("a.jpg", "b.jpg")


def test_the_log_of_a_database_belongs_to_it(tmp_path: Path) -> None:
    """A write-ahead log is not a thing of its own, and a change in it is a change of the database."""
    (tmp_path / "a.db").write_bytes(b"SQLite format 3\0" + bytes(100))
    (tmp_path / "a.db-wal").write_bytes(LOG + b"1")
    (tmp_path / "b-wal").write_bytes(b"no database beside it")
    units, _ = listed(tmp_path)
    assert names(units) == ["a.db", "b-wal"]
    (tmp_path / "a.db-wal").write_bytes(LOG + b"1 and 2")
    assert listed(tmp_path)[0][0].stamp != units[0].stamp
    assert SOURCE.stamp(units[0]) == listed(tmp_path)[0][0].stamp


def test_a_pipe_that_looks_like_the_database_of_a_log_does_not_hang(tmp_path: Path) -> None:
    """Only a regular file can be a database: nothing else is opened to find out."""
    os.mkfifo(tmp_path / "a")
    (tmp_path / "a-wal").write_bytes(b"x")
    units, gaps = listed(tmp_path)
    assert names(units) == ["a-wal"]
    assert len(gaps) == 1


@pytest.mark.parametrize("prefix", ["", "file://", "sqlite:///"])
def test_a_database_file_is_named_by_path_or_url(tmp_path: Path, prefix: str) -> None:
    """The same file, however it is named."""
    (tmp_path / "a.db").write_bytes(b"SQLite format 3\0")
    target = prefix + str(tmp_path / "a.db")
    assert SOURCE.claims(target)
    assert [Locator.parse(unit.uri).path[0] for unit in SOURCE.units(target)] == [str(tmp_path / "a.db")]  # type: ignore[union-attr]


@pytest.mark.parametrize("target", ["-", "postgresql://host/db", "s3://bucket/x"])
def test_other_schemes_are_not_claimed(target: str) -> None:
    """What another source reads, or none, is left to it."""
    assert not SOURCE.claims(target)


@pytest.mark.parametrize("ending", ["-wal", "-shm"])
def test_a_name_like_that_of_a_log_hides_no_file(tmp_path: Path, ending: str) -> None:
    """A photo or a pipe named as the log of a database is listed, or is a gap, like any other."""
    for name in ("a.db", "b.db"):
        (tmp_path / name).write_bytes(b"SQLite format 3\0" + bytes(100))
    (tmp_path / f"a.db{ending}").write_bytes(b"\xff\xd8\xff\xe0")
    os.mkfifo(tmp_path / f"b.db{ending}")
    units, gaps = listed(tmp_path)
    assert names(units) == ["a.db", f"a.db{ending}", "b.db"]
    assert [os.path.basename(gap.locator.path[0]) for gap in gaps] == [f"b.db{ending}"]
