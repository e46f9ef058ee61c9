"""A run file is of the targets that it was opened with: a re-scan of anything else is refused."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from efface.errors import UsageError
from efface.model import Locator, Method, Mode, Removal, RemovalStatus
from efface.runs.bound import names_of
from efface.runs.plan import plan
from efface.runs.record import target_ref
from efface.runs.scan import ScanOptions, scan
from efface.runs.store import Store

pytestmark = pytest.mark.usefixtures("obedient")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Two folders and a file, each with something to find."""
    for name in ("a/1.txt", "b/2.txt", "c.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"MARK {name}")
    return tmp_path


def look(place: Path, *targets: object, mode: Mode = Mode.FAST, **options: Any) -> list[str]:
    """Scan into the run file, and return the kinds of its entries."""
    with Store(str(place / "run.sqlite")) as store:
        scan(store, ScanOptions(tuple(map(str, targets)), mode, 1, **options))
        return [entry["kind"] for entry in store.ledger.read()]


def entries(place: Path) -> list[dict[str, Any]]:
    with Store(str(place / "run.sqlite")) as store:
        return list(store.ledger.read())


def removes(place: Path, name: str, *, whole: bool = False) -> None:
    """Write that something of a file was removed; of the whole file, that it is gone."""
    with Store(str(place / "run.sqlite")) as store, store.transaction():
        target = Locator.of_file(str(place / name))
        found = list(store.findings(target.uri))
        ref, after = target_ref(store, target), None if whole else "1" * 64
        of_findings = {"findings": ["2" * 32], "actions": ["redact-image@1"], "before": "3" * 64}
        intent = {"kind": "removal_intent", "ref": ref, "method": "clear", **of_findings}
        ready = {"kind": "removal_ready", "ref": ref, "after": after, "residue": 0}
        for entry in (intent, ready, {**ready, "kind": "removal_done", "status": "removed"}):
            store.ledger.append(entry)
        store.keep_removed(found)
        ids, status = tuple(each.id for each in found), RemovalStatus.REMOVED
        store.set_removal(Removal(target, ids, (), (), Method.CLEAR, status, after=after or ""))


@pytest.mark.parametrize("removed", [False, True])
@pytest.mark.parametrize(
    "targets",
    [("b",), ("a", "b"), ("c.txt",), ("a",), ("a/1.txt", "c.txt")],
    ids=["another", "one more and one less", "less", "less, a folder", "a file instead of its folder"],
)
def test_a_scan_of_other_targets_is_refused(place: Path, targets: tuple[str, ...], *, removed: bool) -> None:
    """Before and after a removal, and nothing of the run file changes; the error says what to do."""
    look(place, place / "a", place / "c.txt")
    if removed:
        removes(place, "a/1.txt")
    before = entries(place)
    with pytest.raises(UsageError, match="of other targets") as refused:
        look(place, *(place / name for name in targets))
    said = refused.value.diagnostics()
    assert "as they were" in said.untouched
    assert "--run" in said.to_do
    assert entries(place) == before
    with Store(str(place / "run.sqlite")) as store:
        assert len(list(store.findings())) == 2


def test_the_same_targets_written_otherwise_are_the_same(place: Path, monkeypatch: Any) -> None:
    """A relative path, a URL, a link to it and another order name the same targets."""
    look(place, place / "a", place / "c.txt")
    monkeypatch.chdir(place)
    (place / "link").symlink_to(place / "a")
    removes(place, "a/1.txt")
    (place / "a" / "1.txt").unlink()
    (place / "c.txt").unlink()
    (place / "c.txt").write_text("plain")
    assert look(place, f"file://{place}/c.txt", "link")[-1] == "rescan"


def test_a_file_that_went_as_a_whole_need_not_be_there_for_the_re_scan(place: Path) -> None:
    """A target that the run took away is not missing; one that somebody else took away is."""
    look(place, place / "a", place / "c.txt")
    removes(place, "c.txt", whole=True)
    (place / "c.txt").unlink()
    assert look(place, place / "a", place / "c.txt")[-1] == "rescan"
    assert look(place, place / "a")[-1] == "rescan"
    os.rename(place / "a", place / "elsewhere")
    with pytest.raises(UsageError, match="No such file"):
        look(place, place / "a")


def test_a_file_that_came_back_is_looked_at(place: Path) -> None:
    """A target that was taken away and is there again cannot be left out."""
    look(place, place / "a", place / "c.txt")
    removes(place, "c.txt", whole=True)
    with pytest.raises(UsageError, match="too, which is not named"):
        look(place, place / "a")


def test_a_re_scan_with_weaker_eyes_is_refused(place: Path) -> None:
    """What only `thorough` sees cannot be told to be gone by `fast`; before a removal any mode may follow."""
    look(place, place / "a", mode=Mode.FAST)
    look(place, place / "a", mode=Mode.STANDARD)
    removes(place, "a/1.txt")
    with pytest.raises(UsageError, match="look as hard"):
        look(place, place / "a", mode=Mode.FAST)
    assert look(place, place / "a", mode=Mode.THOROUGH)[-1] == "rescan"


def test_a_look_for_what_came_back_leaves_no_entry(place: Path) -> None:
    """It may be of other targets, and nothing can then be removed from there by this run."""
    look(place, place / "a")
    before = entries(place)
    look(place, place / "b", elsewhere=True)
    assert entries(place) == before
    with Store(str(place / "run.sqlite")) as store, pytest.raises(UsageError, match="of other targets"):
        plan(store, None, ["all"], date(2026, 1, 1))
    assert look(place, place / "a")[-1] == "scan_finished"


def test_names_of_targets_hold_no_password() -> None:
    """What is kept of an address is what the run shows of it."""
    assert names_of(["postgresql://u@host/db", "s3://b/p", "-"]) == [
        "postgresql://host:5432/db",
        "s3://b/p",
        "-",
    ]
