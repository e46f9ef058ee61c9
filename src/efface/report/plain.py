r"""Turn text that nobody vouches for into text that is safe to look at.

Names of files and members come from whoever made them: they may hold terminal commands, marks that
reverse the reading direction, bytes of another encoding, or be as long as the format allows.

Source: ECMA-48, 5 (control characters); Unicode Standard Annex 9 (directional marks).
"""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING

from efface.model import printable

if TYPE_CHECKING:
    from datetime import datetime

    from efface.model import Locator

__all__ = [
    "HIDDEN",
    "encodable",
    "inside_text",
    "moment_text",
    "place_text",
    "prose",
    "short",
    "target_text",
    "visible",
]

HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
"""Characters that are not seen but act: controls, directional marks, line separators, tags."""

_LIMIT = 1000  # characters; longer names are shortened in the middle, the JSON report has them whole
_NO_BYTE = re.compile("[\ud800-\udc7f\udd00-\udfff]")  # surrogates that stand for no byte of a name
_PASSWORD = re.compile(r"(://[^/@:?#]*):[^/\s]*@")
_SECRET = re.compile(r"([?&](?:password|passwd|pwd|token|secret)=)[^&#]*", re.IGNORECASE)


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def encodable(text: str) -> str:
    r"""Return text that UTF-8 can hold; undecodable bytes become \xNN, lone surrogates \uNNNN."""
    return printable(_NO_BYTE.sub(_escape, text))


def visible(text: str) -> str:
    r"""Return text in which everything that acts without being seen is written out (`\x1b`, `\u202e`)."""
    return HIDDEN.sub(_escape, encodable(text))


def short(text: str, limit: int = _LIMIT) -> str:
    """Return visible text of at most about `limit` characters; what is longer loses its middle."""
    if len(text) > limit:
        half = (limit - 1) // 2
        text = f"{text[:half]}…{text[-half:]}"
    return visible(text)


def prose(text: str) -> str:
    """Return visible text of several lines, as laws are written."""
    return "\n".join(visible(line) for line in text.splitlines())


def place_text(locator: Locator) -> str:
    """Return the outermost thing as people write it: a path, or a URI for anything but files."""
    prefix = "" if locator.scheme == "file" else f"{locator.scheme}://"
    return target_text(prefix + locator.path[0])


def inside_text(locator: Locator) -> str:
    """Return the way from the outermost thing to the part, or "" for the thing itself."""
    return " › ".join(short(part) for part in locator.path[1:])


def target_text(target: str) -> str:
    """Return a target as it may be shown: without the password of a URL."""
    return short(_SECRET.sub(r"\1***", _PASSWORD.sub(r"\1:***@", target)))


def moment_text(moment: datetime | None) -> str:
    """Return a time in UTC as ISO 8601 with seconds, or "" when there is none."""
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
