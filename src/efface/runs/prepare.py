"""Make the content that is to take a target's place, beside it, and look at it before anything is replaced.

Nothing of the target is changed here; the caller replaces it when the result holds.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from efface.actions import pulse
from efface.actions.erase_tables import EraseTables
from efface.actions.rewrite_archive import erase
from efface.engines.sqlite_ways import residue_left
from efface.errors import (
    EffaceError,
    FormatError,
    LimitExceededError,
    RemovalError,
    ResidueError,
    UnsupportedError,
)
from efface.model import Finding, Method, Way
from efface.runs.codec import decode
from efface.runs.reidentify import FacesBefore
from efface.runs.residue import lost_from, residue_of
from efface.runs.sealing import content_of
from efface.runs.tally import Tally
from efface.sources.filesystem import Filesystem
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from efface.engines.residue import Fragments
    from efface.examine import Examiner
    from efface.model import Action, Limits, Part
    from efface.sources.payloads import FilePayload

__all__ = ["Eyes", "prepare"]


@dataclass(frozen=True, slots=True)
class Eyes:
    """Who looks at a result: in the mode of the scan, and in the mode `thorough`, which may be the same."""

    scanning: Examiner
    thorough: Examiner


_STRENGTH = [Method.REDACT, Method.CLEAR, Method.PURGE, Method.DESTROY]


def prepare(
    task: dict[str, Any], eyes: Eyes, limits: Limits, at: Callable[[str], None] = lambda _uri: None
) -> dict[str, Any]:
    """Do one task "prepare" and return what came of it; `at` is told every second or so that work goes on.

    The task holds the unit, the findings that are due, those that stay, the gaps (place and reason) that there
    were, and the path of the temporary file. The result holds `log` (stamp of a database's log before it was
    read), `before` and `after` (SHA-256 of the contents, `after` None when nothing of the target is to stay),
    `residue` (ids of what is still found), the results of looking again, what is left of the faces (`faces`, with
    templates that are to stay in memory: see `reidentify`), the actions used and their method; or `error` with one
    word of the ledger's vocabulary and a sentence.
    """
    unit = decode(task["unit"])
    due = [decode(finding) for finding in task["due"]]
    kept = [decode(finding) for finding in task["kept"]]
    try:
        log = Filesystem().stamp(unit).partition("+")[2]
        part = Filesystem().open(unit, limits)
        payload = cast("FilePayload", part.payload)
        before = hashlib.sha256(payload.read()).hexdigest()
        with pulse.heard(lambda: at(unit.uri)):
            faces = FacesBefore(part, due, kept, limits)
            content, left, names, removed = _by_ways(content_of(payload, limits), task, due, limits)
            outcome = erase(content, payload.path, left, limits)
            if removed is not None and outcome.data is not None:
                residue_left(outcome.data, removed)
        if outcome.data is not None:
            _write(task["out"], outcome.data)
        result = None if outcome.data is None else replace(part, payload=BytesPayload(outcome.data))
        looked_at, lost = _looked_at(result, due, kept, eyes)
        if lost:
            raise RemovalError(f"{lost} findings in it that are to stay would be lost with it")
        if _new_gaps(looked_at["result"], task["gaps"]):
            raise FormatError(
                "parts of the result cannot be looked at: whether anything is left cannot be told"
            )
        traces, known = faces.after(result)
        if known and not looked_at["residue"]:
            raise ResidueError(f"a recogniser still knows {known} of the faces; the result was thrown away")
        return {
            "before": before,
            "log": log,
            "faces": traces,
            **looked_at,
            **_used(outcome.actions, names),
        }
    except EffaceError as error:
        return {"error": _word(error), "detail": str(error)}
    except OSError as error:
        word = "no-space" if error.errno in (28, 122) else "not-writable"  # ENOSPC, EDQUOT
        return {"error": word, "detail": f"the new content cannot be written: {error.strerror}"}


def _word(error: EffaceError) -> str:
    if isinstance(error, LimitExceededError):
        return "over-limit"
    if isinstance(error, UnsupportedError):
        return "unsupported"
    if isinstance(error, ResidueError):
        return "residue"
    if isinstance(error, RemovalError):
        return "unsupported"
    return "unreadable" if isinstance(error, FormatError) else "not-writable"


def _by_ways(
    data: bytes, task: dict[str, Any], due: list[Finding], limits: Limits
) -> tuple[bytes, list[Finding], list[str], Fragments | None]:
    """Let rows, columns and tables of a database go first, where the user decided so; the rest is as before."""
    ways = {table: Way(way) for table, way in task.get("ways", {}).items()}
    if not ways:
        return data, due, [], None
    action = EraseTables(ways, cascade=bool(task["cascade"]))
    result, left, removed, names = action.remove(data, due, limits)
    return result, left, names, removed


def _used(actions: Sequence[Action], names: Sequence[str]) -> dict[str, Any]:
    """Return the actions, and the strongest method that is true of all of it."""
    methods = [action.method for action in actions] + [Method.CLEAR] * bool(names)
    return {
        "actions": [*names, *(f"{action.name}@{action.version}" for action in actions)],
        "method": min(methods, key=_STRENGTH.index),
    }


def _write(path: str, data: bytes) -> None:
    """Write a new file for its owner only; the caller gives it the mode of the original."""
    with suppress(FileNotFoundError):
        os.unlink(path)  # what a killed run left
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _new_gaps(result: dict[str, Any] | None, before: list[list[str]]) -> bool:
    """Return whether something cannot be looked at in a result that could be before: "nothing found" proves nothing."""
    known = {(uri, reason) for uri, reason in before}
    return result is not None and any((gap["uri"], gap["reason"]) not in known for gap in result["gaps"])


def _looked_at(
    result: Part | None, due: list[Finding], kept: list[Finding], eyes: Eyes
) -> tuple[dict[str, Any], int]:
    """Look at the result; name what is still there, and count what is lost.

    Once with the eyes that found, whose results take the place of the scan's, and once as hard as can be.
    """
    if result is None:
        return {"after": None, "residue": [], "result": None}, len(kept)
    tally = Tally()
    found = []
    for each in eyes.scanning.examine(result):
        tally.add(each)
        if isinstance(each, Finding):
            found.append(each)
    hardest = found
    if eyes.thorough is not eyes.scanning:
        hardest = [each for each in eyes.thorough.examine(result) if isinstance(each, Finding)]
    left = {finding.id for finding in (*residue_of(found, due, kept), *residue_of(hardest, due, kept))}
    after = hashlib.sha256(result.payload.read()).hexdigest()
    return {"after": after, "residue": sorted(left), "result": tally.result()}, len(lost_from(found, kept))
