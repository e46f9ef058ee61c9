"""Find where in a JSON text the values of some places stand.

Source: RFC 8259.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from efface.errors import FormatError
from efface.formats.document_values import escaped, is_numbers, is_wrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Wanted = Callable[[str, "str | bytes"], bool]

__all__ = ["spans"]

_TOKEN = re.compile(
    r'[ \t\r\n]*(?:(?P<string>"[^"\\]*(?:\\.[^"\\]*)*")|(?P<number>-?\d[-+0-9.eE]*|-?Infinity|NaN)'
    r"|(?P<word>true|false|null)|(?P<sign>[\[\]{},:]))",
    re.DOTALL,
)
_NUMBERS = re.compile(r"\[[-+0-9.eE, \t\r\n]*\]")  # a list of numbers in one step: most of what there is
_MAX_KEYS, _SAME_KEYS, _VECTOR, _MAX_DEPTH = 64, 3, 64, 100


class _Node:
    """A value and where it stands; a list or an object holds its items with their keys."""

    __slots__ = ("count", "end", "items", "keys", "kind", "start")

    def __init__(self, kind: str, start: int, end: int, count: int = 0) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.count = count
        self.items: list[_Node] = []
        self.keys: list[str] = []


def spans(text: str, pattern: str, wanted: Wanted) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and replacement of the strings and lists of numbers that are to go.

    Args:
        text: One JSON value.
        pattern: The place of the value itself.
        wanted: Tells of a place and a value, as `text_values` gives them, whether it goes.

    Raises:
        FormatError: It is not JSON.
    """
    yield from _walk(text, pattern, _tree(text), wanted, 0)


def _tree(text: str) -> _Node:
    root = _Node("list", 0, len(text))
    open_nodes = [root]
    key = ""
    at = 0
    while token := _TOKEN.match(text, at):
        kind = token.lastgroup or ""
        start, at = token.start(kind), token.end()
        parent = open_nodes[-1]
        if kind == "sign":
            sign = text[start]
            if sign in "[{":
                vector = _NUMBERS.match(text, start) if sign == "[" else None
                if vector:
                    at = vector.end()
                    node = _Node("vector", start, at, text.count(",", start, at) + 1)
                else:
                    node = _Node("list" if sign == "[" else "object", start, start)
                    open_nodes.append(node)
                parent.items.append(node)
                parent.keys.append(key)
            elif sign in "]}":
                parent.end = at
                open_nodes.pop()
                if not open_nodes:
                    break
            continue
        if kind == "string" and parent.kind == "object" and _is_key(text, at):
            key = json.loads(text[start:at], strict=False)
            continue
        parent.items.append(_Node(kind, start, at))
        parent.keys.append(key)
    if len(open_nodes) != 1 or len(root.items) != 1 or text[at:].strip():
        raise FormatError("not JSON")
    return root.items[0]


def _is_key(text: str, at: int) -> bool:
    following = _TOKEN.match(text, at)
    return following is not None and following["sign"] == ":"


def _walk(text: str, pattern: str, node: _Node, wanted: Wanted, depth: int) -> Iterator[tuple[int, int, str]]:
    if node.kind == "string":
        if wanted(pattern, json.loads(text[node.start : node.end], strict=False)):
            yield node.start, node.end, '""'
    elif _is_vector(text, node):
        if wanted(pattern, json.dumps(json.loads(text[node.start : node.end], strict=False))):
            yield node.start, node.end, "[]"
    elif node.kind == "list" and depth < _MAX_DEPTH:
        for item in node.items:
            yield from _walk(text, f"{pattern}/*", item, wanted, depth + 1)
    elif node.kind == "object" and depth < _MAX_DEPTH:
        anonymous, wrapper = _is_table(text, node), is_wrapper(node.keys)
        for key, item in zip(node.keys, node.items, strict=True):
            step = "" if wrapper else f"/{'*' if anonymous else escaped(key)}"
            yield from _walk(text, f"{pattern}{step}", item, wanted, depth + 1)


def _is_vector(text: str, node: _Node) -> bool:
    """Return whether a list is one value: a long list of numbers, or of numbers written as strings."""
    if node.kind == "vector":
        return node.count >= _VECTOR
    if node.kind != "list" or len(node.items) < _VECTOR:
        return False
    if any(item.kind not in ("number", "string") for item in node.items):
        return False
    return is_numbers(json.loads(text[node.start : node.end], strict=False))


def _is_table(text: str, node: _Node) -> bool:
    count = len(set(node.keys))
    return count > _MAX_KEYS or (count >= _SAME_KEYS and all(_is_vector(text, item) for item in node.items))
