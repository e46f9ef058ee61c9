"""The words by which biometric data is named, and how names are matched against them.

Names are matched by whole tokens; Chinese words as substrings past a stop list; a plural matches its
singular. The words stand in `vocabulary.toml`, grouped by what they say and for which characteristic.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from efface.formats.names import normal, tokens
from efface.model import Characteristic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Match", "best", "matches"]


@dataclass(frozen=True, slots=True)
class Match:
    """A word that a name holds.

    Attributes:
        word: The word as the vocabulary writes it.
        kind: What the word says: template, sample, registry, store, mention, beside, vector, text,
            weights or metadata.
        characteristic: Of which characteristic; unknown for words that name none.
        weight: How much it says, -1 to 1.
    """

    word: str
    kind: str
    characteristic: Characteristic
    weight: float


@dataclass(frozen=True, slots=True)
class _Index:
    phrases: dict[str, list[tuple[tuple[str, ...], Match]]]
    joined: dict[str, list[Match]]
    chinese: list[tuple[str, Match]]
    stop: tuple[str, ...]


@cache
def _index() -> _Index:
    raw = tomllib.loads(resources.files("efface.detectors").joinpath("vocabulary.toml").read_text("utf-8"))
    index = _Index({}, {}, [], tuple(raw["stop"]))
    for group in raw["group"]:
        characteristic = Characteristic(group.get("characteristic", "unknown"))
        for word in group["words"]:
            _enter(index, word, Match(word, group["kind"], characteristic, group["weight"]))
    return index


def _enter(index: _Index, word: str, match: Match) -> None:
    if not word.isascii():
        index.chinese.append((word.lower(), match))
        return
    phrase = tuple(_singular(token) for token in tokens(word))
    index.phrases.setdefault(phrase[0], []).append((phrase, match))
    if len(phrase) > 1:
        index.joined.setdefault("".join(phrase), []).append(match)


def _singular(token: str) -> str:
    return token[:-1] if len(token) > 3 and token.endswith("s") and not token.endswith("ss") else token


@lru_cache(maxsize=8192)
def matches(name: str) -> tuple[Match, ...]:
    """Return every word of the vocabulary that a name holds."""
    return tuple(_matches(name))


def _matches(name: str) -> Iterator[Match]:
    index = _index()
    words = tuple(_singular(token) for token in tokens(name))
    for at, token in enumerate(words):
        for phrase, match in index.phrases.get(token, ()):
            if words[at : at + len(phrase)] == phrase:
                yield match
        yield from index.joined.get(token, ())
    chinese = normal(name).lower()
    if chinese.isascii():
        return
    for word in index.stop:
        chinese = chinese.replace(word, " ")
    for word, match in index.chinese:
        if word in chinese:
            yield match


def best(names: Iterable[str], *kinds: str, characteristic: Characteristic | None = None) -> Match | None:
    """Return the heaviest word of some kinds that any of the names holds, the longest of equals, or None."""
    found = (
        match
        for name in names
        for match in matches(name)
        if match.kind in kinds and characteristic in {None, match.characteristic}
    )
    return max(found, key=lambda match: (abs(match.weight), len(match.word)), default=None)
