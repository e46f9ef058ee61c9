"""Places of a certificate's removals are drawn by a stated seed, and looked at where they were."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

import pytest

from efface.model import Locator
from efface.report.marks import Resampled
from efface.runs.record import finding_ref, target_ref
from efface.runs.resample import draw, resample
from efface.runs.returned import Against
from efface.runs.scan import ScanOptions, scan
from efface.runs.store import Store
from efface.testing.records import finger_minutiae_record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = 6


@pytest.fixture(scope="module")
def removed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Against, Path]]:
    """A run that found something in six files and took all of them away, and what a certificate says of it."""
    folder = tmp_path_factory.mktemp("removed") / "hall"
    folder.mkdir()
    for number in range(FILES):
        (folder / f"{number}.fmr").write_bytes(finger_minutiae_record(number))
    with Store(str(folder.parent / "run")) as store:
        scan(store, ScanOptions((str(folder),), jobs=1))
        with store.transaction():
            store.keep_scanned()
        for finding in tuple(store.findings()):
            _remove(store, finding.id, finding.locator.container)
        yield store, Against(store.run_id, "", sum(1 for _ in store.ledger.read()), "", FILES), folder


def _remove(store: Store, identity: str, target: Locator) -> None:
    with open(target.path[0], "rb") as file:
        before = store.keyed(hashlib.sha256(file.read()).hexdigest())
    shutil.move(target.path[0], f"{store.path}-{target.path[0].rpartition('/')[2]}")
    begun = {"ref": target_ref(store, target), "kind": "removal_intent"}
    more = {"findings": [finding_ref(store, identity)], "actions": ["erase-file@1"], "method": "clear"}
    ready = {"ref": begun["ref"], "after": None, "residue": 0}
    with store.transaction():
        store.ledger.append({**begun, **more, "before": before})
        store.ledger.append({**ready, "kind": "removal_ready"})
        store.ledger.append({**ready, "kind": "removal_done", "status": "removed"})


def test_what_is_gone_is_gone(removed: tuple[Store, Against, Path]) -> None:
    """All six were drawn, and none is there."""
    store, against, _ = removed
    found = resample(store, against, 30, "a")
    assert (found.places, found.drawn, found.gone, found.back, found.unreachable) == (
        FILES,
        FILES,
        FILES,
        (),
        (),
    )


def test_what_is_back_is_named_whether_found_or_equal(removed: tuple[Store, Against, Path]) -> None:
    """A file as it was, and another file in its place in which the same is found; one without it is gone."""
    store, against, folder = removed
    try:
        shutil.copy(f"{store.path}-0.fmr", folder / "0.fmr")
        (folder / "1.fmr").write_bytes(finger_minutiae_record(9))
        (folder / "2.fmr").write_text("nothing\n")
        found = resample(store, against, 30, "a")
    finally:
        for path in folder.iterdir():
            path.unlink()
    assert sorted(place.path[0].rpartition("/")[2] for place in found.back) == ["0.fmr", "1.fmr"]
    assert (found.gone, found.unreachable) == (FILES - 2, ())


def test_what_cannot_be_looked_at_is_not_gone(removed: tuple[Store, Against, Path]) -> None:
    """A broken file in its place, or the whole target away."""
    store, against, folder = removed
    try:
        (folder / "0.fmr").write_bytes(b"\xff\xd8\xff\xe0" + bytes(200))
        broken = resample(store, against, 30, "a")
    finally:
        (folder / "0.fmr").unlink()
    folder.rename(folder.with_name("away"))
    try:
        away = resample(store, against, 3, "a")
    finally:
        folder.with_name("away").rename(folder)
    assert len(broken.unreachable) == 1
    assert (away.gone, len(away.unreachable)) == (0, 3)
    assert away.miss_chance(0.5) == 1.0


def test_a_seed_draws_the_same_whatever_the_order() -> None:
    """And another seed draws others; no more than there are."""
    places = [f"/data/{n}.jpg" for n in range(200)]
    one = draw(places, 10, "seed")
    assert one == draw(reversed(places), 10, "seed")
    assert len(set(one)) == 10
    assert one != draw(places, 10, "seed 2")
    assert len(draw(places[:3], 10, "seed")) == 3
    assert one[0] == min(places, key=lambda place: hashlib.sha256(f"seed\n{place}".encode()).digest())


def sampled(places: int, looked_at: int) -> Resampled:
    return Resampled("s", places, 0, looked_at, (), ())


CHANCES = {
    "nothing looked at": (sampled(100, 0), 0.1, 1.0),
    "one of ten": (sampled(10, 1), 0.1, 0.9),
    "all": (sampled(10, 10), 0.01, 0.0),
    "more than what is clean": (sampled(10, 8), 0.3, 0.0),
    "without replacement": (sampled(10, 2), 0.2, 8 / 10 * 7 / 9),
    "at least one is taken to be back": (sampled(10, 5), 0.01, 0.5),
    "no place at all": (sampled(0, 0), 0.1, 1.0),
}


@pytest.mark.parametrize(("found", "share", "chance"), CHANCES.values(), ids=CHANCES.keys())
def test_the_chance_of_a_miss_is_that_of_drawing_without_replacement(
    found: Resampled, share: float, chance: float
) -> None:
    """It counts what was looked at, and nothing that could not be."""
    assert found.miss_chance(share) == pytest.approx(chance)
    closed = Resampled("s", found.places, 0, 0, (), (Locator("file", ("/x",)),) * found.gone)
    assert closed.miss_chance(share) == 1.0
