r"""Find the long values in plain text: runs of base64 or hex, and lists of numbers.

Words that web forms, logs and programs escaped (`%2F`, `\/`, `\u002B`) are given without the escapes.
A value's place is `text`, with the word before it where one names it (`text/TMP` for `TMP=...`). Lines of
ZKTeco's PUSH protocol begin with the kind of data and name the characteristic by number: their values have
it as one more step (`text/BIODATA.9/Tmp`). YAML's lists with a number a line, and its blocks of
base64, are values, too.

Source: ZKTeco, PUSH protocol manual (upload of templates and photos); RFC 6350, 3.2 and RFC 2849 (folding);
YAML 1.2.2, 8.1 (block scalars) and 8.2.1 (block sequences).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PLACE", "SHORTEST_LIST", "SHORTEST_WORD", "lists", "values"]

PLACE = "text"
_MIN_WORD = 100  # characters of base64 or hex: the smallest template worth the name has 75 bytes
_MIN_NUMBERS = 256  # characters of a list: 64 numbers of three digits and a separator
SHORTEST_WORD, SHORTEST_LIST = 56, _MIN_NUMBERS
"""No value of a text has fewer characters without a break: of base64 (a line of a wrapped word), or of a list."""
_WORD = re.compile(
    rf"(?<![A-Za-z0-9+/_-])(?:data:[\w.+/-]+(?:;[\w=-]+)*,)?[A-Za-z0-9+/_-]{{{_MIN_WORD},}}={{0,2}}"
)
_WRAPPED = re.compile(
    rf"^[ \t]*([A-Za-z0-9+/]{{{SHORTEST_WORD},99}})[ \t]*\r?$", re.MULTILINE
)  # mail has 76, PEM 64 a line
_LINE = re.compile(r"\r?\n[ \t]*([A-Za-z0-9+/]+={0,2})[ \t]*(?=\r?\n|$)")
_FOLDED_FROM = re.compile(r"(?:^|[:=,;\s])([A-Za-z0-9+/]{4,99})\r?\n$")  # where vCard and LDIF begin to fold
_ESCAPED = re.compile(
    r"(?:(?<=%2[Cc])|(?<=%3[Dd])|(?<![A-Za-z0-9+/_%\\-]))"
    rf"(?:[A-Za-z0-9+/_-]|%2[BbFf]|\\/|\\u002[BbFf]){{{_MIN_WORD},}}"
)
_ESCAPE = re.compile(r"(?:%2|\\u002)([BbFf])|\\/")
_NUMBERS = re.compile(rf"(?<![-+0-9.eE,;\s\"'])[-+0-9.eE,;\s\"']{{{_MIN_NUMBERS},}}")
_ITEM = re.compile(
    r"^[ \t]*((?:-[ \t]+)+)([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)[ \t]*\r?$", re.MULTILINE
)
_MIN_ITEMS = 64
_AROUND = " \t\r\n\"',;"
_KEY = re.compile(
    r"([A-Za-z_\u3400-\u9fff][\w\u3400-\u9fff.-]{0,63})[\"'`]?\s*(?:[:=]|=>|:=)\s*"
    r"(?:[&!]\S{1,64}\s*){0,2}(?:[|>][-+]?\s*)?[\"'`\[{(]*(?:array\()?[\[(]*$"
)
_KEY_SPACE = 160
_PUSH = re.compile(
    r"(?:^|\n|\t)[ ]*(FP|BIODATA|BIOPHOTO|FACE|USERPIC|FVEIN|templatev10|biophoto|userpic|ATTPHOTO)\s[^\n]*$"
)
_PUSH_TYPE = re.compile(r"\b[Tt]ype=(\d{1,2})\b")


def values(text: str) -> Iterator[tuple[str, str]]:
    """Yield (place, value) for every long run of base64, hex or numbers."""
    yield from _words(text)
    yield from ((place, value) for _, _, place, value in lists(text))


def lists(text: str) -> Iterator[tuple[int, int, str, str]]:
    """Yield start, end, place and value of every list of 64 or more numbers."""
    for run in _NUMBERS.finditer(text):
        place = _place(text, run.start())
        items = list(_ITEM.finditer(text, run.start(), run.end()))
        if items:
            yield from _of_items(place, items)
            continue
        value = run[0].strip(_AROUND)
        if value.count(",") + value.count(" ") + value.count("\n") >= _MIN_ITEMS - 1:
            start = run.start() + len(run[0]) - len(run[0].lstrip(_AROUND))
            yield start, start + len(value), place, f"[{value}]"


def _of_items(place: str, items: list[re.Match[str]]) -> Iterator[tuple[int, int, str, str]]:
    """Join the lines of YAML's lists; where a line opens a list in a list, another one begins."""
    pieces: list[list[re.Match[str]]] = [[]]
    for item in items:
        if item[1].count("-") > 1:
            pieces.append([])
        pieces[-1].append(item)
    for piece in pieces:
        if len(piece) >= _MIN_ITEMS:
            yield piece[0].start(1), piece[-1].end(2), place, f"[{', '.join(item[2] for item in piece)}]"


def _words(text: str) -> Iterator[tuple[str, str]]:
    for run in _WORD.finditer(text):
        yield _place(text, run.start()), run[0]
    position = 0
    while line := _WRAPPED.search(text, position):
        value, position = _joined(text, line[1], line.end(1))
        start = line.start()
        if text[start] in " \t" and (first := _FOLDED_FROM.search(text, max(0, start - 128), start)):
            value, start = first[1] + value, first.start(1)
        if len(value) >= _MIN_WORD:
            yield _place(text, start), value
    if "\\/" in text or "%2" in text or "\\u002" in text:
        for run in _ESCAPED.finditer(text):
            if _ESCAPE.search(run[0]):
                yield _place(text, run.start()), _ESCAPE.sub(_unescaped, run[0])


def _unescaped(escape: re.Match[str]) -> str:
    return "+" if escape[1] in {"B", "b"} else "/"


def _joined(text: str, first: str, position: int) -> tuple[str, int]:
    """Join the lines of a word that was wrapped: all of one length, but for the last."""
    pieces = [first]
    while (line := _LINE.match(text, position)) and len(line[1]) <= len(first):
        pieces.append(line[1])
        position = line.end()
        if len(line[1]) < len(first):
            break
    return "".join(pieces), position


def _place(text: str, start: int) -> str:
    before = text[max(0, start - _KEY_SPACE) : start]
    key = _KEY.search(before)
    if not key:
        return PLACE
    line = _PUSH.search(before)
    if not line:
        return f"{PLACE}/{key[1]}"
    kind = _PUSH_TYPE.search(line[0])
    return f"{PLACE}/{line[1]}{f'.{kind[1]}' if kind else ''}/{key[1]}"
