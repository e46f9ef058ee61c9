"""Which cells of a server's table go, and which large objects: decided here, done where the database is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.actions.due import Sieve
from efface.errors import RemovalError
from efface.model import COLLECTION_TYPE, Method

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from efface.model import Finding

__all__ = ["EraseTableCells", "TableSieve", "UnlinkObject"]

_LARGE_OBJECT = "pg_largeobject/"
_IN_OBJECT = 2  # names in the path of a finding in a large object


class TableSieve:
    """Decides over the values of the columns of one table, as `due` does for a file's.

    Args:
        columns: The findings of each column.
    """

    def __init__(self, columns: Mapping[str, Sequence[Finding]]) -> None:
        self._sieves = {name: Sieve(findings) for name, findings in columns.items()}

    def rest(self, column: str, value: bytes | str) -> bytes | str | None:
        """Return what is to stay of one value: itself, a part, or None for nothing."""
        return self._sieves[column].rest(value)

    def counted(self, column: str, value: bytes | str) -> bytes | str | None:
        """Return what `rest` does, and count the value if it is a picture; once for each cell."""
        self._sieves[column].count(value)
        return self.rest(column, value)

    def check(self) -> None:
        """Raise RemovalError when some pictures showed no face and nothing ties them to a person."""
        for sieve in self._sieves.values():
            sieve.check()


class EraseTableCells:
    """Every cell that holds what was found becomes NULL, or empty where the column must hold something.

    As in a file, `due` tells which cells those are, and a text that only contains what was found loses that part.
    Rows and keys stay. Unlike a file, a table has no replacement that could be looked at first.

    Not promised: replicas, backups, archives of logs, and other tables into which values were copied.
    """

    name = "erase-table-cells"
    version = 1
    method = Method.CLEAR

    def accepts(self, media_type: str, finding: Finding) -> bool:
        """Return whether it is a column of a table on a server."""
        return media_type == COLLECTION_TYPE and len(finding.locator.path) == 1

    def sieve(self, columns: Mapping[str, Sequence[Finding]]) -> TableSieve:
        """Return what decides over the values of the columns of one table.

        Raises:
            RemovalError: There is none.
        """
        if not columns:
            raise RemovalError("no column was named")
        return TableSieve(columns)


class UnlinkObject:
    """A large object goes as a whole; columns that name it keep its number, which then stands for nothing."""

    name = "unlink-object"
    version = 1
    method = Method.CLEAR

    def accepts(self, media_type: str, finding: Finding) -> bool:
        """Return whether it lies in a large object."""
        path = finding.locator.path
        return media_type == COLLECTION_TYPE and len(path) >= _IN_OBJECT and path[1].startswith(_LARGE_OBJECT)
