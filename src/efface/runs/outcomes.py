"""Where removals stand, in the ledger and in the run file, always written together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from efface.model import Removal, RemovalStatus
from efface.runs.record import finding_ref, target_ref
from efface.runs.targets import findings_at, is_table, units_at
from efface.sources.filesystem import Filesystem

if TYPE_CHECKING:
    from efface.runs.store import Store

__all__ = ["Outcomes"]


class Outcomes:
    """The removals of a run, from the intent to the end; nothing here touches a place."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def open(self) -> dict[str, dict[str, Any] | None]:
        """Return removals without an outcome, by pseudonym, with what was ready."""
        found: dict[str, dict[str, Any] | None] = {}
        for entry in self.store.ledger.read():
            if entry["kind"] == "removal_intent":
                found[entry["ref"]] = None
            elif entry["kind"] == "removal_ready":
                found[entry["ref"]] = entry
            elif entry["kind"] in ("removal_done", "removal_failed"):
                found.pop(entry["ref"], None)
        return found

    def by_ref(self, ref: str) -> Removal | None:
        """Return the removal behind a pseudonym; None where the run file knows none."""
        matching = (
            each
            for each in self.store.removals()
            if each.status is not RemovalStatus.HELD and target_ref(self.store, each.target) == ref
        )
        return next(matching, None)

    def never_begun(self, removal: Removal, detail: str) -> Removal:
        """Write that a removal could not begin: of its target nothing was touched."""
        failed = replace(removal, status=RemovalStatus.FAILED, reason=detail)
        with self.store.transaction():
            self.store.set_removal(failed)
        return failed

    def intend(self, removal: Removal, told: dict[str, Any] | None = None) -> None:
        """Write that a target is about to be changed, and with it what a device is about to be told."""
        with self.store.transaction():
            self.store.ledger.append(
                {
                    "kind": "removal_intent",
                    "ref": target_ref(self.store, removal.target),
                    "findings": [finding_ref(self.store, each) for each in removal.finding_ids],
                    "actions": list(removal.actions),
                    "method": removal.method,
                    "before": removal.before,
                }
            )
            if told is not None:
                self.store.ledger.append(told)
            self.store.set_removal(removal)

    def done(self, removal: Removal, after: str | None, result: dict[str, Any] | None) -> Removal:
        """Write that a removal is done, and what its target holds now, together."""
        done = replace(
            removal,
            status=RemovalStatus.REMOVED,
            after=after or "",
            residue=0,
            performed_at=datetime.now(UTC),
        )
        units = units_at(self.store, removal.target)
        with self.store.transaction():
            self.store.ledger.append(
                {
                    "kind": "removal_done",
                    "ref": target_ref(self.store, removal.target),
                    "after": after,
                    "residue": 0,
                    "status": "removed",
                }
            )
            removed = [
                each for each in findings_at(self.store, removal.target) if each.id in removal.finding_ids
            ]
            self.store.keep_removed(removed)
            self.store.set_removal(done)
            for unit in units:
                if is_table(removal.target) or (after is not None and result is None):
                    self.store.look_again(unit.uri, removal.finding_ids)
                elif after is None or result is None:
                    self.store.forget_unit(unit.uri)
                else:
                    self.store.replace_results(replace(unit, stamp=Filesystem().stamp(unit)), result)
        return done

    def ready(self, removal: Removal, after: str | None, cleaned: dict[str, Any] | None = None) -> None:
        """Write that what is to take a target's place is checked; of a database, what was cleaned before."""
        ref = target_ref(self.store, removal.target)
        with self.store.transaction():
            if cleaned is not None:
                self.store.ledger.append({"kind": "removal_cleaned", "ref": ref, **cleaned})
            self.store.ledger.append({"kind": "removal_ready", "ref": ref, "after": after, "residue": 0})

    def sealed(self, removal: Removal, fields: dict[str, Any]) -> None:
        """Write that the original of a removal is kept, encrypted for the holder of a key."""
        with self.store.transaction():
            ref = target_ref(self.store, removal.target)
            self.store.ledger.append({"kind": "removal_sealed", "ref": ref, **fields})

    def fail(self, removal: Removal, word: str, detail: str) -> Removal:
        """Write that a removal that began has failed."""
        failed = replace(removal, status=RemovalStatus.FAILED, reason=detail)
        with self.store.transaction():
            self._failed_entry_inside(target_ref(self.store, removal.target), word)
            self.store.set_removal(failed)
        return failed

    def unfinished(self, removal: Removal, detail: str) -> Removal:
        """Tell that a removal is not at its end; it stays open in the ledger, and the next application ends it."""
        open_still = replace(removal, status=RemovalStatus.FAILED, reason=detail)
        with self.store.transaction():
            self.store.set_removal(open_still)
        return open_still

    def end_unknown(self, ref: str, word: str) -> None:
        """Write that a removal has failed of which the run file knows no more than its pseudonym."""
        with self.store.transaction():
            self._failed_entry_inside(ref, word)

    def _failed_entry_inside(self, ref: str, word: str) -> None:
        self.store.ledger.append({"kind": "removal_failed", "ref": ref, "reason": word, "status": "failed"})
