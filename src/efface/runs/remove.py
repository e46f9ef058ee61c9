"""Carry out a plan: new content made and looked at, intent, replaced in one step, outcome; then the next.

    (a worker makes the new content beside the target and looks at it)
    removal_intent -> (removal_sealed: with a quarantine, the original lies there, encrypted) ->
                   -> removal_ready -> rename -> removal_done
                   -> removal_failed: the original is intact

Each arrow's left side is on disk before the right side begins, so after a kill the target is either as
before, and the removal is begun anew, or as after, and its outcome is written. In the end it is written how well
recognisers still know the faces (`reidentify`); of removals whose process was killed nobody can say. Tables of a
database have nothing beside them that could take their place; `remove_tables` tells what stands for it.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from efface.errors import AccessError, EffaceError
from efface.examine import look_named
from efface.model import Limits, Method, Mode, Recognition, Removal, RemovalStatus, Unit
from efface.runs import replace as places
from efface.runs import sealing
from efface.runs.approval import approved_entry
from efface.runs.codec import decode, encode
from efface.runs.derived import settle
from efface.runs.keeping import keeping
from efface.runs.outcomes import Outcomes
from efface.runs.outlay import measured, outlay_of, refuse_without_room
from efface.runs.pool import Done, Lost, Pool
from efface.runs.record import finding_ref, target_ref
from efface.runs.reidentify import Reidentification
from efface.runs.remove_tables import Tables
from efface.runs.sealing import open_quarantine
from efface.runs.targets import findings_at, is_table
from efface.sources.device import is_device
from efface.sources.filesystem import Filesystem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from efface.model import Case, Locator
    from efface.runs.approval import Approval
    from efface.runs.plan import Plan
    from efface.runs.sealing import Quarantine
    from efface.runs.store import Store

__all__ = ["apply"]


_UNTOLD = "whether it was replaced cannot be told, since it cannot be read: apply the plan again"
_OLD_IS_LEFT = "it was replaced, and the old content beside it could not be overwritten: apply the plan again"


def _no_step(_name: str) -> None:
    return


def apply(  # noqa: PLR0913 - what a removal depends on
    store: Store,
    plan: Plan,
    case: Case | None,
    as_of: date,
    *,
    jobs: int = 0,
    limits: Limits | None = None,
    progress: Callable[[int, int], None] | None = None,
    step: Callable[[str], None] = _no_step,
    approval: Approval | None = None,
    quarantine: Quarantine | None = None,
) -> tuple[Removal, ...]:
    """Remove what a plan says, and return where each removal stands.

    Args:
        store: The run.
        plan: What to do.
        case: The case, to name the holds.
        as_of: The day for which holds count.
        jobs: Processes; 0 for one per core.
        limits: Budgets.
        progress: Called with how many of how many targets are done.
        step: Called before each change to a place, for tests that kill the process there.
        approval: The signed plan and who applies it, in a run under the rule of two persons.
        quarantine: Where originals are kept, encrypted for the holder of a key; None for nowhere.

    Raises:
        UsageError: There is too little room, a database does not let the user in, or two persons are needed;
            nothing is changed.
        EvidenceError: The signed plan is another one; nothing is changed.
    """
    limits = limits or Limits()
    removals = _Removals(store, case, as_of, step, plan)
    removals.limits = limits
    tables = Tables(store, limits, cascade=plan.ways.cascade)
    approved = approved_entry(store, plan, approval)
    removals.recover()
    planned = [removal for removal in plan.removals if removals.is_open(removal)]
    if quarantine is not None:
        removals.quarantine = open_quarantine(store, quarantine, planned, datetime.now(UTC).date())
    refuse_without_room(outlay_of(store, planned, jobs, kept_in=quarantine.folder if quarantine else ""))
    tables.enter(planned)
    removals.note(plan, planned, approved)
    results = [removal for removal in plan.removals if removal.status is not RemovalStatus.PLANNED]
    results += tables.apply(planned, jobs)
    tasks = list(removals.begin(each for each in planned if not is_table(each.target)))
    if tasks:
        mode = Mode(store.meta("mode"))
        size_bytes = sum(task["size_bytes"] for task in tasks)
        look = look_named(store.meta("look", "data"))
        workers = Pool(min(jobs or os.cpu_count() or 1, len(tasks)), mode, limits, look)
        with measured(store, size_bytes), workers as pool:
            for number, outcome in enumerate(pool.run(iter(tasks)), start=1):
                results.append(removals.finish(outcome))
                if progress is not None:
                    progress(number, len(tasks))
    results = removals.told(results) + removals.refused
    copies = settle(store, case, as_of, taken=plan.with_derived)
    results = [_with_counts(each, copies) for each in results]
    return tuple(sorted(results, key=lambda removal: removal.target.uri))


def _with_counts(removal: Removal, copies: dict[str, tuple[int, int]]) -> Removal:
    """Return a removal that tells what became of the derived copies of its target."""
    if removal.status is not RemovalStatus.REMOVED or removal.target.uri not in copies:
        return removal
    erased, left = copies[removal.target.uri]
    return replace(removal, reason=f"{erased} derived copies are gone, {left} are left")


def _digest_of(path: str) -> str | None:
    """Return the digest of a target, or None when it is not there or cannot be read."""
    try:
        return places.digest_of(path)
    except OSError:
        return None


def _log_of(target: Locator) -> str | None:
    """Return the stamp of the log beside a database, "" when there is none, None when the target is gone."""
    try:
        return Filesystem().stamp(Unit(target.uri, 0, "", "filesystem")).partition("+")[2]
    except AccessError:
        return None


class _Removals:
    """One application of a plan: the only place that changes what users keep."""

    def __init__(
        self,
        store: Store,
        case: Case | None,
        as_of: date,
        step: Callable[[str], None],
        plan: Plan,
    ) -> None:
        self.store = store
        self.limits = Limits()
        self.quarantine: Quarantine | None = None
        self.ways = plan.ways
        self.files = plan.files
        self.case = case
        self.as_of = as_of
        self.step = step
        self.outcomes = Outcomes(store)
        self.faces = Reidentification()
        self.refused: list[Removal] = []
        self.untold: set[Locator] = set()

    # -- after a kill ----------------------------------------------------------------------------------

    def recover(self) -> None:
        """End every removal that a killed run left open, by what its target holds now."""
        for ref, ready in self.outcomes.open().items():
            removal = self.outcomes.by_ref(ref)
            if removal is None:
                self.outcomes.end_unknown(ref, "interrupted")
                continue
            if is_table(removal.target) or is_device(removal.target.uri):
                continue  # it goes on where it stopped
            path = removal.target.path[0]
            try:
                now = places.digest_of(path)
            except OSError:  # what it holds cannot be told: nothing is claimed
                self.refused.append(self.outcomes.unfinished(removal, _UNTOLD))
                self.untold.add(removal.target)
                continue
            replaced = ready is not None and ready["after"] == (
                None if now is None else self.store.keyed(now)
            )
            places.tidy(path, places.new_name(path, ref), places.old_name(path, ref), replaced=replaced)
            if replaced and ready is not None:
                sealing.kept(self.store, removal)
                self.outcomes.done(removal, ready["after"], None)
            else:
                sealing.forget(self.store, removal)
                self.outcomes.fail(removal, "interrupted", "an earlier run was stopped before the change")

    def is_open(self, removal: Removal) -> bool:
        """Return whether something of a planned removal is still to be done: a killed run may have done it."""
        if removal.target in self.untold:
            return False
        there = {finding.id for finding in findings_at(self.store, removal.target)}
        return removal.status is RemovalStatus.PLANNED and bool(there & set(removal.finding_ids))

    # -- before ----------------------------------------------------------------------------------------

    def note(self, plan: Plan, planned: list[Removal], approved: dict[str, Any] | None) -> None:
        """Write the plan, who approved it, and what is held, before anything begins."""
        known = set(self.store.removals())
        holding = {subject: fired.id for subject, fired in keeping(self.store).items()}
        with self.store.transaction():
            if planned and approved:
                self.store.ledger.append(approved)
            if planned:
                self.store.ledger.append({"kind": "removal_planned", "removals": len(planned)})
            for removal in plan.removals:
                if removal.status is RemovalStatus.HELD and removal not in known:
                    self.store.ledger.append(self._held_entry(removal, holding))
                    self.store.set_removal(removal)

    def _held_entry(self, removal: Removal, holding: dict[str, str]) -> dict[str, Any]:
        """Return the entry of a held removal: the case file's hold where one covers it, else the rule."""
        here = findings_at(self.store, removal.target)
        findings = [each for each in here if each.id in removal.finding_ids]
        covering = self.case.hold_on(findings[0].locator, self.as_of) if self.case else None
        hold = self.case.holds.index(covering) if self.case and covering else None
        rule = next((holding[each.id] for each in findings if each.id in holding), None)
        return {
            "kind": "removal_held",
            "ref": target_ref(self.store, removal.target),
            "findings": [finding_ref(self.store, each) for each in removal.finding_ids],
            "rule": rule if hold is None else None,
            "hold": hold,
        }

    def begin(self, planned: Iterable[Removal]) -> Iterator[dict[str, Any]]:
        """Yield the task that prepares each target; one that changed since the scan is refused."""
        for removal in planned:
            if removal.target.scheme != "file":  # its name must not be taken for that of a file
                self.refused.append(
                    self.outcomes.never_begun(removal, "it is no file: nothing here can change it")
                )
                continue
            path = removal.target.path[0]
            unit = self.store.unit(removal.target.uri)
            now = _digest_of(path)
            unchanged = unit and now and self.store.keyed(now) == self.store.content(unit.uri)
            if unit is None or not unchanged or not removal.actions:
                detail = "it is not what was scanned: scan it again"
                self.refused.append(self.outcomes.never_begun(removal, detail))
                continue
            ref = target_ref(self.store, removal.target)
            findings = list(self.store.findings(unit.uri))
            due = [finding for finding in findings if finding.id in removal.finding_ids]
            kept = [finding for finding in findings if finding.id not in removal.finding_ids]
            yield {
                "task": "prepare",
                "key": unit.uri,
                "unit": encode(unit),
                "removal": encode(removal),
                "gaps": [[gap.locator.uri, gap.reason] for gap in self.store.gaps(unit.uri)],
                "due": [encode(finding) for finding in due],
                "kept": [encode(finding) for finding in kept],
                "out": places.new_name(path, ref),
                "ways": dict(self.files.get(removal.target, {})),
                "cascade": self.ways.cascade,
                "size_bytes": unit.size_bytes,
            }

    # -- after -----------------------------------------------------------------------------------------

    def finish(self, outcome: Done | Lost) -> Removal:
        """Replace one target when its new content holds, and write the outcome."""
        removal = self._as_planned(outcome)
        temporary = outcome.task["out"]
        try:
            if isinstance(outcome, Lost):
                return self.outcomes.fail(
                    removal, outcome.reason.value, f"preparing it ended its process ({outcome.reason})"
                )
            return self._replace(removal, outcome.result, temporary)
        finally:
            with suppress(OSError):  # also a name that is too long: then it was never made
                os.unlink(temporary)

    def _as_planned(self, outcome: Done | Lost) -> Removal:
        """Return the removal with what preparing it told, and write that it is about to be done."""
        result = outcome.result if isinstance(outcome, Done) else {}
        planned: Removal = decode(outcome.task["removal"])
        method = Method(result.get("method", planned.method))
        if self.quarantine is not None and method in (Method.PURGE, Method.DESTROY):
            method = Method.CLEAR  # what can be brought back was neither purged nor destroyed
        removal = replace(
            planned,
            finding_ids=tuple(finding["id"] for finding in outcome.task["due"]),
            actions=tuple(result.get("actions", planned.actions)),
            method=method,
            before=self.store.content(planned.target.uri),
        )
        self.outcomes.intend(removal)
        return removal

    def _replace(self, removal: Removal, result: dict[str, Any], temporary: str) -> Removal:
        if "error" in result:
            return self._failed(removal, result["error"], result["detail"])
        if result["residue"]:
            count = len(result["residue"])
            detail = f"a thorough look at the result still found {count}; the result was thrown away"
            return self._failed(replace(removal, residue=count), "residue", detail)
        if not self._is_as_prepared(removal, result):
            return self._failed(removal, "changed", "it is not what was scanned: scan it again")
        return self._put_in_place(removal, result, temporary)

    def _is_as_prepared(self, removal: Removal, result: dict[str, Any]) -> bool:
        """Return whether a target is what was scanned, and what its new content was made from."""
        same_log = result["log"] == _log_of(removal.target)
        is_scanned = self.store.keyed(result["before"]) == removal.before
        return same_log and is_scanned and result["before"] == _digest_of(removal.target.path[0])

    def _put_in_place(self, removal: Removal, result: dict[str, Any], temporary: str) -> Removal:
        path = removal.target.path[0]
        after = None if result["after"] is None else self.store.keyed(result["after"])
        old = places.old_name(path, target_ref(self.store, removal.target))
        try:
            if self.quarantine is not None:
                removal = self._sealed(removal, self.quarantine, result["before"])
            self.outcomes.ready(removal, after)
            if after is None:
                places.erase(path, old, step=self.step)
            else:
                places.settle_database(path, step=self.step)
                places.replace(path, temporary, old, step=self.step)
        except EffaceError as error:
            return self._failed(removal, "not-writable", str(error))
        except OSError as error:
            is_replaced = self._is_replaced(path, after)
            if is_replaced is None:
                return self.outcomes.unfinished(removal, _UNTOLD)
            if not is_replaced:
                word = "no-space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "not-writable"
                return self._failed(removal, word, f"it cannot be replaced: {error.strerror}")
            sealing.kept(self.store, removal)
            try:  # the new content is in place, so the removal is done once the old is overwritten
                places.tidy(path, temporary, old, replaced=True)
            except OSError:
                return self.outcomes.unfinished(removal, _OLD_IS_LEFT)
        self.step("outcome")
        sealing.kept(self.store, removal)
        done = self.outcomes.done(removal, after, result["result"])
        self.faces.add(target_ref(self.store, removal.target), result["faces"])
        return done

    def _is_replaced(self, path: str, after: str | None) -> bool | None:
        """Return whether a target holds what it was to become, whatever went wrong then; None where nobody can say."""
        try:
            now = places.digest_of(path)
        except OSError:
            return None
        return after == (None if now is None else self.store.keyed(now))

    def _failed(self, removal: Removal, word: str, detail: str) -> Removal:
        """Write that a removal has failed; its original is in place, so none is kept elsewhere."""
        sealing.forget(self.store, removal)
        return self.outcomes.fail(removal, word, detail)

    def _sealed(self, removal: Removal, quarantine: Quarantine, sha256: str) -> Removal:
        """Keep the original, encrypted, before anything of it is changed."""
        self.step("seal")
        fields = sealing.seal(self.store, quarantine, removal, sha256, self.limits)
        self.outcomes.sealed(removal, fields)
        return replace(removal, reason=sealing.sealed_text(quarantine))

    def told(self, results: list[Removal]) -> list[Removal]:
        """Write how well recognisers still know the faces that were removed; where they do, it has failed."""
        entry = self.faces.entry()
        if entry is None:
            return results
        with self.store.transaction():
            self.store.ledger.append(entry)
            if entry["outcome"] != Recognition.CONTRADICTED:
                return results
            failed = [self._still_known(removal, entry["removals"]) for removal in results]
            for removal in failed:
                self.store.set_removal(removal)
        return failed

    def _still_known(self, removal: Removal, refs: list[str]) -> Removal:
        if removal.status is not RemovalStatus.REMOVED or target_ref(self.store, removal.target) not in refs:
            return removal
        detail = "recognisers find the persons in what is left more often than by chance: remove it whole"
        return replace(removal, status=RemovalStatus.FAILED, reason=detail)
