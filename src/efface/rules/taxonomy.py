"""The words of law and how they lie in each other.

Source: GB/T 2260 (codes of administrative divisions: two digits each for province, city and district); outside
China the codes of ISO 3166.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from efface.model.rule import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Entity", "Taxonomy", "Word", "closest", "package_text", "taxonomy"]

JURISDICTION = "Jurisdiction"
_CODE = re.compile(r"CN-(\d{6})")
_OWN_LAW = frozenset({"71", "81", "82"})
"""Taiwan, Hong Kong and Macao: the national laws of the packs are not applied there (for the two special regions
Basic Laws, art. 18 and annex III), so these codes do not lie in the word CN, which stands for where they are."""


class Entity(NamedTuple):
    """One word of one kind, such as ("Category", "face")."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Word:
    """What a word is called, what it lies in, and of a disputed reading what speaks for and against it."""

    label: Text
    parents: tuple[str, ...] = ()
    speaks_for: Text | None = None
    speaks_against: Text | None = None


def package_text(*path: str) -> str:
    """Return a text file that ships with this room."""
    return files("efface.rules").joinpath(*path).read_text(encoding="utf-8")


def closest(word: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    """Return a hint that names the known words most like this one, or an empty text."""
    matches = get_close_matches(word[:100], list(known), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(map(repr, matches))}?" if matches else ""


def _divisions_above(code: str) -> frozenset[str]:
    match = _CODE.fullmatch(code)
    if match is None:
        return frozenset()
    digits = match.group(1)
    above = {f"CN-{digits[:4]}00", f"CN-{digits[:2]}0000"}
    if digits[:2] not in _OWN_LAW:
        above.add("CN")
    return frozenset(above - {code})


class Taxonomy:
    """All words that rules and cases may use."""

    def __init__(self, words: Mapping[str, Mapping[str, Word]]) -> None:
        self.words = words
        self._above: dict[Entity, frozenset[Entity]] = {}

    def named(self, entity: Entity) -> bool:
        """Return whether the taxonomy lists a word; a rule may name listed words only."""
        return entity.id in self.words.get(entity.kind, {})

    def knows(self, entity: Entity) -> bool:
        """Return whether a case may use a word: a listed one, or any division of a listed province."""
        if self.named(entity):
            return True
        in_province = f"{entity.id[:5]}0000"
        return (
            entity.kind == JURISDICTION
            and _CODE.fullmatch(entity.id) is not None
            and in_province in self.words[JURISDICTION]
        )

    def above(self, entity: Entity) -> frozenset[Entity]:
        """Return every word that a word lies in, itself not included."""
        found = self._above.get(entity)
        if found is None:
            found = self._above[entity] = frozenset(self._climb(entity))
        return found

    def label(self, entity: Entity) -> Text:
        """Return what a word is called; a division without a name is called by its code."""
        word = self.words.get(entity.kind, {}).get(entity.id)
        return word.label if word else Text(entity.id, entity.id)

    def hint(self, entity: Entity) -> str:
        """Return a hint for a word that nothing knows, by its spelling or by a place's name."""
        words = self.words[entity.kind]
        for word_id, word in words.items():
            if entity.id and entity.id.casefold() in (word.label.en.casefold(), word.label.zh):
                return f"; did you mean {word_id!r} ({word.label.en})?"
        return closest(entity.id, words)

    def _climb(self, entity: Entity) -> set[Entity]:
        found: set[Entity] = set()
        if entity.kind == JURISDICTION:
            found |= {Entity(JURISDICTION, code) for code in _divisions_above(entity.id)}
        waiting = [entity]
        while waiting:
            word = self.words[entity.kind].get(waiting.pop().id)
            parents = {Entity(entity.kind, parent) for parent in word.parents} if word else set()
            waiting.extend(parents - found)
            found |= parents
        return found


@cache
def taxonomy() -> Taxonomy:
    """Return the taxonomy that ships with efface."""
    table = tomllib.loads(package_text("taxonomy.toml"))
    return Taxonomy(
        {kind: {name: _word(word) for name, word in words.items()} for kind, words in table.items()}
    )


def _word(table: Mapping[str, Any]) -> Word:
    sides = (Text(**table[side]) if side in table else None for side in ("for", "against"))
    return Word(Text(table["zh"], table["en"]), tuple(table.get("in", ())), *sides)
