"""Find face templates: columns, arrays and files of vectors that a face network made.

Numbers tell whose network made a vector only where that network is known; else names decide, and where they do
not, the answer is "an embedding, characteristic unknown". Templates of other characteristics are told by their
names too.

Sources: ISO/IEC 2382-37 (template); GB/T 41819-2022 (face features); stores of deepface, CompreFace,
face_recognition, Nextcloud, digiKam.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from efface.detectors import linked_photo, opaque_template, vector_cells, vector_context
from efface.detectors.level import level_of
from efface.detectors.vector_column import FACE_DIMENSIONS, VectorColumn
from efface.errors import LimitExceededError, UnsupportedError
from efface.formats import npy, pickle_scan, vector_rows, vectors
from efface.formats.names import person_keys
from efface.model import Beat, Characteristic, Clue, Finding, Form, Mode, Sampling

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from numpy.typing import NDArray

    from efface.model import Artefact, Block, Column, Gap, Limits, Locator, Payload, Surroundings

    Rows = tuple[tuple[str, ...], NDArray[Any], tuple[str, ...]]

__all__ = ["FaceTemplate"]

_BLOB_BYTES = 64 << 10  # a file of its own for one vector, as some vendors write
_FAST_CELLS = 200
_FAST_ROWS = 4_096  # of blocks and arrays, which cost a thousandth of cells
_BEAT_ROWS = 50_000
_BEAT_CELLS = 1_000
_MAX_PLACES = 1_000  # names that lead to arrays in one file
_ARRAY = "application/x-npy"
_TYPES = frozenset({_ARRAY, "application/x-pickle", "application/octet-stream"})

_MAX_AXES = 4


class FaceTemplate:
    """Judges the vectors of a column, an array or a file together.

    Not promised: a vector of a network unknown to the names around it is "an embedding of unknown
    characteristic"; a template in a vendor's own coding is told by its field's name alone.
    """

    name = "face-template"
    version = 3

    def accepts(self, media_type: str) -> bool:
        """Return whether it looks at arrays, pickles and files of unknown kind."""
        return media_type in _TYPES

    def detect(
        self, artefact: Artefact, payload: Payload, surroundings: Surroundings, mode: Mode, limits: Limits
    ) -> Iterator[Finding | Gap | Sampling | Beat]:
        """Yield what the vectors of one file are.

        Raises:
            FormatError: It cannot be read.
        """
        del limits
        if artefact.media_type == "application/octet-stream" and payload.size_bytes > _BLOB_BYTES:
            return
        most = _FAST_ROWS if mode is Mode.FAST else 0
        places: dict[tuple[str, ...], VectorColumn] = {}
        looked_at: dict[tuple[str, ...], int] = {}
        passed_over = 0
        for names, rows, how in _rows_of(artefact.media_type, payload):
            seen = looked_at.get(names, 0)
            if most and seen >= most:
                passed_over += rows.shape[0]
                if artefact.media_type == _ARRAY:
                    break
                continue
            if names not in looked_at and len(looked_at) >= _MAX_PLACES:
                raise LimitExceededError(f"more than {_MAX_PLACES} names lead to arrays")
            looked_at[names] = seen + rows.shape[0]
            places.setdefault(names, VectorColumn()).add_block(rows, how, thorough=mode is Mode.THOROUGH)
            if seen // _BEAT_ROWS != looked_at[names] // _BEAT_ROWS:
                yield Beat()
        if passed_over:
            looked = sum(looked_at.values())
            total = None if artefact.media_type == _ARRAY else looked + passed_over
            yield Sampling(artefact.locator, "rows", looked, total)
        for names, column in places.items():
            inside = pickle_scan.place_of(names)
            around = replace(surroundings, names=(*_words(names), *_bare(surroundings.names)))
            where = artefact.locator if inside is None else artefact.locator.at(inside)
            if column.count:
                yield from self._findings(where, around, column, column.count)

    def detect_column(
        self, column: Column, mode: Mode, limits: Limits
    ) -> Iterator[Finding | Gap | Sampling | Beat]:
        """Yield what the values of a column are: templates, embeddings of some kind, or nothing."""
        places: dict[tuple[str, ...], VectorColumn] = {}
        opaque = opaque_template.Opaque(column.surroundings)
        most = _FAST_CELLS if mode is Mode.FAST else limits.cells
        is_part = column.drawn is not None
        if column.blocks is not None:
            is_part |= yield from _take_blocks(column.blocks(), places, mode)
        cells = column.cells()
        for count, found in enumerate(vector_cells.read(islice(cells, most)), start=1):
            if count % _BEAT_CELLS == 0:
                yield Beat()
            if found.rows is None:
                opaque.add(found.cell)
            elif found.names in places or len(places) < _MAX_PLACES:
                places.setdefault(found.names, VectorColumn()).add_tested(found.rows, found.how)
        is_part |= next(cells, None) is not None
        del cells  # a database reads one field at a time
        for names, here in places.items():
            around = replace(column.surroundings, names=(*names, *column.surroundings.names))
            references = max(here.count, column.rows or 0) if is_part else here.count
            if here.count:
                more = _linked(column, here, mode, limits)
                yield from self._findings(column.locator, around, here, references, more)
        if not any(here.count for here in places.values()):
            yield from opaque.findings(f"{self.name}@{self.version}", column.locator)

    def _findings(
        self,
        where: Locator,
        around: Surroundings,
        column: VectorColumn,
        references: int,
        more: tuple[Clue, ...] = (),
    ) -> Iterator[Finding]:
        opinion = vector_context.judge(around, column)
        detector = f"{self.name}@{self.version}"
        facts = _facts(column)
        if opinion.characteristic is not Characteristic.UNKNOWN:
            level, why = level_of(around, form=Form.TEMPLATE)
            confidence = vector_context.confidence_of_template(opinion.score)
            clues = (*opinion.clues, *more, *why, *facts)
            yield Finding(
                detector, Form.TEMPLATE, opinion.characteristic, where, confidence, references, level, clues
            )
        elif not opinion.is_other and _is_embedding(column, around, is_named=opinion.is_named):
            confidence = vector_context.confidence_of_unknown(column, is_named=opinion.is_named)
            yield Finding(
                detector, Form.FEATURES, Characteristic.UNKNOWN, where, confidence, references, None, facts
            )


def _is_embedding(column: VectorColumn, around: Surroundings, *, is_named: bool) -> bool:
    """Without a telling name, only normalised vectors of one dimension are told apart from other numbers.

    Others count beside a field that stands for a person, where they are as long as a face network's.
    """
    if not column.is_uniform:
        return False
    if is_named or column.unit_share > 0.9:
        return True
    is_usual = column.count > 1 and column.dimension in FACE_DIMENSIONS
    return is_usual and bool(person_keys(around.siblings))


def _linked(column: Column, vectors_there: VectorColumn, mode: Mode, limits: Limits) -> tuple[Clue, ...]:
    maker = vectors_there.maker
    if maker is None or mode is Mode.FAST:
        return ()
    clue = linked_photo.embedded_again(column, maker.name, limits)
    return () if clue is None else (clue,)


def _facts(column: VectorColumn) -> tuple[Clue, ...]:
    how = column.encodings.most_common(1)[0][0]
    return (
        Clue("dimension", str(column.dimension)),
        Clue("vectors", str(column.count)),
        Clue("encoding", " ".join(how)),
        Clue("norm_mean", f"{column.norm_mean:.2f}"),
        Clue("float32_exact_share", f"{column.exact / column.count:.2f}"),
        Clue("direction", f"{column.direction:.2f}"),
    )


def _take_blocks(
    blocks: Iterator[Block], places: dict[tuple[str, ...], VectorColumn], mode: Mode
) -> Generator[Beat, None, bool]:
    """Take the vectors of blocks; return whether there were more than the mode looks at."""
    taken = beaten = 0
    for block in blocks:
        if mode is Mode.FAST and taken >= _FAST_ROWS:
            return True
        kind = np.dtype(block.dtype)
        if not vector_rows.is_testable(kind, block.dimension):
            continue
        rows = np.frombuffer(block.data, kind).reshape(-1, block.dimension)
        column = places.setdefault((), VectorColumn())
        column.add_block(rows, (*block.how, vectors.word(kind)), thorough=mode is Mode.THOROUGH)
        taken += rows.shape[0]
        if taken - beaten >= _BEAT_ROWS:
            beaten = taken
            yield Beat()
    return False


def _rows_of(media_type: str, payload: Payload) -> Iterator[Rows]:
    """Yield rows of numbers with the names that lead to them and the words for their coding."""
    if media_type == "application/x-pickle":
        yield from _in_pickle(payload.read())
    elif media_type == _ARRAY:
        yield from _in_npy(payload)
    else:
        vector = vectors.parse_vector(payload.read())
        if vector is not None:
            yield (), vector.values.reshape(1, -1), vector.how


def _in_npy(payload: Payload) -> Iterator[Rows]:
    start = payload.head(npy.HEAD_BYTES)
    try:
        head = npy.header(start)
    except UnsupportedError:
        if not npy.is_pickled(start):
            raise
        yield from _in_pickle(npy.pickled(payload.read()) or b"")
        return
    kind = np.dtype(head.dtype)
    if not _is_rows(head.shape) or not vector_rows.is_testable(kind, head.shape[-1]):
        return
    with payload.open() as stream:
        for rows in npy.pieces(stream, payload.size_bytes, head):
            yield (), rows, ("npy", vectors.word(kind))


def _in_pickle(data: bytes) -> Iterator[Rows]:
    for found in pickle_scan.scan(data):
        numbers = found.numbers
        shape = numbers.shape
        if numbers.size and _is_rows(shape) and vector_rows.is_testable(numbers.dtype, shape[-1]):
            yield found.names, numbers.reshape(-1, shape[-1]), ("pickle", found.kind, numbers.dtype.name)


def _is_rows(shape: tuple[int, ...]) -> bool:
    """Return whether an array may be one vector or any grid of them, such as people x pictures x 512.

    Pictures and feature maps end in a short axis; whether long rows are templates, the names decide.
    """
    return 1 <= len(shape) <= _MAX_AXES


def _words(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name)


def _bare(names: tuple[str, ...]) -> tuple[str, ...]:
    """The suffix of an array's file says nothing of its content."""
    return (names[0].removesuffix(".npy"), *names[1:]) if names else names
