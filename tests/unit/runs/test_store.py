"""The run file: whole or not at all, its owner's alone, one process at a time."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from efface.errors import AccessError, UsageError
from efface.evidence.pseudonym import Pseudonyms
from efface.model import (
    Characteristic,
    Finding,
    FiredRule,
    Form,
    Gap,
    GapReason,
    Locator,
    Method,
    Removal,
    RemovalStatus,
    Text,
    Unit,
    Verdict,
    VerdictKind,
)
from efface.runs.codec import encode
from efface.runs.pace import Pace
from efface.runs.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = "ab" * 32


def unit(name: str, stamp: str = "1") -> Unit:
    return Unit(Locator.of_file(f"/t/{name}").uri, 10, stamp, "filesystem")


def result(name: str, *, marked: bool = True, gap: bool = False) -> dict[str, Any]:
    place = Locator.of_file(f"/t/{name}")
    found = Finding("fake@1", Form.TEMPLATE, Characteristic.FACE, place, 0.9)
    missed = Gap(place, "open", GapReason.ENCRYPTED, "needs a password")
    return {
        "artefacts": 1,
        "scanned": 0 if gap else 1,
        "bytes": 10,
        "sha256": CONTENT,
        "findings": [encode(found)] if marked else [],
        "gaps": [encode(missed)] if gap else [],
    }


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / "run.sqlite")) as opened:
        yield opened


def to_do(store: Store, configuration: str = "c") -> list[str]:
    return [each.uri.rpartition("/")[2] for each, _, _ in store.next_units(configuration)]


# -- the file ------------------------------------------------------------------------------------------


def test_a_run_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Nobody else may read which files hold faces, whatever the umask says."""
    before = os.umask(0)
    try:
        with Store(str(tmp_path / "deep" / "run.sqlite")) as store, store.transaction():
            store.list_units([unit("a")], 1)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "deep").iterdir()}
    finally:
        os.umask(before)
    assert modes["run.sqlite"] == 0o600
    assert set(modes.values()) == {0o600}


def test_a_run_keeps_its_identity(tmp_path: Path) -> None:
    """The same run file is the same run, with the same pseudonyms."""
    path = str(tmp_path / "run.sqlite")
    with Store(path) as store:
        first = (store.run_id, store.keyed(CONTENT))
    with Store(path) as store:
        assert (store.run_id, store.keyed(CONTENT)) == first


def test_two_runs_know_one_content_by_two_digests(tmp_path: Path) -> None:
    """The digest of a content in one run file says nothing to the owner of another."""
    with Store(str(tmp_path / "1")) as one, Store(str(tmp_path / "2")) as other:
        assert one.keyed(CONTENT) != other.keyed(CONTENT) != CONTENT


def test_a_missing_run_file_is_refused_where_one_is_needed(tmp_path: Path) -> None:
    """A report of a run that does not exist makes no empty run."""
    path = tmp_path / "run.sqlite"
    with pytest.raises(UsageError, match="no such run file"):
        Store(str(path), create=False)
    assert not path.exists()


def test_a_file_that_is_no_run_file_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    """A name given by mistake costs nothing."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\xff\xd8\xff" + b"not a database" * 100)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="is not a run file"):
        Store(str(path))
    assert path.read_bytes() == before


def test_somebody_elses_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    """A database of customers named by mistake does not become a run file."""
    path = tmp_path / "crm.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE meta(id INTEGER, name TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(UsageError):
        Store(str(path))
    assert path.read_bytes() == before


def test_a_run_of_another_version_is_refused(tmp_path: Path) -> None:
    """A file format that this version does not know is not guessed at."""
    path = str(tmp_path / "run.sqlite")
    with Store(path) as store:
        store.set_meta("format", "1000")
    with pytest.raises(UsageError, match="made by a version"):
        Store(path)


def test_a_second_process_is_refused(store: Store) -> None:
    """Two processes on one run file would each undo what the other does."""
    code = "import sys; from efface.runs.store import Store; Store(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", code, store.path], capture_output=True, text=True)
    assert done.returncode == 1
    assert "another efface is working on this run" in done.stderr


def test_a_closed_run_can_be_opened_by_the_next_process(tmp_path: Path) -> None:
    """The lock goes with its holder."""
    path = str(tmp_path / "run.sqlite")
    with Store(path):
        pass
    with Store(path) as again:
        assert again.run_id


# -- units ---------------------------------------------------------------------------------------------


def test_what_was_looked_at_and_did_not_change_is_not_to_do(store: Store) -> None:
    """Done is done, for the same configuration and the same stamp."""
    store.list_units([unit("a"), unit("b")], 1)
    store.finish_unit(unit("a"), "c", result("a"))
    assert to_do(store) == ["b"]
    store.list_units([unit("a"), unit("b")], 2)
    assert (to_do(store), store.to_do("c")) == (["b"], (1, 10))


TO_DO_AGAIN = {
    "another configuration": (unit("a"), "d"),
    "another stamp": (unit("a", "2"), "c"),
}


@pytest.mark.parametrize("case", TO_DO_AGAIN)
def test_what_changed_is_to_do_again(case: str, store: Store) -> None:
    """A changed file, or a changed way of looking, is looked at."""
    listed, configuration = TO_DO_AGAIN[case]
    store.list_units([unit("a")], 1)
    store.finish_unit(unit("a"), "c", result("a"))
    store.list_units([listed], 2)
    assert to_do(store, configuration) == ["a"]


def test_a_changed_stamp_remembers_the_content_for_the_same_configuration(store: Store) -> None:
    """What was only touched can be told by its keyed digest, and only where the same looking gave the findings."""
    store.list_units([unit("a")], 1)
    store.finish_unit(unit("a"), "c", result("a"))
    store.list_units([unit("a", "2")], 2)
    ((_, _, known),) = store.next_units("c")
    ((_, _, unknown),) = store.next_units("d")
    assert (known, unknown) == (store.keyed(CONTENT), "")


@pytest.mark.parametrize("stamps", [("1", "1+5"), ("1+5", "2"), ("1+5", "1+6")])
def test_the_content_says_nothing_where_a_log_lies_beside_it(stamps: tuple[str, str], store: Store) -> None:
    """The same bytes of a database are not the same content when its log was or is another one."""
    store.list_units([unit("a", stamps[0])], 1)
    store.finish_unit(unit("a", stamps[0]), "c", result("a"))
    store.list_units([unit("a", stamps[1])], 2)
    ((_, _, known),) = store.next_units("c")
    assert known == ""


def test_the_same_content_keeps_its_findings(store: Store) -> None:
    """A result that says "same" changes nothing but the stamp."""
    store.list_units([unit("a")], 1)
    store.finish_unit(unit("a"), "c", result("a"))
    store.list_units([unit("a", "2")], 2)
    store.finish_unit(unit("a", "2"), "c", {"same": True})
    assert (to_do(store), len(list(store.findings()))) == ([], 1)


def test_new_results_replace_the_old_ones(store: Store) -> None:
    """A file that was cleaned has no finding any more."""
    store.list_units([unit("a")], 1)
    store.finish_unit(unit("a"), "c", result("a", gap=True))
    store.finish_unit(unit("a", "2"), "c", result("a", marked=False))
    assert (list(store.findings()), list(store.gaps())) == ([], [])


def test_what_is_no_longer_listed_is_forgotten(store: Store) -> None:
    """A deleted file takes its findings and gaps with it; others keep theirs."""
    store.list_units([unit("a"), unit("b")], 1)
    for name in "ab":
        store.finish_unit(unit(name), "c", result(name, gap=True))
    store.list_units([unit("b")], 2)
    store.forget_unlisted(2)
    assert [found.locator.path for found in store.findings()] == [("/t/b",)]
    assert [gap.locator.path for gap in store.gaps()] == [("/t/b",)]
    assert store.count_units() == 1


def test_gaps_of_listing_are_found_anew(store: Store) -> None:
    """A folder that can be listed again is no longer a gap."""
    store.add_gap(Gap(Locator.of_file("/t/closed"), "list", GapReason.UNREADABLE, "may not be listed"))
    assert store.totals()["gaps"] == 1
    store.forget_unlisted(2)
    assert store.totals()["gaps"] == 0


def test_parts_that_ended_a_process_are_remembered(store: Store) -> None:
    """The next process does not fall into the same hole, even after a kill of the run."""
    store.list_units([unit("a")], 1)
    store.skip(unit("a").uri, {"file:///t/a!/x": "crashed"})
    ((_, skip, _),) = store.next_units("c")
    assert skip == {"file:///t/a!/x": "crashed"}


def test_more_units_than_one_page_are_all_given(store: Store) -> None:
    """Units come in the order of their places, each once, also while some are finished."""
    names = [f"{number:04}" for number in range(1_203)]
    with store.transaction():
        store.list_units([unit(name) for name in names], 1)
    given = []
    for each, _, _ in store.next_units("c"):
        given.append(each.uri.rpartition("/")[2])
        if len(given) % 3 == 0:
            store.finish_unit(each, "c", result(given[-1], marked=False))
    assert given == names


def test_many_units_are_finished_as_one_by_one(tmp_path: Path) -> None:
    """What is written together is what would be written for each, also over what an earlier scan had found."""
    results = {
        "a": result("a", gap=True),
        "b": {**result("b", marked=False), "sha256": "", "again": True},
        "c": {"same": True},
        "d": result("d"),
    }
    written = []
    for path, is_one_by_one in (("one", True), ("many", False)):
        with Store(str(tmp_path / path)) as store:
            store.pseudonyms = Pseudonyms(bytes(32))
            store.list_units([unit(name) for name in results], 1)
            store.finish_units([(unit(name), result(name, gap=True)) for name in results], "before")
            finished = [(unit(name, "2"), found) for name, found in results.items()]
            for group in [[each] for each in finished] if is_one_by_one else [finished]:
                store.finish_units(group, "c")
            written.append({line for line in store._db.iterdump() if '"meta"' not in line})
            assert (to_do(store), len(list(store.findings())), len(list(store.gaps()))) == (["b"], 3, 2)
    assert written[0] == written[1]


# -- together or not at all ----------------------------------------------------------------------------


def test_a_broken_transaction_leaves_nothing(store: Store) -> None:
    """Results and "done" are written together or not at all."""
    store.list_units([unit("a")], 1)
    torn = {**result("a"), "sha256": "no digest"}
    with pytest.raises(ValueError, match="fromhex"), store.transaction():
        store.finish_unit(unit("a"), "c", torn)
    assert (list(store.findings()), to_do(store)) == ([], ["a"])


def test_pending_results_are_written_when_asked(store: Store) -> None:
    """Commits are rare, and none is forgotten."""
    store.list_units([unit("a"), unit("b")], 1)
    pace = Pace(store, "c", seconds=3600.0)
    pace.finish(unit("a"), result("a"))
    assert to_do(store) == ["a", "b"]
    pace.flush()
    assert to_do(store) == ["b"]


def test_the_run_file_holds_no_plain_digest(store: Store, tmp_path: Path) -> None:
    """A plain digest of a photo would tell whoever has the photo that it was there."""
    store.list_units([unit("a")], 1)
    store.finish_unit(unit("a"), "c", result("a"))
    store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = (tmp_path / "run.sqlite").read_bytes()
    assert CONTENT.encode() not in data
    assert bytes.fromhex(CONTENT) not in data


def test_a_fact_that_is_not_there_is_an_error(store: Store) -> None:
    """A missing fact is never an empty one, unless the caller says so."""
    with pytest.raises(KeyError):
        store.meta("nothing")
    assert store.meta("nothing", "") == ""


def test_a_changed_unit_has_another_chance(store: Store) -> None:
    """What ended a process in a file's old content is not held against its new content."""
    with store.transaction():
        store.list_units([unit("a")], 1)
        store.skip(unit("a").uri, {unit("a").uri: "crashed"})
        store.list_units([unit("a")], 2)
    assert [skip for _, skip, _ in store.next_units("c")] == [{unit("a").uri: "crashed"}]
    with store.transaction():
        store.list_units([unit("a", "2")], 3)
    assert [skip for _, skip, _ in store.next_units("c")] == [{}]


def test_a_later_removal_leaves_an_earlier_one_on_file(store: Store) -> None:
    """What was done to a target is not forgotten when the next removal from it fails."""
    first = Removal(Locator.of_file("/t/a"), ("1",), (), ("a@1",), Method.REDACT, RemovalStatus.REMOVED, "")
    second = replace(first, finding_ids=("2",), status=RemovalStatus.FAILED)
    third = replace(second, status=RemovalStatus.REMOVED)
    with store.transaction():
        for each in (replace(first, status=RemovalStatus.PLANNED), first, second):
            store.set_removal(each)
    assert set(store.removals()) == {first, second}
    with store.transaction():
        store.set_removal(third)
    assert list(store.removals()) == [first, third]


def test_a_run_file_that_cannot_be_made_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    """A file where a folder is needed is said in words, not as a fault."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be made"):
        Store(str(tmp_path / "file" / "run.sqlite"))


def test_a_hold_that_was_lifted_is_no_longer_shown(store: Store) -> None:
    """What is removed after all is not told as held beside it."""
    held = Removal(Locator.of_file("/t/a"), ("1",), (), (), Method.REDACT, RemovalStatus.HELD, "")
    done = replace(held, status=RemovalStatus.REMOVED)
    with store.transaction():
        store.set_removal(held)
        store.set_removal(replace(done, finding_ids=("2",)))
    assert held in store.removals()
    with store.transaction():
        store.set_removal(done)
    assert held not in store.removals()


def test_a_run_file_that_cannot_grow_says_so(tmp_path: Path) -> None:
    """A full disk is a sentence for the user, and what was committed before stays."""
    with Store(str(tmp_path / "run.sqlite")) as store:
        with store.transaction():
            store.set_meta("kept", "yes")
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(AccessError, match="full"), store.transaction():
            store.set_meta("large", "x" * 1_000_000)
        assert store.meta("kept") == "yes"
        with pytest.raises(AccessError, match="full"):
            store.set_meta("large", "x" * 1_000_000)
        assert store.meta("large", "none") == "none"


def test_what_many_verdicts_say_alike_is_written_once(tmp_path: Path) -> None:
    """A long opinion on thousands of findings makes no long file, and every verdict comes back as it was."""
    fired = tuple(
        FiredRule(f"R-{n}", VerdictKind.PROHIBITED, (), (), Text("", "x" * 1000)) for n in range(50)
    )
    day = date(2026, 1, 1)
    many = [Verdict(f"{n:032x}", VerdictKind.PROHIBITED, fired, (), (), "erase", day) for n in range(3000)]
    other = Verdict("activity", VerdictKind.HOLD, fired, ("a = b",), (), "keep", day)
    with Store(str(tmp_path / "run")) as store:
        with store.transaction():
            store.set_verdicts([*many, other])
        assert list(store.verdicts()) == [*many, other]
    assert os.path.getsize(tmp_path / "run") < 3_000_000
