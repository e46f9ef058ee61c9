"""Tell by the name of a field that it holds what credit law speaks of beside biometric data.

Religion, blood type, illness; income, deposits, securities, insurance, property, tax. Names alone are looked
at, since nothing else tells: what a sentence mentions is no field.

Source: Credit Reporting Industry Regulation, article 14; Tianjin Social Credit Regulation, article 16.
"""

from __future__ import annotations

import tomllib
from functools import cache, lru_cache
from importlib import resources

from efface.formats.names import normal, tokens

__all__ = ["CATEGORIES", "category"]

CATEGORIES = ("religion", "blood_type", "medical", "wealth")
"""Kinds of data in the words of the rules."""


@cache
def _words() -> tuple[tuple[str, ...], dict[tuple[str, ...], str], tuple[tuple[str, str], ...]]:
    raw = tomllib.loads(resources.files("efface.guard").joinpath("named.toml").read_text("utf-8"))
    phrases: dict[tuple[str, ...], str] = {}
    chinese: list[tuple[str, str]] = []
    for kind in CATEGORIES:
        for word in raw[kind]["words"]:
            if word.isascii():
                phrases[tokens(word)] = kind
                phrases["".join(tokens(word)),] = kind
            else:
                chinese.append((word, kind))
    return tuple(raw["stop"]), phrases, tuple(chinese)


@lru_cache(maxsize=8192)
def category(name: str) -> str | None:
    """Return the kind of data that a field's name stands for, or None."""
    stop, phrases, chinese = _words()
    own = tuple(token for token in tokens(name) if not token.isdigit())
    for start in range(len(own)):
        for end in range(start + 1, min(len(own), start + 3) + 1):
            if own[start:end] in phrases:
                return phrases[own[start:end]]
    plain = normal(name)
    if plain.isascii():
        return None
    for word in stop:
        plain = plain.replace(word, " ")
    return next((kind for word, kind in chinese if word in plain), None)
