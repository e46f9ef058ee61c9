"""Look up the words and sentences of reports, which stand in one table in both languages.

Not handled here: texts of the law, which come with the rules.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from efface.model import Text
from efface.report.plain import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["both", "has", "table", "text", "word"]


@cache
def table() -> Mapping[str, Text]:
    """Return every text under its dotted key."""
    content = tomllib.loads(files("efface.report").joinpath("texts.toml").read_text("utf-8"))
    return {
        f"{section}.{name}": Text(zh=entry["zh"], en=entry["en"])
        for section, entries in content.items()
        for name, entry in entries.items()
    }


def has(key: str) -> bool:
    """Return whether the table has a key."""
    return key in table()


def both(key: str, **values: object) -> Text:
    """Return a text in both languages with its values filled in.

    Raises:
        KeyError: The table has no such key, or a value is missing.
    """
    entry = table()[key]
    return Text(zh=entry.zh.format(**values), en=entry.en.format(**values))


def text(key: str, lang: str, **values: object) -> str:
    """Return a text in "zh" or "en" with its values filled in.

    Raises:
        KeyError: The table has no such key, or a value is missing.
    """
    return both(key, **values).get(lang)


def word(section: str, name: str) -> Text:
    """Return the word for a value of a word list; a value that the table lacks stands for itself."""
    key = f"{section}.{name}"
    if has(key):
        return both(key)
    shown = visible(name)
    return Text(zh=shown, en=shown)
