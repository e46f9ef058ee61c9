"""Files of Lance datasets, which LanceDB keeps its tables in."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from efface.formats import lance
from efface.model import Column, Gap, GapReason
from efface.sources.mapped import mapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.formats.lance import Stored
    from efface.model import Block, Limits, Part, Payload

__all__ = ["Lance"]

_MAX_COLUMNS = 4_096
_MAX_SIBLINGS = 100


class Lance:
    """The vectors of a file of a dataset as one column for each list of a fixed number of floating-point numbers.

    Rows that were deleted, and files of earlier versions of the dataset, count as well: they lie there until the
    dataset is compacted and cleaned. Other columns that may hold something are one gap that counts them.

    Not promised: texts, bytes, lists of any length, numbers that an index quantised.
    """

    name = "lance"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether it is named as a file of a dataset."""
        return media_type == "application/vnd.lance"

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap]:
        """Yield the columns of vectors, then a gap for what is not decoded.

        Raises:
            FormatError: It is damaged or cut off.
        """
        del media_type, limits
        with mapped(part.payload) as data:
            found = list(lance.columns(data))
        vectors = [each for each in found if isinstance(each, lance.Stored)]
        siblings = tuple(dict.fromkeys(each.path[-1] for each in found if each.path))
        for stored in vectors[:_MAX_COLUMNS]:
            around = replace(
                part.surroundings,
                names=(*reversed(stored.path), *part.surroundings.names),
                siblings=tuple(name for name in siblings if name not in stored.path)[:_MAX_SIBLINGS],
            )
            place = part.locator.at("/" + "/".join(("*", *map(_escaped, stored.path))))
            yield Column(place, around, _no_cells, stored.count, partial(_blocks, part.payload, stored))
        if len(vectors) > _MAX_COLUMNS:
            detail = f"more than {_MAX_COLUMNS} columns: {len(vectors) - _MAX_COLUMNS} were not looked at"
            yield Gap(part.locator, "unpack", GapReason.OVER_LIMIT, detail)
        if unread := len(found) - len(vectors):
            detail = f"{unread} columns of a Lance file are packed in ways that are not decoded"
            yield Gap(part.locator, "unpack", GapReason.UNSUPPORTED, detail)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _no_cells() -> Iterator[bytes | str]:
    return iter(())


def _blocks(payload: Payload, stored: Stored) -> Iterator[Block]:
    with mapped(payload) as data:
        yield from lance.blocks(data, stored)
