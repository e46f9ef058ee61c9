r"""Find where in an SQL dump the literals of some places stand.

A quoted literal becomes `''`, a hexadecimal one NULL, a field of a COPY block `\N`.
Sources: as for `sql_values`, whose patterns are used so that both agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.formats import sql_values
from efface.formats.sql_values import _bare, _declared, _field, _names, _place, _Rows

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator

    Wanted = Callable[[str, "str | bytes"], bool]

__all__ = ["spans"]

Span = tuple[int, int, str]


class _Spanned(_Rows):
    """Rows that remember where their last literal stands, and what is to stand there."""

    last: Span = (0, 0, "")

    def _value(self, literal: re.Match[str]) -> str | bytes:
        value = super()._value(literal)
        self.last = (literal.start(), self.at, "NULL" if literal.lastgroup == "hex" else "''")
        return value


def spans(text: str, wanted: Wanted) -> Iterator[Span]:
    """Yield start, end and replacement of the literals that are to go."""
    columns: dict[str, list[str]] = {}
    at = 0
    while statement := sql_values._STATEMENT.search(text, at):  # noqa: SLF001 - see above
        at = statement.end()
        if statement["insert"]:
            table = _bare(statement["into"])
            rows = _Spanned(text, at)
            for place, value in rows.values(table, _names(statement["columns"]) or columns.get(table, [])):
                if wanted(place, value):
                    yield rows.last
            at = max(rows.at, at)
        elif statement["copy"]:
            end = text.find("\n\\.", at - 1)
            end = len(text) if end < 0 else end
            yield from _copied(
                text, at, end, (_bare(statement["target"]), _names(statement["fields"])), wanted
            )
            at = end
        else:
            columns[_bare(statement["table"])], at = _declared(text, at)


def _copied(text: str, at: int, end: int, table: tuple[str, list[str]], wanted: Wanted) -> Iterator[Span]:
    for line in text[at:end].split("\n"):
        start = at
        for column, field in enumerate(line.split("\t")):
            if field and field != "\\N" and wanted(_place(*table, column), _field(field)):
                yield start, start + len(field), "\\N"
            start += len(field) + 1
        at += len(line) + 1
