"""Texts with values in them: JSON, XML, CSV, SQL dumps and plain text, as columns of values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from efface.formats.text_runs import PLACE
from efface.formats.text_values import TEXT_TYPES, values
from efface.model import Column, Gap, GapReason, Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Limits, Part

__all__ = ["Values"]

_MAX_COLUMNS = 4_096  # places of one text; values in more of them are taken together
_ANYWHERE = "**"
_MAX_SIBLINGS = 200
_WORTH_TELLING = 64  # characters; a shorter value holds neither a picture nor a template


@dataclass(slots=True)
class _Cells:
    kept: list[bytes | str] = field(default_factory=list)
    count: int = 0
    left_out: int = 0


class Values:
    """Columns of a text: one for each place that its values have, with `*` for any element.

    Values in more than 4,096 places are taken together as place `**`.

    Values are kept up to `cells` of a column; what was not kept is told as a gap where it is long enough
    to hold something.
    """

    name = "values"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether it is a text that holds values."""
        return media_type.startswith("text/") or media_type in TEXT_TYPES

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap]:
        """Yield one column for each place in the text.

        Raises:
            FormatError: It is no text, or larger than the limits allow.
        """
        columns: dict[str, _Cells] = {}
        for pattern, value in values(part.payload.read(), media_type):
            known = pattern in columns or len(columns) < _MAX_COLUMNS
            _keep(columns.setdefault(pattern if known else _ANYWHERE, _Cells()), value, limits)
        yield from _columns(part, columns, limits)


def _keep(cells: _Cells, value: bytes | str, limits: Limits) -> None:
    cells.count += 1
    if len(cells.kept) < limits.cells:
        cells.kept.append(value)
    elif len(value) >= _WORTH_TELLING:
        cells.left_out += 1


def _columns(part: Part, columns: dict[str, _Cells], limits: Limits) -> Iterator[Column | Gap]:
    families: dict[str, list[str]] = {}
    for pattern in columns:
        families.setdefault(_parent(pattern), []).append(_key(pattern))
    for pattern, cells in columns.items():
        place = part.locator.at(pattern)
        if cells.left_out:
            detail = f"more than cells = {limits.cells} values: {cells.left_out} were not looked at"
            yield Gap(place, "unpack", GapReason.OVER_LIMIT, detail)
        around = _around(part, pattern, families[_parent(pattern)][: _MAX_SIBLINGS + 1])
        yield Column(place, around, partial(iter, cells.kept), cells.count)


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


def _path(pattern: str) -> list[str]:
    steps = [step.replace("~1", "/").replace("~0", "~").lstrip("@") for step in pattern.split("/") if step]
    return steps[1:] if pattern.partition("/")[0] == PLACE else steps


def _parent(pattern: str) -> str:
    return pattern.rpartition("/")[0]


def _key(pattern: str) -> str:
    path = _path(pattern)
    return path[-1] if path else "*"
