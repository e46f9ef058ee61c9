"""HDF5 files: datasets of vectors, pictures, texts and binary values, and attributes."""

from __future__ import annotations

import random
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from efface.engines import hdf5_files, hdf5_values
from efface.model import Column, Gap, GapReason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.engines.hdf5_files import Found
    from efface.model import Block, Limits, Part

__all__ = ["Hdf5"]

_MAX_COLUMNS = 4_096
_MAX_SIBLINGS = 200
_SEED = 20


class Hdf5:
    """One column for each dataset, field and attribute that may hold vectors, pictures, texts or bytes.

    Vectors are the rows along the last axis of arrays of floating-point numbers with up to four axes; arrays of
    bytes with the shape of pictures come as pictures. Of pictures and texts `cells` are drawn at random where
    there are more.

    Not promised: references between objects; what lies in the user block or in freed space.
    """

    name = "hdf5"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether it is an HDF5 file."""
        return media_type == "application/x-hdf5"

    def parts(self, part: Part, media_type: str, limits: Limits) -> Iterator[Part | Column | Gap]:
        """Yield a column for each place that holds values.

        Raises:
            FormatError: It is damaged.
            UnsupportedError: efface[files] is not installed.
        """
        del media_type
        with _opened(part) as file:
            found = list(hdf5_files.items(file))
        siblings = tuple(dict.fromkeys(each.path[-1].lstrip("@") for each in found if each.path))
        given = 0
        for each in found:
            place = part.locator.at("/" + "/".join(map(_escaped, each.path)))
            if each.trouble:
                yield Gap(place, "unpack", GapReason.UNSUPPORTED, each.trouble)
            elif (kind := hdf5_values.kind_of(each)) and given < _MAX_COLUMNS:
                given += 1
                yield _column(part, each, kind, siblings, limits)
            elif kind:
                detail = f"more than {_MAX_COLUMNS} columns: the others were not looked at"
                yield Gap(part.locator, "unpack", GapReason.OVER_LIMIT, detail)
                return


@contextmanager
def _opened(part: Part) -> Iterator[Any]:
    with closing(part.payload.open()) as stream, hdf5_files.opened(stream) as file:
        yield file


def _column(part: Part, found: Found, kind: str, siblings: tuple[str, ...], limits: Limits) -> Column:
    place = part.locator.at("/" + "/".join(map(_escaped, found.path)))
    own = found.path[-1].lstrip("@")
    inner = [name.lstrip("@") for name in reversed(found.path)]
    if found.is_parameter:
        inner = [inner[0], "parameters", *inner[1:]]
    around = replace(
        part.surroundings,
        names=(*inner, *part.surroundings.names),
        siblings=tuple(name for name in siblings if name != own)[:_MAX_SIBLINGS],
    )
    rows = hdf5_values.rows_of(found, kind)
    if kind == "vectors":
        return Column(place, around, _nothing, rows, partial(_blocks, part, found, limits))
    cells = partial(_cells, part, found, kind, limits)
    return Column(place, around, cells, rows, None, limits.cells if rows > limits.cells else None)


def _nothing() -> Iterator[bytes | str]:
    return iter(())


def _blocks(part: Part, found: Found, limits: Limits) -> Iterator[Block]:
    with _opened(part) as file:
        yield from hdf5_values.blocks(file, found, limits.unpacked_bytes)


def _cells(part: Part, found: Found, kind: str, limits: Limits) -> Iterator[bytes | str]:
    count = hdf5_values.rows_of(found, kind)
    rows = None
    if count > limits.cells and not found.path[-1].startswith("@"):
        rows = sorted(random.Random(_SEED).sample(range(count), limits.cells))  # noqa: S311 - no secret
    with _opened(part) as file:
        yield from hdf5_values.cells(file, found, kind, rows, limits.unpacked_bytes)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
