"""What a plan takes is told before anything is done, and what is not known is said to be unknown."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from efface.errors import UsageError
from efface.model import Locator, Method, Removal, RemovalStatus
from efface.report.outlay import Outlay, Room, outlay_lines
from efface.runs import outlay as outlay_module
from efface.runs.outlay import measured, outlay_of, refuse_without_room
from efface.runs.store import Store

MIB = 1 << 20


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / "run")) as opened:
        yield opened


def due(path: Path, size_bytes: int, status: RemovalStatus = RemovalStatus.PLANNED) -> Removal:
    """A removal from a file of a size."""
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size_bytes)
    return Removal(Locator.of_file(str(path)), ("f",), (), ("a@1",), Method.CLEAR, status)


def needed(outlay: Outlay) -> int:
    return sum(room.needed_bytes for room in outlay.rooms)


def shown(outlay: Outlay, lang: str = "en") -> str:
    console = Console(file=io.StringIO(), width=400, color_system=None)
    console.print(outlay_lines(outlay, lang))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_a_file_needs_its_size_again_beside_it(store: Store, tmp_path: Path) -> None:
    """With the log of a database, and only where something is to be done."""
    removals = [due(tmp_path / "a", 700), due(tmp_path / "held", 5000, RemovalStatus.HELD)]
    (tmp_path / "a-wal").write_bytes(bytes(50))
    outlay = outlay_of(store, removals)
    assert (needed(outlay), outlay.size_bytes) == (750, 750)
    assert [room.folder for room in outlay.rooms] == [str(tmp_path)]


def test_many_files_do_not_need_all_their_room_at_once(store: Store, tmp_path: Path) -> None:
    """One after another takes the place of its original, so that no more than a few stand beside."""
    removals = [due(tmp_path / f"{n}", 2 * MIB) for n in range(20)]
    assert needed(outlay_of(store, removals, jobs=1)) < 4 * MIB
    assert needed(outlay_of(store, removals, jobs=2)) < 8 * MIB
    assert needed(outlay_of(store, removals, jobs=99)) == 40 * MIB


def test_copies_that_are_kept_need_room_for_all(store: Store, tmp_path: Path) -> None:
    """Also in a folder that is still to be made."""
    removals = [due(tmp_path / f"{n}", 2 * MIB) for n in range(20)]
    kept = outlay_of(store, removals, 1, kept_in=str(tmp_path / "new" / "folder"))
    assert needed(kept) >= 42 * MIB
    alone = outlay_of(store, removals, 1, kept_in=str(tmp_path / "new" / "folder"), beside=False)
    assert 42 * MIB <= needed(alone) < 44 * MIB


def test_a_plan_that_cannot_fit_is_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With both numbers, and what to do."""
    monkeypatch.setattr(outlay_module, "_free", lambda _: 1000)
    outlay = outlay_of(store, [due(tmp_path / "a", 1001)])
    with pytest.raises(
        UsageError, match="1001 bytes are needed beside the originals, and 1000 are free"
    ) as told:
        refuse_without_room(outlay)
    assert "--only" in told.value.to_do
    assert "Not enough room" in shown(outlay)
    refuse_without_room(outlay_of(store, [due(tmp_path / "a", 1000)]))


def test_a_time_that_was_never_measured_is_unknown(store: Store, tmp_path: Path) -> None:
    """No rate is taken from elsewhere."""
    outlay = outlay_of(store, [due(tmp_path / "a", 1000)])
    assert outlay.seconds is None
    assert "unknown" in shown(outlay)


def test_a_time_follows_from_what_this_run_measured(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1,000 bytes took 2 s and then 3,000 took 6 s: 4,000 will take about 8 s."""
    clock = iter((10.0, 12.0, 20.0, 26.0))
    monkeypatch.setattr(outlay_module.time, "monotonic", lambda: next(clock))
    for size_bytes in (1000, 3000):
        with measured(store, size_bytes):
            pass
    outlay = outlay_of(store, [due(tmp_path / "a", 4000)])
    assert outlay.seconds == pytest.approx(8.0)
    assert "about 8 s" in shown(outlay)


def test_what_failed_measures_nothing(store: Store) -> None:
    """A removal that was stopped says nothing of how long one takes."""
    with pytest.raises(KeyboardInterrupt), measured(store, 10):
        raise KeyboardInterrupt
    assert store.meta("removal_pace", "") == ""


def test_tables_are_said_to_be_unknown(store: Store) -> None:
    """Their room is on the server."""
    table = Removal(
        Locator("postgresql", ("host/db",), "/public.face"),
        ("f",),
        (),
        (),
        Method.CLEAR,
        RemovalStatus.PLANNED,
    )
    outlay = outlay_of(store, [table])
    assert (outlay.tables, outlay.rooms, outlay.size_bytes) == (1, (), 0)
    assert "not known here" in shown(outlay)


def test_a_file_that_has_gone_needs_nothing(store: Store, tmp_path: Path) -> None:
    """Also where its folder has gone with it."""
    removal = due(tmp_path / "gone" / "a", 10)
    (tmp_path / "gone" / "a").unlink()
    (tmp_path / "gone").rmdir()
    assert needed(outlay_of(store, [removal])) == 0


def test_a_folder_cannot_play_tricks_on_a_terminal() -> None:
    """Names of places are data."""
    assert "\x1b" not in shown(Outlay((Room("/a\x1b[31m", 1, 2),), 1, 300.0, 0), "zh")
