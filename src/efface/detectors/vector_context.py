"""Weigh what the names around vectors say: of which characteristic they are, or that they are of none.

Each clue adds its weight; a sum of THRESHOLD or more decides for a characteristic. The weights are set so
that a field named for templates decides alone, a generic name (`embedding`) needs a table or a file named for
recognition, and a table named after a face alone is not enough for a field that names something else. Where
the numbers show which network made them, no name speaks against it.

Confidence of a template is `0.5 + sum / 2`, at most 0.99. Of an unknown embedding it is what the values
alone give: 0.5 for one vector, 0.7 for several of one dimension, 0.8 for twenty, and 0.1 more where a name
says that they are vectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.detectors import vocabulary
from efface.detectors.vector_column import FACE_DIMENSIONS
from efface.formats.names import person_keys
from efface.model import Characteristic, Clue

if TYPE_CHECKING:
    from efface.detectors.vector_column import VectorColumn
    from efface.model import Surroundings

__all__ = ["THRESHOLD", "Opinion", "confidence_of_template", "confidence_of_unknown", "judge"]

THRESHOLD = 0.5
_OUTER = 4  # names outwards that count: table or file, and what holds it
_BESIDE = frozenset({"registry", "beside", "sample", "template"})
_FIRST_BESIDE = 0.3
_NEXT_BESIDE = 0.1
_PERSON = 0.15
_DIMENSION = 0.1
_ODD_DIMENSION = -0.2
_MAKER = 0.8  # no vector of another kind was ever near a known network's (bench/templates.py)
_REFUSED = -0.25
_SOME = 2
_MANY = 20


@dataclass(frozen=True, slots=True)
class Opinion:
    """What names and statistics say of vectors.

    Attributes:
        characteristic: The one that reaches the threshold, or unknown.
        score: Sum of the weights for it.
        clues: Why.
        is_other: Whether the names say that these are vectors of something without a characteristic.
        is_named: Whether a name says that these are vectors at all.
    """

    characteristic: Characteristic
    score: float
    clues: tuple[Clue, ...]
    is_other: bool
    is_named: bool


def judge(surroundings: Surroundings, column: VectorColumn) -> Opinion:
    """Return what the names around vectors, and the vectors together, say they are."""
    scores = {c: _clues_for(c, surroundings, column) for c in _candidates(surroundings, column)}
    against = _against(surroundings)
    best, clues = max(scores.items(), key=lambda item: _sum(item[1]), default=(Characteristic.UNKNOWN, ()))
    own = vocabulary.best(surroundings.names[:1], "template", characteristic=best)
    made = best is Characteristic.FACE and column.maker is not None
    explicit = made or (own is not None and own.weight > THRESHOLD)
    score = _sum(clues) + (0.0 if explicit else sum(clue.weight for clue in against))
    named = vocabulary.best(surroundings.names[:2], "vector", "template") is not None
    if score >= THRESHOLD:
        return Opinion(best, score, clues, is_other=False, is_named=True)
    return Opinion(Characteristic.UNKNOWN, 0.0, (), is_other=bool(against), is_named=named)


def _sum(clues: tuple[Clue, ...]) -> float:
    return sum(clue.weight for clue in clues)


def _candidates(surroundings: Surroundings, column: VectorColumn) -> set[Characteristic]:
    names = (*surroundings.names[: _OUTER + 1], *surroundings.siblings)
    found = {match.characteristic for name in names for match in vocabulary.matches(name)}
    found.discard(Characteristic.UNKNOWN)
    return found | ({Characteristic.FACE} if column.maker else set())


def _clues_for(
    characteristic: Characteristic, surroundings: Surroundings, column: VectorColumn
) -> tuple[Clue, ...]:
    own, outer = surroundings.names[:1], surroundings.names[1 : _OUTER + 1]
    clues = []
    for name, places, kinds, most in (
        ("field_name", own, ("template", "mention", "store"), 1.0),
        ("outer_name", outer, ("store", "template", "sample", "registry", "mention"), 0.6),
    ):
        match = vocabulary.best(places, *kinds, characteristic=characteristic)
        if match:
            clues.append(Clue(name, match.word, min(match.weight, most)))
    clues.extend(_beside(characteristic, surroundings.siblings))
    keys = person_keys(surroundings.siblings)
    if keys and clues:
        clues.append(Clue("person_key", keys[0], _PERSON))
    if characteristic is Characteristic.FACE:
        clues.extend(_face_clues(column))
    return tuple(clues)


def _beside(characteristic: Characteristic, siblings: tuple[str, ...]) -> list[Clue]:
    """Each further field of a recognition system beside the vectors makes the first one surer."""
    words = sorted(
        {
            match.word
            for name in siblings
            for match in vocabulary.matches(name)
            if match.kind in _BESIDE and match.characteristic is characteristic
        }
    )
    weights = (_FIRST_BESIDE, _NEXT_BESIDE, _NEXT_BESIDE)
    return [Clue("beside", word, weight) for word, weight in zip(words, weights, strict=False)]


def _face_clues(column: VectorColumn) -> list[Clue]:
    known = column.dimension in FACE_DIMENSIONS
    clues = [Clue("face_network_dimension", str(column.dimension), _DIMENSION if known else _ODD_DIMENSION)]
    if column.maker:
        clues.append(Clue("network", column.maker.name, _MAKER))
    elif column.refused:
        clues.append(Clue("network_refused", column.refused.name, _REFUSED))
    return clues


def _against(surroundings: Surroundings) -> list[Clue]:
    near = (*surroundings.names[:2], *surroundings.siblings)
    clues = []
    for kind, places in (("text", near), ("weights", surroundings.names[: _OUTER + 1])):
        match = vocabulary.best(places, kind)
        if match:
            clues.append(Clue(f"{kind}_context", match.word, match.weight))
    return clues


def confidence_of_template(score: float) -> float:
    """Return the probability that vectors with such a score are templates of the characteristic."""
    return min(0.99, 0.5 + score / 2)


def confidence_of_unknown(column: VectorColumn, *, is_named: bool) -> float:
    """Return the probability that vectors without telling names are embeddings of some kind."""
    by_count = 0.8 if column.count >= _MANY else 0.7 if column.count >= _SOME else 0.5
    return round(by_count + (0.1 if is_named else 0.0), 2)
