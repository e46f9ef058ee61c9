"""Derived copies of what was removed: named in the plan, taken away when the user says so, else told to be left.

What goes whole is overwritten and removed under its own name, so that a killed run finds it again; what loses only
its faces is replaced in one step, as any target is. Histories of git are never touched: the plan has the commands.
"""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from efface.errors import EffaceError
from efface.model import Locator, Removal, RemovalStatus
from efface.runs import replace as places
from efface.runs.record import target_ref
from efface.sources.derived_copies import KINDS, Copy, copies_of, without_faces

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from efface.model import Case
    from efface.runs.store import Store

__all__ = ["settle", "with_copies"]

_GOES = {kind.name for kind in KINDS if kind.goes}
_MAX_TOLD = 20


def with_copies(removals: Iterable[Removal], *, taken: bool) -> tuple[Removal, ...]:
    """Return planned removals that name the derived copies of their files.

    Args:
        removals: Of a plan.
        taken: Whether they are to go, too.
    """
    removals = tuple(removals)
    planned = {each.target.path[0] for each in removals if each.target.scheme == "file"}
    result = []
    for removal in removals:
        copies = _copies(removal, planned) if removal.status is RemovalStatus.PLANNED else []
        lines = [removal.reason] if removal.reason else []
        lines += _told(copies, removal.target.path[0], taken=taken) if copies else []
        result.append(replace(removal, reason="\n".join(lines)))
    return tuple(result)


def _copies(removal: Removal, others: set[str]) -> list[Copy]:
    """Return derived copies of a target that are no targets themselves."""
    if removal.target.scheme != "file":
        return []
    return [each for each in copies_of(removal.target.path[0]) if each.path not in others]


def _told(copies: list[Copy], path: str, *, taken: bool) -> list[str]:
    count = len(copies)
    words = "go with it" if taken else "stay: --with-derived takes them, too"
    lines = [f"{count} derived copies {words}"]
    lines += [f"{each.kind}: {each.path}" for each in copies[:_MAX_TOLD]]
    for each in copies:
        if each.kind == "git-history":
            lines += _commands(os.path.dirname(each.path), path)
    return lines


def _commands(tree: str, path: str) -> list[str]:
    """Return what a person may run; it changes every later commit, and what others have cloned stays."""
    inside = shlex.quote(os.path.relpath(path, tree))
    at = f"git -C {shlex.quote(tree)}"
    return [
        "its history is never changed by itself: after agreeing with all who cloned it, run",
        f"{at} filter-repo --invert-paths --path {inside}",
        f"{at} reflog expire --expire=now --all",
        f"{at} gc --prune=now",
    ]


def settle(store: Store, case: Case | None, as_of: date, *, taken: bool) -> dict[str, tuple[int, int]]:
    """Take derived copies of removed files away, or count them; write both to the ledger.

    Args:
        store: A run after its removals.
        case: The case: what its holds cover stays, and so do copies of a file in which something is held.
        as_of: The day for which holds count.
        taken: Whether the user wants them gone.

    Returns:
        By target: how many are gone now, and how many are left.
    """
    removals = list(store.removals())
    held = {each.target for each in removals if each.status is RemovalStatus.HELD}
    done = list({each.target: each for each in removals if each.status is RemovalStatus.REMOVED}.values())
    targets = {each.target.path[0] for each in done if each.target.scheme == "file"}
    last = {
        entry["ref"]: (entry["erased"], entry["left"])
        for entry in store.ledger.read()
        if entry["kind"] == "removal_derived"
    }
    result = {}
    for removal in done:
        copies = _copies(removal, targets)
        ref = target_ref(store, removal.target)
        free = [copy for copy in copies if not _is_held(copy, case, as_of)]
        may = taken and removal.target not in held
        erased = sum(_is_gone(copy, removal.target.path[0], ref) for copy in free) if may else 0
        before = last.get(ref, (0, 0))
        now = (before[0] + erased, len(copies) - erased)
        if now != before:
            with store.transaction():
                entry = {"kind": "removal_derived", "ref": ref, "erased": now[0], "left": now[1]}
                store.ledger.append(entry)
        if any(now):
            result[removal.target.uri] = now
    return result


def _is_held(copy: Copy, case: Case | None, as_of: date) -> bool:
    return case is not None and case.hold_on(Locator("file", (copy.path,)), as_of) is not None


def _is_gone(copy: Copy, path: str, ref: str) -> bool:
    """Take one copy away as its kind says; return whether it is gone."""
    if copy.kind not in _GOES:
        return False
    new, old = places.new_name(copy.path, ref), places.old_name(copy.path, ref)
    with suppress(OSError, EffaceError):
        places.tidy(copy.path, new, old, replaced=True)
        if os.path.islink(copy.path) or not os.path.isfile(copy.path):
            return False
        with open(copy.path, "rb") as file:
            left = without_faces(copy, file.read(), path)
        if left is None:
            places.wipe(copy.path)
            return True
        descriptor = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(left)
            file.flush()
            os.fsync(file.fileno())
        places.replace(copy.path, new, old, step=lambda _: None)
        return True
    return False
