"""Tell whether bytes are text, in which encoding, and of which kind."""

from __future__ import annotations

import json
import re

__all__ = ["decoded", "encoding_of", "text_type"]

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_CONTROLS = bytes(set(range(32)) - {8, 9, 10, 12, 13, 27}) + b"\x7f"
_NOISE = 0.003  # share of control bytes that terminal logs and old exports hold
_COMMON_CHINESE = re.compile(r"[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef]")
_SQL = re.compile(
    r"^\s*(?:INSERT\s+(?:IGNORE\s+)?INTO|CREATE\s+(?:\w+\s+)?TABLE|COPY)\s+\S+", re.IGNORECASE | re.MULTILINE
)
_JSON_START = re.compile(r"""\s*(?:\{\s*(?:"|\}|$)|\[\s*(?:["{\[\]]|-?\d|true\b|false\b|null\b|$))""")
_TAG = re.compile(r"<(?:\?xml|!--|!DOCTYPE\s+\w|[A-Za-z_][\w.:-]*(?:\s+[\w.:-]+\s*=|\s*/?>))")
_HEAD = 4096  # bytes by which text is told from other data
_WIDE = 8  # columns
_SEPARATORS = ((",", "text/csv"), ("\t", "text/tab-separated-values"), (";", "text/csv"), ("|", "text/csv"))


def encoding_of(head: bytes) -> str | None:
    """Return the encoding of text, or None where the bytes are no text.

    UTF-8 and UTF-16 are told exactly; what is left is GB 18030 where the characters are Chinese ones, as
    any bytes decode into some characters of it.
    """
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls > _NOISE * len(head):
        return None
    if _is_utf8(head):
        return "utf-8"
    return "gb18030" if _is_chinese(head) else None


def _is_utf8(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and error.start >= len(head) - 3
    return True


def _is_chinese(head: bytes) -> bool:
    text = head.decode("gb18030", "replace")
    wide = [character for character in text[:-1] if ord(character) > 127]
    chinese = sum(1 for character in wide if _COMMON_CHINESE.match(character))
    return bool(wide) and chinese >= 0.95 * len(wide)


def decoded(data: bytes) -> str | None:
    """Return bytes as text, or None where they are none; undecodable bytes become surrogate escapes."""
    encoding = encoding_of(data[:_HEAD])
    if encoding is None:
        return None
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    try:
        return data.decode(encoding, errors)
    except UnicodeError:
        return None


def text_type(head: bytes, *, cut: bool) -> str | None:
    """Return the media type of text by its first bytes, or None where they are no text.

    Args:
        head: The first bytes.
        cut: Whether more bytes follow.
    """
    encoding = encoding_of(head)
    if encoding is None:
        return None
    text = head.decode(encoding, "replace" if not encoding.startswith("utf-8") else "ignore").lstrip("\ufeff")
    start = text.lstrip()
    if _JSON_START.match(start):
        return _json_type(start)
    if _TAG.match(start):
        return _markup(start)
    if _SQL.search(text):
        return "application/sql"
    return _table(text, cut=cut) or "text/plain"


def _json_type(text: str) -> str:
    first, _, rest = text.partition("\n")
    second = rest.lstrip()
    if second[:1] in {"{", "["} and first.rstrip()[-1:] in {"}", "]"}:
        try:
            json.loads(first)
        except (ValueError, RecursionError):
            return "application/json"
        return "application/x-ndjson"
    return "application/json"


def _markup(text: str) -> str:
    low = text[:1024].lower()
    if (
        "<!doctype html" in low
        or "<html" in low
        or low.startswith(("<head", "<body", "<script", "<div", "<p>"))
    ):
        return "text/html"
    if re.search(r"<svg[\s>]", low):
        return "image/svg+xml"
    return "application/xml"


def _table(text: str, *, cut: bool) -> str | None:
    lines = text.splitlines()
    if cut and len(lines) > 1 and not text.endswith("\n"):
        lines.pop()
    lines = [line for line in lines if line.strip()][:20]
    if len(lines) < 2:
        return _wide_header(lines[0]) if lines and cut and "\n" in text else None
    for separator, kind in _SEPARATORS:
        counts = {re.sub(r'"[^"]*"', "", line).count(separator) for line in lines}
        if len(counts) == 1 and min(counts) >= 2:
            return kind
    return None


def _wide_header(line: str) -> str | None:
    """Tell a table by its first line alone where the second is longer than the head: names that all differ."""
    for separator, kind in _SEPARATORS:
        names = line.split(separator)
        if (
            len(names) >= _WIDE
            and len(set(names)) == len(names)
            and all(name.strip("\"'")[:1].isalpha() and len(name) <= 64 for name in names)
        ):
            return kind
    return None
