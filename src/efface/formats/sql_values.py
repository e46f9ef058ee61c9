r"""Yield the values of an SQL dump with their table and column.

`INSERT INTO` with and without column names, `CREATE TABLE` for the names where they are left out, and
PostgreSQL's `COPY ... FROM stdin` blocks are read; other statements are looked through as plain text.

Sources: the dump formats of PostgreSQL (`pg_dump`, COPY text format), MySQL (`mysqldump`, with `--hex-blob`
too), SQLite (`.dump`) and SQL Server (scripts).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from efface.formats import text_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["values"]

_PART = r"(?:`[^`\n]{1,128}`|\"[^\"\n]{1,128}\"|\[[^\]\n]{1,128}\]|[\w$]{1,128})"
_NAME = rf"(?:{_PART}\.){{0,2}}{_PART}"
_STATEMENT = re.compile(
    rf"^[ \t]*(?:(?P<insert>(?:INSERT|REPLACE)\s+(?:IGNORE\s+)?INTO)\s+(?P<into>{_NAME})\s*"
    r"(?:\((?P<columns>[^()]{0,65536})\))?\s*(?:OVERRIDING\s+\w+\s+VALUE\s*)?VALUES?"
    rf"|(?P<create>CREATE\s+(?:\w+\s+)?TABLE)\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<table>{_NAME})\s*\("
    rf"|(?P<copy>COPY)\s+(?P<target>{_NAME})\s*(?:\((?P<fields>[^()]{{0,65536}})\))?\s*FROM\s+stdin[^\n]*\n)",
    re.IGNORECASE | re.MULTILINE,
)
_LITERAL = re.compile(
    r"""(?P<space>[\s,]+)|(?P<open>\()|(?P<close>\))|(?P<end>;)
    |(?P<prefix>_binary\s+|[NEBnebU]&?|::?\w+)?(?P<quote>')
    |(?P<hex>0[xX][0-9a-fA-F]+|[xX]'[0-9a-fA-F]*')|(?P<other>[^\s,()';]+)""",
    re.VERBOSE,
)
_STRING = re.compile(r"[^'\\]*(?:(?:''|\\.)[^'\\]*)*'", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "Z": "\x1a", "b": "\b"}
_UNDECODABLE = re.compile(r"[\udc80-\udcff]")
_COPY_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v"}
_COLUMN = re.compile(r"\s*[`\"\[]?([\w$]+)")
_NO_COLUMN = frozenset({"primary", "unique", "key", "constraint", "foreign", "check", "index", "fulltext"})


def values(text: str, columns: dict[str, list[str]] | None = None) -> Iterator[tuple[str, str | bytes]]:
    """Yield (`/table/column`, value) for the texts and binary values of the rows; hex literals as bytes.

    Args:
        text: Statements.
        columns: Names of columns that statements before these declared, by table; it is added to.
    """
    columns = {} if columns is None else columns
    at = 0
    while statement := _STATEMENT.search(text, at):
        yield from text_runs.values(text[at : statement.start()])
        at = statement.end()
        if statement["insert"]:
            table = _bare(statement["into"])
            names = _names(statement["columns"]) or columns.get(table, [])
            rows = _Rows(text, at)
            yield from rows.values(table, names)
            at = max(rows.at, at)
        elif statement["copy"]:
            end = text.find("\n\\.", at - 1)
            end = len(text) if end < 0 else end
            yield from _copied(text[at:end], _bare(statement["target"]), _names(statement["fields"]))
            at = end
        else:
            columns[_bare(statement["table"])], at = _declared(text, at)
    yield from text_runs.values(text[at:])


def _bare(name: str) -> str:
    return name.strip().rpartition(".")[2].strip('`"[] ')


def _names(columns: str | None) -> list[str]:
    return [_bare(name) for name in columns.split(",")] if columns else []


def _declared(text: str, at: int) -> tuple[list[str], int]:
    """Return the column names of CREATE TABLE and where its list ends; quoted texts are stepped over."""
    names, depth, start = [], 1, at
    for mark in re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.{0,9999}?\*/|[(),;]", re.DOTALL).finditer(text, at):
        sign = mark[0]
        depth += (sign == "(") - (sign == ")")
        if (sign == "," and depth == 1) or depth == 0 or sign == ";":
            name = _COLUMN.match(text, start)
            if name and name[1].lower() not in _NO_COLUMN:
                names.append(name[1])
            start = mark.end()
        if depth == 0 or sign == ";":
            return names, mark.end()
    return names, len(text)


class _Rows:
    """The rows behind VALUES, read literal by literal; `at` is how far it got."""

    def __init__(self, text: str, at: int) -> None:
        self._text = text
        self.at = at

    def values(self, table: str, names: list[str]) -> Iterator[tuple[str, str | bytes]]:
        depth = column = 0
        while literal := _LITERAL.match(self._text, self.at):
            self.at = literal.end()
            kind = literal.lastgroup
            if kind == "end" or (kind == "other" and depth == 0):
                return
            if kind == "open":
                depth += 1
                column = 0 if depth == 1 else column
            elif kind == "close":
                depth -= 1
            elif kind == "space":
                column += literal[0].count(",") if depth == 1 else 0
            value = self._value(literal)
            if value:
                yield _place(table, names, column), value

    def _value(self, literal: re.Match[str]) -> str | bytes:
        if literal.lastgroup == "hex":
            digits = literal[0][2:].rstrip("'")
            return bytes.fromhex(digits) if len(digits) % 2 == 0 else digits
        if literal.lastgroup != "quote":
            return ""
        string = _STRING.match(self._text, self.at)
        if not string:
            self.at = len(self._text)
            return ""
        self.at = string.end()
        return _unquoted(string[0][:-1], binary=(literal["prefix"] or "").startswith("_binary"))


def _unquoted(raw: str, *, binary: bool) -> str | bytes:
    value = raw.replace("''", "'")
    if value.startswith("\\x") and re.fullmatch(r"(?:[0-9a-fA-F]{2})+", value[2:]):
        return bytes.fromhex(value[2:])  # PostgreSQL bytea
    if "\\" in value:
        value = re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), value, flags=re.DOTALL)
    if binary or _UNDECODABLE.search(value):  # dumps without --hex-blob hold the bytes as they are
        return value.encode("utf-8", "surrogateescape")
    return value


def _place(table: str, names: list[str], column: int) -> str:
    return f"/{table}/{names[column] if column < len(names) else column + 1}"


def _copied(block: str, table: str, names: list[str]) -> Iterator[tuple[str, str | bytes]]:
    for line in block.split("\n"):
        for column, field in enumerate(line.split("\t")):
            if field and field != "\\N":
                yield _place(table, names, column), _field(field)


def _field(field: str) -> str | bytes:
    if field.startswith("\\\\x") and re.fullmatch(r"(?:[0-9a-fA-F]{2})+", field[3:]):
        return bytes.fromhex(field[3:])
    if "\\" in field:
        return re.sub(r"\\(.)", lambda match: _COPY_ESCAPES.get(match[1], match[1]), field)
    return field
