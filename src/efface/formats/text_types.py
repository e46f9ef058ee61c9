"""Tell whether bytes are text, in which encoding, and of which kind."""

from __future__ import annotations

import json
import re
from itertools import islice

__all__ = ["decoded", "encoding_of", "text_type"]

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_BOM_STARTS = frozenset(bom[:1] for bom, _ in _BOMS)
_CONTROLS = bytes(set(range(32)) - {8, 9, 10, 12, 13, 27}) + b"\x7f"
_HIGH = bytes(range(0x80, 0x100))
_ASCII = 0.8  # share of characters
_SQL_START = re.compile(
    rb"\s*(?:(?:--|#)[^\n]{0,999}\n\s*|/\*.{0,999}?\*/;?\s*)*(?:INSERT|REPLACE)\s+(?:IGNORE\s+)?INTO\s+[`\w\".]{1,200}",
    re.IGNORECASE | re.DOTALL,
)
"""Dumps of some programs hold the bytes of pictures among their statements."""
_NOISE = 0.003  # share of control bytes that terminal logs and old exports hold
_COMMON_CHINESE = re.compile(r"[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef]")
_STATEMENT = r"(?:INSERT\s+(?:IGNORE\s+)?INTO|CREATE\s+(?:\w+\s+)?TABLE|COPY)\s+\S+"
_SQL_FIRST = re.compile(rf"\s*(?:-- (?:MySQL|MariaDB|PostgreSQL database) dump|{_STATEMENT})", re.IGNORECASE)
_SQL_LATER = re.compile(rf"\n[^\S\n]*+{_STATEMENT}", re.IGNORECASE)  # `^` would be tried at every letter
_JSON_START = re.compile(r"""\s*(?:\{\s*(?:"|\}|$)|\[\s*(?:["{\[\]]|-?\d|true\b|false\b|null\b|$))""")
_TAG = re.compile(r"<(?:\?xml|!--|!DOCTYPE\s+\w|[A-Za-z_][\w.:-]*(?:\s+[\w.:-]+\s*=|\s*/?>))")
_WIDE_CODECS = (
    ("utf-32-le", (2, 3), 0.9, 0, 4),
    ("utf-32-be", (0, 1), 0.9, 3, 4),
    ("utf-16-le", (1,), 0.25, 0, 2),
    ("utf-16-be", (0,), 0.25, 1, 2),
)
"""Codec, which bytes of a character are zero, in which share at least, which byte hardly ever is, and its size.

A quarter: separators, digits and names are Latin in text of any language that holds data."""
_FEWEST = 16  # characters
_FEWEST_ZEROS = 0.25  # share of pairs of bytes, in the one of these that has the fewest
_ZEROS = 0.1  # share of characters such as U+4E00, whose low byte is zero
_COMMONEST = frozenset(
    "的一是不了在人有我他这這来來个個们們中大上国國和地到说說时時要就出会會可也你对對生能而子那得于於"
    "年月日号號姓名性别別照片人脸臉指纹紋电電话話证證件地址公司编編号部门門民族身份"
)
_HEAD = 4096  # bytes by which text is told from other data
_WIDE = 8  # columns
_FIRST = 512  # characters in which the first line mostly ends
_ROWS = 20  # lines by which a table is told
_QUOTED = re.compile(r'"[^"]*"')
_SEPARATORS = ((",", "text/csv"), ("\t", "text/tab-separated-values"), (";", "text/csv"), ("|", "text/csv"))


def encoding_of(head: bytes) -> str | None:
    """Return the encoding of text, or None where the bytes are no text.

    UTF-8, and UTF-16 and UTF-32 with a byte order mark, are told exactly; without a mark these two are told by
    the zeros in every other byte. What is left is GB 18030 or Big5 where the characters are Chinese ones, as any
    bytes decode into some characters of them; the one of the two that gives more of the commonest ones is taken.
    """
    return _told(head)[0]


def _told(head: bytes) -> tuple[str | None, str | None]:
    """Return the encoding, and the text where it had to be read as a whole to tell that."""
    for bom, name in _BOMS if head[:1] in _BOM_STARTS else ():
        if head.startswith(bom):
            return name, None
    if b"\0" in head[:256]:
        return _wide_encoding(head), None
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls > _NOISE * len(head):
        return "utf-8" if _SQL_START.match(head) else None, None
    try:
        return "utf-8", head.decode()
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and error.start >= len(head) - 3:
            return "utf-8", None
    return _chinese_encoding(head) or _western_encoding(head), None


def _western_encoding(head: bytes) -> str | None:
    """Take for Latin-1 what is mostly ASCII: what bytes above that mean does not matter, what stands between does."""
    return "latin-1" if len(head.translate(None, _HIGH)) >= _ASCII * len(head) else None


def _wide_encoding(head: bytes) -> str | None:
    """Tell UTF-16 and UTF-32 without a mark: Latin characters leave zeros, and only in the same bytes of each."""
    if head.count(0) < _FEWEST_ZEROS * (len(head) // 2):
        return None
    for name, zeros, share, low, size in _WIDE_CODECS:
        whole = head[: len(head) - len(head) % size]
        characters = len(whole) // size
        is_full = whole[low::size].count(0) <= _ZEROS * characters
        if characters < _FEWEST or not is_full:
            continue
        if min(whole[at::size].count(0) for at in zeros) < share * characters:
            continue
        try:
            text = whole.decode(name, "ignore" if size == 2 else "strict")
        except UnicodeDecodeError:
            continue
        if sum(mark.isprintable() or mark in "\t\r\n" for mark in text) >= (1 - _NOISE) * len(text):
            return name
    return None


def _chinese_encoding(head: bytes) -> str | None:
    is_simplified = _is_chinese(head)
    traditional = head.decode("big5", "replace")
    wide = [mark for mark in traditional[:-1] if ord(mark) > 127]
    faults = sum(1 for mark in wide if not _COMMON_CHINESE.match(mark))
    if wide and faults <= 0.05 * len(wide):
        simplified = head.decode("gb18030", "replace")
        common = sum(mark in _COMMONEST for mark in traditional)
        if not is_simplified or common > sum(mark in _COMMONEST for mark in simplified):
            return "big5" if common else "gb18030" if is_simplified else None
    return "gb18030" if is_simplified else None


def _is_chinese(head: bytes) -> bool:
    text = head.decode("gb18030", "replace")
    wide = [character for character in text[:-1] if ord(character) > 127]
    chinese = sum(1 for character in wide if _COMMON_CHINESE.match(character))
    return bool(wide) and chinese >= 0.95 * len(wide)


def decoded(data: bytes) -> str | None:
    """Return bytes as text, or None where they are none; undecodable bytes become surrogate escapes."""
    encoding, text = _told(data[:_HEAD])
    if encoding is None or (text is not None and len(data) <= _HEAD):
        return text
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
    encoding, text = _told(head)
    if encoding is None:
        return None
    if text is None:
        text = head.decode(encoding, "ignore" if encoding.startswith("utf-8") else "replace")
    text = text.lstrip("\ufeff")
    start = text.lstrip()
    if _JSON_START.match(start):
        return _json_type(start)
    if _TAG.match(start):
        return _markup(start)
    if _SQL_FIRST.match(text) or _SQL_LATER.search(text):
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
    first = next(filter(str.strip, text[:_FIRST].splitlines()[:-1]), None)
    if first is not None and all(first.count(separator) < 2 for separator, _ in _SEPARATORS):
        return None  # most texts: the other lines need not be taken apart
    lines = text.splitlines()
    if cut and len(lines) > 1 and not text.endswith("\n"):
        lines.pop()
    lines = list(islice(filter(str.strip, lines), _ROWS))
    if len(lines) < 2:
        return _wide_header(lines[0]) if lines and cut and "\n" in text else None
    header = _unquoted(lines[0])
    for separator, kind in _SEPARATORS:
        count = header.count(separator)
        if count >= 2 and all(_unquoted(line).count(separator) == count for line in lines):
            return kind
    return None


def _unquoted(line: str) -> str:
    return _QUOTED.sub("", line) if '"' in line else line


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
