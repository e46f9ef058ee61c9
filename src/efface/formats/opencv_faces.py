"""Files of OpenCV's face recognisers after training: a template for each picture, and a number for each person.

`LBPHFaceRecognizer`, `EigenFaceRecognizer` and `FisherFaceRecognizer` write YAML, XML or JSON of OpenCV's own
storage, which begins with the recogniser's name (since version 3) or with its settings (2.4).

Source: opencv_contrib 4, module face (`lbph_faces.cpp`, `eigen_faces.cpp`, `fisher_faces.cpp`: `write`); OpenCV 2.4,
module contrib (`facerec.cpp`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from efface.formats.record import Record
from efface.formats.scan import MAX_RECORDS, Data, Signature, scan
from efface.formats.sniff import OPENCV_FACES

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SIGNATURES", "find"]

_LABELS = re.compile(
    rb"\"?labels\b(?!Info)[^\[<>]{0,200}?\bdata\"?:\s*\[([-\d\s,]*)\]|"
    rb"<labels [^>]*>(?:\s*<(?:rows|cols|dt)>[^<]*</\w+>)*\s*<data>([-\d\s]*)</data>"
)


def find(data: Data, *, limit: int = MAX_RECORDS) -> Iterator[Record]:
    """Yield the one record that the data is, if it is one."""
    return scan(data, SIGNATURES, limit=limit)


def _read(content: bytes, start: int) -> tuple[Record, ...]:
    """Return the file as one record; the numbers of persons are counted, not told."""
    labels = _LABELS.search(content, start)
    numbers = (labels[1] or labels[2] or b"").replace(b",", b" ").split() if labels else []
    people = len(set(numbers))
    notes = (("subjects", str(people)),) if people else (("length", "unknown"),)
    exactness = 1.0 if people else 0.5
    standard = "OpenCV face recogniser"
    return (
        Record(standard, start, len(content) - start, "face", "template", len(numbers), exactness, notes),
    )


SIGNATURES = (Signature(b"", (), re.compile(OPENCV_FACES), _read),)
