"""Look again, on the spot, at some of the places from which a certificate says that data was removed.

Which are looked at is a stated draw: those whose SHA-256 of seed and place is smallest. Nobody who does not know the
seed beforehand can prepare for it, and whoever knows it afterwards can draw the same. A place counts as back where a
removed finding is found again, or the file is byte for byte what it was before its removal.

Not told: places in databases and stores, which are counted and not drawn; copies elsewhere, which a scan with
`--against` looks for.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from typing import TYPE_CHECKING

from efface.model import GapReason, Locator, Mode
from efface.report.marks import Resampled
from efface.runs.returned import Removals
from efface.runs.roots import name_of
from efface.runs.scan import ScanOptions, scan
from efface.runs.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from efface.runs.returned import Against

__all__ = ["draw", "resample"]


def draw(places: Iterable[str], count: int, seed: str) -> tuple[str, ...]:
    """Return the places that a seed draws: always the same ones of the same places, whatever their order."""
    keyed = sorted(
        (hashlib.sha256(f"{seed}\n{place}".encode("utf-8", "replace")).digest(), place) for place in places
    )
    return tuple(place for _, place in keyed[:count])


def resample(store: Store, against: Against, count: int, seed: str) -> Resampled:
    """Draw some places of a certificate's removals, and look at them where they were.

    Args:
        store: The run that the certificate is of, or a copy; it is not changed.
        against: The certificate; `require_held` has nothing against it.
        count: How many places are drawn at most.
        seed: What the draw is made with.
    """
    removals = Removals(store, against)
    files = [place for place in removals.places if place.scheme == "file"]
    drawn = draw((place.path[0] for place in files), count, seed)
    back, gone, closed = [], 0, []
    for path, is_back in _looked_at(store, removals, drawn).items():
        if is_back:
            back.append(Locator("file", (path,)))
        elif is_back is None:
            closed.append(Locator("file", (path,)))
        else:
            gone += 1
    return Resampled(seed, len(files), len(removals.places) - len(files), gone, tuple(back), tuple(closed))


def _looked_at(store: Store, removals: Removals, paths: tuple[str, ...]) -> dict[str, bool | None]:
    """Return for each path whether something is back there, or None where that could not be looked at."""
    roots = [name_of(target) for target in json.loads(store.meta("targets"))]
    result: dict[str, bool | None] = {path: _missing(path, roots) for path in paths}
    there = tuple(path for path in paths if os.path.isfile(path))
    if not there:
        return result
    with (
        tempfile.TemporaryDirectory(prefix="efface-") as folder,
        Store(os.path.join(folder, "run")) as second,
    ):
        scan(second, ScanOptions(there, Mode(store.meta("mode"))))
        found, gaps = tuple(second.findings()), tuple(second.gaps())
    again = {finding.locator.path[0] for finding in found if removals.is_there_again(finding)}
    closed = {gap.locator.path[0] for gap in gaps if gap.reason is not GapReason.IGNORED}
    for path in there:
        same = _holds_what_was(store, removals, path)
        result[path] = True if path in again or same else None if path in closed or same is None else False
    return result


def _missing(path: str, roots: list[str]) -> bool | None:
    """Return False for a file that is gone from a target that is there, None where the target itself is away."""
    inside = [root for root in roots if path == root or path.startswith(os.path.join(root, ""))]
    is_there = any(os.path.isdir(root if path != root else os.path.dirname(root)) for root in inside)
    return False if is_there else None


def _holds_what_was(store: Store, removals: Removals, path: str) -> bool | None:
    """Return whether a file is byte for byte what a removal took away, or None where it cannot be read."""
    try:
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
    return store.keyed(digest) in removals.before
