"""A site is listed whole, or by a triage that says what it left out."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from efface.errors import UsageError
from efface.model import Gap, GapReason, Limits, Mode, Unit
from efface.sources.filesystem import Filesystem
from efface.sources.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name in (
        "opt/gate/a.onnx",
        "opt/gate/photo.jpg",
        "usr/share/doc/x.txt",
        "etc/app.conf",
        "srv/face_engine.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content")
    return tmp_path


def names(listed: list[Unit | Gap]) -> list[str]:
    return [each.uri.rpartition("/")[2] for each in listed if isinstance(each, Unit)]


def gaps(listed: list[Unit | Gap]) -> list[Gap]:
    return [each for each in listed if isinstance(each, Gap)]


def test_a_full_walk_lists_every_file(site: Path) -> None:
    """Nothing is left out but by a triage."""
    assert len(names(list(Site().units_in(str(site), Mode.STANDARD, Limits())))) == 5


def test_a_triage_lists_likely_files_and_counts_the_others(site: Path) -> None:
    """What it leaves out is a gap with a number."""
    listed = list(Site().units_in(str(site), Mode.FAST, Limits()))
    assert set(names(listed)) == {"a.onnx", "app.conf", "face_engine.py"}
    assert sorted(gap.detail.partition(" ")[0] for gap in gaps(listed)) == ["1", "1"]
    assert {gap.reason for gap in gaps(listed)} == {GapReason.OVER_LIMIT}


def test_a_triage_without_time_says_that_nothing_was_listed(site: Path) -> None:
    """Folders that were not reached are gaps, never clean."""
    listed = list(Site().units_in(str(site), Mode.FAST, replace(Limits(), run_seconds=0)))
    assert not names(listed)
    assert [gap.reason for gap in gaps(listed)] == [GapReason.TIMEOUT]


def test_links_of_an_image_lead_into_it(site: Path) -> None:
    """An absolute link in an image is no gap; the same link in a folder of this machine is one."""
    os.symlink("/etc", site / "opt/etc-link")
    assert not gaps(list(Site().units(f"root://{site}")))
    assert gaps(list(Site().units(str(site))))


def test_an_image_is_claimed_and_others_are_not() -> None:
    """Paths, files and images are read; databases and standard input are not."""
    claims = Site().claims
    assert all(claims(target) for target in ("/x", "file:///x", "root:///mnt"))
    assert not any(claims(target) for target in ("-", "postgresql://h/d", "machine://x"))


def test_a_missing_image_is_refused(tmp_path: Path) -> None:
    """A root that is not there is the user's mistake."""
    with pytest.raises(UsageError):
        list(Site().units(f"root://{tmp_path}/none"))


def test_the_history_of_a_repository_is_listed_in_a_thorough_walk_only(tmp_path: Path) -> None:
    """What was deleted from a source tree does not run."""
    from dulwich import porcelain

    porcelain.init(str(tmp_path))
    (tmp_path / "a.py").write_text("import os\n")
    porcelain.add(str(tmp_path), [str(tmp_path / "a.py")])
    porcelain.commit(str(tmp_path), b"first", author=b"A <a@b>", committer=b"A <a@b>")

    def history(mode: Mode) -> list[str]:
        return [
            each.source
            for each in Site().units_in(str(tmp_path), mode, Limits())
            if isinstance(each, Unit) and each.source == "git"
        ]

    assert not history(Mode.STANDARD)
    assert history(Mode.THOROUGH)
    assert any(isinstance(each, Unit) and each.source == "git" for each in Filesystem().units(str(tmp_path)))


def test_a_folder_that_may_not_be_listed_is_a_gap(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an ordinary user cannot list is told."""
    real = os.scandir

    def scandir(path: str):
        if str(path).endswith("opt"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    listed = list(Site().units_in(str(site), Mode.FAST, Limits()))
    assert GapReason.UNREADABLE in {gap.reason for gap in gaps(listed)}
