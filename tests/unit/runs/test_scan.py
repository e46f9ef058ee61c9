"""A scan: resumed after any kill, repeated without looking twice, never stopped by one artefact."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from efface.errors import UsageError
from efface.model import GapReason, Level, Limits, Mode, Verdict, VerdictKind
from efface.runs import scan as scan_module
from efface.runs.exit_code import ExitCode
from efface.runs.outcome import of_scan
from efface.runs.scan import Progress, ScanOptions, scan
from efface.runs.store import Store
from efface.runs.view import view_of

if TYPE_CHECKING:
    from pathlib import Path

    from efface.report.view import RunView

pytestmark = pytest.mark.usefixtures("obedient")


def fill(folder: Path, **contents: str) -> Path:
    """Write one file for each content; `a_txt` becomes `a.txt`."""
    for name, content in contents.items():
        path = folder / name.replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def look(run: Path, *targets: Path, mode: Mode = Mode.FAST, progress: Any = None, **limits: Any) -> RunView:
    """Scan in this process, with workers of its own, and return what the run shows."""
    options = ScanOptions(tuple(map(str, targets)), mode, 1, Limits(**limits))
    with Store(str(run)) as store:
        scan(store, options, progress=progress)
        return view_of(store, "en")


def places(view: RunView) -> list[str]:
    """Return the places of the findings, innermost names only, sorted."""
    return sorted(
        "!/".join((os.path.basename(f.locator.path[0]), *f.locator.path[1:])) for f in view.findings
    )


def reasons(view: RunView) -> list[tuple[str, GapReason]]:
    return sorted((os.path.basename(gap.locator.path[-1]), gap.reason) for gap in view.gaps)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return fill(tmp_path / "tree", a_txt="MARK a", b_txt="plain b", c_txt="MARK c", d_txt="plain d")


# -- the first scan ------------------------------------------------------------------------------------


def test_everything_is_looked_at(tree: Path, tmp_path: Path) -> None:
    """Every file is looked at once, and the numbers say so."""
    view = look(tmp_path / "run", tree)
    assert places(view) == ["a.txt", "c.txt"]
    seen = (view.coverage.seen, view.coverage.scanned, view.coverage.gaps, view.coverage.reused)
    assert seen == (4, 4, 0, 0)
    assert view.finished_at is not None


def test_progress_counts_to_its_total(tree: Path, tmp_path: Path) -> None:
    """Progress is told after each unit and ends with all of them."""
    told: list[Progress] = []
    look(tmp_path / "run", tree, progress=told.append)
    assert [each.units for each in told] == [1, 2, 3, 4]
    last = told[-1]
    assert (last.total_units, last.size_bytes, last.findings, last.gaps) == (4, last.total_bytes, 2, 0)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a scan whose batches are of two files does, in order: `begin`, `list`, `close`."""
    done: list[str] = []
    begin, close, write = scan_module.Pool.__init__, scan_module.Pool.close, Store.list_units

    def told(step: str, do: Any) -> Any:
        def stepped(*given: Any) -> Any:
            done.append(step)
            return do(*given)

        return stepped

    monkeypatch.setattr(scan_module, "_LIST_BATCH", 2)
    monkeypatch.setattr(scan_module.Pool, "__init__", told("begin", begin))
    monkeypatch.setattr(scan_module.Pool, "close", told("close", close))
    monkeypatch.setattr(Store, "list_units", told("list", write))
    return done


def test_workers_get_ready_while_a_new_run_is_listed(tree: Path, tmp_path: Path, steps: list[str]) -> None:
    """They begin with the first full batch; a small scan waits until it knows how many there is work for."""
    assert places(look(tmp_path / "run", tree)) == ["a.txt", "c.txt"]
    assert steps == ["begin", "list", "list", "list", "close"]
    steps.clear()
    look(tmp_path / "other", tree / "a.txt")
    assert steps == ["list", "begin", "close"]


def test_no_worker_begins_where_nothing_is_new(tree: Path, tmp_path: Path, steps: list[str]) -> None:
    """A scan of what is known already begins none."""
    look(tmp_path / "run", tree)
    steps.clear()
    look(tmp_path / "run", tree)
    assert set(steps) == {"list"}


def test_a_listing_that_fails_leaves_no_worker(
    tree: Path, tmp_path: Path, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers that got ready are ended with the scan, whatever ends it."""
    monkeypatch.setattr(Store, "forget_unlisted", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        look(tmp_path / "run", tree)
    assert steps[0] == "begin"
    assert steps[-1] == "close"


def test_the_run_file_is_not_scanned_itself(tree: Path, obedient: Any) -> None:
    """A run file that lies in the scanned folder is not one of its files, the first time and the second."""
    for _ in range(2):
        view = look(tree / "run.sqlite", tree)
        assert view.coverage.seen == 4
    assert not [uri for uri in obedient.looked_at() if "run.sqlite" in uri]


def test_an_empty_folder_is_a_finished_scan_of_nothing(tmp_path: Path) -> None:
    """Nothing there, nothing found, nothing missed."""
    (tmp_path / "empty").mkdir()
    view = look(tmp_path / "run", tmp_path / "empty")
    assert (view.coverage.seen, of_scan(view, Level.VISIBLE)) == (0, ExitCode.CLEAN)


def test_what_is_under_two_targets_is_looked_at_once(tree: Path, tmp_path: Path, obedient: Any) -> None:
    """A folder and a file in it name that file once."""
    view = look(tmp_path / "run", tree, tree / "a.txt")
    assert places(view) == ["a.txt", "c.txt"]
    assert len(obedient.looked_at()) == 4


BAD_TARGETS = {
    "a path where nothing is": ("nowhere", "No such file"),
    "a kind of place that nobody reads": ("gopher://host/", "gopher"),
}


@pytest.mark.parametrize("case", BAD_TARGETS)
def test_a_target_that_cannot_be_read_is_refused(case: str, tmp_path: Path) -> None:
    """A mistyped target is an error of use, never a clean scan of nothing."""
    target, message = BAD_TARGETS[case]
    named = target if "://" in target else str(tmp_path / target)
    with Store(str(tmp_path / "run")) as store, pytest.raises(UsageError, match=message):
        scan(store, ScanOptions((named,), Mode.FAST, 1))


def test_the_ledger_tells_of_the_scan(tree: Path, tmp_path: Path) -> None:
    """A run's ledger begins with its opening and has an entry for each finished scan."""
    look(tmp_path / "run", tree)
    with Store(str(tmp_path / "run")) as store:
        entries = list(store.ledger.read())
    assert [entry["kind"] for entry in entries] == ["run_opened", "scan_finished"]
    assert (entries[1]["findings"], entries[1]["coverage"]["seen"]) == (2, 4)
    assert str(tree) not in json.dumps(entries)


# -- the second scan -----------------------------------------------------------------------------------


def test_nothing_is_looked_at_twice(tree: Path, tmp_path: Path, obedient: Any) -> None:
    """A second scan of an unchanged tree takes everything over."""
    first = look(tmp_path / "run", tree)
    obedient.looked_at()
    second = look(tmp_path / "run", tree)
    assert obedient.looked_at() == []
    assert (second.findings, second.coverage.reused) == (first.findings, 4)


def test_a_touched_file_with_the_same_content_is_not_looked_at(
    tree: Path, tmp_path: Path, obedient: Any
) -> None:
    """New times on old bytes change nothing."""
    look(tmp_path / "run", tree)
    obedient.looked_at()
    os.utime(tree / "a.txt", (1, 1))
    assert places(look(tmp_path / "run", tree)) == ["a.txt", "c.txt"]
    assert obedient.looked_at() == []


def test_a_changed_file_is_looked_at_and_nothing_else(tree: Path, tmp_path: Path, obedient: Any) -> None:
    """What a file holds now is what the run says of it."""
    look(tmp_path / "run", tree)
    obedient.looked_at()
    fill(tree, a_txt="plain a", b_txt="MARK b")
    view = look(tmp_path / "run", tree)
    assert (places(view), view.coverage.reused) == (["b.txt", "c.txt"], 2)
    assert [os.path.basename(uri) for uri in obedient.looked_at()] == ["a.txt", "b.txt"]


def test_a_change_that_keeps_size_and_time_is_seen(tree: Path, tmp_path: Path) -> None:
    """Setting the time back after a change does not hide it."""
    look(tmp_path / "run", tree)
    info = os.stat(tree / "b.txt")
    fill(tree, b_txt="MARK  b")
    os.utime(tree / "b.txt", ns=(info.st_atime_ns, info.st_mtime_ns))
    assert os.stat(tree / "b.txt").st_size == info.st_size
    assert places(look(tmp_path / "run", tree)) == ["a.txt", "b.txt", "c.txt"]


@pytest.mark.parametrize("step", ["written", "thrown away"])
def test_a_log_that_changed_is_seen_though_its_database_did_not(step: str, tmp_path: Path) -> None:
    """What is added to a database's log is found, and what is thrown away with the log is forgotten."""
    (tmp_path / "tree").mkdir()
    path, run = tmp_path / "tree" / "a.sqlite", tmp_path / "run"
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("CREATE TABLE t (x TEXT)")
    writer.execute("INSERT INTO t VALUES ('a value of no interest')")
    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.read_bytes()
    assert places(look(run, tmp_path / "tree")) == []
    writer.execute("INSERT INTO t VALUES (?)", ("MARK " + "x" * 80,))
    assert path.read_bytes() == before
    assert places(look(run, tmp_path / "tree")) == ["a.sqlite"]
    if step == "thrown away":
        copy = tmp_path / "copy"
        path.rename(copy)
        writer.close()
        for log in path.parent.iterdir():
            log.unlink()
        path.write_bytes(before)
        assert places(look(run, tmp_path / "tree")) == []
    writer.close()


def test_a_deleted_file_takes_its_findings_with_it(tree: Path, tmp_path: Path) -> None:
    """What is gone is not reported as there."""
    look(tmp_path / "run", tree)
    (tree / "a.txt").unlink()
    view = look(tmp_path / "run", tree)
    assert (places(view), view.coverage.seen) == (["c.txt"], 3)


def test_another_mode_looks_at_everything_again(tree: Path, tmp_path: Path, obedient: Any) -> None:
    """Findings of a fast look are not passed off as those of a thorough one."""
    look(tmp_path / "run", tree)
    obedient.looked_at()
    view = look(tmp_path / "run", tree, mode=Mode.THOROUGH)
    assert (len(obedient.looked_at()), view.coverage.reused) == (4, 0)


# -- artefacts that end their process ------------------------------------------------------------------

ENDINGS = {
    "a crash": ("CRASH", GapReason.CRASHED, {}),
    "a hang": ("HANG", GapReason.TIMEOUT, {"artefact_seconds": 0.5}),
    "too much memory": ("MEMORY", GapReason.OVER_LIMIT, {}),
}


@pytest.mark.parametrize("case", ENDINGS)
def test_one_artefact_never_stops_a_run(case: str, tree: Path, tmp_path: Path) -> None:
    """The file becomes a gap with its reason; all others are looked at, and the run is not clean."""
    word, reason, limits = ENDINGS[case]
    view = look(tmp_path / "run", fill(tree, b_txt=word), **limits)
    assert (places(view), reasons(view)) == (["a.txt", "c.txt"], [("b.txt", reason)])
    assert (view.coverage.seen, view.coverage.scanned) == (4, 3)


def test_a_member_that_crashes_costs_itself_alone(tmp_path: Path) -> None:
    """In an archive only the member that ended a process is a gap; the members around it are found."""
    (tmp_path / "tree").mkdir()
    with zipfile.ZipFile(tmp_path / "tree" / "a.zip", "w") as archive:
        for name, content in (("1.txt", "MARK 1"), ("2.txt", "CRASH 2"), ("3.txt", "MARK 3")):
            archive.writestr(name, content)
    view = look(tmp_path / "run", tmp_path / "tree")
    assert (places(view), reasons(view)) == (["a.zip!/1.txt", "a.zip!/3.txt"], [("2.txt", GapReason.CRASHED)])


def test_a_file_that_ends_every_process_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some attempts a file full of traps is one gap, and the run goes on."""
    monkeypatch.setattr(scan_module, "_MAX_ATTEMPTS", 2)
    tree = fill(tmp_path / "tree", z_txt="MARK z")
    with zipfile.ZipFile(tree / "a.zip", "w") as archive:
        for number in range(5):
            archive.writestr(f"{number}.txt", f"CRASH {number}")
    view = look(tmp_path / "run", tree)
    assert (places(view), reasons(view)) == (["z.txt"], [("a.zip", GapReason.CRASHED)])


def test_only_gaps_are_not_clean(tmp_path: Path) -> None:
    """Nothing found and something not looked at has an exit code of its own."""
    view = look(tmp_path / "run", fill(tmp_path / "tree", a_txt="CRASH"))
    assert of_scan(view, Level.VISIBLE) is ExitCode.GAPS


@pytest.mark.parametrize("word", ["GROW", "SHRINK"])
def test_a_file_that_changes_while_it_is_read_is_a_gap(
    word: str, tree: Path, tmp_path: Path, obedient: Any
) -> None:
    """What was found is told with the doubt; all else is looked at, and the next scan looks at what is there now."""
    (tree / "b.txt").write_text(f"{word} some more content")
    view = look(tmp_path / "run", tree)
    assert places(view) == ["a.txt", "b.txt", "c.txt"]
    assert reasons(view) == [("b.txt", GapReason.CHANGED)]
    obedient.looked_at()
    (tree / "b.txt").write_text("plain")
    view = look(tmp_path / "run", tree)
    assert places(view) == ["a.txt", "c.txt"]
    assert reasons(view) == []
    assert [os.path.basename(uri) for uri in obedient.looked_at()] == ["b.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_a_gap(tree: Path, tmp_path: Path) -> None:
    """A file without permission is told, and found once it can be read."""
    (tree / "a.txt").chmod(0)
    assert reasons(look(tmp_path / "run", tree)) == [("a.txt", GapReason.UNREADABLE)]
    (tree / "a.txt").chmod(0o600)
    assert places(look(tmp_path / "run", tree)) == ["a.txt", "c.txt"]


def test_a_damaged_archive_is_a_gap(tmp_path: Path) -> None:
    """Bytes that claim to be an archive and are not are told."""
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04" + bytes(200))
    view = look(tmp_path / "run", tmp_path / "a.zip")
    assert [reason for _, reason in reasons(view)] == [GapReason.UNREADABLE]


# -- killed at any moment ------------------------------------------------------------------------------


def command(tree: Path, run: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "efface", "scan", str(tree), "--run", str(run)),
        *("--jobs", "1", "--mode", "fast", "--quiet"),
    ]


def kill_while_waiting(tree: Path, run: Path, reached: Path) -> None:
    """Start the real command, wait until it has come to the waiting file, and kill it as hard as can be."""
    process = subprocess.Popen(command(tree, run), env=os.environ | {"OBEDIENT_WAIT": str(reached)})
    while not reached.exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


@pytest.mark.parametrize("after", [0, 3, 39])
def test_a_killed_scan_goes_on_and_finds_the_same(after: int, tmp_path: Path) -> None:
    """Killed after N of 40 units, the same command ends with what an undisturbed scan finds."""
    contents = {f"{number:02}_txt": "MARK" if number % 3 == 0 else "plain" for number in range(40)}
    tree = fill(tmp_path / "tree", **contents | {f"{after:02}_txt": "WAIT"})
    undisturbed = look(tmp_path / "other", tree)
    run = tmp_path / "run"
    kill_while_waiting(tree, run, tmp_path / "reached")
    with Store(str(run)) as store:
        killed = view_of(store, "en")
    assert killed.finished_at is None
    assert of_scan(killed, Level.VISIBLE) is not ExitCode.CLEAN
    view = look(run, tree)
    assert (view.findings, view.gaps) == (undisturbed.findings, undisturbed.gaps)
    assert (view.coverage.seen, view.coverage.scanned) == (40, 40)


def test_a_kill_does_not_undo_what_was_committed(tmp_path: Path, obedient: Any) -> None:
    """What an earlier, finished scan looked at is not looked at again after a kill."""
    tree = fill(tmp_path / "tree", a_txt="MARK a", b_txt="MARK b")
    look(tmp_path / "run", tree)
    fill(tree, c_txt="WAIT")
    kill_while_waiting(tree, tmp_path / "run", tmp_path / "reached")
    obedient.looked_at()
    assert places(look(tmp_path / "run", tree)) == ["a.txt", "b.txt"]
    assert [os.path.basename(uri) for uri in obedient.looked_at()] == ["c.txt"]


def test_a_second_command_on_a_run_in_progress_is_refused(tree: Path, tmp_path: Path) -> None:
    """Two commands never work on one run file; the second says so and changes nothing."""
    with Store(str(tmp_path / "run")):
        done = subprocess.run(command(tree, tmp_path / "run"), capture_output=True, text=True)
    assert done.returncode == ExitCode.USAGE
    assert "another efface is working on this run" in done.stderr


def test_a_finding_without_a_verdict_is_never_clean(tree: Path, tmp_path: Path) -> None:
    """Verdicts of an earlier judging say nothing about what was found since."""
    view = look(tmp_path / "run", tree)
    known, new = view.findings
    passed = Verdict(known.id, VerdictKind.PERMITTED, (), (), (), "", date(2026, 1, 1))
    assert of_scan(replace(view, verdicts=(passed,)), Level.VISIBLE) is ExitCode.VIOLATIONS
    both = (passed, replace(passed, subject=new.id))
    assert of_scan(replace(view, verdicts=both), Level.VISIBLE) is ExitCode.CLEAN


def test_a_gap_that_two_targets_share_is_one_gap(tree: Path, tmp_path: Path) -> None:
    """A pipe in a folder that is named twice is counted once."""
    os.mkfifo(tree / "pipe")
    view = look(tmp_path / "run", tree, tree)
    assert (view.coverage.seen, view.coverage.scanned, view.coverage.gaps) == (5, 4, 1)


def test_the_run_file_is_not_scanned_under_another_name(tree: Path, tmp_path: Path) -> None:
    """A run file in the scanned folder is left out also when it is named through a link."""
    (tmp_path / "link").symlink_to(tree)
    view = look(tmp_path / "link" / "run", tree)
    assert (view.coverage.seen, view.coverage.gaps) == (4, 0)


def test_a_mistyped_target_leaves_the_run_as_it_was(tree: Path, tmp_path: Path) -> None:
    """A target that does not exist is refused before anything of a finished run is changed."""
    before = look(tmp_path / "run", tree)
    with pytest.raises(UsageError):
        look(tmp_path / "run", tree, tmp_path / "missing")
    with Store(str(tmp_path / "run")) as store:
        assert view_of(store, "en") == before
