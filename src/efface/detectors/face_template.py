"""Find face templates: columns, arrays and files of vectors that a face network made.

Numbers alone never tell a face's vector from a text's, so names decide; where they do not, the answer is
"an embedding, characteristic unknown". Templates of other characteristics are told by their names too.

Sources: ISO/IEC 2382-37 (template); GB/T 41819-2022 (face features); stores of deepface, CompreFace,
face_recognition, Nextcloud, digiKam.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from efface.detectors import opaque_template, vector_context
from efface.detectors.level import level_of
from efface.detectors.vector_column import VectorColumn
from efface.errors import LimitExceededError
from efface.formats import npy, pickle_scan, vectors
from efface.formats.text_values import values as text_values
from efface.model import Characteristic, Clue, Finding, Form, Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from efface.formats.vectors import Vector
    from efface.model import Artefact, Column, Gap, Limits, Locator, Payload, Surroundings

__all__ = ["FaceTemplate"]

_BLOB_BYTES = 64 << 10  # a file of its own for one vector, as some vendors write
_FAST_CELLS = 200
_MAX_PLACES = 1_000  # names that lead to arrays in one file
_TYPES = frozenset({"application/x-npy", "application/x-pickle", "application/octet-stream"})

_MAX_AXES = 4


class FaceTemplate:
    """Judges the vectors of a column, an array or a file together.

    Not promised: a vector of a network unknown to the names around it is "an embedding of unknown
    characteristic"; a template in a vendor's own coding is told by its field's name alone.
    """

    name = "face-template"
    version = 2

    def accepts(self, media_type: str) -> bool:
        """Return whether it looks at arrays, pickles and files of unknown kind."""
        return media_type in _TYPES

    def detect(
        self, artefact: Artefact, payload: Payload, surroundings: Surroundings, mode: Mode, limits: Limits
    ) -> Iterator[Finding | Gap]:
        """Yield what the vectors of one file are.

        Raises:
            FormatError: It cannot be read.
        """
        del limits
        if artefact.media_type == "application/octet-stream" and payload.size_bytes > _BLOB_BYTES:
            return
        data = payload.read()
        places: dict[tuple[str, ...], VectorColumn] = {}
        for names, vector in _vectors_of(artefact.media_type, data):
            if names not in places and len(places) >= _MAX_PLACES:
                raise LimitExceededError(f"more than {_MAX_PLACES} names lead to arrays")
            column = places.setdefault(names, VectorColumn())
            if mode is not Mode.FAST or column.count < _FAST_CELLS:
                column.add(vector)
        for names, column in places.items():
            inside = "/".join(("", *reversed(names))) if names else None
            around = replace(surroundings, names=(*_words(names), *_bare(surroundings.names)))
            where = artefact.locator if inside is None else artefact.locator.at(inside)
            yield from self._findings(where, around, column, column.count)

    def detect_column(self, column: Column, mode: Mode, limits: Limits) -> Iterator[Finding | Gap]:
        """Yield what the values of a column are: templates, embeddings of some kind, or nothing."""
        most = _FAST_CELLS if mode is Mode.FAST else limits.cells
        places: dict[tuple[str, ...], VectorColumn] = {}
        opaque = opaque_template.Opaque(column.surroundings)
        tested = 0
        for cell in column.cells():
            tested += 1
            if tested > most:
                break
            found = False
            for names, vector in _in_cell(cell):
                found = True
                if names in places or len(places) < _MAX_PLACES:
                    places.setdefault(names, VectorColumn()).add(vector)
            if not found:
                opaque.add(cell)
        for names, vectors_here in places.items():
            around = replace(column.surroundings, names=(*names, *column.surroundings.names))
            count = vectors_here.count
            references = max(count, column.rows or 0) if tested > most else count
            yield from self._findings(column.locator, around, vectors_here, references)
        if not places:
            yield from opaque.findings(f"{self.name}@{self.version}", column.locator)

    def _findings(
        self, where: Locator, around: Surroundings, column: VectorColumn, references: int
    ) -> Iterator[Finding]:
        opinion = vector_context.judge(around, column)
        detector = f"{self.name}@{self.version}"
        facts = _facts(column)
        if opinion.characteristic is not Characteristic.UNKNOWN:
            level, why = level_of(around, form=Form.TEMPLATE)
            confidence = vector_context.confidence_of_template(opinion.score)
            clues = (*opinion.clues, *why, *facts)
            yield Finding(
                detector, Form.TEMPLATE, opinion.characteristic, where, confidence, references, level, clues
            )
        elif not opinion.is_other and _is_embedding(column, is_named=opinion.is_named):
            confidence = vector_context.confidence_of_unknown(column, is_named=opinion.is_named)
            yield Finding(
                detector, Form.FEATURES, Characteristic.UNKNOWN, where, confidence, references, None, facts
            )


def _is_embedding(column: VectorColumn, *, is_named: bool) -> bool:
    """Without a telling name, only normalised vectors of one dimension are told apart from other numbers."""
    return column.is_uniform and (is_named or column.unit_share > 0.9)


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


def _vectors_of(media_type: str, data: bytes) -> Iterator[tuple[tuple[str, ...], Vector]]:
    if media_type == "application/x-pickle":
        yield from _in_pickle(data)
    elif media_type == "application/x-npy":
        inside = npy.pickled(data)
        if inside is not None:
            yield from _in_pickle(inside)
            return
        head = npy.header(data)
        if head.dtype[1] == "f" and _is_rows(head.shape):
            yield from (((), vector) for vector in _told(npy.rows(data), head.dtype, "npy"))
    else:
        vector = vectors.parse_vector(data)
        if vector is not None:
            yield (), vector


def _in_pickle(data: bytes) -> Iterator[tuple[tuple[str, ...], Vector]]:
    for found in pickle_scan.scan(data):
        numbers = found.numbers
        if numbers.dtype.kind == "f" and _is_rows(numbers.shape):
            rows = numbers.reshape(-1, numbers.shape[-1]) if numbers.size else ()
            told = _told(rows, numbers.dtype.name, "pickle", found.kind)
            yield from ((found.names, vector) for vector in told)


def _is_rows(shape: tuple[int, ...]) -> bool:
    """Return whether an array may be one vector or any grid of them, such as people x pictures x 512.

    Pictures and feature maps end in a short axis; whether long rows are templates, the names decide.
    """
    return 1 <= len(shape) <= _MAX_AXES and (len(shape) <= 2 or shape[-1] >= vectors.MIN_DIMENSION)


def _told(rows: Iterable[NDArray[Any]], dtype: str, *how: str) -> Iterator[Vector]:
    for row in rows:
        vector = vectors.of_numbers(row, dtype, how)
        if vector is not None:
            yield vector


def _in_cell(cell: bytes | str) -> Iterator[tuple[tuple[str, ...], Vector]]:
    vector = vectors.parse_vector(cell)
    if vector is not None:
        yield (), vector
        return
    start = cell[:1]
    if start in {"{", "["} and len(cell) >= vectors.MIN_DIMENSION:
        yield from _in_json(cast("str", cell))


def _in_json(text: str) -> Iterator[tuple[tuple[str, ...], Vector]]:
    """Vectors in JSON that stands in a cell, with the keys that lead to each."""
    for pattern, value in text_values(text.encode("utf-8", "surrogatepass"), "application/json"):
        vector = vectors.parse_vector(value)
        if vector is not None:
            keys = tuple(key for key in reversed(pattern.split("/")) if key not in {"", "*", "text"})
            yield keys, vector


def _words(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name)


def _bare(names: tuple[str, ...]) -> tuple[str, ...]:
    """The suffix of an array's file says nothing of its content."""
    return (names[0].removesuffix(".npy"), *names[1:]) if names else names
