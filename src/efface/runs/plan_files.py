"""What a plan says of tables in a database file: in which way they go, and what would break."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from efface.actions.erase_cells import EraseCells
from efface.actions.erase_tables import file_action, wanted_of
from efface.engines import sqlite_file
from efface.engines.sqlite_ways import Wanted, outlook_of_table
from efface.errors import EffaceError
from efface.model import Limits, Removal, RemovalStatus, Way
from efface.runs.plan_tables import HELD, proposed_for
from efface.sources.database_url import column_of, fragment_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from efface.actions.table_ways import Ways
    from efface.engines.database_erase import Outlook
    from efface.model import Case, Finding, Locator

__all__ = ["FilePlanner"]

_SCHEMA = "main"
_CELLS = EraseCells()
_TYPE = "application/vnd.sqlite3"
_INSIDE = "of a database inside another file only cells can be emptied"


@dataclass(slots=True)
class FilePlanner:
    """Plans removals from database files.

    Attributes:
        ways: What the user decided.
        case: The case, for its holds.
        as_of: The day for which holds count.
        chosen: Of each file the tables that go otherwise than by cells.
    """

    ways: Ways
    case: Case | None
    as_of: date
    chosen: dict[Locator, dict[str, Way]] = field(default_factory=dict)

    def planned(self, removal: Removal, findings: Sequence[Finding]) -> Removal:
        """Return a planned removal with what becomes of its tables; one of another kind of file as it is."""
        if removal.status is not RemovalStatus.PLANNED:
            return removal
        if any(self._is_decided(each) and len(each.locator.path) > 1 for each in findings):
            return replace(removal, status=RemovalStatus.UNSUPPORTED, actions=(), reason=_INSIDE)
        if f"{_CELLS.name}@{_CELLS.version}" not in removal.actions:
            return removal
        try:
            return self._of_tables(removal, [each for each in findings if _CELLS.accepts(_TYPE, each)])
        except (EffaceError, OSError) as error:
            if any(map(self._is_decided, findings)):  # what was decided must not be done in another way
                return replace(removal, status=RemovalStatus.UNSUPPORTED, actions=(), reason=str(error))
            return removal  # applying the plan will say so

    def _is_decided(self, finding: Finding) -> bool:
        place = _place(finding)
        return place is not None and self.ways.chosen(f"{_SCHEMA}.{place}") is not Way.NULL

    def _of_tables(self, removal: Removal, findings: Sequence[Finding]) -> Removal:
        data = sqlite_file.whole(Path(removal.target.path[0]), Limits())
        every = {name: Way.ROW for name in map(_place, findings) if name}
        ways: dict[str, Way] = {}
        reasons = [removal.reason] if removal.reason else []
        for wanted in wanted_of(data, findings, every):
            outlook = outlook_of_table(data, wanted)
            better = proposed_for(outlook, removal)
            name = f"{_SCHEMA}.{wanted.table}"
            way = self.ways.chosen(name) or (better if self.ways.chosen(name) is None else Way.NULL)
            if way is Way.NULL:
                reasons += [f"proposed: {better.value}", f"--by {better.value}={name}"] * (better is not way)
                continue
            if self._is_held(removal, wanted, outlook):
                return replace(removal, status=RemovalStatus.UNSUPPORTED, actions=(), reason=HELD)
            ways[wanted.table] = way
            reasons += outlook_of_table(data, replace(wanted, way=way)).notes
        actions = [file_action(ways.get(table, Way.NULL)) for table in every]
        others = [each for each in removal.actions if not each.startswith(f"{_CELLS.name}@")]
        if ways:
            self.chosen[removal.target] = ways
        return replace(removal, actions=tuple(dict.fromkeys([*actions, *others])), reason="\n".join(reasons))

    def _is_held(self, removal: Removal, wanted: Wanted, outlook: Outlook) -> bool:
        if self.case is None or outlook.beside is None:
            return False
        places = (
            removal.target.at(fragment_of(_SCHEMA, wanted.table, column=name))
            for name in outlook.beside.names
        )
        return any(self.case.hold_on(place, self.as_of) is not None for place in places)


def _place(finding: Finding) -> str | None:
    """Return the table of a finding in a database file; None for others."""
    try:
        schema, table, _ = column_of(finding.locator.fragment or "")
    except ValueError:
        return None
    return table if schema == _SCHEMA else None
