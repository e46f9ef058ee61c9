"""Pictures whose vector is gone, and vectors whose picture is gone: what one half of a removal leaves behind.

Two kinds of store tell which picture belongs to which vector: a table with a column of paths beside its vectors, and
folders in which a picture and a file of a vector have the same name.

Not promised: tables of servers, whose paths are another machine's; addresses of the web; other ways to name a picture.
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from efface.engines import sqlite_file
from efface.engines.sqlite_pairs import pictures_of
from efface.errors import EffaceError
from efface.model import Form, Limits, Locator
from efface.sources.database_url import column_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from efface.model import Finding
    from efface.runs.store import Store

__all__ = ["Orphan", "OrphanKind", "orphans_of"]

_PICTURES = frozenset(
    {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".heic", ".avif", ".jp2"}
)
_VECTORS = (Form.TEMPLATE, Form.FEATURES)
_FEWEST = 3  # pairs from which two folders count as two halves of one store
_SHARE = 0.5  # of the vectors of a folder that have a picture in the other


class OrphanKind(StrEnum):
    """Which half is left."""

    PICTURE = "picture"  # its vector is gone
    VECTOR = "vector"  # its picture is gone


@dataclass(frozen=True, slots=True)
class Orphan:
    """One half that is left, where it is; of a table, the table with how many rows.

    Attributes:
        kind: Which half.
        place: The picture, the file of the vector, or the table.
        count: How many.
    """

    kind: OrphanKind
    place: Locator
    count: int = 1


def orphans_of(store: Store) -> list[Orphan]:
    """Return what stands alone in the stores of a run, by place; nothing is changed."""
    found = [*_of_folders(store), *_of_tables(store)]
    return sorted(set(found), key=lambda each: (each.place.uri, each.kind))


def _of_folders(store: Store) -> Iterator[Orphan]:
    pictures: dict[str, dict[str, str]] = defaultdict(dict)
    vectors: dict[str, dict[str, str]] = defaultdict(dict)
    for path in store.paths():
        folder, name = os.path.split(path)
        if os.path.splitext(name)[1].lower() in _PICTURES:
            pictures[folder][_stem(name)] = path
    for finding in store.findings():
        if finding.form in _VECTORS and finding.locator.scheme == "file":
            folder, name = os.path.split(finding.locator.path[0])
            if os.path.splitext(name)[1].lower() not in _PICTURES:
                vectors[folder][_stem(name)] = finding.locator.path[0]
    for folder, mine in vectors.items():
        theirs = _other_half(folder, mine.keys(), pictures)
        for stem in mine.keys() - theirs.keys() if theirs else ():
            yield Orphan(OrphanKind.VECTOR, Locator("file", (mine[stem],)))
        for stem in theirs.keys() - mine.keys():
            yield Orphan(OrphanKind.PICTURE, Locator("file", (theirs[stem],)))


def _other_half(folder: str, stems: Iterable[str], pictures: dict[str, dict[str, str]]) -> dict[str, str]:
    """Return the pictures of the folder, itself or beside it, that share most names with the vectors of one."""
    mine = set(stems)
    parent = os.path.dirname(folder)
    near = [each for each in pictures if each == folder or os.path.dirname(each) == parent]
    best = max(near, key=lambda each: (len(mine & pictures[each].keys()), each), default="")
    shared = len(mine & pictures[best].keys()) if best else 0
    return pictures[best] if shared >= max(_FEWEST, _SHARE * len(mine)) else {}


def _stem(name: str) -> str:
    """Return a name without its endings: `a.jpg.npy` and `a.jpg` belong together."""
    stem, _ = os.path.splitext(name)
    inner, ending = os.path.splitext(stem)
    return inner if ending.lower() in _PICTURES else stem


def _of_tables(store: Store) -> Iterator[Orphan]:
    columns: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for finding in store.findings():
        place = _column(finding)
        if place is not None:
            path, schema, table, column = place
            columns[path, schema, table].append(column)
    for (path, schema, table), names in columns.items():
        try:
            data = sqlite_file.whole(Path(path), Limits())
            rows = list(pictures_of(data, table, names))
        except (EffaceError, OSError):
            continue  # no database, or one that a scan told a gap of
        there = [(_is_there(path, name), full) for name, full in rows]
        if not any(is_there for is_there, _ in there):
            continue  # where its pictures are cannot be told
        for column in names:
            at = Locator("file", (path,), f"/{schema}.{table}/{column}")
            alone = sum(full and is_there is False for is_there, full in there)
            bare = sum(not full and is_there is True for is_there, full in there)
            if alone:
                yield Orphan(OrphanKind.VECTOR, at, alone)
            if bare:
                yield Orphan(OrphanKind.PICTURE, at, bare)
            break


def _column(finding: Finding) -> tuple[str, str, str, str] | None:
    """Return path, schema, table and column of vectors in a database file."""
    locator = finding.locator
    if finding.form not in _VECTORS or locator.scheme != "file" or len(locator.path) != 1:
        return None
    try:
        schema, table, column = column_of(locator.fragment or "")
    except ValueError:
        return None
    return (locator.path[0], schema, table, column) if schema == "main" else None


def _is_there(database: str, name: str) -> bool | None:
    """Return whether a picture is there, by its path or `file:` address; None for an address elsewhere."""
    address = urlsplit(name)
    if address.scheme == "file":
        name = unquote(address.path)
    elif address.scheme and len(address.scheme) > 1:
        return None
    path = name.replace("\\", "/") if os.sep == "/" else name
    return os.path.isfile(os.path.join(os.path.dirname(database), path.lstrip("/"))) or os.path.isfile(path)
