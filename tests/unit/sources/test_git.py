"""The history of a git repository: what was committed once stays readable, and so it is looked at."""

from __future__ import annotations

import shutil
import subprocess
import zlib
from pathlib import Path

import pytest

from efface.errors import AccessError, UsageError
from efface.model import Beat, Collection, Gap, GapReason, Limits, Part, Unit
from efface.runs.scan import ScanOptions, scan
from efface.runs.store import Store
from efface.sources.filesystem import Filesystem
from efface.sources.git import GitHistory
from efface.testing.records import finger_minutiae_record

pytestmark = pytest.mark.skipif(
    shutil.which("git") is None, reason="these tests make repositories with git itself"
)

NAME = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b",
}
WHEN = {"GIT_AUTHOR_DATE": "2020-11-01T00:00:00Z", "GIT_COMMITTER_DATE": "2020-11-01T00:00:00Z"}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [str(shutil.which("git")), "-c", "init.defaultBranch=main", "-C", str(folder), *arguments],
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(folder), **NAME, **WHEN},
        capture_output=True,
        check=True,
        text=True,
    )
    return done.stdout.strip()


def commit(folder: Path, files: dict[str, bytes | None], message: str = "m") -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if data is None:
            path.unlink()
        else:
            path.write_bytes(data)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository in which a record was committed, changed and taken out again."""
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "-q")
    commit(folder, {"readme.txt": b"hello", "faces/one.fmr": finger_minutiae_record(1)})
    commit(folder, {"faces/one.fmr": finger_minutiae_record(2)})
    commit(folder, {"faces/one.fmr": None})
    return folder


def parts(target: str) -> list[Part | Gap]:
    source, found = GitHistory(), []
    for unit in source.units(target):
        assert isinstance(unit, Unit)
        opened = source.open(unit, Limits())
        assert isinstance(opened, Collection)
        found += [each for each in opened.parts() if not isinstance(each, Beat)]
    return found  # type: ignore[return-value]


def names(target: str) -> list[str]:
    return sorted(part.locator.path[1].rpartition("@")[0] for part in parts(target))


@pytest.mark.parametrize("packed", [False, True], ids=["single objects", "a pack"])
def test_every_version_of_every_file_is_given(repository: Path, packed: bool) -> None:
    """What a later commit took out is in the history all the same, under its path and with its time."""
    if packed:
        git(repository, "gc", "-q")
    assert names(f"git://{repository}") == ["faces/one.fmr", "faces/one.fmr", "readme.txt"]
    part = next(each for each in parts(f"git://{repository}") if "one.fmr" in each.locator.uri)
    assert isinstance(part, Part)
    assert part.modified_at is not None
    assert part.modified_at.year == 2020
    assert part.surroundings.names[:3] == ("one.fmr", "faces", "shop")


def test_what_no_branch_leads_to_is_given(repository: Path) -> None:
    """A commit that was thrown away stays until git cleans up."""
    commit(repository, {"secret/lost.txt": b"lost"})
    git(repository, "reset", "-q", "--hard", "HEAD~1")
    assert "secret/lost.txt" in names(f"git://{repository}")  # its log still tells the name
    shutil.rmtree(repository / ".git" / "logs")
    (repository / ".git" / "ORIG_HEAD").unlink()
    assert "unreachable" in names(f"git://{repository}")


def test_a_repository_in_a_folder_is_found(repository: Path) -> None:
    """A scan of the folder lists the files as they are, the settings, and the history once."""
    units = [unit for unit in Filesystem().units(str(repository)) if isinstance(unit, Unit)]
    assert {unit.source for unit in units} == {"filesystem", "git"}
    assert not [unit for unit in units if unit.source == "filesystem" and "/.git/objects/" in unit.uri]
    assert [unit for unit in units if unit.uri.endswith("/.git/config")]


def test_a_bare_repository_is_one(repository: Path, tmp_path: Path) -> None:
    """Without a working tree there is only the history."""
    git(tmp_path, "clone", "-q", "--bare", str(repository), str(tmp_path / "bare.git"))
    assert names(f"git://{tmp_path / 'bare.git'}") == ["faces/one.fmr", "faces/one.fmr", "readme.txt"]


def test_a_scan_finds_what_was_taken_out(repository: Path, tmp_path: Path) -> None:
    """Records of the past are findings; a second scan reads only what is new."""
    with Store(str(tmp_path / "run.sqlite")) as store:
        options = ScanOptions((str(repository),), jobs=1)
        scan(store, options)
        found = [each.locator.uri for each in store.findings()]
        assert len(found) == 2
        assert all("/.git!/faces/one.fmr@" in uri for uri in found)
        assert not list(store.gaps())
        scan(store, options)
        assert int(store.meta("reused")) == store.count_units()


# -- damage ------------------------------------------------------------------------------------------------


def loose(repository: Path) -> list[Path]:
    return sorted(path for path in (repository / ".git" / "objects").glob("??/*"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", GapReason.UNREADABLE),
        (b"no zlib at all", GapReason.UNREADABLE),
        (zlib.compress(b"blob 5\0hi"), GapReason.UNREADABLE),
        (zlib.compress(b"blob 999999999999\0hi"), GapReason.OVER_LIMIT),
        (zlib.compress(b"thing 2\0hi"), GapReason.UNREADABLE),
    ],
    ids=["nothing", "noise", "cut off", "a lie about its size", "an unknown kind"],
)
def test_a_damaged_object_is_a_gap(repository: Path, content: bytes, reason: GapReason) -> None:
    """One damaged object is told; the others are given."""
    blob = git(repository, "rev-parse", "HEAD~2:readme.txt")
    path = repository / ".git" / "objects" / blob[:2] / blob[2:]
    path.chmod(0o600)
    path.write_bytes(content)
    found = parts(f"git://{repository}")
    assert [each.reason for each in found if isinstance(each, Gap)] == [reason]
    assert len([each for each in found if isinstance(each, Part)]) == 2


def test_a_damaged_pack_is_a_gap(repository: Path) -> None:
    """A pack whose bytes were changed gives gaps, and no crash."""
    git(repository, "gc", "-q")
    (pack,) = (repository / ".git" / "objects" / "pack").glob("*.pack")
    pack.chmod(0o600)
    pack.write_bytes(pack.read_bytes()[:40] + bytes(len(pack.read_bytes()) - 40))
    found = parts(f"git://{repository}")
    assert found
    assert all(isinstance(each, Gap) for each in found)


def test_an_object_that_unpacks_without_end_is_bounded(repository: Path) -> None:
    """A small object that says it is large, and is, is over the limit."""
    blob = git(repository, "rev-parse", "HEAD~2:readme.txt")
    path = repository / ".git" / "objects" / blob[:2] / blob[2:]
    path.chmod(0o600)
    path.write_bytes(zlib.compress(b"blob 50000000\0" + bytes(50_000_000)))
    source = GitHistory()
    found = []
    for unit in source.units(f"git://{repository}"):
        assert isinstance(unit, Unit)
        found += list(source.open(unit, Limits(artefact_bytes=1_000_000)).parts())
    assert [each.reason for each in found if isinstance(each, Gap)] == [GapReason.OVER_LIMIT]


@pytest.mark.parametrize("name", ["absent", "empty"], ids=["no folder", "a folder without a repository"])
def test_what_is_no_repository_is_refused(tmp_path: Path, name: str) -> None:
    """The user's mistake is told."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no git repository"):
        list(GitHistory().units(f"git://{tmp_path / name}"))


def test_a_pack_that_is_gone_is_told(repository: Path) -> None:
    """A repository that was packed anew after it was listed is an access error for the old batches."""
    source = GitHistory()
    units = [unit for unit in source.units(f"git://{repository}") if isinstance(unit, Unit)]
    git(repository, "gc", "-q")
    with pytest.raises(AccessError, match="packed anew"):
        GitHistory().open(units[0], Limits())
