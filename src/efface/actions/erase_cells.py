"""Empty columns of SQLite databases that hold templates or samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.engines import sqlite_file
from efface.errors import FormatError, RemovalError
from efface.model import Method

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from efface.model import Finding, Limits

__all__ = ["EraseCells"]

_TYPE = "application/vnd.sqlite3"
_SCHEMA = "/main."


class EraseCells:
    """Every cell of a column becomes NULL, or empty where the column must hold something; rows stay.

    A finding is a column, so the column goes, in all its rows. Indexes over it follow; deleted rows, free
    pages and the planner's samples are not in the new database; triggers do not fire.

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
        """Return the database with the columns emptied.

        Raises:
            RemovalError: A column is not there, cannot be emptied without breaking something, or has a copy
                elsewhere in the database.
        """
        try:
            cells = _cells(sqlite_file.columns(data), findings)
            return sqlite_file.erase_bytes(data, cells, limits)[0]
        except FormatError as error:
            raise RemovalError(f"the database cannot be rewritten: {error}") from None

    def remove_file(self, source: Path, out: Path, findings: Sequence[Finding], limits: Limits) -> None:
        """Write a database file with the columns emptied, with what lies in its log taken in.

        Args:
            source: The database; never written. Its `-wal`, `-shm` and `-journal` are the caller's to remove.
            out: A path that does not exist yet.
            findings: As for `remove`.
            limits: Budgets.

        Raises:
            RemovalError: As for `remove`; then `out` does not exist.
        """
        try:
            known = sqlite_file.columns_of_file(source, limits)
            sqlite_file.erase(source, out, _cells(known, findings), limits)
        except FormatError as error:
            raise RemovalError(f"the database cannot be rewritten: {error}") from None


def _cells(known: dict[str, tuple[str, ...]], findings: Iterable[Finding]) -> dict[str, list[str]]:
    """Return the columns that the findings name; names may hold dots and slashes, so the schema decides."""
    places = {f"{_SCHEMA}{table}/{column}": (table, column) for table in known for column in known[table]}
    cells: dict[str, list[str]] = {}
    for finding in findings:
        place = places.get(finding.locator.fragment or "")
        if place is None:
            raise RemovalError("the database has no such column as was found: it has changed")
        if place[1] not in cells.setdefault(place[0], []):
            cells[place[0]].append(place[1])
    return cells
