"""Carry a plan out on copies: what a removal would leave can be looked at before anything is changed.

A rehearsal is a run of its own in a folder of its own, by the same steps as a removal (`remove.apply`). Its ledger
says in its second entry that it is a rehearsal, and no schema of a certificate has such an entry. Originals are
only read. Copies from which nothing could be removed are overwritten and taken away again, so that no further copy
of what was found is left; a kill in the middle leaves copies, and the folder is its owner's alone.

Tables of servers are not rehearsed: a copy of one would lie in the same database, in its logs and in its replicas.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from efface import __version__
from efface.errors import UsageError
from efface.model import Locator, RemovalStatus, Unit, printable
from efface.runs import replace as places
from efface.runs.bound import refuse_inside
from efface.runs.codec import encode
from efface.runs.exit_code import ExitCode
from efface.runs.outcome import of_removals
from efface.runs.outlay import outlay_of, refuse_without_room, take_pace
from efface.runs.plan import Plan
from efface.runs.remove import apply
from efface.runs.store import Store
from efface.runs.targets import is_table
from efface.sources.filesystem import Filesystem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from efface.model import Finding, Limits, Removal

__all__ = ["NOT_REHEARSED", "Rehearsal", "rehearse"]

NOT_REHEARSED = (
    "a table of a server is not rehearsed: its copy would lie in the server's own files, logs and replicas"
)
_CHANGED = "it is not what was scanned: scan it again"
_BESIDE = ("-wal", "-journal")
"""What a database has beside it that is part of it."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of a rehearsal.

    Attributes:
        removals: Where each removal stands; the targets of those that were tried are the copies.
        originals: The original of each copy, by the copy's path.
    """

    removals: tuple[Removal, ...]
    originals: dict[str, str]

    @property
    def exit_code(self) -> ExitCode:
        """What it comes to: failed, not told of everything, or done as asked."""
        failed = of_removals(self.removals)
        untold = any(removal.status is RemovalStatus.PLANNED for removal in self.removals)
        return ExitCode.GAPS if untold and not failed else failed


def rehearse(  # noqa: PLR0913 - what a removal depends on
    store: Store, plan: Plan, folder: str, as_of: date, *, jobs: int = 0, limits: Limits | None = None
) -> Rehearsal:
    """Carry a plan out on copies in a folder, and write there what came of it (`rehearsal.json`).

    Args:
        store: The run; only the rate that is measured is written into it.
        plan: What to do.
        folder: Where; it is made, or is empty, and lies in no target of the run.
        as_of: The day for which the plan was made.
        jobs: Processes; 0 for one per core.
        limits: Budgets.

    Raises:
        UsageError: The folder cannot be used, or has too little room; nothing is copied.

    Not promised: that the same will come of the originals. Rights, other programs and room may differ.
    """
    folder = os.path.realpath(folder)
    planned = [removal for removal in plan.removals if removal.status is RemovalStatus.PLANNED]
    refuse_inside(store, folder)
    refuse_without_room(outlay_of(store, planned, jobs, kept_in=folder, beside=False))
    _make(folder)
    others = [each for each in plan.removals if each.status is not RemovalStatus.PLANNED]
    with Store(os.path.join(folder, "rehearsal.sqlite")) as own:
        copies = _Copies(store, own, folder)
        files = [each for each in planned if not is_table(each.target)]
        copied = [copies.copied(each) for each in files]
        ways = {
            copy.target: plan.files[file.target]
            for file, copy in zip(files, copied, strict=True)
            if file.target in plan.files
        }
        tables = [replace(each, reason=NOT_REHEARSED) for each in planned if is_table(each.target)]
        done = apply(
            own,
            Plan(tuple(each for each in copied if each.status is RemovalStatus.PLANNED), 0, plan.ways, ways),
            None,
            as_of,
            jobs=jobs,
            limits=limits,
        )
        failed = [each for each in copied if each.status is RemovalStatus.FAILED]
        take_pace(store, own)
    for removal in (*done, *failed):
        _tidy(removal)
    every = sorted((*done, *failed, *tables, *others), key=lambda removal: removal.target.uri)
    result = Rehearsal(tuple(every), copies.originals)
    _report(store, folder, result)
    return result


def _make(folder: str) -> None:
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        is_empty = not os.listdir(folder)
        os.chmod(folder, 0o700)
    except OSError as error:
        raise UsageError(f"{printable(folder)}: cannot be used: {error.strerror}") from None
    if not is_empty:
        raise UsageError(f"{printable(folder)}: is not empty", to_do="Name a new folder.")


class _Copies:
    """The copies of one rehearsal, and the run that knows them."""

    def __init__(self, store: Store, own: Store, folder: str) -> None:
        self._store = store
        self._own = own
        self._files = os.path.join(folder, "files")
        self.originals: dict[str, str] = {}
        with own.transaction():
            opened = {"kind": "run_opened", "run": own.run_id, "tool_version": __version__, "targets": 1}
            own.ledger.append(opened)
            own.ledger.append({"kind": "rehearsal_opened", "of": store.run_id})
            own.set_meta("targets", json.dumps([self._files]))
            own.set_meta("mode", store.meta("mode"))
            for key in ("started_at", "finished_at"):
                own.set_meta(key, store.meta(key))

    def copied(self, removal: Removal) -> Removal:
        """Copy a target and tell the rehearsal's run what was found in it; return the removal from the copy."""
        if removal.target.scheme != "file":
            return replace(
                removal, status=RemovalStatus.FAILED, reason="it is no file: nothing here can change it"
            )
        original = removal.target.path[0]
        copy = self._files + original
        self.originals[copy] = original
        try:
            os.makedirs(os.path.dirname(copy), mode=0o700, exist_ok=True)
            shutil.copy2(original, copy, follow_symlinks=False)
            for ending in _BESIDE:
                with suppress(FileNotFoundError):
                    shutil.copy2(original + ending, copy + ending, follow_symlinks=False)
            digest = places.digest_of(copy)
        except OSError as error:
            failed = replace(removal, status=RemovalStatus.FAILED, target=Locator.of_file(copy))
            return replace(failed, reason=f"it cannot be copied: {error.strerror}")
        moved = replace(removal, target=Locator.of_file(copy))
        if digest is None or self._store.keyed(digest) != self._store.content(removal.target.uri):
            return replace(moved, status=RemovalStatus.FAILED, reason=_CHANGED)
        ids = self._known(removal.target, moved.target, digest)
        return replace(moved, finding_ids=tuple(ids[each] for each in removal.finding_ids if each in ids))

    def _known(self, target: Locator, copy: Locator, digest: str) -> dict[str, str]:
        """Write what was found in a target as found in its copy; return the new ids by the old ones."""
        findings = list(self._store.findings(target.uri))
        moved = [replace(each, locator=_moved(each.locator, copy)) for each in findings]
        gaps = [replace(each, locator=_moved(each.locator, copy)) for each in self._store.gaps(target.uri)]
        unit = Unit(copy.uri, os.stat(copy.path[0]).st_size, "", "filesystem")
        unit = replace(unit, stamp=Filesystem().stamp(unit))
        result: dict[str, Any] = {"artefacts": 1, "scanned": 1, "bytes": unit.size_bytes, "sha256": digest}
        result |= {"findings": [encode(each) for each in moved], "gaps": [encode(each) for each in gaps]}
        with self._own.transaction():
            self._own.list_units([unit], 0)
            self._own.finish_unit(unit, "rehearsal", result)
        return _ids(findings, moved)


def _moved(place: Locator, copy: Locator) -> Locator:
    return replace(place, path=(copy.path[0], *place.path[1:]))


def _ids(findings: Sequence[Finding], moved: Sequence[Finding]) -> dict[str, str]:
    return {one.id: other.id for one, other in zip(findings, moved, strict=True)}


def _tidy(removal: Removal) -> None:
    """Overwrite and take away a copy from which nothing was removed, and what lies beside one."""
    path = removal.target.path[0]
    if removal.target.scheme == "file":
        failed = removal.status is not RemovalStatus.REMOVED
        for each in (*((path,) if failed else ()), *(path + ending for ending in (*_BESIDE, "-shm"))):
            if os.path.islink(each):
                os.unlink(each)
            else:
                places.wipe(each)


def _report(store: Store, folder: str, result: Rehearsal) -> None:
    told = {
        "schema": "efface/rehearsal/v1",
        "rehearsal_of": store.run_id,
        "removals": [_told(result, removal) for removal in result.removals],
    }
    path = os.path.join(folder, "rehearsal.json")
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        json.dump(told, file, ensure_ascii=True, indent=1)


def _told(result: Rehearsal, removal: Removal) -> dict[str, Any]:
    original = result.originals.get(removal.target.path[0])
    is_there = original is not None and os.path.lexists(removal.target.path[0])
    return {
        "target": removal.target.uri if original is None else Locator.of_file(original).uri,
        "copy": removal.target.uri if is_there else None,
        "status": removal.status.value,
        "reason": removal.reason,
        "actions": list(removal.actions),
        "method": removal.method.value,
        "findings": len(removal.finding_ids),
        "residue": removal.residue,
    }
