"""Hold a run file to the targets that it was opened with, so that its re-scan is of what was scanned.

A ledger counts its targets once, and a certificate says of one re-scan that it was of all of them. A scan of
anything else, of less, or with weaker eyes would make that sentence false, so it is refused before the run is
touched. A look for what came back (`--against`) may be of other targets; it leaves no entry in the ledger.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from efface.errors import UsageError
from efface.model import Mode, RemovalStatus, printable
from efface.runs.record import removal_began
from efface.runs.roots import name_of
from efface.sources.database_url import is_database, parse_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.runs.store import Store

__all__ = ["bind", "is_elsewhere", "names_of", "refuse_elsewhere", "refuse_inside", "targets_to_list"]

_BOUND = "bound"
_ELSEWHERE = "elsewhere"
_UNTOUCHED = "The run file and its ledger are as they were."


def names_of(targets: Sequence[str]) -> list[str]:
    """Return one name for each target, whatever way it was written: a real path, or the address as it is."""
    return [parse_address(each).locator.uri if is_database(each) else name_of(each) for each in targets]


def targets_to_list(store: Store, targets: Sequence[str], mode: Mode, *, elsewhere: bool) -> list[str]:
    """Return the targets that a scan has to list: those named, without files that this run has taken away.

    Args:
        store: The run.
        targets: What the user named.
        mode: How hard the scan looks.
        elsewhere: Whether it may be of other targets, because it leaves no entry in the ledger.

    Raises:
        UsageError: The run is of other targets, or something was removed and the scan before looked harder.
    """
    if not store.ledger.size or elsewhere:
        return list(targets)
    gone = _gone(store)
    named = dict(zip(names_of(targets), targets, strict=True))
    opened = _opened(store)
    if missing := [name for name in opened if name not in named and name not in gone]:
        raise _refused(f"it is of {printable(missing[0])}, too, which is not named")
    if others := [name for name in named if name not in opened]:
        raise _refused(f"{printable(others[0])} is no target of it")
    _refuse_weaker(store, mode)
    return [target for name, target in named.items() if name not in gone]


def _refused(why: str) -> UsageError:
    return UsageError(
        f"this run file is of other targets: {why}",
        untouched=_UNTOUCHED,
        to_do="Name the targets of the first scan, or scan others into a run file of their own (--run).",
    )


def _refuse_weaker(store: Store, mode: Mode) -> None:
    if not removal_began(store):
        return
    scans = [entry["mode"] for entry in store.ledger.read() if entry["kind"] == "scan_finished"]
    modes = list(Mode)
    if scans and modes.index(mode) < modes.index(Mode(scans[-1])):
        raise UsageError(
            f"a re-scan must look as hard as the scan before the first removal, which was {scans[-1]}",
            untouched=_UNTOUCHED,
            to_do=f"Scan again with --mode {scans[-1]}.",
        )


def bind(store: Store, targets: Sequence[str]) -> None:
    """Write, in the caller's transaction, which targets a run is of, and whether this scan is of others."""
    names = names_of(targets)
    if not store.ledger.size:
        store.set_meta(_BOUND, json.dumps(names))
    known, gone = set(_opened(store)), _gone(store)
    store.set_meta(_ELSEWHERE, "" if known - gone <= set(names) <= known else "1")


def is_elsewhere(store: Store) -> bool:
    """Return whether the last scan was of other targets than those of the run."""
    return bool(store.meta(_ELSEWHERE, ""))


def refuse_elsewhere(store: Store) -> None:
    """Refuse to remove what the last scan found in targets that are not the run's.

    Raises:
        UsageError: The last scan looked for what came back, in other targets.
    """
    if is_elsewhere(store):
        raise UsageError(
            "the last scan of this run file was of other targets (--against)",
            to_do="Scan these into a run file of their own (--run) and remove from there.",
        )


def refuse_inside(store: Store, folder: str) -> None:
    """Refuse a folder for copies of which a re-scan would find what lies in it.

    Raises:
        UsageError: It lies in a target of the run, or is one.
    """
    for target in names_of(json.loads(store.meta("targets", "[]"))):
        if folder == target or folder.startswith(target.rstrip(os.sep) + os.sep):
            raise UsageError(
                f"{printable(folder)}: lies in a target of the run, where a re-scan would find the copies",
                to_do="Name a folder outside the targets.",
            )


def _opened(store: Store) -> list[str]:
    kept = store.meta(_BOUND, "")
    if kept:
        names: list[str] = json.loads(kept)
        return names
    return names_of(json.loads(store.meta("targets", "[]")))


def _gone(store: Store) -> set[str]:
    """Return the files that this run has taken away as a whole and that are not there again."""
    paths = (
        removal.target.path[0]
        for removal in store.removals()
        if removal.target.scheme == "file" and removal.status is RemovalStatus.REMOVED and not removal.after
    )
    return {path for path in paths if not os.path.lexists(path)}
