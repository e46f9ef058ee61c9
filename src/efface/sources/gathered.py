"""Gather the values of records by their place, as columns, within a bound of memory.

Of each place up to `cells` values are kept; of more, a sample in which each has the same chance to stand. Where
the values of all places together grow beyond the bound, the largest column is halved by chance, so that it
stays such a sample. Where everything is to be looked at, columns are given in pieces instead.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from efface.errors import EffaceError
from efface.formats.text_runs import PLACE
from efface.model import Beat, Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from efface.model import Limits, Part, Surroundings

__all__ = ["gathered"]

_MAX_COLUMNS = 4_096  # places of one thing; values in more of them are taken together
_ANYWHERE = "**"
_MAX_SIBLINGS = 200
_KEPT_BYTES = 192 << 20
_WORTH_TELLING = 64  # characters; shorter values hold neither a picture nor a template, so none is missed
_EVERYTHING = 1 << 60  # cells of a run that looks at all
_BESIDE = 16  # values of each other field
_SHEET = ["worksheet", "sheetData"]
_SEED = 20  # a sample that is drawn again is the same one
_BEAT_VALUES = 20_000
_BEAT_BYTES = 16 << 20


@dataclass(slots=True)
class _Cells:
    most: int
    kept: list[bytes | str] = field(default_factory=list)
    size_bytes: int = 0
    count: int = 0
    longest: int = 0


class _Gathering:
    def __init__(self, part: Part, limits: Limits) -> None:
        self._part = part
        self._most = limits.cells
        self._random: random.Random | None = None  # made when first needed: most things hold few values
        self._columns: dict[str, _Cells] = {}
        self._size_bytes = 0

    def add(self, pattern: str, value: bytes | str) -> None:
        cells = self._columns.get(pattern) or self._new(pattern)
        cells.count += 1
        cells.longest = max(cells.longest, len(value))
        at = len(cells.kept)
        if at >= cells.most:
            at = self._chance.randrange(cells.count)
            if at >= cells.most:
                return
            self._grow(cells, len(value) - len(cells.kept[at]))
            cells.kept[at] = value
        else:
            self._grow(cells, len(value))
            cells.kept.append(value)

    @property
    def _chance(self) -> random.Random:
        self._random = self._random or random.Random(_SEED)  # noqa: S311 - no secret
        return self._random

    def _new(self, pattern: str) -> _Cells:
        if len(self._columns) >= _MAX_COLUMNS:
            pattern = _ANYWHERE
        return self._columns.setdefault(pattern, _Cells(self._most))

    def _grow(self, cells: _Cells, by: int) -> None:
        cells.size_bytes += by
        self._size_bytes += by

    @property
    def is_full(self) -> bool:
        return self._size_bytes > _KEPT_BYTES

    def halve(self) -> None:
        """Let go of half of the largest column, by chance."""
        largest = max(self._columns.values(), key=lambda cells: cells.size_bytes)
        largest.most = max(len(largest.kept) // 2, 1)
        chosen = sorted(self._chance.sample(range(len(largest.kept)), largest.most))
        largest.kept = [largest.kept[at] for at in chosen]
        self._grow(largest, sum(map(len, largest.kept)) - largest.size_bytes)

    def drained(self) -> Iterator[Column]:
        """Yield what was gathered as columns, and begin anew."""
        columns, self._columns, self._size_bytes = self._columns, {}, 0
        families: dict[str, dict[str, None]] = {}
        for pattern in columns:
            _add_to_families(pattern, families)
        for pattern, cells in columns.items():
            around = _around(self._part, pattern, list(islice(families[_parent(pattern)], _MAX_SIBLINGS + 1)))
            is_sample = len(cells.kept) < cells.count and cells.longest >= _WORTH_TELLING
            drawn = len(cells.kept) if is_sample else None
            place = self._part.locator.at(pattern)
            # Of two samples the values are hardly ever of the same records.
            beside = partial(_beside, columns, pattern) if len(cells.kept) == cells.count else None
            yield Column(place, around, partial(iter, cells.kept), cells.count, None, drawn, (), beside)


def gathered(
    values: Iterable[tuple[str, bytes | str]], part: Part, limits: Limits
) -> Iterator[Column | Beat]:
    """Yield one column for each place that the values of a thing have.

    Args:
        values: Place and value, place by place or record by record. What it gave before it failed is kept.
        part: What they come out of.
        limits: Of which `cells` says how many values of a place are kept.
    """
    gathering = _Gathering(part, limits)
    try:
        yield from _taken_in(values, gathering, in_pieces=limits.cells >= _EVERYTHING)
    except EffaceError:
        yield from gathering.drained()
        raise
    yield from gathering.drained()


def _taken_in(
    values: Iterable[tuple[str, bytes | str]], gathering: _Gathering, *, in_pieces: bool
) -> Iterator[Column | Beat]:
    count = size_bytes = 0
    for pattern, value in values:
        gathering.add(pattern, value)
        if gathering.is_full and in_pieces:
            yield from gathering.drained()
        elif gathering.is_full:
            gathering.halve()
        count, size_bytes = count + 1, size_bytes + len(value)
        if count >= _BEAT_VALUES or size_bytes >= _BEAT_BYTES:
            count = size_bytes = 0
            yield Beat()


def _beside(columns: Mapping[str, _Cells], pattern: str) -> Iterator[bytes | str]:
    for other, cells in columns.items():
        if other != pattern and cells.longest >= _WORTH_TELLING and len(cells.kept) == cells.count:
            yield from islice(cells.kept, _BESIDE)


def _around(part: Part, pattern: str, family: list[str]) -> Surroundings:
    own = _key(pattern)
    return replace(
        part.surroundings,
        names=(
            *(name for name in reversed(_path(pattern)) if name not in {"*", _ANYWHERE}),
            *part.surroundings.names,
        ),
        siblings=tuple(key for key in family if key not in {own, "*"})[:_MAX_SIBLINGS],
    )


def _add_to_families(pattern: str, families: dict[str, dict[str, None]]) -> None:
    """Enter a place beside the others of its record, and the objects that it lies in beside those of theirs."""
    while True:
        parent, key = _parent(pattern), _key(pattern)
        family = families.setdefault(parent, {})
        if key in family:
            return
        family[key] = None
        pattern = parent


def _path(pattern: str) -> list[str]:
    steps = [step.replace("~1", "/").replace("~0", "~").lstrip("@") for step in pattern.split("/") if step]
    if steps[:2] == _SHEET:  # a workbook's cells have no names
        return []
    return steps[1:] if pattern.partition("/")[0] == PLACE else steps


def _parent(pattern: str) -> str:
    return pattern.rpartition("/")[0]


def _key(pattern: str) -> str:
    path = _path(pattern)
    return path[-1] if path else "*"
