"""Replacing a target: only what was scanned and prepared, whatever happens to it meanwhile."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from efface.model import Characteristic, Finding, Form, Locator, Method, Removal, RemovalStatus
from efface.runs import remove
from efface.runs.codec import encode
from efface.runs.plan import Plan
from efface.runs.pool import Done
from efface.runs.record import target_ref
from efface.runs.store import Store
from efface.sources.filesystem import Filesystem
from efface.testing.ledgers import recognised

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from efface.model import Unit

OLD, NEW = b"old", b"new"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / "run")) as opened:
        yield opened


def scanned(store: Store, path: Path) -> tuple[Unit, Finding]:
    """Write a file and its one finding into a run."""
    path.write_bytes(OLD)
    (unit,) = Filesystem().units(str(path))
    found = Finding("fake@1", Form.TEMPLATE, Characteristic.FACE, Locator.of_file(path), 0.9)
    result = {"artefacts": 1, "scanned": 1, "bytes": 3, "gaps": [], "findings": [encode(found)]}
    with store.transaction():
        store.list_units([unit], 1)  # type: ignore[list-item]
        store.finish_unit(unit, "c", {**result, "sha256": hashlib.sha256(OLD).hexdigest()})  # type: ignore[arg-type]
    return unit, found  # type: ignore[return-value]


def finished(store: Store, path: Path, **changed: Any) -> RemovalStatus:
    """Prepare a replacement, and return where its removal stands."""
    unit, found = scanned(store, path)
    out = path.with_name("out")
    out.write_bytes(NEW)
    digests = {"before": hashlib.sha256(OLD).hexdigest(), "after": hashlib.sha256(NEW).hexdigest()}
    looked_at = {
        "artefacts": 1,
        "scanned": 1,
        "bytes": 3,
        "gaps": [],
        "findings": [],
        "sha256": digests["after"],
    }
    result = {
        **digests,
        "log": "",
        "faces": {"untested": 0, "faces": [], "stays": []},
        "residue": [],
        "result": looked_at,
        "actions": ["a@1"],
        "method": "clear",
    }
    removals = remove._Removals(store, None, date(2026, 1, 1), lambda _: None, Plan((), 0))
    place = Locator.of_file(path)
    planned = Removal(place, (found.id,), (), ("a@1",), Method.CLEAR, RemovalStatus.PLANNED)
    task = {"unit": encode(unit), "removal": encode(planned), "due": [encode(found)], "out": str(out)}
    return removals.finish(Done(task, result | changed)).status


def test_what_was_prepared_takes_the_place(store: Store, tmp_path: Path) -> None:
    """Nothing changed meanwhile: the new content is there, and nothing lies beside it."""
    assert finished(store, tmp_path / "a") is RemovalStatus.REMOVED
    assert (tmp_path / "a").read_bytes() == NEW
    assert not (tmp_path / "out").exists()


def test_rows_that_were_written_to_a_log_meanwhile_are_not_lost(store: Store, tmp_path: Path) -> None:
    """A database whose log has changed since it was read is left as it is."""
    assert finished(store, tmp_path / "a", log="1:1:1:1") is RemovalStatus.FAILED
    assert (tmp_path / "a").read_bytes() == OLD


def test_a_target_that_cannot_be_read_costs_no_other_one(store: Store, tmp_path: Path) -> None:
    """A folder in a file's place is a failure of that removal, not of the run."""
    unit, found = scanned(store, tmp_path / "a")
    (tmp_path / "a").unlink()
    (tmp_path / "a").mkdir()
    store.set_meta("mode", "fast")
    planned = Removal(Locator.parse(unit.uri), (found.id,), (), (), Method.CLEAR, RemovalStatus.PLANNED, "")
    (result,) = remove.apply(store, Plan((planned,), 0), None, date(2026, 1, 1))
    assert result.status is RemovalStatus.FAILED


def test_standard_input_is_not_taken_for_a_file_named_so(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came in by `-` cannot be removed, and a file of that name with the same content stays."""
    monkeypatch.chdir(tmp_path)
    unit, found = scanned(store, tmp_path / "-")
    with store.transaction():
        store.list_units([replace(unit, uri="stdin://-", source="stdin")], 1)
        result = {"artefacts": 1, "scanned": 1, "bytes": 3, "gaps": [], "findings": [encode(found)]}
        store.finish_unit(
            replace(unit, uri="stdin://-"), "c", {**result, "sha256": hashlib.sha256(OLD).hexdigest()}
        )
    store.set_meta("mode", "fast")
    target = Locator("stdin", ("-",))
    planned = Removal(target, (found.id,), (), (), Method.CLEAR, RemovalStatus.PLANNED, "")
    (failed,) = remove.apply(store, Plan((planned,), 0), None, date(2026, 1, 1))
    assert (failed.status, (tmp_path / "-").read_bytes()) == (RemovalStatus.FAILED, OLD)
    assert "no file" in failed.reason


# -- recognisers ---------------------------------------------------------------------------------------


class Tried:
    """Recognisers that came to an outcome over one removal."""

    def __init__(self, store: Store, path: Path, rank_one_ppm: int) -> None:
        rows = [("lbp", "parrot", 50, rank_one_ppm, 20_000)]
        refs = {"removals": [target_ref(store, Locator.of_file(path))]}
        self._entry = recognised([0], flat=0, left=50, comparisons=rows) | refs

    def entry(self) -> dict[str, Any]:
        return self._entry


def told(store: Store, path: Path, rank_one_ppm: int, status: RemovalStatus) -> Removal:
    """Tell of one removal what recognisers made of it, and return where it stands."""
    removals = remove._Removals(store, None, date(2026, 1, 1), lambda _: None, Plan((), 0))
    removals.faces = Tried(store, path, rank_one_ppm)  # type: ignore[assignment]
    done = Removal(Locator.of_file(path), ("a" * 32,), (), ("redact-image@1",), Method.REDACT, status)
    (result,) = removals.told([done])
    return result


def test_a_removal_whose_faces_are_still_recognised_has_failed(store: Store, tmp_path: Path) -> None:
    """It is reported and kept as failed, with what to do, and the ledger has the rates."""
    result = told(store, tmp_path / "a", 900_000, RemovalStatus.REMOVED)
    assert result.status is RemovalStatus.FAILED
    assert "remove it whole" in result.reason
    assert list(store.removals()) == [result]
    assert [*store.ledger.read()][-1]["outcome"] == "contradicted"


def test_too_few_faces_to_say_are_no_failure(store: Store, tmp_path: Path) -> None:
    """A removal is not refused for being small; the ledger says that nothing was shown."""
    assert told(store, tmp_path / "a", 20_000, RemovalStatus.REMOVED).status is RemovalStatus.REMOVED
    assert [*store.ledger.read()][-1]["outcome"] == "too_few"


def test_what_failed_before_keeps_its_reason(store: Store, tmp_path: Path) -> None:
    """Only what was done can still fail."""
    assert not told(store, tmp_path / "a", 900_000, RemovalStatus.FAILED).reason


def test_other_removals_are_not_concerned(store: Store, tmp_path: Path) -> None:
    """Rates speak of the targets whose faces they are of."""
    removals = remove._Removals(store, None, date(2026, 1, 1), lambda _: None, Plan((), 0))
    removals.faces = Tried(store, tmp_path / "a", 900_000)  # type: ignore[assignment]
    other = Removal(
        Locator.of_file(tmp_path / "b"), ("a" * 32,), (), (), Method.REDACT, RemovalStatus.REMOVED
    )
    assert removals.told([other]) == [other]
