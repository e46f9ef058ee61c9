"""Every registered action, stopped at every write: the file is the old or the new one, and a second run finishes.

Faults are put into this process: where an operation on the target's folder, or a commit of the run file, is about to
happen. After a kill nothing more happens in it, not even what stands in a `finally`; after an error (a full disk,
a right that was lost) the removal goes on as it would. Actions are those of the registry, each with the artefact that the
contract test of actions holds for it, so that a new one is covered with its first case. Real kills of real processes are
in the stories (`tests/e2e/test_crash.py`); tables of servers in theirs (`tests/e2e/test_database_removal.py`).
"""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self, cast

import pytest

from efface import registry
from efface.errors import AccessError, EffaceError
from efface.evidence import canonical, history, shapes
from efface.evidence.entries import entry_adapter
from efface.model import Limits, RemovalStatus
from efface.runs import remove
from efface.runs.codec import encode
from efface.runs.plan import plan
from efface.runs.pool import Done
from efface.runs.prepare import Eyes, prepare
from efface.runs.sealing import Quarantine
from efface.runs.store import Store
from efface.sources.filesystem import Filesystem

if TYPE_CHECKING:
    from efface.examine import Examiner

DAY = date(2026, 1, 1)
NAMES = registry.names("action")


def _cases() -> dict[str, tuple[str, bytes, Any, bytes]]:
    path = Path(__file__).parents[2] / "contract" / "test_actions.py"
    spec = importlib.util.spec_from_file_location("contract_test_actions", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    cases: dict[str, tuple[str, bytes, Any, bytes]] = module.CASES
    return cases


CASES = _cases()


class KilledError(BaseException):
    """Stands for the end of the process."""


@dataclass
class Faults:
    """Counts operations in a folder and commits, and stops at one of them.

    Attributes:
        folder: Operations elsewhere are none of ours.
        at: Number of the operation that is stopped, from 1; 0 for none.
        error: Number of the error that it gives; 0 for a kill.
        lost: Whether every operation after it gives the error, too, and every reading, as when a share is gone.
        count: Operations so far.
        words: What they were.
    """

    folder: Path
    at: int = 0
    error: int = 0
    lost: bool = False
    count: int = 0
    is_dead: bool = False
    words: list[str] = field(default_factory=list)

    def meet(self, word: str) -> None:
        """Count an operation that is about to happen, and stop it where it is the one."""
        if self.is_dead:
            raise KilledError
        self.count += 1
        self.words.append(word)
        if self.count == self.at or (self.is_lost() and word not in ("commit", "note")):
            self.is_dead = not self.error
            if self.is_dead:
                raise KilledError
            if word == "commit":
                raise sqlite3.OperationalError("database or disk is full")
            self.fail()

    def fail(self) -> NoReturn:
        raise OSError(self.error, os.strerror(self.error))

    def is_lost(self) -> bool:
        """Return whether the share is gone by now."""
        return self.lost and self.count >= self.at > 0

    def concerns(self, what: Any) -> bool:
        """Return whether a path, or what a descriptor stands for, lies in the folder."""
        path = os.readlink(f"/proc/self/fd/{what}") if isinstance(what, int) else os.fspath(what)
        return str(path).startswith(str(self.folder))


@contextmanager
def injected(faults: Faults) -> Iterator[None]:
    """Put the faults in the way of what changes files, and of commits of the run file."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("fsync", "link", "replace", "rename", "unlink", "write", "chmod"):
            patch.setattr(os, name, _watched(faults, name, getattr(os, name)))
        patch.setattr(os, "open", _opening(faults, os.open))
        transaction = Store.transaction

        @contextmanager
        def watched(store: Store) -> Iterator[None]:
            with transaction(store):
                yield
                faults.meet("commit")

        patch.setattr(Store, "transaction", watched)
        patch.setattr(Store, "set_meta", _noting(faults, Store.set_meta))
        yield


def _watched(faults: Faults, name: str, does: Any) -> Any:
    def operation(what: Any, *rest: Any, **named: Any) -> Any:
        if faults.concerns(what):
            faults.meet(name)
        return does(what, *rest, **named)

    return operation


def _noting(faults: Faults, does: Any) -> Any:
    def operation(store: Store, key: str, value: str) -> None:
        if key.startswith("sealed:"):
            try:
                faults.meet("note")
            except OSError as error:
                raise AccessError(f"the run file cannot be written: {error}") from None
        does(store, key, value)

    return operation


def _opening(faults: Faults, does: Any) -> Any:
    def operation(path: Any, flags: int, *rest: Any, **named: Any) -> Any:
        if flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR) and faults.concerns(path):
            faults.meet("create")
        if faults.is_lost() and faults.concerns(path):
            faults.fail()
        return does(path, flags, *rest, **named)

    return operation


class NothingLeft:
    """Eyes that find nothing in a result: what an action leaves is the business of its own tests."""

    def examine(self, _part: Any) -> Iterator[Any]:
        return iter(())


EYES = Eyes(cast("Examiner", NothingLeft()), cast("Examiner", NothingLeft()))


class Here:
    """A pool whose one worker is this process."""

    def __init__(self, *_: Any) -> None:
        """Take what a pool takes."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def run(self, tasks: Any) -> Iterator[Done]:
        for task in tasks:
            yield Done(task, prepare(task, EYES, Limits()))


@dataclass
class Place:
    """One target of one action, scanned, as often as wanted."""

    name: str
    data: bytes
    root: Path
    path: Path = field(init=False)
    quarantine: Quarantine | None = None
    identity: Any = None

    def __post_init__(self) -> None:
        found = CASES[self.name][2]
        self.path = self.root / "in" / os.path.basename(found.locator.path[0])
        self.path.parent.mkdir()
        self.path.write_bytes(self.data)
        locator = replace(found.locator, path=(str(self.path), *found.locator.path[1:]))
        self.finding = replace(found, locator=locator)
        (unit,) = Filesystem().units(str(self.path))
        result = {"artefacts": 1, "scanned": 1, "bytes": len(self.data), "gaps": []}
        result |= {"findings": [encode(self.finding)], "sha256": hashlib.sha256(self.data).hexdigest()}
        with Store(str(self.root / "scanned.sqlite")) as store, store.transaction():
            store.list_units([unit], 1)  # type: ignore[list-item]
            store.finish_unit(unit, "c", result)  # type: ignore[arg-type]
            for key in ("started_at", "finished_at"):
                store.set_meta(key, "2026-01-01T00:00:00+00:00")
            store.set_meta("mode", "fast")
            store.keep_scanned()

    def reset(self) -> None:
        """Put target and run file back as they were after the scan."""
        shutil.rmtree(self.path.parent)
        shutil.rmtree(self.root / "sealed", ignore_errors=True)
        self.path.parent.mkdir()
        self.path.write_bytes(self.data)
        for ending in ("", "-wal", "-shm"):
            (self.root / f"run.sqlite{ending}").unlink(missing_ok=True)
        shutil.copyfile(self.root / "scanned.sqlite", self.root / "run.sqlite")

    def apply(self, faults: Faults | None = None) -> list[RemovalStatus]:
        """Remove, perhaps with faults, and return where the removals stand; none after an error."""
        with Store(str(self.root / "run.sqlite")) as store:
            todo = plan(store, None, ["all"], DAY)
            with injected(faults or Faults(self.path.parent)):
                try:
                    done = remove.apply(store, todo, None, DAY, jobs=1, quarantine=self.quarantine)
                except (EffaceError, KilledError):
                    return []
            self.actions = {each.partition("@")[0] for removal in done for each in removal.actions}
            return [removal.status for removal in done]

    def now(self) -> bytes | None:
        """Return what the target holds; None where it is gone."""
        return self.path.read_bytes() if self.path.exists() else None

    def entries(self) -> list[Any]:
        with Store(str(self.root / "run.sqlite")) as store:
            return [shapes.read(entry_adapter, canonical.dumps(entry)) for entry in store.ledger.read()]


@pytest.fixture(params=NAMES)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A target of each registered action."""
    data = CASES[request.param][1]
    if not data:
        pytest.skip("efface[files] is not installed")
    monkeypatch.setattr(remove, "Pool", Here)
    return Place(request.param, data, tmp_path)


def operations(place: Place) -> int:
    """Return how many operations a removal has, by doing it; what it did must be the action's."""
    place.reset()
    faults = Faults(place.path.parent)
    assert place.apply(faults) == [RemovalStatus.REMOVED]
    assert place.name in place.actions
    assert {"commit", "fsync", "unlink"} <= set(faults.words)
    assert {"replace", "rename"} & set(faults.words)
    return faults.count


def holds_and_finishes(place: Place, told: str) -> None:
    """The target is old or new, a second run finishes, and nothing lies beside it."""
    between = place.now()
    removed = place.apply()
    final = place.now()
    assert RemovalStatus.FAILED not in removed, told
    assert final != place.data, told
    assert between in (place.data, final), told
    assert CASES[place.name][3] not in (final or b""), told
    assert os.listdir(place.path.parent) == ([] if final is None else [place.path.name]), told
    entries = place.entries()
    assert list(history.pairing(entries)) == [], told
    assert sum(entry.kind == "removal_done" for entry in entries) == 1, told


def test_killed_at_any_operation(place: Place) -> None:
    """Each write, link, rename, sync and commit may be the last one."""
    for number in range(1, operations(place) + 1):
        place.reset()
        faults = Faults(place.path.parent, at=number)
        assert place.apply(faults) == []
        holds_and_finishes(place, f"killed at {number}: {faults.words[-1]}")


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EACCES], ids=["no room", "no right"])
def test_an_error_at_any_operation(place: Place, error: int) -> None:
    """A disk that is full, or a right that is lost, once; what is told is what is there."""
    for number in range(1, operations(place) + 1):
        place.reset()
        faults = Faults(place.path.parent, at=number, error=error)
        statuses, between = place.apply(faults), place.now()
        told = f"{os.strerror(error)} at {number}: {faults.words[number - 1]}"
        if statuses == [RemovalStatus.FAILED]:
            assert between == place.data, told
        if statuses == [RemovalStatus.REMOVED]:
            assert between != place.data, told
        holds_and_finishes(place, told)


KEPT = ("redact-image", "erase-file")
"""What changes a file, and what takes it away: what happens around that is the same for all others."""


@pytest.mark.parametrize("place", KEPT, indirect=True)
@pytest.mark.parametrize("lost_at", ["before", "after"])
def test_a_share_that_is_lost_and_comes_back(place: Place, lost_at: str) -> None:
    """Where what a target holds cannot be read, neither is claimed; the next application finds out."""
    words = Faults(place.path.parent)
    place.reset()
    place.apply(words)
    moved = next(n for n, word in enumerate(words.words, start=1) if word in ("replace", "rename"))
    place.reset()
    faults = Faults(place.path.parent, at=moved + (lost_at == "after"), error=errno.EIO, lost=True)
    assert place.apply(faults) == [RemovalStatus.FAILED]
    assert "removal_failed" not in {entry.kind.value for entry in place.entries()}
    assert (place.now() == place.data) == (lost_at == "before")
    holds_and_finishes(place, f"lost {lost_at} it was replaced")


@pytest.mark.parametrize("place", KEPT, indirect=True)
def test_a_share_that_is_still_lost_when_it_is_tried_again(place: Place) -> None:
    """Nothing is claimed of what a killed run left until it can be read, and nothing begins anew on it."""
    place.reset()
    for number in range(1, operations(place) + 1):
        place.reset()
        faults = Faults(place.path.parent, at=number)
        place.apply(faults)
        before = place.entries()
        gone = Faults(place.path.parent, at=1, error=errno.EIO, lost=True, count=1)
        told = f"killed at {number}: {faults.words[-1]}"
        if any(entry.kind == "removal_intent" for entry in before):
            place.apply(gone)
            new = {entry.kind.value for entry in place.entries()[len(before) :]}
            assert new <= {"removal_planned"}, told
        holds_and_finishes(place, told)


# -- with a quarantine -----------------------------------------------------------------------------------


@pytest.fixture(params=KEPT)
def sealing(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A target whose original is kept for the holder of a key."""
    pyrage = pytest.importorskip("pyrage")
    monkeypatch.setattr(remove, "Pool", Here)
    place = Place(request.param, CASES[request.param][1], tmp_path)
    place.identity = pyrage.x25519.Identity.generate()
    until = datetime.now(UTC).date() + timedelta(days=30)
    place.quarantine = Quarantine(str(tmp_path / "sealed"), str(place.identity.to_public()), until)
    return place


def kept(place: Place) -> list[bytes]:
    """Return what the holder of the key finds; a file that is not whole opens for nobody."""
    import pyrage

    folder = place.root / "sealed"
    paths = sorted(folder.iterdir()) if folder.exists() else []
    return [pyrage.decrypt(path.read_bytes(), [place.identity]) for path in paths]


def an_original_is_left(place: Place, told: str) -> None:
    """Wherever it stopped, the original is in its place, or whole under the key."""
    if place.now() != place.data:
        assert kept(place) == [place.data], told


def sealed_and_finishes(place: Place, told: str, *, again: bool) -> None:
    """A second run finishes, with a quarantine or without; what is sealed is what the ledger says is sealed."""
    an_original_is_left(place, told)
    if not again:
        place.quarantine = None
    place.apply()
    assert place.now() != place.data, told
    assert os.listdir(place.path.parent) == ([] if place.now() is None else [place.path.name]), told
    entries = place.entries()
    assert list(history.pairing(entries)) == [], told
    assert sum(entry.kind == "removal_done" for entry in entries) == 1, told
    last = max(n for n, entry in enumerate(entries) if entry.kind == "removal_intent")
    is_sealed = "removal_sealed" in {entry.kind.value for entry in entries[last:]}
    assert kept(place) == ([place.data] if is_sealed else []), told
    assert is_sealed or not again, told


def stops(place: Place) -> int:
    """Return how many operations a removal with a quarantine has, by doing it."""
    place.reset()
    faults = Faults(place.root)
    assert place.apply(faults) == [RemovalStatus.REMOVED]
    assert "note" in faults.words
    assert kept(place) == [place.data]
    return faults.count


@pytest.mark.parametrize("again", [True, False], ids=["sealed again", "then without"])
def test_killed_while_an_original_is_sealed(sealing: Place, again: bool) -> None:
    """At any operation, those on the sealed file too: no moment has neither the original nor its copy."""
    quarantine = sealing.quarantine
    for number in range(1, stops(sealing) + 1):
        sealing.reset()
        sealing.quarantine = quarantine
        faults = Faults(sealing.root, at=number)
        assert sealing.apply(faults) == []
        sealed_and_finishes(sealing, f"killed at {number}: {faults.words[-1]}", again=again)


def test_a_full_disk_while_an_original_is_sealed(sealing: Place) -> None:
    """A removal that fails keeps nothing sealed; one that is done keeps its original."""
    for number in range(1, stops(sealing) + 1):
        sealing.reset()
        faults = Faults(sealing.root, at=number, error=errno.ENOSPC)
        statuses = sealing.apply(faults)
        told = f"no room at {number}: {faults.words[number - 1]}"
        an_original_is_left(sealing, told)
        if statuses == [RemovalStatus.FAILED] and sealing.now() == sealing.data:
            assert kept(sealing) == [], told
        if statuses == [RemovalStatus.REMOVED]:
            assert kept(sealing) == [sealing.data], told
        sealed_and_finishes(sealing, told, again=True)


def test_the_only_original_is_not_taken_away_when_the_share_is_lost(sealing: Place) -> None:
    """After the rename nobody can read what is there; what was sealed stays."""
    words = Faults(sealing.path.parent)
    sealing.reset()
    sealing.apply(words)
    moved = [n for n, word in enumerate(words.words, start=1) if word in ("replace", "rename")][-1]
    sealing.reset()
    faults = Faults(sealing.path.parent, at=moved + 1, error=errno.EIO, lost=True)
    assert sealing.apply(faults) == [RemovalStatus.FAILED]
    assert sealing.now() != sealing.data
    sealed_and_finishes(sealing, "lost after it was replaced", again=False)


def test_a_file_that_changed_since_the_scan_is_refused(place: Place) -> None:
    """Nothing is touched, nothing stands in the ledger but the plan, and another scan is asked for."""
    place.reset()
    place.path.write_bytes(changed := place.data + b"\0later")
    with Store(str(place.root / "run.sqlite")) as store:
        (removal,) = remove.apply(store, plan(store, None, ["all"], DAY), None, DAY, jobs=1)
    assert removal.status is RemovalStatus.FAILED
    assert "scan it again" in removal.reason
    assert place.now() == changed
    assert {entry.kind.value for entry in place.entries()} == {"removal_planned"}


def test_a_file_that_changes_while_new_content_is_made_is_refused(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last comparison stands between the new content and the rename."""
    changed = place.data + b"\0later"

    class Meddled(Here):
        def run(self, tasks: Any) -> Iterator[Done]:
            for outcome in super().run(tasks):
                place.path.write_bytes(changed)
                yield outcome

    monkeypatch.setattr(remove, "Pool", Meddled)
    place.reset()
    assert place.apply() == [RemovalStatus.FAILED]
    assert place.now() == changed
    assert os.listdir(place.path.parent) == [place.path.name]


def test_every_action_is_here() -> None:
    """No action is registered without an artefact to be stopped on."""
    assert set(CASES) == set(NAMES)
