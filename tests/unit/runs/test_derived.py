"""Derived copies of what is removed: named, counted as left, taken when the user says so, and held where held."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from efface.evidence import account
from efface.model import Case, Hold, Mode, Removal, RemovalStatus
from efface.runs import derived
from efface.runs.plan import plan
from efface.runs.remove import apply
from efface.runs.scan import ScanOptions, scan
from efface.runs.store import Store
from efface.testing.stores import face_vectors

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 26)
REGIONS = b'<a><m:Regions xmlns:m="http://www.metadataworkinggroup.com/schemas/regions/">x</m:Regions></a>'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A gallery with a backup, a sidecar, a thumbnail of a NAS, and a repository around it."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    root = tmp_path / "shop"
    (root / "@eaDir/face_vectors.npy").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / ".git/index").write_bytes(b"DIRC\0\0\0\x02 face_vectors.npy\0")
    np.save(root / "face_vectors.npy", np.stack(face_vectors(12)))
    (root / "face_vectors.npy~").write_bytes(b"old")
    (root / "face_vectors.xmp").write_bytes(REGIONS)
    (root / "@eaDir/face_vectors.npy/SYNO.jpg").write_bytes(b"small")
    return root


def removed(
    store: Store, folder: Path, case: Case | None = None, *, with_derived: bool = False
) -> tuple[Removal, ...]:
    todo = plan(store, None, ["all"], TODAY, with_derived=with_derived)
    return apply(store, todo, case, TODAY, jobs=1)


def scanned(folder: Path) -> Store:
    store = Store(str(folder.parent / "run.sqlite"), create=True)
    scan(store, ScanOptions((str(folder / "face_vectors.npy"),), Mode.STANDARD, jobs=1))
    return store


def told(store: Store) -> list[tuple[int, int]]:
    return [
        (each["erased"], each["left"]) for each in store.ledger.read() if each["kind"] == "removal_derived"
    ]


def left(store: Store) -> int:
    entries: list[Any] = list(store.ledger.read())
    return account._derived_left(entries)


def test_they_are_named_and_stay_and_the_certificate_will_say_so(folder: Path) -> None:
    """By default nothing of them changes; commands for the history stand in the plan."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with scanned(folder) as store:
        (planned,) = plan(store, None, ["all"], TODAY).removals
        lines = planned.reason.split("\n")
        assert "4 derived copies stay: --with-derived takes them, too" in lines
        assert any(line.endswith("filter-repo --invert-paths --path face_vectors.npy") for line in lines)
        (done,) = removed(store, folder)
        assert done.status is RemovalStatus.REMOVED
        assert done.reason == "0 derived copies are gone, 4 are left"
        assert (told(store), left(store)) == ([(0, 4)], 4)
        assert removed(store, folder) == ()
        assert told(store) == [(0, 4)]
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {path for path in before if before[path] != after[path]} == {folder / "face_vectors.npy"}


def test_they_go_when_the_user_says_so_and_the_history_stays(folder: Path) -> None:
    """Also after the removal itself was done; a sidecar loses its regions only."""
    with scanned(folder) as store:
        removed(store, folder)
        removed(store, folder, with_derived=True)
        assert (told(store), left(store)) == ([(0, 4), (3, 1)], 1)
        removed(store, folder, with_derived=True)
        assert told(store) == [(0, 4), (3, 1)]
    assert not (folder / "face_vectors.npy~").exists()
    assert not (folder / "@eaDir/face_vectors.npy/SYNO.jpg").exists()
    assert (folder / "face_vectors.xmp").read_bytes() == b"<a></a>"
    assert (folder / ".git/index").exists()
    assert not list(folder.rglob(".efface-*"))


def test_what_a_hold_covers_stays(folder: Path) -> None:
    """A backup kept as evidence is counted as left."""
    case = Case("t", "CN", holds=(Hold("**/*~", "evidence"),))
    with scanned(folder) as store:
        removed(store, folder, case, with_derived=True)
        assert told(store) == [(2, 2)]
    assert (folder / "face_vectors.npy~").read_bytes() == b"old"


def test_a_link_in_the_place_of_a_copy_is_not_followed(folder: Path) -> None:
    """What it points to is not a copy."""
    other = folder.parent / "other"
    other.write_bytes(b"mine")
    (folder / "face_vectors.npy~").unlink()
    (folder / "face_vectors.npy~").symlink_to(other)
    with scanned(folder) as store:
        removed(store, folder, with_derived=True)
        assert told(store) == [(2, 2)]
    assert other.read_bytes() == b"mine"


def test_a_killed_run_is_finished_by_the_next(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stops between overwriting and the name: the copy is found again by its name."""
    with scanned(folder) as store:
        removed(store, folder)

        def stop(path: str) -> None:
            raise KeyboardInterrupt(path)

        with monkeypatch.context() as broken:
            broken.setattr(derived.places, "wipe", stop)
            with pytest.raises(KeyboardInterrupt):
                removed(store, folder, with_derived=True)
        removed(store, folder, with_derived=True)
        assert left(store) == 1
