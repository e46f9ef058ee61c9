"""What a plan says of a table or a large object of a server: in which way it goes, what would break, what stays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from efface.actions.erase_table_cells import UnlinkObject
from efface.actions.table_ways import action_by, proposed
from efface.errors import AccessError, EffaceError, UsageError
from efface.model import Limits, Method, RemovalStatus, Way
from efface.runs.erase_table import columns_of, eraser_of
from efface.runs.remove_tables import enter_database
from efface.runs.targets import large_object_of
from efface.sources.credentials import kept
from efface.sources.database_url import column_of, fragment_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from efface.actions.erase_table_cells import EraseTableCells
    from efface.actions.table_ways import Ways
    from efface.engines.database_erase import Outlook
    from efface.model import Case, Finding, Removal
    from efface.runs.store import Store

__all__ = ["HELD", "TablePlanner", "proposed_for", "refuse_unknown"]

_FINAL = "nothing is kept aside: once emptied, values cannot be brought back"
_COPIES = "replicas, backups, write-ahead and binary logs keep old values"
HELD = "a hold covers something else in it: empty the cells instead"


def refuse_unknown(ways: Ways, due: Iterable[Finding]) -> None:
    """Refuse a way for a table in which nothing is due: its name may be misspelt.

    Raises:
        UsageError: There is such a way.
    """
    known = {name for name in map(_table_of, due) if name}
    unknown = sorted(ways.of.keys() - known)
    if unknown:
        raise UsageError(
            f"nothing is due in a table called {unknown[0][:60]!r}",
            to_do=f"Known here: {', '.join(sorted(known)[:10]) or 'none'}.",
        )


def _table_of(finding: Finding) -> str:
    try:
        schema, table, _ = column_of(finding.locator.fragment or "")
    except ValueError:
        return ""
    return f"{schema}.{table}"


@dataclass(frozen=True, slots=True)
class TablePlanner:
    """Plans removals from tables and large objects.

    Attributes:
        store: The run.
        ways: What the user decided.
        case: The case, for its holds.
        as_of: The day for which holds count.
    """

    store: Store
    ways: Ways
    case: Case | None
    as_of: date

    def planned(self, removal: Removal, findings: Sequence[Finding]) -> Removal:
        """Return a planned removal with its action and with what it would break, a sentence in each line.

        A server that cannot be entered now leaves the plan as it is; applying it says so again.
        """
        is_object = large_object_of(removal.target) is not None
        name = ".".join(rows_of(removal.target.fragment or "")[:2])
        way = Way.NULL if is_object else self.ways.chosen(name)
        action: EraseTableCells | UnlinkObject = UnlinkObject() if is_object else action_by(way or Way.NULL)
        planned = replace(removal, actions=(_versioned(action),), method=Method.CLEAR)
        try:
            if way is None:
                way = proposed_for(self._outlook(removal, findings, Way.NULL), removal)
                planned = replace(planned, actions=(_versioned(action_by(way)),))
            outlook = self._outlook(removal, findings, way)
        except (AccessError, UsageError) as error:
            return replace(planned, reason=f"what would break cannot be told now: {error}")
        except EffaceError as error:
            return replace(planned, status=RemovalStatus.UNSUPPORTED, actions=(), reason=str(error))
        better = proposed_for(outlook, removal) if way is Way.NULL else Way.NULL
        advice = [] if better is Way.NULL else [f"proposed: {better.value}", f"--by {better.value}={name}"]
        refusal = outlook.refusal or (HELD if way is not Way.NULL and self._is_held(outlook, removal) else "")
        if refusal:
            told = advice if way is Way.NULL else outlook.notes
            reason = "\n".join((refusal, *told))
            return replace(planned, status=RemovalStatus.UNSUPPORTED, actions=(), reason=reason)
        missing = [f"cannot be done by this user: {step}" for step in outlook.missing]
        return replace(planned, reason="\n".join((*outlook.notes, *advice, *missing, _COPIES, _FINAL)))

    def _outlook(self, removal: Removal, findings: Sequence[Finding], way: Way) -> Outlook:
        limits, base = Limits(), removal.target.container
        if not kept(base.uri):  # entered for the table before
            enter_database(self.store, base, limits)
        columns = list(columns_of(findings))
        cascade = self.ways.cascade
        eraser = eraser_of(removal.target, columns, limits, lambda _: None, way=way, cascade=cascade)
        try:
            return eraser.outlook()
        finally:
            eraser.close()

    def _is_held(self, outlook: Outlook, removal: Removal) -> bool:
        """Return whether a hold of the case covers a column in which nothing was found."""
        if self.case is None or outlook.beside is None:
            return False
        schema, table = rows_of(removal.target.fragment or "")[:2]
        places = [
            removal.target.container.at(fragment_of(schema, table, column=name))
            for name in outlook.beside.names
        ]
        return any(self.case.hold_on(place, self.as_of) is not None for place in places)


def proposed_for(outlook: Outlook, removal: Removal) -> Way:
    """Return the way that is proposed for a table."""
    beside = outlook.beside
    if beside is None:
        return Way.NULL
    return proposed(
        columns=beside.columns, facts=beside.facts, filled=beside.filled, kinds=removal.verdict_kinds
    )


def _versioned(action: EraseTableCells | UnlinkObject) -> str:
    return f"{action.name}@{action.version}"
