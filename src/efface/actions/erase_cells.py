"""Empty cells of SQLite databases that hold templates or samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.actions.due import Sieve
from efface.engines import sqlite_file
from efface.errors import FormatError, RemovalError
from efface.model import Method

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from efface.model import Finding, Limits

__all__ = ["EraseCells", "places_of"]

_TYPE = "application/vnd.sqlite3"
_SCHEMA = "/main."


class EraseCells:
    """Every cell that holds what was found becomes NULL, or empty where the column must hold something.

    A finding is a column, whose other cells stay as they are: `due` tells which are which. A text cell that
    only contains what was found loses that part (a string or a list of JSON, a long run of plain text). Rows
    stay. Indexes over the column follow; deleted rows, free pages and the planner's samples are not in the new
    database; triggers do not fire.

    Pictures at levels 2 and 3 all go, those without a face too; at level 1 they go only when all show one.

    Not promised: other databases, replicas, backups and exports of the same table.
    """

    name = "erase-cells"
    version = 1
    method = Method.CLEAR

    def accepts(self, media_type: str, finding: Finding) -> bool:
        """Return whether it is a column of such a database."""
        return (
            media_type == _TYPE
            and len(finding.locator.path) == 1
            and (finding.locator.fragment or "").startswith(_SCHEMA)
        )

    def remove(self, data: bytes, findings: Sequence[Finding], limits: Limits) -> bytes | None:
        """Return the database without what was found.

        Raises:
            RemovalError: A column is not there; a cell cannot be emptied without breaking something, or
                holds what was found among other things that cannot be told apart; a value has a copy
                elsewhere in the database; or pictures at level 1 do not all show a face.
        """
        try:
            places = places_of(sqlite_file.columns(data), findings)
            sieves = {place: Sieve(shares) for place, shares in places.items()}
            cells: dict[str, list[str]] = {}
            for table, column in places:
                cells.setdefault(table, []).append(column)

            def rest(table: str, column: str, value: bytes | str) -> bytes | str | None:
                sieves[table, column].count(value)
                return sieves[table, column].rest(value)

            result = sqlite_file.erase_bytes(data, cells, limits, rest)[0]
        except FormatError as error:
            raise RemovalError(f"the database cannot be rewritten: {error}") from None
        for sieve in sieves.values():
            sieve.check()
        return result


def places_of(
    known: dict[str, tuple[str, ...]], findings: Iterable[Finding]
) -> dict[tuple[str, str], list[Finding]]:
    """Return findings by table and column; names may hold dots and slashes, so the schema decides."""
    places = {f"{_SCHEMA}{table}/{column}": (table, column) for table in known for column in known[table]}
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        place = places.get(finding.locator.fragment or "")
        if place is None:
            raise RemovalError("the database has no such column as was found: it has changed")
        found.setdefault(place, []).append(finding)
    return found
