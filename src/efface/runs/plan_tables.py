"""What a plan says of a table or a large object of a server: what would break, and what could not be cleaned."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from efface.actions.erase_table_cells import EraseTableCells, UnlinkObject
from efface.errors import AccessError, EffaceError, UsageError
from efface.model import Limits, Method, RemovalStatus
from efface.runs.erase_table import columns_of, eraser_of
from efface.runs.remove_tables import enter_database
from efface.runs.targets import large_object_of
from efface.sources.credentials import kept

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.model import Finding, Removal
    from efface.runs.store import Store

__all__ = ["planned_table"]

_FINAL = "nothing is kept aside: once emptied, values cannot be brought back"
_COPIES = "replicas, backups, write-ahead and binary logs keep old values"


def planned_table(store: Store, removal: Removal, findings: Sequence[Finding]) -> Removal:
    """Return a planned removal with its action and with what it would break, a sentence in each line.

    A server that cannot be entered now leaves the plan as it is; applying it says so again.
    """
    action = EraseTableCells() if large_object_of(removal.target) is None else UnlinkObject()
    planned = replace(removal, actions=(f"{action.name}@{action.version}",), method=Method.CLEAR)
    limits = Limits()
    try:
        if not kept(removal.target.container.uri):  # entered for the table before
            enter_database(store, removal.target.container, limits)
        eraser = eraser_of(removal.target, list(columns_of(findings)), limits, lambda _: None)
        try:
            outlook = eraser.outlook()
        finally:
            eraser.close()
    except (AccessError, UsageError) as error:
        return replace(planned, reason=f"what would break cannot be told now: {error}")
    except EffaceError as error:
        return replace(planned, status=RemovalStatus.UNSUPPORTED, actions=(), reason=str(error))
    if outlook.refusal:
        return replace(planned, status=RemovalStatus.UNSUPPORTED, actions=(), reason=outlook.refusal)
    missing = [f"cannot be done by this user: {step}" for step in outlook.missing]
    return replace(planned, reason="\n".join((*outlook.notes, *missing, _COPIES, _FINAL)))
