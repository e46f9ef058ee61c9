"""Templates of faces as opaque texts, to be sent from one process to another and compared there, and kept nowhere.

A trace is what each family of recognisers that is installed makes of one face: the family's name to its numbers in
base64.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from efface.engines import face_recogniser
from efface.engines.face_rates import distances, linked, rates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from efface.engines.face_rates import Rates

    Distances = NDArray[np.float64]
    Pixels = NDArray[np.uint8]
    Templates = NDArray[np.float32]
    Trace = Mapping[str, str]

__all__ = ["Told", "is_same_face", "told_of", "traces"]

_APART = 1e3  # farther than any template from another: what has no content is as far from all


class Told(NamedTuple):
    """How well a family does against a gallery: its name, the gallery's ("clear" or "parrot"), and the rates."""

    family: str
    gallery: str
    rates: Rates


def traces(squares: Sequence[Pixels]) -> list[dict[str, str]]:
    """Return the traces of aligned faces."""
    rows = {name: make(squares) for name, make in face_recogniser.families().items()}
    return [
        {
            name: base64.b64encode(of_all[index].astype("<f4").tobytes()).decode()
            for name, of_all in rows.items()
        }
        for index in range(len(squares))
    ]


def is_same_face(one: Trace, other: Trace) -> bool:
    """Return whether a family has no doubt that two traces are of one face."""
    far = ((name, np.linalg.norm(_row(one, name) - _row(other, name))) for name in one)
    return any(distance < face_recogniser.SAME_PICTURE[name] for name, distance in far)


def told_of(before: Sequence[Trace], after: Sequence[Trace | None], stays: Sequence[Trace]) -> Iterator[Told]:
    """Yield how well each family finds the persons of removed faces in what is left of them.

    Args:
        before: The removed faces as they were.
        after: What is left of each; None where it has no content.
        stays: Faces that were not removed, which are in the clear gallery, too.
    """
    if not before:
        return
    everybody, count = [*before, *stays], len(before)
    rows = {name: np.stack([_row(trace, name) for trace in everybody]) for name in sorted(before[0])}
    near = np.eye(len(everybody), dtype=bool)
    for name, templates in rows.items():
        near |= distances(templates, templates) < face_recogniser.SAME_PICTURE[name]
    persons = linked(near)
    for name, templates in rows.items():
        clear, parrot = _distances(name, templates, after)
        for gallery, told in (
            ("clear", rates(clear, persons[:count], persons)),
            ("parrot", rates(parrot, persons[:count], persons[:count], np.eye(count, dtype=bool))),
        ):
            if told is not None:
                yield Told(name, gallery, told)


def _row(trace: Trace, name: str) -> Templates:
    return np.frombuffer(base64.b64decode(trace[name]), "<f4")


def _distances(name: str, gallery: Templates, after: Sequence[Trace | None]) -> tuple[Distances, Distances]:
    """Return how far what is left of each face is from the gallery, and from what is left of the others."""
    clear, parrot = np.full((len(after), len(gallery)), _APART), np.full((len(after), len(after)), _APART)
    left = [index for index, trace in enumerate(after) if trace is not None]
    if left:
        probes = np.stack([_row(trace, name) for trace in after if trace is not None])
        clear[left] = distances(probes, gallery)
        parrot[np.ix_(left, left)] = distances(probes, probes)
    return clear, parrot
