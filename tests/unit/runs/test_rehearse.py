"""What a rehearsal leaves out, and what it does not let itself be led to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from efface.errors import EvidenceError
from efface.evidence.certificate import build
from efface.evidence.keys import SigningKey
from efface.model import Characteristic, Finding, Form, Locator, Method, Removal, RemovalStatus
from efface.runs.codec import encode
from efface.runs.exit_code import ExitCode
from efface.runs.plan import Plan
from efface.runs.rehearse import NOT_REHEARSED, rehearse
from efface.runs.store import Store
from efface.sources.filesystem import Filesystem
from efface.testing.ledgers import office_story

DAY = date(2026, 1, 1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / "run")) as opened:
        opened.set_meta("mode", "fast")
        for key in ("started_at", "finished_at"):
            opened.set_meta(key, "2026-01-01T00:00:00+00:00")
        yield opened


def due(store: Store, path: Path) -> Removal:
    """A file with a finding, and its removal."""
    path.write_bytes(b"old")
    (unit,) = Filesystem().units(str(path))
    found = Finding("fake@1", Form.TEMPLATE, Characteristic.FACE, Locator.of_file(path), 0.9)
    result = {"artefacts": 1, "scanned": 1, "bytes": 3, "gaps": [], "findings": [encode(found)]}
    with store.transaction():
        store.list_units([unit], 1)  # type: ignore[list-item]
        store.finish_unit(unit, "c", {**result, "sha256": hashlib.sha256(b"old").hexdigest()})  # type: ignore[arg-type]
    return Removal(found.locator, (found.id,), (), ("erase-file@1",), Method.CLEAR, RemovalStatus.PLANNED)


def test_a_table_is_not_rehearsed_and_that_is_no_success(store: Store, tmp_path: Path) -> None:
    """The reason is told, and the exit code is that of something that could not be told."""
    table = Removal(
        Locator("postgresql", ("host/db",), "/public.face"),
        ("f",),
        (),
        (),
        Method.CLEAR,
        RemovalStatus.PLANNED,
    )
    result = rehearse(store, Plan((table,), 0), str(tmp_path / "there"), DAY)
    assert [each.reason for each in result.removals] == [NOT_REHEARSED]
    assert result.exit_code is ExitCode.GAPS


def test_what_is_held_is_told_and_not_copied(store: Store, tmp_path: Path) -> None:
    """A held thing is not copied: nothing would be done to its copy."""
    held = replace(due(store, tmp_path / "a"), status=RemovalStatus.HELD, reason="a hold")
    result = rehearse(store, Plan((held,), 0), str(tmp_path / "there"), DAY)
    assert (result.removals, result.exit_code) == ((held,), ExitCode.CLEAN)
    assert not (tmp_path / "there" / "files").exists()


def test_a_link_in_a_files_place_is_not_followed(store: Store, tmp_path: Path) -> None:
    """What it points to is neither copied nor changed, though it holds the same bytes."""
    removal = due(store, tmp_path / "a")
    (tmp_path / "a").rename(tmp_path / "other")
    (tmp_path / "a").symlink_to(tmp_path / "other")
    result = rehearse(store, Plan((removal,), 0), str(tmp_path / "there"), DAY)
    assert [each.status for each in result.removals] == [RemovalStatus.FAILED]
    assert (tmp_path / "other").read_bytes() == b"old"
    assert not list((tmp_path / "there" / "files").rglob("a"))


def test_a_file_that_has_gone_is_a_failure_of_its_own(store: Store, tmp_path: Path) -> None:
    """The others are rehearsed all the same."""
    removals = (due(store, tmp_path / "a"), due(store, tmp_path / "b"))
    (tmp_path / "a").unlink()
    result = rehearse(store, Plan(removals, 0), str(tmp_path / "there"), DAY, jobs=1)
    by_name = {Path(each.target.path[0]).name: each.status for each in result.removals}
    assert by_name["a"] is RemovalStatus.FAILED
    told = json.loads((tmp_path / "there" / "rehearsal.json").read_text())
    assert told["rehearsal_of"] == store.run_id
    assert {Path(each["target"]).parent.name for each in told["removals"]} == {tmp_path.name}


@pytest.mark.parametrize("place", [1, -1])
def test_no_ledger_with_the_mark_of_a_rehearsal_is_certified(place: int) -> None:
    """Wherever the mark stands, and whatever else the ledger says."""
    story = office_story()
    entries = [dict(entry) for entry in story.entries]
    mark = {"kind": "rehearsal_opened", "of": entries[0]["run"]}
    mark |= {name: entries[place][name] for name in ("at", "previous")}
    entries.insert(place, mark)
    with pytest.raises(EvidenceError, match="rehearsal"):
        build(story.summary, entries, SigningKey.new())
