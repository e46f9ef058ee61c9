"""The plugs between rooms: what a source gives, what a detector takes, what an action does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from typing import BinaryIO

    from efface.model.artefact import Artefact
    from efface.model.finding import Clue, Finding
    from efface.model.gap import Gap
    from efface.model.limits import Limits
    from efface.model.locator import Locator
    from efface.model.sampling import Sampling
    from efface.model.vocabulary import Method, Mode

__all__ = [
    "COLLECTION_TYPE",
    "COLUMN_TYPE",
    "SHORTEST_CELL",
    "Action",
    "Beat",
    "Block",
    "Collection",
    "Column",
    "ColumnDetector",
    "Container",
    "Detector",
    "Part",
    "Payload",
    "Rescan",
    "SampledSource",
    "Source",
    "Surroundings",
    "Unit",
]

COLUMN_TYPE = "application/vnd.efface.column"
"""Media type of an artefact that is a column of values rather than bytes of its own."""

SHORTEST_CELL = 24
"""No vector, record, template or picture is shorter, in characters of text or bytes."""

COLLECTION_TYPE = "application/vnd.efface.collection"
"""Media type of an artefact that is a table or the like, of which only the parts can be read."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands beside an artefact, in names only, never content.

    Attributes:
        names: From the inside out: file name and folders, or column, table and database.
        siblings: Names beside it: files of the folder, or columns of the table; at most 200.
    """

    names: tuple[str, ...] = ()
    siblings: tuple[str, ...] = ()


class Payload(Protocol):
    """The bytes of one artefact, readable as often as needed, never written."""

    @property
    def size_bytes(self) -> int:
        """Size in bytes."""

    def head(self, count: int = 4096) -> bytes:
        """Return up to `count` bytes from the start."""

    def read(self) -> bytes:
        """Return all bytes; raise LimitExceededError when there are more than the run allows."""

    def open(self) -> BinaryIO:
        """Return a new seekable reader at offset 0; the caller closes it."""


@dataclass(frozen=True, slots=True)
class Block:
    """Many vectors of one dimension in one buffer, one after another, so that they are tested together.

    Attributes:
        data: The numbers; its length is a whole number of vectors.
        dimension: Numbers in one vector.
        dtype: The array interface's word for the type of a number: "<f4", ">f4", "<f8", "<f2", "|i1".
        how: How they were stored, from the outside in, as words.
    """

    data: bytes | bytearray | memoryview = field(repr=False)
    dimension: int
    dtype: str
    how: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """The values of one field over many records, with what their names say.

    Attributes:
        locator: The field (`...#/main.customer/face_vector`, `...#/*/faceImage`).
        surroundings: Names of field, table, neighbours.
        cells: Returns a new iterator over non-null values; text stays text, binary stays bytes. A
            text may be a number list, JSON, base64, hex or anything else.
        rows: How many records there are, where the place knows it; else None.
        blocks: Returns a new iterator over the vectors of a field that is known to hold vectors, all of one
            dimension; `cells` then yields only what else it holds. None where values come as cells alone.
        drawn: How many records were drawn at random, where cells and blocks give a sample; None for all.
        clues: What is known of the place itself, and so of everything that is found in it.
        beside: Returns a new iterator over some values of the other fields of the same records, in any order;
            None where they are not at hand.
    """

    locator: Locator
    surroundings: Surroundings
    cells: Callable[[], Iterator[bytes | str]]
    rows: int | None = None
    blocks: Callable[[], Iterator[Block]] | None = None
    drawn: int | None = None
    clues: tuple[Clue, ...] = ()
    beside: Callable[[], Iterator[bytes | str]] | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """An artefact inside another, before it is looked at."""

    locator: Locator
    payload: Payload
    surroundings: Surroundings
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """An outermost thing without bytes of its own, whose parts are read one by one: a table of a database.

    Attributes:
        locator: Where it is.
        parts: Returns an iterator over its parts; it may raise AccessError or FormatError on the way.
    """

    locator: Locator
    parts: Callable[[], Iterator[Column | Part | Gap | Sampling | Beat]]


@dataclass(frozen=True, slots=True)
class Beat:
    """Says that work on something long goes on, so that it is not taken for a hang."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One outermost thing to look at: a plain value that can be sent to another process or machine.

    Attributes:
        uri: Its locator, printed.
        size_bytes: Size when it was listed.
        stamp: What shows that it changed (for a file: size, times, inode); equal stamps mean "look no more".
        source: Name of the source that opens it.
    """

    uri: str
    size_bytes: int
    stamp: str
    source: str


@runtime_checkable
class Source(Protocol):
    """A kind of place: lists its outermost things and opens them read-only."""

    name: str
    version: int

    def claims(self, target: str) -> bool:
        """Return whether this source reads such a target."""

    def units(self, target: str) -> Iterator[Unit | Gap]:
        """List the outermost things of a target; what cannot be listed is a gap."""

    def open(self, unit: Unit, limits: Limits) -> Part | Collection:
        """Open one thing read-only; raise AccessError when it cannot be."""

    def stamp(self, unit: Unit) -> str:
        """Return the stamp as it is now; raise AccessError when the thing is gone."""


@runtime_checkable
class SampledSource(Source, Protocol):
    """A source that lists by how hard a scan looks: draws from large things, or ranges with all there is."""

    def units_in(self, target: str, mode: Mode, limits: Limits) -> Iterator[Unit | Gap]:
        """List the outermost things of a target for one mode; `units` lists them for a standard scan."""


@runtime_checkable
class Container(Protocol):
    """A kind of thing with parts: an archive, a database file, a text with values in it."""

    name: str
    version: int

    def accepts(self, media_type: str) -> bool:
        """Return whether it opens such a media type."""

    def parts(
        self, part: Part, media_type: str, limits: Limits
    ) -> Iterator[Part | Column | Gap | Sampling | Beat]:
        """Yield the parts inside; raise FormatError when the whole cannot be opened."""


@runtime_checkable
class Detector(Protocol):
    """Decides whether an artefact holds one form of one characteristic."""

    name: str
    version: int

    def accepts(self, media_type: str) -> bool:
        """Return whether it looks at such a media type; column cells come as what they decode to."""

    def detect(
        self, artefact: Artefact, payload: Payload, surroundings: Surroundings, mode: Mode, limits: Limits
    ) -> Iterator[Finding | Gap | Sampling | Beat]:
        """Yield what is found in one artefact; raise FormatError when it cannot be read.

        What takes long yields a Beat every second or so.
        """


@runtime_checkable
class ColumnDetector(Protocol):
    """A detector that judges a column as a whole, because only many values together decide."""

    name: str
    version: int

    def detect_column(
        self, column: Column, mode: Mode, limits: Limits
    ) -> Iterator[Finding | Gap | Sampling | Beat]:
        """Yield what the values of a column are."""


class Rescan(Protocol):
    """Looks at a result again: the same eyes that found, used on what is left."""

    def __call__(self, data: bytes, locator: Locator) -> Sequence[Finding | Gap]:
        """Return everything found in bytes that stand for a place."""


@runtime_checkable
class Action(Protocol):
    """Removes one form of data from the bytes of one artefact, outside its place."""

    name: str
    version: int
    method: Method

    def accepts(self, media_type: str, finding: Finding) -> bool:
        """Return whether it can remove such a finding from such an artefact."""

    def remove(self, data: bytes, findings: Sequence[Finding], limits: Limits) -> bytes | None:
        """Return the bytes without the findings, or None where nothing of the artefact is to stay.

        Raises:
            RemovalError: It cannot be done; nothing was changed.
        """
