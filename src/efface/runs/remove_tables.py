"""Carry out the part of a plan that lies in databases, where nothing can be made beside the original.

    (a worker looks at the whole table: it is as scanned, and so it is to become)
    removal_intent -> batches, each checked before its commit -> written anew, searched, looked at again
                   -> removal_cleaned, removal_ready -> removal_done
                   -> removal_failed: the original is intact, or (`partial`) partly emptied

What the table is to become is kept in the run file beside the intent. A run that was killed leaves the intent
open; the next one finds the table on its way there, whatever batches were done, and goes on. A table that
somebody else changed is not on that way: it is refused, and to be scanned again.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from efface.actions.table_ways import way_of
from efface.errors import UnsupportedError, UsageError
from efface.model import Mode, Way
from efface.runs.codec import decode, encode
from efface.runs.outcomes import Outcomes
from efface.runs.pool import Done, Lost, Pool
from efface.runs.record import target_ref
from efface.runs.targets import findings_at, is_table, large_object_of, units_at
from efface.sources.database import enter
from efface.sources.database_url import is_database, parse_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from efface.model import Limits, Locator, Removal
    from efface.runs.store import Store

__all__ = ["Tables", "enter_database"]


def enter_database(store: Store, base: Locator, limits: Limits) -> None:
    """Enter a database by the address under which the run knows it.

    Raises:
        UsageError: It does not let the user in, or no target of the run is this database.
        UnsupportedError: Its driver is not installed.
    """
    for target in json.loads(store.meta("targets", "[]")):
        if is_database(target) and parse_address(target).locator == base:
            enter(target, limits)
            return
    raise UsageError("the database is no target of this run", to_do="Scan it again by its address.")


class Tables:
    """One application of the tables and large objects of a plan."""

    def __init__(self, store: Store, limits: Limits, *, cascade: bool = False) -> None:
        self._store = store
        self._cascade = cascade
        self._limits = limits
        self._outcomes = Outcomes(store)
        self._results: list[Removal] = []

    def enter(self, planned: Iterable[Removal]) -> None:
        """Enter every database that something is to be removed from, before anything is changed anywhere.

        Raises:
            UsageError: One does not let the user in.
        """
        targets = [removal.target for removal in (*planned, *self._stopped()) if is_table(removal.target)]
        for base in dict.fromkeys(target.container for target in targets):
            try:
                enter_database(self._store, base, self._limits)
            except UnsupportedError as error:
                raise UsageError(str(error)) from None

    def apply(self, planned: Iterable[Removal], jobs: int) -> list[Removal]:
        """Do it, those first that an earlier run left open, and return where each removal stands."""
        stopped = self._stopped()
        going_on = {removal.target for removal in stopped}
        fresh = [each for each in planned if is_table(each.target) and each.target not in going_on]
        first = [
            self._task("survey", removal, resumed=removal.target in going_on)
            for removal in (*stopped, *fresh)
        ]
        if not first:
            return self._results
        count = min(jobs or os.cpu_count() or 1, len(first))
        with Pool(count, Mode.THOROUGH, self._limits) as pool:
            surveyed = list(pool.run(iter(first)))
            for outcome in pool.run(self._begin(surveyed)):
                self._results.append(self._finish(outcome))
        return self._results

    # -- what is open ----------------------------------------------------------------------------------

    def _stopped(self) -> list[Removal]:
        """Return the removals that a killed run left open; one that was ready is ended here."""
        found = []
        for ref, ready in self._outcomes.open().items():
            removal = self._outcomes.by_ref(ref)
            if removal is None or not is_table(removal.target):
                continue
            if ready is None:
                found.append(removal)
            else:
                self._results.append(self._done(removal, ready["after"]))
        return found

    def _pending(self, removal: Removal) -> dict[str, Any]:
        """Return what a removal that stopped in the middle began with and was to reach; empty where none did."""
        kept: dict[str, Any] = json.loads(self._store.meta(self._name(removal), "{}"))
        return kept if kept.get("findings") == sorted(removal.finding_ids) else {}

    def _name(self, removal: Removal) -> str:
        return f"table:{target_ref(self._store, removal.target)}"

    # -- one after another -----------------------------------------------------------------------------

    def _task(self, kind: str, removal: Removal, *, resumed: bool) -> dict[str, Any]:
        findings = list(findings_at(self._store, removal.target))
        units = units_at(self._store, removal.target)
        return {
            "task": kind,
            "key": removal.target.uri,
            "removal": encode(removal),
            "resumed": resumed,
            "after": self._pending(removal).get("after", ""),
            "cascade": self._pending(removal).get("cascade", self._cascade),
            "stamps": [unit.stamp for unit in units],
            "gaps": [[gap.locator.uri, gap.reason] for unit in units for gap in self._store.gaps(unit.uri)],
            "due": [encode(each) for each in findings if each.id in removal.finding_ids],
            "kept": [encode(each) for each in findings if each.id not in removal.finding_ids],
            "secret": self._store.meta("secret"),
            "size_bytes": 0,
        }

    def _begin(self, surveyed: list[Done | Lost]) -> Iterator[dict[str, Any]]:
        """Write the intent of each removal that may begin, and yield its task; refuse the others."""
        for outcome in surveyed:
            removal: Removal = decode(outcome.task["removal"])
            resumed = bool(outcome.task["resumed"])
            is_fresh = isinstance(outcome, Done) and outcome.result.get("fresh", False)
            pending = {} if is_fresh else self._pending(removal)
            refusal = self._refusal(outcome, pending)
            if refusal is not None:
                self._results.append(self._refused(removal, *refusal, resumed=resumed))
                continue
            assert isinstance(outcome, Done)  # noqa: S101 - a loss is a refusal
            due = tuple(each["id"] for each in outcome.task["due"])
            begun = replace(removal, finding_ids=due, before=pending.get("before", outcome.result["before"]))
            if not resumed:
                self._keep(begun, outcome.result["after"])
                self._outcomes.intend(begun)
            again = self._task("erase_table", begun, resumed=resumed or bool(pending))
            yield again | {"after": outcome.result["after"]}

    @staticmethod
    def _refusal(outcome: Done | Lost, pending: dict[str, Any]) -> tuple[str, str] | None:
        """Return why a removal may not begin, as a word of the ledger and a sentence; None where it may."""
        if isinstance(outcome, Lost):
            return outcome.reason.value, f"looking at it ended its process ({outcome.reason})"
        result = outcome.result
        if "error" in result:
            return result["error"], result["detail"]
        removal: Removal = decode(outcome.task["removal"])
        goes_whole = large_object_of(removal.target) is not None or way_of(removal.actions) is Way.TABLE
        other = goes_whole and result["before"] not in (result["after"], pending.get("before", ""))
        if pending and (result["after"] != pending["after"] or other):
            return "changed", "it is not what was scanned: scan it again"
        if not pending and not result["due"]:
            return "unsupported", "no value in it can be told to be what was found"
        return None

    def _refused(self, removal: Removal, word: str, detail: str, *, resumed: bool) -> Removal:
        if resumed:  # it began: some of it may be gone
            return self._outcomes.fail(removal, "partial", detail)
        del word  # nothing was touched, so the ledger has nothing to tell
        return self._outcomes.never_begun(removal, detail)

    def _keep(self, removal: Removal, after: str) -> None:
        kept = {
            "before": removal.before,
            "after": after,
            "findings": sorted(removal.finding_ids),
            "cascade": self._cascade,
        }
        self._store.set_meta(self._name(removal), json.dumps(kept))

    def _finish(self, outcome: Done | Lost) -> Removal:
        removal: Removal = decode(outcome.task["removal"])
        if isinstance(outcome, Lost):
            detail = f"emptying it ended its process ({outcome.reason}): some of it may be gone"
            return self._outcomes.fail(removal, "partial", detail)
        result = outcome.result
        if "error" in result:
            is_partial = result["partial"] or outcome.task["resumed"]
            return self._outcomes.fail(
                removal, "partial" if is_partial else result["error"], result["detail"]
            )
        if result["residue"]:
            count = len(result["residue"])
            detail = f"a look at the result still found {count}"
            return self._outcomes.fail(replace(removal, residue=count), "partial", detail)
        way = way_of(removal.actions)
        after = None if way is Way.TABLE else outcome.task["after"] or None
        self._outcomes.ready(removal, after, {"done": result["done"], "not_done": result["not_done"]})
        return self._done(replace(removal, reason=_left(result, way)), after)

    def _done(self, removal: Removal, after: str | None) -> Removal:
        done = self._outcomes.done(removal, after, None)
        self._store.set_meta(self._name(removal), "{}")
        return done


_TOLD = {
    Way.NULL: "{} values were emptied",
    Way.ROW: "{} rows were deleted",
    Way.COLUMN: "{} values went with their column",
    Way.TABLE: "{} values went with their table",
}


def _left(result: dict[str, Any], way: Way) -> str:
    """Return what was done beside the values themselves, a sentence each line."""
    told = [_TOLD[way].format(result["cells"])]
    if "files" in result["done"]:
        told.append(
            f"{result['fragments']} fragments of them were in the server's files, and are there no longer"
        )
    told += [f"not done: {step}" for step in result["not_done"]]
    return "\n".join(told)
