"""Take what was found out of columns of Parquet, Arrow (Feather) and ORC files."""

from __future__ import annotations

import io
import json
from functools import partial
from typing import TYPE_CHECKING, Any

from efface.actions.due import Sieve, is_due
from efface.engines import arrow_edit, arrow_leaves, arrow_tables, arrow_writing
from efface.errors import FormatError, RemovalError
from efface.formats import sniff
from efface.model import Method

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efface.engines.arrow_leaves import Leaf
    from efface.model import Finding, Limits

__all__ = ["EraseColumns"]


class EraseColumns:
    """Every value of a column that holds what was found becomes null, or empty where nulls may not be.

    Lists as long as the vectors that were found all go; of other lists those that read as a vector. A vector
    that is spread over many columns goes from all of them. Of texts and binary values `due` tells which go.
    Schema, order of rows, compression and metadata stay, and so do all other values; statistics, dictionaries
    and page indexes of the column tell of what is left in it.

    Not promised: encodings of pages, bloom filters; columns inside unions, run ends and list views are refused.
    """

    name = "erase-columns"
    version = 1
    method = Method.CLEAR

    def accepts(self, media_type: str, finding: Finding) -> bool:
        """Return whether it is a column of such a table."""
        fragment = finding.locator.fragment or ""
        return (
            media_type in arrow_tables.TYPES and len(finding.locator.path) == 1 and fragment.startswith("/*/")
        )

    def remove(self, data: bytes, findings: Sequence[Finding], limits: Limits) -> bytes | None:
        """Return the table without what was found.

        Raises:
            RemovalError: A column is not there or cannot be emptied; a value holds what was found among other
                things; pictures at level 1 do not all show a face; or the table cannot be written as it was.
        """
        shares: dict[str, list[Finding]] = {}
        for finding in findings:
            shares.setdefault(finding.locator.fragment or "", []).append(finding)
        try:
            kind, schema = _opened(data)
            with arrow_tables.told():
                found = [leaf for leaf in arrow_leaves.leaves(schema) if leaf.place in shares]
            if {leaf.place for leaf in found} != set(shares):
                raise RemovalError("the table has no such column as was found: it has changed")
            eraser = _Eraser(found, shares, schema)
            result = arrow_writing.rewritten(data, kind, eraser.edited, limits.unpacked_bytes)
        except FormatError as error:
            raise RemovalError(f"the table cannot be rewritten: {error}") from None
        eraser.check()
        return result if eraser.is_busy else data


def _opened(data: bytes) -> tuple[str, Any]:
    kind = sniff.media_type(data[: sniff.HEAD_BYTES])
    if kind not in arrow_tables.TYPES:
        raise RemovalError("it is no table of columns any more")
    return kind, arrow_tables.opened(io.BytesIO(data), kind).schema


class _Eraser:
    """Edits batch by batch; knows at the end whether anything was due."""

    def __init__(self, leaves: list[Leaf], shares: dict[str, list[Finding]], schema: Any) -> None:  # noqa: ANN401
        self._leaves = leaves
        self._shares = shares
        self._schema = schema
        self._sieves = {leaf: Sieve(shares[leaf.place]) for leaf in leaves}
        self.is_busy = False

    def edited(self, batch: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
        columns = batch.columns
        for leaf in self._leaves:
            change = partial(self._changed, leaf)
            for number in leaf.columns:
                columns[number] = arrow_edit.changed(
                    columns[number], leaf.steps, change, nullable=self._schema.field(number).nullable
                )
        return arrow_edit.with_columns(batch, columns)

    def check(self) -> None:
        for sieve in self._sieves.values():
            sieve.check()

    def _changed(self, leaf: Leaf, array: Any, nullable: bool) -> Any:  # noqa: ANN401, FBT001
        if leaf.kind == arrow_leaves.CELLS:
            return self._cells(leaf, array, nullable=nullable)
        due = self._lists(leaf, array) if leaf.kind == arrow_leaves.LISTS else array.is_valid().to_pylist()
        self.is_busy |= any(due)
        return arrow_edit.emptied(array, due, nullable=nullable)

    def _lists(self, leaf: Leaf, array: Any) -> list[bool]:  # noqa: ANN401
        share = self._shares[leaf.place]
        lengths = {clue.value for finding in share for clue in finding.clues if clue.name == "dimension"}
        return [
            size in arrow_leaves.DIMENSIONS
            and (str(size) in lengths or is_due(json.dumps(array[at].as_py()), share))
            for at, size in enumerate(arrow_leaves.lengths(array))
        ]

    def _cells(self, leaf: Leaf, array: Any, *, nullable: bool) -> Any:  # noqa: ANN401
        sieve = self._sieves[leaf]
        others: dict[int, bytes | str | None] = {}
        for at, value in arrow_leaves.numbered(array, leaf):
            sieve.count(value)
            left = sieve.rest(value)
            if left != value:
                others[at] = left
        self.is_busy |= bool(others)
        return arrow_edit.replaced(array, others, nullable=nullable)
