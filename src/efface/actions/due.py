"""Which values of a column hold what was found, and what is to stay of each.

A finding is a column; its values may be anything. Formats alone decide, as they did when it was found:

- Findings of records take the values in which a record of the same form and characteristic is found.
- Findings of vectors take the values that read as a vector.
- Findings of templates in an unknown coding take all binary values, and texts that are long binary data in
  base64 or hexadecimal; words, numbers, texts and addresses stay.
- Findings of faces take the values that are pictures.

What a value as a whole is, in whatever coding, goes as a whole. What a text only contains is taken out of it:
a string or a list of JSON, or a long run in plain text, becomes empty. What is contained otherwise cannot be
told apart from its surroundings, and is refused.

Not promised: two vectors of the same length under different keys of one JSON text are not told apart; the
records of a weaker test than the one that made the finding stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.errors import FormatError, LimitExceededError, RemovalError
from efface.formats import encoded, records, sniff
from efface.formats.text_edit import emptied
from efface.formats.text_values import TEXT_TYPES, values
from efface.formats.unwrap import unwrap
from efface.formats.vectors import parse_vector
from efface.model import Characteristic, Form, Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from efface.formats.record import Record
    from efface.formats.unwrap import Unwrapped
    from efface.model import Finding

__all__ = ["Sieve", "is_due", "rest"]

Value = bytes | str

_RECORDS = 64  # of one value, as in finding
_SOUND = 0.5  # exactness from which a record counts under any name
_MIN_PICTURE = 64  # bytes or characters; shorter values were not looked at
_MIN_CODED, _DISTINCT, _SAMPLE = 96, 48, 256  # as in finding templates of an unknown coding
_KINDS = {
    "image": Form.SAMPLE,
    "container": Form.SAMPLE,
    "template": Form.TEMPLATE,
    "features": Form.FEATURES,
}
_NO_PHOTOS = frozenset({"image/svg+xml", "image/wmf", "image/emf", "image/x-wsq"})


def is_due(value: Value, findings: Sequence[Finding]) -> bool:
    """Return whether a value as a whole is what was found.

    Args:
        value: One cell of a column, or one value of a text.
        findings: Those of its column.
    """
    if not value:
        return False
    if any(_is_of_vectors(finding) for finding in findings) and parse_vector(value) is not None:
        return True
    others = [finding for finding in findings if not _is_of_vectors(finding) or not finding.clues]
    return any(_is(layer, value, finding) for layer in _layers(value, others) for finding in others)


def rest(value: Value, findings: Sequence[Finding]) -> Value | None:
    """Return what is to stay of a value: itself, nothing (None), or the text without what it contains.

    Raises:
        RemovalError: It contains what was found, and nothing tells where that begins and ends.
    """
    if not value:  # what was emptied before
        return value
    if is_due(value, findings):
        return None
    if not _contains(value, findings):
        return value
    left = _without(value, findings)
    if left is None or _contains(left, findings):
        raise RemovalError(
            "a value contains what was found among other things, and only texts can lose a part of themselves:"
            " take it out with the program that wrote it, or remove the row"
        )
    return left


class Sieve:
    """Decides over the values of one column, and counts its pictures.

    At level 1 the pictures of a column are of anything, and some of them show a face: without their boxes
    they cannot be told from the others, so either all show one or none is removed. At levels 2 and 3 every
    picture of the column goes: it stands beside a person's name, and one in which no face was seen is that
    customer's photo all the same.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        self._findings = findings
        self._counted = [
            each for each in findings if each.level is Level.VISIBLE and _cells_of(each) is not None
        ]
        self._pictures = 0

    def rest(self, value: Value) -> Value | None:
        """Return what is to stay of one value, as the function of this name does."""
        return rest(value, self._findings)

    def count(self, value: Value) -> None:
        """Count one value if it is a picture, or contains one, that may have to stay; once for each cell."""
        if self._counted and (is_due(value, self._counted) or _contains(value, self._counted)):
            self._pictures += 1

    def check(self) -> None:
        """Raise RemovalError when some pictures showed no face and nothing ties them to a person."""
        for finding in self._counted:
            cells = _cells_of(finding) or 0
            if cells < self._pictures:
                raise RemovalError(
                    f"only {cells} of {self._pictures} pictures in the column show a face, and nothing ties them"
                    " to persons: remove or redact these pictures with the program that keeps them"
                )


def _is_of_vectors(finding: Finding) -> bool:
    """Return whether vectors were found; a finding without clues may be of any kind that its form allows."""
    if finding.form not in (Form.TEMPLATE, Form.FEATURES):
        return False
    return not finding.clues or _clue(finding, "dimension") is not None


def _clue(finding: Finding, name: str) -> str | None:
    return next((clue.value for clue in finding.clues if clue.name == name), None)


def _cells_of(finding: Finding) -> int | None:
    if finding.form is not Form.SAMPLE or _clue(finding, "standard") is not None:
        return None
    cells = _clue(finding, "cells")
    return int(cells) if cells is not None and cells.isdecimal() else None


def _layers(value: Value, findings: Sequence[Finding]) -> Iterator[Unwrapped]:
    """Yield what a value as a whole is, coding by coding; the strings of a JSON text are parts of it."""
    if not findings:
        return
    only_a_string = value[:1] in ('"', b'"')
    yield from (layer for layer in unwrap(value) if only_a_string or "json" not in layer.how)


def _is(layer: Unwrapped, value: Value, finding: Finding) -> bool:
    if _clue(finding, "coding") == "unknown":
        return _is_opaque(layer, value)
    if finding.form is Form.SAMPLE and _clue(finding, "standard") is None:
        return len(value) >= _MIN_PICTURE and _is_picture(layer.data)
    return 2 * sum(record.size_bytes for record in _records(layer.data, finding)) >= len(layer.data)


def _is_picture(data: bytes) -> bool:
    kind = sniff.media_type(data[: sniff.HEAD_BYTES])
    return kind.startswith("image/") and kind not in _NO_PHOTOS


def _is_opaque(layer: Unwrapped, value: Value) -> bool:
    kind = sniff.media_type(layer.data, size=len(layer.data))
    if kind.startswith("text/") or kind in TEXT_TYPES:
        return False
    if isinstance(value, bytes) and not layer.how:
        return True
    long_enough = len(layer.data) >= _MIN_CODED and len(set(layer.data[:_SAMPLE])) >= _DISTINCT
    return kind == sniff.OCTETS and long_enough and bool(layer.how)


def _records(data: bytes, finding: Finding) -> list[Record]:
    """Return the records in data that are what was found."""
    try:
        found = list(records.find_all(data, limit=_RECORDS))
    except LimitExceededError:  # it imitates records, and was not taken for one when it was found
        return []
    return [record for record in found if _matches(record, finding)]


def _matches(record: Record, finding: Finding) -> bool:
    known = record.modality in set(Characteristic)
    characteristic = Characteristic(record.modality) if known else Characteristic.OTHER
    if _KINDS[record.kind] is not finding.form or characteristic is not finding.characteristic:
        return False
    best = next((clue.weight for clue in finding.clues if clue.name == "standard"), _SOUND)
    return record.exactness >= min(_SOUND, best)


def _contains(value: Value, findings: Sequence[Finding]) -> bool:
    """Return whether something that was found lies in a value, at any depth of its codings."""
    if any(map(_is_of_vectors, findings)) and any(_is_due_part(part, findings) for part in _parts(value)):
        return True
    others = [finding for finding in findings if _clue(finding, "dimension") is None]
    if not others:
        return False
    layers = list(unwrap(value))
    return any(_holds(layer, value, finding) for layer in layers for finding in others) or any(
        _matches(record, finding) for record in _coded(layers[0].data) for finding in others
    )


def _holds(layer: Unwrapped, value: Value, finding: Finding) -> bool:
    if _clue(finding, "coding") == "unknown" or (
        finding.form is Form.SAMPLE and _clue(finding, "standard") is None
    ):
        return _is(layer, value, finding)
    return bool(_records(layer.data, finding))


def _coded(data: bytes) -> list[Record]:
    try:
        return list(encoded.find(data, limit=_RECORDS))
    except LimitExceededError:
        return []


def _parts(value: Value) -> list[Value]:
    """Return the values of a JSON text; of anything else, nothing."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return []
    try:
        return [part for _, part in values(value.encode("utf-8", "surrogatepass"), "application/json")]
    except FormatError:
        return []


def _is_due_part(part: Value, findings: Sequence[Finding]) -> bool:
    """Return whether a value inside a text goes: of vectors, those as long as the ones that were found."""
    vector = parse_vector(part)
    if vector is None:
        return is_due(part, findings)
    lengths = {_clue(finding, "dimension") for finding in findings if _is_of_vectors(finding)}
    return bool(lengths & {None, str(vector.dimension)})


def _without(value: Value, findings: Sequence[Finding]) -> Value | None:
    """Return a text without its parts that are due; None where that is not possible."""
    try:
        data = value if isinstance(value, bytes) else value.encode()
        kind = "application/json" if data.lstrip()[:1] in (b"{", b"[") else "text/plain"
        left = emptied(data, None, kind, lambda _, part: _is_due_part(part, findings))
        return left if isinstance(value, bytes) else left.decode()
    except (FormatError, UnicodeError):
        return None
