"""Delete rows, drop columns or drop tables of an SQLite database, where the user decided so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.actions.due import Sieve
from efface.actions.erase_cells import EraseCells, places_of
from efface.engines import sqlite_file, sqlite_ways
from efface.engines.sqlite_ways import Wanted
from efface.errors import FormatError, RemovalError
from efface.model import Method, Way

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from efface.engines.residue import Fragments
    from efface.model import Finding, Limits

__all__ = ["EraseTables", "file_action", "wanted_of"]

_NAMES = {Way.ROW: "delete-rows", Way.COLUMN: "drop-columns", Way.TABLE: "drop-tables"}


def file_action(way: Way) -> str:
    """Return the name of the action that removes from a database file in one way."""
    return f"{_NAMES[way]}@1" if way is not Way.NULL else f"{EraseCells.name}@{EraseCells.version}"


def wanted_of(data: bytes, findings: Sequence[Finding], ways: Mapping[str, Way]) -> list[Wanted]:
    """Return what is to become of each table with another way than cells."""
    columns: dict[str, list[str]] = {}
    for table, column in places_of(sqlite_file.columns(data), findings):
        columns.setdefault(table, []).append(column)
    return [Wanted(table, tuple(columns[table]), ways[table]) for table in columns if ways.get(table)]


class EraseTables:
    """Rows, columns or tables go as a whole, by table; the rest stays as it is, bit by bit.

    Args:
        ways: Of each table in which way; tables that are not named are left to `erase-cells`.
        cascade: Whether rows of other tables may go as their keys say, and views may be left to fail.

    Not promised: other databases, replicas, backups and exports of the same tables.
    """

    method = Method.CLEAR
    version = 1

    def __init__(self, ways: Mapping[str, Way], *, cascade: bool = False) -> None:
        self._ways = ways
        self._cascade = cascade

    def remove(
        self, data: bytes, findings: Sequence[Finding], limits: Limits
    ) -> tuple[bytes, list[Finding], Fragments, list[str]]:
        """Return the database, the findings that are left to other actions, fragments, and names of actions.

        Raises:
            RemovalError: It cannot be done, or something else would change or break.
        """
        if len(data) > limits.artefact_bytes:
            raise RemovalError(f"the database has more than artefact_bytes = {limits.artefact_bytes}")
        try:
            places = places_of(sqlite_file.columns(data), findings)
            wanted = wanted_of(data, findings, self._ways)
            named = {each.table for each in wanted}
            sieves = {place: Sieve(shares) for place, shares in places.items() if place[0] in named}

            def rest(table: str, column: str, value: bytes | str) -> bytes | str | None:
                sieves[table, column].count(value)
                return sieves[table, column].rest(value)

            result, removed = sqlite_ways.remove(data, wanted, rest, cascade=self._cascade)
        except FormatError as error:
            raise RemovalError(f"the database cannot be rewritten: {error}") from None
        for sieve in sieves.values():
            sieve.check()
        left = [each for (table, _), shares in places.items() if table not in named for each in shares]
        return result, left, removed, sorted({file_action(each.way) for each in wanted})
